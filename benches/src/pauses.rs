//! The longest single calls.

use std::time::Duration;

use otp_exchange::{Exchanger, MemoryStore, SystemClock};

use crate::on_cpu::timed;
use crate::ports::{Nowhere, run};
use crate::setting::Setting;

/// How often everything is done. The keys and names are the same each time, so what a call pauses for it
/// pauses for each time; the least of its times is the nearest to what the crate alone took.
const TIMES: usize = 3;

/// How many calls of each kind are made on the full store.
const CALLS: usize = 10_000;

/// The longest calls of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pauses {
    /// `send` while the store fills.
    pub filling: Duration,
    /// `send`, `exchange`, `authenticate` and `refresh` when it is full.
    pub full: [Duration; 4],
}

impl Pauses {
    /// All of them.
    pub fn all(&self) -> [Duration; 5] {
        let [send, exchange, authenticate, refresh] = self.full;
        [self.filling, send, exchange, authenticate, refresh]
    }
}

/// Fills an empty store with that many codes, and goes on.
///
/// # Panics
/// If the crate does not do what it promises.
pub fn pauses(codes: usize) -> Pauses {
    let mut best = vec![u32::MAX; codes];
    let mut full = [Duration::MAX; 4];
    for _ in 0..TIMES {
        // Everything on the way has room: each call made on the full store leaves an entry or two.
        let store = MemoryStore::new(codes + 2 * CALLS);
        let otp = Setting::Plain.builder(store, SystemClock).build().expect("in range");
        for (number, best) in best.iter_mut().enumerate() {
            *best = (*best).min(nanoseconds(send(&otp, number).1));
        }
        for (best, longest) in full.iter_mut().zip(go_on(&otp, codes)) {
            *best = longest.min(*best);
        }
    }
    let filling = best.into_iter().max().unwrap_or_default();
    Pauses { filling: Duration::from_nanos(filling.into()), full }
}

/// The longest of each kind of call on a full store.
fn go_on(otp: &Exchanger<MemoryStore, Nowhere>, codes: usize) -> [Duration; 4] {
    let mut longest = [Duration::ZERO; 4];
    for number in 0..CALLS {
        // Some of them have a code already.
        let (sent, sending) = send(otp, codes - CALLS.min(codes) / 2 + number);
        let right = Setting::Plain.asking(number).client;
        let right = Setting::Plain.submission(&right, &sent.otp_id, sent.expose().code);
        let (tokens, exchanging) = timed(|| run(otp.exchange(right)).expect("the right code"));
        let (claims, authenticating) = timed(|| run(otp.authenticate(tokens.access.expose())));
        drop(claims.expect("a fresh token"));
        let refresh = tokens.refresh.expect("the default grant has a refresh token");
        let (tokens, refreshing) = timed(|| run(otp.refresh(refresh.expose())));
        drop(tokens.expect("a fresh token"));
        let took = [sending, exchanging, authenticating, refreshing];
        longest.iter_mut().zip(took).for_each(|(longest, took)| *longest = took.max(*longest));
    }
    longest
}

fn send(otp: &Exchanger<MemoryStore, Nowhere>, number: usize) -> (otp_exchange::Receipt, Duration) {
    let request = Setting::Plain.request(&Setting::Plain.asking(number));
    timed(|| run(otp.send(request)).expect("room for a code"))
}

fn nanoseconds(span: Duration) -> u32 {
    u32::try_from(span.as_nanos()).unwrap_or(u32::MAX)
}
