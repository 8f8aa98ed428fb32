//! What the documentation says of tokens, with the default policy: access tokens live 10 minutes, refresh tokens 14
//! days unused, a session 30 days; an old refresh token is good for 10 seconds more, and then ends its family.

use super::MINUTE;

const SECOND: i64 = 1_000;
const DAY: i64 = 24 * 60 * MINUTE;
const GRACE: i64 = 10 * SECOND;
const SLACK: i64 = 30 * SECOND;

/// One token family. Times are milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Session {
    pub(super) recipient: u8,
    pub(super) purpose: u8,
    started: i64,
    /// When each generation was issued.
    issued: Vec<i64>,
    /// Whose access token was taken back.
    access_revoked: Vec<bool>,
    refresh_revoked: bool,
    ended: bool,
}

/// What a refresh token leads to.
#[derive(Debug, PartialEq)]
pub(super) enum Refreshed {
    /// The pair of that generation.
    Pair(usize),
    Refused,
}

impl Session {
    pub(super) fn begin(recipient: u8, purpose: u8, now: i64) -> Self {
        Self {
            recipient,
            purpose,
            started: now,
            issued: vec![now],
            access_revoked: vec![false],
            refresh_revoked: false,
            ended: false,
        }
    }

    fn last(&self) -> usize {
        self.issued.len() - 1
    }

    /// When the access token of that generation was issued and ends, if it is good.
    pub(super) fn access(&self, generation: usize, now: i64) -> Option<(i64, i64)> {
        let issued = self.issued[generation];
        let end = (issued + 10 * MINUTE).min(self.started + 30 * DAY);
        let end = match self.last() - generation {
            0 => end,
            1 => end.min(self.issued[self.last()] + GRACE),
            _ => return None,
        };
        (!self.ended && !self.access_revoked[generation] && now < end).then_some((issued, end))
    }

    /// Whether the subject's taking back of all sessions at that time spares what began then.
    pub(super) fn is_spared(revoked: Option<i64>, began: i64) -> bool {
        revoked.is_none_or(|revoked| began > revoked + SLACK)
    }

    /// The refresh token of that generation is used, and the subject's sessions were all taken back then.
    pub(super) fn refresh(&mut self, generation: usize, now: i64, subject_revoked: Option<i64>) -> Refreshed {
        let last = self.last();
        let end = (self.issued[last] + 14 * DAY).min(self.started + 30 * DAY);
        let usable = !self.refresh_revoked && now < end;
        if self.ended || (generation == last && !usable) {
            return Refreshed::Refused;
        }
        if generation == last {
            self.issued.push(now);
            self.access_revoked.push(false);
        } else if !(generation + 1 == last && usable && now < self.issued[last] + GRACE) {
            self.ended = true;
            return Refreshed::Refused;
        }
        if Self::is_spared(subject_revoked, self.started) {
            Refreshed::Pair(self.last())
        } else {
            Refreshed::Refused
        }
    }

    /// One token is taken back: an access token with the one before it, or the refresh token, whichever it was.
    pub(super) fn revoke(&mut self, is_access: bool, generation: usize) {
        if !is_access {
            self.refresh_revoked = true;
            return;
        }
        let last = self.last();
        if last > 0 {
            self.access_revoked[last - 1] = true;
        }
        if generation == last {
            self.access_revoked[last] = true;
        }
    }

    pub(super) fn end(&mut self) {
        self.ended = true;
    }
}
