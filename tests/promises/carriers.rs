//! Several carriers, and a second address: the same code goes out, to one of them, and never a second code.

mod carrier;
mod second_address;
mod trees;

use crate::common::{
    Events, ada, block_on, desk, keeping, keyring, memory, patient, recipient, seconds, seeded,
};
use carrier::{Answer, Book, Carrier, Handed, Outcome};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{ByChannel, Exchanger, Fallback, MemoryStore, Notifier, Policy, Recipient, Request};

use Answer::{Permanent, RequestLost, Takes, Transient};

fn phone() -> Recipient {
    recipient("+32412345678")
}

/// A code for the phone that lives for a day.
fn request() -> Request {
    Request::login(&phone()).lifetime(seconds(24 * 3600)).requested_by(desk())
}

struct Scene<N> {
    otp: Exchanger<MemoryStore, N>,
    book: Book,
    clock: ManualClock,
    events: Events,
}

impl<N: Notifier> Scene<N> {
    fn set(policy: Policy, notifier: impl FnOnce(&Book) -> N) -> Self {
        let (book, clock, events) = (Book::default(), ManualClock::default(), Events::default());
        let otp = Exchanger::builder(memory(), notifier(&book), keyring())
            .policy(policy)
            .clock(clock.clone())
            .entropy(seeded(5))
            .observer(keeping(&events))
            .build()
            .unwrap();
        Self { otp, book, clock, events }
    }

    fn send(&self, request: Request) -> Outcome {
        Outcome::of(&block_on(self.otp.send(request)))
    }

    /// Who was asked since the last look.
    fn asked(&self) -> Vec<&'static str> {
        self.book.take().iter().map(|handed| handed.by).collect()
    }

    fn live_codes(&self, recipient: &Recipient) -> usize {
        block_on(self.otp.live_codes(recipient)).unwrap().len()
    }
}

/// One carrier for SMS and one for email, each of which always answers so.
fn two(sms: Answer, email: Answer) -> impl FnOnce(&Book) -> ByChannel<Carrier, Carrier> {
    move |book| ByChannel::new(Carrier::always("smtp", book, email), Carrier::always("gateway", book, sms))
}

fn every_pair() -> impl Iterator<Item = (Answer, Answer)> {
    Answer::ALL.into_iter().flat_map(|first| Answer::ALL.map(|second| (first, second)))
}

#[test]
fn each_channel_has_a_carrier_of_its_own_and_none_stands_in_for_the_other() {
    for (sms, email) in every_pair() {
        let scene = Scene::set(patient(), two(sms, email));
        for (to, by, answer) in [(phone(), "gateway", sms), (ada(), "smtp", email)] {
            let outcome = scene.send(Request::login(&to));
            let asked = scene.book.take();
            assert_eq!(outcome, Outcome::expected(&asked, true), "{sms:?}, {email:?}");
            let seen: Vec<_> = asked.iter().map(|one| (one.by, one.to.as_str(), one.answer)).collect();
            assert_eq!(seen, [(by, to.address(), answer)]);
        }
    }
}

#[test]
fn a_second_carrier_is_asked_only_where_the_first_failed_at_once() {
    for (first, second) in every_pair() {
        let scene = Scene::set(patient(), |book| {
            Fallback::new(Carrier::always("one", book, first), Carrier::always("two", book, second))
        });
        scene.send(request());
        let asked = scene.book.take();
        let expected: &[&str] = if first.failed_at_once() { &["one", "two"] } else { &["one"] };
        assert_eq!(asked.iter().map(|one| one.by).collect::<Vec<_>>(), expected, "{first:?}, {second:?}");
        // It is the very same message.
        let plain = |one: &Handed| Handed { by: "", answer: Takes, ..one.clone() };
        assert!(asked.iter().all(|one| plain(one) == plain(&asked[0])), "{asked:?}");
    }
}

/// Both fail, in all nine ways there are.
#[test]
fn where_both_fail_it_is_hopeless_only_if_it_is_by_both() {
    let by = |name: &str| name.to_owned();
    let table = [
        (Permanent, Permanent, Outcome::Voided { by: by("one") }),
        (Permanent, Transient, Outcome::Failed { by: by("two") }),
        (Permanent, RequestLost, Outcome::InDoubt { by: by("two") }),
        (Transient, Permanent, Outcome::Failed { by: by("one") }),
        (Transient, Transient, Outcome::Failed { by: by("two") }),
        (Transient, RequestLost, Outcome::InDoubt { by: by("two") }),
        // The second is not asked.
        (RequestLost, Permanent, Outcome::InDoubt { by: by("one") }),
        (RequestLost, Transient, Outcome::InDoubt { by: by("one") }),
        (RequestLost, RequestLost, Outcome::InDoubt { by: by("one") }),
    ];
    for (first, second, expected) in table {
        let two_gateways = Scene::set(patient(), |book| {
            Fallback::new(Carrier::always("one", book, first), Carrier::always("two", book, second))
        });
        assert_eq!(two_gateways.send(request()), expected, "{first:?}, {second:?}");
        let two_addresses = Scene::set(patient(), |book| {
            ByChannel::new(Carrier::always("two", book, second), Carrier::always("one", book, first))
        });
        assert_eq!(two_addresses.send(request().fallback(&ada())), expected, "{first:?}, {second:?}");
    }
}

#[test]
fn three_in_a_row_are_asked_in_their_order_however_they_are_nested() {
    for (first, second) in every_pair() {
        for third in Answer::ALL {
            let three = |book: &Book| {
                let one = Carrier::always("one", book, first);
                (one, Carrier::always("two", book, second), Carrier::always("three", book, third))
            };
            let left = Scene::set(patient(), |book| {
                let (one, two, three) = three(book);
                Fallback::new(Fallback::new(one, two), three)
            });
            let right = Scene::set(patient(), |book| {
                let (one, two, three) = three(book);
                Fallback::new(one, Fallback::new(two, three))
            });
            let outcomes = (left.send(request()), right.send(request()));
            let (left, right) = (left.book.take(), right.book.take());
            let expected = Outcome::expected(&left, true);
            assert_eq!(outcomes, (expected.clone(), expected), "{first:?}, {second:?}, {third:?}");
            let needed = [true, first.failed_at_once(), first.failed_at_once() && second.failed_at_once()];
            let needed = needed.iter().filter(|needed| **needed).count();
            let asked = |route: &[Handed]| route.iter().map(|one| one.by).collect::<Vec<_>>();
            assert_eq!(asked(&left), ["one", "two", "three"][..needed]);
            assert_eq!(asked(&right), ["one", "two", "three"][..needed]);
        }
    }
}
