//! Messages: the template a code is put into, and what a notifier is handed.

mod template;

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::code::Code;
use crate::purpose::Purpose;
use crate::recipient::Recipient;

pub use template::{MAX_TEMPLATE_BYTES, Template, TemplateError};

/// One message to one person, as handed to a [`Notifier`](crate::Notifier).
///
/// Text and code are secrets: redacted in `Debug`, wiped when dropped, opened by
/// [`expose_text`](Message::expose_text) and [`expose_code`](Message::expose_code).
pub struct Message {
    pub(crate) recipient: Recipient,
    pub(crate) text: Zeroizing<String>,
    pub(crate) code: Code,
    pub(crate) purpose: Purpose,
    pub(crate) locale: Option<String>,
    pub(crate) lifetime: Duration,
}

impl Message {
    /// Where it goes: the spelling given when the code was issued.
    pub fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// The whole text, code included, as the person shall read it.
    pub fn expose_text(&self) -> &str {
        &self.text
    }

    /// The code alone, for notifiers that build their own text.
    pub fn expose_code(&self) -> &str {
        self.code.expose()
    }

    /// What the code is for.
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// The language the request asked for (a BCP 47 tag), if any.
    pub fn locale(&self) -> Option<&str> {
        self.locale.as_deref()
    }

    /// How much longer the code lives, counted from when this message was made.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("recipient", &self.recipient)
            .field("purpose", &self.purpose)
            .field("locale", &self.locale)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}
