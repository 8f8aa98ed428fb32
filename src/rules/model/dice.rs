//! Chance, and the policies it picks.

use std::time::Duration;

use super::super::tests::ada;
use super::reference::{HOUR, MINUTE, Numbers, SECOND};
use super::{BEGIN, FIXED, NEVER};
use crate::otp::Kind;
use crate::policy::{AtLimit, Policy, TestRecipient};
use crate::timestamp::Timestamp;

/// Numbers without end, the same for the same seed (`SplitMix64`).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    pub(super) fn span(&mut self, longest: i64) -> i64 {
        (self.roll() % (longest.unsigned_abs() + 1)).cast_signed()
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
