//! A memory store full of live codes, which stays as full as it was made however much is measured on it.

use std::time::Duration;

use otp_exchange::{
    Clock, CodeStore, Exchanger, Keyring, MAX_CODE_LIFETIME, MemoryStore, Name, OtpId, Policy, Receipt,
    Recipient, Request, Submission, Swap, Timestamp, Tokens,
};

use crate::floor::{Floor, Sizes, random};
use crate::ports::{Nowhere, ShiftedClock, Watched, Written, run};

/// How many entries beside the live codes there may be at a time.
const ROOM: usize = 2048;

/// Far beyond the life of everything but the codes the store is filled with.
const LATER: Duration = Duration::from_secs(3600);

/// A store with its exchangers and all that is needed to use up, and to issue again, any code in it.
#[derive(Debug)]
pub struct World {
    pub(crate) otp: Exchanger<MemoryStore, Nowhere>,
    pub(crate) store: MemoryStore,
    pub(crate) floor: Floor,
    /// The same keys and store; tells under which name an entry came to lie.
    watching: Exchanger<Watched, Nowhere>,
    watched: Watched,
    clock: ShiftedClock,
    live: Vec<Live>,
    cursor: usize,
    strangers: usize,
}

/// One code of the filling.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) name: Name,
    pub(crate) forget_after: Timestamp,
    otp_id: OtpId,
    code: [u8; 6],
}

impl Live {
    pub(crate) fn submission(&self) -> Submission {
        let code = std::str::from_utf8(&self.code).expect("digits");
        Submission::by_id(&self.otp_id, code).login()
    }
}

/// An address of 24 characters.
///
/// # Panics
/// If the crate does not take it for one.
pub fn address(number: usize) -> Recipient {
    Recipient::parse(&format!("user-{number:07}@example.com")).expect("an address")
}

impl World {
    /// A store that holds that many live codes: 24-character addresses, default grant.
    ///
    /// # Panics
    /// If the crate does not do what it promises.
    pub fn filled(codes: usize) -> Self {
        let clock = ShiftedClock::default();
        let store = MemoryStore::with_clock(codes + ROOM, clock.clone());
        let watched = Watched::new(store.clone());
        let otp = exchanger(store.clone(), &clock);
        let watching = exchanger(watched.clone(), &clock);
        let floor = Floor::new(sizes(&clock));
        let (live, strangers) = (Vec::with_capacity(codes), codes);
        let mut world = Self { otp, store, floor, watching, watched, clock, live, cursor: 0, strangers };
        for number in 0..codes {
            let code = world.issue(number);
            world.live.push(code);
        }
        world.tidy();
        assert_eq!(world.store.len(), codes);
        world
    }

    /// Somebody who has no code here, and never had.
    pub(crate) fn stranger(&mut self) -> Recipient {
        self.strangers = self.live.len() + (self.strangers + 1 - self.live.len()) % 1_000_000;
        address(self.strangers)
    }

    /// Numbers of live codes, far apart in memory and all different.
    pub(crate) fn pick(&mut self, count: usize) -> Vec<usize> {
        let stride = 618_033; // has no factor in common with a power of ten
        let mut next = || {
            self.cursor = (self.cursor + stride) % self.live.len();
            self.cursor
        };
        (0..count).map(|_| next()).collect()
    }

    pub(crate) fn live(&self, number: usize) -> &Live {
        &self.live[number]
    }

    /// Issues again what was used up.
    pub(crate) fn restore(&mut self, used: &[usize]) {
        for &number in used {
            self.live[number] = self.issue(number);
        }
    }

    /// Uses up what strangers were sent.
    pub(crate) fn use_up(&self, receipts: &[Receipt]) {
        for receipt in receipts {
            drop(run(self.otp.verify(submission(receipt))).expect("the right code"));
        }
    }

    /// An hour passes and all is forgotten but the codes the store was filled with; then it is now again.
    pub(crate) fn tidy(&self) {
        self.clock.set_ahead(LATER);
        let nobody = Name::from_bytes(random());
        let nothing = self.floor.entry(self.floor.sizes.session);
        // Every write clears a little, those that change nothing too.
        for _ in 0..1_000_000 {
            if self.store.len() <= self.live.len() {
                break;
            }
            let idle = run(self.store.swap(nobody, Some(nothing.version()), &nothing, Timestamp::MIN));
            assert_eq!(idle.expect("memory"), Swap::Conflict);
        }
        assert_eq!(self.store.len(), self.live.len(), "the store did not forget what has ended");
        self.clock.set_ahead(Duration::ZERO);
    }

    /// When entries of the floor may be forgotten.
    pub(crate) fn soon(&self) -> Timestamp {
        self.clock.now().saturating_add(Duration::from_secs(300))
    }

    fn issue(&self, number: usize) -> Live {
        // It lives as long as a code can, so that the store stays full.
        let request = Request::login(&address(number)).lifetime(MAX_CODE_LIFETIME);
        let receipt = run(self.watching.issue(request)).expect("room for a code");
        let code = receipt.expose().code.as_bytes().try_into().expect("six digits");
        let Written { name, forget_after, .. } = self.watched.last();
        Live { name, forget_after, otp_id: receipt.otp_id, code }
    }
}

/// The right submission for a receipt.
pub(crate) fn submission(receipt: &Receipt) -> Submission {
    Submission::by_id(&receipt.otp_id, receipt.expose().code).login()
}

fn exchanger<S: CodeStore>(store: S, clock: &ShiftedClock) -> Exchanger<S, Nowhere> {
    let keyring = Keyring::new(&[1; 32], &[2; 32]).expect("two keys");
    let minute = Duration::from_secs(60);
    // Sessions end soon, so that they can be cleared away.
    let policy = Policy::default()
        .send_spacing(Duration::ZERO)
        .access_lifetime(minute)
        .refresh_idle(minute)
        .session_lifetime(minute);
    Exchanger::builder(store, Nowhere, keyring).policy(policy).clock(clock.clone()).build().expect("in range")
}

/// Walks through the flows once, on another store, and looks how large the entries are.
fn sizes(clock: &ShiftedClock) -> Sizes {
    let watched = Watched::new(MemoryStore::with_clock(2, clock.clone()));
    let otp = exchanger(watched.clone(), clock);
    let somebody = address(9_999_999);
    let size = || watched.last().length;
    let send = || run(otp.send(Request::login(&somebody))).expect("room for a code");
    let first = send();
    let ledger = size();
    let second = send();
    let fuller_ledger = size();
    drop(run(otp.verify(submission(&second))).expect("the right code"));
    let used_ledger = size();
    assert!(run(otp.verify(submission(&first))).is_err(), "used up with the other");
    let third = send();
    let tokens: Tokens = run(otp.exchange(submission(&third))).expect("the right code");
    let session = size();
    let refresh = tokens.refresh.expect("the default grant has a refresh token");
    run(otp.refresh(refresh.expose())).expect("a fresh token");
    Sizes { ledger, fuller_ledger, used_ledger, session, refreshed_session: size() }
}
