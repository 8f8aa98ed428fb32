//! How long entries stand.

use std::time::Duration;

use otp_exchange::testkit::ManualClock;
use otp_exchange::{Clock, CodeStore, Name, Sealed, Swap, SystemClock, Timestamp};
use otp_exchange_trials::{Outcome, Trial, fresh, runtime};

use crate::input::connect;
use crate::server::Server;

const NAME: Name = Name::from_bytes(*b"0123456789abcdef");
const KEY: &str = "otp:0123456789abcdef";

/// Kept so much longer than asked for.
const MARGIN: i64 = 60_000;

pub(crate) fn trials(program: &'static str) -> Vec<Trial> {
    vec![
        Trial::new("standing: the server's time to live is what the application's clock says", move || {
            times_to_live(program)
        }),
        Trial::new("standing: what ends in the past is compared, written, and gone", move || over(program)),
    ]
}

/// What is left, in milliseconds; -1 for ever, -2 if there is none.
fn left(server: &Server) -> i64 {
    let answer = server.ask(&format!("PTTL {KEY}"));
    answer.lines().next().and_then(|line| line.strip_prefix(':')?.parse().ok()).expect("a number")
}

fn times_to_live(program: &'static str) -> Outcome {
    let server = Server::start(program, &[]);
    // The server's clock is of no matter: the application's is 30 years off.
    let clock = ManualClock::at(SystemClock.now().saturating_sub(Duration::from_secs(30 * 365 * 86_400)));
    let store = connect(&server.url())?.clock(clock.clone());
    let settling = store.clone().replicas(0, Duration::from_millis(100));
    let mut last = None;
    let day = 86_400_000;
    for length in [1, 1_500, 300_000, 30 * day, 100 * 366 * day, 9_999 * 366 * day] {
        let (_, value) = fresh();
        let forget_after = clock.now().saturating_add(Duration::from_millis(length));
        let swap = runtime().block_on(store.swap(NAME, last, &value, forget_after))?;
        let (length, found) = (i64::try_from(length)?, left(&server));
        assert_eq!(swap, Swap::Applied);
        assert!((length + MARGIN - 20_000..=length + MARGIN).contains(&found), "{found} instead of {length}");
        // A load that settles writes, but changes nothing.
        assert_eq!(runtime().block_on(settling.load(NAME))?.as_ref(), Some(&value));
        assert!((found - 20_000..=found).contains(&left(&server)));
        last = Some(value.version());
    }
    // What would overflow the server's clock stays for good, and not for ever if it is swapped again.
    for (now, forget_after) in [
        (clock.now(), Timestamp::MAX),
        (Timestamp::MIN, Timestamp::MAX),
        (Timestamp::from_unix_millis(0), Timestamp::from_unix_millis(i64::MAX / 2)),
    ] {
        clock.set(now);
        for (forget_after, stays) in
            [(forget_after, true), (now.saturating_add(Duration::from_secs(9)), false)]
        {
            let (_, value) = fresh();
            let swap = runtime().block_on(store.swap(NAME, last, &value, forget_after))?;
            assert_eq!(swap, Swap::Applied);
            assert_eq!(left(&server) == -1, stays);
            last = Some(value.version());
        }
    }
    Ok(())
}

fn over(program: &'static str) -> Outcome {
    let server = Server::start(program, &[]);
    let store = connect(&server.url())?;
    let now = SystemClock.now();
    let swap = |expected, value: &Sealed, forget_after| {
        runtime().block_on(store.swap(NAME, expected, value, forget_after))
    };
    for past in [now, now.saturating_sub(Duration::from_millis(1)), Timestamp::MIN] {
        let ((_, first), (_, second)) = (fresh(), fresh());
        assert_eq!(swap(None, &first, past)?, Swap::Applied, "nothing is there");
        assert_eq!((runtime().block_on(store.load(NAME))?, left(&server)), (None, -2));
        assert_eq!(swap(Some(first.version()), &second, past)?, Swap::Conflict, "never creates");

        assert_eq!(swap(None, &first, Timestamp::MAX)?, Swap::Applied);
        assert_eq!(swap(None, &second, past)?, Swap::Conflict, "never overwrites");
        assert_eq!(swap(Some(second.version()), &second, past)?, Swap::Conflict, "compares");
        assert_eq!(runtime().block_on(store.load(NAME))?.as_ref(), Some(&first));
        assert_eq!(swap(Some(first.version()), &second, past)?, Swap::Applied);
        assert_eq!((runtime().block_on(store.load(NAME))?, left(&server)), (None, -2));
    }
    Ok(())
}
