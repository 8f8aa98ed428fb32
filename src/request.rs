//! What an application asks to be sent.

use std::fmt;
use std::time::Duration;

use crate::client_key::ClientKey;
use crate::context::{Context, ContextError, Field};
use crate::grant::{Grant, MAX_GRANT_BYTES, Principal};
use crate::message::{Locale, TemplateError};
use crate::otp::{Kind, Otp};
use crate::purpose::{Purpose, PurposeError};
use crate::recipient::{Channel, Recipient};
use crate::risk::{Bits, Risk};

/// A code to be made and sent: to whom, for what, and what it will be worth.
///
/// Only recipient and purpose are needed; everything else takes the policy's default. Nothing is checked
/// until the request is used, so that it can be put together in one go.
///
/// ```
/// # use std::time::Duration;
/// use otp_exchange::{Grant, Kind, Otp, Recipient, Request};
/// # let ada = Recipient::parse("ada@example.org")?;
/// let request = Request::new("payment", &ada)
///     .bind("amount", "12.50 EUR")
///     .bind("payee", "ACME")
///     .otp(Otp::new(Kind::Numeric, 6)?.template("Pay 12.50 EUR to ACME with {{CODE}}")?)
///     .lifetime(Duration::from_secs(120))
///     .grant(Grant::for_subject("user-17").scope("payment:confirm"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Request {
    pub(crate) recipient: Recipient,
    pub(crate) purpose: Result<Purpose, PurposeError>,
    pub(crate) answers_to: AnswersTo,
    pub(crate) otp: Option<Otp>,
    pub(crate) template: Option<String>,
    pub(crate) locale: Option<Locale>,
    pub(crate) fallback: Option<Recipient>,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) attempts: Option<u8>,
    pub(crate) context: Context,
    pub(crate) grant: Grant,
    pub(crate) principal: Option<Principal>,
    pub(crate) decoy: bool,
    pub(crate) account_exists: Option<bool>,
    pub(crate) client: Option<ClientKey>,
    pub(crate) idempotency_key: Option<String>,
}

/// The one name a challenge answers to, fixed when it is issued. So whoever only knows an address can neither
/// spend nor void a challenge named by its otp id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum AnswersTo {
    OtpId,
    Recipient,
    Code,
}

impl Request {
    /// A code for logging in.
    pub fn login(recipient: &Recipient) -> Self {
        Self::of(Ok(Purpose::LOGIN), recipient)
    }

    /// A code for registering.
    pub fn register(recipient: &Recipient) -> Self {
        Self::of(Ok(Purpose::REGISTER), recipient)
    }

    /// A code for a purpose of your own; see [`Purpose::parse`].
    pub fn new(purpose: impl AsRef<str>, recipient: &Recipient) -> Self {
        Self::of(Purpose::parse(purpose.as_ref()), recipient)
    }

    fn of(purpose: Result<Purpose, PurposeError>, recipient: &Recipient) -> Self {
        Self {
            recipient: recipient.clone(),
            purpose,
            answers_to: AnswersTo::OtpId,
            otp: None,
            template: None,
            locale: None,
            fallback: None,
            lifetime: None,
            attempts: None,
            context: Context::default(),
            grant: Grant::default(),
            principal: None,
            decoy: false,
            account_exists: None,
            client: None,
            idempotency_key: None,
        }
    }

    /// Makes the code answer to the recipient (and purpose) instead of the otp id: for clients that keep no
    /// otp id.
    ///
    /// Whoever knows the address can then spend its attempts, and whoever carries the message can use its
    /// code: prefer the otp id where the client can hold it.
    pub fn by_recipient(self) -> Self {
        Self { answers_to: AnswersTo::Recipient, ..self }
    }

    /// Makes the code answer to nothing but itself: for clients that keep nothing at all. The policy has to
    /// [allow it](crate::Policy::code_alone). Such a code is made and sent in one go by
    /// [`send`](crate::Exchanger::send), and cannot be sent again.
    pub fn by_code(self) -> Self {
        Self { answers_to: AnswersTo::Code, ..self }
    }

    /// Who asks, as far as the application can tell: an IP address, a device. Its messages are counted by
    /// [`Policy::client_sends`](crate::Policy::client_sends); without one they are not, and everybody who
    /// asks for this recipient's codes shares one place.
    ///
    /// A client that asked for a code by otp id which then was right is *known* to this recipient for 30
    /// days, the latest three are: strangers cannot take its turn or its room. [`ClientKey`] says what to
    /// pass.
    pub fn client(self, client: ClientKey) -> Self {
        Self { client: Some(client), ..self }
    }

    /// Makes the same request, sent once more by an impatient finger or a client that lost the reply, lead to
    /// the same code while that lives, and to no second message: 16 to 255 bytes that nobody can guess, a
    /// fresh UUID for each press of the button say. It has to be just the same request, from the same
    /// client, for the same recipient. The receipt of the second one does not say whether the message of
    /// the first was handed over; where that failed, [`deliver`](crate::Exchanger::deliver) sends it.
    pub fn idempotency_key(self, key: impl Into<String>) -> Self {
        Self { idempotency_key: Some(key.into()), ..self }
    }

    /// What this code looks like: a kind and length that the policy [allows](crate::Policy::allow), and its
    /// template.
    pub fn otp(self, otp: Otp) -> Self {
        Self { otp: Some(otp), ..self }
    }

    /// The text for this code, in place of the otp's and the catalogue's: `{{CODE}}` exactly once, at most
    /// 480 bytes. As an SMS it gets the catalogue's autofill lines, as an email its subject and no HTML.
    pub fn template(self, template: impl Into<String>) -> Self {
        Self { template: Some(template.into()), ..self }
    }

    /// The person's language, a BCP 47 tag of at most 35 characters: the [catalogue](crate::Catalogue) writes
    /// in the nearest it has. Of a list, as in `Accept-Language`, the first counts. What is no tag counts as
    /// none, so it may come from anybody.
    pub fn locale(self, locale: impl AsRef<str>) -> Self {
        let first = locale.as_ref().split([',', ';']).next().unwrap_or_default();
        Self { locale: Locale::parse(first), ..self }
    }

    /// Another address of the same person: if the message cannot be handed over to this request's phone
    /// number, the same code goes to that email address at once. It is held to the same rules as if it were
    /// the recipient, and counts as the same message.
    ///
    /// **Pass a confirmed address from your user record, never one from the form.** Whoever reads it signs in
    /// as the owner of the phone: with a number that no SMS reaches, anybody could name an address of their
    /// own. For the same reason a code for registering or confirming, which proves an address, has no
    /// fallback.
    pub fn fallback(self, email: &Recipient) -> Self {
        Self { fallback: Some(email.clone()), ..self }
    }

    /// How long the code lives: from 1 s to the policy's [longest](crate::Policy::longest_lifetime); above 15
    /// minutes only for a [principal](Self::requested_by).
    pub fn lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime: Some(lifetime), ..self }
    }

    /// How often the code may be tried: from once to as often as the [policy](crate::Policy::attempts) has
    /// it.
    pub fn attempts(self, attempts: u8) -> Self {
        Self { attempts: Some(attempts), ..self }
    }

    /// Ties the code to a fact: the submission must bind the same names to the same values, no more and no
    /// fewer. The names `amount`, `payee`, `device`, `session` and `tenant` are those of [`Field`]; a
    /// template can show them, as `{{AMOUNT}}` say.
    pub fn bind(mut self, field: impl Into<Field>, value: impl Into<String>) -> Self {
        self.context.bind(field.into(), value.into());
        self
    }

    /// What the code will be worth.
    pub fn grant(self, grant: Grant) -> Self {
        Self { grant, ..self }
    }

    /// Who asks. The grant may then have only scopes that this principal holds. **A grant that names no scope
    /// gets all of the principal's.**
    pub fn requested_by(self, principal: Principal) -> Self {
        Self { principal: Some(principal), ..self }
    }

    /// Whether the application has an account for this recipient. Then whoever registers with one, or asks
    /// for anything else without one, gets a decoy. Without this call nothing is concluded.
    pub fn account_exists(self, exists: bool) -> Self {
        Self { account_exists: Some(exists), ..self }
    }

    /// Makes everything happen but the message, and no code right: the answer to somebody who may not sign
    /// in, which looks just like the one to somebody who may. Give it a grant of about the same size, too.
    pub fn decoy(self, decoy: bool) -> Self {
        Self { decoy, ..self }
    }
}

impl fmt::Debug for Request {
    /// Without the idempotency key: whoever has that gets the receipt.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("recipient", &self.recipient)
            .field("purpose", &self.purpose)
            .field("answers_to", &self.answers_to)
            .field("otp", &self.otp)
            .field("locale", &self.locale)
            .field("lifetime", &self.lifetime)
            .field("attempts", &self.attempts)
            .field("context", &self.context)
            .field("grant", &self.grant)
            .field("principal", &self.principal)
            .finish_non_exhaustive()
    }
}

/// Which part of a request is wrong, and what would be right. Nothing was stored or sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The purpose.
    #[error(transparent)]
    Purpose(#[from] PurposeError),
    /// The purpose of sessions that began without a code.
    #[error("purpose: `issued` is for tokens issued without a code; name another")]
    ReservedPurpose,
    /// The template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The bound context.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// A kind and length that the policy does not allow.
    #[error("otp: {kind:?} of length {length} is not allowed; allow it with Policy::allow")]
    FormatNotAllowed {
        /// The kind that was asked for.
        kind: Kind,
        /// The length that was asked for.
        length: u8,
    },
    /// The code's lifetime.
    #[error("lifetime: {given:?}; must be from 1 second to the policy's longest_lifetime, {longest:?}")]
    Lifetime {
        /// The lifetime that was asked for.
        given: Duration,
        /// The longest that the policy lets a request ask for.
        longest: Duration,
    },
    /// A long life for a code that anybody may ask for.
    #[error("lifetime: above 15 minutes only for a principal; name who asks with requested_by")]
    NoPrincipal,
    /// One code that is easier to guess than what is accepted for a whole day.
    #[error(
        "risk: the code would be guessed with {risk}, and {accepted} is accepted; ask for a longer code or fewer attempts, or raise Policy::accept_risk"
    )]
    Risk {
        /// How likely it would be guessed.
        risk: Risk,
        /// How likely it may be for one recipient and day.
        accepted: Risk,
    },
    /// A code that answers to its recipient.
    #[error("by_recipient: not allowed; use the otp id, or allow it with Policy::by_recipient")]
    NotByRecipient,
    /// A code that answers to nothing but itself.
    #[error(
        "by_code: not allowed, for a test recipient, or not of the kind of the policy's otp; allow it with Policy::code_alone, and ask for that kind"
    )]
    NotByCode,
    /// A code alone that is too easy to guess.
    #[error("by_code: the code has {has} bits and needs {needed} for its lifetime; ask for a longer one")]
    AloneTooShort {
        /// How many bits it needs.
        needed: Bits,
        /// How many it has.
        has: Bits,
    },
    /// A code alone is made and sent in one go.
    #[error("by_code: such a code cannot be issued now and delivered later; use send")]
    AloneIsSent,
    /// The country calling code.
    #[error(
        "recipient: no messages go to numbers of this country; see Policy::allow_dial_codes and deny_dial_codes"
    )]
    DialCode,
    /// Email.
    #[error(
        "recipient: this policy does not accept email as an authenticator; send to a phone, or see Policy::email_signs_in"
    )]
    Email,
    /// A field that has to be bound.
    #[error("bound context: {} is not bound; bind it", field.as_str())]
    NotBound {
        /// Which.
        field: Field,
    },
    /// A field that has to be shown.
    #[error("template: does not show {}; add its variable", field.as_str())]
    NotShown {
        /// Which.
        field: Field,
    },
    /// The idempotency key.
    #[error("idempotency key: must have 16 to 255 bytes, a UUID say, and is not for by_code")]
    IdempotencyKey,
    /// The attempts.
    #[error("attempts: {given}; must be from 1 to the policy's attempts, {most}")]
    Attempts {
        /// The attempts that were asked for.
        given: u8,
        /// The most that the policy lets a request ask for.
        most: u8,
    },
    /// The fallback.
    #[error(
        "fallback: must be an email address beside a phone number, no test recipient, and not where the code proves an address (register, confirm)"
    )]
    Fallback,
    /// Too long an SMS.
    #[error(
        "message: {segments} segments with the longest code, and at most {most} may be; bind shorter values, or shorten the template"
    )]
    Segments {
        /// How many there would be.
        segments: usize,
        /// How many there may be: see
        /// [`CatalogueBuilder::most_segments`](crate::CatalogueBuilder::most_segments).
        most: usize,
    },
    /// No text.
    #[error(
        "message: the catalogue has no text for this channel, {channel:?}; add a wording, or let ready_texts stand in"
    )]
    NoText {
        /// Which channel.
        channel: Channel,
    },
    /// The grant's subject.
    #[error("grant: subject must have 1 to 255 bytes and no control character")]
    Subject,
    /// One of the grant's scopes.
    #[error(
        "grant: a scope must be printable ASCII without space, quote and backslash (RFC 6749 section 3.3)"
    )]
    Scope,
    /// The role of the principal may not issue tokens.
    #[error("principal: only an administrator or developer issues tokens for others")]
    NotAdministrator,
    /// A scope that whoever asks does not hold.
    #[error("grant: a scope that the requesting principal does not hold; leave it out")]
    ScopeNotHeld,
    /// The grant's token lifetime.
    #[error("grant: token lifetime must be whole seconds, from 1 second to 30 days")]
    TokenLifetime,
    /// The grant's redirect URL.
    #[error("grant: redirect URL is not allowed; allow it, to the letter, with Policy::allow_redirect")]
    Redirect,
    /// The grant's metadata.
    #[error("grant: metadata needs names, and no control characters")]
    Metadata,
    /// The grant is too large.
    #[error(
        "grant: {bytes} bytes; at most {MAX_GRANT_BYTES}, keep what is large under the subject in your own database"
    )]
    GrantTooLarge {
        /// The bytes of all its texts, and two for each of them.
        bytes: usize,
    },
}
