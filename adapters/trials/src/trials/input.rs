//! Servers that are not there, and entries from the future.

use std::time::Duration;

use otp_exchange::{CodeStore, ExchangeError, Fault, Outbox, Request, Sealed, SendError, Submission, Swap};

use super::{IMPATIENT, PATIENT, connected, fresh, in_an_hour, on_shared, runtime};
use crate::flows::{other_than, stranger};
use crate::remembering::Remembering;
use crate::subject::Subject;
use crate::{Outcome, Server, Trial, exchanger, wait_until};

const DEADLINE: Duration = Duration::from_secs(20);

pub(super) fn trials<S: Subject>(server: &Server<S>) -> Vec<Trial> {
    let mut trials =
        vec![on_shared(server, "an entry of a newer version is an error, and stays", newer_version::<S>)];
    if S::HAS_SERVER {
        trials.push(Trial::new("a server down at start is an error that says so", down_at_start::<S>));
        trials.push(Trial::new("a server down later is an error, until it is back", down_later::<S>));
    }
    trials
}

fn down_at_start<S: Subject>() -> Outcome {
    let mut subject = S::start();
    subject.kill();
    let Err(error) = connected::<S>(&subject.url(), IMPATIENT) else {
        return Err("connected to a server that is down".into());
    };
    if error.to_string().is_empty() { Err("an error without a word".into()) } else { Ok(()) }
}

fn down_later<S: Subject>() -> Outcome {
    let mut subject = S::start();
    let store = connected::<S>(&subject.url(), IMPATIENT)?;
    let (name, value) = fresh();
    let written = runtime().block_on(store.swap(name, None, &value, in_an_hour()))?;
    subject.kill();
    let (_, later) = fresh();
    let loaded = runtime().block_on(store.load(name));
    let swapped = runtime().block_on(store.swap(name, Some(value.version()), &later, in_an_hour()));
    match (written, loaded, swapped) {
        (Swap::Applied, Err(load), Err(swap)) if load.is_transient() && swap.is_transient() => {}
        other => return Err(format!("with the server down: {other:?}").into()),
    }
    subject.restart();
    wait_until("the store works again", DEADLINE, || runtime().block_on(store.load(name)).is_ok());
    let found = runtime().block_on(store.load(name))?;
    if found.as_ref() == Some(&value) { Ok(()) } else { Err(format!("afterwards: {found:?}").into()) }
}

/// A newer version of the crate wrote the ledger: no code is accepted, none is refused, nothing is
/// overwritten.
fn newer_version<S: Subject>(subject: &S) -> Outcome {
    let store = connected::<S>(&subject.url(), PATIENT)?;
    let store = Remembering::new(store);
    let otp = exchanger(store.clone(), Outbox::new());
    let ada = stranger();
    let sent = runtime().block_on(otp.send(Request::login(&ada)))?;
    let (name, ledger) = store.written().pop().ok_or("nothing was written")?;

    // The first byte of an entry is the version of its format; the version of the writing is another one too.
    let mut bytes = ledger.as_bytes().to_vec();
    bytes[0] = 0xff;
    bytes[5] ^= 1;
    let newer = Sealed::from_bytes(bytes)?;
    let swap = runtime().block_on(store.swap(name, Some(ledger.version()), &newer, in_an_hour()))?;
    if swap != Swap::Applied {
        return Err("the newer entry was not written".into());
    }

    let code = sent.expose().code;
    for typed in [code.to_owned(), other_than(code)] {
        match runtime().block_on(otp.verify(Submission::by_id(&sent.otp_id, &typed).login())) {
            Err(ExchangeError::Fault(Fault::Corrupt(_))) => {}
            other => return Err(format!("verified: {:?}", other.map(drop)).into()),
        }
    }
    match runtime().block_on(otp.send(Request::login(&ada))) {
        Err(SendError::Fault(Fault::Corrupt(_))) => {}
        other => return Err(format!("sent: {:?}", other.map(drop)).into()),
    }
    let found = runtime().block_on(store.load(name))?;
    if found.as_ref() == Some(&newer) { Ok(()) } else { Err(format!("overwritten with {found:?}").into()) }
}
