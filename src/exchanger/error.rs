//! How the flows end otherwise.

use std::time::Duration;

use crate::crypto::{MalformedToken, OpenError};
use crate::delivery::DeliveryIdError;
use crate::entropy_error::EntropyError;
use crate::otp_id::OtpIdError;
use crate::ports::{IssuerError, NotifyError, StoreError};
use crate::receipt::Receipt;
use crate::request::RequestError;
use crate::rules::Waiting;
use crate::submission::{Refused, SubmissionError};
use crate::typed::MalformedCode;

/// Something around the exchanger failed, and it does not say how the call would have ended. Answer it as
/// "try again later" (HTTP 503).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Others changed the same entry 64 times in between; try again.
    #[error("busy: the entry changed 64 times in between; try again")]
    Busy,
    /// The store could not be asked, or its answer was lost three times. One attempt may have been charged.
    #[error("unavailable: the store failed; try again later")]
    Unavailable(#[source] StoreError),
    /// A swap was applied or was not, and another one hid which. One attempt may have been charged, or the
    /// code used up.
    #[error(
        "unavailable: a reply of the store was lost, and somebody else wrote since; request a new code, or sign in again"
    )]
    Lost,
    /// The random name of a session, or a code that answers to nothing but itself, is taken: the generator of
    /// randomness repeats itself.
    #[error(
        "nothing was made: a fresh random name or code is taken, so the generator of randomness repeats itself; mend that first"
    )]
    Repeated,
    /// An entry of the store does not open. It was left as it is.
    #[error("corrupt: an entry of the store does not open; see its cause, and check keyring and namespace")]
    Corrupt(#[from] OpenError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// An entry would have become too large, which its rules rule out: please report it.
    #[error(
        "too large: an entry would pass its size limit; this is a mistake in the crate, please report it"
    )]
    TooLarge,
}

/// Why a message was not, or may not have been, sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The request is wrong; nothing was stored or sent.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Too soon after the last message, too many live codes, or a quota or the accepted risk is used up;
    /// nothing was stored or sent. Answer it to the public as throttled (HTTP 429), without saying why:
    /// decoys are throttled just so, and it tells of recent activity at the most.
    #[error("wait: too soon; try again in {} s", retry_after.as_millis().div_ceil(1000))]
    Wait {
        /// Which limit it was; for your own logs.
        why: Waiting,
        /// How long to wait.
        retry_after: Duration,
    },
    /// The code was made and lives, but its message was not handed over, or perhaps not. `deliver` with the
    /// receipt's otp id sends the same code again.
    #[error(
        "undelivered: the code lives on; deliver it again (or, made with by_code, request another), or wait to see whether it arrives"
    )]
    Undelivered {
        /// The receipt of the code.
        receipt: Box<Receipt>,
        /// What the notifier said.
        source: NotifyError,
    },
    /// The message can never be handed over, so the code was voided. Delivering it again does nothing;
    /// request a new one, to another address.
    #[error("undeliverable: the notifier refused for good, and the code was voided")]
    Undeliverable(#[source] NotifyError),
    /// The otp id is none of this exchanger's; the store was not asked.
    #[error(transparent)]
    OtpId(#[from] OtpIdError),
    /// The code answers to nothing but itself, so it cannot be sent again; nothing was sent. Request a new
    /// one.
    #[error("not again: a code made with by_code cannot be sent again; request a new one")]
    NotAgain,
    /// There is no live code of that otp id.
    #[error("gone: the code has expired, was used or never was; request a new one")]
    Gone,
    /// The message was prepared by an exchanger of another keyring or namespace; nothing was sent. Hand it
    /// over to the one that prepared it.
    #[error(
        "foreign: the message was prepared under another keyring or namespace; hand it over to the exchanger that prepared it"
    )]
    Foreign,
    /// Something around it failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<EntropyError> for SendError {
    fn from(error: EntropyError) -> Self {
        Self::Fault(error.into())
    }
}

/// Why what a carrier said was not taken down.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The delivery id is none of this exchanger's; the store was not asked.
    #[error(transparent)]
    DeliveryId(#[from] DeliveryIdError),
    /// Something around it failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Why a code was not exchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// Wrong, expired, spent or unknown.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// What was typed cannot be a code here; no attempt was charged. Ask the person to type it again.
    #[error(transparent)]
    NotACode(#[from] MalformedCode),
    /// The submission around it is wrong; no attempt was charged. A mistake of the caller, or an otp id that
    /// is not ours: answer that to the public like a refusal.
    #[error(transparent)]
    Submission(#[from] SubmissionError),
    /// This client has submitted too many codes; nothing was compared or charged. Answer it to the public
    /// like any other throttling (HTTP 429).
    #[error("wait: too many submissions; try again in {} s", retry_after.as_millis().div_ceil(1000))]
    Wait {
        /// Which limit it was; for your own logs.
        why: Waiting,
        /// How long to wait.
        retry_after: Duration,
    },
    /// The proof is of another keyring or namespace.
    #[error("proof: made by an exchanger of another keyring or namespace; grant it there")]
    ForeignProof,
    /// The issuer made no token. The code is used up; a new one has to be requested.
    #[error("no token was issued, and the code is used up; request a new one")]
    Issuer(#[from] IssuerError),
    /// Something around it failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Why no tokens were issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueTokensError {
    /// The principal may not, or the grant is wrong; nothing was stored.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The issuer made no token.
    #[error("no token was issued; try again")]
    Issuer(#[from] IssuerError),
    /// Something around it failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<EntropyError> for IssueTokensError {
    fn from(error: EntropyError) -> Self {
        Self::Fault(error.into())
    }
}

/// Why a challenge cannot be looked at or taken back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatusError {
    /// The otp id is none of this exchanger's; the store was not asked.
    #[error(transparent)]
    OtpId(#[from] OtpIdError),
    /// There is no live code of that otp id.
    #[error("gone: the code has expired, was used or never was; request a new one")]
    Gone,
    /// Something around it failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Why a token was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Not a token in form, or of the other kind. A public endpoint answers it like `Refused`.
    #[error(transparent)]
    Malformed(#[from] MalformedToken),
    /// Expired, revoked, replayed or unknown. Which of them it was is never said (RFC 7662 section 2.2).
    #[error("refused: the token is expired, revoked or unknown; refresh it, or sign in again")]
    Refused,
    /// A refresh that asks for more than there is; the token was not used up.
    #[error("scope: the session does not hold all of these; ask for fewer, or sign in again")]
    ScopeNotHeld,
    /// The issuer could not make or recognise the token now.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// Something around it failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<EntropyError> for ExchangeError {
    fn from(error: EntropyError) -> Self {
        Self::Fault(error.into())
    }
}
