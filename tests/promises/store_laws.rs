//! The embedded store keeps every store law, whoever drives it; and each law finds the stores that break it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use otp_exchange::testkit::ManualClock;
use otp_exchange::testkit::laws::{Law, Laws, Seen};
use otp_exchange::{
    Clock, CodeStore, DynStore, MemoryStore, Name, Sealed, StoreError, Swap, Timestamp, Version,
};

fn embedded() -> (MemoryStore, ManualClock) {
    let clock = ManualClock::default();
    (MemoryStore::with_clock(10_000, clock.clone()), clock)
}

fn all_by_pollster(store: &impl CodeStore, clock: &ManualClock) {
    let laws = Laws::new(store, clock, |work| pollster::block_on(work));
    laws.time_passes(|span| clock.advance(span)).all().unwrap();
}

#[test]
fn the_memory_store_keeps_every_law_however_it_is_held() {
    let (store, clock) = embedded();
    all_by_pollster(&store, &clock);
    all_by_pollster(&Arc::new(store.clone()), &clock);
    all_by_pollster(&DynStore::new(store.clone()), &clock);
    all_by_pollster(&store, &clock); // and again, as on a server that others use
}

#[test]
fn the_laws_hold_without_time_passing_too() {
    let (store, clock) = embedded();
    Laws::new(&store, &clock, |work| pollster::block_on(work)).all().unwrap();
    let sound = Flawed::new(None, &clock);
    Laws::new(&sound, &clock, |work| pollster::block_on(work)).all().unwrap();
}

/// A store that works nowhere but in a tokio runtime, as the ones with a connection pool do.
#[derive(Debug)]
struct Spawning<S>(S);

impl<S: CodeStore + Clone + 'static> CodeStore for Spawning<S> {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        let store = self.0.clone();
        tokio::spawn(async move { store.load(name).await }).await.map_err(StoreError::unknown)?
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let (store, value) = (self.0.clone(), value.clone());
        let swap = async move { store.swap(name, expected, &value, forget_after).await };
        tokio::spawn(swap).await.map_err(StoreError::unknown)?
    }
}

fn all_by_tokio(store: &impl CodeStore, clock: &ManualClock, runtime: &tokio::runtime::Handle) {
    let laws = Laws::new(store, clock, |work| runtime.block_on(work));
    laws.time_passes(|span| clock.advance(span)).all().unwrap();
}

#[test]
fn the_memory_store_keeps_every_law_in_a_tokio_runtime() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (store, clock) = embedded();

    // From a plain thread.
    all_by_tokio(&Spawning(store.clone()), &clock, runtime.handle());
    all_by_tokio(&Spawning(Arc::new(store.clone())), &clock, runtime.handle());

    // From within, as in a test marked `#[tokio::test]`.
    runtime.block_on(async {
        let within = tokio::runtime::Handle::current();
        let store = Spawning(DynStore::new(store));
        tokio::task::spawn_blocking(move || all_by_tokio(&store, &clock, &within)).await.unwrap();
    });
}

#[test]
fn a_block_on_that_does_not_drive_is_found() {
    let (store, clock) = embedded();
    for law in Law::ALL {
        let broken = Laws::new(&store, &clock, |work| drop(work)).check(law).unwrap_err();
        assert!(matches!(broken.seen, Seen::NotDriven), "{broken}");
        assert_eq!(broken.law, law);
    }
}

#[test]
fn a_store_that_fails_breaks_every_law() {
    #[derive(Debug)]
    struct Down;
    impl CodeStore for Down {
        async fn load(&self, _: Name) -> Result<Option<Sealed>, StoreError> {
            Err(StoreError::not_applied("down"))
        }
        async fn swap(
            &self,
            _: Name,
            _: Option<Version>,
            _: &Sealed,
            _: Timestamp,
        ) -> Result<Swap, StoreError> {
            Err(StoreError::not_applied("down"))
        }
    }
    let laws = Laws::new(&Down, &otp_exchange::SystemClock, |work| pollster::block_on(work));
    for law in Law::ALL {
        assert_eq!(laws.check(law).unwrap_err().law, law);
    }
}

/// Every law, and what stores do that break it.
const FLAWS: &[(Law, &[Flaw])] = &[
    (Law::AbsentIsNone, &[Flaw::AbsentIsAnError]),
    (Law::BytesAreKept, &[Flaw::CutsLongValues, Flaw::KeepsText, Flaw::OverwritesInPlace]),
    (Law::NoneNeverOverwrites, &[Flaw::Upserts]),
    (Law::SomeNeverCreates, &[Flaw::SomeCreates]),
    (Law::StaleConflicts, &[Flaw::LastWriterWins, Flaw::ShortVersions]),
    (Law::RepeatConflicts, &[Flaw::RepeatApplies, Flaw::RepeatIsAnError]),
    (Law::NamesAreIndependent, &[Flaw::CutsNames, Flaw::FoldsCase, Flaw::EndsNamesAtZero]),
    (
        Law::NothingIsForgottenEarly,
        &[Flaw::Evicts, Flaw::KeepsFirstEnd, Flaw::RoundsDown, Flaw::ForgetsOnSwap],
    ),
    (Law::ForgottenStaysForgotten, &[Flaw::UpdatesTheExpired]),
    (Law::ExpiredAnswersAgree, &[Flaw::ExpiredBlocks]),
    (Law::OneCreatorWins, &[Flaw::LooksThenCreates]),
    (Law::OneWriterWins, &[Flaw::LooksThenWrites]),
    (Law::AnsweredSwapsAreSeen, &[Flaw::CachesByThread, Flaw::DeletesThenInserts]),
    (Law::LostRepliesAreFoundOut, &[Flaw::RepeatIsAnError]),
];

#[test]
fn each_law_finds_the_stores_that_break_it() {
    let clock = ManualClock::default();
    all_by_pollster(&Flawed::new(None, &clock), &clock); // what follows fails for its flaw alone
    for &(law, flaws) in FLAWS {
        for &flaw in flaws {
            let store = Flawed::new(Some(flaw), &clock);
            let laws = Laws::new(&store, &clock, |work| pollster::block_on(work));
            let checked = laws.time_passes(|span| clock.advance(span)).check(law);
            let broken = checked.expect_err(&format!("{flaw:?} went unnoticed by: {law}"));
            assert_eq!(broken.law, law, "{flaw:?}");
            assert!(broken.to_string().contains(law.words()), "{broken}");
        }
    }
    let covered: HashSet<Law> = FLAWS.iter().map(|(law, _)| *law).collect();
    assert_eq!(covered, HashSet::from(Law::ALL));
}

#[test]
fn wrong_ideas_of_expiry_are_found_without_time_passing() {
    let clock = ManualClock::default();
    let found = [
        (Flaw::UpdatesTheExpired, Law::ForgottenStaysForgotten),
        (Flaw::ExpiredBlocks, Law::ExpiredAnswersAgree),
    ];
    for (flaw, law) in found {
        let store = Flawed::new(Some(flaw), &clock);
        let broken = Laws::new(&store, &clock, |work| pollster::block_on(work)).all().unwrap_err();
        assert_eq!(broken.law, law, "{flaw:?}");
    }
}

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    AbsentIsAnError,
    CutsLongValues,
    KeepsText,
    OverwritesInPlace,
    Upserts,
    SomeCreates,
    LastWriterWins,
    ShortVersions,
    RepeatApplies,
    RepeatIsAnError,
    CutsNames,
    FoldsCase,
    EndsNamesAtZero,
    Evicts,
    KeepsFirstEnd,
    RoundsDown,
    ForgetsOnSwap,
    UpdatesTheExpired,
    ExpiredBlocks,
    LooksThenCreates,
    LooksThenWrites,
    CachesByThread,
    DeletesThenInserts,
}

/// A store that is sound but for one flaw.
#[derive(Debug)]
struct Flawed {
    flaw: Option<Flaw>,
    clock: ManualClock,
    rows: Mutex<HashMap<Vec<u8>, Row>>,
    cache: Mutex<HashMap<(ThreadId, Name), Option<Sealed>>>,
    gap: Gap,
}

#[derive(Clone, Debug)]
struct Row {
    end: Timestamp,
    value: Sealed,
}

/// The moment between two steps that should be one, held open until somebody else has come into it: once, so
/// that a race is lost for certain.
#[derive(Debug, Default)]
struct Gap {
    arrived: Mutex<u32>,
    moved: Condvar,
}

impl Gap {
    /// Arrives, and waits for the second to do so.
    fn meet(&self) {
        self.pass();
        let arrived = lock(&self.arrived);
        drop(self.moved.wait_while(arrived, |arrived| *arrived < 2).unwrap());
    }

    /// Arrives, whether anybody is waiting or not.
    fn pass(&self) {
        *lock(&self.arrived) += 1;
        self.moved.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Flawed {
    fn new(flaw: Option<Flaw>, clock: &ManualClock) -> Self {
        let (rows, cache, gap) = Default::default();
        Self { flaw, clock: clock.clone(), rows, cache, gap }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    fn key(&self, name: Name) -> Vec<u8> {
        let mut key = name.as_bytes().to_vec();
        match self.flaw {
            Some(Flaw::CutsNames) => key.truncate(15),
            Some(Flaw::FoldsCase) => key.make_ascii_lowercase(),
            Some(Flaw::EndsNamesAtZero) => key.truncate(key.iter().position(|byte| *byte == 0).unwrap_or(16)),
            _ => {}
        }
        key
    }

    /// What is kept of a value that replaces another one.
    fn kept(&self, value: &Sealed, before: Option<&Row>) -> Sealed {
        let bytes = value.as_bytes();
        let kept = match self.flaw {
            Some(Flaw::CutsLongValues) => bytes[..bytes.len().min(8192)].to_vec(),
            Some(Flaw::KeepsText) => String::from_utf8_lossy(bytes).into_owned().into_bytes(),
            Some(Flaw::OverwritesInPlace) => {
                let longer = before.map_or(&[][..], |row| row.value.as_bytes());
                [bytes, longer.get(bytes.len()..).unwrap_or_default()].concat()
            }
            _ => return value.clone(),
        };
        Sealed::from_bytes(&kept[..kept.len().min(16 * 1024)]).unwrap()
    }

    fn end(&self, forget_after: Timestamp, before: Option<&Row>) -> Timestamp {
        match (self.flaw, before) {
            (Some(Flaw::KeepsFirstEnd), Some(row)) => row.end,
            (Some(Flaw::RoundsDown), _) => Timestamp::from_unix_millis(forget_after.unix_seconds() * 1000),
            (Some(Flaw::ForgetsOnSwap), Some(_)) => self.clock.now().saturating_add(Duration::from_secs(2)),
            _ => forget_after,
        }
    }

    fn may_write(&self, row: Option<&Row>, expected: Option<Version>, value: &Sealed) -> bool {
        let version = row.map(|row| row.value.version());
        let repeated = row.is_some_and(|row| row.value == *value);
        let prefix = |version: Version| version.as_bytes()[..8].to_vec();
        match self.flaw {
            Some(Flaw::Upserts) if expected.is_none() => true,
            Some(Flaw::SomeCreates) if row.is_none() => true,
            Some(Flaw::LastWriterWins) => row.is_some() == expected.is_some(),
            Some(Flaw::ShortVersions) => version.map(prefix) == expected.map(prefix),
            Some(Flaw::RepeatApplies) if repeated => true,
            _ => version == expected,
        }
    }
}

impl CodeStore for Flawed {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        let now = self.clock.now();
        if self.has(Flaw::DeletesThenInserts) {
            // Only a load that found nothing has come into the gap.
            let found = lock(&self.rows).get(&self.key(name)).map(|row| row.value.clone());
            if found.is_none() {
                self.gap.pass();
            }
            return Ok(found);
        }
        let row = lock(&self.rows).get(&self.key(name)).cloned();
        let found = row.filter(|row| now <= row.end).map(|row| row.value);
        if self.has(Flaw::AbsentIsAnError) && found.is_none() {
            return Err(StoreError::not_applied("no rows").permanent());
        }
        if self.has(Flaw::CachesByThread) {
            let mut cache = lock(&self.cache);
            return Ok(cache.entry((thread::current().id(), name)).or_insert(found).clone());
        }
        Ok(found)
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let (key, now) = (self.key(name), self.clock.now());
        let mut rows = lock(&self.rows);
        let expired_counts = match self.flaw {
            Some(Flaw::ExpiredBlocks) => expected.is_none(),
            Some(Flaw::UpdatesTheExpired) => expected.is_some(),
            _ => false,
        };
        if rows.get(&key).is_some_and(|row| row.end < now) && !expired_counts {
            rows.remove(&key);
        }
        let before = rows.get(&key).cloned();
        let repeated = before.as_ref().is_some_and(|row| row.value == *value);
        if repeated && self.has(Flaw::RepeatIsAnError) {
            return Err(StoreError::not_applied("duplicate key").permanent());
        }
        if !self.may_write(before.as_ref(), expected, value) {
            return Ok(Swap::Conflict);
        }
        let apart = match self.flaw {
            Some(Flaw::LooksThenCreates) => expected.is_none(),
            Some(Flaw::LooksThenWrites) => expected.is_some(),
            Some(Flaw::DeletesThenInserts) => expected.is_some() && rows.remove(&key).is_some(),
            _ => false,
        };
        if apart {
            drop(rows);
            self.gap.meet();
            rows = lock(&self.rows);
        }
        if self.has(Flaw::Evicts) && rows.len() >= 100 {
            let soonest = rows.iter().min_by_key(|(_, row)| row.end).map(|(key, _)| key.clone());
            soonest.and_then(|key| rows.remove(&key));
        }
        let row =
            Row { end: self.end(forget_after, before.as_ref()), value: self.kept(value, before.as_ref()) };
        rows.insert(key, row);
        lock(&self.cache).remove(&(thread::current().id(), name));
        Ok(Swap::Applied)
    }
}
