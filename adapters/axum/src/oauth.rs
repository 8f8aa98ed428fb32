//! Tokens in use, in the forms that RFC 6749, 7009 and 7662 give them.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use otp_exchange::{Claims, TokenError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::basic::BasicCredentials;
use crate::body::{Form, Text};
use crate::document::{IntrospectProblems, RevokeProblems, TokenProblems};
use crate::exchange::{TokenAnswer, scope};
use crate::problem::Problem;
use crate::problems;

/// What a token says, or that it says nothing (RFC 7662 section 2.2).
#[derive(Serialize, ToSchema)]
pub(crate) struct Introspected {
    /// Whether the token is good. If not, nothing else is said, least of all why.
    active: bool,
    /// What its holder may do, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    scope: Option<String>,
    /// Who its holder is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    sub: Option<String>,
    /// `Bearer` (RFC 6750).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    token_type: Option<&'static str>,
    /// When it was issued, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false)]
    iat: Option<i64>,
    /// When it runs out, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false)]
    exp: Option<i64>,
    /// What the code was for that began the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    purpose: Option<String>,
}

/// What is wrong with a request for tokens (RFC 6749 section 5.2).
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct OAuthError {
    /// `invalid_request`, `invalid_grant`, `invalid_scope` or `unsupported_grant_type`.
    pub(crate) error: &'static str,
    /// What is wrong, and what to do.
    error_description: &'static str,
}

impl OAuthError {
    pub(crate) const INVALID_REQUEST: Self =
        Self { error: "invalid_request", error_description: "a parameter is missing, or there twice" };
    pub(crate) const INVALID_GRANT: Self = Self {
        error: "invalid_grant",
        error_description: "the refresh token is expired, used, revoked or unknown; sign in again",
    };
    pub(crate) const INVALID_SCOPE: Self = Self {
        error: "invalid_scope",
        error_description: "the session does not hold all of these scopes; ask for fewer, or none",
    };
    pub(crate) const UNSUPPORTED_GRANT_TYPE: Self =
        Self { error: "unsupported_grant_type", error_description: "grant_type must be refresh_token" };
}

/// The next tokens, for a refresh token.
#[derive(Deserialize, ToSchema)]
#[allow(dead_code)] // it is the document's; `Parameters` reads any form
struct RefreshForm {
    /// `refresh_token`
    #[schema(example = "refresh_token", pattern = "^refresh_token$")]
    grant_type: String,
    /// The refresh token of the pair before.
    #[schema(min_length = 1)]
    refresh_token: String,
    /// At most the scopes that the session holds. Whoever names fewer gets all of them, and `scope` in the
    /// answer says so.
    #[schema(value_type = String, required = false, example = "profile")]
    scope: Option<String>,
}

/// A token.
#[derive(Deserialize, ToSchema)]
#[allow(dead_code)] // it is the document's
struct TokenForm {
    /// The token.
    #[schema(min_length = 1)]
    token: String,
    /// Is ignored: what a token is shows in the token.
    #[schema(value_type = String, required = false, example = "access_token")]
    token_type_hint: Option<String>,
}

/// Fetch the next tokens
///
/// A refresh token works once (RFC 6749 section 6). For a short grace it fetches the same pair again; used
/// later than that it is taken for stolen, and its whole family ends.
#[utoipa::path(
    post, path = "/token", tag = "tokens",
    request_body(content = RefreshForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = TokenAnswer, description = "The next pair"), TokenProblems),
)]
pub(crate) async fn refresh_tokens(
    State(api): State<Arc<Api>>,
    form: Parameters,
) -> Result<Json<TokenAnswer>, Refusal> {
    if form.one("grant_type")? != "refresh_token" {
        return Err(OAuthError::UNSUPPORTED_GRANT_TYPE.into());
    }
    let token = form.one("refresh_token")?;
    let scopes: Vec<_> = form.maybe("scope").unwrap_or_default().split_ascii_whitespace().collect();
    match api.otp.refresh_for(token, &scopes).await {
        Ok(tokens) => Ok(Json(TokenAnswer::of(tokens))),
        Err(TokenError::ScopeNotHeld) => Err(OAuthError::INVALID_SCOPE.into()),
        Err(error) => match Problem::from(error) {
            problem if *problem.kind() == problems::INVALID_TOKEN => Err(OAuthError::INVALID_GRANT.into()),
            problem => Err(problem.into()),
        },
    }
}

/// Log out
///
/// Ends the whole family of a token, whichever of its tokens that is (RFC 7009 section 2.1). The answer is
/// the same for a token that is dead already, or none at all.
#[utoipa::path(
    post, path = "/revoke", tag = "tokens",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "No such token is good any more"), RevokeProblems),
)]
pub(crate) async fn revoke_token(
    State(api): State<Arc<Api>>,
    form: Parameters,
) -> Result<StatusCode, Refusal> {
    match api.otp.revoke_family(form.one("token")?).await.map_err(Problem::from) {
        Err(problem) if *problem.kind() != problems::INVALID_TOKEN => Err(problem.into()),
        _ => Ok(StatusCode::OK),
    }
}

/// Ask what a token says
///
/// For services that are handed access tokens (RFC 7662). Refresh tokens are not active here, nor is anything
/// else that lets nobody in.
#[utoipa::path(
    post, path = "/introspect", tag = "tokens", security(("caller" = [])),
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Introspected, description = "What the token says"), IntrospectProblems),
)]
pub(crate) async fn introspect_token(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<Introspected>, Refusal> {
    let caller = BasicCredentials::read(&headers);
    if !api.callers.as_ref().zip(caller.as_ref()).is_some_and(|(callers, caller)| callers.know(caller)) {
        let detail = "this is for callers with a name and a secret; send Authorization: Basic";
        let challenge = HeaderValue::from_static("Basic realm=\"introspection\", charset=\"UTF-8\"");
        return Err(Problem::new(&problems::UNAUTHENTICATED, detail).challenge(challenge).into());
    }
    let form = Parameters::from_request(request, &api).await?;
    // Strictly: whoever asks here wants to know of every revocation.
    match api.otp.authenticate_strictly(form.one("token")?).await {
        Ok(claims) => Ok(Json(Introspected::of(claims))),
        Err(error) => match Problem::from(error) {
            problem if *problem.kind() == problems::INVALID_TOKEN => Ok(Json(Introspected::inactive())),
            problem => Err(problem.into()),
        },
    }
}

impl Introspected {
    fn inactive() -> Self {
        Self { active: false, scope: None, sub: None, token_type: None, iat: None, exp: None, purpose: None }
    }

    fn of(claims: Claims) -> Self {
        Self {
            active: true,
            scope: scope(&claims.scopes),
            sub: Some(claims.subject),
            token_type: Some("Bearer"),
            iat: Some(claims.issued_at.unix_seconds()),
            exp: Some(claims.expires_at.unix_seconds()),
            purpose: Some(claims.purpose.as_str().to_owned()),
        }
    }
}

/// The parameters of a form: each once, those without a value as if they were not there, unknown ones ignored
/// (RFC 6749 section 3.2).
pub(crate) struct Parameters(Vec<(String, Text)>);

impl Parameters {
    fn maybe(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    fn one(&self, name: &str) -> Result<&str, OAuthError> {
        self.maybe(name).ok_or(OAuthError::INVALID_REQUEST)
    }
}

impl FromRequest<Arc<Api>> for Parameters {
    type Rejection = Refusal;

    async fn from_request(request: Request, api: &Arc<Api>) -> Result<Self, Refusal> {
        let form = Form::<Vec<(String, Text)>>::from_request(request, api).await;
        let Form(parameters) = form.map_err(|problem| match problem.kind().status {
            StatusCode::BAD_REQUEST => Refusal::OAuth(OAuthError::INVALID_REQUEST),
            _ => Refusal::Problem(problem),
        })?;
        let mut names = BTreeSet::new();
        if !parameters.iter().all(|(name, _)| names.insert(name)) {
            return Err(OAuthError::INVALID_REQUEST.into());
        }
        Ok(Self(parameters))
    }
}

/// How a request for tokens is refused: in the form of RFC 6749 where that has one.
pub(crate) enum Refusal {
    OAuth(OAuthError),
    Problem(Problem),
}

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Self {
        Self::OAuth(error)
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::OAuth(error) => (StatusCode::BAD_REQUEST, Json(error)).into_response(),
            Self::Problem(problem) => problem.into_response(),
        }
    }
}
