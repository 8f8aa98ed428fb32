//! Nobody learns who has an account: whoever may not sign in is answered, and costs the store, just what
//! somebody costs who may. The only differences are that no message goes out and that no code is right.

use std::sync::{Arc, Mutex};

use crate::common::{ada, block_on, keyring, other_than, recipient, seconds, seeded};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    Accepted, ClientKey, CodeStore, ExchangeError, Exchanger, MemoryStore, Message, Name, Notifier,
    NotifyError, OtpId, Outbox, Policy, Quota, Receipt, Recipient, Request, Sealed, SendError, StoreError,
    Submission, Swap, Timestamp, Version,
};

/// Writes down every call, with what can be seen of it from outside: names by the order they came in, sizes,
/// when it may be forgotten.
#[derive(Clone)]
struct Recording {
    store: MemoryStore,
    calls: Arc<Mutex<(Vec<Name>, Vec<String>)>>,
}

impl Recording {
    fn note(&self, name: Name, call: &str) {
        let (names, calls) = &mut *self.calls.lock().unwrap();
        let place = names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        });
        calls.push(format!("{place}: {call}"));
    }
}

impl CodeStore for Recording {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        let found = self.store.load(name).await?;
        self.note(name, &format!("load {:?}", found.as_ref().map(|sealed| sealed.as_bytes().len())));
        Ok(found)
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let swap = self.store.swap(name, expected, value, forget_after).await?;
        let (over, bytes) = (expected.is_some(), value.as_bytes().len());
        self.note(name, &format!("swap over {over}, {bytes} bytes, until {forget_after}: {swap:?}"));
        Ok(swap)
    }
}

struct Service<N> {
    otp: Exchanger<Recording, N>,
    store: Recording,
    clock: ManualClock,
}

fn policy() -> Policy {
    let quota = |count| Quota::new(count, seconds(3600));
    Policy::default().client_sends(quota(500)).service_sends(quota(500)).client_checks(quota(500))
}

fn service<N: Notifier>(policy: Policy, notifier: N) -> Service<N> {
    let clock = ManualClock::default();
    let store = Recording { store: MemoryStore::with_clock(10_000, clock.clone()), calls: Arc::default() };
    let otp = Exchanger::builder(store.clone(), notifier, keyring())
        .policy(policy)
        .clock(clock.clone())
        .entropy(seeded(1))
        .build()
        .unwrap();
    Service { otp, store, clock }
}

/// All that an attacker and whoever watches the store see of a recipient.
#[derive(Debug, PartialEq)]
struct Seen {
    answers: Vec<String>,
    calls: Vec<String>,
}

/// Whom somebody asks for, and in what way.
struct Case {
    policy: Policy,
    request: Box<dyn Fn(&Recipient) -> Request>,
    /// A service that does not ask the store for those who may not sign in.
    skips_ledger: bool,
}

fn case(request: impl Fn(&Recipient) -> Request + 'static) -> Case {
    Case { policy: policy(), request: Box::new(request), skips_ledger: false }
}

/// Otp ids are random; everything else about an answer has to be the same.
fn masked<T: std::fmt::Debug>(answer: &T, ids: &[OtpId]) -> String {
    ids.iter().fold(format!("{answer:?}"), |text, id| text.replace(&format!("{id:?}"), "an id"))
}

fn shown(receipt: &Receipt) -> String {
    let exposed = receipt.expose();
    let seen = (receipt.lifetime, exposed.code.len(), exposed.text.len());
    format!("{} {seen:?}", masked(receipt, &[receipt.otp_id]))
}

fn said<T>(answer: Result<T, ExchangeError>) -> String {
    answer.map_or_else(|error| format!("{error} {error:?}"), |_| "let in".to_owned())
}

fn sent(answer: Result<Receipt, SendError>) -> String {
    answer.map_or_else(|error| format!("{error} {error:?}"), |receipt| shown(&receipt))
}

impl Case {
    /// Everything that can be done with codes one did not get, and what it looks like. Also how many messages
    /// went out, and whether the right code was right at last.
    fn explore(&self) -> (Seen, u64, bool) {
        let outbox = Outbox::new();
        let Service { otp, store, clock } = service(self.policy.clone(), outbox.clone());
        let elsewhere = service(self.policy.clone(), Outbox::new());
        let ada = ada();
        let request = || (self.request)(&ada).client(ClientKey::new("somebody"));
        let accept = |submission: Submission| submission.login().register().purpose("recover");
        let guess =
            |id: &OtpId, typed: &str| said(block_on(otp.verify(accept(Submission::by_id(id, typed)))));
        let by_recipient =
            |typed: &str| said(block_on(otp.verify(accept(Submission::by_recipient(&ada, typed)))));

        let mut answers = Vec::new();
        let first =
            block_on(if self.skips_ledger { elsewhere.otp.send(request()) } else { otp.send(request()) });
        let first = first.unwrap();
        let wrong = other_than(first.expose().code);
        answers.push(shown(&first));
        answers.push(sent(block_on(otp.send(request()))));
        answers.push(sent(block_on(otp.deliver(&first.otp_id))));
        answers.push(masked(&block_on(otp.status(&first.otp_id)), &[first.otp_id]));
        answers.push(guess(&first.otp_id, &wrong));
        clock.advance(seconds(30));
        answers.push(sent(block_on(otp.deliver(&first.otp_id))));
        answers.push(masked(&block_on(otp.status(&first.otp_id)), &[first.otp_id]));
        clock.advance(seconds(30));
        let second =
            block_on(otp.issue(request().by_recipient().idempotency_key("1b9d6bcd-bbfd-4b2d"))).unwrap();
        answers.push(shown(&second));
        answers
            .push(sent(block_on(otp.issue(request().by_recipient().idempotency_key("1b9d6bcd-bbfd-4b2d")))));
        answers.push(sent(block_on(otp.deliver(&second.otp_id))));
        answers.extend((0..7).map(|_| by_recipient(&other_than(second.expose().code))));
        answers.extend((0..5).map(|_| guess(&first.otp_id, &wrong)));
        answers.push(masked(&block_on(otp.status(&first.otp_id)), &[first.otp_id]));
        answers.push(format!("{:?}", block_on(otp.consecutive_failures(&ada))));
        clock.advance(seconds(900));
        let third = block_on(otp.send(request())).unwrap();
        answers.push(shown(&third));
        answers.push(format!("{:?}", block_on(otp.cancel(&third.otp_id))));
        answers.push(guess(&third.otp_id, &wrong));
        answers.push(format!("{:?}", block_on(otp.live_codes(&ada)).unwrap().len()));
        // Until the accepted risk is spent, and codes get longer.
        for _ in 0..20 {
            clock.advance(seconds(900));
            let next = block_on(otp.send(request().locale("fr-BE"))).unwrap();
            answers.push(shown(&next));
            let wrong = other_than(next.expose().code);
            answers.extend((0..5).map(|_| guess(&next.otp_id, &wrong)));
        }
        clock.advance(seconds(24 * 3600));
        let calls = std::mem::take(&mut store.calls.lock().unwrap().1);
        let last = block_on(otp.send(request())).unwrap();
        let right = guess(&last.otp_id, last.expose().code) == "let in";
        (Seen { answers, calls }, outbox.total(), right)
    }
}

/// All decoys look like the real one, and are none.
fn promise(real: &[Case], decoys: &[Case]) -> Result<(), String> {
    let (expected, messages, right) = real[0].explore();
    assert!(right && messages > 20 && expected.calls.len() > 150, "{messages}, {right}, {expected:?}");
    for case in &real[1..] {
        let (seen, messages, right) = case.explore();
        if seen != expected || !right || messages == 0 {
            return Err("two real ones differ".to_owned());
        }
    }
    for (index, case) in decoys.iter().enumerate() {
        let (seen, messages, right) = case.explore();
        if messages > 0 || right {
            return Err(format!("decoy {index} is none: {messages} messages, {right}"));
        }
        for (what, seen, expected) in
            [("answer", &seen.answers, &expected.answers), ("call", &seen.calls, &expected.calls)]
        {
            let differs = seen.iter().zip(expected).position(|(seen, expected)| seen != expected);
            if let Some(at) = differs {
                return Err(format!("decoy {index}, {what} {at}: {} instead of {}", seen[at], expected[at]));
            }
            if seen.len() != expected.len() {
                return Err(format!("decoy {index}: {} {what}s instead of {}", seen.len(), expected.len()));
            }
        }
    }
    Ok(())
}

fn closed() -> Policy {
    policy().sign_up(false)
}

#[test]
fn logging_in_tells_nothing_about_an_account() {
    let real = [case(Request::login), case(|ada| Request::login(ada).account_exists(true))];
    let decoys = [
        case(|ada| Request::login(ada).decoy(true)),
        case(|ada| Request::login(ada).account_exists(false)),
        Case { policy: closed(), ..case(|ada| Request::login(ada).account_exists(false)) },
    ];
    promise(&real, &decoys).unwrap();
}

#[test]
fn registering_tells_nothing_about_an_account() {
    let real = [case(Request::register), case(|ada| Request::register(ada).account_exists(false))];
    let decoys = [
        case(|ada| Request::register(ada).decoy(true)),
        case(|ada| Request::register(ada).account_exists(true)),
        Case { policy: closed(), ..case(Request::register) },
        Case { policy: closed(), ..case(|ada| Request::register(ada).account_exists(false)) },
        Case { policy: closed(), ..case(|ada| Request::register(ada).account_exists(true)) },
    ];
    promise(&real, &decoys).unwrap();
}

#[test]
fn recovering_tells_nothing_about_an_account() {
    let real = [
        case(|ada| Request::new("recover", ada)),
        case(|ada| Request::new("recover", ada).account_exists(true)),
    ];
    let decoys = [case(|ada| Request::new("recover", ada).account_exists(false))];
    promise(&real, &decoys).unwrap();
}

#[test]
fn a_decoy_that_skips_the_ledger_is_found() {
    let leak = Case { skips_ledger: true, ..case(|ada| Request::login(ada).account_exists(false)) };
    let found = promise(&[case(Request::login)], &[leak]).unwrap_err();
    println!("{found}");
    assert!(found.starts_with("decoy 0, answer 1"), "{found}");
}

#[test]
fn every_refusal_by_recipient_is_the_same_to_the_byte() {
    let Service { otp, clock, .. } = service(policy(), Outbox::new());
    let send = |request: Request| block_on(otp.send(request.by_recipient())).unwrap();
    let submit =
        |to: &Recipient, typed: &str| block_on(otp.verify(Submission::by_recipient(to, typed).login()));
    let person = |name: &str| recipient(&format!("{name}@example.org"));
    let code = |receipt: &Receipt| receipt.expose().code.to_owned();
    let mut refusals = Vec::new();
    let mut refused = |why: &str, answer: Result<_, ExchangeError>| match answer {
        Err(ExchangeError::Refused(refused)) => refusals.push((why.to_owned(), refused)),
        Err(other) => panic!("{why}: {other:?}"),
        Ok(_) => panic!("{why}: let in"),
    };
    let known = code(&send(Request::login(&person("wrong"))));
    refused("wrong", submit(&person("wrong"), &other_than(&known)));
    refused("unknown", submit(&person("unknown"), "123456"));
    let decoy = code(&send(Request::login(&person("decoy")).decoy(true)));
    refused("decoy", submit(&person("decoy"), &decoy));
    refused("wrong for a decoy", submit(&person("decoy"), &other_than(&decoy)));
    let used = code(&send(Request::login(&person("used"))));
    assert!(submit(&person("used"), &used).is_ok());
    refused("used", submit(&person("used"), &used));
    let spent = code(&send(Request::login(&person("spent"))));
    (0..5).for_each(|_| refused("wrong", submit(&person("spent"), &other_than(&spent))));
    refused("spent", submit(&person("spent"), &spent));
    let cancelled = send(Request::login(&person("cancelled")));
    block_on(otp.cancel(&cancelled.otp_id)).unwrap();
    refused("cancelled", submit(&person("cancelled"), &code(&cancelled)));
    let other = code(&send(Request::new("payment", &person("purpose"))));
    refused("another purpose", submit(&person("purpose"), &other));
    let bound = code(&send(Request::login(&person("bound")).bind("device", "laptop")));
    refused("another context", submit(&person("bound"), &bound));
    let by_id = block_on(otp.send(Request::login(&person("id")))).unwrap();
    refused("by otp id", submit(&person("id"), &code(&by_id)));
    let expired = code(&send(Request::login(&person("expired"))));
    clock.advance(seconds(300));
    refused("expired", submit(&person("expired"), &expired));
    let texts = |refused: &_| (format!("{refused}"), format!("{refused:?}"));
    let (_, first) = &refusals[0];
    assert!(refusals.len() > 12);
    for (why, refused) in &refusals {
        assert_eq!(texts(refused), texts(first), "{why}");
    }
}

/// Takes no message.
struct Broken;

impl Notifier for Broken {
    async fn notify(&self, _message: &Message) -> Result<Accepted, NotifyError> {
        Err(NotifyError::transient("the gateway is down"))
    }
}

/// What a notifier says shows that somebody is there. So a public endpoint answers after `prepare`, which looks
/// the same, and hands over behind the answer.
#[test]
fn only_what_comes_before_is_safe_from_what_a_notifier_says() {
    let answers = |exists: bool| {
        let Service { otp, store, .. } = service(policy(), Broken);
        let outgoing = block_on(otp.prepare(Request::login(&ada()).account_exists(exists))).unwrap();
        let calls = store.calls.lock().unwrap().1.clone();
        (shown(outgoing.receipt()), calls, block_on(otp.hand_over(outgoing)).is_ok())
    };
    let (real, decoy) = (answers(true), answers(false));
    assert_eq!((&real.0, &real.1), (&decoy.0, &decoy.1));
    assert_ne!(real.2, decoy.2);
}

#[test]
fn a_strangers_code_does_not_tell_that_the_owner_has_signed_in() {
    let house = crate::common::House::new();
    let client = |name: &str| otp_exchange::ClientKey::new(name);
    let strangers = block_on(house.otp.issue(Request::login(&ada()).client(client("stranger")))).unwrap();
    house.clock.advance(seconds(30));
    let owners = block_on(house.otp.send(Request::login(&ada()).client(client("owner")))).unwrap();
    let looks = || {
        let status = block_on(house.otp.status(&strangers.otp_id)).unwrap();
        (status.attempts_left, status.expires_at, status.deliveries)
    };
    let before = looks();
    assert!(block_on(house.otp.verify(crate::common::login(&owners.otp_id, &house.code(&ada())))).is_ok());
    assert_eq!(looks(), before);
    let right = strangers.expose().code;
    let answer = block_on(house.otp.verify(crate::common::login(&strangers.otp_id, right)));
    assert!(matches!(
        answer,
        Err(otp_exchange::ExchangeError::Refused(otp_exchange::Refused { attempts_left: Some(4), .. }))
    ));
}
