//! A world that can be branched, and an attacker who wants one owner to get no code.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    ClientKey, Clock, CodeStore, ExchangeError, Exchanger, Grant, Name, OtpId, Outbox, Policy, Receipt,
    Recipient, Request, Sealed, SendError, StoreError, Submission, Swap, Timestamp, Version, Waiting,
};

use crate::common::{QUARTER, block_on, keyring, seconds, seeded, start};

pub(crate) const HOUR: Duration = Duration::from_secs(3600);
const SPACING: Duration = Duration::from_secs(30);
/// How many live codes of one purpose strangers may have.
const PLACES: usize = 3;
/// Below this length a code of digits can be guessed.
const UNGUESSABLE: u8 = 20;

/// A store of which a second one can be made: what would be if the owner came now.
#[derive(Clone, Default)]
pub(crate) struct Fork(Arc<Mutex<HashMap<Name, Sealed>>>);

impl CodeStore for Fork {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        Ok(self.0.lock().unwrap().get(&name).cloned())
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        _forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let mut entries = self.0.lock().unwrap();
        if entries.get(&name).map(Sealed::version) != expected {
            return Ok(Swap::Conflict);
        }
        entries.insert(name, value.clone());
        Ok(Swap::Applied)
    }
}

pub(crate) struct World {
    pub(crate) otp: Exchanger<Fork, Outbox>,
    pub(crate) clock: ManualClock,
    pub(crate) victim: Recipient,
    /// What the application makes every code worth.
    pub(crate) grant: Grant,
    store: Fork,
    policy: Policy,
}

impl World {
    pub(crate) fn new(victim: &Recipient, policy: &Policy) -> Self {
        Self::on(Fork::default(), start(), victim, policy)
    }

    fn on(store: Fork, now: Timestamp, victim: &Recipient, policy: &Policy) -> Self {
        let clock = ManualClock::at(now);
        let otp = Exchanger::builder(store.clone(), Outbox::new(), keyring())
            .policy(policy.clone())
            .clock(clock.clone())
            .entropy(seeded(now.unix_millis().unsigned_abs()))
            .build()
            .unwrap();
        let (victim, grant, policy) = (victim.clone(), Grant::new(), policy.clone());
        Self { otp, clock, victim, grant, store, policy }
    }

    /// The same world from now on. What happens in one of them does not happen in the other.
    pub(crate) fn branch(&self) -> Self {
        let store = Fork(Arc::new(Mutex::new(self.store.0.lock().unwrap().clone())));
        let branch = Self::on(store, self.now(), &self.victim, &self.policy);
        Self { grant: self.grant.clone(), ..branch }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn ask(&self, request: Request) -> Result<Receipt, (Waiting, Duration)> {
        match block_on(self.otp.send(request.grant(self.grant.clone()))) {
            Ok(receipt) => Ok(receipt),
            Err(SendError::Wait { why, retry_after }) => Err(told(why, retry_after)),
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Nobody is ever told to wait for longer than a quarter of an hour.
fn told(why: Waiting, retry_after: Duration) -> (Waiting, Duration) {
    assert!(retry_after <= QUARTER, "{why:?}: {retry_after:?}");
    (why, retry_after)
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Style {
    /// Asks and sends again whenever it is let, for every purpose, by otp id and by recipient, and guesses
    /// until nothing is left.
    Greedy,
    /// The same, but leaves each code one attempt, so that it keeps its place.
    Squatter,
    /// Only asks, for every purpose, so that as many codes as can be are alive.
    Crowd,
    /// Acts only when somebody else would be let in, mostly in the cheapest way; when it can no more, it
    /// rests for an hour, so that its clients count as new.
    Thrifty,
}

/// A code the attacker had made for the victim.
#[derive(Clone)]
struct Held {
    otp_id: OtpId,
    purpose: &'static str,
    by_recipient: bool,
    guessable: bool,
    left: u8,
    resend_at: Timestamp,
    ends: Timestamp,
}

#[derive(Clone)]
pub(crate) struct Attacker {
    style: Style,
    /// From when on each client may ask, as far as it was told.
    ready: Vec<Timestamp>,
    turn: usize,
    held: Vec<Held>,
    last_send: Timestamp,
    next: Timestamp,
    random: u64,
    /// When it began to act, at first and after each rest.
    pub(crate) bursts: Vec<Timestamp>,
    /// When it guessed at codes that can be guessed, once for each code the guess was held against.
    pub(crate) guesses: Vec<Timestamp>,
    /// How many messages the victim got of it.
    pub(crate) messages: usize,
}

impl Attacker {
    pub(crate) fn new(style: Style, clients: usize) -> Self {
        Self {
            style,
            ready: vec![Timestamp::MIN; clients],
            turn: 0,
            held: Vec::new(),
            last_send: Timestamp::MIN,
            next: start(),
            random: 5,
            bursts: vec![start()],
            guesses: Vec::new(),
            messages: 0,
        }
    }

    /// Acts until that moment, and at that moment itself.
    pub(crate) fn until(&mut self, moment: Timestamp, world: &World) {
        while self.next <= moment {
            world.clock.set(self.next.max(world.now()));
            self.act(world);
        }
        world.clock.set(moment);
    }

    /// Everything it does at one moment, and when it acts next.
    fn act(&mut self, world: &World) {
        let now = world.now();
        self.held.retain(|held| now < held.ends);
        let next = if self.style == Style::Thrifty {
            self.hold_the_door(world)
        } else {
            while self.style != Style::Crowd && self.send_again(world) {}
            self.ask(world);
            if self.style != Style::Crowd {
                self.guess(world);
            }
            let asks = self.ready.iter().min().map(|ready| (*ready).max(self.spacing_ends()));
            let again = self.held.iter().map(|held| held.resend_at);
            again.filter(|_| self.style != Style::Crowd).chain(asks).min().unwrap_or(now)
        };
        self.next = next.max(now.saturating_add(seconds(1)));
    }

    fn hold_the_door(&mut self, world: &World) -> Timestamp {
        let now = world.now();
        if now >= self.door_opens() {
            // Now and then a new code where an old one could be sent again: that is what lasts longest.
            self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let again_first = !(self.random >> 33).is_multiple_of(20);
            let shut = (again_first && self.send_again(world)) || self.ask(world) || self.send_again(world);
            if !shut {
                let rested = now.saturating_add(HOUR);
                self.bursts.push(rested);
                return rested;
            }
        }
        self.guess(world);
        self.door_opens()
    }

    fn spacing_ends(&self) -> Timestamp {
        self.last_send.saturating_add(SPACING)
    }

    /// When the next stranger will be let in.
    fn door_opens(&self) -> Timestamp {
        let logins = self.held.iter().filter(|held| held.purpose == "login" && held.left > 0);
        let mut ends: Vec<_> = logins.map(|held| held.ends).collect();
        ends.sort_unstable();
        let room = ends.len().checked_sub(PLACES).map_or(Timestamp::MIN, |index| ends[index]);
        self.spacing_ends().max(room)
    }

    fn send_again(&mut self, world: &World) -> bool {
        let now = world.now();
        while let Some(index) = self.held.iter().position(|held| held.resend_at <= now) {
            match block_on(world.otp.deliver(&self.held[index].otp_id)) {
                Ok(receipt) => {
                    self.held[index].resend_at = receipt.resend_at;
                    self.last_send = now;
                    self.messages += 1;
                    return true;
                }
                Err(SendError::Wait { why, retry_after }) => {
                    self.held[index].resend_at = now.saturating_add(told(why, retry_after).1);
                }
                Err(SendError::Gone) => drop(self.held.swap_remove(index)),
                Err(other) => panic!("{other:?}"),
            }
        }
        false
    }

    /// One more code, from the first client and for the first purpose that is let.
    fn ask(&mut self, world: &World) -> bool {
        let now = world.now();
        if now < self.spacing_ends() {
            return false;
        }
        let purposes: &[&'static str] =
            if self.style == Style::Thrifty { &["login"] } else { &["login", "payment", "recover"] };
        for index in (self.turn..self.ready.len()).chain(0..self.turn) {
            if self.ready[index] > now {
                continue;
            }
            let mut full_until = None;
            for purpose in purposes {
                let by_recipient = self.style != Style::Thrifty && self.messages % 3 == 2;
                let request = Request::new(purpose, &world.victim).client(client(index));
                let request = if by_recipient { request.by_recipient() } else { request };
                match world.ask(request) {
                    Ok(receipt) => {
                        (self.last_send, self.turn) = (now, (index + 1) % self.ready.len());
                        self.messages += 1;
                        self.hold(&receipt, purpose, by_recipient);
                        return true;
                    }
                    Err((Waiting::LiveCodes, retry_after)) => {
                        let free_at = now.saturating_add(retry_after);
                        full_until = Some(full_until.map_or(free_at, |until: Timestamp| until.min(free_at)));
                    }
                    Err((_, retry_after)) => {
                        self.ready[index] = now.saturating_add(retry_after);
                        full_until = None;
                        break;
                    }
                }
            }
            if let Some(until) = full_until {
                // Its other clients would be told the same.
                self.ready.iter_mut().for_each(|ready| *ready = until.max(*ready));
            }
        }
        false
    }

    fn hold(&mut self, receipt: &Receipt, purpose: &'static str, by_recipient: bool) {
        self.held.push(Held {
            otp_id: receipt.otp_id,
            purpose,
            by_recipient,
            guessable: receipt.length < UNGUESSABLE,
            left: receipt.attempts,
            resend_at: receipt.resend_at,
            ends: receipt.expires_at,
        });
    }

    /// Guesses wrong at every code it has, and at whatever there is by recipient.
    fn guess(&mut self, world: &World) {
        let spare = u8::from(self.style != Style::Greedy);
        for index in 0..self.held.len() {
            let held = &self.held[index];
            if held.by_recipient {
                continue;
            }
            let submission = Submission::by_id(&held.otp_id, "271828").purpose(held.purpose);
            for _ in spare..held.left {
                self.submit(world, submission.clone(), |other| other == index);
            }
        }
        let often = self.held.iter().filter(|held| held.by_recipient).map(|held| held.left).max();
        for _ in spare..often.unwrap_or(spare + 1) {
            let submission = Submission::by_recipient(&world.victim, "271828").login();
            self.submit(world, submission.purpose("payment").purpose("recover"), |_| true);
        }
    }

    fn submit(&mut self, world: &World, submission: Submission, is_for: impl Fn(usize) -> bool) {
        let now = world.now();
        let by_recipient = is_for(usize::MAX);
        match block_on(world.otp.verify(submission.client(client(self.turn)))) {
            Err(ExchangeError::Refused(_)) => {}
            Err(ExchangeError::Wait { why, retry_after }) => {
                told(why, retry_after);
                return;
            }
            other => panic!("{other:?}"),
        }
        for (index, held) in self.held.iter_mut().enumerate() {
            if is_for(index) && held.by_recipient == by_recipient && held.left > 0 {
                held.left -= 1;
                self.guesses.extend(held.guessable.then_some(now));
            }
        }
    }
}

pub(crate) fn client(index: usize) -> ClientKey {
    ClientKey::new(format!("attacker {index}"))
}
