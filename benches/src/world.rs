//! A memory store full of live codes, which stays as full as it was made however much is measured on it.

use std::time::Duration;

use otp_exchange::{
    Clock, CodeStore, Exchanger, MemoryStore, Message, Name, OtpId, Outbox, Receipt, Submission, Swap,
    Timestamp, Tokens,
};

use crate::floor::{Floor, Sizes, random};
use crate::ports::{Nowhere, ShiftedClock, Watched, run};
use crate::setting::{Asking, Setting, WINDOW};

/// How many entries beside the live codes there may be at a time.
const ROOM: usize = 2048;

/// Beyond the life of everything but the codes the store is filled with, and the lanes of strangers too.
const LATER: Duration = Duration::from_secs(2 * 3600);

/// A store with its exchangers and all that is needed to use up, and to issue again, any code in it.
#[derive(Debug)]
pub struct World {
    pub(crate) setting: Setting,
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

impl World {
    /// A store that holds that many live codes.
    ///
    /// # Panics
    /// If the crate does not do what it promises.
    pub fn filled(setting: Setting, codes: usize) -> Self {
        let clock = ShiftedClock::at_the_beginning_of(WINDOW);
        let store = MemoryStore::with_clock(codes + ROOM, clock.clone());
        let watched = Watched::new(store.clone());
        let otp = setting.builder(store.clone(), clock.clone()).build().expect("in range");
        let watching = setting.builder(watched.clone(), clock.clone()).build().expect("in range");
        let floor = Floor::new(sizes(setting, clock.clone()), setting.hashed());
        let (live, cursor, strangers) = (Vec::with_capacity(codes), 0, codes);
        let mut world =
            Self { setting, otp, store, floor, watching, watched, clock, live, cursor, strangers };
        for number in 0..codes {
            let code = world.issue(number);
            world.live.push(code);
            if number % (ROOM / 4) == 0 {
                world.tidy(); // the usage of clients
            }
        }
        world.tidy();
        assert_eq!(world.store.len(), codes);
        world
    }

    /// Somebody who has no code here, and whose client never asked for one.
    pub(crate) fn stranger(&mut self) -> Asking {
        self.strangers = self.live.len() + (self.strangers + 1 - self.live.len()) % 1_000_000;
        self.setting.asking(self.strangers)
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

    /// The right submission for a live code.
    pub(crate) fn submission(&self, number: usize) -> Submission {
        let Live { otp_id, code, .. } = self.live(number);
        let code = std::str::from_utf8(code).expect("digits");
        self.setting.submission(&self.setting.asking(number).client, otp_id, code)
    }

    /// Takes back live codes.
    pub(crate) fn cancel(&self, numbers: &[usize]) {
        for &number in numbers {
            run(self.otp.cancel(&self.live(number).otp_id)).expect("an otp id of this exchanger");
        }
    }

    /// Issues again what was used up.
    pub(crate) fn restore(&mut self, used: &[usize]) {
        for &number in used {
            self.live[number] = self.issue(number);
        }
    }

    /// Uses up what was sent.
    pub(crate) fn use_up(&self, asked: &[Asking], receipts: &[Receipt]) {
        for (asking, receipt) in asked.iter().zip(receipts) {
            let submission = self.right(asking, receipt);
            drop(run(self.otp.verify(submission)).expect("the right code"));
        }
    }

    /// The right submission for a receipt.
    pub(crate) fn right(&self, asking: &Asking, receipt: &Receipt) -> Submission {
        self.setting.submission(&asking.client, &receipt.otp_id, receipt.expose().code)
    }

    /// Two hours pass and all is forgotten but the codes the store was filled with; then it is now again.
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

    /// When entries of the floor may be forgotten: in so long.
    pub(crate) fn within(&self, span: Duration) -> Timestamp {
        self.clock.now().saturating_add(span)
    }

    fn issue(&self, number: usize) -> Live {
        // It lives as long as a code can, so that the store stays full.
        let request = self.setting.lasting(&self.setting.asking(number));
        let receipt = run(self.watching.issue(request)).expect("room for a code");
        let code = receipt.expose().code.as_bytes().try_into().expect("six digits");
        let written = self.watched.take();
        let ledger = written.last().expect("a ledger was written");
        Live { name: ledger.name, forget_after: ledger.forget_after, otp_id: receipt.otp_id, code }
    }
}

/// Walks through the flows once, on another store, and looks how large the entries are.
pub(crate) fn sizes(setting: Setting, clock: impl Clock + Clone + 'static) -> Sizes {
    let watched = Watched::new(MemoryStore::with_clock(10, clock.clone()));
    let outbox = Outbox::new();
    let otp = setting.builder_with(watched.clone(), outbox.clone(), clock).build().expect("in range");
    let somebody = setting.asking(9_999_999);
    let written = || watched.take().into_iter().map(|written| written.length).collect::<Vec<_>>();
    let last = || *written().last().expect("something was written");
    let send = || {
        let request = setting.request(&setting.asking(9_999_999));
        run(otp.send(request)).expect("room for a code")
    };
    let right =
        |receipt: &Receipt| setting.submission(&somebody.client, &receipt.otp_id, receipt.expose().code);
    let first = send();
    let sent = written();
    let ledger = *sent.last().expect("a ledger was written");
    // The client's quota is the first to be paid from.
    let usage = sent.first().copied().filter(|_| sent.len() > 1);
    let second = send();
    let fuller_ledger = last();
    drop(run(otp.verify(right(&second))).expect("the right code"));
    let used_ledger = last();
    assert!(run(otp.verify(right(&first))).is_err(), "used up with the other");
    let third = send();
    let tokens: Tokens = run(otp.exchange(right(&third))).expect("the right code");
    let session = last();
    let texts = |message: &Message| {
        [Some(message.expose_text()), message.expose_subject(), message.expose_html()]
            .map(|text| text.map(str::len))
    };
    let message = outbox.read(&somebody.recipient, texts).expect("just sent");
    let refresh = tokens.refresh.expect("the default grant has a refresh token");
    run(otp.refresh(refresh.expose())).expect("a fresh token");
    Sizes { ledger, fuller_ledger, used_ledger, session, refreshed_session: last(), usage, message }
}
