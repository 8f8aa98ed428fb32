//! Reading and writing entries: load, judge, swap, and only then speak.

use serde::{Serialize, de::DeserializeOwned};

use super::draw::Draw;
use super::quotas::Price;
use super::{Exchanger, Fault};
use crate::crypto::{EntryKind, NONCE_BYTES, Name, Sealed, Version};
use crate::policy::Policy;
use crate::ports::{CodeStore, Notifier, StoreError, Swap, TokenIssuer};
use crate::rules::{
    Ledger, MAX_LEDGER_BYTES, MAX_SESSION_BYTES, MAX_SUBJECT_BYTES, MAX_USAGE_BYTES, Moment, Refusal,
    Session, Subject, Usage,
};
use crate::timestamp::Timestamp;

/// How often an entry may change under a flow before it gives up.
const MAX_CONFLICTS: usize = 64;

/// How often one swap is tried when its reply is lost.
const TRIES: usize = 3;

/// A kind of entry: what the store calls it, how large it may be, when it may be forgotten.
pub(super) trait Entry: Serialize + DeserializeOwned {
    const KIND: EntryKind;
    const LIMIT: usize;
    fn forget_after(&self, policy: &Policy) -> Timestamp;
}

impl Entry for Ledger {
    const KIND: EntryKind = EntryKind::Ledger;
    const LIMIT: usize = MAX_LEDGER_BYTES;

    fn forget_after(&self, policy: &Policy) -> Timestamp {
        self.forget_after(policy)
    }
}

impl Entry for Session {
    const KIND: EntryKind = EntryKind::Session;
    const LIMIT: usize = MAX_SESSION_BYTES;

    fn forget_after(&self, _policy: &Policy) -> Timestamp {
        self.forget_after()
    }
}

impl Entry for Usage {
    const KIND: EntryKind = EntryKind::Usage;
    const LIMIT: usize = MAX_USAGE_BYTES;

    fn forget_after(&self, _policy: &Policy) -> Timestamp {
        self.forget_after()
    }
}

impl Entry for Subject {
    const KIND: EntryKind = EntryKind::Subject;
    const LIMIT: usize = MAX_SUBJECT_BYTES;

    fn forget_after(&self, _policy: &Policy) -> Timestamp {
        self.forget_after()
    }
}

/// What a rule decided about an entry.
pub(super) enum Step<T, R> {
    /// The entry stays as it is; the outcome may be told at once.
    Keep(R),
    /// The entry becomes this; the outcome may be told once that is written.
    Write(T, R),
}

impl<S: CodeStore, N: Notifier, I: TokenIssuer> Exchanger<S, N, I> {
    /// Loads an entry, applies a rule to it, and writes what comes of it, again if others were faster.
    /// Returns the rule's outcome after the write that pays for it, and what was written.
    pub(super) async fn update<T: Entry, R>(
        &self,
        name: Name,
        draw: &mut Draw<'_>,
        mut rule: impl FnMut(Option<T>, Moment, &mut Draw<'_>) -> Result<Step<T, R>, Fault>,
    ) -> Result<(R, Option<T>), Fault> {
        for _ in 0..MAX_CONFLICTS {
            let (entry, version) = self.read(name).await?;
            match rule(entry, self.moment(), draw)? {
                Step::Keep(outcome) => return Ok((outcome, None)),
                Step::Write(entry, outcome) => {
                    if self.write(name, version, draw.take()?, &entry).await? == Swap::Applied {
                        return Ok((outcome, Some(entry)));
                    }
                }
            }
        }
        Err(Fault::Busy)
    }

    /// The same, where what is written has its price in quotas. It is paid once the rule has agreed, so that
    /// what is refused anyway costs nothing, and before the first write; what was paid is never given back.
    pub(super) async fn update_paid<T: Entry, R>(
        &self,
        name: Name,
        draw: &mut Draw<'_>,
        mut rule: impl FnMut(Option<T>, Moment, &mut Draw<'_>) -> Result<Step<T, R>, Fault>,
        price: impl Fn(&R) -> Price,
        refused: impl Fn(Refusal, Timestamp) -> R,
    ) -> Result<R, Fault> {
        let mut paid = false;
        for _ in 0..MAX_CONFLICTS {
            let (entry, version) = self.read(name).await?;
            match rule(entry, self.moment(), draw)? {
                Step::Keep(outcome) => return Ok(outcome),
                Step::Write(entry, outcome) => {
                    let price = if paid { Price::new() } else { price(&outcome) };
                    paid |= !price.is_empty();
                    // On the heap, so that a future whose price is nothing is no larger for it.
                    if !price.is_empty()
                        && let Some(refusal) = Box::pin(self.pay(price)).await?
                    {
                        return Ok(refused(refusal, self.now()));
                    }
                    if self.write(name, version, draw.take()?, &entry).await? == Swap::Applied {
                        return Ok(outcome);
                    }
                }
            }
        }
        Err(Fault::Busy)
    }

    async fn read<T: Entry>(&self, name: Name) -> Result<(Option<T>, Option<Version>), Fault> {
        Ok(self.load(name).await?.map_or((None, None), |(entry, version)| (Some(entry), Some(version))))
    }

    pub(super) async fn load<T: Entry>(&self, name: Name) -> Result<Option<(T, Version)>, Fault> {
        match self.store.load(name).await.map_err(Fault::Unavailable)? {
            None => Ok(None),
            Some(sealed) => Ok(Some((self.vault.open(T::KIND, name, &sealed)?, sealed.version()))),
        }
    }

    pub(super) async fn write<T: Entry>(
        &self,
        name: Name,
        expected: Option<Version>,
        nonce: [u8; NONCE_BYTES],
        entry: &T,
    ) -> Result<Swap, Fault> {
        let sealed = self.vault.seal(T::KIND, name, nonce, entry, T::LIMIT).map_err(|_| Fault::TooLarge)?;
        self.swap(name, expected, &sealed, entry.forget_after(self.policy())).await
    }

    /// One swap, to a certain end. A lost reply is answered by the identical swap: it can be applied only
    /// once, since its version is then no longer the expected one.
    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        sealed: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, Fault> {
        let mut may_have_applied = false;
        let mut failure: Option<StoreError> = None;
        for _ in 0..TRIES {
            match self.store.swap(name, expected, sealed, forget_after).await {
                Ok(Swap::Applied) => return Ok(Swap::Applied),
                Ok(Swap::Conflict) if !may_have_applied => return Ok(Swap::Conflict),
                Ok(Swap::Conflict) => {
                    // Lost against somebody else, or against our own earlier try: the bytes tell.
                    let found = self.store.load(name).await.map_err(Fault::Unavailable)?;
                    return if found.as_ref() == Some(sealed) { Ok(Swap::Applied) } else { Err(Fault::Lost) };
                }
                Err(error) => {
                    may_have_applied |= error.may_have_applied();
                    let hopeless = error.is_permanent();
                    failure = Some(error);
                    if hopeless {
                        break;
                    }
                }
            }
        }
        Err(failure.map_or(Fault::Lost, Fault::Unavailable))
    }
}
