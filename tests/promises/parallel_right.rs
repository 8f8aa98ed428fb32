//! However many submit the right code at once, one of them wins, and one token family begins.

use std::sync::Arc;

use crate::common::{
    Blind, Events, House, Rendezvous, ada, block_on, client, every_quota, keeping, memory, race, recipient,
};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    CodeAlone, CodeStore, Event, ExchangeError, Fault, Kind, MemoryStore, Otp, Policy, Refused, Request,
    Submission,
};

const SUBMITTERS: usize = 1000;

#[derive(Clone, Copy, Debug)]
enum Name {
    OtpId,
    Recipient,
    /// Only with everything on: such a submission has to name its client.
    Code,
}

const ALL: [(Name, bool); 5] = [
    (Name::OtpId, false),
    (Name::Recipient, false),
    (Name::OtpId, true),
    (Name::Recipient, true),
    (Name::Code, true),
];

/// What came of all submissions.
#[derive(Debug)]
struct Outcome {
    winners: usize,
    /// Entries beside the ledger and the clients' usage: each is a token family.
    families: usize,
    /// Swaps of the ledger that were applied: each used up a code.
    consumed: u64,
    others: Vec<String>,
    accepted_afterwards: bool,
    /// Codes that were right and sessions that began, as an observer was told.
    told: (usize, usize),
}

fn submit_at_once<S: CodeStore>(wrap: impl Fn(MemoryStore) -> S, named: Name, everything: bool) -> Outcome {
    let (memory, events) = (memory(), Events::default());
    let store = Rendezvous::of(SUBMITTERS, wrap(memory.clone()));
    let policy = match (named, everything) {
        (Name::Code, _) => {
            every_quota().otp(Otp::new(Kind::Alphanumeric, 16).unwrap()).code_alone(CodeAlone::default())
        }
        (_, true) => every_quota(),
        (_, false) => Policy::default(),
    };
    let house = House::built(Arc::clone(&store), ManualClock::default(), policy, |builder| {
        builder.observer(keeping(&events))
    });
    let person = if everything { recipient("+32412345678") } else { ada() };
    let request = match named {
        Name::OtpId => Request::login(&person),
        Name::Recipient => Request::login(&person).by_recipient(),
        Name::Code => Request::login(&person).by_code(),
    };
    let request = match (named, everything) {
        (_, false) => request,
        (Name::Code, true) => request.client(client(0)).bind("payee", "ACME"), // there is no key for those
        (_, true) => {
            request.client(client(0)).bind("payee", "ACME").idempotency_key("one press of the button")
        }
    };
    let sent = block_on(house.otp.send(request)).unwrap();
    let code = house.code(&person);
    let submission = |number: usize| {
        let submission = match named {
            Name::OtpId => Submission::by_id(&sent.otp_id, &code),
            Name::Recipient => Submission::by_recipient(&person, &code),
            Name::Code => Submission::by_code(&code),
        };
        let submission = submission.login();
        if everything { submission.client(client(number)).bind("payee", "ACME") } else { submission }
    };

    let entries = memory.len() + if everything { SUBMITTERS } else { 0 };
    store.hold();
    let answers = race(SUBMITTERS, |number| block_on(house.otp.exchange(submission(number))));
    let (families, consumed) = (memory.len() - entries, store.applied());
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
    let accepted_afterwards = block_on(house.otp.exchange(submission(0))).is_ok();
    let events = events.lock().unwrap();
    let count = |is: fn(&Event) -> bool| events.iter().filter(|event| is(event)).count();
    let right = |event: &Event| matches!(event, Event::Verified { .. });
    let begun = |event: &Event| matches!(event, Event::Exchanged { .. });
    Outcome { winners, families, consumed, others, accepted_afterwards, told: (count(right), count(begun)) }
}

/// The promise itself, to be held against any store.
fn promise(outcome: &Outcome) -> Result<(), String> {
    let Outcome { winners, families, consumed, others, accepted_afterwards, told } = outcome;
    let once = (*winners, *families, *consumed, *told) == (1, 1, 1, (1, 1));
    if once && others.is_empty() && !accepted_afterwards { Ok(()) } else { Err(format!("{outcome:?}")) }
}

#[test]
fn a_thousand_right_submissions_by_otp_id_begin_one_family() {
    promise(&submit_at_once(|memory| memory, Name::OtpId, false)).unwrap();
}

#[test]
fn a_thousand_right_submissions_by_recipient_begin_one_family() {
    promise(&submit_at_once(|memory| memory, Name::Recipient, false)).unwrap();
}

#[test]
fn a_thousand_clients_right_submissions_begin_one_family_with_everything_on() {
    for named in [Name::OtpId, Name::Recipient, Name::Code] {
        promise(&submit_at_once(|memory| memory, named, true)).unwrap();
    }
}

#[test]
fn a_store_that_ignores_versions_breaks_the_promise() {
    for (named, everything) in ALL {
        let outcome = submit_at_once(Blind, named, everything);
        assert!(outcome.winners > 1 && outcome.families > 1, "{outcome:?}");
        assert!(promise(&outcome).is_err());
    }
}
