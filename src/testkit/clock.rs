//! A clock moved by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::ports::Clock;
use crate::timestamp::Timestamp;

/// A clock that stands still until it is moved, in either direction. Clones are the same clock: give one to
/// the exchanger and one to its memory store ([`MemoryStore::with_clock`](crate::MemoryStore::with_clock)).
///
/// ```
/// # use std::time::Duration;
/// use otp_exchange::{Clock, Timestamp, testkit::ManualClock};
/// let clock = ManualClock::default(); // at 2025-01-01T00:00:00Z
/// clock.advance(Duration::from_secs(90));
/// assert_eq!(clock.now().to_string(), "2025-01-01T00:01:30Z");
/// clock.set(Timestamp::MAX);
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows this moment.
    pub fn at(moment: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(moment.unix_millis())))
    }

    /// Moves it on.
    pub fn advance(&self, span: Duration) {
        self.set(self.now().saturating_add(span));
    }

    /// Sets it back.
    pub fn rewind(&self, span: Duration) {
        self.set(self.now().saturating_sub(span));
    }

    /// Sets it to any moment.
    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.unix_millis(), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::at(Timestamp::from_unix_millis(1_735_689_600_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::SeqCst))
    }
}
