//! What one load and one swap cost a server: time of its processors, bytes on the wire, in its log and at rest.
//!
//! Each adapter with a server has a bench `cost` that calls [`main`]. Processor time is the server's own, user and
//! system, as the kernel counts it for its processes; so a machine that does something else besides makes it no
//! longer, but for caches that others empty.

use std::future::Future;
use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use otp_exchange::{Clock, CodeStore, Name, Sealed, Swap, SystemClock, Version};

use crate::{BoxError, Process, Proxy, SharedClock, Subject, runtime};

/// How many entries, and how many of each call.
const ENTRIES: usize = 60_000;

/// How many of them by way of a proxy, which counts the bytes.
const COUNTED: usize = 4_000;

/// How long entries are, in bytes: what a client used of a quota, a recipient that signed in, a session, a recipient
/// with a live code.
const BYTES: [usize; 4] = [46, 83, 112, 200];

/// How many calls are under way at once.
const IN_FLIGHT: usize = 64;

/// What a server says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Bytes it ever wrote to its log.
    pub log: u64,
    /// Bytes of memory or disk its entries take, whichever it keeps them in.
    pub kept: u64,
}

/// A store on trial whose server can be asked what it costs.
pub trait Metered: Subject {
    /// The process of the server; its children count with it.
    fn process(&self) -> &Process;

    /// What it says of itself.
    fn figures(&self) -> Figures;

    /// Has it write everything to where it belongs: a checkpoint, where it makes any.
    fn settle(&self) {}

    /// Anything more to say, after each stage.
    fn remark(&self) -> String {
        String::new()
    }
}

/// A name, the version that lies there, and how long it is.
type Known = (Name, Option<Version>, usize);

/// The `main` of the bench of one store, `tuned` as one would for speed.
///
/// # Panics
/// If the server does not do what it promises.
pub fn main<S: Metered>(tuned: impl Fn(S::Store) -> S::Store) -> ! {
    let missing = S::NEEDS.iter().find(|program| program.path().is_none());
    if let Some(program) = missing {
        eprintln!("skipped: {program}");
        exit(0);
    }
    let subject = S::start();
    let connect = |url: String| {
        let clock = SharedClock::new(SystemClock);
        let store = runtime().block_on(S::connect(&url, clock, Duration::from_secs(30)));
        tuned(store.expect("a server that was started"))
    };
    let store = connect(subject.url());
    println!("{}: {ENTRIES} calls each, {IN_FLIGHT} under way", S::NAME);
    println!(
        "| call | bytes | µs of processor | bytes to the log | bytes kept | remark |\n|---|---|---|---|---|---|"
    );
    let mut known = Vec::new();
    for bytes in BYTES {
        known = stage(&subject, "swap, new", &store, fresh(ENTRIES, bytes), swap);
    }
    subject.settle();
    let (few, known): (Vec<_>, Vec<_>) = known.iter().enumerate().partition(|(index, _)| index % 30 == 0);
    let bare = |entries: Vec<(usize, &Known)>| entries.into_iter().map(|(_, known)| *known).collect();
    stage(&subject, "swap, one in 30, after a checkpoint", &store, bare(few), swap);
    subject.settle();
    let known = stage(&subject, "swap, after a checkpoint", &store, bare(known), swap);
    let known = stage(&subject, "swap, once more", &store, known, swap);
    stage(&subject, "load", &store, known, load);
    if let Some(proxy) = subject.address().map(Proxy::to) {
        let url = subject.url_by(proxy.address()).expect("a server has a wire");
        let store = connect(url);
        println!("\n| call, by way of a proxy | bytes to the server | bytes back |\n|---|---|---|");
        let known = carried(&proxy, "swap, new", &store, fresh(COUNTED, BYTES[3]), swap);
        let known = carried(&proxy, "swap", &store, known, swap);
        carried(&proxy, "load", &store, known, load);
    }
    drop(store);
    drop(subject); // nothing is dropped by `exit`
    exit(0)
}

fn stage<S: Metered, F: Future<Output = Result<Known, BoxError>> + Send + 'static>(
    subject: &S,
    name: &str,
    store: &S::Store,
    known: Vec<Known>,
    call: fn(S::Store, Known) -> F,
) -> Vec<Known> {
    let (before, at_work) = (subject.figures(), subject.process().at_work());
    let known = runtime().block_on(all(store, known, call)).expect("a server that answers");
    let (after, took) = (subject.figures(), subject.process().at_work().saturating_sub(at_work));
    println!(
        "| {name} | {} | {:.1} | {:.0} | {:.0} | {} |",
        known.first().map_or(0, |one| one.2),
        took.as_secs_f64() * 1e6 / as_f64(known.len() as u64),
        (as_f64(after.log) - as_f64(before.log)) / as_f64(known.len() as u64),
        (as_f64(after.kept) - as_f64(before.kept)) / as_f64(known.len() as u64),
        subject.remark(),
    );
    known
}

fn carried<T: CodeStore + Clone + 'static, F: Future<Output = Result<Known, BoxError>> + Send + 'static>(
    proxy: &Proxy,
    name: &str,
    store: &T,
    known: Vec<Known>,
    call: fn(T, Known) -> F,
) -> Vec<Known> {
    let before = proxy.carried();
    let known = runtime().block_on(all(store, known, call)).expect("a server that answers");
    let after = proxy.carried();
    let each = |bytes: u64| as_f64(bytes) / as_f64(known.len() as u64);
    println!("| {name} | {:.0} | {:.0} |", each(after.0 - before.0), each(after.1 - before.1));
    known
}

fn fresh(entries: usize, bytes: usize) -> Vec<Known> {
    (0..entries).map(|_| (Name::from_bytes(rand::random()), None, bytes)).collect()
}

async fn swap<T: CodeStore>(store: T, (name, expected, length): Known) -> Result<Known, BoxError> {
    let mut bytes = vec![0; length];
    rand::fill(&mut bytes[..]);
    let value = Sealed::from_bytes(bytes)?;
    let in_a_day = SystemClock.now().saturating_add(Duration::from_secs(24 * 3600));
    match store.swap(name, expected, &value, in_a_day).await? {
        Swap::Applied => Ok((name, Some(value.version()), length)),
        Swap::Conflict => Err("nobody else is there".into()),
    }
}

async fn load<T: CodeStore>(store: T, (name, expected, length): Known) -> Result<Known, BoxError> {
    let found = store.load(name).await?.map(|value| value.version());
    if found == expected { Ok((name, expected, length)) } else { Err("something else is there".into()) }
}

/// Does it with every entry, some at once, and says what is there now, in another order: the next stage does not
/// walk through a server's pages as this one did.
async fn all<T: CodeStore + Clone + 'static, F: Future<Output = Result<Known, BoxError>> + Send + 'static>(
    store: &T,
    known: Vec<Known>,
    call: fn(T, Known) -> F,
) -> Result<Vec<Known>, BoxError> {
    let (known, next) = (Arc::new(known), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..IN_FLIGHT)
        .map(|_| {
            let (store, known, next) = (store.clone(), Arc::clone(&known), Arc::clone(&next));
            tokio::spawn(async move {
                let mut done = Vec::new();
                while let Some(one) = known.get(next.fetch_add(1, Ordering::Relaxed)) {
                    done.push(call(store.clone(), *one).await?);
                }
                Ok::<_, BoxError>(done)
            })
        })
        .collect();
    let mut done = Vec::with_capacity(known.len());
    for task in tasks {
        done.extend(task.await??);
    }
    Ok(done)
}

#[allow(clippy::cast_precision_loss)] // far from 2^52
fn as_f64(of: u64) -> f64 {
    of as f64
}
