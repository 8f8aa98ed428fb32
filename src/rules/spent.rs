//! The guesses at one recipient's codes, for as long as they count against the accepted risk.

use serde::{Deserialize, Serialize};

use crate::policy::CLOCK_SLACK;
use crate::risk::Risk;
use crate::timestamp::Timestamp;

/// How many hours a guess counts beside the one it fell into, so that any 24 hours are covered in full.
const COUNTED: i64 = 24;

/// How far the clock that charged a guess may have been behind.
const SLACK: i64 = CLOCK_SLACK.as_secs().cast_signed() * 1000;

/// What was guessed at in which hour, in steps of risk. Hours without a guess have no place, so there are 52
/// at the most and mostly none.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Spent(Vec<(i64, u64)>);

impl Spent {
    /// Takes down a guess.
    pub(super) fn charge(&mut self, now: Timestamp, risk: Risk) {
        if risk == Risk::NONE {
            return;
        }
        let hour = hour(now);
        match self.0.iter_mut().find(|(charged, _)| *charged == hour) {
            Some((_, steps)) => *steps = steps.saturating_add(risk.steps()),
            None => self.0.push((hour, risk.steps())),
        }
    }

    /// The risk of all guesses that count.
    pub(super) fn counted(&self) -> Risk {
        self.0.iter().fold(Risk::NONE, |sum, (_, steps)| sum.plus(Risk::from_steps(*steps)))
    }

    /// Drops what counts no more. A guess from further ahead than guesses count is of a clock that was set
    /// back since: it would count for as long as that clock was wrong.
    pub(super) fn forget(&mut self, now: Timestamp) {
        let furthest = hour(now).saturating_add(COUNTED + 1);
        self.0.retain(|(charged, _)| now < end(*charged) && *charged <= furthest);
    }

    /// When the oldest of them counts no more.
    pub(super) fn frees_at(&self) -> Option<Timestamp> {
        self.0.iter().map(|(charged, _)| end(*charged)).min()
    }

    /// When none of them counts any more.
    pub(super) fn forget_after(&self) -> Option<Timestamp> {
        self.0.iter().map(|(charged, _)| end(*charged)).max()
    }
}

fn hour(now: Timestamp) -> i64 {
    now.unix_seconds().div_euclid(3600)
}

/// When guesses of that hour count no more.
fn end(hour: i64) -> Timestamp {
    let millis = hour.saturating_add(COUNTED + 1).saturating_mul(3_600_000);
    Timestamp::from_unix_millis(millis.saturating_add(SLACK))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(seconds * 1000)
    }

    #[test]
    fn a_guess_counts_for_at_least_24_hours_and_little_more_than_25() {
        for minute in 0..60 {
            let guessed = at(1_699_999_200 + 60 * minute + 59); // the last one is the last of its hour
            let mut spent = Spent::default();
            spent.charge(guessed, Risk::new(0.5));
            let mut later = |span: Duration| {
                spent.forget(guessed.saturating_add(span));
                spent.counted()
            };
            assert_eq!(later(24 * HOUR + CLOCK_SLACK), Risk::new(0.5), "by a clock that is ahead");
            assert_eq!(later(25 * HOUR + CLOCK_SLACK), Risk::NONE);
            spent.charge(guessed, Risk::new(0.5));
            assert!(
                spent.forget_after() > Some(guessed.saturating_add(24 * HOUR + CLOCK_SLACK)),
                "kept as long"
            );
        }
    }

    #[test]
    fn a_clock_set_back_makes_a_guess_count_for_two_days_at_the_most() {
        let now = at(1_700_000_000);
        let guessed = |ahead: Duration| {
            let mut spent = Spent::default();
            spent.charge(now.saturating_add(ahead), Risk::new(0.5));
            spent.forget(now);
            (spent.counted(), spent.forget_after().unwrap_or(now))
        };
        let (counted, until) = guessed(25 * HOUR);
        assert_eq!(counted, Risk::new(0.5));
        assert!(until <= now.saturating_add(51 * HOUR));
        assert_eq!(guessed(26 * HOUR).0, Risk::NONE);
        assert_eq!(guessed(Duration::MAX).0, Risk::NONE);
        let mut spent = Spent::default();
        spent.charge(now, Risk::new(0.5));
        spent.forget(Timestamp::MIN);
        assert_eq!(spent.counted(), Risk::NONE);
    }
}
