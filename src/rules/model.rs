//! Random sequences of requests, submissions and all else, done to a ledger and to a plain reference that is
//! written from the documentation alone: both answer the same, always. Then ledgers that are built wrong, and
//! the same comparison finds each of them.

mod dice;
mod faults;
mod lanes;
mod operations;
mod reference;
mod sequence;

use faults::Fault;
#[cfg(fuzzing)]
pub(crate) use sequence::read;

use crate::recipient::Recipient;

/// What the test recipient types.
const FIXED: &str = "123456";

/// When a sequence begins: at a full hour.
const BEGIN: i64 = 1_700_002_800_000;

/// Later than any sequence.
const NEVER: i64 = 2 * BEGIN;

/// Whose codes they are.
fn ada() -> Recipient {
    Recipient::parse("ada@example.org").unwrap()
}

/// How often what happened.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(not(test), allow(dead_code))]
struct Seen {
    sequences: u64,
    operations: u64,
    made: u64,
    longer: u64,
    displaced: u64,
    repeated: u64,
    again: u64,
    right: u64,
    wrong: u64,
    none: u64,
    spaced: u64,
    crowded: u64,
    spent: u64,
    blocked: u64,
}

#[test]
fn a_ledger_and_its_reference_answer_the_same() {
    #[allow(clippy::disallowed_methods)] // shown to people, never judged by
    let begun = std::time::Instant::now();
    let mut seen = Seen::default();
    for seed in 0..100_000 {
        sequence::run(seed, Fault::None, &mut seen).unwrap_or_else(|difference| panic!("{difference}"));
    }
    println!("{seen:?}, {:.1} s", begun.elapsed().as_secs_f64());
    let rarest = [seen.longer, seen.displaced, seen.repeated, seen.again, seen.right, seen.crowded];
    let rarest = rarest.into_iter().chain([seen.spent, seen.blocked, seen.none, seen.spaced]).min();
    assert!(seen.operations > 3_000_000 && rarest > Some(1_000), "{seen:?}");
}

#[test]
fn the_comparison_finds_every_ledger_that_is_built_wrong() {
    for fault in [
        Fault::ResendRefillsAttempts,
        Fault::NewCodeForgetsFailures,
        Fault::NewCodeRefundsGuesses,
        Fault::NewCodeForgetsWhoAsked,
        Fault::CancelRefundsGuesses,
        Fault::ClearingRefundsGuesses,
    ] {
        let found = (0..5_000).position(|seed| sequence::run(seed, fault, &mut Seen::default()).is_err());
        println!("{fault:?}: found by sequence {found:?}");
        assert!(found.is_some(), "{fault:?}");
    }
}
