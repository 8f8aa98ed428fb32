//! Two or three threads on a store of one or two entries, in every order in which they can take locks and count.
//! Whatever the order, the answers are those of a store that does one thing at a time, what is counted is there,
//! nothing alive is lost, and nobody waits for ever. Then ways to build the store wrong, and each of them is found.
//!
//! With loom, for it tries every order where random schedules would try many:
//! `RUSTFLAGS="--cfg loom" cargo test --release --lib orders`.

mod history;
mod twin;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize as Steps;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex as Plain};

use history::{Answer, Done, End, Op};
use twin::Fault;

use super::{AtomicUsize, Inner, MemoryStore, Mutex};
use crate::crypto::{Name, Sealed, Version};
use crate::ports::{Clock, Swap};
use crate::timestamp::Timestamp;
use Op::{Create, Len, Load, Replace, Tick};

/// When things are over, and what time it is before and after the tick.
const OVER: Timestamp = Timestamp::from_unix_millis(0);
const BEFORE: Timestamp = Timestamp::from_unix_millis(10);
const SOON: Timestamp = Timestamp::from_unix_millis(20);
const AFTER: Timestamp = Timestamp::from_unix_millis(30);
const NEVER: Timestamp = Timestamp::from_unix_millis(40);

/// Names are numbers below that.
const NAMES: u8 = 8;

/// What there is at the beginning, and what each thread does then.
#[derive(Clone, Debug)]
struct Scene {
    capacity: usize,
    shards: usize,
    begin: &'static [(u8, End)],
    threads: &'static [&'static [Op]],
    /// So many times at most a thread is stopped where it could have gone on; `None`: in every order.
    stops: Option<usize>,
    /// Whether a place may be held without an entry.
    places: bool,
    fault: Option<Fault>,
}

const fn scene(
    capacity: usize,
    begin: &'static [(u8, End)],
    threads: &'static [&'static [Op]],
    stops: Option<usize>,
) -> Scene {
    Scene { capacity, shards: 2, begin, threads, stops, places: true, fault: None }
}

/// A clock that a thread can move while others read it. Loom lets a plain load see an old time; a clock does not.
struct Ticking(loom::sync::atomic::AtomicBool);

struct Shared(Arc<Ticking>);

impl Clock for Shared {
    fn now(&self) -> Timestamp {
        if self.0.0.fetch_or(false, SeqCst) { AFTER } else { BEFORE }
    }
}

struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// With two locks even names share one, odd ones the other.
fn name(number: u8) -> Name {
    let mut bytes = [number; 16];
    (bytes[14], bytes[15]) = (number, 0);
    Name::from_bytes(bytes)
}

fn value(number: u8) -> Sealed {
    Sealed::from_bytes([number; 33]).expect("long enough")
}

fn version(number: u8) -> Version {
    value(number).version()
}

fn number(value: &Sealed) -> u8 {
    value.as_bytes()[0]
}

/// What one run came to.
struct Run {
    store: MemoryStore,
    clock: Option<Arc<Ticking>>,
    fault: Option<Fault>,
    steps: Steps,
    done: Plain<Vec<Done>>,
}

impl Run {
    fn new(scene: &Scene) -> Self {
        // Only a clock that moves is one more thing to put in order.
        let ticks = scene.threads.iter().any(|ops| ops.contains(&Tick));
        let clock = ticks.then(|| Arc::new(Ticking(loom::sync::atomic::AtomicBool::new(false))));
        let store = MemoryStore(Arc::new(Inner {
            shards: (0..scene.shards).map(|_| Mutex::default()).collect(),
            count: AtomicUsize::new(0),
            capacity: scene.capacity,
            next_to_clear: AtomicUsize::new(0),
            clock: match &clock {
                Some(clock) => Box::new(Shared(clock.clone())),
                None => Box::new(Stopped(BEFORE)),
            },
        }));
        for (number, end) in scene.begin {
            let end = match end {
                End::Over => OVER,
                End::Soon => SOON,
                End::Never => NEVER,
            };
            assert!(store.0.reserve(), "there is room at the beginning");
            let mut shard = store.0.shard_of(name(*number));
            shard.put(name(*number), super::Kept { forget_after: end, value: value(*number) });
        }
        Self { store, clock, fault: scene.fault, steps: Steps::new(0), done: Plain::default() }
    }

    fn swap(&self, at: u8, expected: Option<u8>, writes: u8) -> Answer {
        let (store, expected, value) = (&self.store.0, expected.map(version), value(writes));
        let swapped = match self.fault {
            None => store.swap(name(at), expected, &value, NEVER),
            Some(fault) => twin::swap(store, fault, name(at), expected, &value, NEVER),
        };
        match swapped {
            Ok(Swap::Applied) => Answer::Applied,
            Ok(Swap::Conflict) => Answer::Conflict,
            Err(_) => Answer::Full,
        }
    }

    fn run(&self, op: Op, writes: u8) {
        let called = self.steps.fetch_add(1, SeqCst);
        let answer = match op {
            Load(at) => {
                let found = pollster::block_on(super::CodeStore::load(&self.store, name(at)));
                Answer::Found(found.expect("it never fails").as_ref().map(number))
            }
            Create(at) => self.swap(at, None, writes),
            Replace(at) => self.swap(at, Some(at), writes),
            Tick => {
                self.clock.as_ref().expect("a scene that ticks").0.fetch_or(true, SeqCst);
                Answer::Ticked
            }
            Len => Answer::Counted(self.store.len()),
        };
        let answered = self.steps.fetch_add(1, SeqCst);
        self.done.lock().expect("nothing panics under it").push(Done {
            op,
            writes,
            called,
            answered,
            answer,
        });
    }

    /// What must hold when all is quiet, and in between.
    fn judge(&self, scene: &Scene) -> Vec<Done> {
        for at in 0..NAMES {
            self.run(Load(at), 0);
        }
        let (mut entries, mut queued) = (0, 0);
        for shard in &self.store.0.shards {
            let shard = super::lock(shard);
            entries += shard.entries.len();
            queued += shard.queue.len();
        }
        let done = self.done.lock().expect("nothing panics under it").clone();
        assert!(self.store.len() == entries && queued == entries, "count: {entries} entries, {done:?}");
        assert!(entries <= scene.capacity, "capacity: {entries} entries, {done:?}");
        assert!(history::could_be(&done, scene.begin, scene.capacity, scene.places), "order: {done:?}");
        done
    }
}

/// How many orders were tried, and in how many ways it went.
#[derive(Debug)]
struct Figures {
    orders: usize,
    histories: usize,
    full: usize,
}

fn every_order(scene: &Scene) -> Figures {
    let (orders, seen) = (Arc::new(Steps::new(0)), Arc::new(Plain::new(HashSet::new())));
    let (counted, kept, scene) = (orders.clone(), seen.clone(), scene.clone());
    let mut model = loom::model::Builder::new();
    model.preemption_bound = scene.stops;
    model.check(move || {
        let run = Arc::new(Run::new(&scene));
        let threads = scene.threads.iter().zip(1..).map(|(ops, thread)| {
            let run = run.clone();
            loom::thread::spawn(move || {
                ops.iter().zip(0..).for_each(|(op, step)| run.run(*op, thread * 16 + step));
            })
        });
        threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().expect("no thread panics"));
        let done = run.judge(&scene);
        counted.fetch_add(1, SeqCst);
        kept.lock().expect("nothing panics under it").insert(done);
    });
    let seen = seen.lock().expect("nothing panics under it");
    let full = seen.iter().filter(|done| done.iter().any(|done| done.answer == Answer::Full)).count();
    Figures { orders: orders.load(SeqCst), histories: seen.len(), full }
}

/// Which promise is broken first, by the word its message begins with.
fn broken(scene: &Scene) -> Option<String> {
    let found = catch_unwind(AssertUnwindSafe(|| every_order(scene))).err()?;
    let text = found.downcast_ref::<String>().map(String::as_str).or(found.downcast_ref::<&str>().copied());
    Some(text.expect("panics are texts").split([':', ';']).next().expect("one at least").to_owned())
}

const NOTHING: &[(u8, End)] = &[];
const LIVE: &[(u8, End)] = &[(0, End::Never)];
const OVER_HERE: &[(u8, End)] = &[(0, End::Over)];
const OVER_BOTH: &[(u8, End)] = &[(0, End::Over), (1, End::Over)];
const OVER_TWICE: &[(u8, End)] = &[(0, End::Over), (2, End::Over)];
const ONE_OF_EACH: &[(u8, End)] = &[(0, End::Never), (1, End::Over)];
const SOON_HERE: &[(u8, End)] = &[(0, End::Soon)];

#[test]
fn whatever_the_order_the_promises_hold() {
    let scenes = [
        // Compare and swap, on one name.
        scene(2, LIVE, &[&[Replace(0)], &[Replace(0)]], None),
        scene(2, LIVE, &[&[Replace(0), Load(0)], &[Load(0), Replace(0)]], None),
        scene(2, NOTHING, &[&[Create(0), Load(0)], &[Create(0), Load(0)]], None),
        scene(1, LIVE, &[&[Replace(0)], &[Replace(0)], &[Load(0), Load(0)]], Some(3)),
        // The last place, on one lock and on two.
        scene(1, NOTHING, &[&[Create(0)], &[Create(1)]], None),
        scene(1, NOTHING, &[&[Create(0)], &[Create(2)], &[Len, Load(0)]], Some(2)),
        scene(2, LIVE, &[&[Create(1)], &[Create(2)], &[Create(3)]], Some(2)),
        scene(2, LIVE, &[&[Create(1)], &[Create(1)], &[Create(2)]], Some(2)),
        // Places of what is over, wherever it lies.
        scene(1, OVER_HERE, &[&[Create(1)], &[Create(1)]], None),
        scene(1, OVER_HERE, &[&[Create(1)], &[Create(0)]], None),
        scene(1, OVER_HERE, &[&[Create(1)], &[Create(1)], &[Create(2)]], Some(2)),
        scene(2, OVER_BOTH, &[&[Create(2)], &[Create(3)]], None),
        scene(2, OVER_TWICE, &[&[Create(1)], &[Create(1)]], None),
        scene(2, OVER_TWICE, &[&[Create(1)], &[Create(3)], &[Len]], Some(2)),
        scene(2, ONE_OF_EACH, &[&[Create(2)], &[Replace(0)], &[Load(0)]], Some(2)),
        scene(2, ONE_OF_EACH, &[&[Create(3)], &[Create(3)], &[Create(2)]], Some(2)),
        // A clock that moves.
        scene(1, SOON_HERE, &[&[Tick], &[Create(1)]], None),
        scene(1, SOON_HERE, &[&[Tick], &[Create(0)], &[Load(0)]], Some(3)),
        scene(1, SOON_HERE, &[&[Tick], &[Create(1)], &[Replace(0)]], Some(2)),
    ];
    let mut sum = Figures { orders: 0, histories: 0, full: 0 };
    for scene in &scenes {
        #[allow(clippy::disallowed_methods)] // shown to people, never judged by
        let begun = std::time::Instant::now();
        let found = every_order(scene);
        println!("{:.1} s {found:?} {scene:?}", begun.elapsed().as_secs_f64());
        sum.orders += found.orders;
        sum.histories += found.histories;
        sum.full += found.full;
    }
    println!("{} scenes, {sum:?}", scenes.len());
    assert!(sum.orders > 1000 && sum.full > 10, "{sum:?}");
}

#[test]
fn each_store_that_is_built_wrong_is_found() {
    // Of three locks the third, which no write clears in passing.
    let elsewhere: &[(u8, End)] = &[(2, End::Over), (5, End::Over)];
    let two: &[&[Op]] = &[&[Create(0)], &[Create(1)]];
    let scenes = [
        (
            Fault::HoldsTwoShards,
            scene(1, NOTHING, &[&[Create(0)], &[Create(1)], &[Create(3)]], Some(2)),
            "deadlock",
        ),
        (Fault::CountsAfterwards, scene(1, NOTHING, &[&[Create(0)], &[Create(1)]], Some(2)), "capacity"),
        (Fault::KeepsThePlace, scene(2, OVER_TWICE, &[&[Create(1)], &[Create(1)]], Some(2)), "count"),
        (Fault::GivesBackFirst, Scene { shards: 3, ..scene(2, elsewhere, two, Some(2)) }, "order"),
        (Fault::ComparesOutside, scene(2, LIVE, &[&[Replace(0)], &[Replace(0)]], Some(2)), "order"),
        (Fault::ComparesOnce, scene(2, OVER_TWICE, &[&[Create(1)], &[Create(1)]], Some(2)), "count"),
        (Fault::ClearsTheLiving, scene(2, LIVE, &[&[Create(2)], &[Load(0)]], Some(2)), "order"),
        (Fault::CountsNoClearing, scene(2, OVER_BOTH, &[&[Create(2)], &[Create(3)]], Some(2)), "count"),
    ];
    for (fault, scene, what) in scenes {
        assert_eq!(broken(&Scene { fault: Some(Fault::None), ..scene.clone() }), None, "{scene:?}");
        let found = broken(&Scene { fault: Some(fault), ..scene });
        assert_eq!(found.as_deref(), Some(what), "{fault:?}");
    }
}

/// Two who create the same entry each hold a place, and one of them gives it back. Whoever comes between the two is
/// told that the store is full while one place was about to be free: an error that another try mends.
#[test]
fn full_counts_a_place_that_is_about_to_be_given_back() {
    let elsewhere: &[(u8, End)] = &[(3, End::Over), (7, End::Over)];
    let scene =
        Scene { shards: 4, ..scene(2, elsewhere, &[&[Create(0)], &[Create(0)], &[Create(1)]], Some(2)) };
    assert_eq!(broken(&scene), None);
    assert_eq!(broken(&Scene { places: false, ..scene }).as_deref(), Some("order"));
}
