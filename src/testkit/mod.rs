//! What tests of a service, or of a store, need: a clock moved by hand, stores and notifiers that fail on
//! command, counters, and the [laws] every store must keep. Behind the feature `testkit`; meant for
//! `[dev-dependencies]`.

mod clock;
mod counting;
mod faulty;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub mod laws;

pub use crate::tally::CryptoCounts;
pub use clock::ManualClock;
pub use counting::{CountingEntropy, CountingStore};
pub use faulty::{FaultyNotifier, FaultyStore, Injected, Mishap, Reply};
