//! Codes: requested, sent again, looked at, taken back.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use otp_exchange::{ClientKey, OtpId, OtpIdError, Purpose, Receipt, Recipient, Status, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::Api;
use crate::asked::Asked;
use crate::body::{Body, Text};
use crate::document::{AskProblems, LookProblems, ResendProblems, TakeBackProblems};
use crate::problem::{Problem, seconds};
use crate::problems;

/// A code to be sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeRequest {
    /// An email address, or a phone number with its country code.
    #[schema(value_type = String, example = "ada@example.org", min_length = 1, max_length = 254)]
    to: Text,
    /// What the code is for; the first, if none is named.
    #[schema(value_type = Option<String>)]
    purpose: Option<Text>,
    /// The language of the message (BCP 47); without it `Accept-Language` counts.
    #[schema(value_type = Option<String>, example = "fr-BE")]
    language: Option<Text>,
}

/// What may come along in headers.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code)] // it is the document's
struct AskHeaders {
    /// 16 to 255 bytes that nobody can guess, a fresh UUID for each press of the button: the same request
    /// with the same key leads to the same code, and to no second message.
    #[param(rename = "Idempotency-Key", required = false, min_length = 16, max_length = 255, value_type = String)]
    idempotency_key: Option<String>,
    /// Counts if the body names no language.
    #[param(rename = "Accept-Language", required = false, value_type = String)]
    accept_language: Option<String>,
}

/// A code is on its way, or would be if there were somebody to get it: the answer is the same.
#[derive(Serialize, ToSchema)]
pub(crate) struct CodeSent {
    /// Names the code; send it along with what was typed.
    otp_id: String,
    /// How often the code may be tried.
    attempts: u8,
    /// How many characters the code has.
    length: u8,
    /// How many seconds the code lives.
    expires_in: u64,
    /// From when on the code is dead.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// After how many seconds the same code may be sent again.
    resend_in: u64,
    /// When the same code may be sent again.
    #[schema(value_type = String, format = DateTime)]
    resend_at: Timestamp,
}

/// How a code stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct CodeStatus {
    /// What the code is for.
    purpose: String,
    /// How often the code may still be tried.
    attempts_left: u8,
    /// How many characters the code has.
    length: u8,
    /// How often it was sent.
    deliveries: u8,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// From when on the code is dead.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When the same code may be sent again.
    #[schema(value_type = String, format = DateTime)]
    resend_at: Timestamp,
}

/// Request a code
///
/// A code is made and sent. The answer comes before the message goes out, and is the same whether or not
/// there is an account.
#[utoipa::path(
    post, path = "/codes", tag = "codes", request_body = CodeRequest,
    params(AskHeaders),
    responses((status = 202, body = CodeSent, description = "A code is on its way"), AskProblems),
)]
pub(crate) async fn request_code(
    State(api): State<Arc<Api>>,
    Client(client): Client,
    headers: HeaderMap,
    Body(wanted): Body<CodeRequest>,
) -> Result<(StatusCode, Json<CodeSent>), Problem> {
    let recipient = Recipient::parse(wanted.to.as_str()).map_err(|error| named(error.into()))?;
    let purpose = purpose(&api, wanted.purpose.as_ref())?;
    let text = |text: &str| text.to_owned();
    let language = wanted.language.as_ref().map(|language| text(language.as_str()));
    let preferred = || headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).map(text);
    let language = language.or_else(preferred);
    let key = idempotency_key(&headers)?.map(text);
    let asked = Asked::new(recipient, purpose, client, language, key, headers);
    let request = api.hook.request(asked).await?;
    let sent = api.deliveries.send(request, CodeSent::of).await;
    sent.map(|sent| (StatusCode::ACCEPTED, Json(sent))).map_err(named)
}

/// Send a code again
///
/// The same code, to the same address. Neither its life nor its attempts begin anew.
#[utoipa::path(
    post, path = "/codes/{otp_id}/resend", tag = "codes",
    params(("otp_id" = String, Path, description = "What the request for the code was answered with")),
    responses((status = 202, body = CodeSent, description = "The code is on its way again"), ResendProblems),
)]
pub(crate) async fn resend_code(
    State(api): State<Arc<Api>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<(StatusCode, Json<CodeSent>), Problem> {
    let sent = api.deliveries.send_again(&otp_id(path)?, CodeSent::of).await?;
    Ok((StatusCode::ACCEPTED, Json(sent)))
}

/// Look at a code
///
/// Spends nothing and changes nothing.
#[utoipa::path(
    get, path = "/codes/{otp_id}", tag = "codes",
    params(("otp_id" = String, Path, description = "What the request for the code was answered with")),
    responses((status = 200, body = CodeStatus, description = "The code lives"), LookProblems),
)]
pub(crate) async fn code_status(
    State(api): State<Arc<Api>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<CodeStatus>, Problem> {
    Ok(Json(CodeStatus::of(&api.otp.status(&otp_id(path)?).await?)))
}

/// Take a code back
///
/// Nothing is right for it any more. The answer is the same for a code that is dead already and for what
/// names no code.
#[utoipa::path(
    delete, path = "/codes/{otp_id}", tag = "codes",
    params(("otp_id" = String, Path, description = "What the request for the code was answered with")),
    responses((status = 204, description = "No such code is good any more"), TakeBackProblems),
)]
pub(crate) async fn cancel_code(
    State(api): State<Arc<Api>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let cancelled = match otp_id(path) {
        Ok(otp_id) => api.otp.cancel(&otp_id).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match cancelled {
        Err(problem) if *problem.kind() != problems::GONE => Err(problem),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

/// Where a request comes from.
pub(crate) struct Client(pub(crate) ClientKey);

impl FromRequestParts<Arc<Api>> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        api.client.of_parts(parts).map(Self)
    }
}

impl CodeSent {
    fn of(receipt: &Receipt) -> Self {
        let now = receipt.expires_at.saturating_sub(receipt.lifetime); // when the receipt was made
        Self {
            otp_id: receipt.otp_id.to_string(),
            attempts: receipt.attempts,
            length: receipt.length,
            expires_in: receipt.lifetime.as_secs(),
            expires_at: receipt.expires_at,
            resend_in: seconds(now.until(receipt.resend_at)),
            resend_at: receipt.resend_at,
        }
    }
}

impl CodeStatus {
    fn of(status: &Status) -> Self {
        Self {
            purpose: status.purpose.as_str().to_owned(),
            attempts_left: status.attempts_left,
            length: status.length,
            deliveries: status.deliveries,
            created_at: status.created_at,
            expires_at: status.expires_at,
            resend_at: status.resend_at,
        }
    }
}

fn otp_id(path: Result<Path<String>, PathRejection>) -> Result<OtpId, Problem> {
    let otp_id = path.map_err(|_| OtpIdError::Malformed).and_then(|Path(otp_id)| otp_id.parse());
    otp_id.map_err(Problem::from)
}

fn purpose(api: &Api, wanted: Option<&Text>) -> Result<Purpose, Problem> {
    let known = match wanted {
        None => api.purposes.first(),
        Some(wanted) => api.purposes.iter().find(|purpose| purpose.as_str() == wanted.as_str()),
    };
    known.cloned().ok_or_else(|| Problem::field("purpose", "is none of this service's; leave it out"))
}

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    match (values.next().map(|value| value.to_str()), values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(key)), None) => Ok(Some(key)),
        _ => Err(Problem::field(IDEMPOTENCY_KEY, "must be there once, in printable ASCII, a UUID say")),
    }
}

/// In the names of this API. What is wrong with a part that it does not take is the application's own doing.
fn named(problem: Problem) -> Problem {
    match problem.wrong_field() {
        Some("purpose") | None => problem,
        Some("recipient") => problem.renamed("recipient", "to"),
        Some("idempotency_key") => problem.renamed("idempotency_key", IDEMPOTENCY_KEY),
        Some(_) => {
            let detail = problem.detail();
            tracing::error!(target: "otp_exchange", error = detail, "the application's request is refused");
            Problem::internal()
        }
    }
}
