//! Whatever is typed is either a code or an error: nothing panics, nothing but a code is accepted, and a slip
//! is free.
//!
//! By default a code has six digits, or twenty where guesses have spent the accepted risk.

use crate::common::{House, ada, block_on, other_than};
use otp_exchange::{AtLimit, ExchangeError, Kind, MalformedCode, Otp, Policy, Request, Submission};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

const INPUTS: usize = 1_000_000;

/// Digits as other scripts write them, and what looks like one.
const DIGITS: [char; 12] = ['٣', '۴', '५', '৬', '๗', '８', '９', '①', '²', '𝟙', '𝟎', '߃'];
const CONTROLS: [char; 10] =
    ['\0', '\n', '\r', '\t', '\u{8}', '\u{1b}', '\u{7f}', '\u{85}', '\u{200b}', '\u{202e}'];
const STRUCTURES: [&str; 14] = [
    "[]",
    "{}",
    "null",
    "true",
    "[\"123456\"]",
    "{\"code\":\"123456\"}",
    "[123456]",
    "code[]=123456",
    "123456,123456",
    "0x1E240",
    "1e5",
    "-123456.0",
    "' OR '1'='1",
    "{{CODE}}",
];

/// Things that people, scanners and broken clients send.
struct Inputs(StdRng);

impl Inputs {
    fn next(&mut self) -> String {
        let rng = &mut self.0;
        match rng.random_range(0..12) {
            0 => (*pick(rng, &["", " ", "-", " - ", "--------", "\u{a0}", "\u{feff}"])).to_owned(),
            1 => digits(rng, 0..6),
            2 => digits(rng, 7..40),
            3 => digits(rng, 1000..3000),
            // The right length, but for one character.
            4 => replaced(rng, &DIGITS),
            5 => replaced(rng, &CONTROLS),
            6 => replaced(rng, &['a', 'O', 'l', 'Z', '.', ',', '+', '_', '/', '"', '\'', '%', 'é', '😀']),
            7 => (0..rng.random_range(1..12)).map(|_| *pick(rng, &DIGITS)).collect(),
            8 => format!("{}{}", pick(rng, &STRUCTURES), pick(rng, &["", " ", "1", "\0", "é"])),
            9 => inserted(rng),
            10 => {
                let mut bytes = vec![0; rng.random_range(0..64)];
                rng.fill_bytes(&mut bytes);
                String::from_utf8_lossy(&bytes).into_owned()
            }
            _ => (0..rng.random_range(0..24)).map(|_| rng.random::<char>()).collect(),
        }
    }
}

fn pick<'a, T>(rng: &mut StdRng, from: &'a [T]) -> &'a T {
    &from[rng.random_range(0..from.len())]
}

fn digits(rng: &mut StdRng, length: std::ops::Range<usize>) -> String {
    (0..rng.random_range(length)).map(|_| char::from(b'0' + rng.random_range(0..10_u8))).collect()
}

/// Six digits, one of them something else.
fn replaced(rng: &mut StdRng, by: &[char]) -> String {
    let (place, strange) = (rng.random_range(0..6), *pick(rng, by));
    digits(rng, 6..7)
        .chars()
        .enumerate()
        .map(|(at, digit)| if at == place { strange } else { digit })
        .collect()
}

/// Six digits, and something that is dropped nowhere among them.
fn inserted(rng: &mut StdRng) -> String {
    let (place, strange) = (rng.random_range(0..7), *pick(rng, &CONTROLS));
    let mut typed = digits(rng, 6..7);
    typed.insert(place, strange);
    typed
}

/// What a code of that kind with six characters is, said a second time and in other words.
fn is_code(typed: &str, kind: Kind) -> bool {
    let kept: Vec<char> = typed.chars().filter(|&typed| typed != ' ' && typed != '-').collect();
    let known = |&typed: &char| {
        let typed = typed.to_ascii_uppercase();
        match kind {
            Kind::Numeric => typed.is_ascii_digit(),
            Kind::Alpha => typed.is_ascii_uppercase(),
            Kind::Alphanumeric => typed.is_ascii_digit() || typed.is_ascii_uppercase(),
            Kind::Unambiguous => typed.is_ascii_digit() || (typed.is_ascii_uppercase() && typed != 'U'),
        }
    };
    kept.len() == 6 && kept.iter().all(known)
}

/// What a code of twenty digits is, with what people add between them.
fn is_longer_code(typed: &str) -> bool {
    let kept: Vec<char> = typed.chars().filter(|&typed| typed != ' ' && typed != '-').collect();
    kept.len() == 20 && kept.iter().all(char::is_ascii_digit)
}

#[test]
fn a_million_inputs_are_parsed_without_a_panic_and_only_codes_are_taken() {
    let formats = Kind::ALL.map(|kind| Otp::new(kind, 6).unwrap());
    let mut inputs = Inputs(StdRng::seed_from_u64(0x5407));
    let (mut numeric, mut others) = (0, 0);
    for _ in 0..INPUTS {
        let typed = inputs.next();
        for format in &formats {
            let parsed = format.parse(&typed);
            assert_eq!(parsed.is_ok(), is_code(&typed, format.kind()), "{typed:?} as {:?}", format.kind());
            if let Ok(code) = parsed {
                assert_eq!(code.len(), 6);
                let alphabet = format.kind().alphabet();
                assert!(code.expose().chars().all(|character| alphabet.contains(character)));
                *(if format.kind() == Kind::Numeric { &mut numeric } else { &mut others }) += 1;
            }
        }
    }
    // No input of the generator is a numeric code; a few happen to be codes of kinds with letters.
    assert_eq!(numeric, 0);
    assert!(others > 0);
}

#[test]
fn a_million_inputs_reach_no_store_and_cost_no_attempt() {
    let house = House::new();
    let (by_id, by_recipient) = (ada(), crate::common::recipient("bob@example.org"));
    let sent = block_on(house.otp.send(Request::login(&by_id))).unwrap();
    block_on(house.otp.send(Request::login(&by_recipient).by_recipient())).unwrap();
    let before = house.calls();
    let mut inputs = Inputs(StdRng::seed_from_u64(0xF0F0));
    let mut seen = std::collections::BTreeMap::new();
    let mut longer = 0;
    for index in 0..INPUTS {
        let typed = inputs.next();
        // Twenty digits are what a code may have become, so they are a guess.
        if is_longer_code(&typed) {
            longer += 1;
            continue;
        }
        let submission = if index % 2 == 0 {
            Submission::by_id(&sent.otp_id, &typed)
        } else {
            Submission::by_recipient(&by_recipient, &typed)
        };
        match block_on(house.otp.verify(submission.login())) {
            Err(ExchangeError::NotACode(why)) => *seen.entry(format!("{why:?}")).or_insert(0_usize) += 1,
            other => panic!("{typed:?}: {other:?}"),
        }
    }
    assert_eq!(house.calls(), before, "the store was never asked");
    assert!((1..INPUTS / 100).contains(&longer), "few are left out: {longer}");
    assert!(seen.len() == 4 && seen.values().all(|&times| times > 1000), "every reason is seen: {seen:?}");
    // All five attempts are there: the first real guess leaves four, and then the code is right.
    let code = house.code(&by_id);
    match block_on(house.otp.verify(Submission::by_id(&sent.otp_id, &other_than(&code)).login())) {
        Err(ExchangeError::Refused(refused)) => assert_eq!(refused.attempts_left, Some(4)),
        other => panic!("{other:?}"),
    }
    assert!(block_on(house.otp.verify(Submission::by_id(&sent.otp_id, &code).login())).is_ok());
    let code = house.code(&by_recipient);
    assert!(block_on(house.otp.verify(Submission::by_recipient(&by_recipient, &code).login())).is_ok());
}

#[test]
fn every_prefix_of_a_code_and_every_longer_text_is_none() {
    let house = House::new();
    let ada = ada();
    let sent = block_on(house.otp.send(Request::login(&ada))).unwrap();
    let code = house.code(&ada);
    let before = house.calls();
    let submit = |typed: &str| block_on(house.otp.verify(Submission::by_id(&sent.otp_id, typed).login()));
    for length in 0..code.len() {
        let expected = if length == 0 { MalformedCode::Empty } else { MalformedCode::Length };
        for part in [&code[..length], &code[code.len() - length..]] {
            let answer = submit(part);
            assert!(matches!(answer, Err(ExchangeError::NotACode(why)) if why == expected), "{answer:?}");
        }
    }
    let beside_twenty = [19, 21].map(|length| code.repeat(4)[..length].to_owned());
    let longer = [format!("{code}0"), format!("0{code}"), code.repeat(2), code.repeat(200_000)];
    for longer in longer.into_iter().chain(beside_twenty) {
        let answer = submit(&longer);
        assert!(matches!(answer, Err(ExchangeError::NotACode(MalformedCode::Length))), "{answer:?}");
    }
    // Where no code ever becomes longer, twenty digits are none either.
    let short = House::with(Policy::default().longer_codes(false).failure_limit(100, AtLimit::Disable));
    let short_sent = block_on(short.otp.send(Request::login(&ada))).unwrap();
    let short_before = short.calls();
    let twenty = Submission::by_id(&short_sent.otp_id, &code.repeat(4)[..20]);
    let answer = block_on(short.otp.verify(twenty.login()));
    assert!(matches!(answer, Err(ExchangeError::NotACode(MalformedCode::Length))), "{answer:?}");
    assert_eq!(short.calls(), short_before);
    // Twenty letters, which no longer code of digits has.
    let answer = submit(&"A".repeat(20));
    assert!(matches!(answer, Err(ExchangeError::NotACode(_))), "{answer:?}");
    assert_eq!(house.calls(), before);
    // Twenty digits are a guess, and a wrong one.
    let answer = submit(&code.repeat(4)[..20]);
    assert!(
        matches!(answer, Err(ExchangeError::Refused(refused)) if refused.attempts_left == Some(4)),
        "{answer:?}"
    );
    // Spaces and hyphens are what people add; they alone are overlooked.
    let spaced = format!(" {}-{} ", &code[..3], &code[3..]);
    assert!(submit(&spaced).is_ok());
}
