//! Everything known about one recipient: what may be issued, sent, tried.

mod limits;
mod room;

use serde::{Deserialize, Serialize};

use super::lanes::Lanes;
use super::spent::Spent;
use super::{Challenge, Draft, Life, Refusal, Waiting};
use crate::crypto::{ChallengeId, ContextDigest, RequestDigest};
use crate::delivery::Delivery;
use crate::otp::Otp;
use crate::policy::{AtLimit, CLOCK_SLACK, MAX_CODE_LIFETIME, Policy};
use crate::purpose::Purpose;
use crate::recipient::Recipient;
use crate::request::AnswersTo;
use crate::risk::Risk;
use crate::timestamp::Timestamp;
use crate::typed::Typed;

pub(crate) use room::MAX_LEDGER_BYTES;

/// Everything known about one recipient, in one entry.
///
/// What outlives the codes and so belongs to the recipient, not to a challenge, has a field of its own here:
/// lanes, failures, guesses. A new code resets none of them (NIST SP 800-63B-4 section 3.1.3.2).
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Ledger {
    last_send: Option<Timestamp>,
    /// The latest end of any challenge there ever was, used up or not. The entry has to outlast it: a write
    /// that was lost on its way can arrive late and, if it was the one that created the entry, bring a
    /// used code back where the store has forgotten it.
    latest_end: Option<Timestamp>,
    failures: Failures,
    spent: Spent,
    lanes: Lanes,
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
    /// The challenge named by an otp id; `None` for every one that answers to `named`.
    pub(crate) id: Option<ChallengeId>,
    pub(crate) named: AnswersTo,
    pub(crate) typed: &'a Typed,
    pub(crate) purposes: &'a [Purpose],
    pub(crate) context: ContextDigest,
}

/// What came of it. It holds only once the ledger that came with it has been written.
pub(crate) enum Verdict {
    /// Nothing to compare with; the ledger has not changed and need not be written.
    NoneLive,
    /// Charged. What is left of the challenge named, of which life, and whose it was.
    Wrong { attempts_left: u8, life: Life, recipient: Recipient },
    /// The one challenge it was right for, used up.
    Right(Box<Challenge>),
}

/// A ledger that has room for one more challenge, and what its code has to look like.
pub(crate) struct Admitted {
    pub(crate) ledger: Ledger,
    pub(crate) otp: Otp,
}

impl Ledger {
    /// Whether what is asked for may be had, and the request taken down. If guessing at its code would cost
    /// more than is left of the accepted risk, or there were too many failures, the code has to be longer.
    pub(crate) fn admit(mut self, at: Moment, draft: &Draft, policy: &Policy) -> Result<Admitted, Refusal> {
        self.forget(at, policy);
        // One from the future is of a clock that was set back since: it must not take the owner's room.
        self.challenges.retain(|other| other.is_live(at));
        self.spaced(at.now, draft.client, policy)?;
        let otp = self.affordable(at.now, draft, policy)?;
        if draft.answers_to != AnswersTo::Code {
            self.make_room(at.now, draft)?;
        }
        self.last_send = Some(at.now);
        self.lanes.asked(draft.client, at.now);
        // No end lies further off than the longest life, but by a clock that was set back since.
        let furthest = at.now.saturating_add(MAX_CODE_LIFETIME);
        self.latest_end = self.latest_end.map(|end| end.min(furthest));
        Ok(Admitted { ledger: self, otp })
    }

    /// One more challenge, for which there is room; or the only one, of a code that answers to nothing but itself.
    #[inline] // so that it is made where it stays
    pub(crate) fn hold(&mut self, challenge: Challenge) -> &mut Challenge {
        self.latest_end = self.latest_end.max(Some(challenge.life.end));
        self.challenges.reserve_exact(1); // most have one only; the least a vector grows by is four
        self.challenges.push(challenge);
        let last = self.challenges.len() - 1; // there is one
        &mut self.challenges[last]
    }

    /// The live challenge that was made for just that request, if it came before.
    pub(crate) fn made_for(&self, at: Moment, request: &RequestDigest) -> Option<&Challenge> {
        self.live(at).find(|challenge| challenge.made_for.as_ref() == Some(request))
    }

    /// The live challenges.
    pub(crate) fn live(&self, at: Moment) -> impl Iterator<Item = &Challenge> {
        self.challenges.iter().filter(move |one| one.is_live(at))
    }

    /// One more delivery of a live challenge, and what `view` makes of that challenge. It waits for earlier
    /// deliveries of the same challenge only, and nothing else waits for it: else a stranger could delay the
    /// owner's deliveries by asking for codes, or the owner's requests by sending theirs again.
    ///
    /// `None` if there is no such challenge any more.
    pub(crate) fn claim_delivery<T>(
        mut self,
        at: Moment,
        id: &ChallengeId,
        policy: &Policy,
        view: impl FnOnce(&Challenge) -> T,
    ) -> Option<Result<(Self, T), Refusal>> {
        self.forget(at, policy);
        let challenge = self.challenges.iter_mut().find(|one| one.id == *id && one.is_live(at))?;
        if let Some(until) = challenge.waits_until(at.now, policy) {
            return Some(Err(Refusal { why: Waiting::Spacing, until }));
        }
        challenge.deliver(at.now);
        let seen = view(challenge);
        Some(Ok((self, seen)))
    }

    /// A challenge whose only delivery can never arrive becomes a decoy: nothing is right for it any more,
    /// and from outside it looks like any other. `None` if there is no such challenge, or it has been
    /// delivered again meanwhile, for then somebody may have it.
    pub(crate) fn void(mut self, id: &ChallengeId) -> Option<Self> {
        let challenge = self.challenges.iter_mut().find(|one| one.id == *id && one.deliveries == 1)?;
        challenge.decoy = true;
        Some(self)
    }

    /// What was heard of a live challenge's delivery is taken down. `None` if there is no such challenge, or
    /// if as much was known before: notices come twice and in the wrong order.
    pub(crate) fn report(
        mut self,
        at: Moment,
        id: &ChallengeId,
        heard: Delivery,
    ) -> Option<(Self, Recipient, Purpose)> {
        let challenge = self.challenges.iter_mut().find(|one| one.id == *id && one.is_live(at))?;
        if challenge.reported >= Some(heard) {
            return None;
        }
        challenge.reported = Some(heard);
        let (recipient, purpose) = (challenge.recipient.clone(), challenge.purpose.clone());
        Some((self, recipient, purpose))
    }

    /// A challenge is taken back. `None` if there is no such challenge.
    pub(crate) fn cancel(mut self, id: &ChallengeId) -> Option<Self> {
        let index = self.challenges.iter().position(|one| one.id == *id)?;
        self.challenges.swap_remove(index);
        Some(self)
    }

    /// The failures are forgiven; the guesses stay paid for. `None` if there are none.
    pub(crate) fn clear_failures(mut self) -> Option<Self> {
        let failures = std::mem::take(&mut self.failures);
        failures.last.map(|_| self)
    }

    /// Compares and charges every live challenge the attempt is for; a right one is used up and makes the
    /// others of its purpose worth nothing.
    pub(crate) fn submit(mut self, at: Moment, attempt: &Attempt<'_>, policy: &Policy) -> (Self, Verdict) {
        self.forget(at, policy);
        let blocked = self.blocked_until(at.now, policy).is_some();
        let mut right = None;
        let mut compared = None;
        let mut guessed = Risk::NONE;
        for (index, challenge) in self.challenges.iter_mut().enumerate() {
            let fixed = challenge.fixed_code(at.now, policy);
            let guess = challenge.risk_of(1, fixed);
            let open = !blocked || guess == Risk::NONE;
            if !(attempt.is_for(challenge) && challenge.is_live(at) && open) {
                continue;
            }
            challenge.attempts_left -= 1; // live, so at least 1
            compared = Some(index);
            if challenge.matches(attempt.typed, &attempt.context, fixed).into() {
                right = Some(index);
            } else {
                guessed = guessed.plus(guess);
            }
        }
        let Some(compared) = compared else { return (self, Verdict::NoneLive) };
        self.spent.charge(at.now, guessed);
        let Some(index) = right else {
            self.failures.consecutive = self.failures.consecutive.saturating_add(1);
            self.failures.last = Some(at.now);
            let challenge = &self.challenges[compared];
            let (attempts_left, life) = (challenge.attempts_left, challenge.life);
            let verdict = Verdict::Wrong { attempts_left, life, recipient: challenge.recipient.clone() };
            return (self, verdict);
        };
        let winner = self.challenges.swap_remove(index);
        // Whoever holds the otp id is who asked; a code by recipient may have been asked for by anybody.
        let by_id = winner.answers_to == AnswersTo::OtpId;
        // Nothing is right for the others of its purpose any more. Those that the same client asked for are
        // removed. Those of everybody else stay, as decoys: removing them would tell whoever asked for one
        // that the owner has just signed in, so that there is an owner.
        let own = |other: &Challenge| by_id && other.client.is_some() && other.client == winner.client;
        self.challenges.retain(|other| other.purpose != winner.purpose || !own(other));
        for other in self.challenges.iter_mut().filter(|other| other.purpose == winner.purpose) {
            other.decoy = true;
        }
        self.failures = Failures::default();
        self.lanes.had_right_code(winner.client, by_id, at.now);
        (self, Verdict::Right(Box::new(winner)))
    }

    /// Whether the code of that challenge is sent when it is made, and never again.
    pub(crate) fn is_sent_once(&self, id: &ChallengeId) -> bool {
        self.challenges.iter().any(|one| one.id == *id && one.answers_to == AnswersTo::Code)
    }

    /// The challenge of that id, dead or alive.
    #[cfg(test)]
    pub(crate) fn find(&self, id: &ChallengeId) -> Option<&Challenge> {
        self.challenges.iter().find(|challenge| challenge.id == *id)
    }

    /// From when on nothing in it matters any more, by any clock within the slack.
    pub(crate) fn forget_after(&self, policy: &Policy) -> Timestamp {
        let failures = self.failures.last.map(|last| last.saturating_add(self.failure_memory(policy)));
        let asked = self.spent.forget_after().max(self.lanes.forget_after());
        let latest = failures.max(self.latest_end).max(asked).unwrap_or(Timestamp::MIN);
        latest.max(self.next_send_at(policy)).saturating_add(CLOCK_SLACK)
    }

    /// Drops what can never matter again: ended, spent and disowned challenges, old failures, guesses, lanes.
    fn forget(&mut self, at: Moment, policy: &Policy) {
        let matters = |one: &Challenge| {
            one.attempts_left > 0 && at.now < one.life.end && one.life.created >= at.valid_from
        };
        self.challenges.retain(matters);
        // One from the future is of a clock that was set back since. It does not begin a block: see
        // `blocked_until`.
        let ahead = |last: &Timestamp| *last > at.now.saturating_add(CLOCK_SLACK);
        let blocks = matches!(policy.at_failure_limit, AtLimit::Block(_));
        if !blocks && self.failures.last.as_ref().is_some_and(ahead) {
            self.failures.last = Some(at.now);
        }
        self.failures.consecutive = self.consecutive_failures(at.now, policy);
        if self.failures.consecutive == 0 {
            self.failures.last = None;
        }
        self.spent.forget(at.now);
        self.lanes.forget(at.now);
    }
}

impl Attempt<'_> {
    /// Whether it may be compared with that challenge: the one name and one of the purposes are right.
    fn is_for(&self, challenge: &Challenge) -> bool {
        let named = self.named == challenge.answers_to && self.id.is_none_or(|id| challenge.id == id);
        named && self.purposes.contains(&challenge.purpose)
    }
}
