//! Rotating the sealing key loses no live code and no session, and two processes in the middle of it share
//! one ledger.

use std::time::Duration;

use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    ClientKey, ExchangeError, Exchanger, Fault, Keyring, MemoryStore, OpenError, Outbox, Policy, Quota,
    Recipient, Request, SendError, Submission, SubmissionError, TokenError, Waiting,
};
use pollster::FutureExt;

const NAMING: [u8; 32] = [1; 32];
const OLD: [u8; 32] = [2; 32];
const NEW: [u8; 32] = [3; 32];

struct Processes {
    store: MemoryStore,
    outbox: Outbox,
    clock: ManualClock,
}

impl Processes {
    fn new() -> Self {
        let clock = ManualClock::default();
        Self { store: MemoryStore::with_clock(100, clock.clone()), outbox: Outbox::new(), clock }
    }

    fn with(&self, keyring: Keyring) -> Exchanger<MemoryStore, Outbox> {
        let builder = Exchanger::builder(self.store.clone(), self.outbox.clone(), keyring);
        builder.clock(self.clock.clone()).build().unwrap()
    }

    fn code(&self) -> String {
        self.outbox.code_for(&ada()).unwrap().expose().to_owned()
    }
}

fn ada() -> Recipient {
    Recipient::parse("ada@example.org").unwrap()
}

fn sealing_with(key: [u8; 32], opening: [u8; 32]) -> Keyring {
    Keyring::new(&NAMING, &key).unwrap().open_only(&opening).unwrap()
}

#[test]
fn codes_and_sessions_live_through_a_rotation() {
    let processes = Processes::new();
    let before = processes.with(sealing_with(OLD, NEW));
    let after = processes.with(sealing_with(NEW, OLD));

    let sent = before.send(Request::login(&ada())).block_on().unwrap();
    let tokens =
        after.exchange(Submission::by_id(&sent.otp_id, &processes.code()).login()).block_on().unwrap();
    before.authenticate(tokens.access.expose()).block_on().unwrap();
    let refreshed = before.refresh(tokens.refresh.unwrap().expose()).block_on().unwrap();
    after.authenticate(refreshed.access.expose()).block_on().unwrap();

    processes.clock.advance(Duration::from_secs(30));
    let sent = after.send(Request::login(&ada())).block_on().unwrap();
    before.exchange(Submission::by_id(&sent.otp_id, &processes.code()).login()).block_on().unwrap();
}

#[test]
fn two_processes_with_different_sealing_keys_share_one_ledger() {
    let processes = Processes::new();
    let (one, other) = (processes.with(sealing_with(OLD, NEW)), processes.with(sealing_with(NEW, OLD)));
    let sent = one.send(Request::login(&ada())).block_on().unwrap();
    let spaced = other.send(Request::login(&ada())).block_on();
    assert!(matches!(spaced, Err(SendError::Wait { why: Waiting::Spacing, .. })));
    let wrong = if processes.code() == "000000" { "111111" } else { "000000" };
    for (exchanger, left) in [(&one, 4), (&other, 3), (&one, 2), (&other, 1), (&one, 0), (&other, 0)] {
        match exchanger.verify(Submission::by_id(&sent.otp_id, wrong).login()).block_on() {
            Err(ExchangeError::Refused(refused)) => assert_eq!(refused.attempts_left, Some(left)),
            unexpected => panic!("{unexpected:?}"),
        }
    }
    assert_eq!(processes.store.len(), 1);
}

#[test]
fn without_the_old_key_its_entries_are_an_error_and_are_left_alone() {
    let processes = Processes::new();
    let sent =
        processes.with(Keyring::new(&NAMING, &OLD).unwrap()).send(Request::login(&ada())).block_on().unwrap();
    let dropped = processes.with(Keyring::new(&NAMING, &NEW).unwrap());
    let unreadable = |error: &Fault| matches!(error, Fault::Corrupt(OpenError::UnknownKey));

    let by_id = dropped.verify(Submission::by_id(&sent.otp_id, "000000").login()).block_on();
    assert!(matches!(by_id, Err(ExchangeError::Submission(SubmissionError::OtpId(_)))));
    let by_recipient = dropped.verify(Submission::by_recipient(&ada(), "000000").login()).block_on();
    assert!(matches!(&by_recipient, Err(ExchangeError::Fault(fault)) if unreadable(fault)));
    let send = dropped.send(Request::login(&ada())).block_on();
    assert!(matches!(&send, Err(SendError::Fault(fault)) if unreadable(fault)));

    let back = processes.with(sealing_with(NEW, OLD));
    back.exchange(Submission::by_id(&sent.otp_id, &processes.code()).login()).block_on().unwrap();
}

#[test]
fn a_key_can_be_dropped_once_nothing_sealed_with_it_is_alive() {
    let processes = Processes::new();
    processes.with(Keyring::new(&NAMING, &OLD).unwrap()).send(Request::login(&ada())).block_on().unwrap();
    let dropped = processes.with(Keyring::new(&NAMING, &NEW).unwrap());
    // For an hour it is remembered who asked, and longer than any code lives; then the slack between clocks.
    let last_second = Duration::from_secs(3600 + 30);
    processes.clock.advance(last_second);
    assert!(matches!(dropped.send(Request::login(&ada())).block_on(), Err(SendError::Fault(_))));
    processes.clock.advance(Duration::from_secs(1));
    dropped.send(Request::login(&ada())).block_on().expect("the old entry is forgotten");
}

#[test]
fn a_key_is_needed_for_as_long_as_anything_is_remembered_that_was_sealed_with_it() {
    let (slack, day) = (Duration::from_secs(30), Duration::from_secs(24 * 3600));
    // Failures, and clients that had a right code, are remembered for thirty days.
    for wrong in [true, false] {
        let processes = Processes::new();
        let old = processes.with(Keyring::new(&NAMING, &OLD).unwrap());
        let sent = old.send(Request::login(&ada()).client(ClientKey::new("browser"))).block_on().unwrap();
        let typed = match processes.code() {
            _ if !wrong => processes.code(),
            code if code == "000000" => "111111".to_owned(),
            _ => "000000".to_owned(),
        };
        let answer = old.verify(Submission::by_id(&sent.otp_id, &typed).login()).block_on();
        assert_eq!(answer.is_err(), wrong);
        let dropped = processes.with(Keyring::new(&NAMING, &NEW).unwrap());
        processes.clock.advance(30 * day + slack);
        assert!(matches!(dropped.send(Request::login(&ada())).block_on(), Err(SendError::Fault(_))));
        processes.clock.advance(Duration::from_secs(1));
        dropped.send(Request::login(&ada())).block_on().expect("the old entry is forgotten");
    }
    // A quota's usage to the end of its window.
    let processes = Processes::new();
    let policy = || Policy::default().service_sends(Quota::new(100, day));
    let (outbox, clock) = (processes.outbox.clone(), processes.clock.clone());
    let old =
        Exchanger::builder(processes.store.clone(), outbox.clone(), Keyring::new(&NAMING, &OLD).unwrap());
    let old = old.clock(clock.clone()).policy(policy()).build().unwrap();
    old.send(Request::login(&ada())).block_on().unwrap();
    let new = Exchanger::builder(processes.store.clone(), outbox, Keyring::new(&NAMING, &NEW).unwrap());
    let new = new.clock(clock.clone()).policy(policy()).build().unwrap();
    let bob = Recipient::parse("bob@example.org").unwrap();
    clock.advance(day + slack); // the clock began with a window
    assert!(matches!(new.send(Request::login(&bob)).block_on(), Err(SendError::Fault(_))));
    clock.advance(Duration::from_secs(1));
    new.send(Request::login(&bob)).block_on().expect("the old usage is forgotten");
}

#[test]
fn a_namespace_knows_nothing_of_another() {
    let processes = Processes::new();
    let keyring = |namespace| Keyring::new(&NAMING, &OLD).unwrap().namespace(namespace).unwrap();
    let (live, test) = (processes.with(keyring("live")), processes.with(keyring("test")));
    let sent = live.send(Request::login(&ada()).by_recipient()).block_on().unwrap();
    test.send(Request::login(&ada()).by_recipient()).block_on().expect("a ledger of its own");
    assert_eq!(processes.store.len(), 2);
    let foreign = test.deliver(&sent.otp_id).block_on();
    assert!(matches!(foreign, Err(SendError::OtpId(_))));

    let code = sent.expose().code.to_owned();
    let proof = live.verify(Submission::by_recipient(&ada(), &code).login()).block_on().unwrap();
    assert!(matches!(test.grant(proof).block_on(), Err(ExchangeError::ForeignProof)));

    processes.clock.advance(Duration::from_secs(30));
    live.send(Request::login(&ada()).by_recipient()).block_on().unwrap();
    let tokens =
        live.exchange(Submission::by_recipient(&ada(), &processes.code()).login()).block_on().unwrap();
    let elsewhere = test.authenticate(tokens.access.expose()).block_on();
    assert!(matches!(elsewhere, Err(TokenError::Refused)));
}
