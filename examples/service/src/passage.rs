//! Passage's OTP endpoints: codes for signing in and for registering, and what activates them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use otp_exchange::{
    DynExchanger, ExchangeError, Field, Grant, OtpId, Policy, Recipient, Refused, Request, Submission,
    SubmissionError, Tokens,
};
use otp_exchange_axum::{Body, ClientAddress, Deliveries, Problem, Text, problems};
use serde::{Deserialize, Serialize};

use crate::address;
use crate::error::StartError;
use crate::settings::{App, Settings};
use crate::users::{Users, fresh_id};

/// The metadata that holds the id of the application; a token for one is none for another.
pub(crate) const APP: &str = "app";

#[derive(Clone)]
struct Passage {
    otp: Arc<DynExchanger>,
    deliveries: Deliveries,
    users: Users,
    clients: ClientAddress,
    /// Redirects by id; without any, every id is an application.
    apps: Arc<BTreeMap<String, String>>,
}

/// Passage's numbers, and the redirects of its applications.
pub(crate) fn policy(apps: &[App]) -> Policy {
    apps.iter().fold(Policy::passage(), |policy, app| policy.allow_redirect(&app.redirect_url))
}

pub(crate) fn router(
    settings: &Settings,
    otp: &Arc<DynExchanger>,
    deliveries: &Deliveries,
    users: &Users,
) -> Result<Router, StartError> {
    let apps = settings.apps.iter().map(|app| (app.id.clone(), app.redirect_url.clone()));
    let apps: BTreeMap<_, _> = apps.collect();
    if apps.len() < settings.apps.len() {
        return Err(StartError::AppTwice);
    }
    let api = Passage {
        otp: Arc::clone(otp),
        deliveries: deliveries.clone(),
        users: users.clone(),
        clients: settings.client_address(),
        apps: Arc::new(apps),
    };
    Ok(Router::new()
        .route("/v1/apps/{app_id}/login/otp", post(login))
        .route("/v1/apps/{app_id}/register/otp", post(register))
        .route("/v1/apps/{app_id}/otp/activate", post(activate))
        .with_state(api))
}

#[derive(Deserialize)]
struct Asked {
    identifier: Text,
    language: Option<Text>,
}

#[derive(Serialize)]
struct Sent {
    otp_id: OtpId,
}

type AppId = Result<Path<String>, PathRejection>;

/// Whoever has no account gets a decoy.
async fn login(
    State(api): State<Passage>,
    app_id: AppId,
    parts: Parts,
    Body(asked): Body<Asked>,
) -> Result<Json<Sent>, Problem> {
    let recipient = address("identifier", asked.identifier.as_str())?;
    let stranger = new_id()?;
    let user = api.users.find(&recipient);
    // To the spelling that was proven; see `Recipient`.
    let proven = user.as_ref().filter(|user| user.verified).map(|user| &user.address);
    let request = Request::login(proven.unwrap_or(&recipient)).account_exists(user.is_some());
    api.send(app_id, &parts, &asked, request, user.map_or(stranger, |user| user.id)).await
}

/// Whoever has an account gets a decoy; everybody else is a user from now on, who has yet to prove the
/// address.
async fn register(
    State(api): State<Passage>,
    app_id: AppId,
    parts: Parts,
    Body(asked): Body<Asked>,
) -> Result<(StatusCode, Json<Sent>), Problem> {
    let recipient = address("identifier", asked.identifier.as_str())?;
    let stranger = new_id()?;
    let user = api.users.find(&recipient);
    let is_known = user.as_ref().is_some_and(|user| user.verified);
    let id = user.filter(|user| !user.verified).map_or(stranger, |user| user.id);
    let request = Request::register(&recipient).account_exists(is_known);
    let sent = api.send(app_id, &parts, &asked, request, id.clone()).await?;
    // Not before: who is throttled must not push out others who have asked.
    api.users.find_or_add(&recipient, &id);
    Ok((StatusCode::CREATED, sent))
}

impl Passage {
    async fn send(
        &self,
        app_id: AppId,
        parts: &Parts,
        asked: &Asked,
        request: Request,
        user: String,
    ) -> Result<Json<Sent>, Problem> {
        let (app_id, redirect_url) = self.app(&app_id)?;
        let mut grant = Grant::for_subject(user).metadata(APP, app_id);
        if let Some(url) = redirect_url {
            grant = grant.redirect_to(url);
        }
        let request = request
            .bind(Field::Tenant, app_id)
            .locale(asked.language.as_ref().map_or("", Text::as_str))
            .client(self.clients.of_parts(parts)?)
            .grant(grant);
        let sent = self.deliveries.send(request, |receipt| receipt.otp_id).await;
        let otp_id = sent.map_err(|problem| problem.renamed("recipient", "identifier"))?;
        Ok(Json(Sent { otp_id }))
    }

    /// The id of an application in the path, and where it sends people.
    fn app<'a>(&'a self, app_id: &'a AppId) -> Result<(&'a str, Option<&'a str>), Problem> {
        let named = app_id.as_ref().ok().map(|Path(id)| id.as_str()).filter(|id| crate::is_app_id(id));
        let known = named.map(|id| (id, self.apps.get(id).map(String::as_str)));
        known.filter(|(_, redirect_url)| self.apps.is_empty() || redirect_url.is_some()).ok_or_else(|| {
            Problem::of_field(&problems::NOT_FOUND, "app_id", "there is no application of that id")
        })
    }
}

#[derive(Deserialize)]
struct Typed {
    otp: Text,
    otp_id: Text,
}

#[derive(Serialize)]
struct Activated<'a> {
    auth_result: AuthResult<'a>,
}

#[derive(Serialize)]
struct AuthResult<'a> {
    auth_token: &'a str,
    redirect_url: &'a str,
    refresh_token: &'a str,
}

async fn activate(
    State(api): State<Passage>,
    app_id: AppId,
    parts: Parts,
    Body(typed): Body<Typed>,
) -> Result<Response, Failure> {
    let (app_id, _) = api.app(&app_id)?;
    // One that was never an otp id is answered as one that is dead.
    let otp_id = typed.otp_id.as_str().parse::<OtpId>().map_err(SubmissionError::from)?;
    let submission = Submission::by_id(&otp_id, typed.otp.as_str())
        .login()
        .register()
        .bind(Field::Tenant, app_id)
        .client(api.clients.of_parts(&parts)?);
    let proof = api.otp.verify(submission).await?;
    let is_theirs = verify(&api.users, proof.subject(), proof.recipient()).await?;
    if !is_theirs {
        return Err(Failure::Refused { attempts_left: Some(0) });
    }
    let tokens = api.otp.grant(proof).await?;
    Ok(activated(&tokens))
}

fn activated(tokens: &Tokens) -> Response {
    let auth_result = AuthResult {
        auth_token: tokens.access.expose(),
        redirect_url: tokens.redirect_url.as_deref().unwrap_or_default(),
        refresh_token: tokens.refresh.as_ref().map_or("", |token| token.expose()),
    };
    Json(Activated { auth_result }).into_response()
}

async fn verify(users: &Users, id: &str, recipient: &Recipient) -> Result<bool, Problem> {
    let verified = users.verify(id, recipient).await;
    verified
        .map_err(|error| Problem::fault(error).saying("the code is used up all the same; ask for a new one"))
}

fn new_id() -> Result<String, Problem> {
    fresh_id().map_err(Problem::fault)
}

/// Why a code was not activated: Passage says 401 where the problems of the adapter say 403.
enum Failure {
    Refused { attempts_left: Option<u8> },
    Other(Problem),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl From<SubmissionError> for Failure {
    fn from(error: SubmissionError) -> Self {
        ExchangeError::from(error).into()
    }
}

impl From<ExchangeError> for Failure {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Refused(Refused { attempts_left, .. }) => Self::Refused { attempts_left },
            ExchangeError::Submission(SubmissionError::OtpId(_)) => Self::Refused { attempts_left: Some(0) },
            error => Self::Other(Problem::from(error).renamed("code", "otp")),
        }
    }
}

/// A refusal as a problem document (RFC 9457).
#[derive(Serialize)]
struct Refusal<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    attempts_left: Option<u8>,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let attempts_left = match self {
            Self::Other(problem) => return problem.into_response(),
            Self::Refused { attempts_left } => attempts_left,
        };
        let problem = Problem::refused(attempts_left);
        let status = StatusCode::UNAUTHORIZED;
        let document = Refusal {
            r#type: problem.kind().uri,
            title: problem.kind().title,
            status: status.as_u16(),
            detail: problem.detail(),
            attempts_left,
        };
        // A 401 has to name a way to authenticate (RFC 9110 section 15.5.2): the token that a right code
        // leads to.
        let headers = [(CONTENT_TYPE, "application/problem+json"), (WWW_AUTHENTICATE, "Bearer")];
        let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        (status, headers, Json(document)).into_response()
    }
}
