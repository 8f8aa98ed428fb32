//! What takes the places of a template.

use std::cell::OnceCell;
use std::time::Duration;

use super::place::Place;
use crate::context::Context;
use crate::otp_id::OtpId;
use crate::recipient::Recipient;
use crate::wiped::SecretText;

/// What one message may say. What takes work to write is written when it is asked for.
pub(crate) struct Values<'a> {
    pub(super) code: &'a str,
    pub(crate) context: &'a Context,
    pub(crate) lifetime: Duration,
    pub(crate) recipient: &'a Recipient,
    /// `None` for a code that is not submitted by its otp id: its links hold the code alone.
    pub(crate) otp_id: Option<&'a OtpId>,
    pub(super) application: &'a str,
    pub(super) page: &'a str,
    pub(super) written: Written,
}

/// What was written already.
#[derive(Default)]
pub(super) struct Written {
    minutes: OnceCell<String>,
    masked: OnceCell<String>,
    link: OnceCell<SecretText>,
}

impl Values<'_> {
    /// What stands in a place.
    #[inline]
    pub(super) fn of(&self, place: Place) -> &str {
        match place {
            Place::Code => self.code,
            Place::Application => self.application,
            Place::End => "",
            other => self.looked_up(other),
        }
    }

    /// The same where it takes work.
    fn looked_up(&self, place: Place) -> &str {
        match place {
            Place::Minutes => {
                let number = minutes(self.lifetime);
                short(number).unwrap_or_else(|| self.written.minutes.get_or_init(|| number.to_string()))
            }
            // GSM-7 has no bullet.
            Place::Recipient => self.written.masked.get_or_init(|| self.recipient.masked().replace('•', "*")),
            Place::Link => self.written.link.get_or_init(|| self.link()),
            _ => place.field().and_then(|field| self.context.value(field)).unwrap_or_default(),
        }
    }

    /// What the page needs stands in the fragment, which browsers keep to themselves: a mail scanner that
    /// fetches the link sends neither code nor otp id anywhere, and so spends nothing.
    fn link(&self) -> SecretText {
        let otp_id = self.otp_id.map(OtpId::to_string);
        let id = otp_id.as_ref().map_or(["", "", ""], |id| ["otp_id=", id, "&"]);
        SecretText::joined(&[self.page, "#", id[0], id[1], id[2], "code=", self.code])
    }
}

/// The whole minutes of a life, so that nobody is promised more than there is, but for the last.
fn minutes(lifetime: Duration) -> u64 {
    (lifetime.as_secs() / 60).max(1)
}

/// The numbers below 100 in two digits each: most codes live for so many minutes.
static TWO_DIGITS: &str = "\
    00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354\
    555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/// A number below 100 in its digits.
fn short(number: u64) -> Option<&'static str> {
    let end = usize::try_from(number).ok()?.checked_mul(2)?.checked_add(2)?;
    TWO_DIGITS.get(end - if number < 10 { 1 } else { 2 }..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_are_written_in_their_digits() {
        for number in 0..100 {
            assert_eq!(short(number), Some(&*number.to_string()));
        }
        assert!([100, 101, u64::MAX / 2, u64::MAX].into_iter().all(|number| short(number).is_none()));
    }
}
