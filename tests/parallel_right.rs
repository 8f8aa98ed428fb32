//! However many submit the right code at once, one of them wins, and one token family begins.

mod common;

use std::sync::Arc;

use common::{Blind, House, Rendezvous, ada, block_on, memory, race};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{CodeStore, ExchangeError, Fault, MemoryStore, Policy, Refused, Request, Submission};

const SUBMITTERS: usize = 1000;

/// What came of all submissions.
#[derive(Debug)]
struct Outcome {
    winners: usize,
    /// Entries beside the ledger: each is a token family.
    families: usize,
    /// Swaps that were applied to the ledger: each used up a code.
    consumed: u64,
    others: Vec<String>,
    accepted_afterwards: bool,
}

fn submit_at_once<S: CodeStore>(wrap: impl Fn(MemoryStore) -> S, by_recipient: bool) -> Outcome {
    let memory = memory();
    let store = Rendezvous::of(SUBMITTERS, wrap(memory.clone()));
    let house = House::on(Arc::clone(&store), ManualClock::default(), Policy::default());
    let ada = ada();
    let request = if by_recipient { Request::login(&ada).by_recipient() } else { Request::login(&ada) };
    let sent = block_on(house.otp.send(request)).unwrap();
    let code = house.code(&ada);
    let submission = || {
        let named = if by_recipient {
            Submission::by_recipient(&ada, &code)
        } else {
            Submission::by_id(&sent.otp_id, &code)
        };
        named.login()
    };

    let (entries, applied) = (memory.len(), house.store.applied());
    store.hold();
    let answers = race(SUBMITTERS, |_| block_on(house.otp.exchange(submission())));
    let families = memory.len() - entries;
    let consumed = house.store.applied() - applied - families as u64;
    let (mut winners, mut others) = (0, Vec::new());
    for answer in answers {
        match answer {
            Ok(tokens) => {
                winners += 1;
                assert!(block_on(house.otp.authenticate(tokens.access.expose())).is_ok());
            }
            Err(
                ExchangeError::Refused(Refused { attempts_left: None | Some(0), .. })
                | ExchangeError::Fault(Fault::Busy),
            ) => {}
            Err(other) => others.push(format!("{other:?}")),
        }
    }
    let accepted_afterwards = block_on(house.otp.exchange(submission())).is_ok();
    Outcome { winners, families, consumed, others, accepted_afterwards }
}

/// The promise itself, to be held against any store.
fn promise(outcome: &Outcome) -> Result<(), String> {
    let Outcome { winners, families, consumed, others, accepted_afterwards } = outcome;
    let held = (*winners, *families, *consumed) == (1, 1, 1) && others.is_empty() && !accepted_afterwards;
    if held { Ok(()) } else { Err(format!("{outcome:?}")) }
}

#[test]
fn a_thousand_right_submissions_by_otp_id_begin_one_family() {
    promise(&submit_at_once(|memory| memory, false)).unwrap();
}

#[test]
fn a_thousand_right_submissions_by_recipient_begin_one_family() {
    promise(&submit_at_once(|memory| memory, true)).unwrap();
}

#[test]
fn a_store_that_ignores_versions_breaks_the_promise() {
    for by_recipient in [false, true] {
        let outcome = submit_at_once(Blind, by_recipient);
        assert!(outcome.winners > 1 && outcome.families > 1, "{outcome:?}");
        assert!(promise(&outcome).is_err());
    }
}
