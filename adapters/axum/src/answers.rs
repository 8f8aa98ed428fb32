//! What the exchanger's errors are to the public.

use otp_exchange::{
    ExchangeError, Fault, OtpIdError, RecipientError, RequestError, SendError, StatusError, SubmissionError,
    TokenError,
};

use crate::problem::Problem;
use crate::problems;

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        failed(&fault);
        Self::unavailable()
    }
}

/// What is not for the public goes to the log, with what is underneath: the text of a fault says nothing of
/// the store.
fn failed(error: &dyn std::error::Error) {
    let cause = error.source().map(ToString::to_string);
    tracing::error!(target: "otp_exchange", error = %error, cause, "a request could not be answered");
}

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Request(error) => error.into(),
            SendError::Wait { retry_after, .. } => Self::throttled(retry_after),
            SendError::Fault(fault) => fault.into(),
            // A receipt that was refused or lost by a carrier is not for the public: nothing here waits for
            // it.
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
            ExchangeError::NotACode(malformed) => {
                Self::of_field(&problems::NOT_A_CODE, "code", bare(&malformed.to_string()))
            }
            // None of ours: the answer to one that is dead.
            ExchangeError::Submission(SubmissionError::OtpId(_)) => Self::refused(Some(0)),
            ExchangeError::Submission(SubmissionError::Context(error)) => {
                Self::field("context", bare(&error.to_string()))
            }
            ExchangeError::Submission(SubmissionError::Purpose(error)) => {
                Self::field("purpose", bare(&error.to_string()))
            }
            ExchangeError::Wait { retry_after, .. } => Self::throttled(retry_after),
            ExchangeError::Fault(fault) => fault.into(),
            ExchangeError::Issuer(_) => {
                failed(&error);
                Self::unavailable()
                    .saying("no tokens could be made, and the code is used up; ask for a new one")
            }
            // A submission without purpose or client, a proof of elsewhere: only the application can do that.
            error => {
                failed(&error);
                Self::internal()
            }
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Fault(fault) => fault.into(),
            TokenError::Issuer(_) => {
                failed(&error);
                Self::unavailable()
            }
            TokenError::ScopeNotHeld => {
                Self::new(&problems::INSUFFICIENT_SCOPE, "the session does not hold all of these scopes")
            }
            _ => {
                Self::new(&problems::INVALID_TOKEN, "the token is expired, revoked or unknown; sign in again")
            }
        }
    }
}

impl From<RecipientError> for Problem {
    /// Names the field `recipient`.
    fn from(error: RecipientError) -> Self {
        Self::field("recipient", bare(&error.to_string()))
    }
}

impl From<RequestError> for Problem {
    /// Names the part of the request that is wrong, one of `recipient`, `purpose`, `template`, `context`,
    /// `type` (kind of code), `length`, `lifetime`, `attempts`, `idempotency_key`, `scope`,
    /// `token_lifetime` and `metadata`; call them what your API calls them with
    /// [`renamed`](Problem::renamed). What no caller of an API can have got wrong, only the application,
    /// is `#internal` (500), and the log says what it is: a way of naming codes that the policy does not
    /// have, a fallback, a catalogue without text, a redirect URL that is not allowed, a subject.
    fn from(error: RequestError) -> Self {
        use RequestError as E;
        match error {
            E::Purpose(_) | E::Template(_) | E::Context(_) => {
                let field = match error {
                    E::Purpose(_) => "purpose",
                    E::Template(_) => "template",
                    _ => "context",
                };
                Self::field(field, bare(&error.to_string()))
            }
            E::ReservedPurpose => Self::field("purpose", "`issued` is reserved; name another"),
            E::NotBound { field } => Self::field("context", format!("{} is missing; add it", field.as_str())),
            E::NotShown { field } => {
                Self::field("template", format!("does not show {}; add its variable", field.as_str()))
            }
            E::Segments { segments, most } => Self::field(
                "template",
                format!("the text takes {segments} SMS, and at most {most} are sent; shorten it"),
            ),
            E::NotByCode => Self::field("type", "no such codes are sent here; ask for another type"),
            E::FormatNotAllowed { .. } => {
                Self::field("length", "no codes of this type and length are sent here; ask for others")
            }
            E::Risk { .. } | E::AloneTooShort { .. } => {
                Self::field("length", "the code would be too easy to guess; ask for a longer one")
            }
            E::Lifetime { longest, .. } => {
                Self::field("lifetime", format!("must be from 1 to {} seconds", longest.as_secs()))
            }
            E::NoPrincipal => Self::field("lifetime", "must be from 1 to 900 seconds"),
            E::Attempts { most, .. } => Self::field("attempts", format!("must be from 1 to {most}")),
            E::DialCode => {
                Self::field("recipient", "no messages go to numbers of this country; give another address")
            }
            E::Email => Self::field("recipient", "must be a phone number; no code goes to an email address"),
            E::IdempotencyKey => Self::field("idempotency_key", "must have 16 to 255 bytes, a UUID say"),
            E::Scope => {
                let wrong =
                    "must be printable ASCII without space, quote and backslash (RFC 6749 section 3.3)";
                Self::field("scope", wrong)
            }
            E::ScopeNotHeld => Self::field("scope", "is not yours to give; leave it out"),
            E::NotAdministrator => {
                Self::new(&problems::INSUFFICIENT_SCOPE, "only an administrator or developer may do this")
            }
            E::TokenLifetime => {
                Self::field("token_lifetime", "must be whole seconds, from 1 second to 30 days")
            }
            E::Metadata => Self::field("metadata", "needs names, and no control characters"),
            E::GrantTooLarge { .. } => {
                Self::field("metadata", "is too large, with scopes and all; shorten it")
            }
            error => {
                failed(&error);
                Self::internal()
            }
        }
    }
}

/// An error's text without the part that it names first, which goes by a name of the API's own.
fn bare(text: &str) -> String {
    text.split_once(": ").map_or(text, |(_, rest)| rest).to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use otp_exchange::{
        Channel, Exchanger, Grant, IssuerError, Keyring, Kind, MemoryStore, Otp, Outbox, Recipient, Request,
    };

    use super::*;

    #[tokio::test]
    async fn a_request_that_is_wrong_is_answered_with_its_field_and_no_word_of_the_policy() {
        let otp = Exchanger::builder(MemoryStore::new(10), Outbox::new(), Keyring::generate().unwrap());
        let otp = otp.build().unwrap();
        let ada = Recipient::parse("ada@example.org").unwrap();
        let login = || Request::login(&ada);
        let cases = [
            ("purpose", Request::new("two words", &ada)),
            ("purpose", Request::new("issued", &ada)),
            ("template", login().template("no place")),
            ("context", login().bind("amount", "a lot")),
            ("type", login().by_code()),
            ("length", login().otp(Otp::new(Kind::Alpha, 9).unwrap())),
            ("lifetime", login().lifetime(Duration::ZERO)),
            ("lifetime", login().lifetime(Duration::from_secs(601))),
            ("attempts", login().attempts(6)),
            ("idempotency_key", login().idempotency_key("short")),
            ("scope", login().grant(Grant::new().scope("two words"))),
            ("token_lifetime", login().grant(Grant::new().token_lifetime(Duration::ZERO))),
            ("metadata", login().grant(Grant::new().metadata("", "value"))),
            ("metadata", login().grant(Grant::new().metadata("name", "x".repeat(2000)))),
        ];
        for (field, request) in cases {
            let problem = Problem::from(otp.prepare(request).await.expect_err(field));
            assert_eq!(problem.wrong_field(), Some(field), "{problem}");
            assert_eq!(*problem.kind(), problems::INVALID_FIELD, "{problem}");
            assert!(problem.detail().starts_with(&format!("{field}: ")), "{problem}");
            for word in ["Policy", "Catalogue", "requested_by", "by_code", "::"] {
                assert!(!problem.detail().contains(word), "{problem}");
            }
            let renamed = problem.renamed(field, "other");
            assert_eq!(renamed.wrong_field(), Some("other"));
            assert!(renamed.detail().starts_with("other: "), "{renamed}");
        }
    }

    #[test]
    fn what_only_the_application_can_have_got_wrong_is_not_the_callers() {
        let errors = [
            RequestError::NoText { channel: Channel::Sms },
            RequestError::Redirect,
            RequestError::Subject,
            RequestError::Fallback,
            RequestError::AloneIsSent,
            RequestError::NotByRecipient,
        ];
        for error in errors {
            let shown = format!("{error:?}");
            assert_eq!(*Problem::from(error).kind(), problems::INTERNAL, "{shown}");
        }
        let issuer = ExchangeError::Issuer(IssuerError::new("the key is not there"));
        let problem = Problem::from(issuer);
        assert_eq!(*problem.kind(), problems::UNAVAILABLE);
        assert!(problem.detail().contains("ask for a new one") && problem.retry_after().is_some());
        let lifetime = RequestError::Lifetime { given: Duration::ZERO, longest: Duration::from_secs(600) };
        assert_eq!(*Problem::from(lifetime).kind(), problems::INVALID_FIELD);
    }
}
