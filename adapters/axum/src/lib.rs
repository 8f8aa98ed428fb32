//! One-time passcodes over HTTP.

mod answers;
mod basic;
mod bearer;
mod body;
mod client;
mod deliveries;
mod problem;
pub mod problems;

pub use basic::BasicCredentials;
pub use bearer::Bearer;
pub use body::{Body, Form, MAX_BODY_BYTES, Text, Whole};
pub use client::ClientAddress;
pub use deliveries::{Deliveries, Place};
pub use problem::Problem;
