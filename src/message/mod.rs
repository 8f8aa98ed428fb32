//! Messages: the texts a code is put into, and what a notifier is handed.

mod autofill;
mod build;
mod catalogue;
mod choose;
mod error;
mod form;
mod html;
mod lint;
mod locale;
mod place;
mod ready;
mod sms;
mod template;
mod values;
mod wording;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::code::Code;
use crate::delivery::DeliveryId;
use crate::purpose::Purpose;
use crate::recipient::{Channel, Recipient};
use crate::wiped::SecretText;

pub use autofill::{Autofill, AutofillError};
pub use build::CatalogueBuilder;
pub use catalogue::Catalogue;
pub(crate) use catalogue::{Parts, TooMany};
pub(crate) use choose::{Lack, Occasion};
pub use error::{CatalogueError, TemplateError};
pub use lint::{Lint, Longest, Preview};
pub(crate) use locale::Locale;
pub use sms::{Encoding, Segments};
pub use template::{MAX_TEMPLATE_BYTES, Template};
pub(crate) use values::Values;
pub(crate) use wording::Chosen;
pub use wording::{Part, Wording};

/// So many digits of a number in a row say whose it is, and hardly ever come about by chance.
const TELLING_DIGITS: usize = 7;

/// One message to one person, as handed to a [`Notifier`](crate::Notifier): written already, to be carried as
/// it is.
///
/// What it says is secret: redacted in `Debug`, wiped when dropped, opened by the methods that begin with
/// `expose`.
pub struct Message {
    pub(crate) recipient: Recipient,
    pub(crate) subject: Option<SecretText>,
    pub(crate) text: Arc<SecretText>,
    pub(crate) html: Option<SecretText>,
    pub(crate) language: Option<Arc<str>>,
    pub(crate) code: Code,
    pub(crate) purpose: Purpose,
    pub(crate) locale: Option<Locale>,
    pub(crate) lifetime: Duration,
    pub(crate) delivery_id: DeliveryId,
}

impl Message {
    /// Where it goes: the spelling given when the code was issued.
    pub fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// The subject of an email: one line, without control characters. An SMS has none.
    pub fn expose_subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The whole text, code included, as the person shall read it: of an SMS all there is, of an email the
    /// plain part. Lines end with `\n`.
    pub fn expose_text(&self) -> &str {
        &self.text
    }

    /// How an SMS is encoded and how many segments it takes; `None` for an email.
    pub fn segments(&self) -> Option<Segments> {
        (self.recipient.channel() == Channel::Sms).then(|| Segments::of(&self.text))
    }

    /// The HTML part of an email, if there is one: a whole document.
    pub fn expose_html(&self) -> Option<&str> {
        self.html.as_deref()
    }

    /// The code alone, for notifiers that build their own text.
    pub fn expose_code(&self) -> &str {
        self.code.expose()
    }

    /// The language it is written in (a BCP 47 tag), if the catalogue wrote it.
    pub fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// What the code is for.
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// The language the request asked for (a BCP 47 tag), if any.
    pub fn locale(&self) -> Option<&str> {
        self.locale.as_ref().map(Locale::as_str)
    }

    /// How much longer the code lives, counted from when this message was made.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// What to name the delivery by towards the carrier, so that its notices can be
    /// [reported](crate::Exchanger::report).
    pub fn delivery_id(&self) -> DeliveryId {
        self.delivery_id
    }

    /// Whether somebody who reads `words` reads the code or the address: all of an email address, or so many
    /// digits of a number in a row, however they are punctuated.
    pub(crate) fn is_told_by(&self, words: &str) -> bool {
        let characters = words.chars().filter(char::is_ascii_alphanumeric);
        let plain: String = characters.map(|character| character.to_ascii_uppercase()).collect();
        let holds = |part: &[u8]| plain.as_bytes().windows(part.len()).any(|found| found == part);
        let address = match self.recipient.channel() {
            Channel::Email => words.to_ascii_lowercase().contains(&*self.recipient.canonical_form()),
            Channel::Sms => self.recipient.address().as_bytes()[1..].windows(TELLING_DIGITS).any(holds), // after the `+`
        };
        address || holds(self.code.expose().as_bytes())
    }

    /// A second copy, for the outbox.
    pub(crate) fn duplicate(&self) -> Self {
        Self {
            recipient: self.recipient.clone(),
            subject: self.subject.clone(),
            text: self.text.clone(),
            html: self.html.clone(),
            language: self.language.clone(),
            code: self.code.duplicate(),
            purpose: self.purpose.clone(),
            locale: self.locale.clone(),
            lifetime: self.lifetime,
            delivery_id: self.delivery_id,
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("recipient", &self.recipient)
            .field("purpose", &self.purpose)
            .field("language", &self.language)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}
