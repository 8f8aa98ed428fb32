//! A clock that was ahead and is set back locks no owner out.

use std::time::Duration;

use crate::common::{
    GUESSES, House, LIFETIME, MILLISECOND, QUARTER, SLACK, TEN_YEARS, ada, block_on, client, desk,
    just_under, login, other_than, patient, seconds, start,
};
use otp_exchange::{AtLimit, MemoryStore, Policy, Quota, Receipt, Request, SendError};

/// How long an owner waits after codes were sent by a clock that was ahead, until one comes through.
fn wait_after(ahead: Duration, codes: usize, policy: Policy, lifetime: Duration) -> Duration {
    let house = House::with(policy);
    let ada = ada();
    let request = || Request::login(&ada).lifetime(lifetime).requested_by(desk());
    house.clock.advance(ahead);
    for _ in 0..codes {
        block_on(house.otp.send(request())).unwrap();
    }
    wait_from_the_start(&house, request)
}

/// How long an owner waits once the clock was set back, until a code comes through and works.
fn wait_from_the_start(house: &House<MemoryStore>, request: impl Fn() -> Request) -> Duration {
    house.clock.set(start());
    let mut waited = Duration::ZERO;
    loop {
        assert!(waited < TEN_YEARS, "locked out for good");
        match block_on(house.otp.send(request())) {
            Ok(sent) => {
                assert!(block_on(house.otp.exchange(login(&sent.otp_id, sent.expose().code))).is_ok());
                return waited;
            }
            Err(SendError::Wait { retry_after, .. }) => {
                assert!(retry_after > Duration::ZERO);
                waited += retry_after;
                house.clock.advance(retry_after);
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

fn steps_ahead() -> [Duration; 9] {
    let almost = just_under(SLACK);
    [
        MILLISECOND,
        almost,
        SLACK,
        SLACK + MILLISECOND,
        QUARTER,
        seconds(86_400),
        TEN_YEARS,
        10 * TEN_YEARS,
        Duration::MAX,
    ]
}

#[test]
fn a_clock_that_was_ahead_locks_nobody_out() {
    for ahead in steps_ahead() {
        let waited = wait_after(ahead, 1, Policy::default(), LIFETIME);
        assert!(waited <= SLACK + SLACK, "{ahead:?}: {waited:?}");
        let waited = wait_after(ahead, 3, Policy::default().send_spacing(Duration::ZERO), LIFETIME);
        assert!(waited <= QUARTER, "{ahead:?}: {waited:?}");
    }
}

#[test]
fn a_clock_that_was_ahead_locks_nobody_out_under_the_longest_spacing() {
    for ahead in steps_ahead() {
        let waited = wait_after(ahead, 1, Policy::default().send_spacing(QUARTER), LIFETIME);
        // A clock that is ahead by no more than the slack is taken for another process's.
        let most = if ahead <= SLACK { QUARTER + ahead } else { Duration::ZERO };
        assert!(waited <= most, "{ahead:?}: {waited:?}");
    }
}

#[test]
fn a_clock_that_was_ahead_locks_nobody_out_by_codes_that_live_long() {
    for ahead in steps_ahead() {
        let policy = patient().send_spacing(Duration::ZERO);
        let waited = wait_after(ahead, 3, policy, seconds(86_400));
        let most = if ahead <= SLACK { QUARTER + ahead } else { Duration::ZERO };
        assert!(waited <= most, "{ahead:?}: {waited:?}");
    }
}

/// Asks for a code, waiting for as long as it is told to.
fn send_in_time(house: &House<MemoryStore>, request: impl Fn() -> Request) -> Receipt {
    loop {
        match block_on(house.otp.send(request())) {
            Ok(sent) => return sent,
            Err(SendError::Wait { retry_after, .. }) => house.clock.advance(retry_after),
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// A house whose clock is ahead, and which saw so many wrong guesses there.
fn guessed_at(ahead: Duration, guesses: usize, policy: Policy) -> House<MemoryStore> {
    let house = House::with(policy);
    house.clock.advance(ahead);
    let mut made = 0;
    while made < guesses {
        let sent = send_in_time(&house, || Request::login(&ada()));
        let wrong = other_than(sent.expose().code);
        for _ in 0..sent.attempts.min(u8::try_from(guesses - made).unwrap_or(u8::MAX)) {
            assert!(block_on(house.otp.exchange(login(&sent.otp_id, &wrong))).is_err());
            made += 1;
        }
    }
    house
}

#[test]
fn a_clock_that_was_ahead_locks_nobody_out_who_kept_asking() {
    for ahead in steps_ahead() {
        for asking in [None, Some(client(1))] {
            let house = House::new();
            let request = || match &asking {
                Some(client) => Request::login(&ada()).client(client.clone()),
                None => Request::login(&ada()),
            };
            house.clock.advance(ahead.min(10 * TEN_YEARS));
            for _ in 0..8 {
                send_in_time(&house, request); // the eighth waits for a quarter of an hour
            }
            assert_eq!(wait_from_the_start(&house, request), Duration::ZERO, "{ahead:?}");
        }
    }
}

#[test]
fn a_clock_that_was_ahead_locks_nobody_out_by_quotas() {
    let (window, two) = (seconds(86_400), Quota::new(2, seconds(86_400)));
    for ahead in steps_ahead() {
        let quotas = Policy::default().client_sends(two).service_sends(two).send_spacing(Duration::ZERO);
        let house = House::with(quotas);
        let request = || Request::login(&ada()).client(client(1));
        house.clock.advance(ahead);
        for _ in 0..2 {
            block_on(house.otp.send(request())).unwrap();
        }
        let waited = wait_from_the_start(&house, request);
        // The same window still, or none of which anything is known.
        assert!(waited <= if ahead < window { window } else { Duration::ZERO }, "{ahead:?}: {waited:?}");
    }
}

#[test]
fn a_clock_that_was_ahead_locks_nobody_out_by_failures() {
    let request = || Request::login(&ada());
    for ahead in steps_ahead() {
        let house = guessed_at(ahead, 5, Policy::default().failure_limit(5, AtLimit::Block(QUARTER)));
        let waited = wait_from_the_start(&house, request);
        assert!(waited <= QUARTER + SLACK, "{ahead:?}: {waited:?}");
        let house = guessed_at(ahead, 5, Policy::default().failure_limit(5, AtLimit::LongerCodes));
        let waited = wait_from_the_start(&house, request);
        assert!(waited <= SLACK + SLACK, "{ahead:?}: {waited:?}");
    }
}

#[test]
fn a_clock_that_was_ahead_locks_nobody_out_by_guesses_for_longer_than_guesses_count() {
    let request = || Request::login(&ada());
    // Two codes of five attempts, and then longer ones, or none for a day.
    let strict = || Policy::default().accept_risk(1e-5);
    for ahead in steps_ahead() {
        let house = guessed_at(ahead, 10, strict());
        let waited = wait_from_the_start(&house, request);
        assert!(waited <= SLACK + SLACK, "{ahead:?}: {waited:?}");
    }
    for ahead in steps_ahead() {
        let house = guessed_at(ahead, 10, strict().longer_codes(false));
        let waited = wait_from_the_start(&house, request);
        assert!(waited <= 2 * GUESSES + SLACK, "{ahead:?}: {waited:?}");
    }
    for ahead in steps_ahead().into_iter().filter(|ahead| *ahead <= QUARTER) {
        let house = guessed_at(ahead, 10, strict().longer_codes(false));
        let waited = wait_from_the_start(&house, request);
        assert!(waited > QUARTER && waited <= GUESSES, "{ahead:?}: {waited:?}");
    }
}
