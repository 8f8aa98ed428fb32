//! However many guess at once, a code is compared with no more guesses than it has attempts.

mod common;

use std::sync::Arc;

use common::{Blind, House, Rendezvous, ada, block_on, memory, other_than, race};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{CodeStore, ExchangeError, Fault, Policy, Request, Submission};

const GUESSERS: usize = 1000;
const ATTEMPTS: u8 = 5;

#[derive(Clone, Copy, Debug)]
enum Name {
    OtpId,
    Recipient,
}

/// What came of all guesses.
#[derive(Debug)]
struct Outcome {
    /// Swaps that were applied: each charged one attempt and so bought one verdict.
    charged: u64,
    /// What each refusal said is left.
    left: Vec<Option<u8>>,
    busy: usize,
    others: Vec<String>,
    failures: u32,
    /// Whether the right code was still accepted afterwards.
    accepted_afterwards: bool,
}

fn guess_at_once<S: CodeStore>(store: S, named: Name) -> Outcome {
    let store = Rendezvous::of(GUESSERS, store);
    let policy = Policy::default().attempts(ATTEMPTS);
    let house = House::on(Arc::clone(&store), ManualClock::default(), policy);
    let ada = ada();
    let request = match named {
        Name::OtpId => Request::login(&ada),
        Name::Recipient => Request::login(&ada).by_recipient(),
    };
    let sent = block_on(house.otp.send(request)).unwrap();
    let submission = |typed: &str| match named {
        Name::OtpId => Submission::by_id(&sent.otp_id, typed).login(),
        Name::Recipient => Submission::by_recipient(&ada, typed).login(),
    };
    let right = house.code(&ada);
    let wrong = other_than(&right);

    let before = house.store.applied();
    store.hold();
    let answers = race(GUESSERS, |_| block_on(house.otp.verify(submission(&wrong))));
    let mut outcome = Outcome {
        charged: house.store.applied() - before,
        left: Vec::new(),
        busy: 0,
        others: Vec::new(),
        failures: block_on(house.otp.consecutive_failures(&ada)).unwrap(),
        accepted_afterwards: block_on(house.otp.verify(submission(&right))).is_ok(),
    };
    for answer in answers {
        match answer {
            Err(ExchangeError::Refused(refused)) => outcome.left.push(refused.attempts_left),
            Err(ExchangeError::Fault(Fault::Busy)) => outcome.busy += 1,
            other => outcome.others.push(format!("{other:?}")),
        }
    }
    outcome
}

/// The promise itself, to be held against any store.
fn promise(outcome: &Outcome, named: Name) -> Result<(), String> {
    let held = |held: bool, what: &str| if held { Ok(()) } else { Err(format!("{what}: {outcome:?}")) };
    held(outcome.charged == u64::from(ATTEMPTS), "as many verdicts as attempts")?;
    held(outcome.failures == u32::from(ATTEMPTS), "as many failures as attempts")?;
    held(outcome.others.is_empty(), "nothing but refusals")?;
    held(outcome.left.len() + outcome.busy == GUESSERS, "an answer for everybody")?;
    held(!outcome.accepted_afterwards, "the code is spent")?;
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

#[test]
fn a_thousand_guesses_by_otp_id_get_five_verdicts() {
    promise(&guess_at_once(memory(), Name::OtpId), Name::OtpId).unwrap();
}

#[test]
fn a_thousand_guesses_by_recipient_get_five_verdicts() {
    promise(&guess_at_once(memory(), Name::Recipient), Name::Recipient).unwrap();
}

#[test]
fn a_store_that_ignores_versions_breaks_the_promise() {
    for named in [Name::OtpId, Name::Recipient] {
        let outcome = guess_at_once(Blind(memory()), named);
        assert!(outcome.charged > u64::from(ATTEMPTS), "{outcome:?}");
        assert!(promise(&outcome, named).is_err());
    }
}
