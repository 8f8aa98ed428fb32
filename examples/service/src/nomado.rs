//! Nomado's 2FA API: a code by SMS, and an answer that holds it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, State};
use axum::http::{HeaderValue, header::CONTENT_TYPE};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use otp_exchange::{Channel, DynExchanger, Kind, Otp, OtpError, Receipt, Request, RequestError, SendError};
use otp_exchange_axum::{Body, Problem, Text, Whole};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::address;
use crate::principals::{self, Acting, Principals};

/// What is taken for what a request leaves out.
const KIND: &str = "ALPHANUMERIC";
const LENGTH: u64 = 4;
const EXPIRY: u64 = 7200;

#[derive(Clone)]
struct Nomado {
    otp: Arc<DynExchanger>,
    principals: Arc<Principals>,
}

pub(crate) fn router(otp: &Arc<DynExchanger>, principals: &Arc<Principals>) -> Router {
    let api = Nomado { otp: Arc::clone(otp), principals: Arc::clone(principals) };
    Router::new()
        .route("/2fa/create", post(create))
        .layer(map_response(principals::challenge))
        .with_state(api)
}

#[derive(Deserialize)]
struct Asked {
    to: Text,
    template: Option<Text>,
    r#type: Option<Text>,
    length: Option<Whole>,
    expiry: Option<Whole>,
}

async fn create(
    State(api): State<Nomado>,
    acting: Result<Acting, Problem>,
    body: Result<Body<Asked>, Problem>,
) -> Result<Response, Failure> {
    let acting = acting?;
    if !acting.is_principal {
        return Err(principals::unauthenticated().into()); // or whoever signs in anywhere could send SMS
    }
    let Body(asked) = body?;
    let expiry = asked.expiry.map_or(EXPIRY, |Whole(seconds)| seconds);
    let sent = api.otp.send(request(&asked, expiry)?.requested_by(acting.principal())).await;
    let (receipt, delivery) = match sent {
        Ok(receipt) => (receipt, Delivery { code: 200, status: "SENT" }),
        // It may arrive yet, and the code is good.
        Err(SendError::Undelivered { receipt, .. }) => (*receipt, Delivery { code: 503, status: "FAILED" }),
        Err(SendError::Request(RequestError::NotBound { .. })) => {
            return Err(
                Problem::field("template", "has a variable that is not known here; {{CODE}} is").into()
            );
        }
        Err(error) => {
            return Err(Problem::from(error).renamed("recipient", "to").renamed("lifetime", "expiry").into());
        }
    };
    let data = Data { to: asked.to.as_str(), delivery, receipt: &receipt, expiry };
    Ok(Json(Answer { code: 200, message: "OK", data: Some(data) }).into_response())
}

fn request(asked: &Asked, expiry: u64) -> Result<Request, Problem> {
    let to = address("to", asked.to.as_str())?;
    if to.channel() != Channel::Sms {
        return Err(Problem::field("to", "must be a phone number; no code goes to an email address"));
    }
    let kind = match asked.r#type.as_ref().map_or(KIND, Text::as_str) {
        "ALPHA" => Kind::Alpha,
        "NUMERIC" => Kind::Numeric,
        "ALPHANUMERIC" => Kind::Alphanumeric,
        _ => return Err(Problem::field("type", "must be ALPHA, NUMERIC or ALPHANUMERIC")),
    };
    let length = asked.length.map_or(LENGTH, |Whole(length)| length);
    let otp = u8::try_from(length).map_err(|_| OtpError::Length { length: u8::MAX });
    let otp = otp.and_then(|length| Otp::new(kind, length));
    let otp = otp.map_err(|_| Problem::field("length", "a code has 1 to 20 characters"))?;
    let begun = Request::login(&to).by_recipient().otp(otp).lifetime(Duration::from_secs(expiry));
    Ok(match &asked.template {
        Some(template) => begun.template(template.as_str()),
        None => begun,
    })
}

/// What every answer looks like.
#[derive(Serialize)]
struct Answer<'a> {
    code: u16,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data<'a>>,
}

struct Data<'a> {
    to: &'a str,
    delivery: Delivery,
    receipt: &'a Receipt,
    expiry: u64,
}

#[derive(Serialize)]
struct Delivery {
    code: u16,
    status: &'static str,
}

impl Serialize for Data<'_> {
    /// The number that was asked for is a name of its own.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let exposed = self.receipt.expose();
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry(self.to, &self.delivery)?;
        map.serialize_entry("text", exposed.text)?;
        map.serialize_entry("token", exposed.code)?;
        map.serialize_entry("expiry", &self.expiry)?;
        map.serialize_entry("total_messages", &self.receipt.total_messages())?;
        map.end()
    }
}

/// A problem in Nomado's shape; status and headers are the problem's.
struct Failure(Problem);

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        // Its shape has no field for the time, which the problem's text speaks of.
        let message = match self.0.retry_after() {
            Some(wait) => {
                format!("{}; try again after {} s", self.0.kind().title, wait.as_millis().div_ceil(1000))
            }
            None => self.0.to_string(),
        };
        let (mut head, _) = self.0.into_response().into_parts();
        head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let answer = Answer { code: head.status.as_u16(), message: &message, data: None };
        let body = serde_json::to_vec(&answer).unwrap_or_default(); // a number and a text: it cannot fail
        Response::from_parts(head, body.into())
    }
}

impl FromRef<Nomado> for Arc<Principals> {
    fn from_ref(api: &Nomado) -> Self {
        Arc::clone(&api.principals)
    }
}
