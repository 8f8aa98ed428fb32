//! Codes are drawn without bias: every character at every place, every code, leading zeros too; and never
//! without entropy.
//!
//! Each kind is drawn as 10^7 codes of six characters, so that each of its six places gets 10^7 characters. A
//! place fails if its chi-square is above the value that chance passes once in a million (Wilson and
//! Hilferty's approximation). The generator is seeded, so the verdict is the same every time.

mod common;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use common::{House, ada, block_on, keyring};
use otp_exchange::testkit::{CountingEntropy, CountingStore};
use otp_exchange::{
    Entropy, EntropyError, ExchangeError, Exchanger, Fault, Kind, MemoryStore, Otp, Outbox, Request,
    SendError, Submission,
};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng, TryCryptoRng, TryRng};

const CODES: usize = 10_000_000;
const PLACES: usize = 6;

/// What a standard normal variable passes with a probability of 10^-6.
const Z_ONE_IN_A_MILLION: f64 = 4.753_424;

/// How often each byte stood at each place.
type Counts = [[u32; 128]; PLACES];

/// The places at which the characters of this alphabet are not equally frequent.
fn biased_places(counts: &Counts, alphabet: &str) -> Vec<usize> {
    let degrees = f64::from(u32::try_from(alphabet.len() - 1).unwrap());
    let spread = 2.0 / (9.0 * degrees);
    let critical = degrees * (1.0 - spread + Z_ONE_IN_A_MILLION * spread.sqrt()).powi(3);
    let chi_square = |place: &[u32; 128]| {
        let seen = |byte: u8| f64::from(place[usize::from(byte)]);
        let total: f64 = place.iter().map(|&count| f64::from(count)).sum();
        let inside: f64 = alphabet.bytes().map(seen).sum();
        assert!(total > 0.0 && (total - inside).abs() < 0.5, "a character of another alphabet");
        let expected = total / f64::from(u32::try_from(alphabet.len()).unwrap());
        alphabet.bytes().map(|byte| (seen(byte) - expected).powi(2) / expected).sum::<f64>()
    };
    (0..PLACES).filter(|&place| chi_square(&counts[place]) > critical).collect()
}

/// Counts the characters of that many codes.
fn count(codes: usize, mut draw: impl FnMut(&mut [u8; PLACES])) -> Box<Counts> {
    let mut counts = Box::new([[0; 128]; PLACES]);
    let mut code = [0; PLACES];
    for _ in 0..codes {
        draw(&mut code);
        for (place, &character) in counts.iter_mut().zip(&code) {
            place[usize::from(character)] += 1;
        }
    }
    counts
}

fn is_fair(kind: Kind) {
    let (format, mut rng) = (Otp::new(kind, 6).unwrap(), StdRng::seed_from_u64(0xC0DE));
    let counts = count(CODES, |code| {
        code.copy_from_slice(format.generate(&mut rng).unwrap().expose().as_bytes());
    });
    assert_eq!(biased_places(&counts, kind.alphabet()), Vec::<usize>::new(), "{kind:?}");
}

#[test]
fn digits_are_fair() {
    is_fair(Kind::Numeric);
}

#[test]
fn letters_are_fair() {
    is_fair(Kind::Alpha);
}

#[test]
fn digits_and_letters_are_fair() {
    is_fair(Kind::Alphanumeric);
}

#[test]
fn unambiguous_characters_are_fair() {
    is_fair(Kind::Unambiguous);
}

#[test]
fn biased_samplers_fail_the_same_check() {
    let all: Vec<usize> = (0..PLACES).collect();
    let mut rng = StdRng::seed_from_u64(0xC0DE);
    for kind in Kind::ALL {
        let alphabet = kind.alphabet().as_bytes();
        // The remainder of a byte: the first characters come up more often, unless 256 is a multiple (npm
        // otp-generator).
        let remainder = count(1_000_000, |code| {
            rng.fill_bytes(code);
            for byte in code.iter_mut() {
                *byte = alphabet[usize::from(*byte) % alphabet.len()];
            }
        });
        let expected = if kind == Kind::Unambiguous { Vec::new() } else { all.clone() };
        assert_eq!(biased_places(&remainder, kind.alphabet()), expected, "{kind:?}");
        // Off by one, so that the last character never comes.
        let short = alphabet.len() - 1;
        let off_by_one = count(1_000_000, |code| {
            for place in code.iter_mut() {
                *place = alphabet[rng.random_range(0..short)];
            }
        });
        assert_eq!(biased_places(&off_by_one, kind.alphabet()), all, "{kind:?}");
        // Numbers without leading zeros.
        let no_zero = count(1_000_000, |code| {
            for (place, byte) in code.iter_mut().enumerate() {
                let skipped = usize::from(place == 0);
                *byte = alphabet[rng.random_range(skipped..alphabet.len())];
            }
        });
        assert_eq!(biased_places(&no_zero, kind.alphabet()), [0], "{kind:?}");
    }
}

#[test]
fn every_short_code_is_reached() {
    let mut rng = StdRng::seed_from_u64(7);
    for kind in Kind::ALL {
        for length in 1..=3_u8 {
            let format = Otp::new(kind, length).unwrap();
            let all = kind.alphabet().len().pow(u32::from(length));
            // Each is missed with a probability of e^-25: once in a million runs one of them would be.
            let drawn: BTreeSet<_> =
                (0..25 * all).map(|_| format.generate(&mut rng).unwrap().expose().to_owned()).collect();
            assert_eq!(drawn.len(), all, "{kind:?} {length}");
        }
    }
}

#[test]
fn every_six_digit_code_is_reached_and_zeros_lead() {
    // 999999 included, which one widely used generator never gave.
    let (format, mut rng) = (Otp::default(), StdRng::seed_from_u64(11));
    let mut reached = vec![false; 1_000_000];
    for _ in 0..25_000_000 {
        let code = format.generate(&mut rng).unwrap();
        assert_eq!(code.len(), 6);
        reached[code.expose().parse::<usize>().unwrap()] = true;
    }
    assert!(reached.iter().all(|&reached| reached));
}

/// Gives that many bytes, and then fails.
struct Dying {
    left: usize,
    with: u8,
}

impl TryRng for Dying {
    type Error = EntropyError;

    fn try_fill_bytes(&mut self, wanted: &mut [u8]) -> Result<(), EntropyError> {
        self.left = self.left.checked_sub(wanted.len()).ok_or_else(|| EntropyError::new("planted"))?;
        wanted.fill(self.with);
        Ok(())
    }

    fn try_next_u32(&mut self) -> Result<u32, EntropyError> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, EntropyError> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }
}

impl TryCryptoRng for Dying {}

#[test]
fn a_generator_that_fails_gives_no_code() {
    for kind in Kind::ALL {
        for length in 1..=20_u8 {
            let format = Otp::new(kind, length).unwrap();
            for left in 0..usize::from(length) {
                assert!(format.generate(&mut Dying { left, with: 0 }).is_err(), "{kind:?} {length} {left}");
            }
            assert!(format.generate(&mut Dying { left: usize::from(length), with: 0 }).is_ok());
        }
        // 255 is rejected for every alphabet that does not divide 256: it may not be used to fill the rest of
        // a code.
        let rejected = Otp::new(kind, 6).unwrap().generate(&mut Dying { left: 6000, with: 255 });
        assert_eq!(rejected.is_ok(), kind == Kind::Unambiguous, "{kind:?}");
    }
}

/// Works for that many calls, and then fails.
struct FailsAfter {
    calls: Mutex<usize>,
    rejected: bool,
}

impl Entropy for FailsAfter {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let mut calls = self.calls.lock().unwrap();
        *calls = calls.checked_sub(1).ok_or_else(|| EntropyError::new("planted"))?;
        // 255 is no digit, so that a code takes call after call.
        bytes.fill(if self.rejected { 255 } else { 1 });
        Ok(())
    }
}

#[test]
fn nothing_is_stored_or_sent_without_entropy() {
    for (calls, rejected) in [(0, false), (0, true), (1, true), (2, true), (50, true)] {
        for issue_only in [false, true] {
            let (store, outbox) = (CountingStore::new(MemoryStore::new(10)), Outbox::new());
            let entropy = CountingEntropy::new(Arc::new(FailsAfter { calls: Mutex::new(calls), rejected }));
            let built = Exchanger::builder(store.clone(), outbox.clone(), keyring()).entropy(entropy.clone());
            let otp = built.build().unwrap();
            let request = Request::login(&ada());
            let answer = if issue_only { block_on(otp.issue(request)) } else { block_on(otp.send(request)) };
            assert!(matches!(answer, Err(SendError::Fault(Fault::Entropy(_)))), "{calls}: {answer:?}");
            assert_eq!((store.swaps(), outbox.total()), (0, 0), "{calls}");
            assert_eq!(entropy.calls(), calls as u64 + 1, "it failed where it was meant to");
        }
    }
}

#[test]
fn a_code_survives_an_exchange_without_entropy() {
    let house = House::new();
    let ada = ada();
    let sent = block_on(house.otp.send(Request::login(&ada))).unwrap();
    let submission = Submission::by_id(&sent.otp_id, &house.code(&ada)).login();
    let dry = Exchanger::builder(house.store.clone(), Outbox::new(), keyring())
        .clock(house.clock.clone())
        .entropy(FailsAfter { calls: Mutex::new(0), rejected: false })
        .build()
        .unwrap();
    let swaps = house.store.swaps();
    let answer = block_on(dry.exchange(submission.clone()));
    assert!(matches!(answer, Err(ExchangeError::Fault(Fault::Entropy(_)))), "{answer:?}");
    assert_eq!(house.store.swaps(), swaps, "neither charged nor used up");
    assert!(block_on(house.otp.exchange(submission)).is_ok());
}
