//! What went wrong, in words for the person it happened to.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::Markup;
use otp_exchange::RecipientError;
use otp_exchange_axum::Problem;

/// What went wrong. It repeats nothing that was typed.
pub(super) struct Trouble {
    pub(super) text: Cow<'static, str>,
    /// Whether what was typed is to be mended.
    pub(super) is_typed: bool,
    status: StatusCode,
    retry_after: Option<u64>,
}

impl Trouble {
    fn typed(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.into(), is_typed: true, status, retry_after: None }
    }

    fn around(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { is_typed: false, ..Self::typed(status, text) }
    }

    /// No email address, and no phone number.
    pub(super) fn no_address(error: RecipientError) -> Self {
        Self::typed(
            StatusCode::BAD_REQUEST,
            match error {
                RecipientError::Email(_) => {
                    "That is not an email address. It has to look like name@example.org, without accents and spaces."
                }
                RecipientError::Phone(_) => {
                    "That is neither an email address nor a phone number. A number begins with + and the country code."
                }
                _ => "Enter your email address or phone number.",
            },
        )
    }

    /// An address that no code may be sent to.
    pub(super) fn not_there() -> Self {
        Self::typed(StatusCode::BAD_REQUEST, "No code can be sent there. Enter another address.")
    }

    /// What was typed can be no code.
    pub(super) fn not_a_code() -> Self {
        Self::typed(
            StatusCode::BAD_REQUEST,
            "That cannot be the code. Enter all of its digits, and nothing else. This try was not counted.",
        )
    }

    /// Not the code.
    pub(super) fn wrong(left: u8) -> Self {
        let tries = if left == 1 { "1 more try" } else { &format!("{left} more tries") };
        Self::typed(
            StatusCode::FORBIDDEN,
            format!("That is not the code. Look again at the newest message: you have {tries}."),
        )
    }

    /// Not the code, and no more tries; or there was nothing to hold it against.
    pub(super) fn refused() -> Self {
        Self::around(
            StatusCode::FORBIDDEN,
            "That code does not work, or not any more: wrong, expired or used. Get a new one.",
        )
    }

    /// There is no code to be typed.
    pub(super) fn gone() -> Self {
        Self::around(
            StatusCode::NOT_FOUND,
            "There is no code to enter: it has expired, was used, or this browser keeps no cookies. Get a new one.",
        )
    }

    /// A form that another site sent.
    pub(super) fn foreign() -> Self {
        Self::around(StatusCode::FORBIDDEN, "This came from another site, so nothing was done. Begin here.")
    }

    /// The page with its trouble's status, or with 200.
    pub(super) fn answer(trouble: Option<&Self>, page: Markup) -> Response {
        let mut response = page.into_response();
        let Some(trouble) = trouble else { return response };
        *response.status_mut() = trouble.status;
        if let Some(seconds) = trouble.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        let status = problem.kind().status;
        let retry_after = problem.retry_after().map(|wait| wait.as_millis().div_ceil(1000));
        let retry_after = retry_after.map(|seconds| u64::try_from(seconds).unwrap_or(u64::MAX));
        let text: Cow<'static, str> = match status {
            StatusCode::TOO_MANY_REQUESTS => format!(
                "That was too soon. Try again in {}.",
                span(retry_after.unwrap_or_default(), u64::div_ceil)
            )
            .into(),
            StatusCode::NOT_FOUND => return Self::gone(),
            StatusCode::FORBIDDEN => return Self::refused(),
            StatusCode::METHOD_NOT_ALLOWED => "There is nothing here for that. Begin again.".into(),
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                "That could not be read. Fill the form in again.".into()
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                "The service does not answer just now. Try again in a moment.".into()
            }
            _ => "The service is not set up rightly. Please tell whoever runs it.".into(),
        };
        Self { retry_after, ..Self::around(status, text) }
    }
}

/// A span in words: seconds up to two minutes, then minutes.
pub(super) fn span(seconds: u64, minutes: fn(u64, u64) -> u64) -> String {
    let (count, unit) = if seconds < 120 { (seconds, "second") } else { (minutes(seconds, 60), "minute") };
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{s}")
}

/// What is left, in words, to the nearest minute.
pub(super) fn left(life: Duration) -> String {
    span(life.as_secs(), |seconds, whole| (seconds + whole / 2) / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up_and_a_life_to_the_nearest() {
        let wait = |seconds| span(seconds, u64::div_ceil);
        assert_eq!(
            [0, 1, 119, 120, 121].map(wait),
            ["0 seconds", "1 second", "119 seconds", "2 minutes", "3 minutes"]
        );
        let life = |millis| left(Duration::from_millis(millis));
        assert_eq!([1_999, 149_999, 299_999].map(life), ["1 second", "2 minutes", "5 minutes"]);
    }
}
