//! A write that was given up for lost and arrives late, after its entry has been forgotten, brings no code
//! back to life.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::common::{ada, block_on, client, desk, keyring, patient, seconds};
use otp_exchange::testkit::{Injected, ManualClock};
use otp_exchange::{
    CodeAlone, CodeStore, ExchangeError, Exchanger, Kind, MemoryStore, Name, Otp, Outbox, Request, Sealed,
    StoreError, Submission, Swap, Timestamp, Version,
};

type Write = (Name, Option<Version>, Sealed, Timestamp);

/// Keeps one write back that creates an entry, as a connection that hangs does, and writes it when it is told
/// to: the first, or the first of another entry.
struct Hanging {
    store: MemoryStore,
    kept_back: Mutex<Option<Write>>,
    /// How many entries there are when it hangs.
    hangs_at: AtomicUsize,
}

impl Hanging {
    fn new(store: MemoryStore) -> Self {
        Self { store, kept_back: Mutex::default(), hangs_at: AtomicUsize::new(0) }
    }

    fn keeps_back_the_second(&self) {
        self.hangs_at.store(1, Ordering::SeqCst);
    }

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
            if kept_back.is_none()
                && expected.is_none()
                && self.store.len() == self.hangs_at.load(Ordering::SeqCst)
            {
                *kept_back = Some((name, expected, value.clone(), forget_after));
                return Err(StoreError::unknown(Injected));
            }
        }
        self.store.swap(name, expected, value, forget_after).await
    }
}

/// Whether a used code is accepted again when the write that first stored it arrives that much later; one
/// that was made in the recipient's ledger, or one that answers to nothing but itself and lies in its own.
fn accepted_again(late: Duration, alone: bool) -> bool {
    let (clock, outbox) = (ManualClock::default(), Outbox::new());
    let store = MemoryStore::with_clock(100, clock.clone());
    let store = Arc::new(Hanging::new(store));
    let policy = patient().otp(Otp::new(Kind::Alphanumeric, 16).expect("in range"));
    let otp = Exchanger::builder(store.clone(), outbox.clone(), keyring())
        .policy(policy.code_alone(CodeAlone::default()))
        .clock(clock.clone())
        .build()
        .expect("in range");
    let request = Request::login(&ada()).lifetime(seconds(24 * 3600)).requested_by(desk());
    let request = if alone { request.by_code() } else { request };
    if alone {
        // So that the write which is kept back is the one of the code, not that of the ledger beside it.
        store.keeps_back_the_second();
    }
    let sent = block_on(otp.send(request)).expect("the second try is applied");
    let code = outbox.code_for(&ada()).expect("sent");
    let submit = || {
        let by_id = Submission::by_id(&sent.otp_id, code.expose());
        let named = if alone { Submission::by_code(code.expose()).client(client(0)) } else { by_id };
        block_on(otp.exchange(named.login()))
    };
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
    for late in [1, 31, 61, 3600, 3631, 24 * 3600 - 1, 24 * 3600, 24 * 3600 + 31, 40 * 24 * 3600] {
        for alone in [false, true] {
            assert!(!accepted_again(seconds(late), alone), "{late} s, alone: {alone}");
        }
    }
}

#[test]
fn the_late_write_does_arrive_where_nothing_is_there_any_more() {
    let clock = ManualClock::default();
    let store = MemoryStore::with_clock(100, clock.clone());
    let store = Hanging::new(store);
    let (name, value) = (Name::from_bytes([1; 16]), Sealed::from_bytes(vec![1; 40]).expect("long enough"));
    let lost = block_on(store.swap(name, None, &value, Timestamp::MAX));
    assert!(lost.is_err_and(|error| error.may_have_applied()));
    assert_eq!(store.arrives_late(), Swap::Applied);
}
