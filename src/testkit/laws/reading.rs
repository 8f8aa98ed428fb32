//! The law about loads: none is older than what was answered before it began.

use std::iter;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::{self, ScopedJoinHandle};

use super::ask::{count_of, counted, fresh_name};
use super::{Laws, RACERS, Seen};
use crate::crypto::{Name, Sealed};
use crate::ports::CodeStore;

/// How many threads read.
const READERS: usize = RACERS / 2;

/// How many swaps they follow.
const SWAPS: u64 = 32;

pub(super) fn answered_swaps_are_seen<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    read_while_writing(laws)?;
    read_in_turns(laws)
}

/// Loads all the time while somebody swaps: no load shows less than what had been answered as it began.
fn read_while_writing<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    let name = fresh_name()?;
    let mut value = counted(0)?;
    laws.applies("creating", name, None, &value)?;
    let answered = AtomicU64::new(0);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let follow = || {
            // Once more after the last swap.
            let mut last = false;
            while !last {
                last = over.load(Ordering::SeqCst);
                at_least(laws, name, answered.load(Ordering::SeqCst))?;
            }
            Ok(())
        };
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(follow)).collect();
        let count_up = || {
            for count in 1..=SWAPS {
                value = swapped(laws, name, &value, count)?;
                answered.store(count, Ordering::SeqCst);
            }
            Ok(())
        };
        // In a thread of its own, so that the readers end even where the store panics.
        let written = scope.spawn(count_up).join();
        over.store(true, Ordering::SeqCst);
        let threads = iter::once(written).chain(readers.into_iter().map(ScopedJoinHandle::join));
        let ends: Vec<_> = threads.map(|end| end.unwrap_or_else(|panic| resume_unwind(panic))).collect();
        ends.into_iter().collect()
    })
}

/// Loads in other threads before and after each swap, so that whatever they remember is out of date.
fn read_in_turns<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    let name = fresh_name()?;
    let mut value = counted(0)?;
    laws.applies("creating", name, None, &value)?;
    thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|_| {
                let (ask, asked) = mpsc::channel();
                let (tell, told) = mpsc::channel();
                scope.spawn(move || {
                    for answered in asked {
                        if tell.send(at_least(laws, name, answered)).is_err() {
                            break;
                        }
                    }
                });
                (ask, told)
            })
            .collect();
        for count in 0..=SWAPS {
            if count > 0 {
                value = swapped(laws, name, &value, count)?;
            }
            // A reader that is gone has panicked, and the scope will say so.
            for (ask, told) in &readers {
                let _ = ask.send(count);
                told.recv().unwrap_or(Ok(()))?;
            }
        }
        Ok(())
    })
}

fn swapped<S: CodeStore>(laws: &Laws<'_, S>, name: Name, value: &Sealed, count: u64) -> Result<Sealed, Seen> {
    let next = counted(count)?;
    laws.applies("swapping the present version", name, Some(value.version()), &next)?;
    Ok(next)
}

/// A load begun now shows what was answered, or something newer.
fn at_least<S: CodeStore>(laws: &Laws<'_, S>, name: Name, answered: u64) -> Result<(), Seen> {
    let found = laws.load(name)?.as_ref().and_then(count_of);
    if found.is_some_and(|count| count >= answered) { Ok(()) } else { Err(Seen::Stale { answered, found }) }
}
