//! Several processes on one store: children that are this very program, and are told on their standard input
//! what to do.
//!
//! One line is one question, `NUMBER WORD ARGUMENT…`; the answer begins with the same number.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use otp_exchange::{
    CodeStore, DynStore, ExchangeError, Name, OtpId, Outbox, Refused, Sealed, StoreError, Submission, Swap,
    SystemClock, Timestamp, Version,
};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::subject::{SharedClock, Subject};
use crate::{Otp, Process, exchanger};

/// The argument that makes a child of this program.
const WORKER: &str = "--worker-of";

/// How long a child's store may take for one call.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a child said came of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was right.
    Right,
    /// It was refused, with so many attempts left.
    Refused(Option<u8>),
    /// There was none: the store failed, or the child died.
    None,
}

/// One child with a connection of its own.
#[derive(Debug)]
pub struct Worker {
    process: Mutex<Process>,
    asked: Mutex<ChildStdin>,
    waiting: Arc<Mutex<Waiting>>,
    number: AtomicU64,
}

/// Who waits for which answer; no one any more once the child is gone.
#[derive(Debug)]
struct Waiting(Option<HashMap<u64, oneshot::Sender<String>>>);

impl Worker {
    /// Starts a child that connects to that URL.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start<S: Subject>(url: &str) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new(program)
            .args([WORKER, S::NAME, url])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be started");
        let (stdin, stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let waiting = Arc::new(Mutex::new(Waiting(Some(HashMap::new()))));
        let answered = Arc::clone(&waiting);
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let Some((number, answer)) = line.split_once(' ') else { continue };
                let number = number.parse().unwrap_or(u64::MAX);
                let asker = lock(&answered).0.as_mut().and_then(|waiting| waiting.remove(&number));
                if let Some(asker) = asker {
                    let _ = asker.send(answer.to_owned()); // whoever asked may have gone
                }
            }
            lock(&answered).0 = None; // and with it everybody who waits
        });
        let (process, asked) = (Mutex::new(Process::of(child)), Mutex::new(stdin));
        Self { process, asked, waiting, number: AtomicU64::new(0) }
    }

    /// kill -9.
    pub fn kill(&self) {
        lock(&self.process).kill();
    }

    /// Verifies a code in the child, by its exchanger with the keys of all trials.
    pub async fn verify(&self, otp_id: &OtpId, code: &str) -> Verdict {
        self.judged(format!("verify {otp_id} {code}")).await
    }

    /// The same, but the child stops for good once it has loaded the entry, before it swaps. Returns when it
    /// has.
    pub async fn verify_halfway(&self, otp_id: &OtpId, code: &str) -> bool {
        self.ask(format!("halfway {otp_id} {code}")).await.as_deref() == Some("halfway")
    }

    async fn judged(&self, question: String) -> Verdict {
        let answer = self.ask(question).await;
        match answer.as_deref().and_then(|answer| answer.split_once(' ')) {
            Some(("right", _)) => Verdict::Right,
            Some(("refused", left)) => Verdict::Refused(left.parse().ok()),
            _ => Verdict::None,
        }
    }

    /// Asks; there is no answer if the child is gone.
    async fn ask(&self, question: String) -> Option<String> {
        let number = self.number.fetch_add(1, Ordering::SeqCst);
        let (sender, receiver) = oneshot::channel();
        lock(&self.waiting).0.as_mut()?.insert(number, sender);
        // A pipe holds more than a question.
        let _ = writeln!(lock(&self.asked), "{number} {question}");
        receiver.await.ok()
    }
}

impl CodeStore for Worker {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        let answer = self.ask(format!("load {}", hex(name.as_bytes()))).await;
        match answer.as_deref().and_then(|answer| answer.split_once(' ')) {
            Some(("none", _)) => Ok(None),
            Some(("some", value)) => Ok(Some(Sealed::from_bytes(unhex(value))?)),
            other => Err(failure(other)),
        }
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let expected = expected.map_or_else(|| "-".to_owned(), |version| hex(version.as_bytes()));
        let (name, value) = (hex(name.as_bytes()), hex(value.as_bytes()));
        let until = forget_after.unix_millis();
        let answer = self.ask(format!("swap {name} {expected} {value} {until}")).await;
        match answer.as_deref().and_then(|answer| answer.split_once(' ')) {
            Some(("applied", _)) => Ok(Swap::Applied),
            Some(("conflict", _)) => Ok(Swap::Conflict),
            other => Err(failure(other)),
        }
    }
}

fn failure(answer: Option<(&str, &str)>) -> StoreError {
    match answer {
        Some(("not-applied", text)) => StoreError::not_applied(text.to_owned()),
        Some(("not-applied-for-good", text)) => StoreError::not_applied(text.to_owned()).permanent(),
        Some(("unknown-for-good", text)) => StoreError::unknown(text.to_owned()).permanent(),
        Some((_, text)) => StoreError::unknown(text.to_owned()),
        None => StoreError::unknown("the process that was asked is gone"),
    }
}

/// A store whose every call is made by another process than the one before.
#[derive(Clone, Debug)]
pub struct Processes {
    workers: Arc<[Worker]>,
    next: Arc<AtomicU64>,
}

impl Processes {
    /// That many children on that URL.
    pub fn start<S: Subject>(count: usize, url: &str) -> Self {
        let workers = (0..count).map(|_| Worker::start::<S>(url)).collect();
        Self { workers, next: Arc::default() }
    }

    /// kill -9 for all of them.
    pub fn kill(&self) {
        self.workers.iter().for_each(Worker::kill);
    }

    fn worker(&self) -> &Worker {
        let turn = self.next.fetch_add(1, Ordering::SeqCst);
        let index = usize::try_from(turn).unwrap_or_default() % self.workers.len();
        &self.workers[index]
    }
}

impl CodeStore for Processes {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.worker().load(name).await
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        self.worker().swap(name, expected, value, forget_after).await
    }
}

/// If this process was started as a child for that subject, does what it is told until its input ends.
pub(crate) fn serve_if_asked<S: Subject>() {
    let arguments: Vec<String> = std::env::args().collect();
    match &arguments[..] {
        [_, worker, name, url] if worker == WORKER && name == S::NAME => {
            crate::runtime().block_on(serve::<S>(url));
            std::process::exit(0);
        }
        _ => {}
    }
}

async fn serve<S: Subject>(url: &str) {
    let store = match S::connect(url, SharedClock::new(SystemClock), TIMEOUT).await {
        Ok(store) => DynStore::new(store),
        Err(error) => {
            eprintln!("worker: {error}");
            return;
        }
    };
    let (sender, mut questions) = mpsc::unbounded_channel();
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = questions.recv().await {
        let store = store.clone();
        tokio::spawn(async move {
            let Some((number, question)) = line.split_once(' ') else { return };
            let words: Vec<&str> = question.split(' ').collect();
            say(number, &answer(store, number, &words).await);
        });
    }
}

fn say(number: &str, answer: &str) {
    let answer = answer.replace('\n', " ");
    let mut output = std::io::stdout().lock();
    let told = writeln!(output, "{number} {answer}").and_then(|()| output.flush());
    drop(told); // if nobody listens any more, the input ends as well
}

async fn answer(store: DynStore, number: &str, words: &[&str]) -> String {
    match words {
        ["load", name] => match store.load(name_of(name)).await {
            Ok(None) => "none -".to_owned(),
            Ok(Some(value)) => format!("some {}", hex(value.as_bytes())),
            Err(error) => told(&error),
        },
        ["swap", name, expected, value, until] => {
            let (Ok(value), Ok(until)) = (Sealed::from_bytes(unhex(value)), until.parse()) else {
                return "unknown not understood".to_owned();
            };
            match store
                .swap(name_of(name), version_of(expected), &value, Timestamp::from_unix_millis(until))
                .await
            {
                Ok(Swap::Applied) => "applied -".to_owned(),
                Ok(Swap::Conflict) => "conflict -".to_owned(),
                Err(error) => told(&error),
            }
        }
        ["verify", otp_id, code] => verify(&exchanger(store, Outbox::new()), otp_id, code).await,
        ["halfway", otp_id, code] => {
            let store = Halfway { store, number: number.to_owned() };
            verify(&exchanger(store, Outbox::new()), otp_id, code).await
        }
        _ => "unknown not understood".to_owned(),
    }
}

fn told(error: &StoreError) -> String {
    let kind = match (error.may_have_applied(), error.is_permanent()) {
        (false, false) => "not-applied",
        (false, true) => "not-applied-for-good",
        (true, false) => "unknown",
        (true, true) => "unknown-for-good",
    };
    format!("{kind} {error}")
}

async fn verify(exchanger: &Otp, otp_id: &str, code: &str) -> String {
    let Ok(otp_id) = otp_id.parse::<OtpId>() else { return "failed not an otp id".to_owned() };
    match exchanger.verify(Submission::by_id(&otp_id, code).login()).await {
        Ok(_) => "right -".to_owned(),
        Err(ExchangeError::Refused(Refused { attempts_left: Some(left), .. })) => format!("refused {left}"),
        Err(ExchangeError::Refused(_)) => "refused -".to_owned(),
        Err(error) => format!("failed {error}"),
    }
}

/// A store that says when it has loaded, and never comes to swap.
struct Halfway {
    store: DynStore,
    number: String,
}

impl CodeStore for Halfway {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.store.load(name).await
    }

    async fn swap(&self, _: Name, _: Option<Version>, _: &Sealed, _: Timestamp) -> Result<Swap, StoreError> {
        say(&self.number, "halfway");
        Semaphore::new(0).acquire().await.map(drop).map_err(StoreError::unknown)?; // for ever
        Ok(Swap::Conflict)
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a string takes everything
        text
    })
}

/// What is no hexadecimal becomes nothing, and so no entry and no name.
fn unhex(text: &str) -> Vec<u8> {
    let pair = |index: usize| u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok();
    (0..text.len() / 2).map(pair).collect::<Option<_>>().unwrap_or_default()
}

fn name_of(text: &str) -> Name {
    Name::from_bytes(unhex(text).try_into().expect("whoever asks sends names of 16 bytes"))
}

/// The version with those bytes: that of the least entry which holds them.
fn version_of(text: &str) -> Option<Version> {
    let version: [u8; 12] = unhex(text).try_into().ok()?;
    let mut entry = [0; 33];
    entry[5..17].copy_from_slice(&version);
    Sealed::from_bytes(entry).ok().map(|sealed| sealed.version())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
