//! A store that remembers what was written to it.

use std::sync::{Arc, Mutex, PoisonError};

use otp_exchange::{CodeStore, DynStore, Name, Sealed, StoreError, Swap, Timestamp, Version};

/// A store that remembers what was written to it. Clones remember together.
#[derive(Clone)]
pub(crate) struct Remembering {
    store: DynStore,
    written: Arc<Mutex<Vec<(Name, Sealed)>>>,
}

impl Remembering {
    /// Nothing yet.
    pub(crate) fn new(store: DynStore) -> Self {
        Self { store, written: Arc::default() }
    }

    /// Every entry so far, in the order of the swaps.
    pub(crate) fn written(&self) -> Vec<(Name, Sealed)> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl CodeStore for Remembering {
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
        let swap = self.store.swap(name, expected, value, forget_after).await?;
        if swap == Swap::Applied {
            self.written.lock().unwrap_or_else(PoisonError::into_inner).push((name, value.clone()));
        }
        Ok(swap)
    }
}
