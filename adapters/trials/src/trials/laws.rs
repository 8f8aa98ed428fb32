//! Every law on the real server: alone, over several processes, and with clocks that are far apart.

use std::thread;
use std::time::Duration;

use otp_exchange::testkit::ManualClock;
use otp_exchange::testkit::laws::{Law, Laws};
use otp_exchange::{Clock, DynStore, ExchangeError, Exchanger, Outbox, Request, Submission, SystemClock};

use super::{Blind, PATIENT, connected, on_shared, runtime};
use crate::flows::stranger;
use crate::subject::{ForgetsBy, SharedClock, Subject};
use crate::{Outcome, Processes, Server, Trial, keyring, sends_freely};

const TEN_YEARS: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

pub(super) fn trials<S: Subject>(server: &Server<S>) -> Vec<Trial> {
    vec![
        Trial::new("every law, as time passes", as_time_passes::<S>),
        on_shared(server, "every law, over four processes", |subject: &S| {
            all_laws(&DynStore::new(Processes::start::<S>(4, &subject.url())), &SystemClock)
        }),
        Trial::new("every law, with the server's clock ten years ahead", || {
            apart::<S>(|now| now.rewind(TEN_YEARS))
        }),
        Trial::new("every law, with the server's clock ten years behind", || {
            apart::<S>(|now| now.advance(TEN_YEARS))
        }),
        Trial::new(
            "a code past its end is refused, whether its entry is still there or not",
            past_its_end::<S>,
        ),
        on_shared(server, "the laws find a writer that does not compare", |subject: &S| {
            let blind = DynStore::new(Blind::new(connected::<S>(&subject.url(), PATIENT)?));
            let laws = Laws::new(&blind, &SystemClock, |work| runtime().block_on(work));
            for law in
                [Law::NoneNeverOverwrites, Law::SomeNeverCreates, Law::StaleConflicts, Law::RepeatConflicts]
            {
                if laws.check(law).is_ok() {
                    return Err(format!("went unnoticed by: {law}").into());
                }
            }
            Ok(())
        }),
    ]
}

fn all_laws(store: &DynStore, clock: &dyn Clock) -> Outcome {
    Ok(Laws::new(store, clock, |work| runtime().block_on(work)).all()?)
}

/// Time passes for whoever forgets: by a clock moved by hand for a store, and really for a server.
fn as_time_passes<S: Subject>() -> Outcome {
    let subject = S::start();
    match S::FORGETS_BY {
        ForgetsBy::Store => {
            let clock = ManualClock::at(SystemClock.now());
            moved_by_hand::<S>(&subject, &clock)
        }
        ForgetsBy::Server => {
            let store = connected::<S>(&subject.url(), PATIENT)?;
            // The one place that sleeps: nobody can move a server's clock.
            let laws = Laws::new(&store, &SystemClock, |work| runtime().block_on(work));
            Ok(laws.time_passes(thread::sleep).all()?)
        }
    }
}

/// The application's clock and the server's differ by far; the store goes by the application's, and where it
/// forgets by the server's, it returns entries whose time is long over.
fn apart<S: Subject>(set: impl FnOnce(&ManualClock)) -> Outcome {
    let clock = ManualClock::at(SystemClock.now());
    set(&clock);
    moved_by_hand::<S>(&S::start(), &clock)
}

fn moved_by_hand<S: Subject>(subject: &S, clock: &ManualClock) -> Outcome {
    let store = runtime().block_on(S::connect(&subject.url(), SharedClock::new(clock.clone()), PATIENT))?;
    let erased = DynStore::new(store.clone());
    let laws = Laws::new(&erased, clock, |work| runtime().block_on(work));
    let laws = laws.time_passes(|span| {
        clock.advance(span);
        runtime().block_on(S::purge(&store));
    });
    Ok(laws.all()?)
}

/// Nothing has purged the entry, and a server that forgets does so by a clock that did not move: what the
/// store still shows is dead all the same, and whoever comes back can be sent another code.
fn past_its_end<S: Subject>() -> Outcome {
    let (subject, clock) = (S::start(), ManualClock::at(SystemClock.now()));
    let store = runtime().block_on(S::connect(&subject.url(), SharedClock::new(clock.clone()), PATIENT))?;
    let builder = Exchanger::builder(DynStore::new(store), Outbox::new(), keyring()).clock(clock.clone());
    let otp = builder.policy(sends_freely()).build()?;
    for (away, dead) in [(299, false), (301, true), (10 * 365 * 24 * 3600, true)] {
        let ada = stranger();
        let sent = runtime().block_on(otp.send(Request::login(&ada)))?;
        clock.advance(Duration::from_secs(away));
        let submission = Submission::by_id(&sent.otp_id, sent.expose().code).login();
        match runtime().block_on(otp.verify(submission)) {
            Err(ExchangeError::Refused(_)) if dead => {}
            Ok(_) if !dead => {}
            other => return Err(format!("after {away} s: {:?}", other.map(drop)).into()),
        }
        let again = runtime().block_on(otp.send(Request::login(&ada)))?;
        let submission = Submission::by_id(&again.otp_id, again.expose().code).login();
        drop(runtime().block_on(otp.verify(submission))?);
    }
    Ok(())
}
