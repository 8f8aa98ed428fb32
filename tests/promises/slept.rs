//! A process that sleeps between charging and telling reveals nothing that is no longer, or not yet, so.

use std::sync::{Arc, Mutex};

use crate::common::{
    House, LIFETIME, MILLISECOND, SLACK, TEN_YEARS, ada, block_on, login, memory, other_than,
    refused_as_dead, seconds, start,
};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    CodeStore, ExchangeError, MemoryStore, Name, Policy, Refused, Request, Sealed, StoreError, Swap,
    Timestamp, TokenError, Version,
};

/// A store in which the process falls asleep: the swap is applied, and on waking the clock shows another
/// time.
struct Sleepy {
    store: MemoryStore,
    clock: ManualClock,
    wakes_at: Mutex<Option<Timestamp>>,
}

impl CodeStore for Sleepy {
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
        let swap = self.store.swap(name, expected, value, forget_after).await;
        if let Some(moment) = self.wakes_at.lock().unwrap().take() {
            self.clock.set(moment);
        }
        swap
    }
}

/// What a process that wakes at that moment says to a right code, and to a wrong one.
fn after_sleep(wakes_at: Timestamp) -> [Result<(), ExchangeError>; 2] {
    [true, false].map(|right| {
        let clock = ManualClock::default();
        let sleepy = Arc::new(Sleepy { store: memory(), clock: clock.clone(), wakes_at: Mutex::default() });
        let house = House::on(Arc::clone(&sleepy), clock, Policy::default());
        let sent = block_on(house.otp.send(Request::login(&ada()))).unwrap();
        let code = sent.expose().code;
        let typed = if right { code.to_owned() } else { other_than(code) };
        *sleepy.wakes_at.lock().unwrap() = Some(wakes_at);
        let answer = block_on(house.otp.verify(login(&sent.otp_id, &typed))).map(|_| ());
        assert_eq!(house.store.applied(), 2, "it was charged all the same");
        answer
    })
}

#[test]
fn a_process_that_slept_beyond_the_end_reveals_nothing() {
    let end = start().saturating_add(LIFETIME);
    let [right, wrong] = after_sleep(end.saturating_sub(MILLISECOND));
    assert!(right.is_ok(), "a millisecond before");
    assert!(
        matches!(wrong, Err(ExchangeError::Refused(Refused { attempts_left: Some(4), .. }))),
        "{wrong:?}"
    );
    for moment in [end, end.saturating_add(TEN_YEARS), Timestamp::MAX] {
        let [right, wrong] = after_sleep(moment);
        assert!(refused_as_dead(&right) && refused_as_dead(&wrong), "{right:?} {wrong:?}");
        assert_eq!(format!("{right:?}"), format!("{wrong:?}"), "one answer for both");
    }
}

#[test]
fn a_process_that_woke_before_the_beginning_reveals_nothing() {
    let begin = start().saturating_sub(SLACK);
    assert!(after_sleep(begin)[0].is_ok());
    for moment in [begin.saturating_sub(MILLISECOND), begin.saturating_sub(TEN_YEARS), Timestamp::MIN] {
        let [right, wrong] = after_sleep(moment);
        assert!(refused_as_dead(&right), "{moment}: {right:?}");
        assert!(refused_as_dead(&wrong), "{moment}: {wrong:?}");
    }
}

#[test]
fn a_process_that_slept_over_a_refresh_hands_out_nothing_dead() {
    let clock = ManualClock::default();
    let sleepy = Arc::new(Sleepy { store: memory(), clock: clock.clone(), wakes_at: Mutex::default() });
    let house = House::on(Arc::clone(&sleepy), clock, Policy::default().refresh_idle(seconds(3600)));
    let sent = block_on(house.otp.send(Request::login(&ada()))).unwrap();
    let tokens = block_on(house.otp.exchange(login(&sent.otp_id, sent.expose().code))).unwrap();
    *sleepy.wakes_at.lock().unwrap() = Some(start().saturating_add(seconds(3600)));
    let answer = block_on(house.otp.refresh(tokens.refresh.unwrap().expose()));
    assert!(matches!(answer, Err(TokenError::Refused)), "{answer:?}");
}
