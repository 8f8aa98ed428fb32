//! Two exchangers on one store, and beside each what should be true of it.

mod codes;
mod on_codes;
mod on_tokens;
mod sessions;
mod steps;

use std::time::Duration;

use otp_exchange::testkit::{FaultyStore, ManualClock, Reply};
use otp_exchange::{Exchanger, MemoryStore, OtpId, Outbox, Outgoing, Policy, Recipient, Tokens};

use crate::{block_on, house};
use codes::Codes;
use on_codes::How;
use sessions::Session;
pub use steps::Step;
use steps::{Asking, Lost, Operation, Pass, Seldom, Submitting};

/// In milliseconds.
const MINUTE: i64 = 60_000;

const PURPOSES: [&str; 3] = ["login", "register", "payment"];
const NAMES: [&str; 2] = ["fuzz", "other"];
const ADDRESSES: [&str; 2] = ["ada@example.org", "+32412345678"];

/// One namespace, and what should be true in it.
struct House {
    otp: Exchanger<FaultyStore<MemoryStore>, Outbox>,
    codes: Codes,
    ids: Vec<OtpId>,
    sessions: Vec<Session>,
    /// Text, session, generation, whether it is an access token.
    tokens: Vec<(String, usize, usize, bool)>,
    outgoing: Vec<(Outgoing, usize)>,
    /// When all sessions of a recipient were taken back.
    revoked: [Option<i64>; 2],
}

pub struct World {
    houses: [House; 2],
    clock: ManualClock,
    store: FaultyStore<MemoryStore>,
    now: i64,
    /// The call that will fail, if it is not over.
    fault_at: u64,
    /// How many calls there were before the operation.
    calls: u64,
}

impl Default for World {
    /// In each namespace there are a session and two codes of one purpose, so that nothing of interest is far off.
    fn default() -> Self {
        let mut world = Self::empty();
        for house in [false, true] {
            world.ask(&Asking { house, client: 1, minutes: 9, ..Asking::default() }, How::Send);
            let exchange = Submitting { code: house.into(), exchange: true, ..Submitting::default() };
            world.submit(&exchange);
            world.ask(&Asking { house, client: 1, minutes: 9, ..Asking::default() }, How::Send);
            world.ask(&Asking { house, client: 2, minutes: 9, ..Asking::default() }, How::Send);
        }
        world
    }
}

impl World {
    fn empty() -> Self {
        let clock = ManualClock::default();
        let store = FaultyStore::new(MemoryStore::with_clock(1_000, clock.clone()));
        let houses = NAMES.map(|namespace| {
            let policy = Policy::default()
                .send_spacing(Duration::ZERO)
                .accept_risk(1e-3)
                .client_sends(None)
                .client_checks(None);
            let (builder, _) = house(store.clone(), namespace, policy, &clock);
            House {
                otp: builder.build().expect("in range"),
                codes: Codes::default(),
                ids: Vec::new(),
                sessions: Vec::new(),
                tokens: Vec::new(),
                outgoing: Vec::new(),
                revoked: [None; 2],
            }
        });
        Self { houses, clock, store, now: 0, fault_at: 0, calls: 0 }
    }

    /// Does a step, in the model as well.
    ///
    /// # Panics
    /// If they answer otherwise.
    pub fn step(&mut self, step: &Step) {
        let Pass(span) = step.pass;
        self.now += span;
        self.clock.advance(Duration::from_millis(span.unsigned_abs()));
        self.calls = self.store.calls();
        // One at a time: what becomes of two is another matter.
        if let Some((ahead, lost)) = step.fault.0.filter(|_| self.fault_at <= self.calls) {
            let ahead = u64::from(ahead % 4);
            self.fault_at = self.calls + ahead + 1;
            self.store.fail(
                ahead,
                match lost {
                    Lost::NotApplied => Reply::NotApplied,
                    Lost::Permanent => Reply::Permanent,
                    Lost::Request => Reply::RequestLost,
                    Lost::Reply => Reply::ReplyLost,
                },
            );
        }
        match &step.operation {
            Operation::Send(asking) => self.ask(asking, How::Send),
            Operation::Issue(asking) => self.ask(asking, How::Issue),
            Operation::Prepare(asking) => self.ask(asking, How::Prepare),
            Operation::HandOver { which, elsewhere } => self.hand_over(*which, elsewhere.is()),
            Operation::Again { code } => self.again(*code),
            Operation::Submit(submitting) => self.submit(submitting),
            Operation::Cancel { code } => self.cancel(*code),
            Operation::Authenticate { token, strictly, elsewhere } => {
                self.authenticate(*token, *strictly, elsewhere.is());
            }
            Operation::Refresh { token, elsewhere } => self.refresh(*token, elsewhere.is()),
            Operation::Revoke { token, family, elsewhere } => self.revoke(*token, *family, elsewhere.is()),
            Operation::RevokeSubject(Seldom(Some((house, recipient)))) => {
                self.revoke_subject(*house, *recipient);
            }
            Operation::RevokeSubject(_) => {}
        }
        if self.fault_at <= self.store.calls() {
            self.looks_the_same();
        }
    }

    /// Whether this operation met the fault, so that it may have failed. Then: before that call of its own.
    fn failed_before(&self, call: u64) -> bool {
        assert!(self.calls < self.fault_at, "a fault without a cause");
        assert_eq!(self.store.calls(), self.fault_at, "something was tried after it failed");
        self.store.calls() - self.calls <= call
    }

    fn clock_at_begin(&self) -> i64 {
        use otp_exchange::Clock;
        self.clock.now().unix_millis() - self.now
    }

    /// The same codes live, with the same attempts left.
    fn looks_the_same(&self) {
        for House { otp, codes, .. } in &self.houses {
            for (recipient, address) in (0..).zip(ADDRESSES) {
                let live = block_on(otp.live_codes(&Recipient::parse(address).expect("an address")));
                let mut live: Vec<_> = live
                    .expect("no fault is planned")
                    .iter()
                    .map(|status| (status.purpose.as_str().to_owned(), status.attempts_left))
                    .collect();
                let mut expected: Vec<_> = codes
                    .live(recipient, self.now)
                    .into_iter()
                    .map(|number| &codes.all[number])
                    .map(|code| (PURPOSES[usize::from(code.purpose)].to_owned(), code.left))
                    .collect();
                live.sort();
                expected.sort();
                assert_eq!(live, expected);
            }
        }
    }
}

impl House {
    fn keep(&mut self, session: usize, generation: usize, tokens: &Tokens) {
        self.tokens.push((tokens.access.expose().to_owned(), session, generation, true));
        let refresh = tokens.refresh.as_ref().expect("it is wanted");
        self.tokens.push((refresh.expose().to_owned(), session, generation, false));
    }
}
