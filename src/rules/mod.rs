//! Everything that may happen to a code or a session, as pure functions `(state, now, input) -> (state',
//! outcome)`.
//!
//! No clock, no randomness, no I/O: whoever wants to know what this crate allows reads this folder.

#[cfg(any(test, fuzzing))]
mod ajar;
mod challenge;
mod draft;
#[cfg(test)]
mod explore;
mod lanes;
mod ledger;
#[cfg(any(test, fuzzing))]
mod model;
mod quota;
mod refusal;
mod session;
#[cfg(test)]
mod session_tests;
mod spent;
mod subject;
#[cfg(test)]
mod tests;

pub(crate) use challenge::{Challenge, Drawn, Life};
pub(crate) use draft::{Draft, checked_grant};
pub(crate) use lanes::ClientTag;
pub(crate) use ledger::{Attempt, Ledger, MAX_LEDGER_BYTES, Moment, Verdict};
#[cfg(fuzzing)]
pub(crate) use model::read as compare_with_reference;
pub(crate) use quota::{MAX_USAGE_BYTES, Share, Usage};
pub(crate) use refusal::Refusal;
pub use refusal::Waiting;
pub(crate) use session::{MAX_SESSION_BYTES, Refreshed, Session};
pub(crate) use subject::{MAX_SUBJECT_BYTES, Subject};
