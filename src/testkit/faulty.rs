//! Ports that fail on command.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::crypto::{Name, Sealed, Version};
use crate::message::Message;
use crate::ports::{Accepted, CodeStore, Notifier, NotifyError, StoreError, Swap};
use crate::timestamp::Timestamp;

/// The source of every error made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("injected by a test")]
pub struct Injected;

/// What goes wrong with one call to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing is done, and the caller is told so.
    NotApplied,
    /// Nothing is done, and the caller is told that trying again is of no use.
    Permanent,
    /// Nothing is done, but the caller cannot know that: the request was lost.
    RequestLost,
    /// It is done, but the caller cannot know that: the reply was lost.
    ReplyLost,
}

/// A store whose calls fail on command. Clones fail together.
///
/// ```
/// # pollster::block_on(async {
/// use otp_exchange::testkit::{FaultyStore, Reply};
/// use otp_exchange::{Exchanger, Keyring, MemoryStore, Outbox, Recipient, Request};
///
/// let store = FaultyStore::new(MemoryStore::new(100));
/// let otp = Exchanger::builder(store.clone(), Outbox::new(), Keyring::generate()?).build()?;
/// store.fail(1, Reply::ReplyLost); // call 0 is the load, call 1 the swap
/// otp.send(Request::login(&Recipient::parse("ada@example.org")?)).await?; // finds out, and goes on
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct FaultyStore<S> {
    store: S,
    plan: Arc<Mutex<Plan<Reply>>>,
}

/// What goes wrong with one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It does not arrive and never will.
    Permanent,
    /// It does not arrive this time.
    Transient,
    /// It does not arrive, but the caller cannot know that.
    RequestLost,
    /// It arrives, but the caller cannot know that.
    ReplyLost,
}

/// A notifier whose deliveries fail on command. Clones fail together.
#[derive(Clone, Debug)]
pub struct FaultyNotifier<N> {
    notifier: N,
    plan: Arc<Mutex<Plan<Mishap>>>,
}

/// Which calls fail, counted from 0.
#[derive(Debug)]
struct Plan<F> {
    calls: u64,
    failures: BTreeMap<u64, F>,
}

impl<F> Plan<F> {
    fn empty() -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { calls: 0, failures: BTreeMap::new() }))
    }

    /// Counts a call and says whether it fails.
    fn next(&mut self) -> Option<F> {
        self.calls += 1;
        self.failures.remove(&(self.calls - 1))
    }

    fn fail(&mut self, ahead: u64, failure: F) {
        self.failures.insert(self.calls + ahead, failure);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S> FaultyStore<S> {
    /// A store that does not fail yet.
    pub fn new(store: S) -> Self {
        Self { store, plan: Plan::empty() }
    }

    /// Makes one call fail: the next one for 0, the one after that for 1, loads and swaps counted together.
    pub fn fail(&self, ahead: u64, reply: Reply) {
        lock(&self.plan).fail(ahead, reply);
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        lock(&self.plan).calls
    }
}

impl<S: CodeStore> CodeStore for FaultyStore<S> {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        let failure = lock(&self.plan).next();
        match failure {
            None => self.store.load(name).await,
            Some(Reply::Permanent) => Err(StoreError::not_applied(Injected).permanent()),
            Some(_) => Err(StoreError::not_applied(Injected)),
        }
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let failure = lock(&self.plan).next();
        match failure {
            None => self.store.swap(name, expected, value, forget_after).await,
            Some(Reply::NotApplied) => Err(StoreError::not_applied(Injected)),
            Some(Reply::Permanent) => Err(StoreError::not_applied(Injected).permanent()),
            Some(Reply::RequestLost) => Err(StoreError::unknown(Injected)),
            Some(Reply::ReplyLost) => {
                let _ = self.store.swap(name, expected, value, forget_after).await?;
                Err(StoreError::unknown(Injected))
            }
        }
    }
}

impl<N> FaultyNotifier<N> {
    /// A notifier that does not fail yet.
    pub fn new(notifier: N) -> Self {
        Self { notifier, plan: Plan::empty() }
    }

    /// Makes one delivery fail: the next one for 0, the one after that for 1.
    pub fn fail(&self, ahead: u64, delivery: Mishap) {
        lock(&self.plan).fail(ahead, delivery);
    }

    /// How many deliveries were tried.
    pub fn calls(&self) -> u64 {
        lock(&self.plan).calls
    }
}

impl<N: Notifier> Notifier for FaultyNotifier<N> {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        let failure = lock(&self.plan).next();
        match failure {
            None => self.notifier.notify(message).await,
            Some(Mishap::Permanent) => Err(NotifyError::permanent(Injected)),
            Some(Mishap::Transient) => Err(NotifyError::transient(Injected)),
            Some(Mishap::RequestLost) => Err(NotifyError::unknown(Injected)),
            Some(Mishap::ReplyLost) => {
                self.notifier.notify(message).await?;
                Err(NotifyError::unknown(Injected))
            }
        }
    }
}
