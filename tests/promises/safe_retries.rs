//! The same request, sent once more, makes no second code and no second message.

use crate::common::{House, ada, block_on, keyring, login, race, recipient, seconds};
use otp_exchange::testkit::{FaultyStore, ManualClock, Reply};
use otp_exchange::{
    ClientKey, Exchanger, Grant, MemoryStore, Outbox, Policy, Request, RequestError, SendError, Waiting,
};

fn press() -> Request {
    Request::login(&ada()).client(ClientKey::new("phone")).idempotency_key("7c9e6679-7425-40de")
}

#[test]
fn a_double_click_makes_one_code_and_one_message() {
    let house = House::new();
    let first = block_on(house.otp.send(press())).unwrap();
    let again = block_on(house.otp.send(press())).unwrap();
    assert_eq!(house.outbox.total(), 1);
    assert_ne!(first.otp_id, again.otp_id, "another name of the same challenge");
    assert_eq!((first.expires_at, first.resend_at), (again.expires_at, again.resend_at));
    assert_eq!(block_on(house.otp.live_codes(&ada())).unwrap().len(), 1);
    let code = house.code(&ada());
    assert!(block_on(house.otp.verify(login(&again.otp_id, &code))).is_ok());
    assert!(block_on(house.otp.verify(login(&first.otp_id, &code))).is_err(), "one code, used up");
}

#[test]
fn a_hundred_presses_at_once_make_one_code_and_one_message() {
    let house = House::new();
    let receipts = race(100, |_| block_on(house.otp.send(press())).unwrap());
    assert_eq!(house.outbox.total(), 1);
    assert!(receipts.iter().all(|receipt| receipt.expires_at == receipts[0].expires_at));
    assert_eq!(block_on(house.otp.live_codes(&ada())).unwrap().len(), 1);
}

#[test]
fn without_a_key_or_with_another_request_under_it_a_second_one_waits() {
    let others = [
        Request::login(&ada()).client(ClientKey::new("phone")),
        press().idempotency_key("another press of it"),
        press().client(ClientKey::new("somebody else")),
        press().grant(Grant::for_subject("somebody else")),
        press().bind("device", "another"),
        press().attempts(4),
        press().by_recipient(),
        press().decoy(true),
        Request::register(&ada()).client(ClientKey::new("phone")).idempotency_key("7c9e6679-7425-40de"),
    ];
    for other in others {
        let house = House::new();
        block_on(house.otp.send(press())).unwrap();
        let answer = block_on(house.otp.send(other.clone()));
        assert!(matches!(answer, Err(SendError::Wait { why: Waiting::Spacing, .. })), "{other:?}");
        assert!(block_on(house.otp.send(press())).is_ok());
        assert_eq!(house.outbox.total(), 1);
    }
}

#[test]
fn a_key_belongs_to_its_recipient() {
    let house = House::new();
    block_on(house.otp.send(press())).unwrap();
    let eve = recipient("eve@example.org");
    let hers = Request::login(&eve).client(ClientKey::new("phone")).idempotency_key("7c9e6679-7425-40de");
    block_on(house.otp.send(hers)).unwrap();
    assert_eq!(house.outbox.total(), 2);
}

#[test]
fn a_key_is_free_again_when_its_code_is_dead() {
    let house = House::new();
    block_on(house.otp.send(press())).unwrap();
    house.clock.advance(seconds(300));
    block_on(house.otp.send(press())).unwrap();
    assert_eq!(house.outbox.total(), 2);
}

#[test]
fn a_retry_after_a_lost_reply_of_the_store_makes_no_second_code() {
    for call in 0..2 {
        for reply in [Reply::ReplyLost, Reply::RequestLost, Reply::NotApplied, Reply::Permanent] {
            let clock = ManualClock::default();
            let store = FaultyStore::new(MemoryStore::with_clock(100, clock.clone()));
            let outbox = Outbox::new();
            let otp = Exchanger::builder(store.clone(), outbox.clone(), keyring())
                .policy(Policy::default())
                .clock(clock)
                .build()
                .unwrap();
            store.fail(call, reply);
            let _ = block_on(otp.send(press()));
            block_on(otp.send(press())).unwrap();
            let codes = block_on(otp.live_codes(&ada())).unwrap().len();
            assert_eq!((codes, outbox.total() <= 1), (1, true), "{call} {reply:?}");
        }
    }
}

#[test]
fn a_key_has_16_to_255_bytes() {
    let house = House::new();
    for bad in [String::new(), "k".repeat(256)] {
        let answer = block_on(house.otp.send(Request::login(&ada()).idempotency_key(bad)));
        assert!(matches!(answer, Err(SendError::Request(RequestError::IdempotencyKey))));
    }
    assert!(block_on(house.otp.send(Request::login(&ada()).idempotency_key("k".repeat(16)))).is_ok());
}
