//! One entry that everybody writes: how many swaps it takes in a second where each call is a round trip away. Time
//! is simulated, the exchangers are real.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use otp_exchange::{
    CodeStore, Exchanger, Keyring, MemoryStore, Name, Policy, Quota, Receipt, Recipient, Request, Sealed,
    SendError, StoreError, Swap, Timestamp, Version,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::clock::HandClock;
use super::model::WINDOW;
use crate::ports::Nowhere;

/// Where a window of the quota begins, in milliseconds.
const BEGINS: i64 = 1_800_000_000_000;

/// A rush of messages to a service with a quota for all of them.
#[derive(Clone, Copy, Debug)]
pub struct Rush {
    /// Messages a second.
    pub rate: u32,
    /// For how many milliseconds.
    pub millis: u32,
    /// How many milliseconds into the window of the quota it begins.
    pub into: i64,
    /// Over how many processes.
    pub processes: usize,
    /// How many messages the quota has for each window of 15 minutes.
    pub quota: u32,
    /// How long a round trip takes, in microseconds, give or take a fifth.
    pub round_trip: u64,
}

/// What a rush comes to.
#[derive(Clone, Copy, Debug, Default)]
pub struct HotKey {
    /// Messages that went out.
    pub sent: u64,
    /// Those that gave up, because the entry had changed under them too often.
    pub busy: u64,
    /// Calls for the entry that had most of them.
    pub loads: u64,
    /// Swaps of it.
    pub swaps: u64,
    /// Those of them that somebody else was faster than.
    pub conflicts: u64,
    /// Calls in all.
    pub calls: u64,
    /// When the last message was done, in microseconds after the first began.
    pub lasted: u64,
    /// How long half of the messages took at most, in microseconds.
    pub half: u64,
    /// And 99 in a hundred.
    pub most: u64,
}

impl Rush {
    /// Runs it.
    ///
    /// # Panics
    /// If the crate does not take the policy.
    pub fn run(self) -> HotKey {
        let clock = HandClock::at(BEGINS + self.into);
        let far = Far::new(MemoryStore::with_clock(10_000_000, clock.clone()), self.round_trip);
        let quota = Quota::new(self.quota, Duration::from_millis(WINDOW.unsigned_abs()));
        let exchanger = |process| {
            let keyring = Keyring::new(&[1; 32], &[2; 32]).expect("two keys");
            let builder = Exchanger::builder(far.clone(), Nowhere, keyring).clock(clock.clone());
            let entropy = Arc::new(Mutex::new(StdRng::seed_from_u64(process)));
            builder.entropy(entropy).policy(Policy::default().service_sends(quota)).build().expect("in range")
        };
        let exchangers: Vec<_> = (0..self.processes as u64).map(exchanger).collect();
        let messages = u64::from(self.rate) * u64::from(self.millis) / 1000;
        let begins = |message: u64| message * 1_000_000 / u64::from(self.rate);
        let mut flows: Vec<Option<Flow<'_>>> = (0..messages).map(|_| None).collect();
        let mut outcome = HotKey::default();
        let mut took = Vec::new();
        for message in 0..messages {
            far.line().wakes.push(Reverse((begins(message), message)));
        }
        loop {
            let Some(Reverse((now, message))) = far.line().wakes.pop() else { break };
            clock.set(BEGINS + self.into + i64::try_from(now / 1000).expect("not for ever"));
            far.line().under_way = (now, message);
            let place = usize::try_from(message).expect("they fit into memory");
            let otp = &exchangers[place % self.processes];
            let flow = flows[place].get_or_insert_with(|| {
                let to = Recipient::parse(&format!("p{message}@example.com")).expect("an address");
                Box::pin(otp.send(Request::login(&to)))
            });
            if let Poll::Ready(sent) = flow.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                flows[place] = None;
                took.push(now - begins(message));
                outcome.lasted = now;
                *(if sent.is_ok() { &mut outcome.sent } else { &mut outcome.busy }) += 1;
            }
        }
        took.sort_unstable();
        let part = |percent: usize| took.get(took.len() * percent / 100).copied().unwrap_or(0);
        let line = far.line();
        outcome.calls = line.asked.values().map(|asked| asked.loads + asked.swaps).sum();
        let hottest = line.asked.values().max_by_key(|asked| asked.loads).copied().unwrap_or_default();
        let Asked { loads, swaps, conflicts } = hottest;
        HotKey { loads, swaps, conflicts, half: part(50), most: part(99), ..outcome }
    }
}

/// One message on its way.
type Flow<'a> = Pin<Box<dyn Future<Output = Result<Receipt, SendError>> + 'a>>;

/// What one entry was asked.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    loads: u64,
    swaps: u64,
    conflicts: u64,
}

/// A store at the other end of a line.
#[derive(Clone)]
struct Far {
    store: MemoryStore,
    line: Arc<Mutex<Line>>,
    round_trip: u64,
}

struct Line {
    /// When which message goes on.
    wakes: BinaryHeap<Reverse<(u64, u64)>>,
    /// What time it is, and whose turn.
    under_way: (u64, u64),
    chance: StdRng,
    asked: HashMap<Name, Asked>,
}

impl Far {
    fn new(store: MemoryStore, round_trip: u64) -> Self {
        let line = Line {
            wakes: BinaryHeap::new(),
            under_way: (0, 0),
            chance: StdRng::seed_from_u64(1),
            asked: HashMap::new(),
        };
        Self { store, line: Arc::new(Mutex::new(line)), round_trip }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One way.
    async fn travel(&self) {
        let mut arrives = None;
        poll_fn(|_| {
            let mut line = self.line();
            let (now, message) = line.under_way;
            match arrives {
                Some(arrival) if arrival <= now => Poll::Ready(()),
                Some(_) => Poll::Pending,
                None => {
                    let way = self.round_trip / 2;
                    let arrival = now + line.chance.random_range(way - way / 5..=way + way / 5);
                    line.wakes.push(Reverse((arrival, message)));
                    arrives = Some(arrival);
                    Poll::Pending
                }
            }
        })
        .await;
    }
}

impl CodeStore for Far {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.travel().await;
        self.line().asked.entry(name).or_default().loads += 1;
        let found = self.store.load(name).await;
        self.travel().await;
        found
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        self.travel().await;
        let swap = self.store.swap(name, expected, value, forget_after).await;
        {
            let mut line = self.line();
            let asked = line.asked.entry(name).or_default();
            asked.swaps += 1;
            asked.conflicts += u64::from(matches!(swap, Ok(Swap::Conflict)));
        }
        self.travel().await;
        swap
    }
}
