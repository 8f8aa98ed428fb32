//! What holds for every request and answer of the page.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use super::Page;
use super::trouble::Trouble;
use crate::settings::Origin;

/// Everything comes from here, nothing stands in the page itself, and nobody frames it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'";

const HEADERS: [(HeaderName, &str); 4] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    // Not no-referrer: then browsers say `Origin: null` of the page's own forms, too (Fetch section 3.2).
    (REFERRER_POLICY, "same-origin"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Refuses forms of other sites, and sets the headers that protect what is answered.
pub(super) async fn guard(State(page): State<Arc<Page>>, request: Request, next: Next) -> Response {
    let mut response = if request.method().is_safe() || is_own(request.headers(), &page.origin) {
        next.run(request).await
    } else {
        tracing::warn!(
            origin = page.origin.as_str(),
            "a form of another site was refused; if browsers call this service by another name than that, set --origin"
        );
        page.stopped(&Trouble::foreign(), "/")
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Nobody sees by going back who was signed in.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Whether a form is not another site's. Browsers say so by `Sec-Fetch-Site`, old ones by `Origin`; whoever
/// says neither is no browser, and has no cookie that another site could misuse. So nobody is signed in as
/// somebody else, either.
fn is_own(headers: &HeaderMap, origin: &Origin) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none"; // none: the person's own doing
    }
    headers.get(ORIGIN).is_none_or(|named| named == origin.as_str())
}
