//! One-time passcodes over HTTP.

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
pub use basic::BasicCredentials;
pub use bearer::Bearer;
pub use body::{Body, Form, MAX_BODY_BYTES, Text, Whole};
pub use callers::CallerError;
pub use client::ClientAddress;
pub use deliveries::{Deliveries, Place};
pub use problem::Problem;
