//! Slingr's `sys.auth`: codes that are exchanged alone, for tokens that live for days.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, State};
use axum::http::request::Parts;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use otp_exchange::{
    ClientKey, DynExchanger, Grant, IssueTokensError, MAX_TOKEN_LIFETIME, Proof, Recipient, Request,
    RequestError, Role, SendError, Submission, Timestamp, Tokens,
};
use otp_exchange_axum::{Body, ClientAddress, Problem, Text, Whole, problems};
use serde::{Deserialize, Deserializer, Serialize};

use crate::address;
use crate::principals::{self, Acting, PRINCIPAL, Principals};
use crate::settings::Settings;
use crate::users::Users;

const HOUR: u64 = 3600;
/// The default, and the most.
const EXPIRATION: Duration = MAX_TOKEN_LIFETIME;

#[derive(Clone)]
struct Slingr {
    otp: Arc<DynExchanger>,
    principals: Arc<Principals>,
    users: Users,
    clients: ClientAddress,
}

pub(crate) fn router(
    settings: &Settings,
    otp: &Arc<DynExchanger>,
    principals: &Arc<Principals>,
    users: &Users,
) -> Router {
    let api = Slingr {
        otp: Arc::clone(otp),
        principals: Arc::clone(principals),
        users: users.clone(),
        clients: settings.client_address(),
    };
    Router::new()
        .route("/sys/auth/sendOtpCode", post(send_otp_code))
        .route("/sys/auth/createToken", post(create_token))
        .layer(map_response(principals::challenge))
        .with_state(api)
}

#[derive(Deserialize)]
struct Options {
    email: Option<Text>,
    phone: Option<Text>,
    inactivity: Option<Whole>,
    expiration: Option<Whole>,
}

/// Whether a code was sent, with what whoever asks may do at the most.
async fn send_otp_code(
    State(api): State<Slingr>,
    acting: Acting,
    Body(options): Body<Options>,
) -> Result<Json<bool>, Problem> {
    let (field, recipient) = options.recipient()?;
    let expiration = options.expiration.map_or(EXPIRATION, hours);
    let grant = Grant::for_subject(api.subject(&recipient)).token_lifetime(expiration);
    let mut request = Request::login(&recipient).by_code().grant(grant).requested_by(acting.principal());
    if let Some(inactivity) = options.inactivity {
        request = request.lifetime(hours(inactivity));
    }
    if !acting.is_principal {
        request = request.client(ClientKey::new(&acting.name)); // a person's messages are counted
    }
    match api.otp.send(request).await {
        Ok(_) => Ok(Json(true)),
        Err(SendError::Wait { .. } | SendError::Undelivered { .. } | SendError::Undeliverable(_)) => {
            Ok(Json(false))
        }
        Err(SendError::Request(RequestError::Lifetime { longest, .. })) => {
            Err(Problem::field("inactivity", format!("must be from 1 to {} hours", longest.as_secs() / HOUR)))
        }
        Err(SendError::Request(RequestError::TokenLifetime)) => {
            let most = EXPIRATION.as_secs() / HOUR;
            Err(Problem::field("expiration", format!("must be from 1 to {most} hours")))
        }
        Err(error) => Err(Problem::from(error).renamed("recipient", field)),
    }
}

fn hours(Whole(count): Whole) -> Duration {
    Duration::from_secs(count.saturating_mul(HOUR))
}

impl Options {
    /// The one address, and the field it is in.
    fn recipient(&self) -> Result<(&'static str, Recipient), Problem> {
        let (field, text, wanted) = match (&self.email, &self.phone) {
            (Some(email), None) => ("email", email, "must be an email address"),
            (None, Some(phone)) => ("phone", phone, "must be a phone number"),
            (None, None) => {
                return Err(Problem::field("email", "is missing, and phone, too; give one of them"));
            }
            (Some(_), Some(_)) => {
                return Err(Problem::field("phone", "must not be there beside email; give one of them"));
            }
        };
        if text.as_str().contains('@') != (field == "email") {
            return Err(Problem::field(field, wanted));
        }
        Ok((field, address(field, text.as_str())?))
    }
}

#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "idOrEmailUser")]
    user: Option<Text>,
    #[serde(default, deserialize_with = "present")]
    code: Option<Text>,
}

/// A field that is there is a text: `null` is not the same as nothing.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Text>, D::Error> {
    Text::deserialize(deserializer).map(Some)
}

#[derive(Serialize)]
struct ApiToken<'a> {
    token: &'a str,
    r#type: &'static str,
    user: &'a str,
    scopes: &'a [String],
    expires_at: Timestamp,
    expires_in: u64,
}

/// A code, if one is there, is exchanged, whoever asks. So nothing that is sent along with it, and no code
/// that is empty, leads to a token by any other right.
async fn create_token(
    State(api): State<Slingr>,
    mut parts: Parts,
    Body(asked): Body<Asked>,
) -> Result<Response, Problem> {
    let tokens = if let Some(code) = &asked.code {
        api.exchange(code, asked.user.as_ref(), &parts).await?
    } else {
        let acting = api.principals.acting(&mut parts).await?;
        api.issue(&acting, asked.user.as_ref()).await?
    };
    let claims = &tokens.claims;
    let token = ApiToken {
        token: tokens.access.expose(),
        r#type: "Bearer",
        user: &claims.subject,
        scopes: &claims.scopes,
        expires_at: claims.expires_at,
        expires_in: tokens.expires_in.as_secs(),
    };
    Ok(Json(token).into_response())
}

impl Slingr {
    async fn exchange(&self, code: &Text, user: Option<&Text>, parts: &Parts) -> Result<Tokens, Problem> {
        let submission = Submission::by_code(code.as_str()).login().client(self.clients.of_parts(parts)?);
        let proof = self.otp.verify(submission).await?;
        if user.is_some_and(|user| !is_of(&proof, user.as_str())) {
            return Err(Problem::refused(None)); // as if the code were wrong; and it is used up
        }
        Ok(self.otp.grant(proof).await?)
    }

    async fn issue(&self, acting: &Acting, user: Option<&Text>) -> Result<Tokens, Problem> {
        if acting.role == Role::User {
            return Err(RequestError::NotAdministrator.into()); // before anything is said of users
        }
        let Some(user) = user else {
            return Err(Problem::field("idOrEmailUser", "is missing; name a user, or give a code"));
        };
        let grant = self.grant_for(acting, user.as_str())?.refresh(false);
        self.otp.issue_tokens(&acting.principal(), grant).await.map_err(|error| match error {
            IssueTokensError::Request(error) => error.into(),
            IssueTokensError::Fault(fault) => fault.into(),
            error => Problem::fault(error),
        })
    }

    /// A principal, with what it may do as far as whoever asks may; a user; or whoever has an address.
    fn grant_for(&self, acting: &Acting, user: &str) -> Result<Grant, Problem> {
        if let Some(caller) = self.principals.named(user) {
            if !acting.may_be(caller) {
                let detail = "a principal's token is for whoever sends name and secret, an administrator's for administrators";
                return Err(Problem::new(&problems::INSUFFICIENT_SCOPE, detail));
            }
            let held = caller.scopes.iter().filter(|scope| acting.scopes.contains(scope));
            return Ok(held.fold(Grant::for_subject(user).metadata(PRINCIPAL, user), Grant::scope));
        }
        if self.users.is_verified(user) {
            return Ok(Grant::for_subject(user));
        }
        if user.contains('@') || user.starts_with('+') {
            return Ok(Grant::for_subject(self.subject(&address("idOrEmailUser", user)?)));
        }
        Err(Problem::of_field(&problems::NOT_FOUND, "idOrEmailUser", "there is no user of that id"))
    }

    /// The id of whoever has proven that address, else the address.
    fn subject(&self, recipient: &Recipient) -> String {
        let user = self.users.find(recipient).filter(|user| user.verified);
        user.map_or_else(|| recipient.canonical(), |user| user.id)
    }
}

/// Whether a proof is of that user, by id or address.
fn is_of(proof: &Proof, user: &str) -> bool {
    proof.subject() == user || Recipient::parse(user).is_ok_and(|address| address == *proof.recipient())
}

impl FromRef<Slingr> for Arc<Principals> {
    fn from_ref(api: &Slingr) -> Self {
        Arc::clone(&api.principals)
    }
}
