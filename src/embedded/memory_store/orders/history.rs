//! What a store that does one thing at a time could have answered.

use std::fmt;

/// What a thread does. Names are numbers, so are the values written: each write has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Op {
    Load(u8),
    /// A swap that expects nothing there, of something that outlives the test.
    Create(u8),
    /// A swap that expects what was there at the beginning.
    Replace(u8),
    /// The clock moves on, past the end of all that ends soon.
    Tick,
    /// The number of entries is asked for.
    Len,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Answer {
    Found(Option<u8>),
    Applied,
    Conflict,
    Full,
    Ticked,
    Counted(usize),
}

/// An operation with its answer, and when it was called and answered, in steps.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Done {
    pub(super) op: Op,
    pub(super) writes: u8,
    pub(super) called: usize,
    pub(super) answered: usize,
    pub(super) answer: Answer,
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { op, writes, called, answered, answer } = self;
        write!(f, "{called}-{answered}: {op:?} (of {writes}) {answer:?}")
    }
}

/// When an entry is over: before the test begins, when the clock ticks, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Over,
    Soon,
    Never,
}

#[derive(Clone, Copy)]
struct Entry {
    name: u8,
    value: u8,
    end: End,
}

/// Whether there is an order of those operations, each between its call and its answer, in which a store that
/// does one at a time gives these answers. At the beginning the entry of each name holds that number.
///
/// An operation during which the clock ticks may go by either time. Whoever creates may hold a place before
/// the entry is there (if `places`): for such a one the store may say that it is full, but for no other reason.
pub(super) fn could_be(done: &[Done], begin: &[(u8, End)], capacity: usize, places: bool) -> bool {
    let entries = begin.iter().map(|(name, end)| Entry { name: *name, value: *name, end: *end });
    search(done, &mut vec![false; done.len()], &entries.collect::<Vec<_>>(), capacity, places)
}

fn search(done: &[Done], taken: &mut [bool], entries: &[Entry], capacity: usize, places: bool) -> bool {
    if taken.iter().all(|taken| *taken) {
        return true;
    }
    let first_answer = done.iter().zip(&*taken).filter(|(_, taken)| !**taken).map(|(done, _)| done.answered);
    let Some(first_answer) = first_answer.min() else { return true };
    for next in 0..done.len() {
        if taken[next] || done[next].called > first_answer {
            continue;
        }
        let held = done.iter().zip(&*taken).filter(|(other, taken)| may_hold(&done[next], other, **taken));
        let held = held.count() - usize::from(may_hold(&done[next], &done[next], false));
        let held = if places { held } else { 0 };
        for alive in ends(done, &done[next]) {
            if let Some(after) = step(&done[next], entries, alive, held, capacity) {
                taken[next] = true;
                let found = search(done, taken, &after, capacity, places);
                taken[next] = false;
                if found {
                    return true;
                }
            }
        }
    }
    false
}

/// Whether another operation, under way at the same time, may hold a place without an entry: it creates, and
/// has not written yet, or finds out too late that it cannot.
fn may_hold(this: &Done, other: &Done, taken: bool) -> bool {
    let meets = other.called < this.answered && this.called < other.answered;
    let holds = !taken || other.answer == Answer::Conflict;
    meets && holds && matches!(other.op, Op::Create(_))
}

/// What may still be alive for an operation: by the time before the tick, or after it.
fn ends(done: &[Done], this: &Done) -> Vec<End> {
    let Some(tick) = done.iter().find(|done| done.op == Op::Tick) else { return vec![End::Soon] };
    let mut ends = Vec::new();
    if this.called < tick.answered {
        ends.push(End::Soon);
    }
    if this.answered > tick.called {
        ends.push(End::Never);
    }
    ends
}

/// The entries after that operation, if a store may answer it like that.
fn step(this: &Done, entries: &[Entry], alive: End, held: usize, capacity: usize) -> Option<Vec<Entry>> {
    let at = |name| entries.iter().position(|entry| entry.name == name && entry.end >= alive);
    let live = entries.iter().filter(|entry| entry.end >= alive).count();
    let mut after = entries.to_vec();
    let (Op::Load(name) | Op::Create(name) | Op::Replace(name)) = this.op else {
        let within = !matches!(this.answer, Answer::Counted(count) if count > capacity);
        return within.then_some(after);
    };
    let there = at(name).map(|index| entries[index].value);
    let expected = if matches!(this.op, Op::Replace(_)) { Some(name) } else { None };
    let new = Entry { name, value: this.writes, end: End::Never };
    let may_be = match (this.op, this.answer) {
        (Op::Load(_), Answer::Found(value)) => value == there,
        (Op::Create(_) | Op::Replace(_), Answer::Conflict) => there != expected,
        (Op::Create(_), Answer::Applied) => {
            after.retain(|entry| entry.name != name);
            after.push(new);
            there.is_none() && live < capacity
        }
        (Op::Create(_), Answer::Full) => there.is_none() && live + held >= capacity,
        (Op::Replace(_), Answer::Applied) => {
            after.retain(|entry| entry.name != name);
            after.push(new);
            there == expected
        }
        _ => false,
    };
    may_be.then_some(after)
}
