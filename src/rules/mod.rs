//! Everything that may happen to a code or a session, as pure functions `(state, now, input) -> (state',
//! outcome)`.
//!
//! No clock, no randomness, no I/O: whoever wants to know what this crate allows reads this folder.

mod challenge;
mod draft;
#[cfg(test)]
mod explore;
mod ledger;
#[cfg(test)]
mod ledger_tests;
mod session;
#[cfg(test)]
mod session_tests;

pub(crate) use challenge::{Challenge, Life};
pub(crate) use draft::Draft;
pub use ledger::Waiting;
pub(crate) use ledger::{Attempt, Ledger, MAX_LEDGER_BYTES, Moment, Refusal, Verdict};
pub(crate) use session::{MAX_SESSION_BYTES, Refreshed, Session};
