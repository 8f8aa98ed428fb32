//! A challenge can be looked at without spending anything, and taken back; failures can be forgiven; all
//! sessions of a subject end at once.

use std::sync::Mutex;

use crate::common::{House, ada, block_on, keyring, login, other_than, recipient, refused_as_dead, seconds};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    ClientKey, CodeStore, ExchangeError, Exchanger, Grant, MemoryStore, Name, OtpId, Outbox, Policy, Purpose,
    Refused, Request, Sealed, SendError, StatusError, StoreError, Submission, Swap, Timestamp, TokenError,
    Version, Waiting,
};

#[test]
fn looking_at_a_challenge_spends_nothing_and_writes_nothing() {
    let house = House::new();
    let sent = block_on(house.otp.send(Request::login(&ada()))).unwrap();
    let code = house.code(&ada());
    let wrong = other_than(&code);
    assert!(block_on(house.otp.verify(login(&sent.otp_id, &wrong))).is_err());
    let swaps = house.store.swaps();
    for _ in 0..100 {
        let status = block_on(house.otp.status(&sent.otp_id)).unwrap();
        assert_eq!((status.attempts_left, status.deliveries), (4, 1));
        assert_eq!(status.purpose, Purpose::LOGIN);
        assert_eq!((status.expires_at, status.resend_at), (sent.expires_at, sent.resend_at));
    }
    assert_eq!(house.store.swaps(), swaps);
    assert!(block_on(house.otp.verify(login(&sent.otp_id, &code))).is_ok());
    assert!(matches!(block_on(house.otp.status(&sent.otp_id)), Err(StatusError::Gone)), "used");
}

#[test]
fn a_dead_challenge_has_no_status() {
    let house = House::new();
    let sent = block_on(house.otp.send(Request::login(&ada()))).unwrap();
    house.clock.advance(seconds(300));
    assert!(matches!(block_on(house.otp.status(&sent.otp_id)), Err(StatusError::Gone)));
    let mut altered = sent.otp_id.to_string().into_bytes();
    altered[40] = if altered[40] == b'A' { b'B' } else { b'A' };
    let altered: OtpId = String::from_utf8(altered).unwrap().parse().unwrap();
    let loads = house.store.loads();
    assert!(matches!(block_on(house.otp.status(&altered)), Err(StatusError::OtpId(_))));
    assert!(matches!(block_on(house.otp.cancel(&altered)), Err(StatusError::OtpId(_))));
    assert_eq!(house.store.loads(), loads, "the store was not asked");
}

#[test]
fn a_cancelled_code_is_right_no_more_and_cancelling_again_is_no_error() {
    let house = House::new();
    let sent = block_on(house.otp.send(Request::login(&ada()))).unwrap();
    let code = house.code(&ada());
    block_on(house.otp.cancel(&sent.otp_id)).unwrap();
    let swaps = house.store.swaps();
    block_on(house.otp.cancel(&sent.otp_id)).unwrap();
    assert_eq!(house.store.swaps(), swaps, "nothing to write");
    assert!(refused_as_dead(&block_on(house.otp.verify(login(&sent.otp_id, &code)))));
    house.clock.advance(seconds(30));
    assert!(matches!(block_on(house.otp.deliver(&sent.otp_id)), Err(SendError::Gone)));
}

#[test]
fn a_recipients_live_challenges_can_be_listed_and_each_is_named_anew() {
    let house = House::new();
    assert_eq!(block_on(house.otp.live_codes(&ada())).unwrap(), []);
    let first = block_on(house.otp.send(Request::login(&ada()))).unwrap();
    house.clock.advance(seconds(30));
    let second = block_on(house.otp.send(Request::register(&ada()).decoy(true))).unwrap();
    block_on(house.otp.send(Request::login(&recipient("eve@example.org")))).unwrap();
    let listed = block_on(house.otp.live_codes(&ada())).unwrap();
    let purposes: Vec<_> = listed.iter().map(|status| status.purpose.clone()).collect();
    assert_eq!(purposes, [Purpose::LOGIN, Purpose::REGISTER], "a decoy looks like any other");
    assert!(listed.iter().all(|status| ![first.otp_id, second.otp_id].contains(&status.otp_id)));
    block_on(house.otp.cancel(&listed[0].otp_id)).unwrap();
    assert!(matches!(block_on(house.otp.status(&first.otp_id)), Err(StatusError::Gone)), "the same one");
    house.clock.advance(seconds(300));
    assert_eq!(block_on(house.otp.live_codes(&ada())).unwrap(), []);
}

#[test]
fn forgiven_failures_open_a_disabled_recipient_and_leave_the_risk_paid_for() {
    let phone = recipient("+32412345678");
    let house = House::with(Policy::nist().accept_risk(1e-3));
    for client in 0..20 {
        let request = Request::login(&phone).client(ClientKey::new(format!("client {client}")));
        let sent = block_on(house.otp.send(request)).unwrap();
        let wrong = other_than(&house.code(&phone));
        for _ in 0..5 {
            assert!(block_on(house.otp.verify(login(&sent.otp_id, &wrong))).is_err());
        }
        house.clock.advance(seconds(30));
    }
    assert_eq!(block_on(house.otp.consecutive_failures(&phone)).unwrap(), 100);
    let refused = block_on(house.otp.send(Request::login(&phone)));
    assert!(matches!(refused, Err(SendError::Wait { why: Waiting::Failures, .. })));
    house.clock.advance(seconds(364 * 24 * 3600));
    assert!(block_on(house.otp.send(Request::login(&phone))).is_err(), "time alone does not rebind");

    block_on(house.otp.clear_failures(&phone)).unwrap();
    assert_eq!(block_on(house.otp.consecutive_failures(&phone)).unwrap(), 0);
    assert_eq!(block_on(house.otp.send(Request::login(&phone))).unwrap().length, 6);
}

#[test]
fn clearing_failures_does_not_give_the_guesses_back() {
    let house = House::with(Policy::default().accept_risk(5e-6));
    let sent = block_on(house.otp.send(Request::login(&ada()))).unwrap();
    let wrong = other_than(&house.code(&ada()));
    for _ in 0..5 {
        assert!(block_on(house.otp.verify(login(&sent.otp_id, &wrong))).is_err());
    }
    block_on(house.otp.clear_failures(&ada())).unwrap();
    house.clock.advance(seconds(30));
    assert_eq!(block_on(house.otp.send(Request::login(&ada()))).unwrap().length, 20, "long");
}

/// A session of that subject: its access and refresh token.
fn session(house: &House<MemoryStore>, subject: &str) -> (String, String) {
    let request = Request::login(&ada()).grant(Grant::for_subject(subject));
    let sent = block_on(house.otp.send(request)).unwrap();
    let tokens = block_on(house.otp.exchange(login(&sent.otp_id, &house.code(&ada())))).unwrap();
    house.clock.advance(seconds(30));
    (tokens.access.expose().to_owned(), tokens.refresh.unwrap().expose().to_owned())
}

#[test]
fn all_sessions_of_a_subject_end_at_once_and_nobody_elses_do() {
    let house = House::new();
    let (ada_1, ada_2) = (session(&house, "ada"), session(&house, "ada"));
    let eve = session(&house, "eve");
    block_on(house.otp.revoke_subject("ada")).unwrap();
    for (access, refresh) in [&ada_1, &ada_2] {
        assert!(matches!(block_on(house.otp.refresh(refresh)), Err(TokenError::Refused)));
        assert!(matches!(block_on(house.otp.authenticate_strictly(access)), Err(TokenError::Refused)));
        assert!(block_on(house.otp.authenticate(access)).is_ok(), "until it runs out, unless asked strictly");
    }
    assert!(block_on(house.otp.refresh(&eve.1)).is_ok());
    assert!(block_on(house.otp.authenticate_strictly(&eve.0)).is_ok());

    house.clock.advance(seconds(31)); // clocks of processes may be 30 apart
    let after = session(&house, "ada");
    assert!(block_on(house.otp.authenticate_strictly(&after.0)).is_ok(), "signed in again");
    let refreshed = block_on(house.otp.refresh(&after.1)).unwrap();
    assert!(block_on(house.otp.authenticate_strictly(refreshed.access.expose())).is_ok());
    house.clock.advance(seconds(29 * 24 * 3600));
    assert!(matches!(block_on(house.otp.refresh(&ada_1.1)), Err(TokenError::Refused)));
}

#[test]
fn a_subject_may_be_the_recipient_itself() {
    let house = House::new();
    let sent = block_on(house.otp.send(Request::login(&recipient("Ada@Example.org")))).unwrap();
    let tokens = block_on(house.otp.exchange(login(&sent.otp_id, &house.code(&ada())))).unwrap();
    block_on(house.otp.revoke_subject(&ada().canonical())).unwrap();
    let refresh = tokens.refresh.unwrap();
    assert!(matches!(block_on(house.otp.refresh(refresh.expose())), Err(TokenError::Refused)));
}

/// A store that lets something happen between a write and its reply.
struct Meanwhile {
    store: MemoryStore,
    happens: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl CodeStore for &Meanwhile {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.store.load(name).await
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let swapped = self.store.swap(name, expected, value, forget_after).await;
        let happens = self.happens.lock().unwrap().take();
        if let Some(happens) = happens {
            happens();
        }
        swapped
    }
}

#[test]
fn a_refresh_hands_out_nothing_if_all_sessions_ended_before_its_reply() {
    let clock = ManualClock::default();
    let memory = MemoryStore::with_clock(100, clock.clone());
    let house = House::on(memory.clone(), clock.clone(), Policy::default());
    let (_, refresh) = session(&house, "ada");
    let store = Meanwhile { store: memory, happens: Mutex::new(None) };
    let otp = Exchanger::builder(&store, Outbox::new(), keyring()).clock(clock).build().unwrap();
    *store.happens.lock().unwrap() = Some(Box::new(move || {
        block_on(house.otp.revoke_subject("ada")).unwrap();
    }));
    assert!(matches!(block_on(otp.refresh(&refresh)), Err(TokenError::Refused)));
    assert!(store.happens.lock().unwrap().is_none(), "it happened in between");
}

#[test]
fn a_submission_by_recipient_after_cancelling_compares_with_what_is_left() {
    let house = House::new();
    block_on(house.otp.send(Request::login(&ada()).by_recipient())).unwrap();
    let code = house.code(&ada());
    let listed = block_on(house.otp.live_codes(&ada())).unwrap();
    block_on(house.otp.cancel(&listed[0].otp_id)).unwrap();
    let answer = block_on(house.otp.verify(Submission::by_recipient(&ada(), &code).login()));
    assert!(matches!(answer, Err(ExchangeError::Refused(Refused { attempts_left: None, .. }))));
}
