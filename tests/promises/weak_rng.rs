//! Codes are drawn so that every one can come, leading zeros too; and never without entropy. That they come
//! equally often is tested in `benches/tests/statistics.rs`.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::common::{House, ada, block_on, keyring};
use otp_exchange::testkit::{CountingEntropy, CountingStore};
use otp_exchange::{
    Entropy, EntropyError, ExchangeError, Exchanger, Fault, Kind, MemoryStore, Otp, Outbox, Request,
    SendError, Submission,
};
use rand::rngs::StdRng;
use rand::{SeedableRng, TryCryptoRng, TryRng};

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
