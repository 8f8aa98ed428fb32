//! Where entries are kept.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::{Boxed, Source};
use crate::crypto::{MalformedEntry, Name, Sealed, Version};
use crate::timestamp::Timestamp;

/// A compare-and-swap on opaque, expiring values. That is all a store has to be; no rule is written in it.
///
/// The contract, which `testkit::laws` (feature `testkit`) checks:
///
/// 1. `load` is linearizable: it sees every swap that was answered before it began.
/// 2. `swap` compares and writes as one step. With `Some(version)` it writes only over an entry of that very
///    version, and never creates one; with `None` it creates, and never overwrites.
/// 3. Before `forget_after` of the last swap an entry may not be lost: not to eviction, not to a restart of a
///    durable store. After it the store may return the entry or not, but should forget it before long: it
///    counts as there until then. Only the exchanger judges time.
/// 4. An error says whether the write may have happened. When in doubt it is
///    [`unknown`](StoreError::unknown).
///
/// The version needs no column: it lies inside the value ([`Sealed::version`]), and never repeats.
///
/// A complete one, whole but for forgetting:
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::{Mutex, PoisonError};
/// use otp_exchange::{CodeStore, Name, Sealed, StoreError, Swap, Timestamp, Version};
///
/// #[derive(Debug, Default)]
/// struct Plain(Mutex<HashMap<Name, Sealed>>);
///
/// impl CodeStore for Plain {
///     async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
///         Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned())
///     }
///
///     async fn swap(
///         &self,
///         name: Name,
///         expected: Option<Version>,
///         value: &Sealed,
///         _forget_after: Timestamp,
///     ) -> Result<Swap, StoreError> {
///         let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
///         if entries.get(&name).map(Sealed::version) != expected {
///             return Ok(Swap::Conflict);
///         }
///         entries.insert(name, value.clone());
///         Ok(Swap::Applied)
///     }
/// }
/// # pollster::block_on(async {
/// # use otp_exchange::{Exchanger, Keyring, Outbox, Recipient, Request, Submission};
/// # let outbox = Outbox::new();
/// # let otp = Exchanger::builder(Plain::default(), outbox.clone(), Keyring::generate()?).build()?;
/// # let ada = Recipient::parse("ada@example.org")?;
/// # let sent = otp.send(Request::login(&ada)).await?;
/// # let code = outbox.code_for(&ada).expect("sent");
/// # otp.exchange(Submission::by_id(&sent.otp_id, code.expose()).login()).await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub trait CodeStore: Send + Sync {
    /// The entry of that name, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read. An entry that cannot be one ([`Sealed::from_bytes`]) is an error,
    /// never absent.
    fn load(&self, name: Name) -> impl Future<Output = Result<Option<Sealed>, StoreError>> + Send;

    /// Writes `value` if the entry of that name is of the `expected` version, or absent for `None`. It may be
    /// forgotten after `forget_after`.
    ///
    /// # Errors
    /// [`StoreError`], which says whether the write may have happened all the same.
    fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> impl Future<Output = Result<Swap, StoreError>> + Send;
}

/// How a swap ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Swap {
    /// The value is written.
    Applied,
    /// The entry was not what was expected; nothing is written.
    Conflict,
}

impl<S: CodeStore + ?Sized> CodeStore for Arc<S> {
    fn load(&self, name: Name) -> impl Future<Output = Result<Option<Sealed>, StoreError>> + Send {
        (**self).load(name)
    }

    fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> impl Future<Output = Result<Swap, StoreError>> + Send {
        (**self).swap(name, expected, value, forget_after)
    }
}

/// Any store behind one type, shared by cloning.
#[derive(Clone)]
pub struct DynStore(Arc<dyn Erased>);

impl DynStore {
    /// Wraps a store.
    pub fn new(store: impl CodeStore + 'static) -> Self {
        Self(Arc::new(store))
    }
}

impl fmt::Debug for DynStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DynStore")
    }
}

impl CodeStore for DynStore {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.0.load(name).await
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        self.0.swap(name, expected, value, forget_after).await
    }
}

/// The twin of [`CodeStore`] that can be a trait object.
trait Erased: Send + Sync {
    fn load(&self, name: Name) -> Boxed<'_, Result<Option<Sealed>, StoreError>>;
    fn swap<'a>(
        &'a self,
        name: Name,
        expected: Option<Version>,
        value: &'a Sealed,
        forget_after: Timestamp,
    ) -> Boxed<'a, Result<Swap, StoreError>>;
}

impl<S: CodeStore> Erased for S {
    fn load(&self, name: Name) -> Boxed<'_, Result<Option<Sealed>, StoreError>> {
        Box::pin(CodeStore::load(self, name))
    }

    fn swap<'a>(
        &'a self,
        name: Name,
        expected: Option<Version>,
        value: &'a Sealed,
        forget_after: Timestamp,
    ) -> Boxed<'a, Result<Swap, StoreError>> {
        Box::pin(CodeStore::swap(self, name, expected, value, forget_after))
    }
}

/// A store could not do what it was asked, and whether a write may have happened.
///
/// Built by its most careful reading, [`unknown`](Self::unknown) and transient, and sharpened where more is
/// known.
#[derive(Debug)]
pub struct StoreError {
    source: Source,
    may_have_applied: bool,
    transient: bool,
}

impl StoreError {
    /// The write may or may not have happened: a lost reply, a timeout, a cut connection. Transient.
    pub fn unknown(source: impl Into<Source>) -> Self {
        Self { source: source.into(), may_have_applied: true, transient: true }
    }

    /// Nothing was written: refused, not connected, full. Transient.
    pub fn not_applied(source: impl Into<Source>) -> Self {
        Self { source: source.into(), may_have_applied: false, transient: true }
    }

    /// The same, but trying again is of no use: a missing table, a wrong password.
    pub fn permanent(self) -> Self {
        Self { transient: false, ..self }
    }

    /// Whether the write may have happened.
    pub fn may_have_applied(&self) -> bool {
        self.may_have_applied
    }

    /// Whether the same call may succeed later without anything being mended.
    pub fn is_transient(&self) -> bool {
        self.transient
    }

    /// Whether trying again is of no use.
    pub fn is_permanent(&self) -> bool {
        !self.transient
    }

    /// What went wrong underneath, for downcasting.
    pub fn cause(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.source
    }
}

impl From<MalformedEntry> for StoreError {
    fn from(source: MalformedEntry) -> Self {
        Self::not_applied(source).permanent()
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "store: {}", self.source)
    }
}

impl std::error::Error for StoreError {
    /// The cause of the cause: the cause itself is in the text already, as with `std::io::Error`.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.source()
    }
}
