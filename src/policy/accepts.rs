//! What a policy accepts: forms of codes, numbers to send to, what somebody typed.

use super::{AtLimit, Format, Policy, TestRecipient};
use crate::otp::{Kind, Otp};
use crate::recipient::{DialCode, Recipient};
use crate::timestamp::Timestamp;
use crate::typed::{MalformedCode, Typed};

impl Policy {
    /// Whether a request may have codes of that kind and length.
    pub(crate) fn allows(&self, otp: &Otp) -> bool {
        self.accepted().any(|format| {
            format.kind == otp.kind() && (format.shortest..=format.longest).contains(&otp.length())
        })
    }

    /// Whether messages may go to that number.
    pub(crate) fn reaches(&self, recipient: &Recipient) -> bool {
        let among = |codes: &[DialCode]| codes.iter().any(|code| code.matches(recipient));
        let allowed = self.allowed_dial_codes.is_empty() || among(&self.allowed_dial_codes);
        recipient.dial_code().is_none() || (allowed && !among(&self.denied_dial_codes))
    }

    /// The code of that recipient that is always the same, if there is one now.
    pub(crate) fn fixed_code(&self, recipient: &Recipient, now: Timestamp) -> Option<&Typed> {
        self.test_recipients.iter().find(|test| test.is(recipient, now)).map(TestRecipient::code)
    }

    /// What was typed, if it can be a code at all under this policy.
    pub(crate) fn read(&self, typed: &str) -> Result<Typed, MalformedCode> {
        let typed = Typed::read(typed)?;
        let mut first_problem = None;
        for Format { kind, shortest, longest } in self.accepted() {
            match typed.fit(kind, shortest, longest) {
                Ok(_) => return Ok(typed),
                Err(problem) => first_problem = first_problem.or(Some(problem)),
            }
            let long = if self.makes_longer_codes() { lengthened(kind) } else { longest };
            if typed.fit(kind, long, long).is_ok() {
                return Ok(typed);
            }
        }
        Err(first_problem.unwrap_or(MalformedCode::Length))
    }

    fn makes_longer_codes(&self) -> bool {
        self.longer_codes || self.at_failure_limit == AtLimit::LongerCodes
    }

    pub(super) fn accepted(&self) -> impl Iterator<Item = Format> {
        let standard =
            Format { kind: self.otp.kind(), shortest: self.otp.length(), longest: self.otp.length() };
        std::iter::once(standard).chain(self.formats.iter().copied())
    }
}

/// How long a code of that kind is that has become longer.
fn lengthened(kind: Kind) -> u8 {
    Otp::new(kind, 1).map_or(0, |otp| otp.lengthened().length())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_held_against_every_allowed_format() {
        let policy = Policy::default().allow(Kind::Unambiguous, 8, 10);
        for good in ["123456", "123-456", "oil4 5678", "ABCDEFGH12"] {
            assert!(policy.read(good).is_ok(), "{good}");
        }
        for bad in ["12345", "1234567", "abcdefg", "uuuuuuuu", "ABCDEFGH123", "", " - ", "١٢٣٤٥٦", "12345\0"]
        {
            assert!(policy.read(bad).is_err(), "{bad}");
        }
        assert_eq!(Policy::default().read("12345").err(), Some(MalformedCode::Length));
        assert_eq!(Policy::default().read("12345O").err(), Some(MalformedCode::Character));
    }
}
