//! Wires that lose replies, go dead, and break at any moment.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use otp_exchange::{
    CodeStore, DynStore, ExchangeError, Name, Outbox, Refused, Request, Sealed, StoreError, Submission, Swap,
    Timestamp, Version,
};

use super::{IMPATIENT, PATIENT, connected, fresh, in_an_hour, on_shared, runtime};
use crate::flows::{ATTEMPTS, other_than, stranger};
use crate::subject::{BoxError, Subject};
use crate::{Outcome, Proxy, Server, Trial, Wire, exchanger, under_load, wait_until};

/// How many codes are issued over a wire that breaks all the time.
const CODES: u64 = 300;

/// One piece in so many cuts its connection.
const ONE_IN: u32 = 30;

/// How often the wire has to have broken, for the trial to show anything.
const LEAST_CUTS: u64 = 10;

const DEADLINE: Duration = Duration::from_secs(20);

pub(super) fn trials<S: Subject>(server: &Server<S>) -> Vec<Trial> {
    if !S::HAS_SERVER {
        return Vec::new();
    }
    let trial = |name: &str, run: fn(&S, SocketAddr) -> Outcome| {
        on_shared(server, name, move |subject: &S| run(subject, subject.address().ok_or("no address")?))
    };
    vec![
        trial("a reply lost after the write is unknown, and found out", reply_lost::<S>),
        trial("a swap that gets no answer in time is unknown", timed_out::<S>),
        trial("a dead wire ends in a timeout, and is forgotten", dead_wire::<S>),
        trial("a server that hangs up is told as such", refusing::<S>),
        trial("over a shaky wire nothing told is lost", shaky::<S>),
    ]
}

fn by_proxy<S: Subject>(subject: &S, proxy: &Proxy, timeout: Duration) -> Result<DynStore, BoxError> {
    let url = subject.url_by(proxy.address()).ok_or("no URL by way of a proxy")?;
    connected::<S>(&url, timeout)
}

/// The server writes, its reply is dropped, the connection cut: the store must not know better, and must not
/// have asked again by itself. The exchanger then finds out, and nobody notices.
fn reply_lost<S: Subject>(subject: &S, address: SocketAddr) -> Outcome {
    let proxy = Arc::new(Proxy::to(address));
    let store = by_proxy(subject, &proxy, PATIENT)?;
    let direct = connected::<S>(&subject.url(), PATIENT)?;
    let runtime = runtime();

    // Connected, with everything prepared that a swap needs, so that it is the swap's own reply which is lost.
    let (before, first) = fresh();
    let written = runtime.block_on(store.swap(before, None, &first, in_an_hour()))?;
    if written != Swap::Applied {
        return Err("a fresh name was taken".into());
    }
    let (name, value) = fresh();
    proxy.set(Wire::Mute);
    let swapping = {
        let (store, value) = (store.clone(), value.clone());
        runtime.spawn(async move { store.swap(name, None, &value, in_an_hour()).await })
    };
    is_written(&direct, name, &value);
    proxy.set(Wire::Sound);
    proxy.cut();
    match runtime.block_on(swapping)? {
        Err(error) if error.may_have_applied() && error.is_transient() => {}
        other => return Err(format!("a swap whose reply was lost ended in {other:?}").into()),
    }

    let otp = exchanger(store.clone(), Outbox::new());
    let sent = runtime.block_on(otp.send(Request::login(&stranger())))?;
    let (otp_id, code) = (sent.otp_id, sent.expose().code.to_owned());
    let spy = exchanger(direct, Outbox::new());
    let otp = exchanger(Reading { store, direct: connected::<S>(&subject.url(), PATIENT)? }, Outbox::new());
    let wrong = other_than(&code);
    if runtime.block_on(otp.verify(Submission::by_id(&otp_id, &wrong).login())).is_ok() {
        return Err("a wrong guess was right".into());
    }
    proxy.set(Wire::Mute);
    let guess = async move { otp.verify(Submission::by_id(&otp_id, &wrong).login()).await };
    let guessing = runtime.spawn(guess);
    let left = || runtime.block_on(spy.status(&otp_id)).map_or(0, |status| status.attempts_left);
    wait_until("the guess is charged", DEADLINE, || left() == ATTEMPTS - 2);
    proxy.set(Wire::Sound);
    proxy.cut();
    match runtime.block_on(guessing)? {
        Err(ExchangeError::Refused(Refused { attempts_left: Some(3), .. })) if left() == 3 => Ok(()),
        other => Err(format!("a guess whose reply was lost ended in {:?}", other.map(drop)).into()),
    }
}

/// The server writes, and its reply does not come in time: who says that nothing was written is wrong.
fn timed_out<S: Subject>(subject: &S, address: SocketAddr) -> Outcome {
    let proxy = Proxy::to(address);
    let store = by_proxy(subject, &proxy, IMPATIENT)?;
    let direct = connected::<S>(&subject.url(), PATIENT)?;
    let (before, first) = fresh();
    let written = runtime().block_on(store.swap(before, None, &first, in_an_hour()))?;
    let (name, value) = fresh();
    proxy.set(Wire::Mute);
    let swapped = runtime().block_on(store.swap(name, None, &value, in_an_hour()));
    is_written(&direct, name, &value);
    proxy.set(Wire::Sound);
    match (written, swapped) {
        (Swap::Applied, Err(error)) if error.may_have_applied() && error.is_transient() => {}
        other => return Err(format!("without an answer in time: {other:?}").into()),
    }
    // The connection was given up, or the late answers still on it are not taken for those to later questions. One that
    // is late as well, on a slow disk say, is no answer; an error that comes sooner is wrong.
    let (mut right, mut wrong) = (0, None);
    wait_until("twenty answers in time", DEADLINE, || {
        let (other, value) = fresh();
        let asked = Instant::now();
        let absent = runtime().block_on(store.load(other));
        let created = runtime().block_on(store.swap(other, None, &value, in_an_hour()));
        let is_late = |error: &StoreError| error.is_transient() && asked.elapsed() >= IMPATIENT;
        match (&absent, &created) {
            (Ok(None), Ok(Swap::Applied)) => right += 1,
            (Ok(None), Err(error)) | (Err(error), Ok(Swap::Applied)) if is_late(error) => {}
            (Err(first), Err(second)) if is_late(first) && is_late(second) => {}
            _ => wrong = Some(format!("afterwards: {absent:?}, {created:?}")),
        }
        right == 20 || wrong.is_some()
    });
    wrong.map_or(Ok(()), |wrong| Err(wrong.into()))
}

/// Loads directly and swaps by way of the proxy, so that it is the swap's reply that is lost.
struct Reading {
    store: DynStore,
    direct: DynStore,
}

impl CodeStore for Reading {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.direct.load(name).await
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        self.store.swap(name, expected, value, forget_after).await
    }
}

fn is_written(store: &DynStore, name: Name, value: &Sealed) {
    wait_until(
        "the server has written",
        DEADLINE,
        || matches!(runtime().block_on(store.load(name)), Ok(Some(found)) if found == *value),
    );
}

fn dead_wire<S: Subject>(subject: &S, address: SocketAddr) -> Outcome {
    let proxy = Proxy::to(address);
    let store = by_proxy(subject, &proxy, IMPATIENT)?;
    let (name, value) = fresh();
    runtime().block_on(store.load(name))?;
    proxy.set(Wire::Dead);
    // As many as there may be connections in a pool, and more.
    for _ in 0..3 {
        let answer = runtime().block_on(store.swap(name, None, &value, in_an_hour()));
        match answer {
            Err(error) if error.is_transient() => {}
            other => return Err(format!("a swap over a dead wire ended in {other:?}").into()),
        }
        if runtime().block_on(store.load(name)).is_ok() {
            return Err("a load over a dead wire had an answer".into());
        }
    }
    proxy.set(Wire::Sound);
    proxy.cut();
    wait_until("the store works again", DEADLINE, || runtime().block_on(store.load(name)).is_ok());
    match runtime().block_on(store.load(name))? {
        Some(found) if found != value => Err("an answer to another question".into()),
        _ => Ok(()),
    }
}

fn refusing<S: Subject>(subject: &S, address: SocketAddr) -> Outcome {
    let proxy = Proxy::to(address);
    let store = by_proxy(subject, &proxy, IMPATIENT)?;
    let (name, value) = fresh();
    runtime().block_on(store.load(name))?;
    proxy.set(Wire::Refusing);
    proxy.cut();
    for _ in 0..3 {
        match runtime().block_on(store.swap(name, None, &value, in_an_hour())) {
            Err(error) if error.is_transient() => {}
            other => return Err(format!("a swap without a server ended in {other:?}").into()),
        }
    }
    proxy.set(Wire::Sound);
    wait_until("the store works again", DEADLINE, || runtime().block_on(store.load(name)).is_ok());
    if runtime().block_on(store.load(name))?.is_some() {
        return Err("a swap that never reached the server was applied".into());
    }
    Ok(())
}

fn shaky<S: Subject>(subject: &S, address: SocketAddr) -> Outcome {
    let proxy = Proxy::to(address);
    let store = by_proxy(subject, &proxy, PATIENT)?;
    proxy.set(Wire::Shaky(ONE_IN));
    let journal = under_load(&store, Some(CODES), || ())?;
    proxy.set(Wire::Sound);
    let tally = journal.settle(&store)?;
    if proxy.cuts() < LEAST_CUTS {
        return Err(format!("the wire broke {} times only", proxy.cuts()).into());
    }
    println!("{}: over a wire that broke {} times: {tally:?}", S::NAME, proxy.cuts());
    tally.promise()
}
