//! One outstanding code.

use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq};

use super::{Draft, Moment};
use crate::code::{self, Code};
use crate::crypto::{ChallengeId, ContextDigest, NO_CONTEXT};
use crate::grant::Grant;
use crate::message::Template;
use crate::otp::Kind;
use crate::policy::{CLOCK_SLACK, MAX_SEND_SPACING, Policy};
use crate::purpose::Purpose;
use crate::recipient::{Channel, Recipient};
use crate::request::AnswersTo;
use crate::timestamp::Timestamp;
use crate::typed::Typed;

/// One outstanding code, with all that is needed to check it, to send it again and to say what it is worth.
#[derive(Serialize, Deserialize)]
pub(crate) struct Challenge {
    pub(crate) id: ChallengeId,
    pub(crate) purpose: Purpose,
    pub(crate) answers_to: AnswersTo,
    #[serde(with = "code::sealed")]
    pub(crate) code: Code,
    pub(crate) kind: Kind,
    pub(crate) attempts_left: u8,
    pub(crate) life: Life,
    context: Option<ContextDigest>,
    channel: Channel,
    address: String,
    pub(crate) template: Option<Template>,
    pub(crate) locale: Option<String>,
    pub(crate) grant: Grant,
    pub(crate) deliveries: u8,
    delivered: Option<Timestamp>,
    pub(crate) decoy: bool,
}

/// From when until when a code or a token is good.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Life {
    pub(crate) created: Timestamp,
    pub(crate) end: Timestamp,
}

impl Life {
    /// Created − 30 s ≤ now < end. The slack is for clocks of other processes that are behind; the bound also
    /// means that a clock set back cannot give a code a second life.
    pub(crate) fn contains(self, now: Timestamp) -> bool {
        self.created.saturating_sub(CLOCK_SLACK) <= now && now < self.end
    }

    /// The same, and not disowned by a restored backup.
    pub(crate) fn is_good(self, at: Moment) -> bool {
        self.created >= at.valid_from && self.contains(at.now)
    }
}

impl Challenge {
    pub(crate) fn new(
        draft: &Draft,
        id: ChallengeId,
        code: Code,
        context: ContextDigest,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            purpose: draft.purpose.clone(),
            answers_to: draft.answers_to,
            code,
            kind: draft.otp.kind(),
            attempts_left: draft.attempts,
            life: Life { created: now, end: now.saturating_add(draft.lifetime) },
            context: (context != NO_CONTEXT).then_some(context),
            channel: draft.recipient.channel(),
            address: draft.recipient.address().to_owned(),
            template: draft.template.clone(),
            locale: draft.locale.clone(),
            grant: draft.grant.clone(),
            deliveries: 0,
            delivered: None,
            decoy: draft.decoy,
        }
    }

    /// Whether it can still be tried.
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        self.attempts_left > 0 && self.life.contains(now)
    }

    /// Whether code and context are the ones it was issued with. Code, length and digest are compared in full
    /// and combined before anything branches on them; nothing is right for a decoy.
    pub(crate) fn matches(&self, typed: &Typed, context: &ContextDigest) -> Choice {
        let own_context = self.context.unwrap_or(NO_CONTEXT);
        let decoy = Choice::from(u8::from(self.decoy));
        self.code.ct_eq(&typed.as_kind(self.kind)) & own_context.ct_eq(context) & !decoy
    }

    /// Takes down one more delivery.
    pub(crate) fn deliver(&mut self, now: Timestamp) {
        self.deliveries = self.deliveries.saturating_add(1);
        self.delivered = Some(now);
    }

    /// When it may be delivered again: the send spacing after its last delivery, twice that after the second,
    /// and so on to 15 minutes. Before the first it is as if that were now.
    pub(crate) fn redelivery_at(&self, now: Timestamp, policy: &Policy) -> Timestamp {
        let doublings = u32::from(self.deliveries.saturating_sub(1)).min(16);
        let spacing = policy.send_spacing.saturating_mul(1 << doublings).min(MAX_SEND_SPACING);
        self.delivered.unwrap_or(now).saturating_add(spacing)
    }

    /// Until when its next delivery has to wait, if it has to. A last one in the future is a clock that was
    /// set back since.
    pub(crate) fn waits_until(&self, now: Timestamp, policy: &Policy) -> Option<Timestamp> {
        let sane = self.delivered? <= now.saturating_add(CLOCK_SLACK);
        Some(self.redelivery_at(now, policy)).filter(|until| sane && now < *until)
    }

    pub(crate) fn recipient(&self) -> Recipient {
        Recipient::restore(self.channel, self.address.clone())
    }

    /// The most bytes it takes in a ledger.
    pub(crate) fn weight(&self) -> usize {
        // Ids, code, numbers and times, and a length beside each text.
        const FIXED: usize = 160;
        let texts = self.purpose.as_str().len()
            + self.address.len()
            + self.locale.as_ref().map_or(0, String::len)
            + self.template.as_ref().map_or(0, Template::len);
        FIXED + texts + self.grant.texts().map(|text| text.len() + 2).sum::<usize>()
    }
}
