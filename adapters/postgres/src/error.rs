//! What can go wrong, and what to do about it.

use std::error::Error as _;
use std::io;

use deadpool_postgres::{HookError, PoolError, TimeoutType};
use otp_exchange::StoreError;
use tokio_postgres::error::{DbError, Severity, SqlState};

/// Why the store could not do what it was asked. Lies as the cause in a [`StoreError`]:
/// `error.cause().downcast_ref::<Error>()`.
///
/// Texts are the server's own words where it had any. They never hold a password, a URL, or anything of an
/// entry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL cannot be read.
    // Without the driver's reason: it may quote the URL, password included.
    #[error(
        "postgres: not a URL to connect to; it is like postgres://user:password@host:5432/database, special \
         characters percent-encoded, options as libpq has them, sslmode one of disable, prefer, require"
    )]
    Url,
    /// The URL demands TLS, for which `connect` has no connector.
    #[error(
        "postgres: the URL says sslmode=require, and `connect` has no TLS; build a `deadpool_postgres::Pool` with \
         the TLS connector of your choice and give it to `PostgresStore::new`"
    )]
    TlsConnector,
    /// The name of the table is not one.
    #[error(
        "postgres: not a name for a table; it is `table` or `schema.table` of ASCII letters, digits and \
         underscores, the table's at most 52 bytes long"
    )]
    Identifier,
    /// The server cannot be reached, or takes no more connections.
    #[error("postgres: cannot connect: {why}")]
    Connect {
        /// What the system or the server said.
        why: String,
    },
    /// The server lets nobody in with these credentials, or has no such database.
    #[error(
        "postgres: cannot log in: {why}; mend user, password, database or TLS in the URL, or pg_hba.conf"
    )]
    Login {
        /// What the server or the driver said.
        why: String,
    },
    /// All connections of the pool were in use for as long as the timeout.
    #[error("postgres: no connection came free in the pool in time; make it larger, or ask for less at once")]
    Busy,
    /// The pool was closed.
    #[error("postgres: the pool is closed; give the store one that is open")]
    Closed,
    /// The server did not answer in time. A swap may have been applied.
    #[error("postgres: no answer in time")]
    Timeout,
    /// The connection broke before the answer was whole. A swap may have been applied.
    #[error("postgres: connection lost: {why}")]
    Connection {
        /// What the system or the server said.
        why: String,
    },
    /// The server refused the statement and took back what it had done of it.
    #[error("postgres: refused: {message} (SQLSTATE {})", code.code())]
    Refused {
        /// What kind of error it is.
        code: SqlState,
        /// What the server said.
        message: String,
    },
    /// The server does not know a statement that was prepared on this connection, or knows another one of that
    /// name: a pooler in between gives the connection to others.
    #[error(
        "postgres: a prepared statement is not there; a pooler that does not keep track of them is in between: do not \
         call `prepared`"
    )]
    Pooler,
    /// The server takes no writes: a standby, or set to be read-only.
    #[error("postgres: the server is read-only; connect to the primary, name all hosts in the URL")]
    ReadOnly,
    /// The server is older than the store can use.
    #[error("postgres: server version {version} is too old; 12 or newer is needed")]
    OldServer {
        /// The version of the server.
        version: String,
    },
    /// The table is missing, or is not one that `migrate` made.
    #[error(
        "postgres: no table {table} that can be used ({why}); call `migrate`, name the right one, or create its schema"
    )]
    Table {
        /// The name that the store looked for, quoted.
        table: String,
        /// What the server said.
        why: String,
    },
    /// The table was made by a newer version of this crate.
    #[error(
        "postgres: table {table} is of version {found}, this crate knows up to {known}; update the crate"
    )]
    NewerTable {
        /// The name of the table, quoted.
        table: String,
        /// Its version.
        found: i32,
        /// The newest version this crate knows.
        known: i32,
    },
}

impl Error {
    /// Whether trying again is of no use until somebody mends something.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Busy | Self::Timeout | Self::Connection { .. } => false,
            // Not supported, bad data, broken constraint, no privilege; what is left may pass: a full disk,
            // a lock not granted, a statement cancelled.
            Self::Refused { code, .. } => {
                ["0A", "22", "23", "42"].iter().any(|class| code.code().starts_with(class))
            }
            Self::Url
            | Self::TlsConnector
            | Self::Identifier
            | Self::Login { .. }
            | Self::Closed
            | Self::Pooler
            | Self::ReadOnly
            | Self::OldServer { .. }
            | Self::Table { .. }
            | Self::NewerTable { .. } => true,
        }
    }

    /// Whether a write that ended so may have happened.
    pub fn may_have_applied(&self) -> bool {
        matches!(self, Self::Timeout | Self::Connection { .. })
    }

    /// As the answer to a swap.
    pub(crate) fn of_swap(self) -> StoreError {
        if self.may_have_applied() { StoreError::unknown(self) } else { self.of_load() }
    }

    /// As the answer to a load, which writes nothing.
    pub(crate) fn of_load(self) -> StoreError {
        let permanent = self.is_permanent();
        let error = StoreError::not_applied(self);
        if permanent { error.permanent() } else { error }
    }

    /// Of a statement about that table, or of its answer.
    pub(crate) fn of_statement(error: &tokio_postgres::Error, table: &str) -> Self {
        let Some(said) = rolled_back(error) else {
            return Self::Connection { why: chain(error) };
        };
        match *said.code() {
            SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly,
            SqlState::UNDEFINED_TABLE
            | SqlState::INVALID_SCHEMA_NAME
            | SqlState::UNDEFINED_COLUMN
            | SqlState::UNDEFINED_FUNCTION
            | SqlState::DATATYPE_MISMATCH
            | SqlState::INVALID_COLUMN_REFERENCE => Self::Table { table: table.to_owned(), why: words(said) },
            ref code if is_mixed_up(code) => Self::Pooler,
            _ => Self::Refused { code: said.code().clone(), message: said.message().to_owned() },
        }
    }

    /// Of getting a connection, before anything was asked.
    pub(crate) fn of_pool(error: &PoolError) -> Self {
        match error {
            PoolError::Timeout(TimeoutType::Wait) => Self::Busy,
            PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle) => {
                Self::Connect { why: error.to_string() }
            }
            PoolError::Closed => Self::Closed,
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                Self::of_connecting(error)
            }
            PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                Self::Login { why: error.to_string() }
            }
        }
    }

    fn of_connecting(error: &tokio_postgres::Error) -> Self {
        let why = chain(error);
        if let Some(code) = error.code() {
            // Invalid authorization, invalid catalog name.
            let for_good = ["28", "3D"].iter().any(|class| code.code().starts_with(class));
            return if for_good { Self::Login { why } } else { Self::Connect { why } };
        }
        match io_cause(error) {
            // The driver's own way to say that a host is not the read-write one that was asked for; the
            // operating system's carries a number.
            Some(cause)
                if cause.kind() == io::ErrorKind::PermissionDenied && cause.raw_os_error().is_none() =>
            {
                Self::ReadOnly
            }
            Some(_) => Self::Connect { why },
            None if error.is_closed() => Self::Connect { why },
            // What is left is a matter of settings: no password given, a way to log in that the driver lacks,
            // no TLS on the other side.
            None => Self::Login { why },
        }
    }
}

/// What the server said where it is sure that it took the statement back: only an error of plain severity
/// leaves the session standing. A fatal one may come between the commit and its answer.
fn rolled_back(error: &tokio_postgres::Error) -> Option<&DbError> {
    error.as_db_error().filter(|said| said.parsed_severity() == Some(Severity::Error))
}

/// Whether the server took the statement back, and the session goes on as it should.
pub(crate) fn is_rolled_back(error: &tokio_postgres::Error) -> bool {
    rolled_back(error).is_some_and(|said| !is_mixed_up(said.code()))
}

/// Whether what was prepared on the connection is not there any more.
fn is_mixed_up(code: &SqlState) -> bool {
    matches!(*code, SqlState::INVALID_SQL_STATEMENT_NAME | SqlState::DUPLICATE_PSTATEMENT)
}

/// Whether the server took the statement back only because of others at work, and wants it again.
pub(crate) fn is_to_be_repeated(error: &tokio_postgres::Error) -> bool {
    rolled_back(error).is_some_and(|said| {
        matches!(*said.code(), SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED)
    })
}

/// What the server said, without its details: those quote rows.
fn words(said: &DbError) -> String {
    format!("{} (SQLSTATE {})", said.message(), said.code().code())
}

/// An error with its causes; what the server said, without its details.
fn chain(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        return words(said);
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn io_cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a io::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(cause) = error.downcast_ref() {
            return Some(cause);
        }
        next = error.source();
    }
    None
}
