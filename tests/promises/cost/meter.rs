//! Runs flows one by one and takes down what each of them cost.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use otp_exchange::testkit::{CountingEntropy, CountingStore, CryptoCounts, ManualClock};
use otp_exchange::{
    ClientKey, CodeAlone, DeliveryId, Exchanger, Keyring, Kind, MemoryStore, Message, OtpId, Outbox, Policy,
    Receipt, Recipient, Request, Submission,
};
use pollster::block_on;
use rand::{SeedableRng, rngs::StdRng};

pub(crate) type Otp = Exchanger<CountingStore<MemoryStore>, Outbox>;

/// Runs flows one by one and takes down what each of them cost.
pub(crate) struct Meter {
    pub(crate) otp: Otp,
    outbox: Outbox,
    store: CountingStore<MemoryStore>,
    entropy: CountingEntropy<Arc<Mutex<StdRng>>>,
    pub(crate) clock: ManualClock,
    pub(crate) measured: Vec<(&'static str, Cost)>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self::by(Policy::default().send_spacing(Duration::ZERO))
    }

    pub(crate) fn by(policy: Policy) -> Self {
        let clock = ManualClock::default();
        let store = CountingStore::new(MemoryStore::with_clock(100, clock.clone()));
        // Seeded, so that the same bytes are rejected in every run.
        let entropy = CountingEntropy::new(Arc::new(Mutex::new(StdRng::seed_from_u64(7))));
        let keyring = Keyring::new(&[1; 32], &[2; 32]).unwrap();
        let outbox = Outbox::new();
        let otp = Exchanger::builder(store.clone(), outbox.clone(), keyring)
            .policy(policy)
            .clock(clock.clone())
            .entropy(entropy.clone())
            .build()
            .unwrap();
        Self { otp, outbox, store, entropy, clock, measured: Vec::new() }
    }

    pub(crate) fn send(&self, number: u32) -> Receipt {
        block_on(self.otp.send(Request::login(&recipient(number)))).unwrap()
    }

    pub(crate) fn delivery_id(&self, number: u32) -> DeliveryId {
        self.outbox.read(&recipient(number), Message::delivery_id).unwrap()
    }

    pub(crate) fn take<T>(&mut self, flow: &'static str, run: impl FnOnce(&Otp) -> T) -> T {
        let before = self.spent();
        let outcome = run(&self.otp);
        self.measured.push((flow, self.spent() - before));
        outcome
    }

    fn spent(&self) -> Cost {
        let CryptoCounts { hmacs, seals, opens, .. } = CryptoCounts::of_this_thread();
        let (loads, swaps) = (self.store.loads(), self.store.swaps());
        Cost { loads, swaps, hmacs, seals, opens, bytes: self.entropy.bytes(), calls: self.entropy.calls() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) loads: u64,
    pub(crate) swaps: u64,
    pub(crate) hmacs: u64,
    pub(crate) seals: u64,
    pub(crate) opens: u64,
    pub(crate) bytes: u64,
    pub(crate) calls: u64,
}

impl Cost {
    pub(crate) const HEAD: &str = "loads swaps hmacs seals opens bytes calls";
}

pub(crate) const fn cost(
    loads: u64,
    swaps: u64,
    hmacs: u64,
    seals: u64,
    opens: u64,
    bytes: u64,
    calls: u64,
) -> Cost {
    Cost { loads, swaps, hmacs, seals, opens, bytes, calls }
}

impl std::ops::Sub for Cost {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        cost(
            self.loads - before.loads,
            self.swaps - before.swaps,
            self.hmacs - before.hmacs,
            self.seals - before.seals,
            self.opens - before.opens,
            self.bytes - before.bytes,
            self.calls - before.calls,
        )
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { loads, swaps, hmacs, seals, opens, bytes, calls } = self;
        write!(f, "{loads:>5} {swaps:>5} {hmacs:>5} {seals:>5} {opens:>5} {bytes:>5} {calls:>5}")
    }
}

pub(crate) fn recipient(number: u32) -> Recipient {
    Recipient::parse(&format!("user-{number:07}@example.com")).unwrap()
}

pub(crate) fn client(number: u32) -> ClientKey {
    ClientKey::new(format!("client-{number:03}"))
}

/// Codes that answer to nothing but themselves.
pub(crate) fn alone() -> Policy {
    let otp = otp_exchange::Otp::new(Kind::Alphanumeric, 16).unwrap();
    Policy::default().otp(otp).code_alone(CodeAlone::default())
}

pub(crate) fn right(receipt: &Receipt) -> Submission {
    Submission::by_id(&receipt.otp_id, receipt.expose().code).login()
}

pub(crate) fn other_code(receipt: &Receipt) -> String {
    if receipt.expose().code == "000000" { "000001".to_owned() } else { "000000".to_owned() }
}

/// The same otp id with one character of its seal exchanged.
pub(crate) fn forged(genuine: &OtpId) -> OtpId {
    let mut text = genuine.to_string().into_bytes();
    text[40] = if text[40] == b'A' { b'B' } else { b'A' };
    String::from_utf8(text).unwrap().parse().unwrap()
}
