//! Who a request is from, by its bearer token.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use otp_exchange::{Claims, DynExchanger};

use crate::basic::authorization;
use crate::problem::Problem;
use crate::problems;

/// The claims of the access token a request came with (`Authorization: Bearer`, RFC 6750 section 2.1): an
/// extractor that refuses all others with a challenge.
///
/// | the request has | answer | challenge (RFC 6750 section 3.1) |
/// |---|---|---|
/// | no credentials, or of another scheme | 401 `#unauthenticated` | `Bearer` |
/// | two `Authorization` headers, or what cannot be a token | 400 `#invalid-field` | `error="invalid_request"` |
/// | a token that is expired, revoked or unknown | 401 `#invalid-token` | `error="invalid_token"` |
///
/// The application's state has to give an `Arc<DynExchanger>` (`FromRef`).
#[derive(Clone, Debug)]
pub struct Bearer(pub Claims);

impl Bearer {
    /// Refuses a token without that scope (403, RFC 6750 section 3.1).
    ///
    /// # Errors
    /// A [`Problem`] that names the scope in its challenge.
    pub fn require_scope(&self, scope: &str) -> Result<(), Problem> {
        if self.0.scopes.iter().any(|held| held == scope) {
            return Ok(());
        }
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
        let problem = Problem::new(&problems::INSUFFICIENT_SCOPE, "the token lacks a scope that this needs");
        Err(problem.challenge(HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static("Bearer"))))
    }
}

impl<S> FromRequestParts<S> for Bearer
where
    S: Send + Sync,
    Arc<DynExchanger>: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let token = token(&parts.headers)?;
        let otp = Arc::<DynExchanger>::from_ref(state);
        otp.authenticate(token).await.map(Self).map_err(|error| {
            let problem = Problem::from(error);
            if *problem.kind() == problems::INVALID_TOKEN {
                problem.challenge(HeaderValue::from_static("Bearer error=\"invalid_token\""))
            } else {
                problem
            }
        })
    }
}

/// The one token there is.
fn token(headers: &HeaderMap) -> Result<&str, Problem> {
    let malformed = || {
        let wrong = "must be there once: Bearer, a space, and the access token";
        let problem = Problem::field("Authorization", wrong);
        problem.challenge(HeaderValue::from_static("Bearer error=\"invalid_request\""))
    };
    let mut schemes = headers.get_all(AUTHORIZATION).iter().map(|value| {
        let value = value.as_bytes();
        value.split(|&byte| byte == b' ').next().unwrap_or(value)
    });
    match (schemes.next(), schemes.next()) {
        (Some(_), Some(_)) => Err(malformed()),
        (Some(scheme), None) if scheme.eq_ignore_ascii_case(b"Bearer") => {
            authorization(headers, "Bearer").filter(|token| is_token(token)).ok_or_else(malformed)
        }
        _ => {
            let detail = "no bearer token; send Authorization: Bearer and the access token";
            let problem = Problem::new(&problems::UNAUTHENTICATED, detail);
            Err(problem.challenge(HeaderValue::from_static("Bearer")))
        }
    }
}

/// `b64token` of RFC 6750 section 2.1, the place of `=` aside.
fn is_token(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte))
}
