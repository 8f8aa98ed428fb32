//! What the exchanger's errors are to the public.

use otp_exchange::{
    ExchangeError, Fault, OtpIdError, RequestError, SendError, StatusError, SubmissionError, TokenError,
};

use crate::problem::Problem;
use crate::problems;

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        tracing::error!(target: "otp_exchange", error = %fault, cause = cause(&fault), "a request could not be answered");
        Self::unavailable()
    }
}

/// What is underneath, if there is anything: the text of a fault itself says nothing about the store.
fn cause(error: &dyn std::error::Error) -> Option<String> {
    error.source().map(ToString::to_string)
}

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Request(error) => error.into(),
            SendError::Wait { retry_after, .. } => Self::throttled(retry_after),
            SendError::Fault(fault) => fault.into(),
            // A receipt that was refused or lost by a carrier is not for the public: nothing here waits for it.
            SendError::Undelivered { .. } => Self::unavailable(),
            SendError::Undeliverable(_) => {
                Self::field("recipient", "no message can be delivered there; give another address")
            }
            _ => gone(),
        }
    }
}

/// An otp id that is dead, or none of ours: one answer.
fn gone() -> Problem {
    Problem::new(&problems::GONE, "the code has expired, was used or never was; ask for a new one")
}

impl From<StatusError> for Problem {
    fn from(error: StatusError) -> Self {
        match error {
            StatusError::Fault(fault) => fault.into(),
            _ => gone(),
        }
    }
}

impl From<OtpIdError> for Problem {
    fn from(_: OtpIdError) -> Self {
        gone()
    }
}

impl From<ExchangeError> for Problem {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Refused(refused) => Self::refused(refused.attempts_left),
            ExchangeError::NotACode(malformed) => Self::new(&problems::NOT_A_CODE, malformed.to_string()),
            // None of ours: the answer to one that is dead.
            ExchangeError::Submission(SubmissionError::OtpId(_)) => Self::refused(Some(0)),
            ExchangeError::Submission(error) => Self::field("submission", error),
            ExchangeError::Wait { retry_after, .. } => Self::throttled(retry_after),
            ExchangeError::Fault(fault) => fault.into(),
            error => {
                tracing::error!(target: "otp_exchange", %error, cause = cause(&error), "no tokens were issued");
                Self::unavailable()
            }
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Fault(fault) => fault.into(),
            TokenError::Issuer(error) => {
                tracing::error!(target: "otp_exchange", %error, "a token could not be made or recognised");
                Self::unavailable()
            }
            _ => {
                Self::new(&problems::INVALID_TOKEN, "the token is expired, revoked or unknown; sign in again")
            }
        }
    }
}

impl From<RequestError> for Problem {
    /// Names the part of the request that is wrong: `recipient`, `purpose`, `template`, `type`, `length`, `lifetime`, …
    fn from(error: RequestError) -> Self {
        Self::field("request", error)
    }
}
