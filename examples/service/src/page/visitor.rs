//! Who comes to the page, as far as one request tells.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use axum::response::Response;
use otp_exchange::ClientKey;
use zeroize::Zeroizing;

use super::Page;
use super::cookies::{Cookie, Pending};

/// A browser.
pub(super) struct Visitor {
    pub(super) client: ClientKey,
    /// The code it waits for.
    pub(super) pending: Option<Pending>,
    /// Its access token, which has proven nothing yet.
    pub(super) session: Option<Zeroizing<String>>,
    /// Its `Accept-Language`.
    pub(super) language: String,
}

impl FromRequestParts<Arc<Page>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, page: &Arc<Page>) -> Result<Self, Response> {
        let client = page.client_address.of_parts(parts);
        let client = client.map_err(|problem| page.stopped(&problem.into(), "/"))?;
        let cookie = |one: Cookie| one.read(&parts.headers, &page.origin);
        let pending = cookie(Cookie::Pending).and_then(|text| text.parse().ok());
        let session = cookie(Cookie::Session).map(|text| Zeroizing::new(text.to_owned()));
        let language = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Ok(Self { client, pending, session, language: language.unwrap_or_default().to_owned() })
    }
}
