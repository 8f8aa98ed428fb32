//! However many guess at once, a code is compared with no more guesses than it has attempts.

use std::sync::Arc;

use crate::common::{
    Blind, Events, House, Rendezvous, ada, block_on, client, every_quota, keeping, memory, other_than, race,
    recipient,
};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{CodeStore, Event, ExchangeError, Fault, Policy, Request, Submission};

const GUESSERS: usize = 1000;
const ATTEMPTS: u8 = 5;

#[derive(Clone, Copy, Debug)]
enum Name {
    OtpId,
    Recipient,
}

/// Who guesses, and so what is switched on around the code.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Guessers {
    /// Nobody in particular: no quota, no bound context, no observer.
    Nobody,
    /// A thousand clients, with everything on that there is.
    Many,
    /// One client with a thousand connections, with everything on.
    One,
}

/// What came of all guesses.
#[derive(Debug)]
struct Outcome {
    /// Swaps of the ledger that were applied: each charged one attempt and so bought one verdict.
    charged: u64,
    /// What each refusal said is left.
    left: Vec<Option<u8>>,
    busy: usize,
    others: Vec<String>,
    failures: u32,
    /// Whether the right code was still accepted afterwards.
    accepted_afterwards: bool,
    /// What the observer was told is left by each wrong guess, in order; and whether a code was right.
    told_wrong: Vec<u8>,
    told_right: bool,
}

fn guess_at_once<S: CodeStore>(store: S, named: Name, guessers: Guessers) -> Outcome {
    let (store, events) = (Rendezvous::of(GUESSERS, store), Events::default());
    let everything = guessers != Guessers::Nobody;
    let policy = if everything { every_quota() } else { Policy::default() }.attempts(ATTEMPTS);
    let house = House::built(Arc::clone(&store), ManualClock::default(), policy, |builder| {
        if everything { builder.observer(keeping(&events)) } else { builder }
    });
    let person = if everything { recipient("+32412345678") } else { ada() };
    let request = Request::login(&person);
    let request = match named {
        Name::OtpId => request,
        Name::Recipient => request.by_recipient(),
    };
    let request = if everything {
        let known = request.client(client(GUESSERS)).idempotency_key("one press of the button");
        known.bind("amount", "12.50 EUR").bind("payee", "ACME")
    } else {
        request
    };
    let sent = block_on(house.otp.send(request)).unwrap();
    let submission = |number: usize, typed: &str| {
        let submission = match named {
            Name::OtpId => Submission::by_id(&sent.otp_id, typed).login(),
            Name::Recipient => Submission::by_recipient(&person, typed).login(),
        };
        let number = if guessers == Guessers::One { 0 } else { number };
        if everything {
            submission.client(client(number)).bind("payee", "ACME").bind("amount", "12.50 EUR")
        } else {
            submission
        }
    };
    let right = house.code(&person);
    let wrong = other_than(&right);

    // Held back at the ledger; but one client's submissions are counted in one entry, and whoever finds that
    // too busy never comes to the ledger.
    if guessers == Guessers::One {
        store.watch();
    } else {
        store.hold();
    }
    let answers = race(GUESSERS, |number| block_on(house.otp.verify(submission(number, &wrong))));
    let mut outcome = Outcome {
        charged: store.applied(),
        left: Vec::new(),
        busy: 0,
        others: Vec::new(),
        failures: block_on(house.otp.consecutive_failures(&person)).unwrap(),
        accepted_afterwards: block_on(house.otp.verify(submission(GUESSERS, &right))).is_ok(),
        told_wrong: Vec::new(),
        told_right: false,
    };
    for answer in answers {
        match answer {
            Err(ExchangeError::Refused(refused)) => outcome.left.push(refused.attempts_left),
            Err(ExchangeError::Fault(Fault::Busy)) => outcome.busy += 1,
            other => outcome.others.push(format!("{other:?}")),
        }
    }
    for event in events.lock().unwrap().iter() {
        match event {
            Event::Wrong { attempts_left, .. } => outcome.told_wrong.push(*attempts_left),
            Event::Verified { .. } => outcome.told_right = true,
            _ => {}
        }
    }
    outcome.told_wrong.sort_unstable();
    outcome
}

/// The promise itself, to be held against any store.
fn promise(outcome: &Outcome, named: Name, guessers: Guessers) -> Result<(), String> {
    let held = |held: bool, what: &str| if held { Ok(()) } else { Err(format!("{what}: {outcome:?}")) };
    held(outcome.charged == u64::from(ATTEMPTS), "as many verdicts as attempts")?;
    held(outcome.failures == u32::from(ATTEMPTS), "as many failures as attempts")?;
    held(outcome.others.is_empty(), "nothing but refusals")?;
    held(outcome.left.len() + outcome.busy == GUESSERS, "an answer for everybody")?;
    held(!outcome.accepted_afterwards, "the code is spent")?;
    let told = if guessers == Guessers::Nobody { Vec::new() } else { (0..ATTEMPTS).collect() };
    held(outcome.told_wrong == told && !outcome.told_right, "as many events as verdicts")?;
    match named {
        // One verdict each for 4, 3, 2 and 1; the fifth, and all that were refused as spent, say 0.
        Name::OtpId => {
            let said = |left: u8| outcome.left.iter().filter(|&&said| said == Some(left)).count();
            held((1..ATTEMPTS).all(|left| said(left) == 1), "each verdict once")?;
            let spent = GUESSERS - usize::from(ATTEMPTS) - outcome.busy;
            held(said(0) == 1 + spent, "the others are spent")
        }
        Name::Recipient => held(outcome.left.iter().all(Option::is_none), "a stranger learns no count"),
    }
}

fn holds(named: Name, guessers: Guessers) {
    promise(&guess_at_once(memory(), named, guessers), named, guessers).unwrap();
}

#[test]
fn a_thousand_guesses_by_otp_id_get_five_verdicts() {
    holds(Name::OtpId, Guessers::Nobody);
}

#[test]
fn a_thousand_guesses_by_recipient_get_five_verdicts() {
    holds(Name::Recipient, Guessers::Nobody);
}

#[test]
fn a_thousand_clients_guesses_get_five_verdicts_with_everything_on() {
    holds(Name::OtpId, Guessers::Many);
    holds(Name::Recipient, Guessers::Many);
}

#[test]
fn one_clients_thousand_guesses_get_five_verdicts_with_everything_on() {
    holds(Name::OtpId, Guessers::One);
    holds(Name::Recipient, Guessers::One);
}

#[test]
fn a_store_that_ignores_versions_breaks_the_promise() {
    for guessers in [Guessers::Nobody, Guessers::Many] {
        for named in [Name::OtpId, Name::Recipient] {
            let outcome = guess_at_once(Blind(memory()), named, guessers);
            assert!(outcome.charged > u64::from(ATTEMPTS), "{outcome:?}");
            assert!(promise(&outcome, named, guessers).is_err());
        }
    }
}
