//! What the SMTP notifier does with a mail server, which the tests bring along.

mod delivery;
mod injection;
mod inspect;
mod replies;
mod sending;
mod sink;
mod tls;
