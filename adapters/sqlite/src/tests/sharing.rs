//! Clones, other stores on the same file, and how the file is closed.

use std::fs;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use otp_exchange::{CodeStore, Swap};
use pollster::block_on;

use super::{Lock, connect, create, fresh, in_an_hour, load, place, wait_until};
use crate::store::SqliteStore;

#[test]
fn clones_share_a_database_in_memory_and_nobody_else_does() {
    let [store, other] = [(); 2].map(|()| block_on(SqliteStore::connect("sqlite::memory:")).unwrap());
    let (name, value) = fresh();
    let clone = store.clone();
    assert_eq!(create(&store, name, &value).unwrap(), Swap::Applied);
    drop(store);
    assert_eq!(load(&clone, name), Some(value));
    assert_eq!(load(&other, name), None);
}

#[test]
fn two_stores_on_one_file_see_each_other_at_once() {
    let (_folder, path) = place();
    let [one, other] = [(); 2].map(|()| connect(&path).unwrap());
    for _ in 0..100 {
        let (name, value) = fresh();
        assert_eq!(create(&one, name, &value).unwrap(), Swap::Applied);
        assert_eq!(load(&other, name).as_ref(), Some(&value));
        assert_eq!(create(&other, name, &value).unwrap(), Swap::Conflict);
    }
}

#[test]
fn what_was_asked_is_done_before_the_file_is_closed() {
    let (_folder, path) = place();
    let store = connect(&path).unwrap();
    let entries = [(); 10].map(|()| fresh());
    let lock = Lock::on(&path);
    let log = path.with_extension("db-wal");
    let answers = {
        let mut swaps: Vec<_> = entries
            .iter()
            .map(|(name, value)| Box::pin(store.swap(*name, None, value, in_an_hour())))
            .collect();
        for swap in &mut swaps {
            assert!(swap.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        lock.release();
        swaps.into_iter().map(block_on).collect::<Vec<_>>()
    };
    assert!(answers.into_iter().all(|answer| answer.unwrap() == Swap::Applied));
    assert!(log.exists());
    drop(store);
    wait_until("the log is gone", || !log.exists());
    let store = connect(&path).unwrap();
    assert!(entries.into_iter().all(|(name, value)| load(&store, name) == Some(value)));
}

#[test]
fn swaps_that_wait_together_are_committed_together_and_in_order() {
    let (_folder, path) = place();
    let store = connect(&path).unwrap();
    let before = commits(&path);
    let lock = Lock::on(&path);
    let (name, _) = fresh();
    let values = [(); 100].map(|()| fresh().1);
    // The first creates, the second swaps what the first wrote, and so on.
    let mut expected = None;
    let mut swaps = Vec::new();
    for value in &values {
        swaps.push(Box::pin(store.swap(name, expected, value, in_an_hour())));
        expected = Some(value.version());
    }
    for swap in &mut swaps {
        assert!(swap.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    lock.release();
    for swap in swaps {
        assert_eq!(block_on(swap).unwrap(), Swap::Applied);
    }
    assert_eq!(load(&store, name).as_ref(), values.last());
    // One for whatever the thread had taken when the lock was in its way, and one for all the others.
    let made = commits(&path) - before;
    assert!((1..=2).contains(&made), "{made} commits");
}

#[test]
fn a_swap_nobody_waits_for_leaves_the_store_usable() {
    let (_folder, path) = place();
    let store = connect(&path).unwrap();
    for _ in 0..20 {
        let lock = Lock::on(&path);
        let (name, value) = fresh();
        {
            let mut swap = pin!(store.swap(name, None, &value, in_an_hour()));
            assert!(matches!(swap.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
            let mut found = pin!(store.load(name));
            let _ = found.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
        lock.release();
        let again = create(&store, name, &value).unwrap();
        let found = load(&store, name);
        assert_eq!(found, Some(value), "after {again:?}"); // applied, whether the first one was or not
    }
}

/// Systems with POSIX locks drop all those of a process on a file as soon as it closes that file once.
/// Another process would then believe itself alone, and delete the log on leaving.
#[cfg(target_os = "linux")]
#[test]
fn opening_a_file_again_keeps_the_locks_on_it() {
    use std::os::unix::fs::MetadataExt;

    let (_folder, path) = place();
    let store = connect(&path).unwrap();
    let (name, value) = fresh();
    assert_eq!(create(&store, name, &value).unwrap(), Swap::Applied);
    let file = format!(":{} ", fs::metadata(&path).unwrap().ino());
    let is_locked = || fs::read_to_string("/proc/locks").unwrap().lines().any(|lock| lock.contains(&file));
    assert!(is_locked());
    drop(connect(&path).unwrap());
    assert!(is_locked());
    drop(store);
    wait_until("the file is closed", || !is_locked());
}

/// How many transactions lie in the write-ahead log, by its format: a header of 32 bytes, then frames of 24
/// bytes and a page each; the last frame of a transaction says how large the database is.
fn commits(path: &Path) -> usize {
    let log = fs::read(path.with_extension("db-wal")).unwrap();
    log[32..].chunks_exact(24 + 4096).filter(|frame| frame[4..8] != [0; 4]).count()
}
