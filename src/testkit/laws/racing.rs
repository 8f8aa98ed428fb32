//! The laws about many callers at once.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::ask::{SMALL, count_of, counted, fresh_name, fresh_value};
use super::forgetting::expired;
use super::{Laws, RACERS, Seen};
use crate::crypto::{Name, Sealed, Version};
use crate::ports::{CodeStore, Swap};

/// How many names are raced for.
const NAMES: usize = 64;

/// How often each racer tries to swap one entry: a store that looks and then writes loses a round only if two
/// of its calls really overlap.
const ROUNDS: usize = 500;

pub(super) fn one_creator_wins<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    for _ in 0..NAMES {
        let name = fresh_name()?;
        create_at_once(laws, name, false)?;
    }
    for (name, _) in expired(laws, NAMES)? {
        let there = laws.load(name)?.is_some();
        create_at_once(laws, name, there)?;
    }
    Ok(())
}

/// Races for one name. An expired entry may still be there, and then nobody need win.
fn create_at_once<S: CodeStore>(laws: &Laws<'_, S>, name: Name, there: bool) -> Result<(), Seen> {
    let values = (0..RACERS).map(|_| fresh_value(SMALL)).collect::<Result<Vec<_>, _>>()?;
    let ready = Barrier::new(RACERS);
    let race = |value| {
        ready.wait();
        laws.swap(name, None, value, laws.later())
    };
    let swaps = all_at_once(values.iter(), race)?;
    let winners: Vec<&Sealed> =
        values.iter().zip(swaps).filter(|(_, swap)| *swap == Swap::Applied).map(|(value, _)| value).collect();
    match winners[..] {
        [winner] => laws.shows("after many created at once", name, Some(winner)),
        [] if there => Ok(()),
        _ => {
            let applied = winners.len() as u64;
            Err(Seen::Race { when: "where many created one name at once", applied, expected: 1 })
        }
    }
}

pub(super) fn one_writer_wins<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    let name = fresh_name()?;
    laws.applies("creating", name, None, &counted(0)?)?;
    let ready = Barrier::new(RACERS);
    let failed = AtomicBool::new(false);
    // Which versions each racer was told it had overwritten. In every round all have loaded before any swaps,
    // so that the swaps meet; after a round in which the store failed or panicked for one of them, all
    // stop.
    let race = |_| {
        let mut overwritten = Vec::new();
        for _ in 0..ROUNDS {
            let seen = catch_unwind(AssertUnwindSafe(|| present(laws, name)));
            ready.wait();
            let swapped = seen.and_then(|seen| {
                catch_unwind(AssertUnwindSafe(|| {
                    let (count, version) = seen?;
                    let next = counted(count.saturating_add(1))?;
                    Ok((laws.swap(name, Some(version), &next, laws.later())? == Swap::Applied)
                        .then_some(version))
                }))
            });
            if !matches!(swapped, Ok(Ok(_))) {
                failed.store(true, Ordering::SeqCst);
            }
            ready.wait();
            match swapped {
                Ok(Ok(version)) => overwritten.extend(version),
                Ok(Err(seen)) => return Err(seen),
                Err(panic) => resume_unwind(panic),
            }
            if failed.load(Ordering::SeqCst) {
                break;
            }
        }
        Ok(overwritten)
    };
    let overwritten: Vec<Version> = all_at_once(0..RACERS, race)?.into_iter().flatten().collect();
    let applied = overwritten.len() as u64;
    let distinct = overwritten.into_iter().collect::<HashSet<_>>().len() as u64;
    if applied != distinct {
        return Err(Seen::Race {
            when: "where many swapped one version at once",
            applied,
            expected: distinct,
        });
    }
    let (count, _) = present(laws, name)?;
    if applied != count {
        return Err(Seen::Race { when: "where many counted up at once", applied, expected: count });
    }
    // Whoever conflicts was overtaken, so in each round somebody was applied.
    let expected = ROUNDS as u64;
    if applied == expected {
        return Ok(());
    }
    Err(Seen::Race { when: "where many swapped one version in each round", applied, expected })
}

/// The number and version of an entry that must be there.
fn present<S: CodeStore>(laws: &Laws<'_, S>, name: Name) -> Result<(u64, Version), Seen> {
    let found = laws.load(name)?;
    let seen = found.as_ref().and_then(|value| Some((count_of(value)?, value.version())));
    seen.ok_or(Seen::Load { when: "while many swapped an entry", expected: None, found })
}

/// Does the same for each item, every one in a thread of its own.
fn all_at_once<I: Send, T: Send>(
    items: impl Iterator<Item = I>,
    work: impl Fn(I) -> Result<T, Seen> + Sync,
) -> Result<Vec<T>, Seen> {
    let work = &work;
    thread::scope(|scope| {
        let racers: Vec<_> = items.map(|item| scope.spawn(move || work(item))).collect();
        racers.into_iter().map(|racer| racer.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}
