//! What the tests of the promises share: a small service on a hand-moved clock, stores that are wrong on
//! purpose, a race.

use std::error::Error;
use std::fmt::{Debug, Display};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use otp_exchange::testkit::{CountingStore, ManualClock};
use otp_exchange::{
    Builder, ClientKey, Clock, CodeStore, Event, ExchangeError, Exchanger, Keyring, MAX_CODE_LIFETIME,
    MemoryStore, Name, OtpId, Outbox, Policy, Principal, Quota, Recipient, Refused, Sealed, StoreError,
    Submission, Swap, TemplateError, Timestamp, Version,
};
use rand::SeedableRng;
use rand::rngs::StdRng;

pub(crate) use pollster::block_on;

pub(crate) const NAMING: [u8; 32] = *b"naming-secret-naming-secret-1234";
pub(crate) const SEALING: [u8; 32] = *b"sealing-secret-sealing-secret-56";

/// The keys of every test that needs no others.
pub(crate) fn keyring() -> Keyring {
    Keyring::new(&NAMING, &SEALING).expect("two secrets of 32 bytes")
}

pub(crate) fn ada() -> Recipient {
    recipient("ada@example.org")
}

pub(crate) fn recipient(address: &str) -> Recipient {
    Recipient::parse(address).expect("a good address")
}

pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A millisecond less than that: where the last moment before an end lies.
pub(crate) fn just_under(span: Duration) -> Duration {
    span.saturating_sub(Duration::from_millis(1))
}

/// The n-th of as many clients as a test needs.
pub(crate) fn client(number: usize) -> ClientKey {
    ClientKey::new(format!("client-{number}"))
}

/// A policy by which codes may live as long as any code may.
pub(crate) fn patient() -> Policy {
    Policy::default().longest_lifetime(MAX_CODE_LIFETIME)
}

/// A policy with every quota there is, so large that none of them is ever used up here.
pub(crate) fn every_quota() -> Policy {
    let plenty = Quota::new(1_000_000, Duration::from_secs(24 * 3600));
    let policy = Policy::default().client_sends(plenty).client_checks(plenty);
    policy.dial_code_sends(plenty).service_sends(plenty)
}

/// All events, as an observer was told them.
pub(crate) type Events = Arc<Mutex<Vec<Event>>>;

/// An observer that keeps what it is told.
pub(crate) fn keeping(events: &Events) -> impl Fn(&Event) + Send + Sync + use<> {
    let events = Arc::clone(events);
    move |event: &Event| events.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone())
}

/// Somebody who may ask for codes that live longer than anybody's.
pub(crate) fn desk() -> Principal {
    Principal::new("desk")
}

/// The same random bytes every time.
pub(crate) fn seeded(seed: u64) -> Mutex<StdRng> {
    Mutex::new(StdRng::seed_from_u64(seed))
}

/// Characters that end a line or hide something.
pub(crate) const CONTROLS: [&str; 7] = ["\0", "\n", "\r", "\r\n", "\t", "\u{7f}", "\u{85}"];

/// Characters that show what surrounds them in another order, or end a line without being controls.
pub(crate) const MISLEADING: [&str; 4] = ["\u{2028}", "\u{2029}", "\u{202e}", "\u{2066}"];

/// How far the clocks of two processes may be apart.
pub(crate) const SLACK: Duration = Duration::from_secs(30);
/// How long a client is remembered that asks no more.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
/// How long a guess is remembered at the most.
pub(crate) const GUESSES: Duration = Duration::from_secs(25 * 3600 + 30);
/// How long failures are remembered, and clients that had a right code.
pub(crate) const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a code lives by default.
pub(crate) const LIFETIME: Duration = Duration::from_secs(300);
/// The longest anybody waits.
pub(crate) const QUARTER: Duration = Duration::from_secs(15 * 60);
pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);
pub(crate) const TEN_YEARS: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The moment every hand-moved clock begins with.
pub(crate) fn start() -> Timestamp {
    ManualClock::default().now()
}

pub(crate) fn login(id: &OtpId, code: &str) -> Submission {
    Submission::by_id(id, code).login()
}

/// Refused as dead: with no attempt left, or none told.
pub(crate) fn refused_as_dead<T>(answer: &Result<T, ExchangeError>) -> bool {
    matches!(answer, Err(ExchangeError::Refused(Refused { attempts_left: None | Some(0), .. })))
}

/// It is that error, and its text names that field.
pub(crate) fn names<T: Debug, E: PartialEq + Debug + Display>(answer: Result<T, E>, error: &E, field: &str) {
    let found = answer.expect_err("bad input is refused");
    assert_eq!(&found, error);
    assert!(found.to_string().contains(field), "{found} does not name {field}");
}

/// Texts that are no templates, and why.
pub(crate) fn bad_templates() -> Vec<(String, TemplateError)> {
    let mut cases = vec![
        (String::new(), TemplateError::NoPlace),
        ("no place".to_owned(), TemplateError::NoPlace),
        ("{{ CODE }}".to_owned(), TemplateError::NoPlace),
        ("{{code}}".to_owned(), TemplateError::NoPlace),
        ("{{CODE}} {{CODE}}".to_owned(), TemplateError::TwoPlaces),
        ("{{CODE}}{{CODE}}{{CODE}}".to_owned(), TemplateError::TwoPlaces),
        ("{{NAME}} {{CODE}}".to_owned(), TemplateError::UnknownVariable),
        ("{{CODE}} {{".to_owned(), TemplateError::UnknownVariable),
        // A line for autofill on somebody else's site.
        ("@evil.example #{{CODE}}".to_owned(), TemplateError::OriginBound),
        (" @evil.example #{{CODE}} ".to_owned(), TemplateError::OriginBound),
        (format!("{{{{CODE}}}}{}", "x".repeat(473)), TemplateError::TooLong { bytes: 481, most: 480 }),
    ];
    for control in CONTROLS.into_iter().chain(MISLEADING) {
        cases.push((format!("a{control}{{{{CODE}}}}"), TemplateError::ControlCharacter));
    }
    cases
}

/// A service with everything about it within reach.
pub(crate) struct House<S> {
    pub(crate) otp: Exchanger<CountingStore<S>, Outbox>,
    pub(crate) store: CountingStore<S>,
    pub(crate) outbox: Outbox,
    pub(crate) clock: ManualClock,
}

impl House<MemoryStore> {
    pub(crate) fn new() -> Self {
        Self::with(Policy::default())
    }

    pub(crate) fn with(policy: Policy) -> Self {
        let clock = ManualClock::default();
        Self::on(MemoryStore::with_clock(10_000, clock.clone()), clock, policy)
    }
}

impl<S: CodeStore + Clone> House<S> {
    pub(crate) fn on(store: S, clock: ManualClock, policy: Policy) -> Self {
        Self::built(store, clock, policy, |builder| builder)
    }

    /// The same with more about it.
    pub(crate) fn built(
        store: S,
        clock: ManualClock,
        policy: Policy,
        more: impl FnOnce(Builder<CountingStore<S>, Outbox>) -> Builder<CountingStore<S>, Outbox>,
    ) -> Self {
        let (store, outbox) = (CountingStore::new(store), Outbox::new());
        let builder = Exchanger::builder(store.clone(), outbox.clone(), keyring())
            .policy(policy)
            .clock(clock.clone())
            .entropy(seeded(1));
        let otp = more(builder).build().expect("a policy within its ranges");
        Self { otp, store, outbox, clock }
    }

    /// The code of the newest message to that recipient.
    pub(crate) fn code(&self, recipient: &Recipient) -> String {
        self.outbox.code_for(recipient).expect("a message was sent").expose().to_owned()
    }

    /// Every call to the store so far: loads and swaps.
    pub(crate) fn calls(&self) -> (u64, u64) {
        (self.store.loads(), self.store.swaps())
    }
}

/// A store that forgets by a clock which stands still at the moment every hand-moved clock begins with.
pub(crate) fn memory() -> MemoryStore {
    MemoryStore::with_clock(10_000, ManualClock::default())
}

/// A code of the same form that is not this one.
pub(crate) fn other_than(code: &str) -> String {
    let first = if code.starts_with('1') { '2' } else { '1' };
    format!("{first}{}", &code[1..])
}

/// Runs that many calls on a thread each; none begins before all are ready.
pub(crate) fn race<T: Send>(count: usize, call: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(count);
    let (start, call) = (&start, &call);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|index| {
                let runs = move || {
                    start.wait();
                    call(index)
                };
                thread::Builder::new().stack_size(512 * 1024).spawn_scoped(scope, runs).expect("a thread")
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no call panics")).collect()
    })
}

/// Once told to, holds that many loads of the entry that was written last back until all of them have read:
/// every caller then judges the same state, which is the worst that scheduling can do, and happens every
/// time.
pub(crate) struct Rendezvous<S> {
    store: S,
    barrier: Barrier,
    held: AtomicUsize,
    callers: usize,
    /// The entry that was written last; once it is watched, that one.
    entry: Mutex<Option<Name>>,
    applied: AtomicU64,
    watching: AtomicBool,
}

impl<S> Rendezvous<S> {
    pub(crate) fn of(callers: usize, store: S) -> Arc<Self> {
        Arc::new(Self {
            store,
            barrier: Barrier::new(callers),
            held: AtomicUsize::new(0),
            callers,
            entry: Mutex::default(),
            applied: AtomicU64::new(0),
            watching: AtomicBool::new(false),
        })
    }

    /// The swaps of the entry that was written last are counted from now on.
    pub(crate) fn watch(&self) {
        self.watching.store(true, Ordering::SeqCst);
    }

    /// The same, and its next loads are held back, as many as there are callers.
    pub(crate) fn hold(&self) {
        self.watch();
        self.held.store(self.callers, Ordering::SeqCst);
    }

    /// How many swaps of the watched entry were applied.
    pub(crate) fn applied(&self) -> u64 {
        self.applied.load(Ordering::SeqCst)
    }

    fn is_entry(&self, name: Name) -> bool {
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) == Some(name)
    }
}

impl<S: CodeStore> CodeStore for Rendezvous<S> {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        let found = self.store.load(name).await;
        let less = |held: usize| held.checked_sub(1);
        if self.is_entry(name) && self.held.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            self.barrier.wait();
        }
        found
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let swap = self.store.swap(name, expected, value, forget_after).await;
        let applied = matches!(swap, Ok(Swap::Applied));
        if !self.watching.load(Ordering::SeqCst) {
            *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = Some(name);
        } else if applied && self.is_entry(name) {
            self.applied.fetch_add(1, Ordering::SeqCst);
        }
        swap
    }
}

/// A store that is broken in the way most are: it writes whatever it is given, whichever version is expected.
pub(crate) struct Blind<S>(pub(crate) S);

impl<S: CodeStore> CodeStore for Blind<S> {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.0.load(name).await
    }

    async fn swap(
        &self,
        name: Name,
        _expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        loop {
            let there = self.0.load(name).await?.map(|sealed| sealed.version());
            if self.0.swap(name, there, value, forget_after).await? == Swap::Applied {
                return Ok(Swap::Applied);
            }
        }
    }
}

/// An error and all that caused it, as `Display` and as `Debug` show them.
pub(crate) fn whole_story(error: &dyn Error) -> String {
    let mut story = format!("{error}\n{error:?}\n");
    let mut cause = error.source();
    while let Some(error) = cause {
        story.extend([format!("{error}\n"), format!("{error:?}\n")]);
        cause = error.source();
    }
    story
}
