//! The store.

use std::fmt;
use std::path::{Path, PathBuf, absolute};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use otp_exchange::{Clock, CodeStore, Name, Sealed, StoreError, Swap, SystemClock, Timestamp, Version};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::database::{self, MEMORY};
use crate::error::{Error, Failed};
use crate::threads::{Answer, Change, Job, Load, Timer, Write, after, patiently, spawn, work};

/// How long an operation may take, if nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How many operations may wait for a thread.
pub(crate) const QUEUE: usize = 4096;

/// How many swaps are committed together at most.
pub(crate) const TOGETHER: usize = 256;

/// How many threads read.
const READERS: usize = 2;

/// How many entries a purge forgets in one transaction, which others have to wait for: about a millisecond.
const PURGED_TOGETHER: usize = 64;

/// What an answered swap outlives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Synchronous {
    /// A power failure: every commit waits until the disk has it (`PRAGMA synchronous = FULL`).
    #[default]
    Full,
    /// A crash of the process only (`PRAGMA synchronous = NORMAL`). After a power failure or a crash of the
    /// operating system the last swaps may be undone, though the file is sound: used codes work again,
    /// charged attempts are given back, revoked sessions live. Only for where
    /// [`Builder::valid_from`](otp_exchange::Builder::valid_from) is set to the moment of every such start.
    Normal,
}

impl Synchronous {
    pub(crate) fn pragma(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
        }
    }
}

/// A store in a SQLite file, or in memory. Clones share it; when the last one is dropped, what somebody still
/// waits for is done, and then the file is closed.
///
/// Any number of processes on one machine may use one file.
#[derive(Clone)]
pub struct SqliteStore {
    /// To the thread that writes.
    pub(crate) writer: SyncSender<Job>,
    /// To the threads that read; in memory, the same.
    readers: SyncSender<Job>,
    timer: Timer,
    clock: Arc<dyn Clock>,
    timeout: Duration,
}

impl SqliteStore {
    /// Opens the file at `sqlite:PATH` or simply at `PATH`, or makes it; or a database in memory, for
    /// `:memory:`, that lives as long as the store. [`Synchronous::Full`].
    ///
    /// # Errors
    /// [`Error`] says what is wrong with the address or the file, and what to do. A file that is not the
    /// store's own is left as it is.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Self::open(path_of(url)?, Synchronous::default()).await
    }

    /// The same with a path as the system has it, and a choice of what answered swaps outlive.
    ///
    /// # Errors
    /// As for [`connect`](Self::connect).
    pub async fn open(path: impl AsRef<Path>, synchronous: Synchronous) -> Result<Self, Error> {
        let path = whole(path.as_ref())?;
        let timer = Timer::start()?;
        let (opened, answer) = oneshot::channel();
        let patience = after(TIMEOUT / 2);
        spawn(move || drop(opened.send(patiently(patience, || connections(&path, synchronous)))))?;
        let (writer, readers) = timer.within(TIMEOUT, answer).await??;
        Self::over(writer, readers, timer)
    }

    /// How long an operation may take; 5 seconds unless said. Up to half of it may be spent on waiting for
    /// what another process has locked, after which it is certain that nothing was written.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The clock by which entries are forgotten; the system's unless said.
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Forgets every entry whose time has been over for a minute, and says how many. There is no need to call
    /// it: each swap clears two such entries away. It does so in small steps, between which others come to
    /// their turn.
    ///
    /// # Errors
    /// [`Error`] if a step failed. What the steps before it forgot stays forgotten.
    pub async fn purge(&self) -> Result<u64, Error> {
        let mut forgotten = 0;
        loop {
            let step = self.write(Change::Forget { most: PURGED_TOGETHER }).await;
            let step = step.map_err(|failed| failed.cause)?;
            forgotten += step as u64;
            if step < PURGED_TOGETHER {
                return Ok(forgotten);
            }
        }
    }

    /// A store over open connections: without readers, the one that writes also reads.
    pub(crate) fn over(writer: Connection, readers: Vec<Connection>, timer: Timer) -> Result<Self, Error> {
        let in_memory = readers.is_empty();
        let to_writer = queue([writer], TOGETHER)?;
        let to_readers = if in_memory { to_writer.clone() } else { queue(readers, 1)? };
        Ok(Self {
            writer: to_writer,
            readers: to_readers,
            timer,
            clock: Arc::new(SystemClock),
            timeout: TIMEOUT,
        })
    }

    async fn write(&self, change: Change) -> Result<usize, Failed> {
        let (now, patience) = (self.clock.now(), after(self.timeout / 2));
        self.ask(&self.writer, |answer| Job::Write(Write { change, now, patience, answer })).await
    }

    async fn ask<T>(&self, queue: &SyncSender<Job>, job: impl FnOnce(Answer<T>) -> Job) -> Result<T, Failed> {
        let (answer, answered) = oneshot::channel();
        let sent = queue.try_send(job(answer)).map_err(|error| match error {
            TrySendError::Full(_) => Error::QueueFull,
            TrySendError::Disconnected(_) => Error::Stopped,
        });
        sent.map_err(Failed::before_commit)?;
        self.timer.within(self.timeout, answered).await.map_err(Failed::without_answer)?
    }
}

impl CodeStore for SqliteStore {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        let patience = after(self.timeout / 2);
        let found = self.ask(&self.readers, |answer| Job::Load(Load { name, patience, answer })).await?;
        Ok(found.map(Sealed::from_bytes).transpose()?)
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let change = Change::Swap { name, expected, value: value.clone(), forget_after };
        let changed = self.write(change).await?;
        Ok(if changed == 1 { Swap::Applied } else { Swap::Conflict })
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// The one connection that writes, and those that read; none of these for a database in memory, which is its
/// connection's own.
fn connections(path: &Path, synchronous: Synchronous) -> Result<(Connection, Vec<Connection>), Error> {
    let writer = database::open_writer(path, synchronous)?;
    let readers = if path == Path::new(MEMORY) { 0 } else { READERS };
    let readers = (0..readers).map(|_| database::open_reader(path)).collect::<Result<_, _>>()?;
    Ok((writer, readers))
}

/// A queue, with a thread for each connection that does what is asked there.
fn queue(connections: impl IntoIterator<Item = Connection>, most: usize) -> Result<SyncSender<Job>, Error> {
    let (ask, jobs) = sync_channel(QUEUE);
    let jobs = Arc::new(Mutex::new(jobs));
    for connection in connections {
        let jobs = Arc::clone(&jobs);
        spawn(move || work(&connection, &jobs, most))?;
    }
    Ok(ask)
}

/// The path in an address.
fn path_of(url: &str) -> Result<&str, Error> {
    match url.strip_prefix("sqlite:") {
        Some(rest) if rest.contains('?') => Err(Error::Address),
        Some(rest) => Ok(rest.strip_prefix("//").unwrap_or(rest)),
        None => Ok(url),
    }
}

/// The path from the root, which SQLite cannot take for one of its own URIs, and which stays the same if the
/// process goes elsewhere.
pub(crate) fn whole(path: &Path) -> Result<PathBuf, Error> {
    match path.as_os_str().is_empty() {
        true => Err(Error::Address),
        false if path == Path::new(MEMORY) => Ok(path.to_owned()),
        false => {
            absolute(path).map_err(|error| Error::CannotOpen { path: path.into(), source: Arc::new(error) })
        }
    }
}
