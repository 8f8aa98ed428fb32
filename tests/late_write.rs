//! A write that was given up for lost and arrives late, after its entry has been forgotten, brings no code
//! back to life.

mod common;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use common::{ada, block_on, keyring, seconds};
use otp_exchange::testkit::{Injected, ManualClock};
use otp_exchange::{
    CodeStore, ExchangeError, Exchanger, MemoryStore, Name, Outbox, Request, Sealed, StoreError, Submission,
    Swap, Timestamp, Version,
};

type Write = (Name, Option<Version>, Sealed, Timestamp);

/// Keeps its first write back, as a connection that hangs does, and writes it when it is told to.
struct Hanging {
    store: MemoryStore,
    kept_back: Mutex<Option<Write>>,
}

impl Hanging {
    fn arrives_late(&self) -> Swap {
        let kept_back = self.kept_back.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (name, expected, value, forget_after) = kept_back.expect("a write was kept back");
        block_on(self.store.swap(name, expected, &value, forget_after)).expect("the store has room")
    }
}

impl CodeStore for Hanging {
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
        {
            let mut kept_back = self.kept_back.lock().unwrap_or_else(PoisonError::into_inner);
            if kept_back.is_none() && expected.is_none() && self.store.is_empty() {
                *kept_back = Some((name, expected, value.clone(), forget_after));
                return Err(StoreError::unknown(Injected));
            }
        }
        self.store.swap(name, expected, value, forget_after).await
    }
}

/// Whether a used code is accepted again when the write that first stored it arrives that much later.
fn accepted_again(late: Duration) -> bool {
    let (clock, outbox) = (ManualClock::default(), Outbox::new());
    let store = MemoryStore::with_clock(100, clock.clone());
    let store = Arc::new(Hanging { store, kept_back: Mutex::default() });
    let otp = Exchanger::builder(store.clone(), outbox.clone(), keyring())
        .clock(clock.clone())
        .build()
        .expect("in range");
    let day = seconds(24 * 3600);
    let sent = block_on(otp.send(Request::login(&ada()).lifetime(day))).expect("the second try is applied");
    let code = outbox.code_for(&ada()).expect("sent");
    let submit = || block_on(otp.exchange(Submission::by_id(&sent.otp_id, code.expose()).login()));
    submit().expect("it is right");

    clock.advance(late);
    let _ = store.arrives_late();
    match submit() {
        Ok(_) => true,
        Err(ExchangeError::Refused(_)) => false,
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_used_code_stays_used_however_late_the_write_arrives() {
    for late in [1, 31, 61, 3600, 24 * 3600 - 1, 24 * 3600, 24 * 3600 + 31, 40 * 24 * 3600] {
        assert!(!accepted_again(seconds(late)), "{late} s");
    }
}

#[test]
fn the_late_write_does_arrive_where_nothing_is_there_any_more() {
    let clock = ManualClock::default();
    let store = MemoryStore::with_clock(100, clock.clone());
    let store = Hanging { store, kept_back: Mutex::default() };
    let (name, value) = (Name::from_bytes([1; 16]), Sealed::from_bytes(vec![1; 40]).expect("long enough"));
    let lost = block_on(store.swap(name, None, &value, Timestamp::MAX));
    assert!(lost.is_err_and(|error| error.may_have_applied()));
    assert_eq!(store.arrives_late(), Swap::Applied);
}
