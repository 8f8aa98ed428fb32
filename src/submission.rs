//! What somebody presents, and the proof that it was right.

use std::fmt;

use crate::client_key::ClientKey;
use crate::context::{Context, ContextError, Field};
use crate::grant::Grant;
use crate::otp_id::{OtpId, OtpIdError};
use crate::purpose::{Purpose, PurposeError};
use crate::recipient::Recipient;
use crate::wiped::SecretText;

/// A code as it was typed, under the name of the challenge it is for, with the purposes it is accepted for
/// and the context it is bound to.
///
/// ```
/// # use otp_exchange::{Exchanger, Keyring, MemoryStore, Outbox, Recipient, Request, Submission};
/// # pollster::block_on(async {
/// # let outbox = Outbox::new();
/// # let otp = Exchanger::builder(MemoryStore::new(10), outbox.clone(), Keyring::generate()?).build()?;
/// # let ada = Recipient::parse("ada@example.org")?;
/// let sent = otp.send(Request::new("payment", &ada).bind("amount", "12.50 EUR").bind("payee", "ACME")).await?;
/// # let typed = outbox.code_for(&ada).expect("sent");
/// # let typed = typed.expose();
/// let submission = Submission::by_id(&sent.otp_id, typed)
///     .purpose("payment")
///     .bind("amount", "12.50 EUR")
///     .bind("payee", "ACME");
/// let proof = otp.verify(submission).await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Submission {
    pub(crate) named: Named,
    pub(crate) typed: SecretText,
    pub(crate) purposes: Vec<Result<Purpose, PurposeError>>,
    pub(crate) context: Context,
    pub(crate) client: Option<ClientKey>,
}

#[derive(Clone, Debug)]
pub(crate) enum Named {
    OtpId(OtpId),
    Recipient(Recipient),
    Code,
}

impl Submission {
    /// For the challenge of that otp id. `typed` is what the person typed; trim line ends off, the rest is
    /// read forgivingly.
    pub fn by_id(otp_id: &OtpId, typed: &str) -> Self {
        Self::of(Named::OtpId(*otp_id), typed)
    }

    /// For any challenge of this recipient made with [`Request::by_recipient`](crate::Request::by_recipient).
    pub fn by_recipient(recipient: &Recipient, typed: &str) -> Self {
        Self::of(Named::Recipient(recipient.clone()), typed)
    }

    /// For the one code that looks just so, made with [`Request::by_code`](crate::Request::by_code). It needs
    /// a [client](Self::client): guesses at such codes are limited for each.
    pub fn by_code(typed: &str) -> Self {
        Self::of(Named::Code, typed)
    }

    fn of(named: Named, typed: &str) -> Self {
        let typed = SecretText::from(typed.to_owned());
        Self { named, typed, purposes: Vec::new(), context: Context::default(), client: None }
    }

    /// Who submits, as far as the application can tell: an IP address, a device. Its submissions are counted.
    pub fn client(self, client: ClientKey) -> Self {
        Self { client: Some(client), ..self }
    }

    /// Accepts a code for logging in.
    pub fn login(self) -> Self {
        self.accept(Ok(Purpose::LOGIN))
    }

    /// Accepts a code for registering.
    pub fn register(self) -> Self {
        self.accept(Ok(Purpose::REGISTER))
    }

    /// Accepts a code for a purpose of your own. Every submission names at least one purpose; it may name
    /// several.
    pub fn purpose(self, purpose: impl AsRef<str>) -> Self {
        self.accept(Purpose::parse(purpose.as_ref()))
    }

    /// The fact the code must have been bound to; see [`Request::bind`](crate::Request::bind).
    pub fn bind(mut self, field: impl Into<Field>, value: impl Into<String>) -> Self {
        self.context.bind(field.into(), value.into());
        self
    }

    fn accept(mut self, purpose: Result<Purpose, PurposeError>) -> Self {
        self.purposes.push(purpose);
        self
    }
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission")
            .field("named", &self.named)
            .field("purposes", &self.purposes)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

/// That a submission was right, and for whom.
///
/// It does not repeat the bound context; keep that from the submission.
///
/// Only [`verify`](crate::Exchanger::verify) makes one, once for a code; it cannot be cloned, and whoever
/// uses it up takes it.
#[must_use = "dropping a proof wastes the code"]
pub struct Proof {
    pub(crate) subject: String,
    pub(crate) recipient: Recipient,
    pub(crate) purpose: Purpose,
    pub(crate) grant: Grant,
    pub(crate) realm: [u8; 16],
}

impl Proof {
    /// Who is proven: the subject named when the code was requested, else the recipient's canonical address.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The address the code was requested for. Where the request named a
    /// [fallback](crate::Request::fallback), the code may have reached that one instead.
    pub fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// What the code was for.
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// The scopes the grant named.
    pub fn scopes(&self) -> &[String] {
        &self.grant.scopes
    }

    /// The redirect URL the grant named.
    pub fn redirect_url(&self) -> Option<&str> {
        self.grant.redirect_url.as_deref()
    }

    /// The grant's metadata.
    pub fn metadata(&self) -> &std::collections::BTreeMap<String, String> {
        &self.grant.metadata
    }

    /// Uses the proof up for a session of your own.
    pub fn into_subject(self) -> String {
        self.subject
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof")
            .field("recipient", &self.recipient)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

/// The one answer to a code that is wrong, expired, spent or unknown. Beyond the attempts left, nothing says
/// which of them it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("refused: the code is wrong, expired, used or unknown")]
#[non_exhaustive]
pub struct Refused {
    /// How often the code may still be tried, when it was named by its otp id; 0 when there was nothing to
    /// compare it with: dead, never there, for another purpose, or its recipient is blocked. `None` when it
    /// was named by its recipient or by nothing but itself, for that would tell a stranger what others do.
    pub attempts_left: Option<u8>,
}

/// Why a submission is malformed, whichever codes there are. No attempt was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmissionError {
    /// The otp id.
    #[error(transparent)]
    OtpId(#[from] OtpIdError),
    /// A code alone, from nobody in particular.
    #[error("submission: a code alone needs the client it comes from; name it with client()")]
    NoClient,
    /// It accepts no purpose.
    #[error("submission: names no purpose; say which it accepts, with login() say")]
    NoPurpose,
    /// A purpose.
    #[error(transparent)]
    Purpose(#[from] PurposeError),
    /// The bound context.
    #[error(transparent)]
    Context(#[from] ContextError),
}
