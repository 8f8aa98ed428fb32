//! A code is prepared, its message handed over behind the answer: once, in time, and whoever it is for it looks
//! the same before.

use std::time::Duration;

use otp_exchange::testkit::{CountingStore, ManualClock};
use otp_exchange::{Exchanger, Keyring, MemoryStore, Outbox, Recipient, Request, SendError, Submission};
use pollster::FutureExt;

struct Service {
    otp: Exchanger<CountingStore<MemoryStore>, Outbox>,
    store: CountingStore<MemoryStore>,
    outbox: Outbox,
    clock: ManualClock,
}

fn service() -> Service {
    let (outbox, clock) = (Outbox::new(), ManualClock::default());
    let store = CountingStore::new(MemoryStore::with_clock(100, clock.clone()));
    let otp = Exchanger::builder(store.clone(), outbox.clone(), Keyring::generate().unwrap())
        .clock(clock.clone())
        .build()
        .unwrap();
    Service { otp, store, outbox, clock }
}

fn ada() -> Recipient {
    Recipient::parse("ada@example.org").unwrap()
}

#[test]
fn a_prepared_code_is_sent_when_it_is_handed_over_and_counted_before() {
    let Service { otp, outbox, clock, .. } = service();
    let outgoing = otp.prepare(Request::login(&ada())).block_on().unwrap();
    let otp_id = outgoing.receipt().otp_id;
    assert_eq!(outbox.total(), 0);
    assert!(matches!(otp.deliver(&otp_id).block_on(), Err(SendError::Wait { .. })));
    let receipt = otp.hand_over(outgoing).block_on().unwrap();
    assert_eq!((receipt.otp_id, outbox.total()), (otp_id, 1));

    clock.advance(Duration::from_secs(30));
    let again = otp.prepare_again(&otp_id).block_on().unwrap();
    assert_eq!((again.receipt().length, outbox.total()), (6, 1));
    otp.hand_over(again).block_on().unwrap();
    assert_eq!(outbox.total(), 2);
    let code = outbox.code_for(&ada()).unwrap();
    assert!(otp.exchange(Submission::by_id(&otp_id, code.expose()).login()).block_on().is_ok());
}

#[test]
fn a_dropped_message_costs_its_turn_and_not_the_code() {
    let Service { otp, outbox, clock, .. } = service();
    let otp_id = {
        let lost = otp.prepare(Request::login(&ada())).block_on().unwrap();
        lost.receipt().otp_id
    };
    clock.advance(Duration::from_secs(29));
    assert!(matches!(otp.deliver(&otp_id).block_on(), Err(SendError::Wait { .. })));
    clock.advance(Duration::from_secs(1));
    otp.deliver(&otp_id).block_on().unwrap();
    let code = outbox.code_for(&ada()).unwrap();
    assert!(otp.exchange(Submission::by_id(&otp_id, code.expose()).login()).block_on().is_ok());
}

#[test]
fn a_message_that_waited_longer_than_its_code_lives_goes_nowhere() {
    // A code lives to just before its end.
    for (waited, sent) in [(299_999, 1), (300_000, 0)] {
        let Service { otp, outbox, clock, .. } = service();
        let outgoing = otp.prepare(Request::login(&ada())).block_on().unwrap();
        clock.advance(Duration::from_millis(waited));
        let handed_over = otp.hand_over(outgoing).block_on();
        assert_eq!((handed_over.is_ok(), outbox.total()), (sent == 1, sent), "after {waited} ms");
        assert!(sent == 1 || matches!(handed_over, Err(SendError::Gone)));
    }
}

#[test]
fn no_other_exchanger_hands_a_message_over() {
    let (one, other) = (service(), service());
    let outgoing = one.otp.prepare(Request::login(&ada())).block_on().unwrap();
    assert!(matches!(other.otp.hand_over(outgoing).block_on(), Err(SendError::Foreign)));
    assert_eq!((one.outbox.total(), other.outbox.total()), (0, 0));
}

#[test]
fn a_decoy_is_prepared_with_the_same_calls_and_sends_nothing() {
    let calls = |decoy| {
        let Service { otp, store, outbox, .. } = service();
        let outgoing = otp.prepare(Request::login(&ada()).decoy(decoy)).block_on().unwrap();
        let calls = (store.loads(), store.swaps());
        let receipt = otp.hand_over(outgoing).block_on().unwrap();
        assert_eq!((store.loads(), store.swaps()), calls, "handing over asks no store");
        (calls, receipt.attempts, receipt.lifetime, receipt.length, receipt.total_messages(), outbox.total())
    };
    let (real, decoy) = (calls(false), calls(true));
    assert_eq!((real.0, real.1, real.2, real.3, real.4), (decoy.0, decoy.1, decoy.2, decoy.3, decoy.4));
    assert_eq!((real.5, decoy.5), (1, 0));
}
