//! One-time passcodes over HTTP: a router for any axum 0.8 application, over any
//! [`Exchanger`](otp_exchange::Exchanger).
//!
//! ```no_run
//! use std::net::SocketAddr;
//! use std::sync::Arc;
//!
//! use axum::routing::get;
//! use axum::{Json, Router};
//! use otp_exchange::{DynExchanger, Exchanger, Grant, Keyring, MemoryStore, Outbox};
//! use otp_exchange_axum::{Api, Asked, Bearer, ClientAddress, Deliveries, Problem};
//!
//! /// An endpoint of the application: `Bearer` lets in whoever has a good access token.
//! async fn profile(Bearer(claims): Bearer) -> Json<String> {
//!     Json(claims.subject)
//! }
//!
//! # async fn user(_: &otp_exchange::Recipient) -> Result<Option<String>, std::io::Error> { Ok(None) }
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // In production a store that survives, a notifier that sends, and Keyring::new.
//!     let otp = Exchanger::builder(MemoryStore::new(100_000), Outbox::new(), Keyring::generate()?).build()?;
//!     let otp: Arc<DynExchanger> = Arc::new(otp.erase());
//!     let deliveries = Deliveries::new(otp.clone());
//!     let api = Api::new(otp.clone(), deliveries.clone())
//!         .client_address(ClientAddress::forwarded_for(1)) // behind one proxy; by default the connection's
//!         .on_request(|asked: Asked| async move {
//!             let user = user(&asked.recipient).await.map_err(Problem::fault)?;
//!             let known = user.is_some(); // if not, no message goes out, and no code is right
//!             let grant = Grant::for_subject(user.unwrap_or("nobody".into())).scope("profile");
//!             Ok(asked.request.account_exists(known).grant(grant))
//!         })
//!         .introspection([("gateway", std::env::var("GATEWAY_SECRET")?)])?;
//!
//!     let app = Router::new().nest("/otp", api.router()).route("/profile", get(profile)).with_state(otp);
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
//!         .with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) })
//!         .await?;
//!     deliveries.finish().await; // what is still to be sent
//!     Ok(())
//! }
//! ```
//!
//! # Endpoints
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /codes` | `to`, `purpose`?, `language`? | 202 `otp_id`, `attempts`, `length`, `expires_in`, `resend_in`, … |
//! | `POST /codes/{otp_id}/resend` | | 202, the same |
//! | `GET /codes/{otp_id}` | | 200 `attempts_left`, `deliveries`, `expires_at`, … |
//! | `DELETE /codes/{otp_id}` | | 204, whatever the otp id |
//! | `POST /exchange` | `otp_id`, `code` | 200 `access_token`, `refresh_token`?, `expires_in`, `subject`, … (RFC 6749 section 5.1) |
//! | `POST /token` | form: `grant_type=refresh_token`, `refresh_token`, `scope`? | 200 the next tokens (RFC 6749 section 6) |
//! | `POST /revoke` | form: `token` | 200, whatever the token (RFC 7009) |
//! | `POST /introspect` | form: `token`; `Authorization: Basic` | 200 `active`, `sub`, `scope`, `exp`, … (RFC 7662) |
//! | `GET /openapi.json` | | 200 all of this, as OpenAPI 3.1 |
//!
//! Errors are [problem documents](problems) (RFC 9457) with a `type` that stays what it is; those of the
//! three forms are RFC 6749's. What is throttled (429) or cannot be answered now (503) says when to try
//! again.
//!
//! # What holds
//!
//! - The answer is given when the code is stored; its message goes out [behind it](Deliveries), in a bounded
//!   queue, whether or not the client stays for the answer. So nothing about a delivery shows, neither its
//!   time nor its success.
//! - People with and without an account get the same answers, and the same calls to the store are made for
//!   them, if the application says [`account_exists`](otp_exchange::Request::account_exists) and is as quick
//!   for one as for the other.
//! - Otp ids that are dead, malformed, altered or another service's are answered byte for byte alike, and so
//!   are tokens.
//! - Bodies have at most 16 KiB and are what their content type says; fields are of their type, known, and
//!   there once. An error names the field, and repeats no value.
//! - No answer is kept by a cache or taken for another type (`no-store`, `nosniff`).
//! - There is nothing for another site to forge (CSRF): no cookie is read or set. JSON has to call itself
//!   that, which a form cannot. Forms carry the token that they are about, and a path its otp id: who can
//!   send them has no need of a victim's browser. There are no CORS headers; add a layer for those, if pages
//!   of other origins are yours.
//!
//! # What was chosen
//!
//! - `DELETE` of a code that is no longer there, or never was, is 204: nothing is right for it, which is what
//!   was asked.
//! - Revoking either token ends its whole family: RFC 7009 section 2.1 asks that of a refresh token and
//!   allows it of an access token, and it is what logging out means.
//! - A refresh may name scopes. One that is not held is `invalid_scope`, and the token is not used up; fewer
//!   than are held give all that are held, and the answer says which (RFC 6749 section 3.3).
//! - Introspection asks whether all of the subject's sessions were taken back, which [`Bearer`] does not: it
//!   costs a load. It says nothing of metadata, and holds refresh tokens for not active: they let nobody in.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod answers;
mod api;
mod asked;
mod basic;
mod bearer;
mod body;
mod callers;
mod client;
mod codes;
mod deliveries;
mod document;
mod exchange;
mod oauth;
mod problem;
pub mod problems;

pub use api::Api;
pub use asked::Asked;
pub use axum;
pub use basic::BasicCredentials;
pub use bearer::Bearer;
pub use body::{Body, Form, MAX_BODY_BYTES, Text, Whole};
pub use callers::CallerError;
pub use client::ClientAddress;
pub use deliveries::Deliveries;
pub use problem::Problem;
pub use utoipa;

/// The README's example, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
