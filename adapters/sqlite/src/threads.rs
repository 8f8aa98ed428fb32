//! The threads of a store: one that writes, some that read, and one that watches the time.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use otp_exchange::{Name, Sealed, Timestamp, Version};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::database;
use crate::error::{Error, Failed};

/// How long to wait before asking again for what another process has locked. SQLite itself would soon wait
/// 100 ms each time, and so hardly ever hit upon the moment when a busy process has let go.
const RETRY: Duration = Duration::from_millis(1);

/// How many entries are forgotten when there is no room for another: at least a few pages full of them.
const ROOM: usize = 64;

/// How exactly timeouts are kept.
const TICK: Duration = Duration::from_millis(20);

/// Longer than any program runs, and short enough to be added to any moment.
const FOREVER: Duration = Duration::from_secs(1 << 32);

/// Where an answer goes.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, Failed>>;

/// What a thread with a connection is asked to do.
pub(crate) enum Job {
    /// To look up a name.
    Load(Load),
    /// To change something.
    Write(Write),
}

/// A name to be looked up. Its answer is the bytes of the entry.
pub(crate) struct Load {
    pub(crate) name: Name,
    /// Until when it may wait for locks.
    pub(crate) patience: Instant,
    pub(crate) answer: Answer<Option<Vec<u8>>>,
}

/// A change to be made. Its answer is how many entries it changed.
pub(crate) struct Write {
    pub(crate) change: Change,
    pub(crate) now: Timestamp,
    /// Until when it may wait for locks.
    pub(crate) patience: Instant,
    pub(crate) answer: Answer<usize>,
}

/// What is to be changed.
pub(crate) enum Change {
    /// One entry, if it is the expected one.
    Swap { name: Name, expected: Option<Version>, value: Sealed, forget_after: Timestamp },
    /// At most so many entries whose time is over are to go.
    Forget { most: usize },
}

/// Starts a thread.
pub(crate) fn spawn(work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let thread = thread::Builder::new().name("otp-sqlite".into()).spawn(work);
    thread.map(drop).map_err(|error| Error::Thread(Arc::new(error)))
}

/// Does what comes, at most so much at once, until nobody can ask any more.
pub(crate) fn work(connection: &Connection, jobs: &Mutex<Receiver<Job>>, most: usize) {
    while let Some(jobs) = next(jobs, most) {
        let mut writes = Vec::new();
        for job in jobs {
            match job {
                Job::Load(load) => answer_load(connection, load),
                // Whoever asked has gone, so it need not be done.
                Job::Write(write) if write.answer.is_closed() => {}
                Job::Write(write) => writes.push(write),
            }
        }
        if !writes.is_empty() {
            answer_writes(connection, writes);
        }
    }
}

/// Waits for a job, and takes what else is waiting.
fn next(jobs: &Mutex<Receiver<Job>>, most: usize) -> Option<Vec<Job>> {
    let jobs = jobs.lock().unwrap_or_else(PoisonError::into_inner);
    let first = jobs.recv().ok()?;
    Some(std::iter::once(first).chain(jobs.try_iter()).take(most).collect())
}

fn answer_load(connection: &Connection, load: Load) {
    let found = patiently(load.patience, || database::load(connection, load.name));
    let _ = load.answer.send(found.map_err(Failed::before_commit)); // whoever asked may have gone
}

/// Makes all changes in one transaction, and answers when it is committed, so that they share one `fsync`.
fn answer_writes(connection: &Connection, writes: Vec<Write>) {
    match commit(connection, &writes) {
        Ok(changes) => {
            for (write, changed) in writes.into_iter().zip(changes) {
                let _ = write.answer.send(changed);
            }
        }
        // Nothing is done, but those who need no more room can still have what they asked for.
        Err(failed) if failed.cause.is_full() && writes.len() > 1 => {
            for write in writes {
                answer_writes(connection, vec![write]);
            }
        }
        Err(failed) => {
            for write in writes {
                if failed.cause.is_full() {
                    let _ = make_room(connection, write.now); // as far as it goes; the swap has failed anyway
                }
                let _ = write.answer.send(Err(failed.clone()));
            }
        }
    }
}

/// Forgets what it can in a transaction of its own, which a swap that found no room cannot undo.
fn make_room(connection: &Connection, now: Timestamp) -> Result<(), Error> {
    let transaction = database::begin(connection)?;
    database::forget(&transaction, now, ROOM)?;
    Ok(transaction.commit()?)
}

fn commit(connection: &Connection, writes: &[Write]) -> Result<Vec<Result<usize, Failed>>, Failed> {
    let patience = writes.iter().map(|write| write.patience).min().unwrap_or_else(now);
    let transaction = patiently(patience, || database::begin(connection)).map_err(Failed::before_commit)?;
    let mut changes = Vec::with_capacity(writes.len());
    for write in writes {
        let changed = make(&transaction, write).map_err(Failed::before_commit);
        match changed {
            // A full disk, say, may undo all of the transaction and not this change alone.
            Err(failed) if transaction.is_autocommit() => return Err(failed),
            changed => changes.push(changed),
        }
    }
    transaction.commit().map_err(|error| Failed::in_commit(error.into()))?;
    Ok(changes)
}

fn make(transaction: &Connection, write: &Write) -> Result<usize, Error> {
    match &write.change {
        Change::Swap { name, expected, value, forget_after } => {
            // Every swap adds one entry at most and clears two away: so that clearing keeps up.
            database::forget(transaction, write.now, 2)?;
            database::swap(transaction, *name, *expected, value, *forget_after)
        }
        Change::Forget { most } => database::forget(transaction, write.now, *most),
    }
}

/// Tries until it is not [`Error::Busy`], or patience is at its end; once at least.
pub(crate) fn patiently<T>(
    patience: Instant,
    mut attempt: impl FnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    loop {
        match attempt() {
            Err(Error::Busy) if now() < patience => thread::sleep(RETRY),
            outcome => return outcome,
        }
    }
}

/// That much later than now.
pub(crate) fn after(span: Duration) -> Instant {
    now() + span.min(FOREVER)
}

#[allow(clippy::disallowed_methods)] // timeouts are no matter of the wall clock that entries go by
fn now() -> Instant {
    Instant::now()
}

/// Rings at the given moments: a thread, so that timeouts need no runtime.
#[derive(Clone)]
pub(crate) struct Timer(Sender<Alarm>);

struct Alarm {
    at: Instant,
    /// Rings by being dropped.
    bell: oneshot::Sender<()>,
}

impl Timer {
    pub(crate) fn start() -> Result<Self, Error> {
        let (set, alarms) = channel();
        spawn(move || keep_time(&alarms))?;
        Ok(Self(set))
    }

    /// The answer, or none if it did not come before the timeout; [`Error::Stopped`] if it cannot come any
    /// more.
    pub(crate) async fn within<T>(
        &self,
        timeout: Duration,
        mut answer: oneshot::Receiver<T>,
    ) -> Result<T, Error> {
        let (bell, mut alarm) = oneshot::channel();
        // Without the thread it rings at once.
        let _ = self.0.send(Alarm { at: after(timeout), bell });
        poll_fn(|context| match Pin::new(&mut answer).poll(context) {
            Poll::Ready(answer) => Poll::Ready(answer.map_err(|_| Error::Stopped)),
            Poll::Pending => Pin::new(&mut alarm).poll(context).map(|_| Err(Error::TimedOut)),
        })
        .await
    }
}

/// Sleeps while no alarm is set; otherwise looks at each tick which are due, or not waited for any more.
fn keep_time(alarms: &Receiver<Alarm>) {
    let mut set = Vec::new();
    while let Ok(first) = alarms.recv() {
        set.push(first);
        while !set.is_empty() {
            thread::sleep(TICK);
            set.extend(alarms.try_iter());
            let now = now();
            set.retain(|alarm: &Alarm| now < alarm.at && !alarm.bell.is_closed());
        }
    }
}
