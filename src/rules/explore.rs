//! Three clients on one ledger, in every order in which their loads and swaps can fall, each of them crashing
//! at every point it can: the promises hold in all of them. Then two ways to build it wrong, and the same
//! search finds both.

use super::ledger_tests::{ada, at, challenge, policy};
use super::*;
use crate::crypto::NO_CONTEXT;
use crate::purpose::Purpose;
use crate::request::Request;
use crate::typed::Typed;

#[derive(Clone, Copy, PartialEq)]
enum Intent {
    Right,
    Wrong,
    /// Sends the code again.
    Resend,
}

#[derive(Clone, Copy, PartialEq)]
enum Told {
    Nothing,
    Right,
    Wrong,
    Refused,
}

#[derive(Clone)]
struct Client {
    intent: Intent,
    /// What it loaded, if it has not swapped yet.
    loaded: Option<(u64, Vec<u8>)>,
    told: Told,
    done: bool,
}

#[derive(Clone)]
struct World {
    version: u64,
    entry: Vec<u8>,
    clients: Vec<Client>,
}

/// How the house is built.
#[derive(Clone, Copy, PartialEq)]
enum House {
    AsItIs,
    StoreDoesNotCompare,
    VerdictBeforeSwap,
}

#[derive(Default)]
struct Seen {
    ends: u64,
    most_right: usize,
    most_verdicts: usize,
    fewest_right_without_crash: Option<usize>,
}

fn search(intents: [Intent; 3], attempts: u8, house: House) -> Seen {
    let request = Request::login(&ada()).attempts(attempts);
    let ledger = Ledger::default().admit(at(0), challenge(1, "111111", request, at(0)), &policy());
    let entry = postcard::to_allocvec(&ledger.ok().unwrap()).unwrap();
    let client = |intent| Client { intent, loaded: None, told: Told::Nothing, done: false };
    let world = World { version: 1, entry, clients: intents.map(client).to_vec() };
    let mut seen = Seen::default();
    every_future(&world, house, false, &mut seen);
    seen
}

fn every_future(world: &World, house: House, crashed: bool, seen: &mut Seen) {
    let running: Vec<usize> = (0..world.clients.len()).filter(|&index| !world.clients[index].done).collect();
    if running.is_empty() {
        let told = |what| world.clients.iter().filter(|client| client.told == what).count();
        seen.ends += 1;
        seen.most_right = seen.most_right.max(told(Told::Right));
        seen.most_verdicts = seen.most_verdicts.max(told(Told::Right) + told(Told::Wrong));
        if !crashed {
            let right = told(Told::Right);
            seen.fewest_right_without_crash =
                Some(seen.fewest_right_without_crash.map_or(right, |few| few.min(right)));
        }
        return;
    }
    for index in running {
        // It crashes here: before this step, so also after the one before and before telling anybody.
        let mut without = world.clone();
        without.clients[index].done = true;
        every_future(&without, house, true, seen);

        let mut with = world.clone();
        step(&mut with, index, house);
        every_future(&with, house, crashed, seen);
    }
}

/// One step of one client: a load, or judging and a swap. Telling the verdict is a step of its own, so that a
/// crash can come between the swap and it.
fn step(world: &mut World, index: usize, house: House) {
    let client = &mut world.clients[index];
    if client.told != Told::Nothing {
        client.done = true;
        return;
    }
    let Some((version, bytes)) = client.loaded.take() else {
        client.loaded = Some((world.version, world.entry.clone()));
        return;
    };
    let (after, told) = judge(&bytes, client.intent);
    let Some(after) = after else {
        client.told = told;
        return;
    };
    let applies = version == world.version || house == House::StoreDoesNotCompare;
    if house == House::VerdictBeforeSwap || applies {
        client.told = told;
    }
    if applies {
        world.version += 1;
        world.entry = after;
    }
}

fn judge(bytes: &[u8], intent: Intent) -> (Option<Vec<u8>>, Told) {
    let ledger: Ledger = postcard::from_bytes(bytes).unwrap();
    let written = |ledger: &Ledger| Some(postcard::to_allocvec(ledger).unwrap());
    let typed = match intent {
        Intent::Right => "111111",
        Intent::Wrong => "999999",
        Intent::Resend => {
            return match ledger.claim_delivery(at(60), &[1; 16], &policy(), |_| ()) {
                Some(Ok((ledger, ()))) => (written(&ledger), Told::Refused),
                _ => (None, Told::Refused),
            };
        }
    };
    let typed = Typed::read(typed).unwrap();
    let attempt =
        Attempt { id: Some([1; 16]), typed: &typed, purposes: &[Purpose::LOGIN], context: NO_CONTEXT };
    match ledger.submit(at(60), &attempt) {
        (_, Verdict::NoneLive) => (None, Told::Refused),
        (ledger, Verdict::Wrong { .. }) => (written(&ledger), Told::Wrong),
        (ledger, Verdict::Right(_)) => (written(&ledger), Told::Right),
    }
}

#[test]
fn of_three_right_submissions_one_wins_and_without_a_crash_exactly_one() {
    let seen = search([Intent::Right; 3], 5, House::AsItIs);
    assert!(seen.ends > 10_000, "only {} ends", seen.ends);
    assert_eq!((seen.most_right, seen.fewest_right_without_crash), (1, Some(1)));
    assert_eq!(seen.most_verdicts, 1);
}

#[test]
fn of_three_guesses_at_most_as_many_learn_a_verdict_as_there_are_attempts() {
    for attempts in [1, 2] {
        let seen = search([Intent::Wrong; 3], attempts, House::AsItIs);
        assert_eq!(seen.most_verdicts, usize::from(attempts));
        assert_eq!(seen.most_right, 0);
    }
}

#[test]
fn sending_again_meanwhile_changes_neither() {
    let seen = search([Intent::Right, Intent::Wrong, Intent::Resend], 1, House::AsItIs);
    assert_eq!(seen.most_verdicts, 1);
    let seen = search([Intent::Right, Intent::Right, Intent::Resend], 5, House::AsItIs);
    assert_eq!((seen.most_right, seen.fewest_right_without_crash), (1, Some(1)));
}

#[test]
fn the_search_finds_a_store_that_does_not_compare() {
    assert!(search([Intent::Right; 3], 5, House::StoreDoesNotCompare).most_right > 1);
    assert!(search([Intent::Wrong; 3], 1, House::StoreDoesNotCompare).most_verdicts > 1);
}

#[test]
fn the_search_finds_a_verdict_told_before_its_swap() {
    assert!(search([Intent::Right; 3], 5, House::VerdictBeforeSwap).most_right > 1);
    assert!(search([Intent::Wrong; 3], 1, House::VerdictBeforeSwap).most_verdicts > 1);
}
