//! What can go wrong, and what that means for a swap.

use std::error::Error as StdError;
use std::path::PathBuf;
use std::sync::Arc;

use otp_exchange::StoreError;
use rusqlite::ErrorCode;

/// Why the store could not be opened or could not do what it was asked. It is also the cause inside a
/// [`StoreError`]: `error.cause().downcast_ref::<otp_exchange_sqlite::Error>()`.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is empty, or has options after a `?`.
    #[error("sqlite: the address must be `sqlite:PATH`, a path, or `:memory:`, with no options after a `?`")]
    Address,
    /// There is no file that could be opened: a missing directory, no permission, or a directory in its
    /// place.
    #[error(
        "sqlite: cannot open {} ({source}); give a file in a directory that exists, both of which this user \
         may read and write",
        path.display()
    )]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite said.
        source: Arc<dyn StdError + Send + Sync>,
    },
    /// The file is there but is no SQLite database. It was left as it is.
    #[error("sqlite: {} is not a SQLite database; give another path, or move it away", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a SQLite database of some other program. It was left as it is.
    #[error("sqlite: {} is another program's database; give the store a file of its own", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was made by a newer version of this crate. It was left as it is.
    #[error("sqlite: {} has schema {found}, this version knows {known}; update this program", path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The schema version it has.
        found: i32,
        /// The newest schema version that this crate knows.
        known: i32,
    },
    /// The file, or the file system it lies in, may only be read.
    #[error(
        "sqlite: the database is read-only; let this user write the file, its directory and its file system"
    )]
    ReadOnly,
    /// Write-ahead logging cannot be switched on, which a network file system, say, does not support.
    #[error("sqlite: no write-ahead log here (journal mode `{mode}`); use a local file system")]
    NoWriteAheadLog {
        /// The journal mode that SQLite stayed in.
        mode: String,
    },
    /// The disk is full. It works again when there is room.
    #[error("sqlite: the disk is full; make room on the database's file system")]
    Full,
    /// Another process has kept the database locked for longer than the timeout allows.
    #[error(
        "sqlite: another process keeps the database locked; end its transaction, or allow a longer timeout"
    )]
    Busy,
    /// More operations are waiting than the store lets wait.
    #[error("sqlite: too many operations are waiting for the disk; try again later, or use a faster disk")]
    QueueFull,
    /// There was no answer within the timeout.
    #[error("sqlite: no answer in time; the disk hangs, or is too slow for this load")]
    TimedOut,
    /// A thread of the store has ended before its time.
    #[error("sqlite: a thread of the store has ended; open the store anew, and report this as a bug")]
    Stopped,
    /// The system would not start the threads of the store.
    #[error("sqlite: cannot start a thread ({0}); raise the limit on threads of this process")]
    Thread(#[source] Arc<std::io::Error>),
    /// SQLite refused or failed otherwise: an I/O error, a damaged file.
    #[error("sqlite: {0}")]
    Sqlite(#[source] Arc<rusqlite::Error>),
}

impl Error {
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::Full)
    }

    /// Whether somebody has to mend something first.
    fn is_permanent(&self) -> bool {
        match self {
            Self::Busy | Self::Full | Self::QueueFull | Self::TimedOut => false,
            Self::Sqlite(cause) => !matches!(
                cause.sqlite_error_code(),
                Some(
                    ErrorCode::CannotOpen
                        | ErrorCode::FileLockingProtocolFailed
                        | ErrorCode::OperationInterrupted
                        | ErrorCode::OutOfMemory
                        | ErrorCode::SystemIoFailure
                )
            ),
            _ => true,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(cause: rusqlite::Error) -> Self {
        match cause.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            _ => Self::Sqlite(Arc::new(cause)),
        }
    }
}

/// An operation that failed, and how far it had come.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) cause: Error,
    /// Whether it may have been committed all the same.
    committed: bool,
}

impl Failed {
    /// Before it was to be committed.
    pub(crate) fn before_commit(cause: Error) -> Self {
        Self { cause, committed: false }
    }

    /// While it was committed. SQLite gives up for a lock or for want of room before the last frame is in the
    /// log; with any other error that frame may be there, and be found after a crash.
    pub(crate) fn in_commit(cause: Error) -> Self {
        let committed = !matches!(cause, Error::Busy | Error::Full);
        Self { cause, committed }
    }

    /// Nobody knows when.
    pub(crate) fn without_answer(cause: Error) -> Self {
        Self { cause, committed: true }
    }
}

impl From<Failed> for StoreError {
    fn from(Failed { cause, committed }: Failed) -> Self {
        let permanent = cause.is_permanent();
        let error = if committed { Self::unknown(cause) } else { Self::not_applied(cause) };
        if permanent { error.permanent() } else { error }
    }
}
