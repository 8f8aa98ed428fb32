//! What an application learns of a code that is on its way.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::code::Code;
use crate::message::Segments;
use crate::otp_id::OtpId;
use crate::recipient::Channel;
use crate::timestamp::Timestamp;
use crate::wiped::SecretText;

/// What the application learns of a code that is on its way.
///
/// Code and text are kept out of `Debug` and open only by [`expose`](Receipt::expose): a public endpoint has
/// no use for them, a caller that sends messages on others' behalf may.
#[non_exhaustive]
pub struct Receipt {
    /// The public name of the challenge; hand it to whoever will submit the code.
    pub otp_id: OtpId,
    /// How often the code may still be tried.
    pub attempts: u8,
    /// How long the code still lives, counted from when this receipt was made.
    pub lifetime: Duration,
    /// From when on the code is dead.
    pub expires_at: Timestamp,
    /// When the same code may be sent again, once it has been delivered; one that was only issued may be
    /// delivered at once. When a new one may be requested is counted apart: see
    /// [`Policy::send_spacing`](crate::Policy::send_spacing).
    pub resend_at: Timestamp,
    /// How many characters the code has. Where the accepted risk is spent it is longer than usual; make the
    /// form that long.
    pub length: u8,
    pub(crate) code: Code,
    /// Shared with the message.
    pub(crate) text: Arc<SecretText>,
    pub(crate) channel: Channel,
    pub(crate) message_id: Option<String>,
    /// Counted before another message than the first took its place.
    pub(crate) total_messages: Option<usize>,
}

/// The code and text behind a [`Receipt`].
#[non_exhaustive]
pub struct Exposed<'a> {
    /// The code alone.
    pub code: &'a str,
    /// The whole text, of an email the plain part: that for the [fallback](crate::Request::fallback) if that was
    /// taken.
    pub text: &'a str,
    /// How that text travels.
    pub channel: Channel,
    /// What the carrier calls the message, if one was handed over now and the carrier said. A decoy has
    /// none.
    pub message_id: Option<&'a str>,
}

impl Receipt {
    /// How many messages a carrier counts: the segments of an SMS, 1 for an email. It is that of the message
    /// for the recipient, whether a [fallback](crate::Request::fallback) was taken or the code is a decoy's: so it
    /// tells a stranger nothing.
    pub fn total_messages(&self) -> usize {
        self.total_messages.unwrap_or_else(|| match self.channel {
            Channel::Sms => Segments::of(&self.text).segments,
            Channel::Email => 1,
        })
    }

    /// Another message than that for the recipient took its place.
    pub(crate) fn replace(&mut self, text: Arc<SecretText>, channel: Channel) {
        self.total_messages = Some(self.total_messages());
        (self.text, self.channel) = (text, channel);
    }

    /// The code and the text it was sent in, for a caller that may know them (some messaging APIs answer with
    /// both). Never pass them to whoever has to prove that they got the message.
    pub fn expose(&self) -> Exposed<'_> {
        let message_id = self.message_id.as_deref();
        Exposed { code: self.code.expose(), text: &self.text, channel: self.channel, message_id }
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("otp_id", &self.otp_id)
            .field("attempts", &self.attempts)
            .field("expires_at", &self.expires_at)
            .field("resend_at", &self.resend_at)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Exposed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exposed(redacted)")
    }
}
