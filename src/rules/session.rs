//! One token family: which of its tokens are good, and what a refresh or a replay does.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Life, Moment};
use crate::crypto::TokenKind;
use crate::grant::Grant;
use crate::policy::{CLOCK_SLACK, Policy};
use crate::purpose::Purpose;
use crate::timestamp::Timestamp;

/// The largest session, in bytes of its encoding: a grant of 1 KiB and the rest.
pub(crate) const MAX_SESSION_BYTES: usize = 2048;

/// One token family in one entry. No token lies in it: each is computed from its name and the salt.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) salt: [u8; 16],
    /// How often it has been refreshed. Tokens carry the generation they were issued in.
    pub(crate) generation: u32,
    started: Timestamp,
    /// When the current generation was issued.
    pub(crate) issued: Timestamp,
    access_span: Duration,
    /// When the generation before was issued, unless its access token was revoked.
    previous_issued: Option<Timestamp>,
    /// Without it the session cannot be refreshed (any more).
    refreshing: Option<Refreshing>,
    /// When its last token is dead, whatever happens.
    ends: Timestamp,
    access_revoked: bool,
    /// A tombstone: every token of the family is dead.
    revoked: bool,
    pub(crate) subject: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) purpose: Purpose,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// How long a session can be refreshed.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Refreshing {
    /// How long the refresh token may lie unused.
    idle: Duration,
    /// The end of the session, however often it is used.
    until: Timestamp,
}

/// What a genuine refresh token brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refreshed {
    /// The next generation; holds once the session has been written.
    Next,
    /// The generation already there, for a client that lost the reply; nothing to write.
    Again,
    /// A token that was used before: stolen, or a thief was faster. The family is dead once that has been
    /// written (RFC 9700 section 4.14.2).
    Replayed,
    /// Dead for a reason that changes nothing: run out, revoked, or never to be refreshed.
    Dead,
}

impl Session {
    pub(crate) fn start(
        salt: [u8; 16],
        subject: String,
        purpose: Purpose,
        grant: Grant,
        policy: &Policy,
        now: Timestamp,
    ) -> Self {
        let access_span = grant.token_lifetime.unwrap_or(policy.access_lifetime);
        let access_end = now.saturating_add(access_span);
        let until = now.saturating_add(policy.session_lifetime);
        let refreshing = grant.wants_refresh().then_some(Refreshing { idle: policy.refresh_idle, until });
        Self {
            salt,
            generation: 0,
            started: now,
            issued: now,
            access_span,
            previous_issued: None,
            refreshing,
            ends: refreshing.map_or(access_end, |refreshing| access_end.max(refreshing.until)),
            access_revoked: false,
            revoked: false,
            subject,
            scopes: grant.scopes,
            purpose,
            metadata: grant.metadata,
        }
    }

    /// When it began.
    pub(crate) fn started(&self) -> Timestamp {
        self.started
    }

    /// When the current access token runs out.
    pub(crate) fn access_end(&self) -> Timestamp {
        self.issued.saturating_add(self.access_span).min(self.ends)
    }

    /// When the current refresh token runs out, if there is one.
    pub(crate) fn refresh_end(&self) -> Option<Timestamp> {
        self.refreshing.map(|Refreshing { idle, until }| self.issued.saturating_add(idle).min(until))
    }

    /// The life of the access token of that generation, if it is good: the current one to its end, the one
    /// before to its own end or that of the grace, whichever is sooner, so that requests under way
    /// survive a refresh.
    pub(crate) fn access(&self, at: Moment, generation: u32, grace: Duration) -> Option<Life> {
        let life = if generation == self.generation {
            let created = (!self.access_revoked).then_some(self.issued)?;
            Life { created, end: self.access_end() }
        } else if generation.checked_add(1) == Some(self.generation) {
            let created = self.previous_issued?;
            let own_end = created.saturating_add(self.access_span);
            Life { created, end: own_end.min(self.issued.saturating_add(grace)) }
        } else {
            return None;
        };
        (self.is_alive(at) && at.now < life.end).then_some(life)
    }

    /// Whether the current refresh token is good.
    pub(crate) fn is_refreshable(&self, at: Moment) -> bool {
        self.is_alive(at) && self.refresh_end().is_some_and(|end| at.now < end)
    }

    /// What the refresh token of that generation does. The token must be genuine: its MAC has been checked.
    pub(crate) fn refresh(mut self, at: Moment, generation: u32, grace: Duration) -> (Self, Refreshed) {
        if !self.is_alive(at) {
            return (self, Refreshed::Dead);
        }
        let usable = self.is_refreshable(at);
        if generation == self.generation {
            let next = generation.checked_add(1).filter(|_| usable);
            let Some(next) = next else { return (self, Refreshed::Dead) };
            self.previous_issued = (!self.access_revoked).then_some(self.issued);
            self.access_revoked = false;
            self.generation = next;
            self.issued = at.now;
            return (self, Refreshed::Next);
        }
        let before = generation.checked_add(1) == Some(self.generation);
        if before && usable && !grace.is_zero() && at.now < self.issued.saturating_add(grace) {
            return (self, Refreshed::Again);
        }
        (self.end(), Refreshed::Replayed)
    }

    /// One token is taken back: an access token with the one of the generation before, or the refresh token,
    /// after which the session runs out with its access token. `None` if that changes nothing.
    pub(crate) fn revoke(mut self, kind: TokenKind, generation: u32) -> Option<Self> {
        match kind {
            _ if self.revoked => None,
            TokenKind::Access => {
                let current = generation == self.generation;
                let changes = current && !self.access_revoked || self.previous_issued.is_some();
                self.access_revoked |= current;
                self.previous_issued = None;
                changes.then_some(self)
            }
            TokenKind::Refresh => self.refreshing.take().map(|_| self),
        }
    }

    /// The whole family is taken back. `None` if it was already.
    pub(crate) fn revoke_family(self) -> Option<Self> {
        (!self.revoked).then(|| self.end())
    }

    /// From when on nothing in it matters any more.
    pub(crate) fn forget_after(&self) -> Timestamp {
        self.ends.saturating_add(CLOCK_SLACK)
    }

    /// What is left of it when it is revoked: nothing personal, only that its tokens are dead.
    fn end(mut self) -> Self {
        self.revoked = true;
        self.subject.clear();
        self.scopes.clear();
        self.metadata.clear();
        self
    }

    /// Whether it is not revoked, not disowned, and its current generation has begun by this clock.
    fn is_alive(&self, at: Moment) -> bool {
        !self.revoked && self.started >= at.valid_from && self.issued.saturating_sub(CLOCK_SLACK) <= at.now
    }
}
