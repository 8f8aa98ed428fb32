//! One-time passcodes by SMS: notifiers for [`otp_exchange`] that hand messages to HTTP gateways.
//!
//! | notifier | gateway | retries |
//! |---|---|---|
//! | [`Twilio`] | Twilio's Messages resource | never: it has no idempotency key |
//! | [`Nomado`] | the Belgian provider Nomado | never: it has no idempotency key |
//! | [`Webhook`] | any that takes JSON, described by settings | only with an idempotency key |
//!
//! They decide nothing: text, number and life of the code come with the message. Each needs a Tokio runtime
//! when it sends.
//!
//! # How errors are sorted
//!
//! | kind | when | then |
//! |---|---|---|
//! | permanent | the gateway speaks of the number: none such, a landline, a person who opted out | the code is voided |
//! | transient | nothing was sent for any other reason: no connection, throttled, credentials, balance, sender | the code lives on |
//! | unknown | it may have been sent: a timeout, a cut connection, 5xx, an answer that makes no sense | the code lives on |
//!
//! The cause is a [`GatewayError`] with the HTTP status and the provider's code:
//!
//! ```
//! # use otp_exchange::NotifyError;
//! use otp_exchange_sms::GatewayError;
//!
//! fn code(error: &NotifyError) -> Option<u64> {
//!     error.cause().downcast_ref::<GatewayError>()?.code()
//! }
//! ```
//!
//! # What is kept secret
//!
//! Tokens, passwords, keys, header values, texts and numbers are in no `Debug` and no error. Texts and
//! credentials go over https alone (http only to this machine, and then past any proxy), and redirections are
//! not followed. The name a gateway gives a message is for logs, and not kept if it repeats code or number.
//!
//! A gateway reads the code, but it is not told the otp id; what it knows a delivery by is the
//! [`DeliveryId`](otp_exchange::DeliveryId). So it cannot use a code that is checked by its otp id, unless
//! the text has a link, which holds both. A code that is checked by address (`by_recipient`) or by nothing
//! but itself (`by_code`) can be used by a gateway that reads it: it has all that is asked for.

mod error;
mod http;
mod letter;
mod nomado;
mod secret;
mod twilio;
mod webhook;

pub use error::{ConfigError, GatewayError};
pub use http::Http;
pub use nomado::{Nomado, NomadoBuilder};
pub use reqwest;
pub use rustls;
pub use twilio::{Twilio, TwilioBuilder};
pub use webhook::{Webhook, WebhookBuilder};

/// The README's example, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
