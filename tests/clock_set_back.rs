//! A clock that was ahead and is set back locks no owner out.

mod common;

use std::time::Duration;

use common::{
    House, LIFETIME, MILLISECOND, QUARTER, SLACK, TEN_YEARS, ada, block_on, just_under, login, seconds, start,
};
use otp_exchange::{Policy, Request, SendError};

/// How long an owner waits after codes were sent by a clock that was ahead, until one comes through.
fn wait_after(ahead: Duration, codes: usize, policy: Policy, lifetime: Duration) -> Duration {
    let house = House::with(policy);
    let ada = ada();
    let request = || Request::login(&ada).lifetime(lifetime);
    house.clock.advance(ahead);
    for _ in 0..codes {
        block_on(house.otp.send(request())).unwrap();
    }
    house.clock.set(start());
    let mut waited = Duration::ZERO;
    loop {
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
        let policy = Policy::default().send_spacing(Duration::ZERO);
        let waited = wait_after(ahead, 3, policy, seconds(86_400));
        let most = if ahead <= SLACK { QUARTER + ahead } else { Duration::ZERO };
        assert!(waited <= most, "{ahead:?}: {waited:?}");
    }
}
