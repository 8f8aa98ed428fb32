//! kill -9 of the server at any moment under load, and of a client between load and swap.

use std::sync::Arc;
use std::time::Duration;

use otp_exchange::{CodeStore, DynStore, Outbox, Request, StatusError, Submission};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{Hasty, PATIENT, connected, on_shared, runtime};
use crate::flows::{ATTEMPTS, other_than, stranger};
use crate::subject::{BoxError, Subject};
use crate::{Outcome, Processes, Server, Tally, Trial, Verdict, Worker, exchanger, under_load};

/// How often the server is killed, if nobody says otherwise.
const KILLS: u64 = 200;

/// How often it takes to show that a store which answers too early loses something.
const PLANTED: u64 = 40;

/// How often a client is killed.
const CLIENTS: u64 = 20;

/// The kill comes that long after the load begins, at the latest.
const LATEST: Duration = Duration::from_millis(60);

pub(super) fn trials<S: Subject>(server: &Server<S>) -> Vec<Trial> {
    vec![
        Trial::new("lost-store: nothing told is lost when the server is killed", || {
            let kills = std::env::var("OTP_EXCHANGE_KILLS").ok().map_or(Ok(KILLS), |text| text.parse())?;
            let tally = kill_again_and_again::<S>(kills, 0, false)?;
            println!("{}: {kills} kills: {tally:?}", S::NAME);
            if tally.charges.min(tally.wins) < kills || tally.doubted < kills / 10 {
                return Err(format!("too little was going on: {tally:?}").into());
            }
            tally.promise()
        }),
        Trial::new("lost-store: a store that answers too early is found", || {
            for seed in 0..PLANTED {
                if kill_again_and_again::<S>(1, seed, true)?.promise().is_err() {
                    return Ok(());
                }
            }
            Err("a store that answers before it writes lost nothing".into())
        }),
        on_shared(server, "a client killed between load and swap costs nobody anything", |subject: &S| {
            (0..CLIENTS).try_for_each(|_| killed_halfway(subject))
        }),
        on_shared(server, "a client killed at any moment wins at most once", |subject: &S| {
            let mut cut_off = 0;
            for seed in 0..CLIENTS {
                cut_off += killed_anywhere(subject, seed)?;
            }
            if cut_off == 0 { Err("no client was killed while it was at work".into()) } else { Ok(()) }
        }),
    ]
}

fn kill_again_and_again<S: Subject>(kills: u64, seed: u64, hasty: bool) -> Result<Tally, BoxError> {
    let mut subject = S::start();
    let mut random = StdRng::seed_from_u64(seed);
    let mut sum = Tally::default();
    // One for all tasks, as one cache would be.
    let used = |store: DynStore| if hasty { DynStore::new(Hasty::new(store)) } else { store };
    // One store for all rounds: it has to find its server again by itself.
    let lasting = if S::HAS_SERVER { Some(connected::<S>(&subject.url(), PATIENT)?) } else { None };
    for _ in 0..kills {
        let moment = random.random_range(Duration::ZERO..LATEST);
        if let Some(store) = &lasting {
            let journal = under_load(&used(store.clone()), None, || {
                std::thread::sleep(moment);
                subject.kill();
            })?;
            subject.restart();
            sum.add(journal.settle(store)?);
        } else {
            let processes = Processes::start::<S>(2, &subject.url());
            let journal = under_load(&used(DynStore::new(processes.clone())), None, || {
                std::thread::sleep(moment);
                processes.kill();
            })?;
            sum.add(journal.settle(&connected::<S>(&subject.url(), PATIENT)?)?);
        }
    }
    Ok(sum)
}

/// The client has loaded the ledger and judged the guess, and dies before it has charged it: nobody was told
/// anything, nothing is charged, and nothing stays locked.
fn killed_halfway<S: Subject>(subject: &S) -> Outcome {
    let otp = exchanger(connected::<S>(&subject.url(), PATIENT)?, Outbox::new());
    let sent = runtime().block_on(otp.send(Request::login(&stranger())))?;
    let (otp_id, code) = (&sent.otp_id, sent.expose().code);
    for typed in [other_than(code), code.to_owned()] {
        let worker = Worker::start::<S>(&subject.url());
        if !runtime().block_on(worker.verify_halfway(otp_id, &typed)) {
            return Err("the client never came to its swap".into());
        }
        worker.kill();
    }
    let left = runtime().block_on(otp.status(otp_id))?.attempts_left;
    if left != ATTEMPTS {
        return Err(format!("{left} attempts are left, though nothing was charged").into());
    }
    let right = || Submission::by_id(otp_id, code).login();
    drop(runtime().block_on(otp.verify(right()))?);
    if runtime().block_on(otp.verify(right())).is_ok() { Err("a code won twice".into()) } else { Ok(()) }
}

/// Several clients guess and submit, and die at a random moment. Whatever they were told counts; what nobody
/// was told may have been charged, never given back. How many submissions were cut off.
fn killed_anywhere<S: Subject>(subject: &S, seed: u64) -> Result<usize, BoxError> {
    let mut random = StdRng::seed_from_u64(seed);
    let otp = exchanger(connected::<S>(&subject.url(), PATIENT)?, Outbox::new());
    let sent = runtime().block_on(otp.send(Request::login(&stranger())))?;
    let (otp_id, code) = (sent.otp_id, sent.expose().code.to_owned());
    let workers: Arc<[Worker]> = (0..2).map(|_| Worker::start::<S>(&subject.url())).collect();
    // Both are connected; nobody has this code yet.
    for worker in &*workers {
        runtime().block_on(worker.load(super::fresh().0))?;
    }
    let tasks: Vec<_> = [(0, other_than(&code)), (1, code.clone()), (0, code.clone())]
        .into_iter()
        .map(|(index, typed)| {
            let workers = Arc::clone(&workers);
            runtime().spawn(async move { workers[index].verify(&otp_id, &typed).await })
        })
        .collect();
    std::thread::sleep(random.random_range(Duration::ZERO..Duration::from_millis(4)));
    workers.iter().for_each(Worker::kill);
    let mut verdicts = Vec::new();
    for task in tasks {
        verdicts.push(runtime().block_on(task)?);
    }
    let told = verdicts.iter().filter(|verdict| **verdict == Verdict::Right).count();
    let status = runtime().block_on(otp.status(&otp_id));
    let right = || Submission::by_id(&otp_id, &code).login();
    let afterwards = (0..2).filter(|_| runtime().block_on(otp.verify(right())).is_ok()).count();
    let lost = match (verdicts[0], &status) {
        (Verdict::Refused(Some(left)), Ok(status)) => status.attempts_left > left,
        (_, Err(StatusError::Gone)) => told + afterwards == 0 && !verdicts.contains(&Verdict::None),
        (_, Ok(_)) => told > 0,
        (_, Err(_)) => true,
    };
    if told + afterwards > 1 || lost {
        return Err(format!("{verdicts:?}, then {status:?}, then accepted {afterwards} times").into());
    }
    Ok(verdicts.iter().filter(|verdict| **verdict == Verdict::None).count())
}
