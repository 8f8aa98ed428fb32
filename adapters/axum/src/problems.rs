//! The types of problems, each with a URI that stays what it is.
//!
//! | fragment | status | meaning |
//! |---|---|---|
//! | `#invalid-body` | 400 | the body is not what its content type says |
//! | `#invalid-field` | 400 | a field is missing, of the wrong type, out of range or unknown; `field` names it |
//! | `#not-a-code` | 400 | what was typed cannot be a code, `field` says where; no attempt was charged |
//! | `#unauthenticated` | 401 | no credentials, or wrong ones |
//! | `#invalid-token` | 401 | the bearer token is expired, revoked or unknown |
//! | `#insufficient-scope` | 403 | the bearer token lacks a scope |
//! | `#refused` | 403 | the code is wrong, expired, used or unknown |
//! | `#not-found` | 404 | nothing is at that path |
//! | `#gone` | 404 | there is no live code of that otp id |
//! | `#method-not-allowed` | 405 | not with that method |
//! | `#too-large` | 413 | the body is too large |
//! | `#unsupported-media-type` | 415 | the body is of a type that is not taken |
//! | `#throttled` | 429 | too much, too soon; `retry_after` seconds |
//! | `#internal` | 500 | the service is put together wrongly; its log says how |
//! | `#unavailable` | 503 | something behind the service does not answer; `retry_after` seconds |

use axum::http::StatusCode;

/// A type of problem.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Type {
    /// What identifies it (RFC 9457 section 3.1.1); it leads to this page.
    pub uri: &'static str,
    /// The same in a few words.
    pub title: &'static str,
    /// The status it goes with.
    pub status: StatusCode,
}

macro_rules! types {
    ($($(#[$doc:meta])* $name:ident = $fragment:literal, $status:ident, $title:literal;)*) => {
        $($(#[$doc])* pub const $name: Type = Type {
            uri: concat!(
                "https://docs.rs/otp-exchange-axum/latest/otp_exchange_axum/problems/index.html#",
                $fragment
            ),
            title: $title,
            status: StatusCode::$status,
        };)*

        /// Every type there is.
        pub const ALL: &[&Type] = &[$(&$name),*];
    };
}

types! {
    /// The body is not what its content type says.
    INVALID_BODY = "invalid-body", BAD_REQUEST, "Invalid body";
    /// A field is missing, of the wrong type, out of range or unknown.
    INVALID_FIELD = "invalid-field", BAD_REQUEST, "Invalid field";
    /// What was typed cannot be a code.
    NOT_A_CODE = "not-a-code", BAD_REQUEST, "Not a code";
    /// No credentials, or wrong ones.
    UNAUTHENTICATED = "unauthenticated", UNAUTHORIZED, "Unauthenticated";
    /// The bearer token is expired, revoked or unknown.
    INVALID_TOKEN = "invalid-token", UNAUTHORIZED, "Invalid token";
    /// The bearer token lacks a scope.
    INSUFFICIENT_SCOPE = "insufficient-scope", FORBIDDEN, "Insufficient scope";
    /// The code is wrong, expired, used or unknown.
    REFUSED = "refused", FORBIDDEN, "Refused";
    /// Nothing is at that path.
    NOT_FOUND = "not-found", NOT_FOUND, "Not found";
    /// There is no live code of that otp id.
    GONE = "gone", NOT_FOUND, "Gone";
    /// Not with that method.
    METHOD_NOT_ALLOWED = "method-not-allowed", METHOD_NOT_ALLOWED, "Method not allowed";
    /// The body is too large.
    TOO_LARGE = "too-large", PAYLOAD_TOO_LARGE, "Too large";
    /// The body is of a type that is not taken.
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type";
    /// Too much, too soon.
    THROTTLED = "throttled", TOO_MANY_REQUESTS, "Throttled";
    /// The service is put together wrongly.
    INTERNAL = "internal", INTERNAL_SERVER_ERROR, "Internal error";
    /// Something behind the service does not answer.
    UNAVAILABLE = "unavailable", SERVICE_UNAVAILABLE, "Unavailable";
}
