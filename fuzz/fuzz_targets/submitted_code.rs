//! Whatever is typed, for a code by otp id, by recipient or alone: no panic; right just when a slow reading of it
//! is the code; no attempt charged for what is no code under the policy, one for everything else.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    ClientKey, CodeAlone, ExchangeError, Kind, MemoryStore, Otp, Policy, Recipient, Request, Submission,
};
use otp_exchange_fuzz::{Text, ada, block_on, house};

#[derive(Arbitrary, Debug)]
struct Typing {
    kind: u8,
    named: Named,
    text: Text,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Named {
    Id,
    Recipient,
    Code,
}

/// The policy's own codes have so many characters, of any kind; others may have 6 to 8 of `Unambiguous`.
const LENGTH: u8 = 20;

fuzz_target!(|typing: Typing| {
    let kind = Kind::ALL[usize::from(typing.kind) % 4];
    let own = Otp::new(kind, LENGTH).expect("1 to 20");
    let mut policy = Policy::default().otp(own).allow(Kind::Unambiguous, 6, 8);
    if matches!(typing.named, Named::Code) {
        // Twenty digits have 66 bits.
        policy = policy.code_alone(CodeAlone { margin_bits: 16, ..CodeAlone::default() });
    }
    let clock = ManualClock::default();
    let store = MemoryStore::with_clock(16, clock.clone());
    let (builder, outbox) = house(store, "fuzz", policy, &clock);
    let otp = builder.build().expect("in range");
    let ada = ada();
    let request = match typing.named {
        Named::Id => Request::login(&ada),
        Named::Recipient => Request::login(&ada).by_recipient(),
        Named::Code => Request::login(&ada).by_code(),
    };
    block_on(async {
        let sent = otp.send(request).await.expect("sent");
        let code = outbox.code_for(&ada).expect("a message");
        let typed = typing.text.of(code.expose());
        let submission = |typed: &str| {
            let submission = match typing.named {
                Named::Id => Submission::by_id(&sent.otp_id, typed),
                Named::Recipient => Submission::by_recipient(&ada, typed),
                Named::Code => Submission::by_code(typed),
            };
            submission.client(ClientKey::new("browser")).login()
        };
        parsed(&typed);
        let read = read(&typed);
        // Those that are asked for, and as long as codes become under attack.
        let is_code = [
            (kind, LENGTH..=LENGTH),
            (Kind::Unambiguous, 6..=8),
            (kind, long(kind)),
            (Kind::Unambiguous, 13..=13),
        ]
        .into_iter()
        .any(|(kind, lengths)| {
            let fits = |code: &String| {
                lengths.contains(&u8::try_from(code.len()).unwrap_or(u8::MAX))
                    && is_of(kind, &folded(kind, code))
            };
            read.as_ref().is_some_and(fits)
        });
        let right = read.as_ref().is_some_and(|read| folded(kind, read) == code.expose());
        assert!(is_code || !right, "the code is no code: {typed:?}");
        let left = match otp.verify(submission(&typed)).await {
            Ok(proof) => {
                assert!(right, "{typed:?} is not {}", code.expose());
                assert_eq!(proof.recipient(), &ada);
                0
            }
            Err(ExchangeError::NotACode(_)) => {
                assert!(!is_code, "{typed:?} is a code of the policy");
                5
            }
            Err(ExchangeError::Refused(refused)) => {
                assert!(is_code && !right, "{typed:?} for {}", code.expose());
                let told = matches!(typing.named, Named::Id).then_some(4);
                assert_eq!(refused.attempts_left, told);
                // What answers to nothing but itself is not found by another code, and so not charged.
                if matches!(typing.named, Named::Code) { 5 } else { 4 }
            }
            Err(other) => panic!("{other:?}"),
        };
        if right {
            assert!(otp.verify(submission(code.expose())).await.is_err(), "right twice");
        } else {
            charged(left, typing.named, &ada, &otp).await;
            let right = otp.verify(submission(code.expose())).await;
            assert!(right.is_ok(), "{typed:?}, and then the right one: {right:?}");
        }
    });
});

/// How often a code may still be tried, and how many wrong submissions there were.
async fn charged<S: otp_exchange::CodeStore, N: otp_exchange::Notifier>(
    left: u8,
    named: Named,
    ada: &Recipient,
    otp: &otp_exchange::Exchanger<S, N>,
) {
    let live = otp.live_codes(ada).await.expect("a store in memory");
    let failures = otp.consecutive_failures(ada).await.expect("a store in memory");
    if matches!(named, Named::Code) {
        assert_eq!((live.len(), failures), (0, 0));
    } else {
        assert_eq!(live.iter().map(|status| status.attempts_left).collect::<Vec<_>>(), [left]);
        assert_eq!(failures, u32::from(5 - left));
    }
}

/// What is left of it when what people put between characters is dropped: at most 20 of `0-9A-Z`.
fn read(typed: &str) -> Option<String> {
    let kept = typed.replace([' ', '-'], "").to_ascii_uppercase();
    let plain = kept.chars().all(|one| one.is_ascii_digit() || one.is_ascii_uppercase());
    (plain && (1..=20).contains(&kept.len())).then_some(kept)
}

fn folded(kind: Kind, read: &str) -> String {
    match kind {
        Kind::Unambiguous => read.replace('O', "0").replace(['I', 'L'], "1"),
        _ => read.to_owned(),
    }
}

/// The fewest characters that give 64 bits.
fn long(kind: Kind) -> std::ops::RangeInclusive<u8> {
    match kind {
        Kind::Numeric => 20..=20,
        Kind::Alpha => 14..=14,
        _ => 13..=13,
    }
}

fn is_of(kind: Kind, code: &str) -> bool {
    let letters = code.chars().any(|one| one.is_ascii_uppercase());
    let digits = code.chars().any(|one| one.is_ascii_digit());
    match kind {
        Kind::Numeric => !letters,
        Kind::Alpha => !digits,
        Kind::Unambiguous => !code.contains(['I', 'L', 'O', 'U']),
        Kind::Alphanumeric => true,
    }
}

/// A code of its own kind and length is read, and nothing else.
fn parsed(typed: &str) {
    for kind in Kind::ALL {
        for length in [1, 6, 20] {
            let expected = read(typed).map(|read| folded(kind, &read));
            let expected = expected.filter(|code| code.len() == usize::from(length) && is_of(kind, code));
            let parsed = Otp::new(kind, length).expect("1 to 20").parse(typed).ok();
            assert_eq!(parsed.as_ref().map(otp_exchange::Code::expose), expected.as_deref(), "{kind:?}");
        }
    }
}
