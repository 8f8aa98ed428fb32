//! What carriers say of a delivery is taken down under a name that says and opens nothing else, and changes
//! nothing but what the status shows of it.

mod faults;
mod messages;
mod names;

use crate::common::{
    Events, House, QUARTER, ada, block_on, client, desk, keeping, login, memory, other_than, patient,
    refused_as_dead, seconds, start,
};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    Delivery, DeliveryId, Event, MemoryStore, Message, OtpId, Policy, Purpose, Receipt, Request, SendError,
    Status, Submission,
};

use Delivery::{Delivered, Failed, Sent};

const HEARD: [Delivery; 3] = [Sent, Failed, Delivered];

type Home = House<MemoryStore>;

/// A service whose events are kept.
fn observed(policy: Policy) -> (Home, Events) {
    let (clock, events) = (ManualClock::default(), Events::default());
    let store = MemoryStore::with_clock(100, clock.clone());
    (House::built(store, clock, policy, |builder| builder.observer(keeping(&events))), events)
}

fn send(house: &Home) -> (Receipt, DeliveryId) {
    let sent = block_on(house.otp.send(Request::login(&ada()))).unwrap();
    (sent, delivery_id(house))
}

fn delivery_id(house: &Home) -> DeliveryId {
    house.outbox.read(&ada(), Message::delivery_id).expect("a message was sent")
}

fn report(house: &Home, id: &DeliveryId, heard: Delivery) {
    block_on(house.otp.report(id, heard)).unwrap();
}

fn status(house: &Home, id: &OtpId) -> Status {
    block_on(house.otp.status(id)).unwrap()
}

fn heard(house: &Home, id: &OtpId) -> Option<Delivery> {
    status(house, id).expose_delivery()
}

fn reported(events: &Events) -> Vec<Delivery> {
    let events = std::mem::take(&mut *events.lock().unwrap());
    let said = |event| match event {
        Event::Reported { recipient, purpose, delivery } => {
            assert_eq!((recipient, purpose), (ada().masked(), Purpose::LOGIN));
            Some(delivery)
        }
        _ => None,
    };
    events.into_iter().filter_map(said).collect()
}

/// Every order in which up to four notices can come, any of them more than once.
fn orders() -> Vec<Vec<Delivery>> {
    let mut all = vec![vec![]];
    let mut longest = all.clone();
    for _ in 0..4 {
        longest = longest
            .iter()
            .flat_map(|before: &Vec<_>| HEARD.map(|next| [&before[..], &[next]].concat()))
            .collect();
        all.extend(longest.clone());
    }
    all
}

#[test]
fn the_greatest_of_what_was_said_holds_whatever_the_order() {
    assert!(Sent < Failed && Failed < Delivered);
    let orders = orders();
    assert_eq!(orders.len(), 1 + 3 + 9 + 27 + 81);
    for order in orders {
        let (house, events) = observed(Policy::default());
        let (sent, id) = send(&house);
        assert_eq!(heard(&house, &sent.otp_id), None, "nothing was said yet");
        let (mut greatest, mut rises) = (None, Vec::new());
        for &notice in &order {
            let swaps = house.store.swaps();
            report(&house, &id, notice);
            let rose = Some(notice) > greatest;
            greatest = greatest.max(Some(notice));
            rises.extend(rose.then_some(notice));
            assert_eq!(heard(&house, &sent.otp_id), greatest, "{order:?}");
            assert_eq!(house.store.swaps() - swaps, u64::from(rose), "{order:?}: nothing new is not written");
        }
        assert_eq!(reported(&events), rises, "{order:?}: nor told");
    }
}

#[test]
fn each_delivery_begins_anew_and_a_late_notice_counts_for_it() {
    let (house, events) = observed(Policy::default());
    let (sent, id) = send(&house);
    report(&house, &id, Delivered);
    assert_eq!(heard(&house, &sent.otp_id), Some(Delivered));
    house.clock.advance(seconds(30));
    block_on(house.otp.deliver(&sent.otp_id)).unwrap();
    assert_eq!(heard(&house, &sent.otp_id), None);
    assert_eq!(delivery_id(&house), id, "one name for all deliveries, so whose notice it is nobody can tell");
    report(&house, &id, Failed);
    assert_eq!(heard(&house, &sent.otp_id), Some(Failed));
    let early = block_on(house.otp.deliver(&sent.otp_id));
    assert!(matches!(early, Err(SendError::Wait { .. })), "it failed, and is spaced all the same");
    assert_eq!(heard(&house, &sent.otp_id), Some(Failed), "no delivery, so nothing begins");
    assert_eq!(reported(&events), [Delivered, Failed]);

    // A code that was only issued has nothing to be said of; the first delivery begins it.
    house.clock.advance(QUARTER);
    let issued = block_on(house.otp.issue(Request::login(&ada()))).unwrap();
    assert_eq!(heard(&house, &issued.otp_id), None);
    block_on(house.otp.deliver(&issued.otp_id)).unwrap();
    report(&house, &delivery_id(&house), Sent);
    assert_eq!(heard(&house, &issued.otp_id), Some(Sent));
}

/// All that a status says but what was reported.
fn rest(status: &Status) -> impl PartialEq + std::fmt::Debug + use<> {
    let times = (status.created_at, status.expires_at, status.resend_at);
    let counts = (status.attempts_left, status.length, status.deliveries);
    (status.otp_id, status.purpose.clone(), times, counts)
}

#[test]
fn a_report_changes_nothing_but_what_is_shown_of_it() {
    for notice in HEARD {
        let house = House::new();
        let (sent, id) = send(&house);
        let code = house.code(&ada());
        let before = status(&house, &sent.otp_id);
        report(&house, &id, notice);
        let after = status(&house, &sent.otp_id);
        assert_eq!(rest(&before), rest(&after), "{notice:?}");
        assert_ne!(before, after, "{notice:?}: what is shown of it did");
        assert!(block_on(house.otp.verify(login(&sent.otp_id, &other_than(&code)))).is_err());
        assert_eq!(status(&house, &sent.otp_id).attempts_left, 4, "{notice:?}");
        report(&house, &id, Delivered);
        assert_eq!(status(&house, &sent.otp_id).attempts_left, 4, "{notice:?}: charged as before");
        house.clock.advance(seconds(30));
        block_on(house.otp.deliver(&sent.otp_id)).unwrap();
        assert_eq!(house.code(&ada()), code, "{notice:?}: the same code is sent again");
        report(&house, &id, notice);
        assert!(block_on(house.otp.verify(login(&sent.otp_id, &code))).is_ok(), "{notice:?}: it works");
        report(&house, &id, Delivered);
        assert!(refused_as_dead(&block_on(house.otp.verify(login(&sent.otp_id, &code)))), "{notice:?}: once");
    }
    // No longer life either: it ends when it would have ended.
    let house = House::new();
    let (sent, id) = send(&house);
    house.clock.advance(crate::common::just_under(sent.lifetime));
    report(&house, &id, Delivered);
    assert_eq!(heard(&house, &sent.otp_id), Some(Delivered), "the last moment");
    house.clock.advance(crate::common::MILLISECOND);
    assert!(block_on(house.otp.status(&sent.otp_id)).is_err());
}

/// How a code dies.
type Ending<'a> = (&'a str, &'a dyn Fn(&Home, &Receipt));

#[test]
fn what_is_said_of_a_dead_code_is_no_error_and_not_written() {
    let guesses = |house: &Home, sent: &Receipt| {
        let wrong = other_than(&house.code(&ada()));
        (0..5).for_each(|_| assert!(block_on(house.otp.verify(login(&sent.otp_id, &wrong))).is_err()));
    };
    let endings: [Ending<'_>; 5] = [
        ("used", &|house, sent| {
            assert!(block_on(house.otp.verify(login(&sent.otp_id, &house.code(&ada())))).is_ok());
        }),
        ("spent", &guesses),
        ("cancelled", &|house, sent| block_on(house.otp.cancel(&sent.otp_id)).unwrap()),
        ("expired", &|house, sent| house.clock.advance(sent.lifetime)),
        ("forgotten", &|house, _| house.clock.advance(seconds(60 * 24 * 3600))),
    ];
    for (how, end) in endings {
        let (house, events) = observed(Policy::default());
        let (sent, id) = send(&house);
        end(&house, &sent);
        let swaps = house.store.swaps();
        for notice in HEARD {
            report(&house, &id, notice);
        }
        assert_eq!((house.store.swaps(), reported(&events)), (swaps, vec![]), "{how}");
    }
}

#[test]
fn a_code_that_a_restore_killed_is_dead_to_reports_too() {
    let (clock, memory, events) = (ManualClock::default(), memory(), Events::default());
    let before = House::on(memory.clone(), clock.clone(), Policy::default());
    let (sent, id) = send(&before);
    clock.advance(seconds(60));
    let restored = start().saturating_add(seconds(60));
    let after = House::built(memory, clock, Policy::default(), |builder| {
        builder.valid_from(restored).observer(keeping(&events))
    });
    assert!(block_on(after.otp.status(&sent.otp_id)).is_err());
    report(&after, &id, Delivered);
    assert_eq!((after.store.swaps(), reported(&events)), (0, vec![]));
    report(&before, &id, Delivered);
    assert_eq!(before.store.swaps(), 2, "where it is alive it is written");
}

#[test]
fn whatever_name_a_code_answers_to_it_is_reported_on_likewise() {
    let request = || Request::login(&ada()).requested_by(desk());
    for request in [request(), request().by_recipient(), request().by_code()] {
        let (house, events) = observed(Policy::slingr().by_recipient(true));
        let sent = block_on(house.otp.send(request)).unwrap();
        let code = house.code(&ada());
        report(&house, &delivery_id(&house), Failed);
        assert_eq!(heard(&house, &sent.otp_id), Some(Failed));
        assert_eq!(reported(&events), [Failed]);
        let named = [
            login(&sent.otp_id, &code),
            Submission::by_recipient(&ada(), &code).login(),
            Submission::by_code(&code).client(client(1)).login(),
        ];
        let works = named.map(|submission| block_on(house.otp.verify(submission)).is_ok());
        assert_eq!(works.iter().filter(|works| **works).count(), 1, "{works:?}");
    }
}

/// Otp ids are random; everything else about a status has to be the same.
fn shown(status: &Status) -> String {
    format!("{status:?}").replace(&format!("{:?}", status.otp_id), "an id")
}

#[test]
fn a_decoy_and_a_real_code_look_alike_until_something_is_said() {
    let see = |exists: bool| {
        let house = House::new();
        let sent = block_on(house.otp.send(Request::login(&ada()).account_exists(exists))).unwrap();
        let first = status(&house, &sent.otp_id);
        house.clock.advance(seconds(30));
        block_on(house.otp.deliver(&sent.otp_id)).unwrap();
        let second = status(&house, &sent.otp_id);
        let listed = block_on(house.otp.live_codes(&ada())).unwrap().remove(0);
        let all = [&first, &second, &listed].map(|one| (shown(one), one.expose_delivery()));
        (house, sent.otp_id, all)
    };
    let ((real, id, of_real), (decoy, _, of_decoy)) = (see(true), see(false));
    assert_eq!(of_real, of_decoy);
    assert!(of_real.iter().all(|(_, delivery)| delivery.is_none()));
    assert_eq!((real.outbox.total(), decoy.outbox.total()), (2, 0), "a decoy's name for carriers is nowhere");
    report(&real, &delivery_id(&real), Sent);
    let told = status(&real, &id);
    assert_eq!(told.expose_delivery(), Some(Sent), "which is why it may not be shown to just anybody");
    assert_eq!(shown(&told), of_decoy[1].0, "it is in no log");
}

#[test]
fn a_code_that_became_worth_nothing_is_reported_on_like_any_other() {
    let house = House::new();
    let (strangers, id) = send(&house);
    house.clock.advance(seconds(30));
    let (owners, _) = send(&house);
    assert!(block_on(house.otp.verify(login(&owners.otp_id, &house.code(&ada())))).is_ok());
    report(&house, &id, Delivered);
    assert_eq!(heard(&house, &strangers.otp_id), Some(Delivered), "that somebody signed in does not show");
}
