//! What a request has to keep to: who waits for whom, how many failures there were, how much may be guessed.

use std::time::Duration;

use super::Ledger;
use crate::otp::Otp;
use crate::policy::{AtLimit, CLOCK_SLACK, DISABLED_MEMORY, FAILURE_MEMORY, Policy};
use crate::risk::Risk;
use crate::rules::lanes::ClientTag;
use crate::rules::{Draft, Refusal, Waiting};
use crate::timestamp::Timestamp;

impl Ledger {
    /// When the next code may be requested for this recipient by strangers, who have to share.
    pub(super) fn next_send_at(&self, policy: &Policy) -> Timestamp {
        self.last_send.map_or(Timestamp::MIN, |last| last.saturating_add(policy.send_spacing))
    }

    /// Wrong submissions since the last right one, forgotten 30 days after the last; once the limit is
    /// reached, when the block has run out, or after a year where the policy disables.
    pub(crate) fn consecutive_failures(&self, now: Timestamp, policy: &Policy) -> u32 {
        let remembered = |last: Timestamp| now < last.saturating_add(self.failure_memory(policy));
        if self.failures.last.is_some_and(remembered) { self.failures.consecutive } else { 0 }
    }

    pub(super) fn failure_memory(&self, policy: &Policy) -> Duration {
        match policy.at_failure_limit {
            _ if self.failures.consecutive < u32::from(policy.failure_limit) => FAILURE_MEMORY,
            AtLimit::LongerCodes => FAILURE_MEMORY,
            AtLimit::Block(block) => block,
            AtLimit::Disable => DISABLED_MEMORY,
        }
    }

    /// Until when no code that can be guessed at is made or compared, if the policy says so.
    pub(super) fn blocked_until(&self, now: Timestamp, policy: &Policy) -> Option<Timestamp> {
        let spent = self.consecutive_failures(now, policy) >= u32::from(policy.failure_limit);
        let blocks = policy.at_failure_limit != AtLimit::LongerCodes;
        let last = self.failures.last.filter(|_| spent && blocks)?;
        // One from the future is of a clock that was set back since. It blocks nobody, for nothing is written
        // while somebody is blocked, so it would for as long as that clock was ahead.
        let sane = last <= now.saturating_add(CLOCK_SLACK) || policy.at_failure_limit == AtLimit::Disable;
        sane.then(|| last.min(now).saturating_add(self.failure_memory(policy)))
    }

    /// Each client waits for itself; strangers wait for one another too.
    pub(super) fn spaced(
        &self,
        now: Timestamp,
        client: Option<ClientTag>,
        policy: &Policy,
    ) -> Result<(), Refusal> {
        // A last send in the future is a clock that was set back since: it must not lock the owner out.
        let sane = self.last_send.is_some_and(|last| last <= now.saturating_add(CLOCK_SLACK));
        let shared =
            Some(self.next_send_at(policy)).filter(|until| sane && now < *until && !self.lanes.knows(client));
        match self.lanes.waits_until(client, now, policy).max(shared) {
            Some(until) => Err(Refusal { why: Waiting::Spacing, until }),
            None => Ok(()),
        }
    }

    /// What the code has to look like so that guessing at it stays within the accepted risk.
    pub(super) fn affordable(&self, now: Timestamp, draft: &Draft, policy: &Policy) -> Result<Otp, Refusal> {
        let otp = &draft.otp;
        let fixed = policy.fixed_code(&draft.recipient, now);
        let cost = draft.risk(fixed);
        if cost == Risk::NONE {
            return Ok(otp.clone());
        }
        if let Some(until) = self.blocked_until(now, policy) {
            return Err(Refusal { why: Waiting::Failures, until });
        }
        let outstanding = self.challenges.iter().map(|other| other.risk_of(other.attempts_left, fixed));
        let used = outstanding.fold(self.spent.counted(), Risk::plus);
        let lengthens = policy.at_failure_limit == AtLimit::LongerCodes && fixed.is_none();
        let failed = lengthens && self.consecutive_failures(now, policy) >= u32::from(policy.failure_limit);
        let spent = used.plus(cost) > policy.accepted_risk;
        if !failed && !spent {
            return Ok(otp.clone());
        }
        // The code of a test recipient is fixed: making another one longer would not protect it.
        if fixed.is_some() || (spent && !policy.longer_codes) {
            let ends = self.challenges.iter().map(|other| other.life.end);
            let until = ends.chain(self.spent.frees_at()).min().unwrap_or(now);
            return Err(Refusal { why: Waiting::Risk, until });
        }
        Ok(otp.lengthened())
    }
}
