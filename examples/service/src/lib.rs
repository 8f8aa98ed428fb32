//! A passwordless sign-in service made of `otp-exchange` and its adapters: to run, to read, to copy from.
//!
//! ```text
//! cargo run -p service -- --listen 127.0.0.1:8080
//! ```
//!
//! | module | what it answers |
//! |---|---|
//! | `page` | `/`: a page on which a person signs in, with JavaScript or without |
//! | `otp_exchange_axum` | `/otp`: the JSON API of the adapter, as it is |
//! | `nomado` | `/2fa/create`: Nomado's 2FA API |
//! | `passage` | `/v1/apps/{app_id}/…`: Passage's OTP endpoints |
//! | `slingr` | `/sys/auth/…`: Slingr's `sys.auth` |
//!
//! Around them: `settings` (options), `service` (puts all together), `store`, `outbox`, `keys`, `tokens` (what it is run with),
//! `users` and `principals` (whom it knows).

use otp_exchange::Recipient;
use otp_exchange_axum::Problem;

mod error;
mod files;
mod keys;
mod nomado;
mod outbox;
mod page;
mod passage;
mod principals;
mod service;
mod settings;
mod slingr;
mod store;
mod tokens;
mod users;

pub use error::StartError;
pub use keys::KeyFileError;
pub use service::{Ports, Service};
pub use settings::{App, Caller, LogFormat, Origin, Secret, Settings};
pub use tokens::JwtKeyError;
pub use users::UsersError;

/// The address in that field of a request.
fn address(field: &'static str, text: &str) -> Result<Recipient, Problem> {
    Recipient::parse(text).map_err(|error| Problem::from(error).renamed("recipient", field))
}

/// Whether a text may be the id of an application: 1 to 64 letters, digits, `-` and `_`.
fn is_app_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The guide's examples, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide.md")]
pub struct Guide;
