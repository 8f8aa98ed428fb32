//! What callers over HTTP may rely on, a file a promise.

mod bad_input;
mod bearer;
mod client_address;
mod document;
mod enumeration;
mod flows;
mod headers;
mod leak;
mod parallel;
mod queue;
mod store_down;
mod support;
mod tokens;
