//! A store in memory.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::sync::{AtomicUsize, Mutex, MutexGuard};
use crate::crypto::{Name, Sealed, Version};
use crate::ports::{Clock, CodeStore, StoreError, Swap, SystemClock};
use crate::timestamp::Timestamp;

#[cfg(all(test, loom))]
mod orders;

/// About how many entries share a lock. Growing the table of one is then a matter of microseconds.
const PER_SHARD: usize = 1024;
const MAX_SHARDS: usize = 1 << 14;

/// How many expired entries one write may clear away, of its own shard and of another: more than the one it
/// may add, so that clearing keeps up, and few enough that no call is long.
const CLEARED_PER_WRITE: usize = 2;

/// A store in this process's memory: for tests, demos, and services of one process that may forget everything
/// when it ends. Clones share their entries.
///
/// It holds at most as many entries as it was made for. When that many are alive, or about to be, it refuses
/// new ones with an error; it never drops a live entry. Two callers that create one entry hold two places for
/// a moment, so that a third may be refused a place too soon. A recipient is one entry, kept until the latest
/// of: the end of any code of theirs; an hour after the last request, unless its code was right; 25 hours after
/// a wrong guess; 30 days after the last wrong code, unless a right one followed (a year where a policy
/// disables); 30 days after a right code of a client that was named. Entries of their own are each session,
/// each code alone, each subject revoked, and each quota for its window.
///
/// ```
/// use otp_exchange::MemoryStore;
/// let store = MemoryStore::new(100_000); // about 28 MB when full of codes with the default grant
/// assert!(store.is_empty());
/// ```
#[derive(Clone)]
pub struct MemoryStore(Arc<Inner>);

struct Inner {
    shards: Box<[Mutex<Shard>]>,
    count: AtomicUsize,
    capacity: usize,
    next_to_clear: AtomicUsize,
    clock: Box<dyn Clock>,
}

#[derive(Default)]
struct Shard {
    entries: HashMap<Name, Kept, BuildHasherDefault<FirstBytes>>,
    /// Which entry may be forgotten first: one item for each.
    queue: BTreeSet<(Timestamp, Name)>,
}

struct Kept {
    forget_after: Timestamp,
    value: Sealed,
}

impl MemoryStore {
    /// An empty store for at most that many entries, by the operating system's clock.
    pub fn new(capacity: usize) -> Self {
        Self::with_clock(capacity, SystemClock)
    }

    /// The same by another clock, which tells it what to forget. Give it the exchanger's: by a clock that is
    /// ahead of it everything is forgotten at once.
    pub fn with_clock(capacity: usize, clock: impl Clock + 'static) -> Self {
        let shards = capacity.div_ceil(PER_SHARD).clamp(16, MAX_SHARDS).next_power_of_two();
        Self(Arc::new(Inner {
            shards: (0..shards).map(|_| Mutex::default()).collect(),
            count: AtomicUsize::new(0),
            capacity,
            next_to_clear: AtomicUsize::new(0),
            clock: Box::new(clock),
        }))
    }

    /// How many entries it holds, expired ones that are still to be cleared away included.
    pub fn len(&self) -> usize {
        self.0.count.load(Ordering::Relaxed)
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The most it holds.
    pub fn capacity(&self) -> usize {
        self.0.capacity
    }
}

impl CodeStore for MemoryStore {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        let now = self.0.clock.now();
        let shard = self.0.shard_of(name);
        Ok(shard.entries.get(&name).filter(|kept| now <= kept.forget_after).map(|kept| kept.value.clone()))
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        self.0.swap(name, expected, value, forget_after)
    }
}

impl Inner {
    fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let now = self.clock.now();
        let next = self.next_to_clear.fetch_add(1, Ordering::Relaxed) % self.shards.len();
        self.clear(&mut lock(&self.shards[next]), now);
        let mut shard = self.shard_of(name);
        self.clear(&mut shard, now);
        let cleared = shard.clear_if_expired(name, now);
        self.count.fetch_sub(usize::from(cleared), Ordering::Relaxed);
        let version = shard.entries.get(&name).map(|kept| kept.value.version());
        if version != expected {
            return Ok(Swap::Conflict);
        }
        if version.is_none() && !self.reserve() {
            // Let go of this shard first: two writers that each held one and wanted the other's would wait
            // for ever.
            drop(shard);
            if !self.take_over(now) && !self.reserve() {
                return Err(StoreError::not_applied(Full { capacity: self.capacity }));
            }
            shard = self.shard_of(name);
            if shard.entries.contains_key(&name) {
                self.count.fetch_sub(1, Ordering::Relaxed);
                return Ok(Swap::Conflict);
            }
        }
        shard.put(name, Kept { forget_after, value: value.clone() });
        Ok(Swap::Applied)
    }

    /// Counts one more entry, if there is room.
    fn reserve(&self) -> bool {
        let more = |count| (count < self.capacity).then_some(count + 1);
        self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Clears up to two expired entries of a shard.
    fn clear(&self, shard: &mut Shard, now: Timestamp) {
        let cleared = (0..CLEARED_PER_WRITE).take_while(|_| shard.clear_one(now)).count();
        self.count.fetch_sub(cleared, Ordering::Relaxed);
    }

    /// Clears one expired entry, wherever it lies, and keeps its place in the count for whoever asks: given
    /// back first, it would be anybody's.
    fn take_over(&self, now: Timestamp) -> bool {
        self.shards.iter().any(|shard| lock(shard).clear_one(now))
    }

    fn shard_of(&self, name: Name) -> MutexGuard<'_, Shard> {
        let bytes = name.as_bytes();
        let index = usize::from(u16::from_le_bytes([bytes[14], bytes[15]])) % self.shards.len();
        lock(&self.shards[index])
    }
}

impl Shard {
    fn put(&mut self, name: Name, kept: Kept) {
        let forget_after = kept.forget_after;
        let before = self.entries.insert(name, kept).map(|before| before.forget_after);
        if before != Some(forget_after) {
            if let Some(before) = before {
                self.queue.remove(&(before, name));
            }
            self.queue.insert((forget_after, name));
        }
    }

    /// Clears the entry of that name if it has expired. With that, and as loads hide them, expired entries
    /// are never in the way: a key can be dropped once nothing sealed with it is alive.
    fn clear_if_expired(&mut self, name: Name, now: Timestamp) -> bool {
        let Some(forget_after) = self.entries.get(&name).map(|kept| kept.forget_after) else { return false };
        if now <= forget_after {
            return false;
        }
        self.queue.remove(&(forget_after, name));
        self.entries.remove(&name);
        true
    }

    /// Clears the entry that expired first, if one has.
    fn clear_one(&mut self, now: Timestamp) -> bool {
        let Some((_, name)) = self.queue.first().copied().filter(|(forget_after, _)| *forget_after < now)
        else {
            return false;
        };
        self.queue.pop_first();
        self.entries.remove(&name);
        true
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    // A panic under the lock could only come from the allocator, between two whole steps.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Names are keyed hashes or random: their first bytes are a hash already, and nobody can choose them.
#[derive(Default)]
struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = self.0.rotate_left(5) ^ u64::from_le_bytes(word);
        }
    }

    fn write_usize(&mut self, _length: usize) {
        // The length of the array: always 16.
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("len", &self.len()).field("capacity", &self.capacity()).finish()
    }
}

/// The store holds as many live entries as it was made for, those included that others are just creating.
#[derive(Debug, thiserror::Error)]
#[error("memory store is full at {capacity} live entries; give MemoryStore::new a larger capacity")]
struct Full {
    capacity: usize,
}
