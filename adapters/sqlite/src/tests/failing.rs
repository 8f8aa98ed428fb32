//! What a swap is told when something fails.

use std::pin::Pin;
use std::sync::mpsc::sync_channel;
use std::task::{Context, Waker};
use std::time::Duration;

use otp_exchange::testkit::ManualClock;
use otp_exchange::{Clock, CodeStore, MalformedEntry, Swap, SystemClock};
use pollster::block_on;
use rusqlite::Connection;

use super::{Lock, cause, connect, create, fresh, in_an_hour, load, place};
use crate::database::{open_reader, open_writer};
use crate::error::Error;
use crate::store::{QUEUE, SqliteStore, Synchronous, TOGETHER};
use crate::threads::Timer;

#[test]
fn a_full_disk_applies_nothing_and_works_again_when_there_is_room() {
    let (_folder, path) = place();
    let writer = open_writer(&path, Synchronous::Full).unwrap();
    writer.pragma_update(None, "max_page_count", 30).unwrap();
    let clock = ManualClock::at(SystemClock.now());
    let timer = Timer::start().unwrap();
    let store =
        SqliteStore::over(writer, vec![open_reader(&path).unwrap()], timer).unwrap().clock(clock.clone());
    let mut kept = Vec::new();
    let error = loop {
        let (name, value) = fresh();
        match create(&store, name, &value) {
            Ok(Swap::Applied) => kept.push((name, value)),
            Ok(Swap::Conflict) => panic!("a fresh name"),
            Err(error) => {
                assert_eq!(load(&store, name), None);
                break error;
            }
        }
        assert!(kept.len() < 1000, "it never was full");
    };
    assert!(matches!(cause(&error), Error::Full), "{error}");
    assert!(!error.may_have_applied() && error.is_transient());
    // What is there can be swapped all the same: nobody loses a code to a full disk.
    let (name, value) = kept[0].clone();
    let (_, next) = fresh();
    assert_eq!(
        block_on(store.swap(name, Some(value.version()), &next, in_an_hour())).unwrap(),
        Swap::Applied
    );
    assert!(kept[1..].iter().all(|(name, value)| load(&store, *name).as_ref() == Some(value)));

    clock.advance(Duration::from_secs(7200));
    assert_eq!(block_on(store.purge()).unwrap(), kept.len() as u64);
    let (name, value) = fresh();
    assert_eq!(create(&store, name, &value).unwrap(), Swap::Applied);
}

#[test]
fn room_made_by_time_alone_is_found_by_the_next_swap() {
    let clock = ManualClock::at(SystemClock.now());
    let writer = open_writer(":memory:".as_ref(), Synchronous::Full).unwrap();
    writer.pragma_update(None, "max_page_count", 30).unwrap();
    let store = SqliteStore::over(writer, vec![], Timer::start().unwrap()).unwrap().clock(clock.clone());
    let created = || (0..1000).take_while(|_| create(&store, fresh().0, &fresh().1).is_ok()).count();
    let full = created();
    assert!((50..1000).contains(&full), "{full} entries");
    assert_eq!(created(), 0);
    clock.advance(Duration::from_secs(7200));
    assert_eq!(created(), 0); // but this one made room
    assert!(created() > full / 2);
}

#[test]
fn on_a_full_disk_swaps_that_need_no_room_are_not_held_up_by_others() {
    let (_folder, path) = place();
    let writer = open_writer(&path, Synchronous::Full).unwrap();
    writer.pragma_update(None, "max_page_count", 30).unwrap();
    let store =
        SqliteStore::over(writer, vec![open_reader(&path).unwrap()], Timer::start().unwrap()).unwrap();
    let (name, value) = fresh();
    assert_eq!(create(&store, name, &value).unwrap(), Swap::Applied);
    while create(&store, fresh().0, &fresh().1).is_ok() {}
    let lock = Lock::on(&path);
    let [new, next] = [fresh(), fresh()];
    let mut creation = Box::pin(store.swap(new.0, None, &new.1, in_an_hour()));
    let mut swap = Box::pin(store.swap(name, Some(value.version()), &next.1, in_an_hour()));
    let mut another = Box::pin(store.swap(next.0, None, &next.1, in_an_hour()));
    for waiting in
        [creation.as_mut() as Pin<&mut (dyn Future<Output = _> + Send)>, swap.as_mut(), another.as_mut()]
    {
        assert!(waiting.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    lock.release();
    assert!(matches!(cause(&block_on(creation).unwrap_err()), Error::Full));
    assert_eq!(block_on(swap).unwrap(), Swap::Applied);
    assert!(matches!(cause(&block_on(another).unwrap_err()), Error::Full));
    assert_eq!(load(&store, name), Some(next.1));
}

#[test]
fn when_a_commit_fails_nobody_is_told_applied() {
    let (_folder, path) = place();
    let store = connect(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    // Whoever writes an entry breaks a constraint that is looked at when the transaction is committed.
    other
        .execute_batch(
            "CREATE TABLE parent (id INTEGER PRIMARY KEY);
             CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER breaks AFTER INSERT ON entry BEGIN INSERT INTO child VALUES (1); END;",
        )
        .unwrap();
    let lock = Lock::on(&path);
    let entries = [(); 8].map(|()| fresh());
    let mut swaps: Vec<_> =
        entries.iter().map(|(name, value)| Box::pin(store.swap(*name, None, value, in_an_hour()))).collect();
    for swap in &mut swaps {
        assert!(swap.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    lock.release();
    for swap in swaps {
        let error = block_on(swap).unwrap_err();
        assert!(matches!(cause(&error), Error::Sqlite(_)), "{error}");
        assert!(error.may_have_applied() && error.is_permanent(), "{error:?}");
    }
    assert!(entries.iter().all(|(name, _)| load(&store, *name).is_none()));

    other.execute_batch("DROP TRIGGER breaks").unwrap();
    for (name, value) in &entries {
        assert_eq!(create(&store, *name, value).unwrap(), Swap::Applied);
    }
}

#[test]
fn when_a_statement_fails_it_is_certain_that_nothing_was_written() {
    let (_folder, path) = place();
    let store = connect(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("ALTER TABLE entry RENAME TO elsewhere").unwrap();
    let (name, value) = fresh();
    let error = create(&store, name, &value).unwrap_err();
    assert!(!error.may_have_applied() && error.is_permanent(), "{error:?}");
    assert!(block_on(store.load(name)).unwrap_err().is_permanent());
    other.execute_batch("ALTER TABLE elsewhere RENAME TO entry").unwrap();
    assert_eq!(create(&store, name, &value).unwrap(), Swap::Applied);
}

#[test]
fn a_database_locked_for_too_long_is_busy_and_nothing_is_written() {
    let (_folder, path) = place();
    let store = connect(&path).unwrap();
    let hasty = store.clone().timeout(Duration::from_millis(200));
    let lock = Lock::on(&path);
    let (name, value) = fresh();
    let error = create(&hasty, name, &value).unwrap_err();
    assert!(matches!(cause(&error), Error::Busy), "{error}");
    assert!(!error.may_have_applied() && error.is_transient());
    assert!(matches!(block_on(hasty.purge()), Err(Error::Busy)));
    assert_eq!(load(&hasty, name), None); // who reads waits for nobody
    lock.release();
    assert_eq!(create(&store, name, &value).unwrap(), Swap::Applied); // however long the disk takes
}

#[test]
fn more_than_may_wait_are_refused_and_the_others_are_done() {
    let (_folder, path) = place();
    let store = connect(&path).unwrap().timeout(Duration::from_secs(60));
    let lock = Lock::on(&path);
    let entries: Vec<_> = (0..=QUEUE + TOGETHER).map(|_| fresh()).collect();
    let mut swaps: Vec<_> =
        entries.iter().map(|(name, value)| Box::pin(store.swap(*name, None, value, in_an_hour()))).collect();
    let mut refused = 0;
    swaps.retain_mut(|swap| match swap.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        std::task::Poll::Pending => true,
        std::task::Poll::Ready(answer) => {
            let error = answer.unwrap_err();
            assert!(matches!(cause(&error), Error::QueueFull), "{error}");
            assert!(!error.may_have_applied() && error.is_transient());
            refused += 1;
            false
        }
    });
    lock.release();
    assert!(refused > 0 && swaps.len() >= QUEUE, "{refused} refused, {} waiting", swaps.len());
    for swap in swaps {
        assert_eq!(block_on(swap).unwrap(), Swap::Applied);
    }
    assert_eq!(entries.iter().filter(|(name, _)| load(&store, *name).is_none()).count(), refused);
}

#[test]
fn without_an_answer_a_swap_ends_in_time_and_unknown() {
    let mut store = block_on(SqliteStore::connect(":memory:")).unwrap().timeout(Duration::from_millis(50));
    let (hanging, jobs) = sync_channel(1);
    store.writer = hanging;
    let (name, value) = fresh();
    let error = create(&store, name, &value).unwrap_err();
    assert!(matches!(cause(&error), Error::TimedOut), "{error}");
    assert!(error.may_have_applied() && error.is_transient());
    let error = create(&store, name, &value).unwrap_err();
    assert!(matches!(cause(&error), Error::QueueFull), "{error}");
    drop(jobs);
    let error = create(&store, name, &value).unwrap_err();
    assert!(matches!(cause(&error), Error::Stopped), "{error}");
    assert!(!error.may_have_applied() && error.is_permanent());
}

#[test]
fn what_cannot_be_an_entry_is_a_permanent_error() {
    let (_folder, path) = place();
    let store = connect(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    for bytes in [0, 32, 16 * 1024 + 1] {
        let (name, value) = fresh();
        other
            .execute("INSERT INTO entry VALUES (?1, zeroblob(?2), ?3)", (name.as_bytes(), bytes, i64::MAX))
            .unwrap();
        let error = block_on(store.load(name)).unwrap_err();
        let found = error.cause().downcast_ref::<MalformedEntry>().expect("says what it is");
        assert_eq!(found.bytes, usize::try_from(bytes).unwrap());
        assert!(error.is_permanent());
        assert_eq!(create(&store, name, &value).unwrap(), Swap::Conflict);
    }
}

#[test]
fn a_damaged_file_is_a_permanent_error() {
    let (_folder, path) = place();
    let store = connect(&path).unwrap();
    let (name, value) = fresh();
    assert_eq!(create(&store, name, &value).unwrap(), Swap::Applied);
    let other = Connection::open(&path).unwrap();
    let damage =
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 99999 WHERE name = 'entry';
        PRAGMA schema_version = 1000";
    other.execute_batch(damage).unwrap();
    let (_, next) = fresh();
    let error = block_on(store.swap(name, Some(value.version()), &next, in_an_hour())).unwrap_err();
    assert!(matches!(cause(&error), Error::Sqlite(_)), "{error}");
    assert!(!error.may_have_applied() && error.is_permanent(), "{error:?}");
    assert!(block_on(store.load(name)).unwrap_err().is_permanent());
}
