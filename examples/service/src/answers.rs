//! What is wrong with a request, in the words of each API.

use otp_exchange::{Recipient, RecipientError, RequestError, SendError};
use otp_exchange_axum::{Problem, problems};

/// The address in that field.
pub(crate) fn address(field: &'static str, text: &str) -> Result<Recipient, Problem> {
    Recipient::parse(text).map_err(|error| match error {
        RecipientError::Email(wrong) => Problem::field(field, wrong),
        RecipientError::Phone(wrong) => Problem::field(field, wrong),
        _ => Problem::field(field, "is empty; pass an email address or a phone number"),
    })
}

/// Why nothing was sent. Each pair has a field's name in the exchanger, and in the API.
pub(crate) fn not_sent(error: SendError, names: &[(&str, &'static str)]) -> Problem {
    let problem = match error {
        SendError::Request(error) => wrong(&error),
        error => error.into(),
    };
    names.iter().fold(problem, |problem, (from, to)| problem.renamed(from, to))
}

/// Which field it is.
pub(crate) fn wrong(error: &RequestError) -> Problem {
    use RequestError as E;
    let field = match error {
        E::Template(_) | E::NotShown { .. } | E::Segments { .. } => "template",
        E::FormatNotAllowed { .. } | E::Risk { .. } | E::AloneTooShort { .. } => "length",
        E::Lifetime { .. } | E::NoPrincipal => "lifetime",
        E::TokenLifetime => "token_lifetime",
        E::DialCode | E::Email => "recipient",
        E::Scope | E::ScopeNotHeld => "scope",
        E::NotAdministrator => {
            return Problem::new(&problems::INSUFFICIENT_SCOPE, "only an administrator or developer may do this");
        }
        error => {
            tracing::error!(%error, "a request that nobody could have got right");
            return Problem::new(&problems::INTERNAL, "the service is put together wrongly; see its log");
        }
    };
    let text = error.to_string();
    let said = text.split_once(": ").map_or(&*text, |(_, rest)| rest);
    Problem::field(field, said)
}
