//! Codes are drawn without bias, and nothing about one can be told from another: every kind, every length, every
//! place, pairs and runs. Seeded, so the verdict is the same every time; `statistics` tests the same of far
//! more codes, and of the system's generator.

use otp_exchange::Kind;
use otp_exchange_benches::{Biased, Fault, PValues, examine};
use rand::SeedableRng;
use rand::rngs::StdRng;

const CODES: u32 = 50_000;

/// Of those with a fault, which all have six characters.
const FAULTY: u32 = 500_000;

fn drawn(kind: Kind) -> PValues {
    let mut generator = StdRng::seed_from_u64(0xC0DE);
    examine(kind, 1..=20, CODES, |otp, code| {
        code.copy_from_slice(otp.generate(&mut generator).unwrap().expose().as_bytes());
    })
}

#[test]
fn codes_are_fair() {
    let mut all = PValues::default();
    for kind in Kind::ALL {
        let tests = drawn(kind);
        let judged = tests.judge();
        assert!(!judged.fails() && judged.tests > 650, "{kind:?}: {judged:?}");
        all.extend(tests);
    }
    assert!(!all.judge().fails(), "{:?}", all.judge());
}

#[test]
fn codes_that_are_not_fair_fail() {
    for kind in Kind::ALL {
        for fault in Fault::ALL {
            let mut biased = Biased::new(fault, 0xC0DE);
            let tests = examine(kind, 6..=6, FAULTY, |otp, code| biased.draw(otp.kind(), code));
            let expected = fault.applies(kind) && !fault.is_small();
            let judged = tests.judge();
            assert_eq!(judged.fails(), expected, "{kind:?}, {fault:?}: {judged:?}");
        }
    }
}
