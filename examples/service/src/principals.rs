//! Who may use the Nomado and Slingr APIs, and how they show it.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE};
use axum::response::Response;
use otp_exchange::{Claims, DynExchanger, Principal, Purpose, Role};
use otp_exchange_axum::{BasicCredentials, Bearer, Problem, problems};

use crate::error::StartError;
use crate::settings::Caller;

/// What tells the token of a principal from that of a user: metadata, with the principal's name.
pub(crate) const PRINCIPAL: &str = "principal";

/// Fewer bytes than this are a secret for trying things out.
const SHORT: usize = 16;

/// Everybody whom the settings name, and the exchanger whose tokens count.
pub(crate) struct Principals {
    callers: Vec<Caller>,
    tokens: Arc<DynExchanger>,
}

/// Whoever asks, and what they may do: an extractor that refuses everybody else.
pub(crate) struct Acting {
    /// Who it is: a principal's name, or the subject of a user's token.
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) scopes: Vec<String>,
    /// Whether the settings name them. All others are people who have signed in.
    pub(crate) is_principal: bool,
    /// Whether they sent their secret, rather than a token.
    pub(crate) has_secret: bool,
}

impl Principals {
    /// Those that the settings name, each once.
    pub(crate) fn new(callers: Vec<Caller>, tokens: Arc<DynExchanger>) -> Result<Self, StartError> {
        for (caller, number) in callers.iter().zip(1..) {
            if callers[number..].iter().any(|other| other.name == caller.name) {
                return Err(StartError::PrincipalTwice);
            }
            if caller.secret.expose().len() < SHORT {
                tracing::warn!(
                    principal = caller.name,
                    "this secret has fewer than {SHORT} bytes, and nothing limits guesses at it"
                );
            }
        }
        Ok(Self { callers, tokens })
    }

    /// The principal of that name.
    pub(crate) fn named(&self, name: &str) -> Option<&Caller> {
        self.callers.iter().find(|caller| caller.name == name)
    }

    /// Whoever sent that: a principal with name and secret, or the holder of a token.
    pub(crate) async fn acting(&self, parts: &mut Parts) -> Result<Acting, Problem> {
        if let Some(credentials) = BasicCredentials::read(&parts.headers) {
            return self.by_secret(&credentials).map(Acting::principal_itself).ok_or_else(unauthenticated);
        }
        let Bearer(claims) = Bearer::from_request_parts(parts, &self.tokens).await.map_err(|problem| {
            let is_of_the_token = problem.kind().status != StatusCode::BAD_REQUEST
                && *problem.kind() != problems::UNAUTHENTICATED;
            if is_of_the_token { problem } else { unauthenticated() }
        })?;
        self.by_token(claims).ok_or_else(unauthenticated)
    }

    /// Every secret is compared, whatever the name: so an unknown one costs the same.
    fn by_secret(&self, credentials: &BasicCredentials) -> Option<&Caller> {
        self.callers.iter().fold(None, |found, caller| {
            let is_right = credentials.is(caller.secret.expose());
            if is_right & (credentials.name() == caller.name) { Some(caller) } else { found }
        })
    }

    /// A principal's token is worth what the principal still is, and at most what it was issued for.
    fn by_token(&self, claims: Claims) -> Option<Acting> {
        let named = claims.metadata.get(PRINCIPAL).filter(|_| claims.purpose == Purpose::ISSUED);
        let Some(name) = named else {
            let Claims { subject: name, scopes, .. } = claims;
            return Some(Acting { name, role: Role::User, scopes, is_principal: false, has_secret: false });
        };
        let mut acting = Acting { has_secret: false, ..Acting::principal_itself(self.named(name)?) };
        acting.scopes.retain(|scope| claims.scopes.contains(scope));
        Some(acting)
    }
}

impl Acting {
    fn principal_itself(caller: &Caller) -> Self {
        let Caller { name, role, scopes, .. } = caller;
        let (name, scopes) = (name.clone(), scopes.clone());
        Self { name, role: *role, scopes, is_principal: true, has_secret: true }
    }

    /// Whether they may have tokens of that principal. Only by their secret: a token that made the next one would
    /// outlive the secret it once was had for. And only of one with no higher role than theirs.
    pub(crate) fn may_be(&self, caller: &Caller) -> bool {
        self.has_secret && (self.role == Role::Administrator || caller.role != Role::Administrator)
    }

    /// The same, for the exchanger.
    pub(crate) fn principal(&self) -> Principal {
        let begun = Principal::new(&self.name).role(self.role);
        self.scopes.iter().fold(begun, Principal::scope)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Acting
where
    Arc<Principals>: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Arc::<Principals>::from_ref(state).acting(parts).await
    }
}

/// The one answer to no credentials, and to wrong ones.
pub(crate) fn unauthenticated() -> Problem {
    let detail = "no credentials, or wrong ones; send Authorization: Basic with name and secret, or Bearer with a token";
    Problem::new(&problems::UNAUTHENTICATED, detail)
}

/// Makes every 401 say how to authenticate (RFC 9110 section 11.6.1).
pub(crate) async fn challenge(mut response: Response) -> Response {
    if response.status() == StatusCode::UNAUTHORIZED {
        let headers = response.headers_mut();
        headers.entry(WWW_AUTHENTICATE).or_insert(HeaderValue::from_static("Bearer"));
        let basic = HeaderValue::from_static("Basic realm=\"otp-exchange\", charset=\"UTF-8\"");
        headers.append(WWW_AUTHENTICATE, basic);
    }
    response
}
