//! One-time passcodes of [otp-exchange](otp_exchange) kept in PostgreSQL, version 12 or newer.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use otp_exchange::{Exchanger, Keyring, Outbox};
//! use otp_exchange_postgres::PostgresStore;
//!
//! let store = PostgresStore::connect("postgres://otp:secret@localhost/otp").await?;
//! store.migrate().await?;
//! for warning in store.check().await? {
//!     eprintln!("{warning}");
//! }
//! let otp = Exchanger::builder(store, Outbox::new(), Keyring::generate()?).build()?;
//! # Ok(())
//! # }
//! ```
//!
//! Each load and each swap is one statement, one transaction and one round trip, and leaves nothing behind on
//! its connection. Where the connection is the server's own, [`PostgresStore::prepared`] makes it faster.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod check;
mod error;
mod migrate;
mod pool;
mod sql;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use deadpool_postgres;
pub use tokio_postgres;

pub use check::Warning;
pub use error::Error;

use bytes::BytesMut;
use check::Server;
use deadpool_postgres::Pool;
use error::{is_rolled_back, is_to_be_repeated};
use otp_exchange::{Clock, CodeStore, Name, Sealed, StoreError, Swap, SystemClock, Timestamp, Version};
use pool::{Lent, pool};
use sql::{BATCH, Sql};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Row, Statement};

/// How long an operation may take where nothing else is said.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest timeout.
const MAX_TIMEOUT: Duration = Duration::from_secs(3600);

/// How long a purge waits after the time of an entry: clocks of processes differ.
const MARGIN: Duration = Duration::from_secs(60);

/// A parameter of a statement, with its type.
type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// Bytes as a parameter. The driver writes parameters down for whoever logs at the level `debug`; not these.
struct Bytes<'a>(&'a [u8]);

impl fmt::Debug for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl ToSql for Bytes<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.0.to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        <&[u8] as ToSql>::accepts(ty)
    }

    to_sql_checked!();
}

/// A table of PostgreSQL as a [`CodeStore`]. Clones share the pool of connections.
///
/// A swap was applied when the server answered that it is committed: it then outlives a crash of the server,
/// with the server's default settings. [`check`](Self::check) tells where they were changed. It outlives a
/// failover only if a standby is synchronous.
///
/// All methods need a tokio runtime with I/O and time enabled.
#[derive(Clone)]
pub struct PostgresStore {
    pool: Pool,
    sql: Arc<Sql>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    prepared: bool,
}

impl PostgresStore {
    /// Connects to the server of a URL or of a libpq connection string, without TLS: up to 16 connections
    /// that are opened as they are needed, to the one of the named hosts that takes writes.
    ///
    /// With TLS, or another size, build the pool and give it to [`new`](Self::new).
    ///
    /// # Errors
    /// [`Error`] if the URL cannot be read or demands TLS, the server cannot be reached, lets nobody in, is
    /// older than 12 or read-only. It does not look at the table: see [`check`](Self::check).
    pub async fn connect(url: &str) -> Result<Self, Error> {
        let store = Self::new(pool(url)?);
        store.check_server().await?;
        Ok(store)
    }

    /// Takes a pool that is there. Nothing is asked of it yet; call [`check`](Self::check).
    ///
    /// Let its connections have `target_session_attrs=read-write` and keepalives, and leave its recycling
    /// method at `Fast`: the others cost a round trip for each call. It needs no timeouts of its own.
    pub fn new(pool: Pool) -> Self {
        Self {
            pool,
            sql: Arc::new(Sql::default()),
            clock: Arc::new(SystemClock),
            timeout: DEFAULT_TIMEOUT,
            prepared: false,
        }
    }

    /// The table of entries, as `table` or `schema.table`; by default `otp_entries`, in whatever schema
    /// `search_path` says. Upper and lower case differ. The table of migrations lies beside it, its name
    /// longer by `_migrations`.
    ///
    /// # Errors
    /// [`Error::Identifier`] unless both parts are of ASCII letters, digits and underscores, begin with no
    /// digit, and are no longer than 63 bytes for the schema and 52 for the table.
    pub fn table(mut self, table: &str) -> Result<Self, Error> {
        self.sql = Arc::new(Sql::new(table)?);
        Ok(self)
    }

    /// How long a load, a swap, a check or one batch of a purge may take, waiting for a connection included;
    /// by default 5 seconds, at most an hour.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.min(MAX_TIMEOUT);
        self
    }

    /// Where [`purge`](Self::purge) has the time from; by default the operating system. Give it the
    /// exchanger's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Prepares each statement once on each connection, instead of sending it whole: up to three times as many
    /// loads.
    ///
    /// Only for connections that lead straight to the server, or through a pooler that keeps track of prepared
    /// statements (`PgBouncer` from 1.21 with `max_prepared_statements` above 0). Any other pooler in transaction
    /// mode hands the connection to somebody else, whose statement of the same name may then be run.
    pub fn prepared(mut self) -> Self {
        self.prepared = true;
        self
    }

    /// Makes the tables, or brings them to the version of this crate. Does nothing where they are. Several
    /// processes may call it at once; one does it while the others wait, for as long as it takes.
    ///
    /// The user needs the privilege to create tables in that schema; for everything else `SELECT`, `INSERT`,
    /// `UPDATE` and `DELETE` on the entries, and `SELECT` on the migrations, are enough. A schema is not
    /// created.
    ///
    /// # Errors
    /// [`Error::NewerTable`] if a newer version of this crate made them; otherwise as the server says.
    pub async fn migrate(&self) -> Result<(), Error> {
        let mut lent = self.lend(self.deadline()).await?;
        migrate::apply(lent.client_mut(), &self.sql).await?;
        lent.give_back();
        Ok(())
    }

    /// Whether everything is as the store needs it: the server's version, that it takes writes, the table and
    /// its version. What may lose swaps in a crash is returned as warnings; for production there should be
    /// none.
    ///
    /// # Errors
    /// [`Error`] says what is not, and what to do.
    pub async fn check(&self) -> Result<Vec<Warning>, Error> {
        let warnings = self.check_server().await?;
        let row = self.row(&migrate::version_query(&self.sql)).await?;
        match row {
            Some(row) => migrate::judge(self.cell(&row, 0)?, &self.sql)?,
            None => return Err(self.wrong_table("no migration was applied")),
        }
        Ok(warnings)
    }

    /// Deletes the entries that may be forgotten since a minute or longer, in batches of 5,000, and says how
    /// many there were. An entry that somebody is writing at that moment is left for the next time. Call it
    /// every few minutes, from one process or from all.
    ///
    /// # Errors
    /// [`Error`]; what was deleted before it stays so.
    pub async fn purge(&self) -> Result<u64, Error> {
        let before = self.clock.now().saturating_sub(MARGIN).unix_millis();
        let mut purged: u64 = 0;
        loop {
            let count = self.count(&self.sql.purge, &[(&before, Type::INT8)]).await?;
            purged = purged.saturating_add(count);
            if count < BATCH {
                return Ok(purged);
            }
        }
    }

    async fn check_server(&self) -> Result<Vec<Warning>, Error> {
        let unreadable = || Error::Connection { why: "the server did not say what it is".to_owned() };
        let row = self.row(Server::QUERY).await?.ok_or_else(unreadable)?;
        Server {
            version: self.cell(&row, 0)?,
            read_only: self.cell(&row, 1)?,
            on: [self.cell(&row, 2)?, self.cell(&row, 3)?, self.cell(&row, 4)?, self.cell(&row, 5)?],
        }
        .judge()
    }

    /// The row that a rare statement answers, if there is one; never prepared.
    async fn row(&self, sql: &str) -> Result<Option<Row>, Error> {
        self.ask(|lent| async move {
            let answer = lent.client().query_typed_opt(sql, &[]).await;
            (lent, answer)
        })
        .await
    }

    /// The value of that name, if there is one.
    async fn value(&self, name: Bytes<'_>) -> Result<Option<Row>, Error> {
        let (sql, name) = (&self.sql.load, &name);
        self.ask(|lent| async move {
            let answer = match self.prepare(&lent, sql, &[Type::BYTEA]).await {
                Ok(Some(statement)) => lent.client().query_opt(&statement, &[name]).await,
                Ok(None) => lent.client().query_typed_opt(sql, &[(name, Type::BYTEA)]).await,
                Err(error) => Err(error),
            };
            (lent, answer)
        })
        .await
    }

    /// How many rows a statement wrote.
    async fn count(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<u64, Error> {
        let types: &[Type] = &parameters.iter().map(|(_, of)| of.clone()).collect::<Vec<_>>();
        let values: &[&(dyn ToSql + Sync)] = &parameters.iter().map(|(value, _)| *value).collect::<Vec<_>>();
        self.ask(|lent| async move {
            let answer = match self.prepare(&lent, sql, types).await {
                Ok(Some(statement)) => lent.client().execute(&statement, values).await,
                Ok(None) => lent.client().execute_typed(sql, parameters).await,
                Err(error) => Err(error),
            };
            (lent, answer)
        })
        .await
    }

    /// The prepared statement, on its connection; none where nothing is to be prepared.
    async fn prepare(
        &self,
        lent: &Lent,
        sql: &str,
        types: &[Type],
    ) -> Result<Option<Statement>, tokio_postgres::Error> {
        if self.prepared { lent.client().prepare_typed_cached(sql, types).await.map(Some) } else { Ok(None) }
    }

    /// Asks on a connection of the pool, in time.
    async fn ask<T, A>(&self, question: impl Fn(Lent) -> A) -> Result<T, Error>
    where
        A: Future<Output = (Lent, Result<T, tokio_postgres::Error>)>,
    {
        let deadline = self.deadline();
        loop {
            let lent = self.lend(deadline).await?;
            let answered = timeout_at(deadline, question(lent)).await;
            let (lent, answer) = answered.map_err(|_| Error::Timeout)?;
            if answer.as_ref().err().is_none_or(is_rolled_back) {
                lent.give_back();
            }
            match answer {
                // Under an isolation level above read committed, the server may roll a statement back for
                // what others do, even to other rows. Nothing was written, so it is asked
                // anew.
                Err(error) if is_to_be_repeated(&error) => {}
                answer => return answer.map_err(|error| Error::of_statement(&error, &self.sql.entries)),
            }
        }
    }

    fn cell<'a, T: tokio_postgres::types::FromSql<'a>>(
        &self,
        row: &'a Row,
        index: usize,
    ) -> Result<T, Error> {
        row.try_get(index).map_err(|_| self.wrong_table("a column is of another type"))
    }

    fn wrong_table(&self, why: &str) -> Error {
        Error::Table { table: self.sql.entries.clone(), why: why.to_owned() }
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.timeout // at most an hour, see `timeout`
    }

    async fn lend(&self, deadline: Instant) -> Result<Lent, Error> {
        match timeout_at(deadline, self.pool.get()).await {
            Ok(Ok(object)) => Ok(Lent(Some(object))),
            Ok(Err(error)) => Err(Error::of_pool(&error)),
            Err(_) => {
                let pool = self.pool.status();
                let why = "it took too long".to_owned();
                Err(if pool.size >= pool.max_size { Error::Busy } else { Error::Connect { why } })
            }
        }
    }
}

impl CodeStore for PostgresStore {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        let row = self.value(Bytes(name.as_bytes())).await.map_err(Error::of_load)?;
        let Some(row) = row else { return Ok(None) };
        let value: &[u8] = self.cell(&row, 0).map_err(Error::of_load)?;
        Ok(Some(Sealed::from_bytes(value)?))
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let (name, value) = (Bytes(name.as_bytes()), Bytes(value.as_bytes()));
        let forget_after = forget_after.unix_millis();
        let written: [Parameter<'_>; 3] =
            [(&name, Type::BYTEA), (&value, Type::BYTEA), (&forget_after, Type::INT8)];
        let count = match expected {
            None => self.count(&self.sql.create, &written).await,
            Some(version) => {
                let version = Bytes(version.as_bytes());
                let [name, value, forget_after] = written;
                self.count(&self.sql.replace, &[name, value, forget_after, (&version, Type::BYTEA)]).await
            }
        };
        match count.map_err(Error::of_swap)? {
            0 => Ok(Swap::Conflict),
            _ => Ok(Swap::Applied),
        }
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("table", &self.sql.entries)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The README's example, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
