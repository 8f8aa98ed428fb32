//! What the trials cannot see from outside: files that are not ours, full disks, locks, queues.

mod failing;
mod forgetting;
mod opening;
mod sharing;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use otp_exchange::{CodeStore, Name, Sealed, StoreError, Swap};
use otp_exchange_trials::{fresh, in_an_hour};
use pollster::block_on;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::error::Error;
use crate::store::SqliteStore;

/// A folder of a test's own, and the path of a database in it that is not there yet.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("codes.db");
    (folder, path)
}

fn connect(path: &Path) -> Result<SqliteStore, Error> {
    block_on(SqliteStore::connect(path.to_str().unwrap()))
}

fn create(store: &SqliteStore, name: Name, value: &Sealed) -> Result<Swap, StoreError> {
    block_on(store.swap(name, None, value, in_an_hour()))
}

fn load(store: &SqliteStore, name: Name) -> Option<Sealed> {
    block_on(store.load(name)).unwrap()
}

fn cause(error: &StoreError) -> &Error {
    error.cause().downcast_ref().expect("an error of this crate")
}

/// Another process's transaction, as far as SQLite can tell.
struct Lock(Connection);

impl Lock {
    fn on(path: &Path) -> Self {
        let connection = Connection::open(path).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        Self(connection)
    }

    fn release(self) {
        self.0.execute_batch("ROLLBACK").unwrap();
    }
}

#[allow(clippy::disallowed_methods)] // a deadline, for what has no clock of its own
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        thread::yield_now();
    }
}
