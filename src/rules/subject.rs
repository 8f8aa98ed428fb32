//! What is known about a subject whose sessions were all taken back.

use serde::{Deserialize, Serialize};

use crate::grant::MAX_TOKEN_LIFETIME;
use crate::policy::CLOCK_SLACK;
use crate::timestamp::Timestamp;

/// The largest subject, in bytes of its encoding.
pub(crate) const MAX_SUBJECT_BYTES: usize = 32;

/// A subject, in one entry. Only those exist whose sessions were taken back.
#[derive(Serialize, Deserialize)]
pub(crate) struct Subject {
    revoked: Timestamp,
}

impl Subject {
    /// Every session begun until now is taken back, by whatever clock within the slack. A process whose clock
    /// is a little behind brings none of them back; a moment further off is of a clock that was set back
    /// since.
    pub(crate) fn revoke(before: Option<Self>, now: Timestamp) -> Self {
        let sane = |before: &Self| before.revoked <= now.saturating_add(CLOCK_SLACK);
        Self { revoked: before.filter(sane).map_or(now, |before| before.revoked.max(now)) }
    }

    /// Whether a session or token that began then is still good.
    pub(crate) fn lets(&self, began: Timestamp) -> bool {
        began > self.revoked.saturating_add(CLOCK_SLACK)
    }

    /// From when on every session it ended is dead anyway.
    pub(crate) fn forget_after(&self) -> Timestamp {
        let last_end = self.revoked.saturating_add(CLOCK_SLACK).saturating_add(MAX_TOKEN_LIFETIME);
        last_end.saturating_add(CLOCK_SLACK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_began_until_then_has_ended_and_what_begins_later_has_not() {
        let now = Timestamp::from_unix_millis(1_700_000_000_000);
        let (millisecond, slack) = (Duration::from_millis(1), Duration::from_secs(30));
        let subject = Subject::revoke(None, now);
        assert!(!subject.lets(now) && !subject.lets(now.saturating_sub(millisecond)));
        assert!(!subject.lets(now.saturating_add(slack)), "begun by a clock that is ahead");
        assert!(subject.lets(now.saturating_add(slack + millisecond)));
        let again = Subject::revoke(Some(subject), now.saturating_sub(Duration::from_secs(30)));
        assert!(!again.lets(now.saturating_add(slack)), "a clock a little behind");
        let mended = Subject::revoke(Some(again), now.saturating_sub(Duration::from_secs(31)));
        assert!(mended.lets(now), "a clock that was set back");
    }
}
