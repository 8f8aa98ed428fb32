//! Chance, and the policies it picks.

use std::time::Duration;

use super::reference::{HOUR, MINUTE, Numbers, SECOND};
use super::{BEGIN, FIXED, NEVER, ada};
use crate::otp::Kind;
use crate::policy::{AtLimit, Policy, TestRecipient};
use crate::timestamp::Timestamp;

/// Where choices come from.
pub(super) enum Dice {
    /// Numbers without end, the same for the same seed (`SplitMix64`).
    #[cfg_attr(not(test), allow(dead_code))]
    Mixed(u64),
    /// Bytes, each choice as many as it takes: what a fuzzer changes in them changes one choice.
    #[cfg_attr(not(fuzzing), allow(dead_code))]
    Read(std::vec::IntoIter<u8>),
}

impl Dice {
    fn roll(&mut self, bound: u64) -> u64 {
        match self {
            Self::Mixed(seed) => {
                *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut mixed = *seed;
                mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                mixed ^ (mixed >> 31)
            }
            Self::Read(bytes) => {
                let bits = u64::BITS - (bound - 1).leading_zeros();
                let next = |number, _| number << 8 | u64::from(bytes.next().unwrap_or_default());
                (0..bits.div_ceil(8)).fold(0, next)
            }
        }
    }

    /// Whether there is nothing left to choose by.
    pub(super) fn is_used_up(&self) -> bool {
        matches!(self, Self::Read(bytes) if bytes.as_slice().is_empty())
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.roll(bound) % bound
    }

    pub(super) fn span(&mut self, longest: i64) -> i64 {
        self.below(longest.unsigned_abs() + 1).cast_signed()
    }

    pub(super) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    pub(super) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

pub(super) fn numbers(dice: &mut Dice) -> Numbers {
    let attempts = 1 + u8::try_from(dice.below(5)).unwrap();
    let block = Duration::from_secs(dice.of(&[1, 60, 900]));
    Numbers {
        attempts,
        accepted: u64::from(attempts) * dice.of(&[1, 2, 3, 5, 10, 20, 50]),
        longer_codes: !dice.one_in(3),
        limit: dice.of(&[1, 2, 3, 5, 10, 100]),
        at_limit: dice.of(&[
            AtLimit::LongerCodes,
            AtLimit::LongerCodes,
            AtLimit::Block(block),
            AtLimit::Disable,
        ]),
        spacing: dice.of(&[0, SECOND, 30 * SECOND, 5 * MINUTE]),
        fixed_until: match dice.below(16) {
            0 => NEVER,
            1 => BEGIN + dice.span(HOUR),
            _ => BEGIN - HOUR,
        },
    }
}

pub(super) fn policy(numbers: &Numbers) -> Policy {
    #[allow(clippy::cast_precision_loss)] // at most 500
    let accepted = numbers.accepted as f64 * 1e-6;
    let until = Timestamp::from_unix_millis(numbers.fixed_until);
    Policy::default()
        .allow(Kind::Numeric, 5, 20)
        .longest_lifetime(Duration::from_secs(7 * 24 * 3600))
        .attempts(numbers.attempts)
        .accept_risk(accepted)
        .longer_codes(numbers.longer_codes)
        .failure_limit(numbers.limit, numbers.at_limit)
        .send_spacing(Duration::from_millis(numbers.spacing.unsigned_abs()))
        .test_recipient(TestRecipient::new(ada(), FIXED, until).unwrap())
}
