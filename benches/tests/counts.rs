//! The floors do what the crate does: as many operations of each kind, counted on both sides.

use otp_exchange::testkit::{CountingEntropy, CountingStore, CryptoCounts, ManualClock};
use otp_exchange::{Exchanger, MemoryStore, Receipt, Submission, SystemEntropy, Tokens};
use otp_exchange_benches::{Asking, Counts, Flow, Nowhere, Setting, World, run};

/// An exchanger of a setting, with everything it does counted.
struct Meter {
    setting: Setting,
    otp: Exchanger<CountingStore<MemoryStore>, Nowhere>,
    store: CountingStore<MemoryStore>,
    entropy: CountingEntropy<SystemEntropy>,
}

impl Meter {
    /// Its process holds shares of the busy quotas already.
    fn new(setting: Setting) -> Self {
        let clock = ManualClock::default();
        let store = CountingStore::new(MemoryStore::with_clock(100, clock.clone()));
        let entropy = CountingEntropy::new(SystemEntropy);
        let otp = setting.builder(store.clone(), clock).entropy(entropy.clone()).build().unwrap();
        let meter = Self { setting, otp, store, entropy };
        meter.send(&setting.asking(999));
        meter
    }

    fn send(&self, asking: &Asking) -> Receipt {
        run(self.otp.send(self.setting.request(asking))).unwrap()
    }

    fn right(&self, asking: &Asking, receipt: &Receipt) -> Submission {
        self.setting.submission(&asking.client, &receipt.otp_id, receipt.expose().code)
    }

    fn exchange(&self, asking: &Asking, receipt: &Receipt) -> Tokens {
        run(self.otp.exchange(self.right(asking, receipt))).unwrap()
    }

    fn so_far(&self) -> Counts {
        let CryptoCounts { hmacs, seals, opens, texts_read, texts_written, message_texts } =
            CryptoCounts::of_this_thread();
        let (loads, swaps) = (self.store.loads(), self.store.swaps());
        let (random_bytes, random_calls) = (self.entropy.bytes(), self.entropy.calls());
        Counts {
            loads,
            swaps,
            hmacs,
            seals,
            opens,
            texts_read,
            texts_written,
            message_texts,
            random_bytes,
            random_calls,
        }
    }

    fn count<T>(&self, work: impl FnOnce() -> T) -> Counts {
        let before = self.so_far();
        work();
        self.so_far() - before
    }

    /// What one run of a flow does.
    fn flow(&self, flow: Flow) -> Counts {
        let asking = self.setting.asking(1);
        match flow {
            Flow::Send => self.count(|| self.send(&asking)),
            Flow::SendAgain => {
                self.send(&asking);
                self.count(|| self.send(&self.setting.asking(1)))
            }
            Flow::Exchange => {
                let sent = self.send(&asking);
                self.count(|| self.exchange(&asking, &sent))
            }
            Flow::Authenticate => {
                let tokens = self.exchange(&asking, &self.send(&asking));
                self.count(|| run(self.otp.authenticate(tokens.access.expose())).unwrap())
            }
            Flow::Refresh => {
                let tokens = self.exchange(&asking, &self.send(&asking));
                let token = tokens.refresh.expect("the default grant has a refresh token");
                self.count(|| run(self.otp.refresh(token.expose())).unwrap())
            }
            Flow::Both => self.count(|| self.exchange(&asking, &self.send(&asking))),
        }
    }
}

#[test]
fn every_floor_does_as_much_as_its_flow() {
    for setting in Setting::ALL {
        for &flow in Flow::of(setting) {
            // Four spare random bytes do not always do; then the flow fetches more than its floor.
            let least = |_| Meter::new(setting).flow(flow);
            let flow_counts = (0..20).map(least).min_by_key(|counts| counts.random_calls).unwrap();
            let floor_counts = flow.floor_counts(&mut World::filled(setting, 10));
            println!("{} ({}): {flow_counts:?}", flow.name(), setting.name());
            assert_eq!(floor_counts, flow_counts, "{} ({})", flow.name(), setting.name());
        }
    }
    let other = Flow::SendAgain.floor_counts(&mut World::filled(Setting::Plain, 10));
    assert_ne!(other, Meter::new(Setting::Plain).flow(Flow::Send), "the floor of another flow is told apart");
}

/// What is not on costs nothing, and what is on shows: were the two settings one, nothing would be measured.
#[test]
fn everything_on_does_more() {
    for flow in [Flow::Send, Flow::SendAgain, Flow::Exchange] {
        let [plain, everything] = Setting::ALL.map(|setting| Meter::new(setting).flow(flow));
        assert_eq!(everything.loads, plain.loads + 1, "the client's quota");
        assert_eq!(everything.swaps, plain.swaps + 1, "the client's quota");
        assert_eq!(everything.seals, plain.seals + 1, "the client's quota");
        let more = if flow == Flow::Exchange { 2 } else { 5 };
        assert_eq!(everything.hmacs, plain.hmacs + more, "names of quotas, digests of context and request");
    }
}
