//! The locks and counters of the memory store: the standard library's. Built with `--cfg loom`, its unit tests
//! get loom's, which are run in every order (`memory_store/orders.rs`).

#[cfg(not(all(test, loom)))]
pub(super) use std::sync::{Mutex, MutexGuard, atomic::AtomicUsize};

#[cfg(all(test, loom))]
pub(super) use loom::sync::{Mutex, MutexGuard, atomic::AtomicUsize};
