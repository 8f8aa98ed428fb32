//! Ports that cost nothing of their own, so that what is measured is the crate's.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use otp_exchange::{
    Accepted, Clock, CodeStore, MemoryStore, Message, Name, Notifier, NotifyError, Sealed, StoreError, Swap,
    SystemClock, Timestamp, Version,
};

/// The outcome of a future that never waits, as all of the embedded defaults are.
///
/// # Panics
/// If it waits after all.
pub fn run<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("the embedded defaults never wait"),
    }
}

/// A notifier that takes every message and keeps none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

impl Notifier for Nowhere {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        std::hint::black_box(message);
        Ok(Accepted::new())
    }
}

/// The system's clock, set ahead by as much as one likes: what it costs to read is part of what is measured.
///
/// It begins where a window of the quotas does: near the end of one nobody takes shares of busy ones, and every
/// message costs a write more.
#[derive(Clone, Debug)]
pub(crate) struct ShiftedClock {
    begins: u64,
    ahead: Arc<AtomicU64>,
}

impl ShiftedClock {
    pub(crate) fn at_the_beginning_of(window: Duration) -> Self {
        let (now, window) = (SystemClock.now().unix_millis().unsigned_abs() / 1000, window.as_secs());
        let begins = window - now % window;
        Self { begins, ahead: Arc::new(AtomicU64::new(begins)) }
    }

    pub(crate) fn set_ahead(&self, by: Duration) {
        self.ahead.store(self.begins + by.as_secs(), Ordering::Relaxed);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().saturating_add(Duration::from_secs(self.ahead.load(Ordering::Relaxed)))
    }
}

/// Remembers what was written.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    store: MemoryStore,
    written: Arc<Mutex<Vec<Written>>>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) name: Name,
    pub(crate) length: usize,
    pub(crate) forget_after: Timestamp,
}

impl Watched {
    pub(crate) fn new(store: MemoryStore) -> Self {
        Self { store, written: Arc::default() }
    }

    /// What was written since the last time this was asked.
    pub(crate) fn take(&self) -> Vec<Written> {
        std::mem::take(&mut *self.written())
    }

    fn written(&self) -> MutexGuard<'_, Vec<Written>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CodeStore for Watched {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.store.load(name).await
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let written = Written { name, length: value.as_bytes().len(), forget_after };
        self.written().push(written);
        self.store.swap(name, expected, value, forget_after).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shifted_clock_begins_where_a_window_does_and_goes_back_there() {
        let window = Duration::from_secs(15 * 60);
        let into = |clock: &ShiftedClock| clock.now().unix_millis() % 900_000;
        let clock = ShiftedClock::at_the_beginning_of(window);
        assert!(into(&clock) < 60_000);
        clock.set_ahead(Duration::from_secs(100));
        assert!((100_000..160_000).contains(&into(&clock)));
        clock.set_ahead(Duration::ZERO);
        assert!(into(&clock) < 60_000);
    }
}
