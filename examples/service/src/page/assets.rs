//! What the page looks like and does: files beside this one, built in.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::get;

/// They may be kept for five minutes: after an update nobody has the old ones for long.
const CACHED: &str = "public, max-age=300";

pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let file = |kind: &'static str, content: &'static str| {
        get(move || async move { ([(CONTENT_TYPE, kind), (CACHE_CONTROL, CACHED)], content) })
    };
    Router::new()
        .route("/page.css", file("text/css; charset=utf-8", include_str!("page.css")))
        .route("/page.js", file("text/javascript; charset=utf-8", include_str!("page.js")))
        .route("/page.svg", file("image/svg+xml", include_str!("page.svg")))
}
