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
    minutes: OnceCell<Digits>,
    masked: OnceCell<String>,
    link: OnceCell<SecretText>,
}

impl Values<'_> {
    /// What stands in a place.
    pub(super) fn of(&self, place: Place) -> &str {
        match place {
            Place::Code => self.code,
            Place::Minutes => {
                self.written.minutes.get_or_init(|| Digits::of(minutes(self.lifetime))).as_str()
            }
            Place::Application => self.application,
            Place::Recipient => self.written.masked.get_or_init(|| self.recipient.masked().replace('•', "*")), /* GSM-7 has no bullet */
            Place::Link => self.written.link.get_or_init(|| self.link()),
            Place::Field(_) => place.field().and_then(|field| self.context.value(field)).unwrap_or_default(),
            Place::End => "",
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

/// A number in decimal digits.
struct Digits {
    written: [u8; LONGEST_NUMBER],
    start: usize,
}

/// As many digits as the greatest number has.
const LONGEST_NUMBER: usize = 20;

impl Digits {
    fn of(mut number: u64) -> Self {
        let (mut written, mut start) = ([b'0'; LONGEST_NUMBER], LONGEST_NUMBER - 1);
        loop {
            written[start] = b"0123456789"[(number % 10) as usize];
            number /= 10;
            if number == 0 {
                return Self { written, start };
            }
            start -= 1;
        }
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.written[self.start..]).unwrap_or_default() // digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_is_written_in_its_digits() {
        for number in [0, 1, 9, 10, 19, 100, 1_440, 99_999, u64::MAX / 10, u64::MAX] {
            assert_eq!(Digits::of(number).as_str(), number.to_string());
        }
    }
}
