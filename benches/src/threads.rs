//! How many flows several threads get done on one store, beside as many threads of the floor.

use std::thread;
use std::time::{Duration, Instant};

use otp_exchange::{Clock, MemoryStore, SystemClock};

use crate::floor::{Draft, Floor};
use crate::ports::run;
use crate::setting::Setting;
use crate::world::sizes;

/// How many flows all threads do together.
const FLOWS: usize = 40_000;

const HOUR: Duration = Duration::from_secs(3600);

/// Flows a second, `send` then `exchange`, that so many threads get done, and how many of the floor.
///
/// # Panics
/// If the crate does not do what it promises.
pub fn flows_per_second(threads: usize) -> (f64, f64) {
    (flows(threads), floors(threads))
}

fn flows(threads: usize) -> f64 {
    let setting = Setting::Plain;
    let store = MemoryStore::new(3 * FLOWS);
    let otp = setting.builder(store, SystemClock).build().expect("in range");
    let asked: Vec<_> = (0..FLOWS).map(|number| setting.asking(number)).collect();
    side_by_side(asked.chunks(FLOWS / threads).collect(), |asked| {
        for asking in asked {
            let sent = run(otp.send(setting.request(asking))).expect("room for a code");
            let right = setting.submission(&asking.client, &sent.otp_id, sent.expose().code);
            drop(run(otp.exchange(right)).expect("the right code"));
        }
    })
}

fn floors(threads: usize) -> f64 {
    let setting = Setting::Plain;
    let sizes = sizes(setting, SystemClock);
    let store = MemoryStore::new(3 * FLOWS);
    let forget_after = SystemClock.now().saturating_add(HOUR);
    let share = |_| {
        let floor = Floor::new(sizes, setting.hashed());
        let sent = floor.drafts(FLOWS / threads, sizes.ledger, forget_after);
        let use_up =
            |sent: &Draft| Draft { name: sent.name, entry: floor.entry(sizes.used_ledger), forget_after };
        let used: Vec<_> = sent.iter().map(use_up).collect();
        let sessions = floor.drafts(FLOWS / threads, sizes.session, forget_after);
        (floor, sent, used, sessions)
    };
    side_by_side((0..threads).map(share).collect(), |(mut floor, sent, used, sessions)| {
        for ((sent, used), session) in sent.iter().zip(&used).zip(&sessions) {
            floor.send(&store, sent, None);
            floor.exchange(&store, used, session, None);
        }
    })
}

/// Flows a second, when each thread does its share.
#[allow(clippy::disallowed_methods)] // measures a span; decides nothing
fn side_by_side<T: Send>(shares: Vec<T>, work: impl Fn(T) + Sync) -> f64 {
    let start = Instant::now();
    thread::scope(|scope| {
        for share in shares {
            scope.spawn(|| work(share));
        }
    });
    #[allow(clippy::cast_precision_loss)] // 40,000
    let flows = FLOWS as f64;
    flows / start.elapsed().as_secs_f64()
}
