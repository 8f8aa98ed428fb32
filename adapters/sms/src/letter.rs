//! What the gateways take from a message.

use std::time::Duration;

use otp_exchange::{Channel, Message};

use crate::error::GatewayError;

/// So many digits of a number in a row say whose it is, and hardly ever come about by chance.
const TELLING_DIGITS: usize = 7;

/// A message to a phone. Exposed: it holds text and number.
#[derive(Clone, Copy)]
pub(crate) struct Letter<'a> {
    /// E.164 with `+`.
    pub(crate) to: &'a str,
    pub(crate) text: &'a str,
    pub(crate) code: &'a str,
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
            code: message.expose_code(),
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

    /// Whether somebody who reads `words` reads the code, or seven digits in a row of the number, however
    /// they are punctuated. The text needs no look of its own: the code is in it.
    pub(crate) fn is_told_by(&self, words: &str) -> bool {
        let plain: String = words
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_uppercase())
            .collect();
        let tells = |number: &[u8]| plain.as_bytes().windows(TELLING_DIGITS).any(|digits| digits == number);
        plain.contains(self.code) || self.digits().as_bytes().windows(TELLING_DIGITS).any(tells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_number_are_told_whatever_stands_between_them() {
        let letter = Letter {
            to: "+32412345678",
            text: "Your code is 4F9K2X.",
            code: "4F9K2X",
            delivery_id: "abc",
            lifetime: Duration::from_secs(300),
            locale: None,
            purpose: "login",
        };
        for told in [
            "4F9K2X",
            "4f9k2x",
            "4F9-K2X",
            "id:4F9.K2X/1",
            "https://shop.example/#code=4F9K2X",
            letter.text,
            "+32412345678",
            "0412345678",
            "x0412/34.56.78",
            "3241234",
            "2345678",
        ] {
            assert!(letter.is_told_by(told), "{told}");
        }
        for told in ["", "4F9K2", "F9K2X", "324123", "345678", "324123x45678", "SM1", "2f6e8f2e-7c1d"] {
            assert!(!letter.is_told_by(told), "{told}");
        }
    }
}
