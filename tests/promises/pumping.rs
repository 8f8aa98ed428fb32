//! However many ask, from wherever, through however many processes: no window sees more messages than its
//! quotas allow.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::common::{Blind, MILLISECOND, block_on, keyring, recipient, seconds, seeded};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    Accepted, ClientKey, CodeStore, DialCode, Exchanger, MemoryStore, Message, Name, Notifier, NotifyError,
    Policy, Quota, Recipient, Request, RequestError, Sealed, SendError, StoreError, Swap, Timestamp, Version,
    Waiting,
    Waiting::{ClientSends, DialCodeSends, ServiceSends},
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const WINDOW: Duration = Duration::from_secs(3600);
const PROCESSES: usize = 4;
const CLIENT_CAP: u32 = 20;
const DIAL_CODE_CAP: u32 = 400;
const SERVICE_CAP: u32 = 2_000;

/// Counts what is handed to it, for each recipient.
#[derive(Clone, Default)]
struct Counter(Arc<Mutex<HashMap<Recipient, u32>>>);

impl Notifier for Counter {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        *self.0.lock().unwrap().entry(message.recipient().clone()).or_default() += 1;
        Ok(Accepted::new())
    }
}

fn quotas() -> Policy {
    Policy::default()
        .client_sends(Quota::new(CLIENT_CAP, WINDOW))
        .dial_code_sends(Quota::new(DIAL_CODE_CAP, WINDOW))
        .service_sends(Quota::new(SERVICE_CAP, WINDOW))
}

/// Processes that have keyring, policy and store in common, and a notifier.
struct Service<S> {
    processes: Vec<Exchanger<S, Counter>>,
    handed_over: Counter,
    clock: ManualClock,
}

fn service<S: CodeStore + Clone>(store: &S, clock: &ManualClock, policy: &Policy) -> Service<S> {
    let handed_over = Counter::default();
    let process = |number| {
        Exchanger::builder(store.clone(), handed_over.clone(), keyring())
            .policy(policy.clone())
            .clock(clock.clone())
            .entropy(seeded(number))
            .build()
            .unwrap()
    };
    let processes = (1..).take(PROCESSES).map(process).collect();
    Service { processes, handed_over, clock: clock.clone() }
}

/// A service on a store in memory, some minutes into a window.
fn in_memory(policy: &Policy) -> Service<MemoryStore> {
    let clock = ManualClock::default();
    clock.advance(seconds(400));
    service(&MemoryStore::with_clock(1_000_000, clock.clone()), &clock, policy)
}

/// Somebody who asks for a message to somebody.
#[derive(Clone, Debug)]
struct Ask {
    client: u32,
    to: Recipient,
    decoy: bool,
}

impl Ask {
    /// Nobody is asked for twice, so that nothing but quotas is in the way.
    fn any(number: u32, random: &mut StdRng) -> Self {
        // A tenth of all comes from ten clients that want far too much.
        let client = if random.random_ratio(1, 10) { number % 10 } else { random.random_range(10..3_000) };
        let to = match random.random_range(0..10) {
            0..4 => format!("+32{number:09}"),
            4..6 => format!("+44{number:09}"),
            6 => format!("+1{number:09}"),
            7 => format!("+351{number:09}"),
            _ => format!("somebody-{number}@example.org"),
        };
        Self { client, to: recipient(&to), decoy: random.random_ratio(1, 5) }
    }

    fn request(&self) -> Request {
        Request::login(&self.to).client(ClientKey::new(self.client.to_string())).decoy(self.decoy)
    }
}

/// What became of it: sent or, for a decoy, as good as sent; or how it has to wait.
type Answer = Result<(), (Waiting, Duration)>;

fn answer<S: CodeStore>(process: &Exchanger<S, Counter>, ask: &Ask) -> Answer {
    match block_on(process.send(ask.request())) {
        Ok(_) => Ok(()),
        Err(SendError::Wait { why, retry_after }) => Err((why, retry_after)),
        Err(other) => panic!("{other:?}"),
    }
}

impl<S: CodeStore> Service<S> {
    /// All of these at once, a share for each process, which runs on a thread of its own.
    fn flood(&self, asks: &[Ask]) -> Vec<(Ask, Answer)> {
        let share = asks.len().div_ceil(self.processes.len());
        thread::scope(|scope| {
            let run = |(process, asks): (_, &[Ask])| {
                let asks = asks.to_vec();
                scope
                    .spawn(move || asks.into_iter().map(|ask| (ask.clone(), answer(process, &ask))).collect())
            };
            let threads: Vec<_> = self.processes.iter().zip(asks.chunks(share)).map(run).collect();
            threads.into_iter().flat_map(|thread| -> Vec<_> { thread.join().unwrap() }).collect()
        })
    }

    /// How many messages there were since this was asked last.
    fn messages(&self) -> HashMap<Recipient, u32> {
        std::mem::take(&mut self.handed_over.0.lock().unwrap())
    }
}

/// The promise about one window of an hour.
fn promise(window: &[(Ask, Answer)], messages: &HashMap<Recipient, u32>) -> Result<(), String> {
    let held = |held: bool, what: String| if held { Ok(()) } else { Err(what) };
    let sent = |ask: &Ask| messages.get(&ask.to).copied().unwrap_or(0);
    for (ask, answer) in window {
        let due = u32::from(answer.is_ok() && !ask.decoy);
        held(sent(ask) == due, format!("{} messages for {answer:?}", sent(ask)))?;
    }
    let why = |answer: &Answer| answer.err().map(|(why, _)| why);
    let count = |of: &dyn Fn(&Ask, Option<Waiting>) -> bool| {
        u32::try_from(window.iter().filter(|(ask, answer)| of(ask, why(answer))).count()).unwrap()
    };
    let wait = |answer: Option<Waiting>, among: &[Waiting]| answer.is_some_and(|why| among.contains(&why));
    // Quotas are asked in this order, so what a later one refused has got past the earlier ones.
    let clients: BTreeSet<u32> = window.iter().map(|(ask, _)| ask.client).collect();
    for client in clients {
        let granted = count(&|ask, why| ask.client == client && why.is_none());
        let passed = count(&|ask, why| ask.client == client && why != Some(ClientSends));
        let refused = count(&|ask, why| ask.client == client && why == Some(ClientSends));
        held(granted <= CLIENT_CAP, format!("client {client}: {granted}"))?;
        held(refused == 0 || passed >= CLIENT_CAP, format!("client {client}: refused after {passed}"))?;
    }
    for code in ["32", "44", "1", "351"] {
        let own = |ask: &Ask| ask.to.dial_code() == Some(code);
        let granted = count(&|ask, why| own(ask) && why.is_none());
        let passed = count(&|ask, why| own(ask) && !wait(why, &[ClientSends, DialCodeSends]));
        let refused = count(&|ask, why| own(ask) && why == Some(DialCodeSends));
        held(granted <= DIAL_CODE_CAP, format!("{code}: {granted}"))?;
        held(refused == 0 || passed * 100 >= DIAL_CODE_CAP * 95, format!("{code}: refused after {passed}"))?;
    }
    let granted = count(&|_, why| why.is_none());
    let refused = count(&|_, why| why == Some(ServiceSends));
    held(granted <= SERVICE_CAP, format!("service: {granted}"))?;
    held(refused == 0 || granted * 100 >= SERVICE_CAP * 95, format!("service: refused after {granted}"))?;
    let known = count(&|_, why| why.is_none() || wait(why, &[ClientSends, DialCodeSends, ServiceSends]));
    held(known as usize == window.len(), "refused for another reason".to_owned())
}

#[test]
fn a_hundred_thousand_requests_pass_no_quota() {
    const WINDOWS: u32 = 4;
    const STEPS: u32 = 5;
    let service = in_memory(&quotas());
    let mut random = StdRng::seed_from_u64(21);
    let mut number = 0;
    let mut again: Vec<Ask> = Vec::new();
    for _ in 0..WINDOWS {
        let mut window = Vec::new();
        // What was told to wait until now.
        for ask in std::mem::take(&mut again) {
            let answer = answer(&service.processes[0], &ask);
            assert_eq!(answer, Ok(()), "after what it was told to wait");
            window.push((ask, answer));
        }
        for _ in 0..STEPS {
            let asks: Vec<_> = (0..100_000 / WINDOWS / STEPS)
                .map(|_| {
                    number += 1;
                    Ask::any(number, &mut random)
                })
                .collect();
            window.extend(service.flood(&asks));
            service.clock.advance(seconds(420));
        }
        let messages = service.messages();
        promise(&window, &messages).unwrap();
        let granted = window.iter().filter(|(_, answer)| answer.is_ok()).count();
        let decoys = window.iter().filter(|(ask, answer)| answer.is_ok() && ask.decoy).count();
        println!(
            "{} requests: {granted} granted, {decoys} of them decoys, {} messages",
            window.len(),
            messages.len()
        );
        assert_eq!(messages.len() + decoys, granted);
        again = wait_as_told(&service, &window);
    }
}

/// Waits for just as long as the service says now to those it refused; one of each kind.
fn wait_as_told(service: &Service<MemoryStore>, window: &[(Ask, Answer)]) -> Vec<Ask> {
    let mut waiting: Vec<(Ask, Waiting, Duration)> = Vec::new();
    for (ask, _) in window.iter().filter(|(_, first)| first.is_err()).take(1_000) {
        let (why, retry_after) = answer(&service.processes[0], ask).expect_err("still used up");
        assert!(retry_after <= WINDOW);
        if waiting.iter().all(|(_, other, _)| *other != why) {
            waiting.push((ask.clone(), why, retry_after));
        }
    }
    let retry_after = waiting[0].2;
    assert!(waiting.iter().all(|(.., other)| *other == retry_after), "all windows end at once: {waiting:?}");
    service.clock.advance(retry_after.saturating_sub(MILLISECOND));
    assert!(waiting.iter().all(|(ask, ..)| answer(&service.processes[1], ask).is_err()), "too soon");
    service.clock.advance(MILLISECOND);
    waiting.into_iter().map(|(ask, ..)| ask).collect()
}

#[test]
fn each_quota_says_that_it_was_the_one_and_until_when() {
    let none = || Policy::default().client_sends(None);
    for (policy, quota) in [
        (none().client_sends(Quota::new(CLIENT_CAP, WINDOW)), ClientSends),
        (none().dial_code_sends(Quota::new(CLIENT_CAP, WINDOW)), DialCodeSends),
        (none().service_sends(Quota::new(CLIENT_CAP, WINDOW)), ServiceSends),
    ] {
        let service = in_memory(&policy);
        let ask = |number: u32| Ask { client: 7, to: recipient(&format!("+32{number:09}")), decoy: false };
        let answers = |from: u32| {
            let process = |number: u32| &service.processes[number as usize % PROCESSES];
            (from..from + 100).map(|number| answer(process(number), &ask(number))).collect::<Vec<_>>()
        };
        let left = WINDOW.saturating_sub(seconds(400));
        let (granted, refused): (Vec<_>, Vec<_>) = answers(0).into_iter().partition(Result::is_ok);
        assert_eq!(granted.len(), CLIENT_CAP as usize, "{quota:?}");
        assert!(refused.iter().all(|answer| *answer == Err((quota, left))), "{refused:?}");
        service.clock.advance(left.saturating_sub(MILLISECOND));
        assert!(answers(1_000).iter().all(|answer| *answer == Err((quota, MILLISECOND))));
        service.clock.advance(MILLISECOND);
        assert_eq!(answers(2_000).iter().filter(|answer| answer.is_ok()).count(), CLIENT_CAP as usize);
    }
}

/// Reads what was there before the last write, every other time: as if others had read at the same moment.
#[derive(Clone)]
struct Stale<S> {
    store: S,
    before: Arc<Mutex<HashMap<Name, Option<Sealed>>>>,
    loads: Arc<Mutex<u32>>,
}

impl<S: CodeStore> CodeStore for Stale<S> {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        let current = self.store.load(name).await?;
        let mut loads = self.loads.lock().unwrap();
        *loads += 1;
        let before = self.before.lock().unwrap().get(&name).cloned();
        Ok(before.filter(|_| loads.is_multiple_of(3)).unwrap_or(current))
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let current = self.store.load(name).await?;
        let swap = self.store.swap(name, expected, value, forget_after).await?;
        if swap == Swap::Applied {
            self.before.lock().unwrap().insert(name, current);
        }
        Ok(swap)
    }
}

fn one_window_on(store: impl CodeStore + 'static) -> Result<(), String> {
    let store = Arc::new(Stale { store, before: Arc::default(), loads: Arc::default() });
    let clock = ManualClock::default();
    let service = service(&store, &clock, &quotas());
    let mut random = StdRng::seed_from_u64(22);
    let asks: Vec<_> = (0..8_000).map(|number| Ask::any(number, &mut random)).collect();
    let mut window = Vec::new();
    for (turn, ask) in asks.into_iter().enumerate() {
        let answer = answer(&service.processes[turn % PROCESSES], &ask);
        window.push((ask, answer));
    }
    promise(&window, &service.messages())
}

#[test]
fn a_store_that_does_not_compare_passes_the_cap() {
    let memory = || MemoryStore::with_clock(100_000, ManualClock::default());
    one_window_on(memory()).unwrap();
    let broken = one_window_on(Blind(memory()));
    assert!(broken.is_err(), "{broken:?}");
    println!("{broken:?}");
}

/// How many of many requests, each from another client to another address, that process grants.
fn granted<S: CodeStore>(process: &Exchanger<S, Counter>, first: u32) -> u32 {
    let asks = (first..first + 3_000).map(|number| Ask {
        client: number,
        to: recipient(&format!("somebody-{number}@example.org")),
        decoy: false,
    });
    u32::try_from(asks.filter(|ask| answer(process, ask).is_ok()).count()).unwrap()
}

#[test]
fn a_crash_loses_at_most_a_share_and_only_for_this_window() {
    let mut service = in_memory(&quotas());
    let crashed = service.processes.pop().unwrap();
    let ask = Ask { client: 0, to: recipient("+32412345678"), decoy: false };
    assert_eq!(answer(&crashed, &ask), Ok(()));
    drop(crashed);
    let left = granted(&service.processes[0], 10_000);
    println!("{left} of {SERVICE_CAP} after a crash");
    assert!(left < SERVICE_CAP, "one was spent");
    assert!(left >= SERVICE_CAP - SERVICE_CAP / 16, "{left}");
    service.clock.advance(WINDOW);
    assert_eq!(granted(&service.processes[0], 20_000), SERVICE_CAP);
}

#[test]
fn addresses_of_one_64_share_a_quota() {
    let service = in_memory(&quotas());
    let mut number = 0;
    let mut granted = |address: &dyn Fn(u32) -> String| {
        let mut granted = 0;
        for turn in 0..100 {
            number += 1;
            let to = recipient(&format!("somebody-{number}@example.org"));
            let request = Request::login(&to).client(ClientKey::ip(address(turn).parse().unwrap()));
            match block_on(service.processes[turn as usize % PROCESSES].send(request)) {
                Ok(_) => granted += 1,
                Err(SendError::Wait { why: Waiting::ClientSends, .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        granted
    };
    assert_eq!(granted(&|turn| format!("2001:db8:1:2:{turn:x}::{turn:x}")), CLIENT_CAP);
    assert_eq!(granted(&|turn| format!("2001:db8:1:2::{turn:x}")), 0, "the same 64");
    assert_eq!(granted(&|turn| format!("2001:db8:1:3::{turn:x}")), CLIENT_CAP, "another 64");
    assert_eq!(granted(&|turn| format!("2001:db8:2:{turn:x}::1")), 100, "a hundred others");
    assert_eq!(granted(&|_| "203.0.113.7".to_owned()), CLIENT_CAP);
    assert_eq!(granted(&|_| "::ffff:203.0.113.7".to_owned()), 0, "the same address");
}

#[test]
fn numbers_that_are_not_allowed_get_nothing() {
    let codes = |codes: &[&str]| codes.iter().map(|code| DialCode::parse(code).unwrap()).collect::<Vec<_>>();
    let policy = quotas().allow_dial_codes(codes(&["32", "1"])).deny_dial_codes(codes(&["1876", "329"]));
    let service = in_memory(&policy);
    for (to, reached) in [
        ("+32412345678", true),
        ("+32912345678", false),
        ("+12125550100", true),
        ("+18765550100", false),
        ("+351212345678", false),
        ("+3212345678", true),
        ("ada@example.org", true),
        ("+18765550100@example.org", true),
    ] {
        for (turn, process) in service.processes.iter().enumerate() {
            let request = Request::login(&recipient(to)).client(ClientKey::new(format!("{turn}")));
            let answer = block_on(process.send(request.decoy(turn > 1)));
            let refused = matches!(answer, Err(SendError::Request(RequestError::DialCode)));
            assert_eq!(refused, !reached, "{to}: {answer:?}");
            service.clock.advance(seconds(30));
        }
        assert_eq!(service.messages().len(), usize::from(reached), "{to}");
    }
}
