//! What went wrong, as a problem document.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::problems::{self, Type};

/// What went wrong, as `application/problem+json` (RFC 9457), with a `type` that stays what it is: see
/// [`problems`].
///
/// It holds no code, token or address, and is the same for everybody it says the same to.
#[derive(Clone)]
pub struct Problem {
    of: &'static Type,
    detail: Cow<'static, str>,
    field: Option<Cow<'static, str>>,
    retry_after: Option<Duration>,
    attempts_left: Option<u8>,
    challenge: Option<HeaderValue>,
}

/// What went wrong (RFC 9457).
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Document<'a> {
    /// What identifies the type of problem; it leads to a page that explains it, and does not change.
    #[schema(format = "uri")]
    r#type: &'a str,
    /// The type in a few words.
    title: &'a str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong this time, and what to do.
    detail: &'a str,
    /// The field, or header, of the request that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<&'a str>,
    /// When to try again, in seconds; `Retry-After` says the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retry_after: Option<u64>,
    /// How often the code may still be tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    attempts_left: Option<u8>,
}

impl Problem {
    /// A problem of that type, and what there is to say about this one: what is wrong, and what to do.
    pub fn new(of: &'static Type, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            of,
            detail: detail.into(),
            field: None,
            retry_after: None,
            attempts_left: None,
            challenge: None,
        }
    }

    /// A field of the request is missing, of the wrong type, out of range or unknown.
    pub fn field(name: impl Into<Cow<'static, str>>, wrong: impl fmt::Display) -> Self {
        Self::of_field(&problems::INVALID_FIELD, name, wrong)
    }

    /// A problem of another type that names a field: a user or an application that there is not, say.
    pub fn of_field(of: &'static Type, name: impl Into<Cow<'static, str>>, wrong: impl fmt::Display) -> Self {
        let name = name.into();
        let detail = format!("{name}: {wrong}");
        Self { field: Some(name), ..Self::new(of, detail) }
    }

    /// Too much, too soon: the same to everybody, whichever limit it was.
    pub fn throttled(retry_after: Duration) -> Self {
        let detail = "too many requests; try again after retry_after seconds";
        Self { retry_after: Some(retry_after), ..Self::new(&problems::THROTTLED, detail) }
    }

    /// Wrong, expired, used and unknown codes, all alike but for the attempts left.
    pub fn refused(attempts_left: Option<u8>) -> Self {
        let detail = "the code is wrong, expired, used or unknown; type it again, or ask for a new one";
        Self { attempts_left, ..Self::new(&problems::REFUSED, detail) }
    }

    /// Something behind the service does not answer; no verdict is known.
    pub fn unavailable() -> Self {
        let retry_after = Some(Duration::from_secs(1));
        let detail = "a part of the service does not answer; try again after retry_after seconds";
        Self { retry_after, ..Self::new(&problems::UNAVAILABLE, detail) }
    }

    /// Something of the application's own failed, its users' database say: the answer is that of
    /// [`unavailable`](Self::unavailable), and the error goes to the log. It must hold no address.
    pub fn fault(error: impl fmt::Display) -> Self {
        tracing::error!(target: "otp_exchange", %error, "a request could not be answered");
        Self::unavailable()
    }

    /// The same problem with something else to say about it.
    pub fn saying(self, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// The service is put together wrongly; its log says how.
    pub(crate) fn internal() -> Self {
        Self::new(&problems::INTERNAL, "the service is put together wrongly; see its log")
    }

    /// With a challenge that says how to authenticate (RFC 9110 section 11.6.1).
    pub(crate) fn challenge(self, challenge: HeaderValue) -> Self {
        Self { challenge: Some(challenge), ..self }
    }

    /// Its type.
    pub fn kind(&self) -> &'static Type {
        self.of
    }

    /// What there is to say about this one.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The field of the request that is wrong, if one is.
    pub fn wrong_field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// When to try again.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// What goes over the wire.
    pub(crate) fn document(&self) -> Document<'_> {
        Document {
            r#type: self.of.uri,
            title: self.of.title,
            status: self.of.status.as_u16(),
            detail: &self.detail,
            field: self.field.as_deref(),
            retry_after: self.retry_after.map(seconds),
            attempts_left: self.attempts_left,
        }
    }

    /// The same problem where that field goes by another name: for an API of one's own.
    pub fn renamed(mut self, from: &str, to: &'static str) -> Self {
        if self.field.as_deref() == Some(from) {
            if let Some(rest) = self.detail.strip_prefix(from) {
                self.detail = format!("{to}{rest}").into();
            }
            self.field = Some(to.into());
        }
        self
    }
}

/// Whole seconds, rounded up: whoever waits that long has waited long enough.
pub(crate) fn seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let retry_after = self.retry_after.map(seconds);
        let body = serde_json::to_vec(&self.document()).unwrap_or_default(); // texts and numbers: it cannot fail
        let mut response = (self.of.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(retry_after) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(retry_after));
        }
        if let Some(challenge) = self.challenge {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("type", &self.of.uri)
            .field("detail", &self.detail)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Problem {}

impl From<StatusCode> for Problem {
    /// What a framework answers by itself: not found, method not allowed, too large.
    fn from(status: StatusCode) -> Self {
        match status {
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::new(&problems::METHOD_NOT_ALLOWED, "this method is not for this path; see Allow")
            }
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::new(&problems::TOO_LARGE, "the body is too large; nothing here needs more than 16 KiB")
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::new(&problems::UNSUPPORTED_MEDIA_TYPE, "the content type is not taken here")
            }
            StatusCode::NOT_FOUND => Self::new(&problems::NOT_FOUND, "there is nothing at this path"),
            _ => Self::new(&problems::INVALID_BODY, "the request is malformed"),
        }
    }
}
