//! The file: how it is opened and told from others, and the statements.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use otp_exchange::{Name, Sealed, Timestamp, Version};
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params,
};

use crate::error::Error;
use crate::store::Synchronous;

/// The path that stands for no file at all.
pub(crate) const MEMORY: &str = ":memory:";

/// Marks a file as ours, in its header (`PRAGMA application_id`): "OTPX".
const APPLICATION_ID: i32 = 0x4f54_5058;

/// The version of the schema below (`PRAGMA user_version`).
const SCHEMA_VERSION: i32 = 1;

const SCHEMA: &str = "
    CREATE TABLE entry (name BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL, forget_after INTEGER NOT NULL) STRICT;
    CREATE INDEX entry_forget_after ON entry (forget_after);
";

/// How much longer than asked an entry is kept, for processes whose clocks differ.
const MARGIN: Duration = Duration::from_secs(60);

/// Opens the database for writing, and makes it if there is none. While another process has it locked it is
/// [`Error::Busy`], and may be tried again.
pub(crate) fn open_writer(path: &Path, synchronous: Synchronous) -> Result<Connection, Error> {
    let in_memory = path == Path::new(MEMORY);
    if !in_memory {
        create(path).map_err(|error| Error::CannotOpen { path: path.into(), source: Arc::new(error) })?;
    }
    let connection = open(path)?;
    if connection.is_readonly("main")? {
        return Err(Error::ReadOnly);
    }
    is_fresh(&connection, path)?; // before anything in a file that may be somebody else's is changed
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(|error| opening(path, error))?;
    if !in_memory && mode != "wal" {
        return Err(Error::NoWriteAheadLog { mode });
    }
    connection.pragma_update(None, "synchronous", synchronous.pragma())?;
    connection.pragma_update(None, "fullfsync", true)?; // or macOS leaves it in the disk's cache
    let transaction = begin(&connection)?;
    if is_fresh(&transaction, path)? {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    transaction.commit()?;
    Ok(connection)
}

/// Opens the file, which is there and ours, for reading.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, Error> {
    // Not by a read-only connection: as the last one to be closed, that would leave the log behind.
    let connection = open(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Begins a transaction that writes: alone, among all connections of all processes.
pub(crate) fn begin(connection: &Connection) -> Result<Transaction<'_>, Error> {
    Ok(Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?)
}

/// The bytes of the entry of that name, whether or not its time is over.
pub(crate) fn load(connection: &Connection, name: Name) -> Result<Option<Vec<u8>>, Error> {
    let mut select = connection.prepare_cached("SELECT value FROM entry WHERE name = ?1")?;
    Ok(select.query_row([name.as_bytes()], |row| row.get(0)).optional()?)
}

/// Compares and writes, within a transaction. How many entries changed: 1, or 0 for a conflict.
pub(crate) fn swap(
    transaction: &Connection,
    name: Name,
    expected: Option<Version>,
    value: &Sealed,
    forget_after: Timestamp,
) -> Result<usize, Error> {
    let (name, value, forget_after) = (name.as_bytes(), value.as_bytes(), forget_after.unix_millis());
    let changed = match expected {
        None => transaction
            .prepare_cached("INSERT INTO entry VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
            .execute(params![name, value, forget_after]),
        // The version lies within the value; SQLite counts bytes from 1.
        Some(expected) => transaction
            .prepare_cached(
                "UPDATE entry SET value = ?2, forget_after = ?3 WHERE name = ?1 AND substr(value, 6, 12) = ?4",
            )?
            .execute(params![name, value, forget_after, expected.as_bytes()]),
    };
    Ok(changed?)
}

/// Forgets at most so many entries whose time is over, the oldest first, within a transaction. How many.
pub(crate) fn forget(transaction: &Connection, now: Timestamp, most: usize) -> Result<usize, Error> {
    let oldest = "DELETE FROM entry WHERE rowid IN
        (SELECT rowid FROM entry WHERE forget_after < ?1 ORDER BY forget_after LIMIT ?2)";
    let until = now.saturating_sub(MARGIN).unix_millis();
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    Ok(transaction.prepare_cached(oldest)?.execute([until, most])?)
}

/// Makes an empty file that nobody but its owner can read, if there is none. One that is there is not even
/// opened: closing it again would undo the locks that another store in this process has on it.
fn create(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn open(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| opening(path, error))?;
    connection.busy_timeout(Duration::ZERO)?; // waiting is done by `threads::patiently`
    Ok(connection)
}

/// Whether there is nothing in the file yet; an error if there is anything that is not ours.
fn is_fresh(connection: &Connection, path: &Path) -> Result<bool, Error> {
    let header = "SELECT application_id, user_version, EXISTS (SELECT 1 FROM sqlite_schema)
        FROM pragma_application_id, pragma_user_version";
    let header = connection.query_row(header, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    match header.map_err(|error| opening(path, error))? {
        (0, 0, false) => Ok(true),
        (APPLICATION_ID, SCHEMA_VERSION, true) => Ok(false),
        (APPLICATION_ID, found, true) if found > SCHEMA_VERSION => {
            Err(Error::NewerSchema { path: path.into(), found, known: SCHEMA_VERSION })
        }
        _ => Err(Error::Foreign { path: path.into() }),
    }
}

/// What an error means for a file that is being opened.
fn opening(path: &Path, error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            Error::CannotOpen { path: path.into(), source: Arc::new(error) }
        }
        Some(ErrorCode::NotADatabase) => Error::NotADatabase { path: path.into() },
        _ => error.into(),
    }
}
