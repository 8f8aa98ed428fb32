//! The memory store holds exactly what it was made for: it refuses, never evicts, and makes room bit by bit.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    Clock, CodeStore, Entropy, MemoryStore, Name, Sealed, StoreError, Swap, SystemEntropy, Timestamp, Version,
};

const THREADS: usize = fewer(8, 3);
const SECOND: Duration = Duration::from_secs(1);
const TEN_YEARS: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Miri takes a tenth of a second for each write; it looks at what they do, not at how many there are.
const fn fewer(usual: usize, under_miri: usize) -> usize {
    if cfg!(miri) { under_miri } else { usual }
}

fn store(capacity: usize) -> (MemoryStore, ManualClock) {
    let clock = ManualClock::default();
    (MemoryStore::with_clock(capacity, clock.clone()), clock)
}

fn random<const SIZE: usize>() -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    SystemEntropy.fill(&mut bytes).unwrap();
    bytes
}

fn name() -> Name {
    Name::from_bytes(random())
}

fn value() -> Sealed {
    Sealed::from_bytes(random::<33>()).unwrap()
}

fn load(store: &MemoryStore, name: Name) -> Option<Sealed> {
    pollster::block_on(store.load(name)).unwrap()
}

fn swap(
    store: &MemoryStore,
    name: Name,
    expected: Option<Version>,
    value: &Sealed,
    forget_after: Timestamp,
) -> Result<Swap, StoreError> {
    pollster::block_on(store.swap(name, expected, value, forget_after))
}

fn create(store: &MemoryStore, name: Name, forget_after: Timestamp) -> Sealed {
    let value = value();
    assert_eq!(swap(store, name, None, &value, forget_after).unwrap(), Swap::Applied);
    value
}

fn extend(store: &MemoryStore, name: Name, before: &Sealed, forget_after: Timestamp) -> Sealed {
    let value = value();
    assert_eq!(swap(store, name, Some(before.version()), &value, forget_after).unwrap(), Swap::Applied);
    value
}

fn fill(store: &MemoryStore, count: usize, forget_after: Timestamp) -> Vec<(Name, Sealed)> {
    (0..count).map(|_| name()).map(|name| (name, create(store, name, forget_after))).collect()
}

fn in_parallel<T: Send>(work: impl Fn() -> T + Sync) -> Vec<T> {
    let ready = Barrier::new(THREADS);
    let run = || {
        ready.wait();
        work()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn parallel_creators_fill_it_exactly() {
    const CAPACITY: usize = fewer(500, 30);
    let (store, clock) = store(CAPACITY);
    let end = clock.now().saturating_add(SECOND);
    let created = in_parallel(|| {
        let entries = (0..CAPACITY).map(|_| (name(), value()));
        entries.filter(|(name, value)| swap(&store, *name, None, value, end).is_ok()).collect::<Vec<_>>()
    });
    let created: Vec<_> = created.into_iter().flatten().collect();
    assert_eq!((created.len(), store.len()), (CAPACITY, CAPACITY));
    for (name, value) in &created {
        assert_eq!(load(&store, *name).as_ref(), Some(value), "never evicted");
    }
}

#[test]
fn parallel_creators_of_the_same_names_are_counted_once() {
    const CAPACITY: usize = fewer(200, 20);
    let (store, clock) = store(CAPACITY);
    // Twice: what the first round miscounted, the second would find missing.
    for _ in 0..2 {
        let end = clock.now().saturating_add(SECOND);
        let names: Vec<_> = (0..CAPACITY).map(|_| name()).collect();
        let applied = AtomicUsize::new(0);
        in_parallel(|| {
            for name in &names {
                if swap(&store, *name, None, &value(), end).unwrap() == Swap::Applied {
                    applied.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        assert_eq!((applied.into_inner(), store.len()), (CAPACITY, CAPACITY));
        assert!(swap(&store, name(), None, &value(), end).is_err());
        clock.advance(2 * SECOND);
    }
}

#[test]
fn full_is_a_clear_error_and_never_an_eviction() {
    let (store, clock) = store(3);
    let end = clock.now().saturating_add(SECOND);
    let kept = fill(&store, 3, end);
    let refused = name();
    for _ in 0..10 {
        let error = swap(&store, refused, None, &value(), end).unwrap_err();
        assert!(!error.may_have_applied() && error.is_transient());
        let text = error.to_string();
        assert!(text.contains("full") && text.contains('3') && text.contains("MemoryStore::new"), "{text}");
        assert_eq!(load(&store, refused), None);
    }
    for (name, value) in &kept {
        assert_eq!(load(&store, *name).as_ref(), Some(value));
        assert_eq!(
            swap(&store, *name, None, value, end).unwrap(),
            Swap::Conflict,
            "no room is needed for that"
        );
        extend(&store, *name, value, end);
    }
    assert_eq!((store.len(), store.capacity()), (3, 3));
    let (none, _) = self::store(0);
    assert!(swap(&none, name(), None, &value(), end).is_err());
}

#[test]
fn room_returns_once_entries_expire() {
    const CAPACITY: usize = 100;
    let (store, clock) = store(CAPACITY);
    let end = clock.now().saturating_add(SECOND);
    fill(&store, CAPACITY, end);
    clock.set(end);
    assert!(swap(&store, name(), None, &value(), end).is_err(), "at its last moment an entry is still kept");
    clock.advance(Duration::from_millis(1));
    let kept = fill(&store, CAPACITY, clock.now());
    assert_eq!(store.len(), CAPACITY);
    assert!(kept.iter().all(|(name, value)| load(&store, *name).as_ref() == Some(value)));
}

/// A name that shares its lock, and so its queue, with all others of the same last bytes.
fn name_ending(last: u8) -> Name {
    let mut bytes = random::<16>();
    (bytes[14], bytes[15]) = (last, 0);
    Name::from_bytes(bytes)
}

#[test]
fn room_returns_to_parallel_creators_wherever_the_expired_lie() {
    const CAPACITY: usize = THREADS * fewer(100, 10);
    let (store, clock) = store(CAPACITY);
    let end = clock.now().saturating_add(SECOND);
    for _ in 0..CAPACITY {
        create(&store, name_ending(5), end);
    }
    clock.advance(2 * SECOND);
    in_parallel(|| {
        for _ in 0..CAPACITY / THREADS {
            create(&store, name_ending(6), clock.now());
        }
    });
    assert_eq!(store.len(), CAPACITY);
}

#[test]
fn room_returns_behind_entries_that_were_extended() {
    const EXTENDED: usize = 20;
    let (store, clock) = store(EXTENDED + 1);
    let end = clock.now().saturating_add(SECOND);
    let long = clock.now().saturating_add(TEN_YEARS);
    for _ in 0..EXTENDED {
        let name = name_ending(5);
        let first = create(&store, name, end);
        extend(&store, name, &first, long);
    }
    create(&store, name_ending(5), end.saturating_add(SECOND));
    clock.advance(3 * SECOND);
    create(&store, name_ending(6), long);
    assert_eq!(store.len(), EXTENDED + 1);
}

#[test]
fn room_returns_at_the_new_end_of_an_entry_whose_life_was_shortened() {
    let (store, clock) = store(1);
    let name = name();
    let first = create(&store, name, clock.now().saturating_add(TEN_YEARS));
    extend(&store, name, &first, clock.now().saturating_add(SECOND));
    clock.advance(2 * SECOND);
    create(&store, self::name(), clock.now().saturating_add(SECOND));
    assert_eq!(store.len(), 1);
}

#[test]
fn expired_entries_are_cleared_a_little_at_a_time() {
    const EXPIRED: usize = 400;
    const AT_ONCE: usize = 8;
    let (store, clock) = store(10_000);
    let end = clock.now().saturating_add(SECOND);
    fill(&store, EXPIRED, end);
    let one = name();
    let mut last = create(&store, one, Timestamp::MAX);
    assert_eq!(store.len(), EXPIRED + 1);

    clock.advance(2 * SECOND);
    let mut writes = 0;
    while store.len() > 1 {
        let before = store.len();
        last = extend(&store, one, &last, Timestamp::MAX);
        writes += 1;
        assert!(before - store.len() <= AT_ONCE, "one write cleared {}", before - store.len());
        assert!(writes <= 2 * EXPIRED, "{} are still there", store.len());
    }
    assert_eq!(load(&store, one), Some(last));
}

#[test]
fn clearing_keeps_up_with_creating() {
    const LIVE: usize = 500;
    let (store, clock) = store(1_000_000);
    // Each entry lives for as long as 500 more take; so there are never many more than that.
    for _ in 0..20 * LIVE {
        clock.advance(Duration::from_millis(1));
        create(&store, name(), clock.now().saturating_add(Duration::from_millis(LIVE as u64)));
    }
    assert!((LIVE..3 * LIVE).contains(&store.len()), "{}", store.len());
}

#[test]
fn an_extended_entry_is_kept_to_its_new_end_and_then_cleared() {
    let (store, clock) = store(1000);
    let (first_end, last_end) = (clock.now().saturating_add(SECOND), clock.now().saturating_add(60 * SECOND));
    let name = name();
    let mut value = create(&store, name, first_end);
    for _ in 0..5 {
        value = extend(&store, name, &value, last_end);
    }
    for moment in [first_end.saturating_add(SECOND), last_end] {
        clock.set(moment);
        fill(&store, 200, moment);
        assert_eq!(load(&store, name).as_ref(), Some(&value), "{moment}");
    }
    clock.advance(Duration::from_millis(1));
    fill(&store, 200, Timestamp::MAX);
    assert_eq!(load(&store, name), None);
}

#[test]
fn a_clock_that_jumps_loses_nothing_alive_and_panics_nowhere() {
    let (store, clock) = store(200);
    let start = clock.now();
    let edges = [Timestamp::MIN, Timestamp::MAX, Timestamp::from_unix_millis(0), start];
    let around = [start.saturating_sub(TEN_YEARS), start.saturating_add(TEN_YEARS)];
    let forever = fill(&store, 20, Timestamp::MAX);
    let mut names = Vec::new();
    for _ in 0..3 {
        for moment in edges.into_iter().chain(around) {
            clock.set(moment);
            for end in edges.into_iter().chain(around) {
                let name = name();
                create(&store, name, end);
                // Written while the clock stands still, and not over yet: it is there.
                fill(&store, 1, Timestamp::MIN);
                assert!(end < moment || load(&store, name).is_some(), "{end} at {moment}");
                names.push(name);
            }
        }
        // Far ahead everything but what never ends is over: the room returns.
        clock.set(Timestamp::MAX.saturating_sub(SECOND));
        let (only, mut last) = forever[0].clone();
        last = load(&store, only).unwrap_or(last);
        for _ in 0..400 {
            last = extend(&store, only, &last, Timestamp::MAX);
        }
    }
    let alive = names.iter().filter(|name| load(&store, **name).is_some()).count();
    assert_eq!(store.len(), alive + forever.len(), "counted exactly");
    assert!(forever.iter().all(|(name, _)| load(&store, *name).is_some()));
}

#[test]
fn clones_share_their_entries() {
    let (store, clock) = store(2);
    let clone = store.clone();
    let (one, other) = (name(), name());
    let first = create(&store, one, clock.now());
    assert_eq!(load(&clone, one), Some(first.clone()));
    let second = extend(&clone, one, &first, clock.now());
    assert_eq!(load(&store, one), Some(second));
    create(&clone, other, clock.now());
    assert_eq!((store.len(), clone.len(), store.is_empty()), (2, 2, false));
    assert!(swap(&store, name(), None, &value(), clock.now()).is_err(), "one capacity for all");
    drop(store);
    assert!(load(&clone, other).is_some());
}
