//! A code comes back, and becomes tokens.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use otp_exchange::{OtpId, Submission, Token, Tokens};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use crate::api::Api;
use crate::body::{Body, Text};
use crate::codes::Client;
use crate::document::ExchangeProblems;
use crate::problem::Problem;

/// A code as it was typed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeTyped {
    /// What the request for the code was answered with.
    #[schema(value_type = String)]
    otp_id: Text,
    /// What was typed; spaces and hyphens are skipped.
    #[schema(value_type = String, example = "123456", pattern = "^[ -]*([0-9A-Za-z][ -]*){1,20}$")]
    code: Text,
}

/// Tokens (RFC 6749 section 5.1).
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenAnswer {
    /// Lets its holder in, as `Authorization: Bearer`.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String)]
    access_token: Token,
    /// `Bearer` (RFC 6750).
    token_type: &'static str,
    /// How many seconds the access token lives.
    expires_in: u64,
    /// Fetches the next pair of tokens, once. Not every session has one.
    #[serde(serialize_with = "maybe_exposed", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    refresh_token: Option<Token>,
    /// What the holder may do, separated by spaces; left out if that is nothing in particular.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    scope: Option<String>,
    /// Who the holder is.
    subject: String,
    /// Where to send the person now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    redirect_url: Option<String>,
}

impl TokenAnswer {
    pub(crate) fn of(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access,
            token_type: "Bearer",
            expires_in: tokens.expires_in.as_secs(),
            refresh_token: tokens.refresh,
            scope: scope(&tokens.claims.scopes),
            subject: tokens.claims.subject,
            redirect_url: tokens.redirect_url,
        }
    }
}

fn exposed<S: Serializer>(token: &Token, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose())
}

#[allow(clippy::ref_option)] // serde passes it so
fn maybe_exposed<S: Serializer>(token: &Option<Token>, serializer: S) -> Result<S::Ok, S::Error> {
    token.as_ref().map(Token::expose).serialize(serializer)
}

/// Scopes as one text (RFC 6749 section 3.3), which is never empty.
pub(crate) fn scope(scopes: &[String]) -> Option<String> {
    (!scopes.is_empty()).then(|| scopes.join(" "))
}

/// Exchange a code for tokens
///
/// Works once. Codes that are wrong, expired, used and unknown are answered alike, but for the attempts left.
#[utoipa::path(
    post, path = "/exchange", tag = "codes", request_body = CodeTyped,
    responses((status = 200, body = TokenAnswer, description = "The code was right"), ExchangeProblems),
)]
pub(crate) async fn exchange_code(
    State(api): State<Arc<Api>>,
    Client(client): Client,
    Body(typed): Body<CodeTyped>,
) -> Result<Json<TokenAnswer>, Problem> {
    // What is no otp id goes the way of one that is none of ours, so that both are answered alike.
    let otp_id = typed.otp_id.as_str().parse().or_else(|_| nobodys().parse::<OtpId>())?;
    let submission = Submission::by_id(&otp_id, typed.code.as_str()).client(client);
    let submission = api.purposes.iter().fold(submission, Submission::purpose);
    Ok(Json(TokenAnswer::of(api.otp.exchange(submission).await?)))
}

/// An otp id in form, and of no exchanger: its version, 0, is none there is.
fn nobodys() -> String {
    "A".repeat(87)
}

#[cfg(test)]
mod tests {
    use otp_exchange::{ExchangeError, Exchanger, Keyring, MemoryStore, OtpIdError, Outbox, SubmissionError};

    use super::*;

    #[tokio::test]
    async fn the_otp_id_that_stands_for_what_is_none_is_of_no_exchanger() {
        let otp = Exchanger::builder(MemoryStore::new(10), Outbox::new(), Keyring::generate().unwrap());
        let otp_id: OtpId = nobodys().parse().unwrap();
        let exchanged = otp.build().unwrap().exchange(Submission::by_id(&otp_id, "123456").login()).await;
        let error = exchanged.unwrap_err();
        let foreign = |error: &OtpIdError| *error != OtpIdError::Malformed;
        assert!(
            matches!(&error, ExchangeError::Submission(SubmissionError::OtpId(error)) if foreign(error)),
            "{error:?}"
        );
    }
}
