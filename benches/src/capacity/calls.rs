//! A store that takes down what it was asked, by flow, by kind of entry and by slot.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use otp_exchange::{CodeStore, MemoryStore, Name, Sealed, StoreError, Swap, Timestamp, Version};

use super::shards::{SLOTS, slot};

/// What lies in an entry, told from the outside: stores cannot know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// All of one recipient.
    Ledger,
    /// One token family.
    Session,
    /// What a client used of a quota.
    Usage,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ledger, Self::Session, Self::Usage];
}

/// What a flow cost, over all its runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// How often it was run.
    pub runs: u64,
    /// Calls of `load`.
    pub loads: u64,
    /// Calls of `swap`.
    pub swaps: u64,
    /// Bytes of values that were written.
    pub written: u64,
}

/// How large entries of one kind are, in bytes of their values.
#[derive(Clone, Debug, Default)]
pub struct Sizes(Vec<usize>);

impl Sizes {
    /// The one that so large a part of them does not exceed; 0 if there are none.
    pub fn quantile(&self, part: f64) -> usize {
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let index = (part * self.0.len().saturating_sub(1) as f64) as usize;
        self.0.get(index).copied().unwrap_or(0)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

#[derive(Debug)]
struct Entry {
    kind: Kind,
    bytes: usize,
    forget_after: Timestamp,
}

/// A store that takes down what it was asked.
#[derive(Clone)]
pub(crate) struct Calls {
    store: MemoryStore,
    notes: Arc<Mutex<Notes>>,
}

struct Notes {
    flow: &'static str,
    /// What the flow under way has loaded so far.
    loaded: Vec<Name>,
    costs: BTreeMap<&'static str, Cost>,
    entries: HashMap<Name, Entry>,
    by_slot: Vec<u64>,
}

impl Calls {
    pub(crate) fn new(store: MemoryStore) -> Self {
        let notes = Notes {
            flow: "",
            loaded: Vec::new(),
            costs: BTreeMap::new(),
            entries: HashMap::new(),
            by_slot: vec![0; SLOTS],
        };
        Self { store, notes: Arc::new(Mutex::new(notes)) }
    }

    /// What comes now belongs to a run of that flow.
    pub(crate) fn begin(&self, flow: &'static str) {
        let mut notes = self.notes();
        notes.flow = flow;
        notes.loaded.clear();
        notes.costs.entry(flow).or_default().runs += 1;
    }

    /// How many entries the store itself holds.
    pub(crate) fn held(&self) -> usize {
        self.store.len()
    }

    /// The sizes of all that may not be forgotten yet. The rest is put out of mind.
    pub(crate) fn alive(&self, now: Timestamp) -> BTreeMap<Kind, Sizes> {
        let mut notes = self.notes();
        notes.entries.retain(|_, entry| now <= entry.forget_after);
        let mut sizes: BTreeMap<_, _> = Kind::ALL.map(|kind| (kind, Sizes::default())).into();
        for entry in notes.entries.values() {
            sizes.entry(entry.kind).or_default().0.push(entry.bytes);
        }
        for sizes in sizes.values_mut() {
            sizes.0.sort_unstable();
        }
        sizes
    }

    /// The names of all that may not be forgotten yet.
    pub(crate) fn names(&self) -> Vec<Name> {
        self.notes().entries.keys().copied().collect()
    }

    /// What every flow cost so far.
    pub(crate) fn costs(&self) -> BTreeMap<&'static str, Cost> {
        self.notes().costs.clone()
    }

    /// How many calls each slot of a Redis cluster would have had since this was last asked.
    pub(crate) fn take_slots(&self) -> Vec<u64> {
        std::mem::replace(&mut self.notes().by_slot, vec![0; SLOTS])
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notes {
    fn cost(&mut self, name: Name) -> &mut Cost {
        self.by_slot[slot(name)] += 1;
        self.costs.entry(self.flow).or_default()
    }

    /// What an entry is that was never written before: a session has a new name, so nobody loads it first; the
    /// first thing that sending loads is the recipient; what else is loaded is a quota.
    fn kind_of_new(&self, name: Name) -> Kind {
        match self.loaded.iter().position(|loaded| *loaded == name) {
            None => Kind::Session,
            Some(0) if self.flow == "send" => Kind::Ledger,
            Some(_) => Kind::Usage,
        }
    }
}

impl CodeStore for Calls {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        {
            let mut notes = self.notes();
            notes.cost(name).loads += 1;
            notes.loaded.push(name);
        }
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
        let mut notes = self.notes();
        let bytes = value.as_bytes().len();
        let cost = notes.cost(name);
        cost.swaps += 1;
        cost.written += bytes as u64;
        if swap == Swap::Applied {
            let new = notes.kind_of_new(name);
            let entry = notes.entries.entry(name).or_insert(Entry { kind: new, bytes, forget_after });
            (entry.bytes, entry.forget_after) = (bytes, forget_after);
        }
        Ok(swap)
    }
}
