//! What each flow costs, exactly: store calls, primitives of cryptography, random bytes. A change of any
//! number shows here.

mod meter;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use meter::{Cost, Meter, alone, client, cost, forged, other_code, recipient, right};
use otp_exchange::testkit::CountingEntropy;
use otp_exchange::{
    Delivery, Entropy, EntropyError, Exchanger, Grant, Keyring, MemoryStore, Outbox, Policy, Principal,
    Quota, Recipient, Request, Role, Submission,
};
use pollster::block_on;

/// The price list, by the names the flows are measured under below. In this order:
/// loads, swaps, HMACs, seals, opens, random bytes, calls for random bytes.
///
/// A code of six digits asks for 50 random bytes: challenge id 16, two nonces of 12, six for the digits and four
/// in case some of those are rejected. Every quota that is counted costs a load and a swap; of a busy one, that of
/// a country or of the whole service, a share is taken at once and spent without asking the store.
#[rustfmt::skip]
const PRICES: &[(&str, Cost)] = &[
    //                                loads swaps hmacs seals opens bytes calls
    ("issue",                     cost(1,    1,    1,    2,    0,   50,    1)),
    ("prepare",                   cost(1,    1,    1,    3,    0,   50,    1)),
    ("hand_over",                 cost(0,    0,    0,    0,    0,    0,    0)),
    ("send, new recipient",       cost(1,    1,    1,    3,    0,   50,    1)),
    ("send, known recipient",     cost(1,    1,    1,    3,    1,   50,    1)),
    ("send, repeated",            cost(1,    0,    2,    1,    1,   50,    1)),
    ("send, refused",             cost(1,    0,    1,    0,    1,    0,    0)),
    ("send, decoy",               cost(1,    1,    1,    3,    0,   50,    1)),
    ("send, client",              cost(2,    2,    2,    4,    0,   62,    2)),
    ("send, client, refused",     cost(1,    0,    2,    0,    1,    0,    0)),
    ("send, client, quota full",  cost(2,    0,    2,    2,    2,   50,    1)),
    ("send, takes shares",        cost(3,    3,    3,    5,    0,   74,    3)),
    ("send, has shares",          cost(1,    1,    3,    3,    0,   50,    1)),
    ("send, everything",          cost(2,    2,    6,    4,    1,   62,    2)),
    ("send, by code",             cost(1,    2,    2,    4,    0,   72,    1)),
    ("deliver",                   cost(1,    1,    0,    2,    2,   12,    1)),
    ("deliver again",             cost(1,    1,    0,    2,    2,   12,    1)),
    ("deliver again, client",     cost(2,    2,    0,    3,    3,   24,    2)),
    ("deliver again, refused",    cost(1,    0,    0,    0,    2,    0,    0)),
    ("verify, right",             cost(1,    1,    0,    1,    2,   12,    1)),
    ("verify, wrong",             cost(1,    1,    0,    1,    2,   12,    1)),
    ("verify, wrong, bound",      cost(1,    1,    1,    1,    2,   12,    1)),
    ("verify, by recipient",      cost(1,    1,    1,    1,    1,   12,    1)),
    ("verify, client",            cost(2,    2,    1,    2,    2,   24,    2)),
    ("verify, client, quota full",cost(1,    0,    1,    0,    2,    0,    0)),
    ("verify, by code",           cost(2,    2,    2,    2,    1,   24,    2)),
    ("verify, by code, wrong",    cost(2,    1,    2,    1,    1,   12,    1)),
    ("verify, used up",           cost(1,    0,    0,    0,    2,    0,    0)),
    ("verify, unknown otp id",    cost(1,    0,    0,    0,    1,    0,    0)),
    ("verify, forged otp id",     cost(0,    0,    0,    0,    1,    0,    0)),
    ("verify, malformed code",    cost(0,    0,    0,    0,    0,    0,    0)),
    ("exchange",                  cost(1,    2,    3,    2,    2,   56,    1)),
    ("grant",                     cost(0,    1,    3,    1,    0,   44,    1)),
    ("authenticate",              cost(1,    0,    2,    0,    1,    0,    0)),
    ("authenticate, malformed",   cost(0,    0,    0,    0,    0,    0,    0)),
    ("authenticate_strictly",     cost(2,    0,    3,    0,    1,    0,    0)),
    ("refresh",                   cost(2,    1,    5,    1,    1,   12,    1)),
    ("refresh, again in grace",   cost(2,    0,    5,    0,    1,    0,    0)),
    ("revoke_family",             cost(1,    1,    2,    1,    1,   12,    1)),
    ("revoke_family, again",      cost(1,    0,    2,    0,    1,    0,    0)),
    ("revoke_subject",            cost(1,    1,    1,    1,    0,   12,    1)),
    ("issue_tokens",              cost(0,    1,    3,    1,    0,   44,    1)),
    ("status",                    cost(1,    0,    0,    0,    2,    0,    0)),
    ("report",                    cost(1,    1,    0,    1,    2,   12,    1)),
    ("report, again",             cost(1,    0,    0,    0,    2,    0,    0)),
    ("cancel",                    cost(1,    1,    0,    1,    2,   12,    1)),
    ("cancel, gone",              cost(1,    0,    0,    0,    2,    0,    0)),
    ("live_codes, two",           cost(1,    0,    1,    2,    1,   24,    2)),
    ("consecutive_failures",      cost(1,    0,    1,    0,    1,    0,    0)),
    ("clear_failures",            cost(1,    1,    1,    1,    1,   12,    1)),
];

#[test]
fn every_flow_costs_what_the_price_list_says() {
    let (measured, listed) = (table(&Meter::new().measure_all()), table(PRICES));
    println!("{measured}");
    assert!(measured == listed, "measured:\n{measured}\nlisted:\n{listed}");
}

#[test]
fn a_decoy_costs_what_a_real_code_costs() {
    let mut meter = Meter::new();
    let (real, decoy) = (recipient(1), recipient(2));
    let mut receipts = Vec::new();
    for request in [Request::login(&real), Request::login(&decoy).decoy(true)] {
        receipts.push(meter.take("send", |otp| block_on(otp.send(request)).unwrap()));
    }
    for receipt in &receipts {
        let submission = Submission::by_id(&receipt.otp_id, &other_code(receipt)).login();
        meter.take("wrong", |otp| block_on(otp.verify(submission)).unwrap_err());
    }
    let costs: Vec<_> = meter.measured.iter().map(|(_, cost)| cost).collect();
    assert_eq!(costs[0], costs[1]);
    assert_eq!(costs[2], costs[3]);
}

/// More rejected bytes than there are spare ones: what is missing is fetched, and no digit is made of a
/// rejected byte.
#[test]
fn bad_luck_costs_calls_not_quality() {
    /// Answers the first call with bytes no digit may be made of, the later ones with the number of the call.
    #[derive(Clone, Debug, Default)]
    struct Unlucky(Arc<AtomicU8>);

    impl Entropy for Unlucky {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            let call = self.0.fetch_add(1, Ordering::SeqCst);
            bytes.fill(if call == 0 { 250 } else { call });
            Ok(())
        }
    }

    let entropy = CountingEntropy::new(Unlucky::default());
    let keyring = Keyring::new(&[1; 32], &[2; 32]).unwrap();
    let builder = Exchanger::builder(MemoryStore::new(10), Outbox::new(), keyring);
    let otp = builder.entropy(entropy.clone()).build().unwrap();
    let receipt = block_on(otp.issue(Request::login(&recipient(0)))).unwrap();
    assert_eq!(receipt.expose().code, "111111");
    // Of the first 50 bytes 28 went before the digits, and three times six were rejected: the six that hold
    // and the nonce of the ledger, for which the last four do not do, are fetched each by itself.
    assert_eq!((entropy.bytes(), entropy.calls()), (50 + 6 + 12, 3));
}

fn table(costs: &[(&str, Cost)]) -> String {
    let head = format!("{:<27} {}\n", "flow", Cost::HEAD);
    costs.iter().fold(head, |table, (flow, cost)| format!("{table}{flow:<27} {cost}\n"))
}

/// Every flow there is, each in the state its name says.
impl Meter {
    fn measure_all(mut self) -> Vec<(&'static str, Cost)> {
        self.sending();
        self.sending_with_quotas();
        self.delivering();
        self.verifying();
        self.verifying_with_quotas();
        self.sessions();
        self.lifecycle();
        let place = |flow: &str| PRICES.iter().position(|(listed, _)| *listed == flow);
        self.measured.sort_by_key(|(flow, _)| place(flow));
        self.measured
    }

    /// Runs flows of a service that works by another policy.
    fn elsewhere(&mut self, policy: Policy, run: impl FnOnce(&mut Self)) {
        let mut there = Self::by(policy);
        run(&mut there);
        self.measured.append(&mut there.measured);
    }

    fn sending(&mut self) {
        let ada = recipient(0);
        let issued = self.take("issue", |otp| block_on(otp.issue(Request::login(&ada))).unwrap());
        let prepared = Request::login(&recipient(8));
        let outgoing = self.take("prepare", |otp| block_on(otp.prepare(prepared)).unwrap());
        self.take("hand_over", |otp| block_on(otp.hand_over(outgoing)).unwrap());
        let first = Request::login(&recipient(1));
        self.take("send, new recipient", |otp| block_on(otp.send(first)).unwrap());
        let again = Request::login(&recipient(1));
        self.take("send, known recipient", |otp| block_on(otp.send(again)).unwrap());
        self.take("deliver", |otp| block_on(otp.deliver(&issued.otp_id)).unwrap());
        let decoy = Request::login(&recipient(9)).decoy(true);
        self.take("send, decoy", |otp| block_on(otp.send(decoy)).unwrap());
        let press = Request::login(&recipient(10)).idempotency_key("one press of the button");
        block_on(self.otp.send(press.clone())).unwrap();
        self.take("send, repeated", |otp| block_on(otp.send(press)).unwrap());
        self.elsewhere(Policy::default(), |meter| {
            meter.send(1);
            let refused = Request::login(&recipient(1));
            meter.take("send, refused", |otp| block_on(otp.send(refused)).unwrap_err());
        });
        self.elsewhere(alone(), |meter| {
            let by_code = Request::login(&recipient(1)).by_code();
            meter.take("send, by code", |otp| block_on(otp.send(by_code)).unwrap());
        });
    }

    fn sending_with_quotas(&mut self) {
        let hour = Duration::from_secs(3600);
        self.elsewhere(Policy::default().client_sends(Quota::new(2, hour)), |meter| {
            let request = |number| Request::login(&recipient(number)).client(client(1));
            meter.take("send, client", |otp| block_on(otp.send(request(1))).unwrap());
            meter.take("send, client, refused", |otp| block_on(otp.send(request(1))).unwrap_err());
            meter.send(2);
            block_on(meter.otp.send(request(3))).unwrap();
            meter.clock.advance(Duration::from_secs(30));
            meter.take("send, client, quota full", |otp| block_on(otp.send(request(2))).unwrap_err());
        });
        let busy = Quota::new(1600, hour);
        let policy = Policy::default().dial_code_sends(busy).service_sends(busy).send_spacing(Duration::ZERO);
        self.elsewhere(policy, |meter| {
            let phone = Recipient::parse("+32412345678").unwrap();
            let other = Recipient::parse("+32412345679").unwrap();
            meter.take("send, takes shares", |otp| block_on(otp.send(Request::login(&phone))).unwrap());
            meter.take("send, has shares", |otp| block_on(otp.send(Request::login(&other))).unwrap());
            let everything = Request::register(&other).client(client(1)).bind("payee", "ACME");
            let everything = everything.idempotency_key("one press of the button");
            meter.take("send, everything", |otp| block_on(otp.send(everything)).unwrap());
        });
    }

    fn delivering(&mut self) {
        let sent = self.send(11);
        self.take("deliver again", |otp| block_on(otp.deliver(&sent.otp_id)).unwrap());
        self.elsewhere(Policy::default(), |meter| {
            let request = Request::login(&recipient(1)).client(client(1));
            let sent = block_on(meter.otp.send(request)).unwrap();
            meter.take("deliver again, refused", |otp| block_on(otp.deliver(&sent.otp_id)).unwrap_err());
            meter.clock.advance(Duration::from_secs(30));
            meter.take("deliver again, client", |otp| block_on(otp.deliver(&sent.otp_id)).unwrap());
        });
    }

    fn verifying(&mut self) {
        let sent = self.send(2);
        let right = right(&sent);
        drop(self.take("verify, right", |otp| block_on(otp.verify(right.clone())).unwrap()));

        let wrong = self.send(3);
        let wrong = Submission::by_id(&wrong.otp_id, &other_code(&wrong)).login();
        self.take("verify, wrong", |otp| block_on(otp.verify(wrong.clone())).unwrap_err());
        let bound = wrong.bind("amount", "12.50 EUR");
        self.take("verify, wrong, bound", |otp| block_on(otp.verify(bound)).unwrap_err());

        let linus = recipient(4);
        let sent_by_address = block_on(self.otp.send(Request::login(&linus).by_recipient())).unwrap();
        let by_address = Submission::by_recipient(&linus, sent_by_address.expose().code).login();
        drop(self.take("verify, by recipient", |otp| block_on(otp.verify(by_address)).unwrap()));

        self.take("verify, used up", |otp| block_on(otp.verify(right)).unwrap_err());

        // Genuine, but its entry is in another store, or forgotten.
        let elsewhere = self::right(&Self::new().send(5));
        self.take("verify, unknown otp id", |otp| block_on(otp.verify(elsewhere)).unwrap_err());

        let genuine = self.send(6);
        let forged = Submission::by_id(&forged(&genuine.otp_id), genuine.expose().code).login();
        self.take("verify, forged otp id", |otp| block_on(otp.verify(forged)).unwrap_err());
        let malformed = Submission::by_id(&genuine.otp_id, "12345").login();
        self.take("verify, malformed code", |otp| block_on(otp.verify(malformed)).unwrap_err());
    }

    fn verifying_with_quotas(&mut self) {
        let once = Policy::default().client_checks(Quota::new(1, Duration::from_secs(3600)));
        self.elsewhere(once, |meter| {
            let sent = meter.send(1);
            let submission = || right(&sent).client(client(1));
            let wrong = Submission::by_id(&sent.otp_id, &other_code(&sent)).login().client(client(1));
            meter.take("verify, client", |otp| block_on(otp.verify(wrong)).unwrap_err());
            meter.take("verify, client, quota full", |otp| block_on(otp.verify(submission())).unwrap_err());
        });
        self.elsewhere(alone(), |meter| {
            let sent = block_on(meter.otp.send(Request::login(&recipient(1)).by_code())).unwrap();
            let right = Submission::by_code(sent.expose().code).login().client(client(1));
            drop(meter.take("verify, by code", |otp| block_on(otp.verify(right)).unwrap()));
            let wrong = Submission::by_code("AAAABBBBCCCCDDDD").login().client(client(1));
            meter.take("verify, by code, wrong", |otp| block_on(otp.verify(wrong)).unwrap_err());
        });
    }

    fn lifecycle(&mut self) {
        let linus = recipient(12);
        let sent = self.send(12);
        self.take("status", |otp| block_on(otp.status(&sent.otp_id)).unwrap());
        let heard = self.delivery_id(12);
        self.take("report", |otp| block_on(otp.report(&heard, Delivery::Delivered)).unwrap());
        self.take("report, again", |otp| block_on(otp.report(&heard, Delivery::Sent)).unwrap());
        self.send(12);
        self.take("live_codes, two", |otp| block_on(otp.live_codes(&linus)).unwrap());
        self.take("cancel", |otp| block_on(otp.cancel(&sent.otp_id)).unwrap());
        self.take("cancel, gone", |otp| block_on(otp.cancel(&sent.otp_id)).unwrap());
        let sent = self.send(12);
        let wrong = Submission::by_id(&sent.otp_id, &other_code(&sent)).login();
        block_on(self.otp.verify(wrong)).unwrap_err();
        self.take("consecutive_failures", |otp| block_on(otp.consecutive_failures(&linus)).unwrap());
        self.take("clear_failures", |otp| block_on(otp.clear_failures(&linus)).unwrap());
    }

    fn sessions(&mut self) {
        let sent = self.send(7);
        let tokens = self.take("exchange", |otp| block_on(otp.exchange(right(&sent))).unwrap());
        let other = self.send(8);
        let proof = block_on(self.otp.verify(right(&other))).unwrap();
        self.take("grant", |otp| block_on(otp.grant(proof)).unwrap());

        let access = tokens.access.expose();
        self.take("authenticate", |otp| block_on(otp.authenticate(access)).unwrap());
        self.take("authenticate, malformed", |otp| block_on(otp.authenticate("Bearer")).unwrap_err());
        self.take("authenticate_strictly", |otp| block_on(otp.authenticate_strictly(access)).unwrap());
        let refresh = tokens.refresh.as_ref().expect("the default grant has a refresh token").expose();
        self.take("refresh", |otp| block_on(otp.refresh(refresh)).unwrap());
        self.take("refresh, again in grace", |otp| block_on(otp.refresh(refresh)).unwrap());
        self.take("revoke_family", |otp| block_on(otp.revoke_family(refresh)).unwrap());
        self.take("revoke_family, again", |otp| block_on(otp.revoke_family(refresh)).unwrap());
        self.take("revoke_subject", |otp| block_on(otp.revoke_subject("user-17")).unwrap());
        let support = Principal::new("support").role(Role::Administrator);
        let grant = Grant::for_subject("user-17");
        self.take("issue_tokens", |otp| block_on(otp.issue_tokens(&support, grant)).unwrap());
    }
}
