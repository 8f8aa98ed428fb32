//! What the documentation says of codes, for a policy that spaces no requests and accepts more risk than a run
//! can spend: which live, which is right, what a submission is told. One for each namespace.

use super::MINUTE;

const DAY: i64 = 24 * 60 * MINUTE;

/// How many codes of one purpose strangers together may have alive, and each known client.
const ROOM: usize = 3;

/// A code as it was asked for, and what has become of it. Times are milliseconds.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
pub(super) struct Code {
    pub(super) recipient: u8,
    pub(super) purpose: u8,
    pub(super) by_id: bool,
    pub(super) client: Option<u8>,
    pub(super) key: Option<u8>,
    pub(super) decoy: bool,
    pub(super) lifetime: i64,
    pub(super) born: i64,
    pub(super) left: u8,
    pub(super) value: String,
    /// Taken back, right, or made worth nothing by another one of the same client.
    pub(super) gone: bool,
    /// Made worth nothing by another one that was right; it looks like any other.
    pub(super) spoilt: bool,
}

impl Code {
    pub(super) fn is_live(&self, now: i64) -> bool {
        !self.gone && self.left > 0 && now < self.end()
    }

    pub(super) fn end(&self) -> i64 {
        self.born + self.lifetime
    }

    fn is_same_request(&self, other: &Self) -> bool {
        let asked = |code: &Self| {
            (code.recipient, code.purpose, code.by_id, code.client, code.key, code.decoy, code.lifetime)
        };
        self.key.is_some() && asked(self) == asked(other)
    }
}

/// What a request leads to.
#[derive(Debug, PartialEq)]
pub(super) enum Asked {
    New,
    /// The code of that number, once more.
    Same(usize),
    /// Too many are alive.
    Wait,
}

/// What a submission is told.
#[derive(Debug, PartialEq)]
pub(super) enum Told {
    /// That code is right.
    Right(usize),
    /// The attempts left, if it was named by otp id.
    Refused(Option<u8>),
}

#[derive(Debug, Default)]
pub(super) struct Codes {
    pub(super) all: Vec<Code>,
    /// Which client had a right code of which recipient, and when the last was.
    known: Vec<(u8, u8, i64)>,
}

impl Codes {
    /// The live codes of that recipient, by number.
    pub(super) fn live(&self, recipient: u8, now: i64) -> Vec<usize> {
        let live =
            |number: &usize| self.all[*number].recipient == recipient && self.all[*number].is_live(now);
        (0..self.all.len()).filter(live).collect()
    }

    pub(super) fn ask(&self, asked: &Code, now: i64) -> Asked {
        let live = self.live(asked.recipient, now);
        if let Some(same) = live.iter().find(|number| self.all[**number].is_same_request(asked)) {
            return Asked::Same(*same);
        }
        let room = |client: Option<u8>| {
            let is_known = |(recipient, known, at): &(u8, u8, i64)| {
                *recipient == asked.recipient && Some(*known) == client && now < at + 30 * DAY
            };
            client.filter(|_| self.known.iter().any(is_known))
        };
        let beside = |number: &&usize| {
            let other = &self.all[**number];
            other.purpose == asked.purpose && room(other.client) == room(asked.client)
        };
        // Nothing here lives for the 15 minutes after which it would give way.
        if live.iter().filter(beside).count() < ROOM { Asked::New } else { Asked::Wait }
    }

    /// What a submission for that recipient is told, and what becomes of the codes.
    pub(super) fn submit(
        &mut self,
        by_id: Option<usize>,
        recipient: u8,
        purposes: &[u8],
        typed: &str,
        now: i64,
    ) -> Told {
        let named = |number: &usize| match by_id {
            Some(id) => *number == id && self.all[id].by_id,
            None => !self.all[*number].by_id,
        };
        let meant = |number: &usize| named(number) && purposes.contains(&self.all[*number].purpose);
        let compared: Vec<usize> = self.live(recipient, now).into_iter().filter(meant).collect();
        for number in &compared {
            self.all[*number].left -= 1;
        }
        let is_right = |number: &&usize| {
            let code = &self.all[**number];
            code.value == typed && !code.decoy && !code.spoilt
        };
        let Some(winner) = compared.iter().find(is_right).copied() else {
            let left = compared.first().map_or(0, |number| self.all[*number].left);
            return Told::Refused(by_id.map(|_| left));
        };
        let right = self.all[winner].clone();
        self.all[winner].gone = true;
        for other in
            self.all.iter_mut().filter(|other| other.recipient == recipient && other.purpose == right.purpose)
        {
            if right.by_id && right.client.is_some() && other.client == right.client {
                other.gone = true;
            } else {
                other.spoilt = true;
            }
        }
        if let Some(client) = right.client.filter(|_| right.by_id) {
            self.known.retain(|(of, known, _)| (*of, *known) != (recipient, client));
            self.known.push((recipient, client, now));
        }
        Told::Right(winner)
    }
}
