//! However carriers are put together, a request has one code. Ten thousand random trees of them, each over
//! carriers that fail at random; and three that break the promise, which the same check finds.

use std::sync::atomic::{AtomicUsize, Ordering};

use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    Accepted, ByChannel, DynNotifier, Exchanger, Fallback, MemoryStore, Message, Notifier, NotifyError,
    Recipient, Request, SendError, Submission,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::carrier::{Answer, Book, Carrier, Handed, Outcome};
use super::phone;
use crate::common::{ada, block_on, desk, keyring, patient, seconds, seeded};

const TREES: u64 = 10_000;
/// Of which each broken one is to be found among the first few.
const PLANTED: u64 = 200;

/// A combinator of a user's own: by one carrier and by the other in turn.
struct Turns([DynNotifier; 2], AtomicUsize);

impl Notifier for Turns {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        self.0[self.1.fetch_add(1, Ordering::SeqCst) % 2].notify(message).await
    }
}

/// What a tree of carriers stands on.
struct Ground {
    memory: MemoryStore,
    clock: ManualClock,
    book: Book,
    dice: StdRng,
}

impl Ground {
    fn of(seed: u64) -> Self {
        let clock = ManualClock::default();
        let memory = MemoryStore::with_clock(100, clock.clone());
        Self { memory, clock, book: Book::default(), dice: StdRng::seed_from_u64(seed) }
    }

    fn carrier(&mut self) -> DynNotifier {
        const NAMES: [&str; 4] = ["north", "east", "south", "west"];
        let name = NAMES[self.dice.random_range(0..NAMES.len())];
        // Mostly they fail at once, so that there is something to fall back from.
        let answers: [Answer; 8] = {
            use Answer::{Permanent, ReplyLost, RequestLost, Takes, Transient};
            [Permanent, Permanent, Permanent, Transient, Transient, Takes, RequestLost, ReplyLost]
        };
        let dice = seeded(self.dice.random());
        let answer = move || answers[dice.lock().unwrap().random_range(0..answers.len())];
        DynNotifier::new(Carrier::new(name, &self.book, answer))
    }

    fn tree(&mut self, depth: u8) -> DynNotifier {
        let kind = if depth == 0 { 0 } else { self.dice.random_range(0..6) };
        let mut pair = || [self.tree(depth - 1), self.tree(depth - 1)];
        match kind {
            0 | 1 => self.carrier(),
            2 => {
                let [email, sms] = pair();
                DynNotifier::new(ByChannel::new(email, sms))
            }
            3 => DynNotifier::new(Turns(pair(), AtomicUsize::new(0))),
            _ => {
                let [first, second] = pair();
                DynNotifier::new(Fallback::new(first, second))
            }
        }
    }

    fn exchanger<N: Notifier>(&self, notifier: N, namespace: &str) -> Exchanger<MemoryStore, N> {
        Exchanger::builder(self.memory.clone(), notifier, keyring().namespace(namespace).unwrap())
            .policy(patient())
            .clock(self.clock.clone())
            .build()
            .unwrap()
    }
}

/// What was seen in one trial.
#[derive(Default)]
struct Seen {
    handed: usize,
    voided: bool,
    /// Whether a delivery went by way of the other address.
    elsewhere: bool,
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

/// One request and up to three deliveries, and the promise after each.
fn trial(seed: u64, plant: impl FnOnce(&mut Ground, DynNotifier) -> DynNotifier) -> Result<Seen, String> {
    let mut ground = Ground::of(seed);
    let tree = ground.tree(4);
    let notifier = plant(&mut ground, tree);
    let otp = ground.exchanger(notifier, "app");
    let (to, falls_back) =
        (if ground.dice.random_ratio(3, 4) { phone() } else { ada() }, ground.dice.random());
    let request = Request::login(&to).lifetime(seconds(24 * 3600)).requested_by(desk());
    let request = if falls_back && to == phone() { request.fallback(&ada()) } else { request };

    let live = |of: &Recipient| block_on(otp.live_codes(of)).unwrap();
    let (mut seen, mut code): (Seen, Option<String>) = (Seen::default(), None);
    for delivery in 0..ground.dice.random_range(1..=3) {
        let answer = if delivery > 0 {
            ground.clock.advance(seconds(15 * 60));
            block_on(otp.deliver(&live(&to)[0].otp_id))
        } else if ground.dice.random() {
            block_on(otp.send(request.clone()))
        } else {
            block_on(async { otp.deliver(&otp.issue(request.clone()).await?.otp_id).await })
        };
        let route = ground.book.take();
        let codes = live(&phone()).len() + live(&ada()).len();
        ensure(codes == 1, || format!("{codes} live codes for one request"))?;
        let told = match &answer {
            Ok(receipt) => Some(receipt.expose().code.to_owned()),
            Err(SendError::Undelivered { receipt, .. }) => Some(receipt.expose().code.to_owned()),
            Err(_) => None,
        };
        for found in told.into_iter().chain(route.iter().map(|one| one.code.clone())) {
            let first = code.get_or_insert_with(|| found.clone());
            ensure(*first == found, || "another code".to_owned())?;
        }
        let earlier = route.split_last().map_or(&[][..], |(_, earlier)| earlier);
        let all_failed = earlier.iter().all(|one| one.answer.failed_at_once());
        ensure(all_failed, || "two messages in one delivery".to_owned())?;
        ensure(route.is_empty() == seen.voided, || format!("void: {}; asked: {route:?}", seen.voided))?;
        let (outcome, expected) = (Outcome::of(&answer), Outcome::expected(&route, delivery == 0));
        ensure(outcome == expected, || format!("{outcome:?} instead of {expected:?}"))?;
        seen.voided |= matches!(outcome, Outcome::Voided { .. });
        seen.handed += route.len();
        seen.elsewhere |= route.iter().any(|one: &Handed| one.to != to.address());
    }
    let (id, code) = (live(&to)[0].otp_id, code.expect("at least one carrier was asked"));
    let works = || block_on(otp.verify(Submission::by_id(&id, &code).login())).is_ok();
    let worked = [works(), works()];
    ensure(worked == [!seen.voided, false], || format!("it worked: {worked:?}; void: {}", seen.voided))?;
    Ok(seen)
}

#[test]
fn no_tree_of_carriers_makes_two_live_codes() {
    let (mut handed, mut voided, mut elsewhere) = (0, 0, 0);
    for seed in 0..TREES {
        let seen = trial(seed, |_, tree| tree).unwrap_or_else(|broken| panic!("tree {seed}: {broken}"));
        handed += seen.handed;
        voided += u64::from(seen.voided);
        elsewhere += u64::from(seen.elsewhere);
    }
    println!("{TREES} trees: {handed} messages, {voided} codes void, {elsewhere} by the other address");
    assert!(
        handed > 20_000 && voided > TREES / 20 && elsewhere > TREES / 20,
        "{handed} {voided} {elsewhere}"
    );
}

/// How the check finds a broken one, over the first few trees.
fn found(plant: impl Fn(&mut Ground, DynNotifier) -> DynNotifier) -> Vec<String> {
    (0..PLANTED).filter_map(|seed| trial(seed, &plant).err()).collect()
}

/// Where its carriers fail it asks the exchanger for a code to the person's other address.
struct AsksAgain<N>(DynNotifier, Exchanger<MemoryStore, N>);

impl<N: Notifier> Notifier for AsksAgain<N> {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        match self.0.notify(message).await {
            Err(failed) if !failed.may_have_arrived() && *message.recipient() == phone() => {
                self.1.send(Request::login(&ada())).await.map_err(|_| failed)?;
                Ok(Accepted::new())
            }
            answer => answer,
        }
    }
}

#[test]
fn a_carrier_that_asks_for_a_code_of_its_own_is_found() {
    let found = found(|ground, tree| {
        let carrier = ground.carrier();
        let own = ground.exchanger(carrier, "app");
        DynNotifier::new(AsksAgain(tree, own))
    });
    assert!(found.len() > 20, "{}", found.len());
    assert!(found.iter().any(|what| what == "2 live codes for one request"), "{found:?}");
}

/// Two services, each of which sends a code of its own instead of the one it is handed.
struct TwoServices(Vec<Exchanger<MemoryStore, DynNotifier>>);

impl Notifier for TwoServices {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        for service in &self.0 {
            let sent = service.send(Request::login(message.recipient())).await;
            if sent.is_ok() {
                return Ok(Accepted::new());
            }
        }
        Err(NotifyError::transient("neither"))
    }
}

#[test]
fn a_carrier_made_of_two_services_that_make_codes_is_found() {
    let found = found(|ground, tree| {
        let services = ["first", "second"].map(|namespace| ground.exchanger(tree.clone(), namespace));
        DynNotifier::new(TwoServices(services.into()))
    });
    let another = found.iter().filter(|what| *what == "another code").count();
    assert!(another > 100, "{another} of {found:?}");
}

/// Goes on to the second carrier also where the first may have handed the message over.
struct Hasty(DynNotifier, DynNotifier);

impl Notifier for Hasty {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        match self.0.notify(message).await {
            Err(_) => self.1.notify(message).await,
            answer => answer,
        }
    }
}

#[test]
fn a_fallback_that_does_not_wait_for_certainty_is_found() {
    let found = found(|ground, tree| DynNotifier::new(Hasty(tree, ground.carrier())));
    assert!(found.iter().any(|what| what == "two messages in one delivery"), "{found:?}");
}
