//! One-time passcodes kept in SQLite: an embedded store for `otp-exchange` that survives a restart.
//!
//! [`SqliteStore::connect`] opens a file, or makes it, and is all one needs. Any executor will do, or none:
//! the blocking work is done by threads of the store's own. One of them writes, and commits all swaps that
//! are waiting in one transaction, so that many share one `fsync`; each is answered only when that is done.
//!
//! What it promises after a crash, what production needs and what its limits are is in the README.

mod database;
mod error;
mod store;
#[cfg(test)]
mod tests;
mod threads;

pub use error::Error;
pub use rusqlite;
pub use store::{SqliteStore, Synchronous};

/// The README's example, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
