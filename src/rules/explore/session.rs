//! The rules of a session, and what they promise whoever shares it.

use std::time::Duration;

use super::super::tests::{at, policy, second};
use super::super::*;
use super::house::{Answer, Broken, Fault, House, Op, Outcome, Told};
use crate::grant::Grant;
use crate::purpose::Purpose;

/// When everything happens; the session is a minute old.
const NOW: u64 = 60;

/// A session whose first refresh token three clients have.
pub(super) struct Setting {
    grace: Duration,
    fault: Fault,
}

impl Setting {
    pub(super) fn new(grace: u64, fault: Fault) -> Self {
        Self { grace: Duration::from_secs(grace), fault }
    }
}

impl House for Setting {
    fn fault(&self) -> Fault {
        self.fault
    }

    fn start(&self) -> Vec<u8> {
        let (grant, purpose) = (Grant::new(), Purpose::LOGIN);
        let session = Session::start([7; 16], "ada".into(), purpose, grant, &policy(), second(0));
        postcard::to_allocvec(&session).unwrap()
    }

    fn judge(&self, entry: &[u8], op: Op, _client: usize, _judged: u8) -> (Option<Vec<u8>>, Outcome) {
        let session: Session = postcard::from_bytes(entry).unwrap();
        let any = self.fault == Fault::AnyRefreshTokenIsGood;
        let generation = if any { session.generation } else { 0 };
        let (after, answer) = match op {
            Op::Revoke => (session.revoke_family(), Answer::Revoked),
            _ => match session.refresh(at(NOW), generation, self.grace) {
                (session, Refreshed::Next) => (Some(session), Answer::Next),
                (_, Refreshed::Again) => (None, Answer::Same),
                (tombstone, Refreshed::Replayed) => {
                    (Some(tombstone).filter(|_| self.fault != Fault::ReplayIsNotWritten), Answer::Replayed)
                }
                (_, Refreshed::Dead) => (None, Answer::Dead),
            },
        };
        (after.map(|after| postcard::to_allocvec(&after).unwrap()), Outcome::of(answer))
    }

    fn promises(&self, entry: &[u8], told: &[Told<'_>; 3]) -> Result<(), Broken> {
        let session: Session = postcard::from_bytes(entry).unwrap();
        let answers = |wanted: Answer| told.iter().filter(|told| told.answer() == Some(wanted)).count();
        let promise = |kept: bool, broken| if kept { Ok(()) } else { Err(broken) };

        let ended = answers(Answer::Revoked) + answers(Answer::Replayed) > 0;
        promise(!ended || !session.is_refreshable(at(NOW)), Broken::Ended)?;

        let next = answers(Answer::Next);
        promise(next <= 1 && session.generation <= 1, Broken::Successors)?;
        let only_refreshed = told.iter().all(|told| told.op == Op::Refresh);
        let all_told = told.iter().all(|told| told.answer().is_some());
        promise(!only_refreshed || !all_told || next == 1, Broken::Successors)?;
        // Within the grace whoever lost the reply gets the same, and nobody is taken for a thief.
        let good = next + answers(Answer::Same);
        let graced = only_refreshed && !self.grace.is_zero();
        let answered = told.iter().filter(|told| told.answer().is_some()).count();
        promise(!graced || answered == good, Broken::Successors)?;
        promise(!graced || good == 0 || session.is_refreshable(at(NOW)), Broken::Successors)
    }
}
