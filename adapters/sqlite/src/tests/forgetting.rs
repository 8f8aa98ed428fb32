//! What is forgotten, and when.

use std::time::Duration;

use otp_exchange::testkit::ManualClock;
use otp_exchange::testkit::laws::Laws;
use otp_exchange::{Clock, CodeStore, Swap, Timestamp};
use pollster::block_on;

use super::{fresh, load};
use crate::store::SqliteStore;

const MINUTE: Duration = Duration::from_secs(60);
const MILLISECOND: Duration = Duration::from_millis(1);

fn in_memory() -> (SqliteStore, ManualClock) {
    let clock = ManualClock::default();
    (block_on(SqliteStore::connect(":memory:")).unwrap().clock(clock.clone()), clock)
}

fn write(store: &SqliteStore, until: Timestamp) -> otp_exchange::Name {
    let (name, value) = fresh();
    assert_eq!(block_on(store.swap(name, None, &value, until)).unwrap(), Swap::Applied);
    name
}

#[test]
fn every_law_holds_in_memory() {
    let (store, clock) = in_memory();
    let laws = Laws::new(&store, &clock, |work| block_on(work));
    laws.time_passes(|span| {
        clock.advance(span + MINUTE);
        block_on(store.purge()).unwrap();
        clock.rewind(MINUTE);
    })
    .all()
    .unwrap();
}

#[test]
fn an_entry_goes_a_minute_after_its_time_and_not_before() {
    let (store, clock) = in_memory();
    let name = write(&store, clock.now());
    clock.advance(MINUTE);
    assert_eq!(block_on(store.purge()).unwrap(), 0);
    assert!(load(&store, name).is_some());
    clock.advance(MILLISECOND);
    assert_eq!(block_on(store.purge()).unwrap(), 1);
    assert!(load(&store, name).is_none());
}

#[test]
fn the_last_swap_says_how_long() {
    let (store, clock) = in_memory();
    let (name, value) = fresh();
    let later = clock.now().saturating_add(10 * MINUTE);
    assert_eq!(block_on(store.swap(name, None, &value, clock.now())).unwrap(), Swap::Applied);
    let (_, second) = fresh();
    assert_eq!(block_on(store.swap(name, Some(value.version()), &second, later)).unwrap(), Swap::Applied);
    clock.set(later.saturating_add(MINUTE));
    assert_eq!(block_on(store.purge()).unwrap(), 0);
    let (_, third) = fresh();
    assert_eq!(
        block_on(store.swap(name, Some(second.version()), &third, Timestamp::MIN)).unwrap(),
        Swap::Applied
    );
    assert_eq!(block_on(store.purge()).unwrap(), 1);
}

#[test]
fn every_moment_there_is_will_do() {
    let (store, clock) = in_memory();
    clock.set(Timestamp::MIN);
    let (least, most) = (write(&store, Timestamp::MIN), write(&store, Timestamp::MAX));
    assert_eq!(block_on(store.purge()).unwrap(), 0);
    assert!(load(&store, least).is_some());
    clock.set(Timestamp::MAX);
    assert_eq!(block_on(store.purge()).unwrap(), 1);
    assert!(load(&store, most).is_some());
}

#[test]
fn a_purge_goes_on_until_nothing_is_left_to_forget() {
    let (store, clock) = in_memory();
    for count in [1, 63, 64, 65, 200] {
        let kept = write(&store, Timestamp::MAX);
        let old: Vec<_> = (0..count).map(|_| write(&store, clock.now())).collect();
        clock.advance(2 * MINUTE);
        assert_eq!(block_on(store.purge()).unwrap(), count);
        assert!(load(&store, kept).is_some() && old.iter().all(|name| load(&store, *name).is_none()));
    }
}

#[test]
fn each_swap_clears_two_away() {
    let (store, clock) = in_memory();
    let old: Vec<_> = (0..20).map(|_| write(&store, clock.now())).collect();
    clock.advance(2 * MINUTE);
    for cleared in [2, 4, 6] {
        write(&store, Timestamp::MAX);
        let left = old.iter().filter(|name| load(&store, **name).is_some()).count();
        assert_eq!(left, 20 - cleared);
    }
}
