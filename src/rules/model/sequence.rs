//! Random sequences of operations, each done to a real ledger and to the reference.

use super::super::*;
use super::dice::{self, Dice};
use super::operations::same;
use super::reference::{DAY, Event, HOUR, MINUTE, Reference, SECOND, SLACK, What};
use super::{BEGIN, Fault, NEVER, Seen};
use crate::policy::Policy;
use crate::timestamp::Timestamp;

/// One sequence of operations, under way.
pub(super) struct Sequence {
    pub(super) dice: Dice,
    pub(super) policy: Policy,
    pub(super) reference: Reference,
    /// The real one, and its encoding.
    pub(super) ledger: Ledger,
    pub(super) entry: Vec<u8>,
    pub(super) now: i64,
    pub(super) latest: i64,
    /// When something that was refused may be had.
    pub(super) until: i64,
    pub(super) clients: u64,
    pub(super) fault: Fault,
    /// What was done, if it is to be told.
    pub(super) trace: Option<Vec<String>>,
}

/// One sequence, and what was seen in it.
///
/// # Errors
/// How ledger and reference differ, and all that was done before.
#[cfg(test)]
pub(super) fn run(seed: u64, fault: Fault, seen: &mut Seen) -> Result<(), String> {
    of(|| Dice::Mixed(seed), fault, seen).map_err(|difference| format!("seed {seed}: {difference}"))
}

/// The same, where every choice is read from those bytes, until there are none left.
#[cfg(fuzzing)]
pub(crate) fn read(bytes: &[u8]) -> Result<(), String> {
    of(|| Dice::Read(bytes.to_vec().into_iter()), Fault::None, &mut Seen::default())
}

fn of(dice: impl Fn() -> Dice, fault: Fault, seen: &mut Seen) -> Result<(), String> {
    if Sequence::new(dice(), fault, None).run(seen).is_ok() {
        return Ok(());
    }
    // Once more, and this time every step is written down.
    let mut again = Sequence::new(dice(), fault, Some(Vec::new()));
    let difference = again.run(&mut Seen::default()).err().unwrap_or_default();
    let (numbers, now) = (&again.reference.numbers, again.now);
    let steps = again.trace.unwrap_or_default().join("\n");
    Err(format!("{difference}\nat {now}, by {numbers:?}, after\n{steps}"))
}

impl Sequence {
    fn new(mut dice: Dice, fault: Fault, trace: Option<Vec<String>>) -> Self {
        let numbers = dice::numbers(&mut dice);
        Self {
            policy: dice::policy(&numbers),
            reference: Reference { numbers, codes: Vec::new(), log: Vec::new(), valid_from: i64::MIN },
            ledger: Ledger::default(),
            entry: postcard::to_allocvec(&Ledger::default()).unwrap(),
            now: BEGIN,
            latest: BEGIN,
            until: BEGIN,
            clients: dice.of(&[2, 4, 12, 30]),
            fault,
            trace,
            dice,
        }
    }

    fn run(&mut self, seen: &mut Seen) -> Result<(), String> {
        for _ in 0..20 + self.dice.below(41) {
            if self.dice.is_used_up() {
                break;
            }
            self.tick();
            self.operation(seen)?;
            self.looks_the_same()?;
            seen.operations += 1;
        }
        seen.sequences += 1;
        let guessed = self.reference.most_guessed(DAY);
        // On the day a test recipient becomes one like any other, what a guess at its old codes costs
        // changes.
        let changes = (BEGIN..NEVER).contains(&self.reference.numbers.fixed_until);
        if guessed > self.reference.numbers.accepted && !changes {
            return Err(format!("{guessed} guesses in a day"));
        }
        Ok(())
    }

    pub(super) fn trace(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{} {}", self.now, what()));
        }
    }

    /// Time goes on, or back a little. No two operations fall into the same millisecond, so that nobody asked
    /// for anything "just as long ago" as another.
    fn tick(&mut self) {
        let step = match self.dice.below(20) {
            0..8 => self.dice.span(10 * SECOND),
            8..10 => self.reference.numbers.spacing,
            10..13 => self.until - self.dice.of(&[0, 0, 1]) - self.now,
            13..15 => -self.dice.span(SLACK),
            15..18 => self.dice.span(10 * MINUTE),
            18 if self.dice.one_in(2) => self.dice.span(2 * HOUR),
            18 => {
                (self.now / HOUR + self.dice.of(&[1, 24, 25, 25])) * HOUR - self.dice.of(&[0, 1]) - self.now
            }
            _ => self.dice.of(&[MINUTE, DAY, 30 * DAY]),
        };
        // Disabled for a hundred years: nobody waits for that.
        let step = if step > 40 * DAY { HOUR } else { step };
        self.now = (self.now + step).max(self.latest - SLACK);
        while self.reference.log.iter().any(|event| event.at == self.now) {
            self.now += 1;
        }
        self.latest = self.latest.max(self.now);
    }

    fn operation(&mut self, seen: &mut Seen) -> Result<(), String> {
        match self.dice.below(100) {
            0..40 => self.ask(seen),
            40..80 => self.submit(seen),
            80..88 => self.again(seen),
            other => {
                match other {
                    88..92 => self.cancel(),
                    92..95 => self.void(),
                    95..97 => self.clear(),
                    97 => self.restore(),
                    _ => {} // time goes on, and that is all
                }
                Ok(())
            }
        }
    }

    pub(super) fn at(&self) -> Moment {
        let [now, valid_from] = [self.now, self.reference.valid_from].map(Timestamp::from_unix_millis);
        Moment { now, valid_from }
    }

    /// As it is loaded.
    pub(super) fn load(&self) -> Ledger {
        postcard::from_bytes(&self.entry).unwrap()
    }

    pub(super) fn write(&mut self, ledger: Ledger) {
        self.entry = postcard::to_allocvec(&ledger).unwrap();
        self.ledger = ledger;
    }

    pub(super) fn log(&mut self, what: What) {
        self.reference.log.push(Event { at: self.now, what });
    }

    /// A code that was asked for lately, mostly a live one.
    pub(super) fn recent(&mut self) -> Option<usize> {
        if !self.dice.one_in(4) {
            let live = self.reference.live(self.now);
            if !live.is_empty() {
                return Some(self.dice.of(&live));
            }
        }
        let last = self.reference.codes.len().checked_sub(1)?;
        let back = usize::try_from(self.dice.below(4)).unwrap();
        Some(last.saturating_sub(back))
    }

    /// The same codes live, with the same attempts left, after the same failures.
    fn looks_the_same(&self) -> Result<(), String> {
        let (ledger, now) = (&self.ledger, self.now);
        let mut live: Vec<(usize, usize)> = ledger
            .live(self.at())
            .map(|challenge| (usize::from(challenge.id[0]), usize::from(challenge.attempts_left)))
            .collect();
        live.sort_unstable();
        let expected: Vec<_> =
            self.reference.live(now).into_iter().map(|code| (code, self.reference.left(code))).collect();
        same("live codes", live, expected)?;
        let failures = ledger.consecutive_failures(self.at().now, &self.policy);
        same("failures", failures, self.reference.failures(now).0)
    }
}
