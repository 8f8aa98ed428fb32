//! Three clients on one entry, in every order in which their loads, swaps and replies can fall. Any of them
//! may crash before any step; any try of a swap may be lost, so that nobody knows whether it will arrive,
//! now, later or never. Whatever the order, the promises hold. Then ways to build the house wrong, and the
//! same search finds each of them.

mod house;
mod ledger;
mod search;
mod session;

use house::{Answer, Broken, Fault, Op};
use ledger::Named;
use search::Figures;

/// Every way to take three of those, order aside.
fn threes(ops: &[Op]) -> Vec<[Op; 3]> {
    let mut found = Vec::new();
    for (first, a) in ops.iter().enumerate() {
        for (second, b) in ops.iter().enumerate().skip(first) {
            found.extend(ops[second..].iter().map(|c| [*a, *b, *c]));
        }
    }
    found
}

const ON_LEDGERS: [Op; 6] = [Op::Request, Op::Keyed, Op::Right, Op::Wrong, Op::Again, Op::Cancel];
const ON_SESSIONS: [Op; 2] = [Op::Refresh, Op::Revoke];

/// Codes of so many attempts, and an accepted risk of two of them.
fn ledger(ops: [Op; 3], attempts: u8, named: Named, fault: Fault) -> Result<Figures, Broken> {
    search::every_order(&ledger::Setting::new(attempts, 2, named, fault), ops)
}

fn session(ops: [Op; 3], grace: u64, fault: Fault) -> Result<Figures, Broken> {
    search::every_order(&session::Setting::new(grace, fault), ops)
}

/// Runs the search on its own, and says what it came to.
fn report(what: &str, searches: impl Iterator<Item = Result<Figures, Broken>>) -> Figures {
    #[allow(clippy::disallowed_methods)] // shown to people, never judged by
    let begun = std::time::Instant::now();
    let mut sum = Figures::default();
    let mut count = 0;
    for found in searches {
        sum.add(&found.unwrap_or_else(|broken| panic!("{broken:?}")));
        count += 1;
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{what}: {count} searches, {} states, {} ends, {seconds:.1} s", sum.states, sum.ends);
    sum
}

#[test]
fn whatever_three_clients_do_to_a_ledger_the_promises_hold() {
    let settings =
        [1, 2].into_iter().flat_map(|attempts| [(attempts, Named::Id), (attempts, Named::Recipient)]);
    let all = settings.flat_map(|setting| threes(&ON_LEDGERS).into_iter().map(move |ops| (setting, ops)));
    let found = all.map(|((attempts, named), ops)| ledger(ops, attempts, named, Fault::None));
    let sum = report("ledgers", found);
    assert!(sum.states > 1_000_000 && sum.ends > 50_000, "{sum:?}");
}

#[test]
fn whatever_three_clients_do_to_a_session_the_promises_hold() {
    let all =
        [0, 10].into_iter().flat_map(|grace| threes(&ON_SESSIONS).into_iter().map(move |ops| (grace, ops)));
    let sum = report("sessions", all.map(|(grace, ops)| session(ops, grace, Fault::None)));
    assert!(sum.states > 10_000 && sum.ends > 1_000, "{sum:?}");
}

/// The promises are not kept by answering nobody.
#[test]
fn each_answer_is_told_as_often_as_it_may_be() {
    use Op::{Keyed, Refresh, Request, Right, Wrong};
    let most = |found: Result<Figures, Broken>, answer| found.unwrap().most.get(&answer).copied();
    for (ops, attempts, answer, times) in [
        ([Right; 3], 2, Answer::Right, Some(1)),
        ([Right; 3], 2, Answer::NoneLive, Some(2)),
        ([Wrong; 3], 1, Answer::Wrong, Some(1)),
        ([Wrong; 3], 2, Answer::Wrong, Some(2)),
        ([Request; 3], 2, Answer::Wait, Some(1)),
        ([Keyed; 3], 2, Answer::Receipt(16), Some(3)), // the first of the first client's
    ] {
        let found = ledger(ops, attempts, Named::Id, Fault::None);
        assert_eq!(most(found, answer), times, "{ops:?}: {answer:?}");
    }
    for (grace, answer, times) in [
        (10, Answer::Next, 1),
        (10, Answer::Same, 2),
        (0, Answer::Next, 1),
        (0, Answer::Replayed, 1),
        (0, Answer::Dead, 1),
    ] {
        let found = session([Refresh; 3], grace, Fault::None);
        assert_eq!(most(found, answer), Some(times), "{grace} s: {answer:?}");
    }
}

/// Each promise, broken by a house that is built wrong.
#[test]
fn the_search_finds_every_ledger_that_is_built_wrong() {
    use Op::{Again, Cancel, Keyed, Request, Right, Wrong};
    for (fault, ops, broken) in [
        (Fault::StoreDoesNotCompare, [Right, Right, Right], Broken::TwiceRight),
        (Fault::StoreDoesNotCompare, [Wrong, Wrong, Wrong], Broken::Attempts),
        (Fault::StoreDoesNotCompare, [Request, Request, Request], Broken::ReceiptWithoutCode),
        (Fault::StoreDoesNotCompare, [Right, Again, Again], Broken::TwiceRight),
        (Fault::StoreDoesNotCompare, [Cancel, Again, Again], Broken::Cancelled),
        (Fault::VerdictBeforeSwap, [Right, Right, Right], Broken::TwiceRight),
        (Fault::VerdictBeforeSwap, [Wrong, Wrong, Wrong], Broken::Attempts),
        (Fault::VerdictBeforeSwap, [Request, Request, Request], Broken::ReceiptWithoutCode),
        (Fault::LostMeansApplied, [Right, Right, Right], Broken::TwiceRight),
        (Fault::LostMeansApplied, [Wrong, Wrong, Wrong], Broken::Attempts),
        (Fault::LostMeansApplied, [Cancel, Again, Again], Broken::Cancelled),
        (Fault::LostMeansNotApplied, [Right, Again, Again], Broken::NoneRight),
        (Fault::LostMeansNotApplied, [Request, Again, Again], Broken::TwoCodesForOneRequest),
        (Fault::DoubtMeansNotApplied, [Right, Request, Request], Broken::TwoCodesForOneRequest),
        (Fault::DoubtMeansNotApplied, [Request, Again, Again], Broken::TwoCodesForOneRequest),
        (Fault::JudgedOnce, [Request, Request, Again], Broken::Risk),
        (Fault::KeysAreIgnored, [Keyed, Keyed, Again], Broken::TwoCodesForOneKey),
        (Fault::ResendRefillsAttempts, [Wrong, Wrong, Again], Broken::Attempts),
    ] {
        let found = ledger(ops, 2, Named::Id, fault).err();
        assert_eq!(found, Some(broken), "{fault:?} {ops:?}");
    }
    let refunded = ledger([Wrong, Request, Request], 1, Named::Id, Fault::NewCodeRefundsGuesses);
    assert_eq!(refunded.err(), Some(Broken::Risk));
    // Where more risk is accepted, room is what keeps codes few.
    let roomy = ledger::Setting::new(2, 4, Named::Id, Fault::JudgedOnce);
    assert_eq!(search::every_order(&roomy, [Request; 3]).err(), Some(Broken::Room));
}

#[test]
fn the_search_finds_every_session_that_is_built_wrong() {
    use Op::{Refresh, Revoke};
    for (fault, grace, ops, broken) in [
        (Fault::StoreDoesNotCompare, 10, [Refresh; 3], Broken::Successors),
        (Fault::StoreDoesNotCompare, 10, [Refresh, Revoke, Revoke], Broken::Ended),
        (Fault::VerdictBeforeSwap, 10, [Refresh; 3], Broken::Successors),
        (Fault::VerdictBeforeSwap, 10, [Refresh, Revoke, Revoke], Broken::Ended),
        (Fault::LostMeansApplied, 10, [Refresh; 3], Broken::Successors),
        (Fault::LostMeansNotApplied, 0, [Refresh; 3], Broken::Successors),
        (Fault::DoubtMeansNotApplied, 0, [Refresh; 3], Broken::Successors),
        (Fault::AnyRefreshTokenIsGood, 10, [Refresh; 3], Broken::Successors),
        (Fault::ReplayIsNotWritten, 0, [Refresh; 3], Broken::Ended),
    ] {
        let found = session(ops, grace, fault).err();
        assert_eq!(found, Some(broken), "{fault:?} {ops:?}");
    }
}
