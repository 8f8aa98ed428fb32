//! How many flows a store carries, beside its bare driver doing the same round trips in the same run.
//!
//! Each adapter has a bench `flows` that calls [`main`]; it prints what criterion measured, then a table. What
//! the crate does besides, mostly cryptography, is measured in the same run on a store in memory: a driver that
//! answers in 3 microseconds leaves its mark there, one that waits for a disk does not. It ends with 1 if at 64 in
//! flight the crate reaches less than 80 % of the bare driver with that work added.

use std::collections::BTreeMap;
use std::future::Future;
use std::process::exit;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use otp_exchange::{DynStore, MemoryStore, Outbox, Request, Submission};

use crate::flows::stranger;
use crate::remembering::Remembering;
use crate::{BoxError, Otp, SharedClock, Subject, exchanger, runtime};

/// How many calls are under way at once.
const IN_FLIGHT: [usize; 3] = [1, 8, 64];

/// How much of the bare driver's throughput, with the crate's own work added, is to be reached at 64 in flight.
const TARGET: f64 = 0.8;

/// The bare driver, asked what the store asks it.
pub trait Floor: Clone + Send + Sync + 'static {
    /// What a load tells, as far as it is needed to replace it.
    type Loaded: Send + Sync;

    /// Connects, to a server on which the store has been set up.
    fn connect(url: &str) -> impl Future<Output = Result<Self, BoxError>> + Send;

    /// The value of that name.
    fn load(&self, name: [u8; 16]) -> impl Future<Output = Result<Option<Self::Loaded>, BoxError>> + Send;

    /// Writes a value where there is none; whether there was none.
    fn create(&self, name: [u8; 16], value: Vec<u8>) -> impl Future<Output = Result<bool, BoxError>> + Send;

    /// Replaces what was loaded, if it is still there; whether it was.
    fn replace(
        &self,
        name: [u8; 16],
        loaded: &Self::Loaded,
        value: Vec<u8>,
    ) -> impl Future<Output = Result<bool, BoxError>> + Send;
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Flow {
    /// A code for somebody new: a load and a creation.
    Send,
    /// A right code: a load, a replacement, and the session's creation.
    Exchange,
    /// A token: a load.
    Authenticate,
}

impl Flow {
    const ALL: [Self; 3] = [Self::Send, Self::Exchange, Self::Authenticate];

    const fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Exchange => "exchange",
            Self::Authenticate => "authenticate",
        }
    }
}

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    /// The bare driver.
    Driver,
    /// The crate on a store in memory: its own work, and no round trip.
    Memory,
    /// The crate on the real store.
    Crate,
}

/// Seconds for one call, as often as it was measured.
type Samples = BTreeMap<(Flow, usize, Who), Vec<f64>>;

/// The `main` of the bench of one store, `tuned` as one would for speed.
///
/// # Panics
/// If the server cannot be asked.
pub fn main<S: Subject, F: Floor>(tuned: impl FnOnce(S::Store) -> S::Store) -> ! {
    let subject = S::start();
    let bench =
        runtime().block_on(Bench::<F>::new::<S>(&subject.url(), tuned)).expect("a server that was started");
    let samples = Mutex::new(Samples::new());
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    for flow in Flow::ALL {
        let mut group = criterion.benchmark_group(format!("{}/{}", S::NAME, flow.name()));
        group.throughput(Throughput::Elements(1));
        for in_flight in IN_FLIGHT {
            for (who, name) in
                [(Who::Driver, "bare driver"), (Who::Memory, "in memory"), (Who::Crate, "crate")]
            {
                group.bench_function(BenchmarkId::new(name, in_flight), |bencher| {
                    bencher.iter_custom(|calls| {
                        let taken = runtime().block_on(bench.time(flow, who, in_flight, calls));
                        let taken = taken.expect("a server that answers");
                        let each = taken.as_secs_f64() / as_f64(calls);
                        let mut samples = samples.lock().unwrap_or_else(PoisonError::into_inner);
                        samples.entry((flow, in_flight, who)).or_default().push(each);
                        taken
                    });
                });
            }
        }
        group.finish();
    }
    criterion.final_summary();
    let reached = table(S::NAME, samples.into_inner().unwrap_or_else(PoisonError::into_inner));
    drop(bench);
    drop(subject); // nothing is dropped by `exit`
    exit(i32::from(!reached))
}

/// Prints both beside each other; whether the target was reached.
fn table(store: &str, samples: Samples) -> bool {
    let mut medians: BTreeMap<_, f64> = BTreeMap::new();
    for (key, mut each) in samples {
        each.sort_by(f64::total_cmp);
        medians.insert(key, each[each.len() / 2]);
    }
    println!("| {store} | in flight | bare driver, calls/s | crate, calls/s | share | own work counted |");
    println!("|---|---|---|---|---|---|");
    let mut reached = true;
    for flow in Flow::ALL {
        for in_flight in IN_FLIGHT {
            let of = |who| medians.get(&(flow, in_flight, who)).copied();
            let [Some(driver), Some(own), Some(ours)] = [Who::Driver, Who::Memory, Who::Crate].map(of) else {
                continue;
            };
            let counted = (driver + own) / ours;
            reached &= in_flight < 64 || counted >= TARGET;
            println!(
                "| {} | {in_flight} | {:.0} | {:.0} | {:.0} % | {:.0} % |",
                flow.name(),
                1.0 / driver,
                1.0 / ours,
                100.0 * driver / ours,
                100.0 * counted
            );
        }
    }
    reached
}

#[allow(clippy::cast_precision_loss)] // far from 2^52 calls
fn as_f64(calls: u64) -> f64 {
    calls as f64
}

/// A store and its bare driver on one server, and how long the entries are that the flows write.
struct Bench<F> {
    otp: Arc<Otp>,
    floor: F,
    ledger: usize,
    used: usize,
    session: usize,
}

impl<F: Floor> Bench<F> {
    async fn new<S: Subject>(url: &str, tuned: impl FnOnce(S::Store) -> S::Store) -> Result<Self, BoxError> {
        let clock = SharedClock::new(otp_exchange::SystemClock);
        let store = DynStore::new(tuned(S::connect(url, clock, Duration::from_secs(30)).await?));
        let remembering = Remembering::new(store.clone());
        let otp = exchanger(remembering.clone(), Outbox::new());
        let sent = otp.send(Request::login(&stranger())).await?;
        otp.exchange(Submission::by_id(&sent.otp_id, sent.expose().code).login()).await?;
        let lengths: Vec<usize> =
            remembering.written().iter().map(|(_, value)| value.as_bytes().len()).collect();
        let [ledger, used, session] = lengths[..] else { return Err("not three writes".into()) };
        let (otp, floor) = (Arc::new(exchanger(store, Outbox::new())), F::connect(url).await?);
        Ok(Self { otp, floor, ledger, used, session })
    }

    /// How long so many calls take. What they need is there before, and not timed.
    async fn time(&self, flow: Flow, who: Who, in_flight: usize, calls: u64) -> Result<Duration, BoxError> {
        let calls = usize::try_from(calls)?;
        match who {
            Who::Driver => self.time_driver(flow, in_flight, calls).await,
            Who::Memory => {
                let memory = Arc::new(exchanger(MemoryStore::new(2 * calls + 2), Outbox::new()));
                time_crate(&memory, flow, in_flight, calls).await
            }
            Who::Crate => time_crate(&self.otp, flow, in_flight, calls).await,
        }
    }

    async fn time_driver(&self, flow: Flow, in_flight: usize, calls: usize) -> Result<Duration, BoxError> {
        let (floor, ledger, used, session) = (self.floor.clone(), self.ledger, self.used, self.session);
        let names: Vec<[u8; 16]> = (0..calls).map(|_| rand::random()).collect();
        match flow {
            Flow::Send => {
                all(names, in_flight, move |name| {
                    let floor = floor.clone();
                    async move {
                        applied(floor.load(name).await?.is_none())?;
                        applied(floor.create(name, value(ledger)).await?)
                    }
                })
                .await
            }
            Flow::Exchange => {
                let making = floor.clone();
                all(names.clone(), 64, move |name| {
                    let floor = making.clone();
                    async move { applied(floor.create(name, value(ledger)).await?) }
                })
                .await?;
                all(names, in_flight, move |name| {
                    let floor = floor.clone();
                    async move {
                        let loaded = floor.load(name).await?.ok_or("it was created")?;
                        applied(floor.replace(name, &loaded, value(used)).await?)?;
                        applied(floor.create(rand::random(), value(session)).await?)
                    }
                })
                .await
            }
            Flow::Authenticate => {
                let name = rand::random();
                floor.create(name, value(session)).await?;
                all(vec![name; calls], in_flight, move |name| {
                    let floor = floor.clone();
                    async move { applied(floor.load(name).await?.is_some()) }
                })
                .await
            }
        }
    }
}

async fn time_crate(
    otp: &Arc<Otp>,
    flow: Flow,
    in_flight: usize,
    calls: usize,
) -> Result<Duration, BoxError> {
    let sending = Arc::clone(otp);
    let send = move |recipient| {
        let otp = Arc::clone(&sending);
        async move { Ok(otp.issue(Request::login(&recipient)).await?) }
    };
    let strangers: Vec<_> = (0..calls).map(|_| stranger()).collect();
    let otp = Arc::clone(otp);
    match flow {
        Flow::Send => {
            all(strangers, in_flight, move |who| {
                let sending = send(who);
                async move { sending.await.map(drop) }
            })
            .await
        }
        Flow::Exchange => {
            let receipts = Arc::new(Mutex::new(Vec::with_capacity(calls)));
            let kept = Arc::clone(&receipts);
            all(strangers, 64, move |who| {
                let (sending, kept) = (send(who), Arc::clone(&kept));
                async move {
                    let receipt = sending.await?;
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(receipt);
                    Ok(())
                }
            })
            .await?;
            let receipts = std::mem::take(&mut *receipts.lock().unwrap_or_else(PoisonError::into_inner));
            let submissions = receipts
                .iter()
                .map(|receipt| Submission::by_id(&receipt.otp_id, receipt.expose().code).login())
                .collect();
            all(submissions, in_flight, move |submission| {
                let otp = Arc::clone(&otp);
                async move { Ok(otp.exchange(submission).await.map(drop)?) }
            })
            .await
        }
        Flow::Authenticate => {
            let sent = send(stranger()).await?;
            let submission = Submission::by_id(&sent.otp_id, sent.expose().code).login();
            let tokens = otp.exchange(submission).await?;
            let access: Arc<str> = tokens.access.expose().into();
            all(vec![access; calls], in_flight, move |access| {
                let otp = Arc::clone(&otp);
                async move { Ok(otp.authenticate(&access).await.map(drop)?) }
            })
            .await
        }
    }
}

/// Does it with every item, that many at once, and says how long all took together.
#[allow(clippy::disallowed_methods)] // it measures
async fn all<T: Clone + Send + Sync + 'static, R>(
    items: Vec<T>,
    in_flight: usize,
    call: impl Fn(T) -> R + Clone + Send + 'static,
) -> Result<Duration, BoxError>
where
    R: Future<Output = Result<(), BoxError>> + Send,
{
    let (items, next) = (Arc::new(items), Arc::new(AtomicUsize::new(0)));
    let start = Instant::now();
    let tasks: Vec<_> = (0..in_flight)
        .map(|_| {
            let (items, next, call) = (Arc::clone(&items), Arc::clone(&next), call.clone());
            tokio::spawn(async move {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    call(item.clone()).await?;
                }
                Ok::<(), BoxError>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(start.elapsed())
}

fn applied(yes: bool) -> Result<(), BoxError> {
    if yes { Ok(()) } else { Err("somebody else was there".into()) }
}

/// A value of that length, of a version of its own.
fn value(length: usize) -> Vec<u8> {
    let mut value = vec![6; length];
    value[5..17].copy_from_slice(&rand::random::<[u8; 12]>());
    value
}
