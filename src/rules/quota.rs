//! How much of a quota is used up in the present window.

use serde::{Deserialize, Serialize};

use crate::policy::{CLOCK_SLACK, Quota};
use crate::timestamp::Timestamp;

/// The largest usage, in bytes of its encoding.
pub(crate) const MAX_USAGE_BYTES: usize = 64;

/// How much of a quota has been handed out, in one entry.
#[derive(Serialize, Deserialize)]
pub(crate) struct Usage {
    start: Timestamp,
    end: Timestamp,
    used: u32,
}

/// A part of a window's quota that one process may spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) count: u32,
    /// When the window ends, and with it the share.
    pub(crate) end: Timestamp,
}

/// How much of what is left a process takes at once, so that a busy quota is not written for every send. It
/// shrinks with what is left: little is left over when a process stops.
const LEASED: u32 = 64;

impl Usage {
    /// One of the quota, or a larger part of it if it is `leased`. The error is when the next window begins.
    pub(crate) fn take(
        before: Option<Self>,
        now: Timestamp,
        quota: Quota,
        leased: bool,
    ) -> Result<(Self, Share), Timestamp> {
        let present = Self::window(now, quota);
        let same = |usage: &Self| {
            let ahead = usage.start <= now.saturating_add(CLOCK_SLACK); // else a clock was set back since
            now < usage.end && ahead && usage.end <= usage.start.saturating_add(quota.window)
        };
        let mut usage = before.filter(same).unwrap_or(present);
        let left = quota.count.saturating_sub(usage.used);
        if left == 0 {
            return Err(usage.end);
        }
        // Near its end a share might be spent in what is the next window to a process whose clock is ahead.
        let leased = leased && now.saturating_add(CLOCK_SLACK) < usage.end;
        let count = if leased { (left / LEASED).max(1) } else { 1 };
        usage.used = usage.used.saturating_add(count);
        let end = usage.end;
        Ok((usage, Share { count, end }))
    }

    /// From when on nothing in it matters any more.
    pub(crate) fn forget_after(&self) -> Timestamp {
        self.end.saturating_add(CLOCK_SLACK)
    }

    /// The window that moment lies in, nothing of it used.
    fn window(now: Timestamp, quota: Quota) -> Self {
        let length = i64::try_from(quota.window.as_millis()).unwrap_or(i64::MAX).max(1);
        let into = now.unix_millis().rem_euclid(length);
        let start = Timestamp::from_unix_millis(now.unix_millis().saturating_sub(into));
        Self { start, end: start.saturating_add(quota.window), used: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const QUOTA: Quota = Quota::new(100, Duration::from_secs(60));

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(1_700_000_040_000 + millis) // where a minute begins
    }

    fn used_up(leased: bool) -> (Usage, Vec<u32>) {
        let mut usage = None;
        let mut shares = Vec::new();
        while shares.len() <= 100 {
            match Usage::take(usage, at(0), QUOTA, leased) {
                Ok((after, share)) => {
                    shares.push(share.count);
                    usage = Some(after);
                }
                Err(until) => {
                    assert_eq!(until, at(60_000));
                    let used = Usage { start: at(0), end: at(60_000), used: 100 };
                    return (used, shares);
                }
            }
        }
        panic!("more than there was: {shares:?}");
    }

    #[test]
    fn a_window_gives_its_count_and_not_one_more() {
        assert_eq!(used_up(false).1, [1; 100]);
        let (_, shares) = used_up(true);
        assert_eq!(shares.iter().sum::<u32>(), 100);
        assert_eq!((shares[0], *shares.last().unwrap()), (1, 1));
        let busy = Quota::new(6400, Duration::from_secs(60));
        let (usage, first) = Usage::take(None, at(0), busy, true).unwrap();
        let (_, second) = Usage::take(Some(usage), at(0), busy, true).unwrap();
        assert_eq!((first.count, second.count), (100, 98), "shares shrink");
        let one = |moment, leased| Usage::take(None, at(moment), busy, leased).unwrap().1.count;
        assert_eq!(one(0, false), 1);
        assert_eq!((one(29_999, true), one(30_000, true)), (100, 1), "a clock ahead is in the next window");
    }

    #[test]
    fn the_next_window_begins_when_this_one_ends_and_a_clock_set_back_begins_anew() {
        for (moment, free) in [(59_999, false), (60_000, true), (-30_000, false), (-30_001, true)] {
            let taken = Usage::take(Some(used_up(false).0), at(moment), QUOTA, false);
            assert_eq!(taken.is_ok(), free, "{moment}");
        }
    }

    #[test]
    fn a_window_that_was_longer_before_the_policy_changed_locks_nobody_out() {
        let day = Usage { start: at(0), end: at(86_400_000), used: 100 };
        assert!(Usage::take(Some(day), at(1000), QUOTA, false).is_ok());
    }

    #[test]
    fn neither_end_of_time_panics() {
        for edge in [Timestamp::MIN, Timestamp::MAX] {
            let (usage, _) = Usage::take(None, edge, QUOTA, true).unwrap();
            let _ = Usage::take(Some(usage), edge, QUOTA, true);
        }
    }
}
