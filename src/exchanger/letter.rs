//! What is written for a challenge.

use std::sync::Arc;
use std::time::Duration;

use crate::code::Code;
use crate::context::Field;
use crate::delivery::DeliveryId;
use crate::message::{Catalogue, Message, Occasion, Parts, Template, Values};
use crate::otp_id::OtpId;
use crate::policy::Policy;
use crate::recipient::Recipient;
use crate::request::AnswersTo;
use crate::rules::Challenge;
use crate::timestamp::Timestamp;
use crate::wiped::SecretText;

/// All that a challenge's messages are made of, whoever of its two addresses they go to.
pub(super) struct Letter<'a> {
    catalogue: &'a Catalogue,
    required: &'a [Field],
    template: Option<&'a Template>,
    challenge: &'a Challenge,
    /// For links, if that is the name the code answers to.
    otp_id: Option<OtpId>,
    pub(super) lifetime: Duration,
    /// The code that is right now.
    pub(super) code: Code,
    /// Whether that is the fixed one of a test recipient.
    pub(super) is_fixed: bool,
}

impl<'a> Letter<'a> {
    pub(super) fn new(
        challenge: &'a Challenge,
        otp_id: OtpId,
        now: Timestamp,
        policy: &'a Policy,
        catalogue: &'a Catalogue,
    ) -> Self {
        let fixed = challenge.fixed_code(now, policy);
        Self {
            catalogue,
            required: &policy.required,
            template: challenge.template.as_ref().or(policy.otp.message_template()),
            challenge,
            otp_id: (challenge.answers_to == AnswersTo::OtpId).then_some(otp_id),
            lifetime: now.until(challenge.life.end),
            code: fixed.map_or_else(|| challenge.code.duplicate(), |fixed| fixed.as_kind(challenge.kind)),
            is_fixed: fixed.is_some(),
        }
    }

    /// What the person there reads.
    pub(super) fn text(&self, recipient: &Recipient) -> SecretText {
        self.catalogue.text(&self.occasion(recipient), &self.values(recipient))
    }

    /// The message to the person there.
    pub(super) fn message(&self, recipient: Recipient, delivery_id: DeliveryId) -> Message {
        let Challenge { purpose, locale, .. } = self.challenge;
        let Parts { text, subject, html, language } =
            self.catalogue.write(&self.occasion(&recipient), &self.values(&recipient));
        Message {
            recipient,
            subject,
            text: Arc::new(text),
            html,
            language,
            code: self.code.duplicate(),
            purpose: purpose.clone(),
            locale: locale.clone(),
            lifetime: self.lifetime,
            delivery_id,
        }
    }

    fn occasion<'b>(&'b self, recipient: &Recipient) -> Occasion<'b> {
        let Challenge { purpose, locale, fields, .. } = self.challenge;
        let (template, channel, required) = (self.template, recipient.channel(), self.required);
        Occasion { template, channel, purpose, locale: locale.as_ref(), context: fields, required }
    }

    fn values<'b>(&'b self, recipient: &'b Recipient) -> Values<'b> {
        self.catalogue.values(
            &self.code,
            &self.challenge.fields,
            self.lifetime,
            recipient,
            self.otp_id.as_ref(),
        )
    }
}
