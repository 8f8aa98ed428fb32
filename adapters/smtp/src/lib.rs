//! One-time passcodes by email: a notifier for `otp-exchange` that hands messages to a mail server by SMTP.
//!
//! [`SmtpNotifier::connect`] takes the server's URL and the sender, and is all one needs. It runs on Tokio.
//! TLS, commands and addresses are lettre's; how replies are read, which connection is used, when a message
//! counts as handed over, and whom a refusal blames is decided here.
//!
//! What the URLs mean, what errors mean and what bounces are good for is in the README.

mod connections;
mod error;
mod letter;
mod mailbox;
mod notifier;
mod server;
mod wire;

pub use error::{Error, Reply, Step};
pub use lettre;
pub use notifier::{SmtpNotifier, delivery_id};

/// The README's example, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
