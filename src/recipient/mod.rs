//! Where a code goes: an email address or a phone number, parsed once, in one canonical form everywhere.

mod dial_code;
mod email;
mod phone;

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub use dial_code::{DialCode, DialCodeError};
pub use email::EmailError;
pub(crate) use email::is_domain;
pub use phone::PhoneError;

/// The way a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Email, to an RFC 5321 mailbox.
    Email,
    /// SMS, to an E.164 number.
    Sms,
}

/// A parsed email address or phone number.
///
/// Two recipients are equal if their [canonical](Self::canonical) forms are: for email ASCII case is folded,
/// a phone number is `+` and its digits. A message goes to the [spelling given](Self::address).
///
/// **Pass the address from your user record, not the one just typed.** Spellings that this crate takes for
/// the same mailbox may be two mailboxes to a mail server that does not fold case; sent to the stored
/// spelling, a code can only reach the account's owner (CVE-2019-19844).
///
/// `Debug` shows the [masked](Self::masked) form; there is no `Display`, so an address does not slip into a
/// log.
///
/// ```
/// use otp_exchange::{Channel, Recipient};
/// let ada = Recipient::parse("Ada@Example.org")?;
/// assert_eq!(ada, Recipient::parse("ada@example.org")?);
/// assert_eq!(ada.address(), "Ada@Example.org");
/// assert_eq!(ada.masked(), "A•••@Example.org");
///
/// let phone = Recipient::parse("32 (412) 34-56-78")?;
/// assert_eq!(phone.channel(), Channel::Sms);
/// assert_eq!(phone.address(), "+32412345678");
/// assert_eq!(phone.masked(), "+32•••••78");
/// # Ok::<(), otp_exchange::RecipientError>(())
/// ```
#[derive(Clone)]
pub struct Recipient {
    channel: Channel,
    /// Shared: a recipient goes with the request, the code and every message.
    address: Arc<str>,
}

impl Recipient {
    /// Reads an email address if there is an `@` in it, a phone number otherwise.
    ///
    /// Email (RFC 5321 sections 4.1.2 and 4.5.3.1): a dot-atom of at most 64 octets, `@`, and a domain name
    /// in ASCII (punycode for others) of at most 255, 254 in all; no quoted local part, no address
    /// literal.
    ///
    /// Phone (E.164): 7 to 15 digits that begin with the country code, with or without `+`; spaces, dots,
    /// hyphens and parentheses between them are dropped, a trunk zero in parentheses is refused.
    ///
    /// # Errors
    /// [`RecipientError`] says what is wrong with which part, without repeating the address.
    pub fn parse(address: &str) -> Result<Self, RecipientError> {
        if address.is_empty() {
            return Err(RecipientError::Empty);
        }
        if address.contains('@') {
            email::check(address).map_err(RecipientError::Email)?;
            return Ok(Self { channel: Channel::Email, address: address.into() });
        }
        let number = phone::canonical(address).map_err(RecipientError::Phone)?;
        Ok(Self { channel: Channel::Sms, address: number.into() })
    }

    /// Email or SMS.
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// The address to deliver to: an email address as it was spelled, a phone number as `+` and digits.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The one form in which recipients are compared and named: ASCII lower case, or `+` and digits.
    pub fn canonical(&self) -> String {
        self.canonical_form().into_owned()
    }

    /// The same, not copied where the address is spelled so already.
    pub(crate) fn canonical_form(&self) -> Cow<'_, str> {
        let is_canonical = !self.address.bytes().any(|byte| byte.is_ascii_uppercase());
        if is_canonical {
            Cow::Borrowed(&self.address)
        } else {
            Cow::Owned(self.address.to_ascii_lowercase())
        }
    }

    /// The country calling code of a phone number, digits only, `32` say; `None` for email.
    ///
    /// Source: the ITU-T list of E.164 assigned country codes. Some countries share a code: `1` is all of
    /// North America and much of the Caribbean. Digits that begin no assigned code give the three that a new
    /// code there would have.
    pub fn dial_code(&self) -> Option<&str> {
        match self.channel {
            Channel::Email => None,
            Channel::Sms => Some(dial_code::of(&self.address)),
        }
    }

    /// A form to show to people and write to logs: `a•••@example.org`, `+32•••••78`.
    ///
    /// Of an email address it keeps the first character of a local part of two or more and the domain, of a
    /// number the first and last two digits.
    pub fn masked(&self) -> String {
        match self.address.split_once('@') {
            Some((local, domain)) => {
                let first = if local.len() > 1 { &local[..1] } else { "" }; // ASCII: see `email::check`
                [first, "•••@", domain].concat()
            }
            None => [&self.address[..3], "•••••", &self.address[self.address.len() - 2..]].concat(), /* 8 to 16 ASCII */
        }
    }

    /// Back from a sealed entry, where only parsed addresses lie.
    pub(crate) fn restore(channel: Channel, address: &str) -> Self {
        Self { channel, address: address.into() }
    }
}

/// How a recipient is written inside a sealed entry, and only there: channel and address.
pub(crate) mod sealed {
    use super::{Channel, Recipient};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(recipient: &Recipient, serializer: S) -> Result<S::Ok, S::Error> {
        (recipient.channel, recipient.address()).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Recipient, D::Error> {
        let (channel, address) = <(Channel, &str)>::deserialize(deserializer)?;
        Ok(Recipient::restore(channel, address))
    }
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Self) -> bool {
        self.channel == other.channel && self.address.eq_ignore_ascii_case(&other.address)
    }
}

impl Eq for Recipient {}

impl Hash for Recipient {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.canonical().hash(state);
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.masked())
    }
}

/// What is wrong with an address, and with which part of it. It never holds the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecipientError {
    /// There is nothing.
    #[error("recipient: is empty; pass an email address or a phone number")]
    Empty,
    /// There is an `@` in it, but it is no email address.
    #[error("recipient: email {0}")]
    Email(EmailError),
    /// There is no `@` in it, and it is no phone number.
    #[error("recipient: no @ in it, so read as a phone number: {0}")]
    Phone(PhoneError),
}
