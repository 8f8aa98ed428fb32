//! One outstanding code.

use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq};

use super::lanes::{ClientTag, grown};
use super::{Draft, Moment};
use crate::code::{self, Code};
use crate::context::Context;
use crate::crypto::{ChallengeId, ContextDigest, NO_CONTEXT, RequestDigest};
use crate::delivery::Delivery;
use crate::grant::Grant;
use crate::message::{Locale, Template};
use crate::otp::Kind;
use crate::policy::{CLOCK_SLACK, Policy};
use crate::purpose::Purpose;
use crate::recipient::{self, Channel, Recipient};
use crate::request::AnswersTo;
use crate::risk::Risk;
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
    /// What the context is, so that the message can show it also when it is sent again.
    pub(crate) fields: Context,
    #[serde(with = "recipient::sealed")]
    pub(crate) recipient: Recipient,
    #[serde(deserialize_with = "Template::restore")]
    pub(crate) template: Option<Template>,
    pub(crate) locale: Option<Locale>,
    /// Where its message goes if it cannot be handed over to the address.
    fallback: Option<String>,
    pub(crate) grant: Grant,
    pub(crate) deliveries: u8,
    delivered: Option<Timestamp>,
    /// What was heard of its last delivery.
    pub(crate) reported: Option<Delivery>,
    pub(crate) decoy: bool,
    /// Who asked for it, by the name of its quota.
    pub(crate) client: Option<ClientTag>,
    /// The request it was made for, if that is to make one code only however often it comes.
    pub(crate) made_for: Option<RequestDigest>,
}

/// What is drawn or computed for a challenge, beside what was asked for.
pub(crate) struct Drawn {
    pub(crate) id: ChallengeId,
    pub(crate) code: Code,
    pub(crate) kind: Kind,
    pub(crate) context: ContextDigest,
    pub(crate) made_for: Option<RequestDigest>,
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
    pub(crate) fn new(draft: &Draft, drawn: Drawn, now: Timestamp) -> Self {
        let Drawn { id, code, kind, context, made_for } = drawn;
        Self {
            id,
            purpose: draft.purpose.clone(),
            answers_to: draft.answers_to,
            code,
            kind,
            attempts_left: draft.attempts,
            life: Life { created: now, end: now.saturating_add(draft.lifetime) },
            context: (context != NO_CONTEXT).then_some(context),
            fields: draft.context.clone(),
            recipient: draft.recipient.clone(),
            template: draft.template.clone(),
            locale: draft.locale.clone(),
            fallback: draft.fallback.as_ref().map(|email| email.address().to_owned()),
            grant: draft.grant.clone(),
            deliveries: 0,
            delivered: None,
            reported: None,
            decoy: draft.decoy,
            client: draft.client,
            made_for,
        }
    }

    /// Whether it can still be tried.
    pub(crate) fn is_live(&self, at: Moment) -> bool {
        self.attempts_left > 0 && self.life.is_good(at)
    }

    /// Whether code and context are the ones it was issued with; for a test recipient the code is a fixed
    /// one. Code, length and digest are compared in full and combined before anything branches on them;
    /// nothing is right for a decoy.
    pub(crate) fn matches(&self, typed: &Typed, context: &ContextDigest, fixed: Option<&Typed>) -> Choice {
        let typed = typed.as_kind(self.kind);
        let code = match fixed {
            Some(fixed) => fixed.as_kind(self.kind).ct_eq(&typed),
            None => self.code.ct_eq(&typed),
        };
        let own_context = self.context.unwrap_or(NO_CONTEXT);
        let decoy = Choice::from(u8::from(self.decoy));
        code & own_context.ct_eq(context) & !decoy
    }

    /// How many characters its code has, or the fixed one that is right for it instead.
    pub(crate) fn length(&self, policy: &Policy, now: Timestamp) -> u8 {
        self.fixed_code(now, policy).map_or(self.code.length(), Typed::length)
    }

    /// The code that is right for it now if its recipient is a test recipient.
    pub(crate) fn fixed_code<'a>(&self, now: Timestamp, policy: &'a Policy) -> Option<&'a Typed> {
        policy.fixed_code(&self.recipient, now)
    }

    /// The risk of that many guesses at it, or at the fixed code that is right for it instead.
    pub(crate) fn risk_of(&self, guesses: u8, fixed: Option<&Typed>) -> Risk {
        let of = |length| Risk::of_guesses(guesses, self.kind, length);
        // The greater of the two: once a test recipient is one no more, its own code is right.
        of(self.code.length()).max(fixed.map_or(Risk::NONE, |fixed| of(fixed.length())))
    }

    /// Takes down one more delivery.
    pub(crate) fn deliver(&mut self, now: Timestamp) {
        self.deliveries = self.deliveries.saturating_add(1);
        self.delivered = Some(now);
        self.reported = None;
    }

    /// When it may be delivered again: the send spacing after its last delivery, twice that after the second,
    /// and so on to 15 minutes. Before the first it is as if that were now.
    pub(crate) fn redelivery_at(&self, now: Timestamp, policy: &Policy) -> Timestamp {
        let spacing = grown(policy.send_spacing, self.deliveries.max(1));
        self.delivered.unwrap_or(now).saturating_add(spacing)
    }

    /// Until when its next delivery has to wait, if it has to. A last one in the future is a clock that was
    /// set back since.
    pub(crate) fn waits_until(&self, now: Timestamp, policy: &Policy) -> Option<Timestamp> {
        let sane = self.delivered? <= now.saturating_add(CLOCK_SLACK);
        Some(self.redelivery_at(now, policy)).filter(|until| sane && now < *until)
    }

    /// Where its message goes if it cannot be handed over to the recipient.
    pub(crate) fn fallback(&self) -> Option<Recipient> {
        self.fallback.as_deref().map(|email| Recipient::restore(Channel::Email, email))
    }

    /// The most bytes it takes in a ledger.
    pub(crate) fn weight(&self) -> usize {
        let locale = self.locale.as_ref().map(Locale::as_str);
        let texts =
            [Some(self.purpose.as_str()), Some(self.recipient.address()), locale, self.fallback.as_deref()];
        weight(texts, self.template.as_ref(), &self.fields, &self.grant)
    }
}

impl Draft {
    /// The risk of all its attempts, at its code or at the fixed code of its recipient.
    pub(crate) fn risk(&self, fixed: Option<&Typed>) -> Risk {
        let of = |length| Risk::of_guesses(self.attempts, self.otp.kind(), length);
        of(self.otp.length()).max(fixed.map_or(Risk::NONE, |fixed| of(fixed.length())))
    }

    /// The most bytes its challenge will take in a ledger.
    pub(crate) fn weight(&self) -> usize {
        let (locale, fallback) = (self.locale.as_ref().map(Locale::as_str), self.fallback.as_ref());
        let texts = [
            Some(self.purpose.as_str()),
            Some(self.recipient.address()),
            locale,
            fallback.map(Recipient::address),
        ];
        weight(texts, self.template.as_ref(), &self.context, &self.grant)
    }
}

fn weight(texts: [Option<&str>; 4], template: Option<&Template>, fields: &Context, grant: &Grant) -> usize {
    // Ids, code, client, numbers and times, and a length beside each text.
    const FIXED: usize = 200;
    let bound = fields.fields().flat_map(|(name, value)| [name, value]);
    let long = bound.chain(grant.texts()).map(|text| text.len() + 2).sum::<usize>();
    let short = texts.into_iter().flatten().map(str::len).sum::<usize>();
    FIXED + short + template.map_or(0, Template::len) + long
}
