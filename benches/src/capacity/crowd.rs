//! The people of a model, one by one, on the real flows: they ask for codes, mistype them, sign in, refresh, sign
//! out. Time is moved by hand, chance is seeded.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use otp_exchange::{
    ClientKey, Clock, Exchanger, Keyring, MemoryStore, Name, OtpId, Recipient, Request, Submission, Tokens,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::calls::{Calls, Cost, Kind, Sizes};
use super::clock::HandClock;
use super::model::{DAY, HOUR, Load, MINUTE, Model, SECOND, WINDOW, f};
use super::shards::Spread;
use crate::ports::{Nowhere, run};

/// When it begins: with a window of the quotas.
const START: i64 = 1_800_000_000_000;

/// How far the entries alive may be from what the paper says, and by how many standard deviations on top.
const TOLERANCE: f64 = 0.03;
const DEVIATIONS: f64 = 4.0;

/// What somebody does next.
enum Deed {
    Ask { person: u32, once: bool },
    AskAgain(OtpId),
    Submit { flow: &'static str, person: u32, otp_id: OtpId, code: String },
    Use { tokens: Tokens, refreshes: u32 },
    Refresh { token: String, refreshes: u32 },
    SignOut(String),
}

/// The people of a model, with a service.
pub struct Crowd {
    model: Model,
    clock: HandClock,
    calls: Calls,
    otp: Exchanger<Calls, Nowhere>,
    chance: StdRng,
    /// By when, and in which order they were made up.
    queue: BinaryHeap<Reverse<(i64, u64)>>,
    deeds: BTreeMap<u64, Deed>,
    made_up: u64,
    peak: Option<i64>,
}

/// How many entries there are at some moment, three times over.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// How long after the beginning, in milliseconds.
    pub since: i64,
    /// By the formulas.
    pub paper: Load,
    /// By when the crate said of each that it may be forgotten.
    pub alive: Load,
    /// That the store itself holds.
    pub held: f64,
}

/// What a run has shown.
#[derive(Debug)]
pub struct Seen {
    /// Before, at and after the peak.
    pub samples: Vec<Sample>,
    /// What each flow cost.
    pub costs: BTreeMap<&'static str, Cost>,
    /// How large the entries are, at the peak.
    pub sizes: BTreeMap<Kind, Sizes>,
    /// How evenly the entries lie, at the end.
    pub entries: Vec<Spread>,
    /// How evenly the calls of the peak went: how many shards, and the busiest slots over the mean.
    pub calls: Vec<(usize, f64)>,
}

impl std::fmt::Debug for Crowd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crowd").field("model", &self.model).finish_non_exhaustive()
    }
}

impl Crowd {
    /// On a store of its own, which forgets by that clock.
    ///
    /// # Panics
    /// If there are more people than addresses in a private network.
    pub fn new(model: Model, clock: HandClock, forgets_by: HandClock) -> Self {
        clock.set(START);
        forgets_by.set(START);
        let calls = Calls::new(MemoryStore::with_clock(room(&model), forgets_by));
        let keyring = Keyring::new(&[1; 32], &[2; 32]).expect("two keys");
        let entropy = Arc::new(Mutex::new(StdRng::seed_from_u64(7)));
        let builder = Exchanger::builder(calls.clone(), Nowhere, keyring).clock(clock.clone());
        let otp = builder.entropy(entropy).build().expect("the default policy");
        let chance = StdRng::seed_from_u64(0xCA9A);
        let (queue, deeds) = (BinaryHeap::new(), BTreeMap::new());
        let mut crowd = Self { model, clock, calls, otp, chance, queue, deeds, made_up: 0, peak: None };
        for person in 0..crowd.people() {
            crowd.ask_some_day(person);
        }
        crowd
    }

    /// So many days, with a look every fifth; then the peak, and one day more.
    pub fn live(mut self, days: i64) -> Seen {
        let mut samples: Vec<_> = (5..=days).step_by(5).map(|day| self.until(day * DAY)).collect();
        self.calls.take_slots();
        self.peak = Some(days * DAY);
        for person in 0..self.people() {
            let within = self.chance.random_range(0.0..self.model.peak_millis());
            self.at(millis(within), Deed::Ask { person, once: true });
        }
        samples.push(self.until(days * DAY + WINDOW - SECOND));
        let sizes = self.calls.alive(self.clock.now());
        samples.push(self.until(days * DAY + millis(self.model.peak_millis())));
        let slots = self.calls.take_slots();
        samples.push(self.until((days + 1) * DAY + 10 * MINUTE));
        let names: Vec<Name> = self.calls.names();
        let shards = [4, 8, 12, 16, 24, 32, 64];
        Seen {
            samples,
            costs: self.calls.costs(),
            sizes,
            entries: shards.map(|shards| Spread::of(&names, shards)).to_vec(),
            calls: shards.map(|shards| (shards, Spread::of_slots(&slots, shards))).to_vec(),
        }
    }

    fn people(&self) -> u32 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a casual number of people
        let people = self.model.people() as u32;
        people
    }

    /// Everything up to then, and a look.
    fn until(&mut self, since: i64) -> Sample {
        while let Some(Reverse((when, number))) =
            self.queue.peek().copied().filter(|next| next.0.0 <= START + since)
        {
            self.queue.pop();
            self.clock.set(when);
            let deed = self.deeds.remove(&number).expect("each is done once");
            self.act(deed);
        }
        self.clock.set(START + since);
        let held = count(self.calls.held());
        let sizes = self.calls.alive(self.clock.now());
        let of = |kind| count(sizes[&kind].count());
        let alive = Load { ledgers: of(Kind::Ledger), sessions: of(Kind::Session), usages: of(Kind::Usage) };
        let paper = self.model.alive(since, self.peak.map(|began| since - began));
        Sample { since, paper, alive, held }
    }

    fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Ask { person, once } => {
                if !once {
                    self.ask_some_day(person);
                }
                self.ask(person);
            }
            Deed::AskAgain(otp_id) => {
                self.calls.begin("deliver again");
                drop(run(self.otp.deliver(&otp_id))); // refused where the code was typed in the meantime
            }
            Deed::Submit { flow, person, otp_id, code } => {
                self.calls.begin(flow);
                let submission = Submission::by_id(&otp_id, &code).login().client(client(person));
                if let Ok(tokens) = run(self.otp.exchange(submission)) {
                    self.at(SECOND, Deed::Use { tokens, refreshes: 0 });
                }
            }
            Deed::Use { tokens, refreshes } => self.make_use(&tokens, refreshes),
            Deed::Refresh { token, refreshes } => {
                self.calls.begin("refresh");
                let tokens = run(self.otp.refresh(&token)).expect("a fresh token");
                self.at(SECOND, Deed::Use { tokens, refreshes });
            }
            Deed::SignOut(token) => {
                self.calls.begin("revoke_family");
                run(self.otp.revoke_family(&token)).expect("a genuine token");
            }
        }
    }

    fn ask(&mut self, person: u32) {
        self.calls.begin("send");
        let request = Request::login(&recipient(person)).client(client(person));
        let Ok(receipt) = run(self.otp.send(request)) else { return }; // too soon after the last
        let (otp_id, code) = (receipt.otp_id, receipt.expose().code.to_owned());
        let hurry = self.chance.random_range(0..20 * SECOND);
        let mut typed = 10 * SECOND + hurry;
        if self.chance.random_bool(self.model.wrong) {
            let first = if code.starts_with('1') { '2' } else { '1' };
            let code = format!("{first}{}", &code[1..]);
            self.at(typed, Deed::Submit { flow: "exchange, wrong", person, otp_id, code });
            typed += 10 * SECOND;
        }
        if self.chance.random_bool(self.model.again) {
            self.at(35 * SECOND + typed, Deed::AskAgain(otp_id));
            typed += 60 * SECOND;
        }
        if self.chance.random_bool(self.model.right) {
            self.at(typed, Deed::Submit { flow: "exchange", person, otp_id, code });
        }
    }

    fn make_use(&mut self, tokens: &Tokens, refreshes: u32) {
        self.calls.begin("authenticate");
        run(self.otp.authenticate(tokens.access.expose())).expect("a fresh token");
        let token = tokens.refresh.as_ref().expect("the default grant has one").expose().to_owned();
        if f64::from(refreshes) < self.model.refreshes {
            let pause = self.chance.random_range(0..DAY);
            self.at(pause, Deed::Refresh { token, refreshes: refreshes + 1 });
        } else if self.chance.random_bool(self.model.signs_out) {
            self.at(HOUR, Deed::SignOut(token));
        }
    }

    /// Moments at random: the pauses between them are exponential.
    fn ask_some_day(&mut self, person: u32) {
        let pause =
            -self.chance.random_range(f64::MIN_POSITIVE..1.0).ln() * f(30 * DAY) / self.model.codes_each;
        self.at(millis(pause), Deed::Ask { person, once: false });
    }

    fn at(&mut self, pause: i64, deed: Deed) {
        self.made_up += 1;
        self.queue.push(Reverse((self.clock.now().unix_millis() + pause, self.made_up)));
        self.deeds.insert(self.made_up, deed);
    }
}

impl Sample {
    /// Whether all three say the same, but for chance and 3 %.
    pub fn agrees(&self) -> bool {
        let Self { paper, alive, .. } = self;
        let near = |seen: f64, said: f64| {
            (seen - said).abs() <= TOLERANCE * said + DEVIATIONS * said.sqrt() + DEVIATIONS
        };
        near(alive.ledgers, paper.ledgers)
            && near(alive.sessions, paper.sessions)
            && near(alive.usages, paper.usages)
            && near(self.held, paper.total())
    }
}

/// Enough for a store that forgets nothing for two months; and no more, for a store with room for many times what it
/// holds is slow to clear away what has ended.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a casual number of people
fn room(model: &Model) -> usize {
    (40.0 * model.people()) as usize
}

/// Half have an address of 19 to 32 characters, half a phone.
fn recipient(person: u32) -> Recipient {
    let width = 6 + person as usize / 2 % 14;
    let address = if person.is_multiple_of(2) {
        format!("p{person:0>width$}@example.com")
    } else {
        format!("+324{person:08}")
    };
    Recipient::parse(&address).expect("an address")
}

fn client(person: u32) -> ClientKey {
    ClientKey::ip(Ipv4Addr::from_bits(0x0a00_0000 + person).into())
}

#[allow(clippy::cast_possible_truncation)] // milliseconds of a few years
fn millis(span: f64) -> i64 {
    span as i64
}

#[allow(clippy::cast_precision_loss)] // far from 2^52
fn count(of: usize) -> f64 {
    of as f64
}
