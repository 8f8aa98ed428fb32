//! Who a request is from, by its bearer token.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::HeaderValue;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use otp_exchange::{Claims, DynExchanger};

use crate::basic::authorization;
use crate::problem::Problem;
use crate::problems;

/// The claims of the access token a request came with (`Authorization: Bearer`, RFC 6750 section 2.1): an extractor that
/// refuses all others with a challenge.
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
        let Some(token) = authorization(&parts.headers, "Bearer") else {
            let malformed = parts.headers.contains_key(AUTHORIZATION);
            let challenge = if malformed { "Bearer error=\"invalid_request\"" } else { "Bearer" };
            let detail = "no bearer token; send Authorization: Bearer and the access token";
            return Err(Problem::new(&problems::UNAUTHENTICATED, detail)
                .challenge(HeaderValue::from_static(challenge)));
        };
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
