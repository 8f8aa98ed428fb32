//! Ports that count what is asked of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::crypto::{Name, Sealed, Version};
use crate::entropy_error::EntropyError;
use crate::ports::{CodeStore, Entropy, StoreError, Swap};
use crate::timestamp::Timestamp;

/// Counts the calls to a store. Clones count together.
#[derive(Clone, Debug)]
pub struct CountingStore<S> {
    store: S,
    counts: Arc<StoreCounts>,
}

#[derive(Debug, Default)]
struct StoreCounts {
    loads: AtomicU64,
    swaps: AtomicU64,
    applied: AtomicU64,
}

impl<S> CountingStore<S> {
    /// Counts the calls to this store, from none.
    pub fn new(store: S) -> Self {
        Self { store, counts: Arc::default() }
    }

    /// How often it was loaded from.
    pub fn loads(&self) -> u64 {
        self.counts.loads.load(Ordering::SeqCst)
    }

    /// How often it was asked to swap.
    pub fn swaps(&self) -> u64 {
        self.counts.swaps.load(Ordering::SeqCst)
    }

    /// How many swaps were applied.
    pub fn applied(&self) -> u64 {
        self.counts.applied.load(Ordering::SeqCst)
    }
}

impl<S: CodeStore> CodeStore for CountingStore<S> {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.counts.loads.fetch_add(1, Ordering::SeqCst);
        self.store.load(name).await
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        self.counts.swaps.fetch_add(1, Ordering::SeqCst);
        let swap = self.store.swap(name, expected, value, forget_after).await?;
        if swap == Swap::Applied {
            self.counts.applied.fetch_add(1, Ordering::SeqCst);
        }
        Ok(swap)
    }
}

/// Counts the bytes asked of a source of randomness. Clones count together.
#[derive(Clone, Debug)]
pub struct CountingEntropy<E> {
    entropy: E,
    counts: Arc<(AtomicU64, AtomicU64)>,
}

impl<E> CountingEntropy<E> {
    /// Counts what is asked of this source, from none.
    pub fn new(entropy: E) -> Self {
        Self { entropy, counts: Arc::default() }
    }

    /// How often it was asked.
    pub fn calls(&self) -> u64 {
        self.counts.0.load(Ordering::SeqCst)
    }

    /// For how many bytes in all.
    pub fn bytes(&self) -> u64 {
        self.counts.1.load(Ordering::SeqCst)
    }
}

impl<E: Entropy> Entropy for CountingEntropy<E> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.counts.0.fetch_add(1, Ordering::SeqCst);
        self.counts.1.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        self.entropy.fill(bytes)
    }
}
