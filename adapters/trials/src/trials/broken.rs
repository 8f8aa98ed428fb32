//! Stores that are wrong on purpose: a trial that they pass shows nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use otp_exchange::{CodeStore, DynStore, Name, Sealed, StoreError, Swap, Timestamp, Version};

/// Writes whatever it is given, whichever version is expected.
#[derive(Clone, Debug)]
pub struct Blind {
    store: DynStore,
    /// One write at a time: a thousand at once would cost each other half a million tries.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Blind {
    /// In front of that store.
    pub fn new(store: DynStore) -> Self {
        Self { store, turn: Arc::default() }
    }
}

impl CodeStore for Blind {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.store.load(name).await
    }

    async fn swap(
        &self,
        name: Name,
        _expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let _turn = self.turn.lock().await;
        loop {
            let there = self.store.load(name).await?.map(|sealed| sealed.version());
            if self.store.swap(name, there, value, forget_after).await? == Swap::Applied {
                return Ok(Swap::Applied);
            }
        }
    }
}

/// Answers a swap before it is written, as a cache in front of a database does.
#[derive(Clone, Debug)]
pub struct Hasty {
    store: DynStore,
    ahead: Arc<Mutex<HashMap<Name, Sealed>>>,
}

impl Hasty {
    /// In front of that store.
    pub fn new(store: DynStore) -> Self {
        Self { store, ahead: Arc::default() }
    }

    fn ahead(&self) -> MutexGuard<'_, HashMap<Name, Sealed>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CodeStore for Hasty {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        let ahead = self.ahead().get(&name).cloned();
        if ahead.is_some() { Ok(ahead) } else { self.store.load(name).await }
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        if self.load(name).await?.map(|there| there.version()) != expected {
            return Ok(Swap::Conflict);
        }
        self.ahead().insert(name, value.clone());
        let (store, value) = (self.store.clone(), value.clone());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            store.swap(name, expected, &value, forget_after).await
        });
        Ok(Swap::Applied)
    }
}
