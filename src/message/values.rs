//! What takes the places of a template.

use std::cell::OnceCell;
use std::time::Duration;

use zeroize::Zeroizing;

use super::template::Place;
use crate::context::Context;
use crate::otp_id::OtpId;
use crate::recipient::Recipient;

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
    link: OnceCell<Zeroizing<String>>,
}

impl Values<'_> {
    /// What stands in a place.
    pub(super) fn of(&self, place: Place) -> &str {
        match place {
            Place::Code => self.code,
            Place::Minutes => self.written.minutes.get_or_init(|| minutes(self.lifetime).to_string()),
            Place::Application => self.application,
            Place::Recipient => self.written.masked.get_or_init(|| self.recipient.masked().replace('•', "*")), /* GSM-7 has no bullet */
            Place::Link => self.written.link.get_or_init(|| self.link()),
            Place::Field(_) => place.field().and_then(|field| self.context.value(field)).unwrap_or_default(),
            Place::End => "",
        }
    }

    /// What the page needs stands in the fragment, which browsers keep to themselves: a mail scanner that
    /// fetches the link sends neither code nor otp id anywhere, and so spends nothing.
    fn link(&self) -> Zeroizing<String> {
        let otp_id = self.otp_id.map(OtpId::to_string);
        let id = otp_id.as_ref().map_or(["", "", ""], |id| ["otp_id=", id, "&"]);
        joined(&[self.page, "#", id[0], id[1], id[2], "code=", self.code])
    }
}

/// The parts as one secret text, which never grows and so leaves no stale copy.
pub(super) fn joined(parts: &[&str]) -> Zeroizing<String> {
    let mut whole = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    for part in parts {
        whole.push_str(part);
    }
    whole
}

/// The whole minutes of a life, so that nobody is promised more than there is, but for the last.
fn minutes(lifetime: Duration) -> u64 {
    (lifetime.as_secs() / 60).max(1)
}
