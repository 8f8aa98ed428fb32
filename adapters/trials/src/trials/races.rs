//! A thousand clients at once, and what each flow costs.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use otp_exchange::testkit::CountingStore;
use otp_exchange::{
    CodeStore, DynStore, ExchangeError, Fault, Name, Outbox, Refused, Request, Sealed, StoreError,
    Submission, Swap, Timestamp, Version,
};
use tokio::sync::Barrier;

use super::{Blind, PATIENT, connected, on_shared, runtime};
use crate::flows::{ATTEMPTS, other_than, stranger};
use crate::subject::Subject;
use crate::{Outcome, Processes, Proxy, Server, Trial, exchanger};

const CLIENTS: usize = 1000;

/// How long everybody may take to come.
const MEETING: Duration = Duration::from_secs(120);

/// How often each call is made where round trips are counted.
const CALLS: u64 = 50;

pub(super) fn trials<S: Subject>(server: &Server<S>) -> Vec<Trial> {
    vec![
        on_shared(server, "parallel-guess: a thousand clients get five verdicts", |subject: &S| {
            guess_at_once(connected::<S>(&subject.url(), PATIENT)?)?.promise()
        }),
        on_shared(server, "parallel-guess, over four processes", |subject: &S| {
            guess_at_once(DynStore::new(Processes::start::<S>(4, &subject.url())))?.promise()
        }),
        on_shared(server, "parallel-right: of a thousand clients one wins", |subject: &S| {
            submit_at_once(connected::<S>(&subject.url(), PATIENT)?)?.promise()
        }),
        on_shared(server, "parallel-right, over four processes", |subject: &S| {
            submit_at_once(DynStore::new(Processes::start::<S>(4, &subject.url())))?.promise()
        }),
        on_shared(server, "a store that does not compare breaks both", |subject: &S| {
            let blind = DynStore::new(Blind::new(connected::<S>(&subject.url(), PATIENT)?));
            let (guessed, submitted) = (guess_at_once(blind.clone())?, submit_at_once(blind)?);
            if guessed.promise().is_err() && submitted.promise().is_err() {
                return Ok(());
            }
            Err(format!("went unnoticed: {guessed:?}, {submitted:?}").into())
        }),
        on_shared(server, "verify is a load and a swap, exchange a creation more", costs::<S>),
    ]
}

/// Holds back, once told to, everybody's first load of one entry until all have it: all then judge the same
/// state, the worst that can happen. Counts the swaps of that entry.
struct Meeting {
    store: DynStore,
    barrier: Barrier,
    watching: AtomicBool,
    held: AtomicUsize,
    entry: Mutex<Option<Name>>,
    applied: AtomicUsize,
    created: Mutex<HashSet<Name>>,
}

impl Meeting {
    fn of(store: DynStore) -> Arc<Self> {
        Arc::new(Self {
            store,
            barrier: Barrier::new(CLIENTS),
            watching: AtomicBool::new(false),
            held: AtomicUsize::new(0),
            entry: Mutex::default(),
            applied: AtomicUsize::new(0),
            created: Mutex::default(),
        })
    }

    fn begin(&self) {
        self.watching.store(true, Ordering::SeqCst);
        self.held.store(CLIENTS, Ordering::SeqCst);
    }

    fn is_entry(&self, name: Name) -> bool {
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) == Some(name)
    }
}

impl CodeStore for Meeting {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        let found = self.store.load(name).await;
        let less = |held: usize| held.checked_sub(1);
        if self.is_entry(name) && self.held.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            let all = tokio::time::timeout(MEETING, self.barrier.wait());
            all.await.map_err(|_| StoreError::unknown("not everybody came"))?;
        }
        found
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let swap = self.store.swap(name, expected, value, forget_after).await;
        let applied = matches!(swap, Ok(Swap::Applied));
        if !self.watching.load(Ordering::SeqCst) {
            *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = Some(name);
        } else if applied && self.is_entry(name) {
            self.applied.fetch_add(1, Ordering::SeqCst);
        } else if applied {
            self.created.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
        }
        swap
    }
}

/// Everybody calls at once, each in a task of its own.
fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(call: impl Fn() -> F) -> Vec<T> {
    runtime().block_on(async {
        let tasks: Vec<_> = (0..CLIENTS).map(|_| tokio::spawn(call())).collect();
        let mut answers = Vec::with_capacity(CLIENTS);
        for task in tasks {
            answers.push(task.await.expect("no call panics"));
        }
        answers
    })
}

/// What came of a thousand wrong guesses.
#[derive(Debug)]
struct Guessed {
    /// Swaps of the ledger that were applied: each bought a verdict.
    charged: usize,
    /// How many were told that so many attempts are left, and how many that none is.
    told: [usize; ATTEMPTS as usize],
    busy: usize,
    others: Vec<String>,
    accepted_afterwards: bool,
}

impl Guessed {
    fn promise(&self) -> Outcome {
        let attempts = usize::from(ATTEMPTS);
        let each_once = self.told[1..].iter().all(|times| *times == 1);
        let everybody = self.told.iter().sum::<usize>() + self.busy == CLIENTS;
        let kept = self.charged == attempts && each_once && everybody && self.others.is_empty();
        if kept && !self.accepted_afterwards { Ok(()) } else { Err(format!("{self:?}").into()) }
    }
}

fn guess_at_once(store: DynStore) -> Result<Guessed, crate::BoxError> {
    let meeting = Meeting::of(store);
    let otp = Arc::new(exchanger(Arc::clone(&meeting), Outbox::new()));
    let sent = runtime().block_on(otp.send(Request::login(&stranger())))?;
    let right = sent.expose().code.to_owned();
    let verify = |typed: String| {
        let (otp, otp_id) = (Arc::clone(&otp), sent.otp_id);
        async move { otp.verify(Submission::by_id(&otp_id, &typed).login()).await }
    };
    meeting.begin();
    let answers = at_once(|| verify(other_than(&right)));
    let charged = meeting.applied.load(Ordering::SeqCst);
    let accepted_afterwards = runtime().block_on(verify(right)).is_ok();
    let (mut told, mut busy, mut others) = ([0; ATTEMPTS as usize], 0, Vec::new());
    for answer in answers {
        match answer {
            Err(ExchangeError::Refused(Refused { attempts_left: Some(left), .. })) if left < ATTEMPTS => {
                told[usize::from(left)] += 1;
            }
            Err(ExchangeError::Fault(Fault::Busy)) => busy += 1,
            other => others.push(format!("{:?}", other.map(drop))),
        }
    }
    Ok(Guessed { charged, told, busy, others, accepted_afterwards })
}

/// What came of a thousand right submissions.
#[derive(Debug)]
struct Submitted {
    winners: usize,
    /// Swaps of the ledger that were applied: each used up a code.
    consumed: usize,
    /// Entries that were made meanwhile: token families.
    families: usize,
    others: Vec<String>,
    accepted_afterwards: bool,
}

impl Submitted {
    fn promise(&self) -> Outcome {
        let once = (self.winners, self.consumed, self.families) == (1, 1, 1);
        let kept = once && self.others.is_empty() && !self.accepted_afterwards;
        if kept { Ok(()) } else { Err(format!("{self:?}").into()) }
    }
}

fn submit_at_once(store: DynStore) -> Result<Submitted, crate::BoxError> {
    let meeting = Meeting::of(store);
    let otp = Arc::new(exchanger(Arc::clone(&meeting), Outbox::new()));
    let sent = runtime().block_on(otp.send(Request::login(&stranger())))?;
    let right = sent.expose().code.to_owned();
    let exchange = || {
        let (otp, otp_id, typed) = (Arc::clone(&otp), sent.otp_id, right.clone());
        async move { otp.exchange(Submission::by_id(&otp_id, &typed).login()).await }
    };
    meeting.begin();
    let answers = at_once(exchange);
    let consumed = meeting.applied.load(Ordering::SeqCst);
    let families = meeting.created.lock().unwrap_or_else(PoisonError::into_inner).len();
    let accepted_afterwards = runtime().block_on(exchange()).is_ok();
    let (mut winners, mut others) = (0, Vec::new());
    for answer in answers {
        match answer {
            Ok(_) => winners += 1,
            Err(ExchangeError::Refused(_) | ExchangeError::Fault(Fault::Busy)) => {}
            Err(error) => others.push(format!("{error:?}")),
        }
    }
    Ok(Submitted { winners, consumed, families, others, accepted_afterwards })
}

/// Calls to the store, and round trips on the wire where they can be counted.
fn costs<S: Subject>(subject: &S) -> Outcome {
    let proxy = subject.address().filter(|_| S::ASKS_AND_ANSWERS).map(Proxy::to);
    let by_proxy = proxy.as_ref().and_then(|proxy| subject.url_by(proxy.address()));
    let store = connected::<S>(&by_proxy.unwrap_or_else(|| subject.url()), PATIENT)?;
    let counting = CountingStore::new(store);
    let otp = exchanger(counting.clone(), Outbox::new());
    let turns = || proxy.as_ref().map_or(0, Proxy::turns);
    let mut spent = Vec::new();
    for round in 0..=CALLS {
        for exchanging in [false, true] {
            let sent = runtime().block_on(otp.send(Request::login(&stranger())))?;
            let before = (counting.loads(), counting.swaps(), turns());
            let submission = Submission::by_id(&sent.otp_id, sent.expose().code).login();
            if exchanging {
                runtime().block_on(otp.exchange(submission))?;
            } else {
                drop(runtime().block_on(otp.verify(submission))?);
            }
            let calls = (counting.loads() - before.0, counting.swaps() - before.1);
            let swaps = if exchanging { 2 } else { 1 };
            if calls != (1, swaps) {
                return Err(format!("{calls:?} loads and swaps; exchange: {exchanging}").into());
            }
            // Statements are prepared in the first round.
            if round > 0 {
                spent.push(turns() - before.2 <= 1 + swaps);
            }
        }
    }
    if spent.iter().all(|within| *within) { Ok(()) } else { Err("more round trips than calls".into()) }
}
