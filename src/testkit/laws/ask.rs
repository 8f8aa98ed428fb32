//! How the laws speak to a store: fresh names and values, one call at a time, with what is expected of it.

use std::future::Future;
use std::time::Duration;

use super::{Laws, Seen};
use crate::crypto::{Name, Sealed, Version};
use crate::ports::{CodeStore, Entropy, StoreError, Swap, SystemEntropy};
use crate::timestamp::Timestamp;

/// The size of most values: the least an entry may have, and a counter.
pub(super) const SMALL: usize = 33 + COUNTER.end - COUNTER.start;

/// Where a value carries its counter: behind the version.
const COUNTER: std::ops::Range<usize> = 17..25;

/// How often a call is tried that the store itself says to try again: a deadlock it resolved, a pool without
/// a free connection.
const TRIES: usize = 10;

/// An hour: long enough for the slowest server to be through, short enough to leave nothing behind.
const LONG: Duration = Duration::from_secs(3600);

impl<S: CodeStore> Laws<'_, S> {
    /// A fresh entry, written and to be kept.
    pub(super) fn entry(&self) -> Result<(Name, Sealed), Seen> {
        let (name, value) = (fresh_name()?, fresh_value(SMALL)?);
        self.applies("creating a fresh name", name, None, &value)?;
        Ok((name, value))
    }

    pub(super) fn load(&self, name: Name) -> Result<Option<Sealed>, Seen> {
        self.ask(|| self.store.load(name))
    }

    pub(super) fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, Seen> {
        self.ask(|| self.store.swap(name, expected, value, forget_after))
    }

    /// The load shows exactly this.
    pub(super) fn shows(
        &self,
        when: &'static str,
        name: Name,
        expected: Option<&Sealed>,
    ) -> Result<(), Seen> {
        let found = self.load(name)?;
        if found.as_ref() == expected {
            return Ok(());
        }
        Err(Seen::Load { when, expected: expected.cloned(), found })
    }

    /// The swap, to be kept for an hour, is applied.
    pub(super) fn applies(
        &self,
        when: &'static str,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
    ) -> Result<(), Seen> {
        self.applies_until(when, name, expected, value, self.later())
    }

    pub(super) fn applies_until(
        &self,
        when: &'static str,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<(), Seen> {
        match self.swap(name, expected, value, forget_after)? {
            Swap::Applied => Ok(()),
            Swap::Conflict => Err(Seen::Swap { when, found: Swap::Conflict }),
        }
    }

    /// The swap conflicts.
    pub(super) fn conflicts(
        &self,
        when: &'static str,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
    ) -> Result<(), Seen> {
        match self.swap(name, expected, value, self.later())? {
            Swap::Conflict => Ok(()),
            Swap::Applied => Err(Seen::Swap { when, found: Swap::Applied }),
        }
    }

    pub(super) fn later(&self) -> Timestamp {
        self.clock.now().saturating_add(LONG)
    }

    /// Drives one piece of work to its end.
    pub(super) fn run<T: Send>(&self, work: impl Future<Output = T> + Send) -> Result<T, Seen> {
        let mut outcome = None;
        (self.block_on)(Box::pin(async { outcome = Some(work.await) }));
        outcome.ok_or(Seen::NotDriven)
    }

    /// One call, and again where the store says that nothing happened and that it may pass.
    fn ask<T: Send, F>(&self, call: impl Fn() -> F) -> Result<T, Seen>
    where
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        for _ in 1..TRIES {
            match self.run(call())? {
                Err(error) if error.is_transient() && !error.may_have_applied() => {}
                answer => return answer.map_err(Seen::Failed),
            }
        }
        self.run(call())?.map_err(Seen::Failed)
    }
}

/// A name that nobody ever used.
pub(super) fn fresh_name() -> Result<Name, Seen> {
    let mut bytes = [0; 16];
    SystemEntropy.fill(&mut bytes)?;
    Ok(Name::from_bytes(bytes))
}

/// A value of that size, of a version that never was.
pub(super) fn fresh_value(size: usize) -> Result<Sealed, Seen> {
    let mut bytes = vec![0; size];
    SystemEntropy.fill(&mut bytes)?;
    sealed(bytes)
}

/// A fresh value that carries a number.
pub(super) fn counted(count: u64) -> Result<Sealed, Seen> {
    let mut bytes = fresh_value(SMALL)?.as_bytes().to_vec();
    bytes[COUNTER].copy_from_slice(&count.to_le_bytes());
    sealed(bytes)
}

/// The number that a value carries.
pub(super) fn count_of(value: &Sealed) -> Option<u64> {
    let bytes = value.as_bytes().get(COUNTER)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

/// A value of these bytes; the laws make none of another size than an entry may have.
pub(super) fn sealed(bytes: Vec<u8>) -> Result<Sealed, Seen> {
    Sealed::from_bytes(bytes).map_err(|malformed| Seen::Failed(malformed.into()))
}
