//! What the documentation says of a recipient's codes, written down once more, as plainly as possible: a log
//! of all that happened, and every answer computed from the whole of it.

use super::lanes::{self, is_known};
use crate::policy::AtLimit;
use crate::rules::Waiting;

pub(super) const SECOND: i64 = 1000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// How far clocks may be apart.
pub(super) const SLACK: i64 = 30 * SECOND;

/// What a policy says, in milliseconds and in guesses at six digits.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    pub(super) attempts: u8,
    pub(super) accepted: u64,
    pub(super) longer_codes: bool,
    pub(super) limit: u8,
    pub(super) at_limit: AtLimit,
    pub(super) spacing: i64,
    /// Until when the recipient is a test recipient.
    pub(super) fixed_until: i64,
}

/// A code as it was asked for.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) client: Option<u8>,
    pub(super) purpose: u8,
    pub(super) by_id: bool,
    pub(super) born: i64,
    pub(super) end: i64,
    pub(super) attempts: u8,
    pub(super) digits: u8,
    pub(super) value: String,
    pub(super) key: Option<u8>,
    pub(super) decoy: bool,
    pub(super) delivered: bool,
}

/// What happened. Codes go by their number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum What {
    Asked(usize),
    SentAgain(usize),
    /// Compared, and charged for: a guess, unless it would have been right, too.
    Tried {
        code: usize,
        guess: bool,
    },
    Wrong,
    Right(usize),
    Displaced(usize),
    Cancelled(usize),
    Voided(usize),
    Cleared,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) at: i64,
    pub(super) what: What,
}

/// Why not, and until when.
pub(super) type Refused = (Waiting, i64);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    NoneLive,
    Wrong,
    Right,
}

/// All that happened.
pub(super) struct Reference {
    pub(super) numbers: Numbers,
    pub(super) codes: Vec<Code>,
    pub(super) log: Vec<Event>,
    pub(super) valid_from: i64,
}

/// What a guess at that many digits costs.
pub(super) fn cost_of(digits: u8) -> u64 {
    match digits {
        5 => 10,
        6 => 1,
        _ => 0,
    }
}

/// When a guess counts no more: a day after its hour, and a little later, for clocks may be apart.
fn counts_until(at: i64) -> i64 {
    (at.div_euclid(HOUR) + 25) * HOUR + SLACK
}

impl Reference {
    /// The live codes, by number.
    pub(super) fn live(&self, now: i64) -> Vec<usize> {
        (0..self.codes.len()).filter(|code| self.is_live(*code, now)).collect()
    }

    fn is_live(&self, number: usize, now: i64) -> bool {
        let code = &self.codes[number];
        let in_time = code.born - SLACK <= now && now < code.end && code.born >= self.valid_from;
        in_time && self.left(number) > 0 && !self.is_gone(number)
    }

    /// How often it may still be tried.
    pub(super) fn left(&self, number: usize) -> usize {
        let tried = |event: &&Event| matches!(event.what, What::Tried { code, .. } if code == number);
        usize::from(self.codes[number].attempts).saturating_sub(self.log.iter().filter(tried).count())
    }

    /// Whether something ended it before its time. Whatever was seen to have ended has ended, also by a clock
    /// that is behind.
    fn is_gone(&self, number: usize) -> bool {
        let code = &self.codes[number];
        let own = |right: &Code| {
            right.purpose == code.purpose
                && right.by_id
                && code.client.is_some()
                && right.client == code.client
        };
        let born = self.log.iter().position(|event| event.what == What::Asked(number)).unwrap();
        self.log[born..].iter().any(|event| match event.what {
            What::Displaced(gone) | What::Cancelled(gone) => gone == number,
            What::Right(right) if right == number || own(&self.codes[right]) => true,
            _ => writes(event.what) && event.at >= code.end,
        })
    }

    /// Wrong submissions in a row, and when the last one was.
    pub(super) fn failures(&self, now: i64) -> (u32, i64) {
        let (mut count, mut last) = (0, 0);
        for event in &self.log {
            if writes(event.what) && event.at >= last + self.memory(count) {
                count = 0;
            }
            match event.what {
                What::Wrong => (count, last) = (count + 1, event.at),
                What::Right(_) | What::Cleared => count = 0,
                _ => {}
            }
        }
        if now >= last + self.memory(count) { (0, last) } else { (count, last) }
    }

    fn memory(&self, count: u32) -> i64 {
        match self.numbers.at_limit {
            AtLimit::Block(block) if count >= u32::from(self.numbers.limit) => {
                i64::try_from(block.as_millis()).unwrap()
            }
            AtLimit::Disable if count >= u32::from(self.numbers.limit) => 365 * DAY,
            _ => 30 * DAY,
        }
    }

    fn blocked_until(&self, now: i64) -> Option<i64> {
        let (count, last) = self.failures(now);
        let blocks = count >= u32::from(self.numbers.limit) && self.numbers.at_limit != AtLimit::LongerCodes;
        blocks.then(|| last.min(now) + self.memory(count))
    }

    /// The guesses that still count, as when each began to and what it cost.
    fn counted(&self, now: i64) -> Vec<(i64, u64)> {
        let mut counted = Vec::new();
        for (index, event) in self.log.iter().enumerate() {
            let What::Tried { code, guess: true } = event.what else { continue };
            let later = self.log[index..].iter().filter(|later| writes(later.what)).map(|later| later.at);
            let old = later.chain([now]).any(|later| later >= counts_until(event.at));
            let cost = self.cost(self.codes[code].digits, event.at);
            if !old && cost > 0 {
                counted.push((event.at, cost));
            }
        }
        counted
    }

    fn outstanding(&self, now: i64) -> u64 {
        let left = |code: usize| self.left(code) as u64 * self.cost(self.codes[code].digits, now);
        self.live(now).into_iter().map(left).sum()
    }

    /// What a guess at a code of that many digits costs then, or at the fixed code of six, whichever is more.
    pub(super) fn cost(&self, digits: u8, at: i64) -> u64 {
        cost_of(digits).max(if self.is_fixed(at) { cost_of(6) } else { 0 })
    }

    fn is_fixed(&self, at: i64) -> bool {
        at < self.numbers.fixed_until
    }

    /// How long nobody may ask, or that client may not.
    fn spaced(&self, client: Option<u8>, now: i64) -> Option<i64> {
        let lanes = lanes::of(self, now);
        let own = lanes.iter().find(|lane| lane.client == client);
        let own_turn =
            own.filter(|lane| lane.last <= now + SLACK).map(|lane| lane.last + self.span(lane.sends));
        let sent = |event: &&Event| matches!(event.what, What::Asked(_));
        let last = self.log.iter().rev().find(sent).map(|event| event.at);
        let turn = last.filter(|last| *last <= now + SLACK).map(|last| last + self.numbers.spacing);
        let turn = turn.filter(|_| !is_known(&lanes, client));
        own_turn.into_iter().chain(turn).filter(|until| now < *until).max()
    }

    /// The spacing after so many sends.
    fn span(&self, sends: u32) -> i64 {
        let doubled = (1..sends).fold(self.numbers.spacing, |span, _| (2 * span).min(15 * MINUTE));
        if sends == 0 { 0 } else { doubled }
    }

    /// A request: how many digits its code gets, and which codes have to go for it.
    pub(super) fn ask(&self, asked: &Code, now: i64) -> Result<(u8, Vec<usize>), Refused> {
        if let Some(until) = self.spaced(asked.client, now) {
            return Err((Waiting::Spacing, until));
        }
        let digits = self.digits(asked, now)?;
        let lanes = lanes::of(self, now);
        let room = |client: Option<u8>| client.filter(|_| is_known(&lanes, client));
        let same = |code: &&usize| {
            let code = &self.codes[**code];
            code.purpose == asked.purpose && room(code.client) == room(asked.client)
        };
        let mut crowd: Vec<usize> = self.live(now).iter().filter(same).copied().collect();
        crowd.sort_by_key(|code| self.codes[*code].born);
        let many = crowd.len().saturating_sub(2);
        let Some(young) = crowd[..many].iter().position(|code| now < self.codes[*code].born + 15 * MINUTE)
        else {
            crowd.truncate(many);
            return Ok((digits, crowd));
        };
        let free = self.codes[crowd[young]].born + 15 * MINUTE;
        let until = crowd[young..].iter().map(|code| self.codes[*code].end).min().unwrap().min(free);
        Err((Waiting::LiveCodes, until))
    }

    fn digits(&self, asked: &Code, now: i64) -> Result<u8, Refused> {
        let needed = u64::from(asked.attempts) * self.cost(asked.digits, now);
        if needed == 0 {
            return Ok(asked.digits);
        }
        if let Some(until) = self.blocked_until(now) {
            return Err((Waiting::Failures, until));
        }
        let counted = self.counted(now);
        let used = self.outstanding(now) + counted.iter().map(|(_, cost)| cost).sum::<u64>();
        let spent = used + needed > self.numbers.accepted;
        let failed = !self.is_fixed(now) && self.failures(now).0 >= u32::from(self.numbers.limit);
        if !spent && !failed {
            return Ok(asked.digits);
        }
        if self.is_fixed(now) || (spent && !self.numbers.longer_codes) {
            let ends = self.live(now).into_iter().map(|code| self.codes[code].end);
            let frees = counted.iter().map(|(at, _)| counts_until(*at));
            return Err((Waiting::Risk, ends.chain(frees).min().unwrap_or(now)));
        }
        Ok(20)
    }

    /// A submission: what it is told, and every code it was compared with and whether that was right.
    pub(super) fn submit(
        &self,
        by_id: Option<usize>,
        purposes: &[u8],
        typed: &str,
        now: i64,
    ) -> (Answer, Vec<(usize, bool)>) {
        let blocked = self.blocked_until(now).is_some();
        let mut compared = Vec::new();
        for number in self.live(now) {
            let code = &self.codes[number];
            let named = code.by_id == by_id.is_some() && by_id.is_none_or(|id| id == number);
            if named && purposes.contains(&code.purpose) && !(blocked && self.cost(code.digits, now) > 0) {
                let right = if self.is_fixed(now) { typed == super::FIXED } else { typed == code.value };
                compared.push((number, right && !code.decoy && !self.is_voided(number)));
            }
        }
        let answer = match &compared[..] {
            [] => Answer::NoneLive,
            compared if compared.iter().any(|(_, right)| *right) => Answer::Right,
            _ => Answer::Wrong,
        };
        (answer, compared)
    }

    /// Whether nothing is right for it any more: its message never can arrive, or another one of its purpose
    /// was right since.
    fn is_voided(&self, number: usize) -> bool {
        let born = self.log.iter().position(|event| event.what == What::Asked(number)).unwrap();
        let purpose = |code: usize| self.codes[code].purpose;
        self.log[born..].iter().any(|event| match event.what {
            What::Voided(voided) => voided == number,
            What::Right(right) => purpose(right) == purpose(number),
            _ => false,
        })
    }

    /// Sending it again: `None` if there is nothing to send.
    pub(super) fn again(&self, number: usize, now: i64) -> Option<Result<(), Refused>> {
        if !self.is_live(number, now) {
            return None;
        }
        let first = Some(self.codes[number].born).filter(|_| self.codes[number].delivered);
        let again =
            self.log.iter().filter(|event| event.what == What::SentAgain(number)).map(|event| event.at);
        let sent: Vec<i64> = first.into_iter().chain(again).collect();
        let until = sent.last().map(|last| last + self.span(u32::try_from(sent.len()).unwrap()));
        let early =
            until.filter(|until| now < *until && sent.last().is_some_and(|last| *last <= now + SLACK));
        Some(early.map_or(Ok(()), |until| Err((Waiting::Spacing, until))))
    }

    /// Whether it was handed over exactly once.
    pub(super) fn sent_once(&self, number: usize) -> bool {
        let again = self.log.iter().filter(|event| event.what == What::SentAgain(number)).count();
        usize::from(self.codes[number].delivered) + again == 1
    }

    /// The most that was guessed at within that span.
    pub(super) fn most_guessed(&self, span: i64) -> u64 {
        let guesses = self.log.iter().filter_map(|event| match event.what {
            What::Tried { code, guess: true } => {
                Some((event.at, self.cost(self.codes[code].digits, event.at)))
            }
            _ => None,
        });
        let guesses: Vec<(i64, u64)> = guesses.collect();
        let within = |from: i64| guesses.iter().filter(move |(at, _)| (from..from + span).contains(at));
        guesses.iter().map(|(from, _)| within(*from).map(|(_, cost)| cost).sum()).max().unwrap_or(0)
    }
}

/// Whether an entry was written then, and what was over by that clock forgotten.
pub(super) fn writes(what: What) -> bool {
    matches!(what, What::Asked(_) | What::SentAgain(_) | What::Wrong | What::Right(_))
}
