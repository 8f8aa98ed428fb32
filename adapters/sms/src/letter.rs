//! What the gateways take from a message.

use std::time::Duration;

use otp_exchange::{Channel, Message};

use crate::error::GatewayError;

/// A message to a phone. Exposed: it holds text and number.
#[derive(Clone, Copy)]
pub(crate) struct Letter<'a> {
    /// E.164 with `+`.
    pub(crate) to: &'a str,
    pub(crate) text: &'a str,
    /// A [`DeliveryId`](otp_exchange::DeliveryId) as text.
    pub(crate) delivery_id: &'a str,
    pub(crate) lifetime: Duration,
    /// The language it is written in, or else the one that was asked for.
    pub(crate) locale: Option<&'a str>,
    pub(crate) purpose: &'a str,
}

impl<'a> Letter<'a> {
    pub(crate) fn of(message: &'a Message, delivery_id: &'a str) -> Result<Self, GatewayError> {
        if message.recipient().channel() != Channel::Sms {
            return Err(GatewayError::NotSms);
        }
        Ok(Self {
            to: message.recipient().address(),
            text: message.expose_text(),
            delivery_id,
            lifetime: message.lifetime(),
            locale: message.language().or(message.locale()),
            purpose: message.purpose().as_str(),
        })
    }

    /// The number without its `+`, as many gateways want it.
    pub(crate) fn digits(&self) -> &'a str {
        self.to.trim_start_matches('+')
    }
}
