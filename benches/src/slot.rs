//! Ports that are the same every time, so that what is timed is the crate's work and nothing else's.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use otp_exchange::{Clock, CodeStore, Name, Sealed, StoreError, Swap, Timestamp, Version};

/// A store of one entry, whoever asks. It can be told to take no more writes: then whatever is submitted meets
/// the same entry, and so a million submissions can be made of one code.
#[derive(Debug, Default)]
pub struct Slot {
    entry: Mutex<Option<Sealed>>,
    frozen: Mutex<bool>,
    written: Mutex<Option<Instant>>,
    delay: AtomicU64,
}

impl Slot {
    /// Takes no more writes, though it says it does.
    pub fn freeze(&self, frozen: bool) {
        *self.frozen.lock().unwrap_or_else(PoisonError::into_inner) = frozen;
    }

    /// What lies in it.
    pub fn entry(&self) -> Option<Sealed> {
        self.entry.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// That is what lies in it from now on.
    pub fn put(&self, entry: Option<Sealed>) {
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = entry;
    }

    /// When something was to be written last.
    pub fn written(&self) -> Option<Instant> {
        *self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A planted leak: every load takes as many multiplications longer, each of which waits for the one before.
    pub fn delay(&self, multiplications: u64) {
        self.delay.store(multiplications, Ordering::Relaxed);
    }
}

impl CodeStore for Slot {
    async fn load(&self, _: Name) -> Result<Option<Sealed>, StoreError> {
        let mut product = black_box(3_u64);
        for _ in 0..self.delay.load(Ordering::Relaxed) {
            product = product.wrapping_mul(product);
        }
        black_box(product);
        Ok(self.entry())
    }

    #[allow(clippy::disallowed_methods)] // measures spans; decides nothing
    async fn swap(
        &self,
        _: Name,
        _: Option<Version>,
        value: &Sealed,
        _: Timestamp,
    ) -> Result<Swap, StoreError> {
        *self.written.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        if !*self.frozen.lock().unwrap_or_else(PoisonError::into_inner) {
            self.put(Some(value.clone()));
        }
        Ok(Swap::Applied)
    }
}

/// A clock that stands: no code dies while a million are timed.
#[derive(Clone, Copy, Debug)]
pub struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(1_800_000_000_000)
    }
}
