//! Everything known about one recipient: what may be issued, sent, tried.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Challenge, Life};
use crate::crypto::{ChallengeId, ContextDigest};
use crate::policy::{
    CLOCK_SLACK, DISPLACE_AFTER, FAILURE_MEMORY, LIVE_PER_PURPOSE, MAX_CODE_LIFETIME, Policy,
};
use crate::purpose::Purpose;
use crate::request::AnswersTo;
use crate::timestamp::Timestamp;
use crate::typed::Typed;

/// The largest ledger, in bytes of its encoding.
pub(crate) const MAX_LEDGER_BYTES: usize = 4096 - 64;

/// What a ledger holds beside its challenges, in bytes at the most.
const LEDGER_OVERHEAD: usize = 64;

/// Everything known about one recipient, in one entry.
///
/// What outlives the codes and so belongs to the recipient, not to a challenge, has a field of its own here:
/// send spacing, failures, and any further budget. A new code resets none of them (NIST SP 800-63B-4 section
/// 3.1.3.2).
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Ledger {
    last_send: Option<Timestamp>,
    /// The latest end of any challenge there ever was, used up or not. The entry has to outlast it: a write
    /// that was lost on its way can arrive late and, if it was the one that created the entry, bring a
    /// used code back where the store has forgotten it.
    latest_end: Option<Timestamp>,
    failures: Failures,
    challenges: Vec<Challenge>,
}

/// Wrong submissions since the last right one.
#[derive(Default, Serialize, Deserialize)]
struct Failures {
    consecutive: u32,
    last: Option<Timestamp>,
}

/// The present, and the moment before which nothing counts (after a restored backup).
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Timestamp,
    pub(crate) valid_from: Timestamp,
}

/// What somebody tried.
pub(crate) struct Attempt<'a> {
    /// The challenge named by an otp id; `None` for every one that answers to the recipient.
    pub(crate) id: Option<ChallengeId>,
    pub(crate) typed: &'a Typed,
    pub(crate) purposes: &'a [Purpose],
    pub(crate) context: ContextDigest,
}

/// What came of it. It holds only once the ledger that came with it has been written.
pub(crate) enum Verdict {
    /// Nothing to compare with; the ledger has not changed and need not be written.
    NoneLive,
    /// Charged. What is left of the challenge named, and of which life.
    Wrong { attempts_left: u8, life: Life },
    /// The one challenge it was right for, used up.
    Right(Box<Challenge>),
}

/// Why a send has to wait, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) why: Waiting,
    pub(crate) until: Timestamp,
}

/// Which limit a send ran into. For the application's own logs: a public answer must not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// The last message to this recipient, or the last one with this code, is too recent.
    Spacing,
    /// This recipient has as many live codes for this purpose as it may, none of them over 15 minutes old.
    LiveCodes,
}

impl Ledger {
    /// A new challenge is admitted, and its first delivery paid for, unless the last send is too recent or
    /// there is no room.
    pub(crate) fn admit(
        mut self,
        at: Moment,
        challenge: Challenge,
        policy: &Policy,
    ) -> Result<Self, Refusal> {
        self.forget(at);
        // One from the future is of a clock that was set back since: it must not take the owner's room.
        self.challenges.retain(|other| other.is_live(at.now));
        self.spaced(at.now, policy)?;
        while self.challenges.iter().filter(|other| other.purpose == challenge.purpose).count()
            >= LIVE_PER_PURPOSE
        {
            self.displace(at.now, |other| other.purpose == challenge.purpose)?;
        }
        while LEDGER_OVERHEAD + self.weight() + challenge.weight() > MAX_LEDGER_BYTES
            && !self.challenges.is_empty()
        {
            self.displace(at.now, |_| true)?;
        }
        self.last_send = Some(at.now);
        // No end lies further off than the longest life, but by a clock that was set back since.
        let furthest = at.now.saturating_add(MAX_CODE_LIFETIME);
        self.latest_end = self.latest_end.map(|end| end.min(furthest)).max(Some(challenge.life.end));
        self.challenges.reserve_exact(1); // most have one only, and the least a vector grows by is four
        self.challenges.push(challenge);
        Ok(self)
    }

    /// One more delivery of a live challenge, and what `view` makes of that challenge. It waits for earlier
    /// deliveries of the same challenge only, else a stranger who asks for codes could delay the owner's;
    /// what is admitted next waits for it.
    ///
    /// `None` if there is no such challenge any more.
    pub(crate) fn claim_delivery<T>(
        mut self,
        at: Moment,
        id: &ChallengeId,
        policy: &Policy,
        view: impl FnOnce(&Challenge) -> T,
    ) -> Option<Result<(Self, T), Refusal>> {
        self.forget(at);
        let challenge = self.challenges.iter_mut().find(|one| one.id == *id && one.is_live(at.now))?;
        if let Some(until) = challenge.waits_until(at.now, policy) {
            return Some(Err(Refusal { why: Waiting::Spacing, until }));
        }
        challenge.deliver(at.now);
        self.last_send = Some(at.now);
        let seen = view(challenge);
        Some(Ok((self, seen)))
    }

    /// A challenge whose only delivery can never arrive becomes a decoy: nothing is right for it any more,
    /// and from outside it looks like any other. What it cost stays paid. `None` if there is no such
    /// challenge, or it has been delivered again meanwhile, for then somebody may have it.
    pub(crate) fn void(mut self, id: &ChallengeId) -> Option<Self> {
        let challenge = self.challenges.iter_mut().find(|one| one.id == *id && one.deliveries == 1)?;
        challenge.decoy = true;
        Some(self)
    }

    /// Compares what was typed with every live challenge it may be for and charges each of them. If one is
    /// right it is used up, and the others of its purpose with it.
    pub(crate) fn submit(mut self, at: Moment, attempt: &Attempt<'_>) -> (Self, Verdict) {
        self.forget(at);
        let mut right = None;
        let mut compared = None;
        for (index, challenge) in self.challenges.iter_mut().enumerate() {
            if !(attempt.is_for(challenge) && challenge.is_live(at.now)) {
                continue;
            }
            challenge.attempts_left -= 1; // live, so at least 1
            compared = Some((challenge.attempts_left, challenge.life));
            if challenge.matches(attempt.typed, &attempt.context).into() {
                right = Some(index);
            }
        }
        let Some((attempts_left, life)) = compared else { return (self, Verdict::NoneLive) };
        let Some(index) = right else {
            self.failures.consecutive = self.failures.consecutive.saturating_add(1);
            self.failures.last = Some(at.now);
            return (self, Verdict::Wrong { attempts_left, life });
        };
        let winner = self.challenges.swap_remove(index);
        self.challenges.retain(|other| other.purpose != winner.purpose);
        self.failures = Failures::default();
        (self, Verdict::Right(Box::new(winner)))
    }

    /// The challenge of that id, dead or alive.
    #[cfg(test)]
    pub(crate) fn find(&self, id: &ChallengeId) -> Option<&Challenge> {
        self.challenges.iter().find(|challenge| challenge.id == *id)
    }

    /// When the next code may be requested for this recipient.
    fn next_send_at(&self, policy: &Policy) -> Timestamp {
        self.last_send.map_or(Timestamp::MIN, |last| last.saturating_add(policy.send_spacing))
    }

    /// Wrong submissions since the last right one, forgotten 30 days after the last.
    pub(crate) fn consecutive_failures(&self, now: Timestamp) -> u32 {
        let recent = |last: Timestamp| now < last.saturating_add(FAILURE_MEMORY);
        if self.failures.last.is_some_and(recent) { self.failures.consecutive } else { 0 }
    }

    /// From when on nothing in it matters any more, by any clock within the slack.
    pub(crate) fn forget_after(&self, policy: &Policy) -> Timestamp {
        let failures = self.failures.last.map(|last| last.saturating_add(FAILURE_MEMORY));
        let latest = failures.max(self.latest_end).unwrap_or(Timestamp::MIN);
        latest.max(self.next_send_at(policy)).saturating_add(CLOCK_SLACK)
    }

    /// Drops what can never matter again: ended, spent and disowned challenges, old failures.
    fn forget(&mut self, at: Moment) {
        let matters = |one: &Challenge| {
            one.attempts_left > 0 && at.now < one.life.end && one.life.created >= at.valid_from
        };
        self.challenges.retain(matters);
        self.failures.consecutive = self.consecutive_failures(at.now);
        if self.failures.consecutive == 0 {
            self.failures.last = None;
        }
    }

    fn spaced(&self, now: Timestamp, policy: &Policy) -> Result<(), Refusal> {
        let until = self.next_send_at(policy);
        // A last send in the future is a clock that was set back since: it must not lock the owner out.
        let sane = self.last_send.is_some_and(|last| last <= now.saturating_add(CLOCK_SLACK));
        if sane && now < until { Err(Refusal { why: Waiting::Spacing, until }) } else { Ok(()) }
    }

    /// Removes the oldest of those challenges, if it is old enough to go.
    fn displace(&mut self, now: Timestamp, among: impl Fn(&Challenge) -> bool) -> Result<(), Refusal> {
        let candidates = self.challenges.iter().enumerate().filter(|(_, challenge)| among(challenge));
        let Some((oldest, challenge)) = candidates.min_by_key(|(_, challenge)| challenge.life.created) else {
            return Ok(());
        };
        let free_at = challenge.life.created.saturating_add(DISPLACE_AFTER);
        if now < free_at {
            let ends = self
                .challenges
                .iter()
                .filter(|challenge| among(challenge))
                .map(|challenge| challenge.life.end);
            let until = ends.chain([free_at]).min().unwrap_or(free_at);
            return Err(Refusal { why: Waiting::LiveCodes, until });
        }
        self.challenges.swap_remove(oldest);
        Ok(())
    }

    fn weight(&self) -> usize {
        self.challenges.iter().map(Challenge::weight).sum()
    }
}

impl Attempt<'_> {
    /// Whether it may be compared with that challenge: the one name and one of the purposes are right.
    fn is_for(&self, challenge: &Challenge) -> bool {
        let named = match self.id {
            Some(id) => challenge.answers_to == AnswersTo::OtpId && challenge.id == id,
            None => challenge.answers_to == AnswersTo::Recipient,
        };
        named && self.purposes.contains(&challenge.purpose)
    }
}

impl Refusal {
    /// How long to wait from now on.
    pub(crate) fn retry_after(&self, now: Timestamp) -> Duration {
        now.until(self.until)
    }
}
