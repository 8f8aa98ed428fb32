//! Leases, by which etcd forgets: one for all entries that may go at about the same time.

use std::collections::HashMap;
use std::time::Duration;

use otp_exchange::Timestamp;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How much longer than asked for a lease lives.
const MARGIN: Duration = Duration::from_secs(60);

/// How much of that must be left when an entry is hung on it: clocks never run quite alike.
const SLACK: Duration = Duration::from_secs(30);

/// The width of the nearest buckets, in milliseconds: about a minute.
const NARROWEST: u64 = 1 << 16;

/// The longest that etcd lets a lease live, in seconds; entries that must live longer have none.
const LONGEST: u64 = 9_000_000_000;

/// The leases this process was granted, by the end of the bucket they serve.
#[derive(Debug, Default)]
pub(crate) struct Leases(Mutex<HashMap<i64, Lease>>);

#[derive(Clone, Copy, Debug)]
struct Lease {
    id: i64,
    lifetime: Duration,
    granted: Instants,
}

/// A moment by two clocks: the application's, which may be set, and one that only runs on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instants {
    pub(crate) by_clock: Timestamp,
    pub(crate) running: Instant,
}

impl Lease {
    /// What is left of it at least. The running clock may stand still while a machine sleeps, the other may
    /// be set back, so whichever says that more time has passed is believed.
    fn left(&self, now: Instants) -> Duration {
        let running = now.running.saturating_duration_since(self.granted.running);
        let passed = running.max(self.granted.by_clock.until(now.by_clock));
        self.lifetime.saturating_sub(passed)
    }

    /// Whether what hangs on it lives until that moment of the application's clock as it is set now.
    fn outlives(&self, forget_after: Timestamp, now: Instants) -> bool {
        self.left(now) >= now.by_clock.until(forget_after).saturating_add(SLACK)
    }
}

impl Leases {
    /// The lease to hang an entry on that may be forgotten after that moment; 0, which is none, if that is
    /// too far away. `grant` asks etcd for one of so many seconds; those who want one meanwhile wait for
    /// it.
    pub(crate) async fn until<E, F>(
        &self,
        forget_after: Timestamp,
        now: Instants,
        grant: impl FnOnce(i64) -> F,
    ) -> Result<i64, E>
    where
        F: Future<Output = Result<i64, E>>,
    {
        let Some((bucket, seconds)) = bucket(forget_after, now.by_clock) else { return Ok(0) };
        // Held while the grant is under way: one grant per bucket. If this future is dropped, the next in
        // line asks anew; a lease that was granted to nobody runs out by itself.
        let mut leases = self.0.lock().await;
        if let Some(lease) = leases.get(&bucket).filter(|lease| lease.outlives(forget_after, now)) {
            return Ok(lease.id);
        }
        let id = grant(i64::try_from(seconds).unwrap_or(i64::MAX)).await?;
        leases.retain(|_, lease| lease.left(now) > Duration::ZERO);
        leases.insert(bucket, Lease { id, lifetime: Duration::from_secs(seconds), granted: now });
        Ok(id)
    }

    /// Uses that lease no more.
    pub(crate) async fn forget(&self, id: i64) {
        self.0.lock().await.retain(|_, lease| lease.id != id);
    }
}

/// The end of the bucket that a moment falls into, and how many seconds a lease for it must live.
///
/// Buckets are as wide as a power of two: at least a minute, and else between a thirty-second and a sixteenth
/// of the time left, so that at most 16 leases are alive for each doubling of that time.
fn bucket(forget_after: Timestamp, now: Timestamp) -> Option<(i64, u64)> {
    let forget_after = forget_after.max(now);
    let left = u64::try_from(now.until(forget_after).as_millis()).ok()?;
    let width = 1_i64 << (left / 16).max(NARROWEST).ilog2();
    let moment = forget_after.unix_millis();
    let end = moment.checked_add(width - moment.rem_euclid(width))?;
    let lifetime = now.until(Timestamp::from_unix_millis(end)).saturating_add(MARGIN);
    let seconds = u64::try_from(lifetime.as_millis().div_ceil(1000)).ok()?;
    (seconds <= LONGEST).then_some((end, seconds))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::HashSet;

    use super::*;

    const SECOND: i64 = 1000;
    const MINUTE: i64 = 60 * SECOND;
    const DAY: i64 = 24 * 60 * MINUTE;
    const NOW: i64 = 1_735_689_600_123;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis)
    }

    /// Leases that are granted as asked, numbered from 1.
    #[derive(Default)]
    struct Granted {
        leases: Leases,
        start: Option<Instant>,
        /// When each runs out, in milliseconds of the running clock.
        ends: RefCell<Vec<u64>>,
    }

    impl Granted {
        fn new() -> Self {
            Self { start: Some(Instant::now()), ..Self::default() }
        }

        /// The lease for that moment, with the clocks so many milliseconds further. It lives long enough.
        fn until(&self, forget_after: i64, by_clock: i64, running: u64) -> usize {
            let now = Instants {
                by_clock: at(NOW + by_clock),
                running: self.start.unwrap() + Duration::from_millis(running),
            };
            let grant = async |seconds| {
                let mut ends = self.ends.borrow_mut();
                ends.push(running + u64::try_from(seconds * SECOND).unwrap());
                Ok::<_, ()>(i64::try_from(ends.len()).unwrap())
            };
            let id =
                usize::try_from(now_or_never(self.leases.until(at(NOW + forget_after), now, grant)).unwrap())
                    .unwrap();
            let left = u64::try_from((forget_after - by_clock).max(0)).unwrap();
            assert!(self.ends.borrow()[id - 1] > running + left, "lease {id} ends early");
            id
        }
    }

    fn now_or_never<T>(future: impl Future<Output = T>) -> T {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(future).poll(&mut context) {
            std::task::Poll::Ready(value) => value,
            std::task::Poll::Pending => panic!("it waits"),
        }
    }

    #[test]
    fn a_bucket_ends_late_enough_and_not_much_too_late() {
        for left in [-DAY, -1, 0, 1, MINUTE, 15 * MINUTE, DAY, 30 * DAY, 3650 * DAY] {
            for start in [NOW, 0, -NOW, 65_536, -65_536, 65_535] {
                let (end, seconds) = bucket(at(start + left), at(start)).unwrap();
                let (left, lives) = (left.max(0), i64::try_from(seconds).unwrap() * SECOND);
                assert!(end > start + left, "{start} {left}");
                assert!(lives >= left + MINUTE, "{start} {left}");
                assert!(lives <= left + left / 16 + 3 * MINUTE, "{start} {left}: {lives}");
            }
        }
    }

    #[test]
    fn the_ends_of_time_are_no_trouble() {
        assert_eq!(bucket(Timestamp::MAX, at(NOW)), None);
        assert_eq!(bucket(Timestamp::MAX, Timestamp::MIN), None);
        assert_eq!(bucket(Timestamp::MAX, Timestamp::MAX), None);
        assert_eq!(bucket(Timestamp::MIN, Timestamp::MAX), None);
        assert!(bucket(Timestamp::MIN, at(NOW)).is_some());
        assert!(bucket(Timestamp::MIN, Timestamp::MIN).is_some());
        let most = i64::try_from(LONGEST).unwrap() * SECOND;
        assert_eq!(bucket(at(NOW + most), at(NOW)), None);
        assert!(bucket(at(NOW + most / 17 * 16), at(NOW)).is_some());
    }

    #[test]
    fn few_leases_serve_all_moments() {
        let ends = |until: i64, step: usize| {
            let moments = (0..until).step_by(step);
            moments
                .filter_map(|left| bucket(at(NOW + left), at(NOW)))
                .map(|(end, _)| end)
                .collect::<HashSet<_>>()
        };
        let (quarter, month, years) =
            (ends(15 * MINUTE, 500), ends(30 * DAY, 30_000), ends(100 * 365 * DAY, 100_000_000));
        assert!((14..=16).contains(&quarter.len()), "{}", quarter.len());
        assert!((180..=220).contains(&month.len()), "{}", month.len());
        assert!(years.len() <= 340, "{}", years.len());
    }

    #[test]
    fn entries_of_one_bucket_share_a_lease() {
        let granted = Granted::new();
        let first = granted.until(DAY, 0, 0);
        assert_eq!(granted.until(DAY + MINUTE, 0, 0), first);
        assert_eq!(granted.until(DAY + MINUTE, 5 * MINUTE, 300_000), first, "five minutes later");
        assert_ne!(granted.until(2 * DAY, 0, 0), first);
        assert_ne!(granted.until(MINUTE, 0, 0), first);
    }

    #[test]
    fn a_lease_is_not_used_by_what_it_does_not_outlive() {
        let day = u64::try_from(DAY).unwrap();
        let granted = Granted::new();
        let first = granted.until(30 * DAY, 0, 0);
        assert_ne!(granted.until(30 * DAY, -2 * DAY, 0), first, "the clock was set back");
        let granted = Granted::new();
        let first = granted.until(30 * DAY, 0, 0);
        assert_ne!(
            granted.until(30 * DAY, DAY / 100, 2 * day),
            first,
            "the clock was set back by what had passed"
        );
        let granted = Granted::new();
        for hour in 0..2000_i64 {
            let (set, passed) = (hour * 7919 % 1000 - 500, u64::try_from(hour).unwrap());
            granted.until(30 * DAY, (hour + set) * 60 * MINUTE, passed * 3_600_000);
        }
    }

    #[test]
    fn time_that_passed_in_sleep_counts() {
        let granted = Granted::new();
        let first = granted.until(10 * MINUTE, 0, 0);
        assert_eq!(granted.until(10 * MINUTE, 9 * MINUTE, 1000), first);
        assert_eq!(granted.until(10 * MINUTE, 9 * MINUTE, 540_000), first);
        assert_ne!(granted.until(10 * MINUTE, MINUTE, 540_000), first, "set back after nine minutes");
    }

    #[test]
    fn clocks_that_differ_a_little_share_a_lease() {
        let granted = Granted::new();
        let first = granted.until(DAY, 0, 0);
        assert_eq!(granted.until(DAY, 1000, 21_000), first);
        assert_ne!(granted.until(DAY, 1000, 3_600_000), first);
    }

    #[test]
    fn a_forgotten_lease_is_granted_anew() {
        let granted = Granted::new();
        let first = granted.until(DAY, 0, 0);
        now_or_never(granted.leases.forget(i64::try_from(first).unwrap()));
        assert_ne!(granted.until(DAY, 0, 0), first);
    }

    #[test]
    fn leases_that_ran_out_are_not_kept() {
        let granted = Granted::new();
        for minute in 0..1000 {
            granted.until(minute * MINUTE, minute * MINUTE, u64::try_from(minute * MINUTE).unwrap());
        }
        assert!(now_or_never(granted.leases.0.lock()).len() <= 4);
    }

    #[test]
    fn a_failed_or_dropped_grant_leaves_no_trace() {
        let leases = Leases::default();
        let now = Instants { by_clock: at(NOW), running: Instant::now() };
        let failed = now_or_never(leases.until(at(NOW), now, async |_| Err("full")));
        assert_eq!(failed, Err("full"));
        {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let never = async |_| std::future::pending::<Result<i64, &str>>().await;
            let mut asked = Box::pin(leases.until(at(NOW), now, never));
            assert!(asked.as_mut().poll(&mut context).is_pending());
            let mut waits = Box::pin(leases.until(at(NOW), now, never));
            assert!(waits.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(now_or_never(leases.until(at(NOW), now, async |_| Ok::<_, &str>(7))), Ok(7));
        assert_eq!(now_or_never(leases.until(at(NOW), now, async |_| Err("not asked"))), Ok(7));
    }
}
