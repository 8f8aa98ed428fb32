//! Who waits for whom, and for how long.

use super::*;
use crate::delivery::Delivery;

fn early(refused: Result<Ledger, Refusal>) -> Refusal {
    refused.err().unwrap()
}

/// A ledger whose client 1 had a right code at that second, for one it asked for at second 0.
fn known(moment: u64) -> Ledger {
    let ledger = ask(1).code("111111").client(1).to(Ledger::default(), at(0)).unwrap();
    let (ledger, verdict) = login(ledger, 1, "111111", at(moment));
    assert!(matches!(verdict, Verdict::Right(_)));
    ledger
}

#[test]
fn requests_are_spaced() {
    let refused = early(ask(2).to(one(), at(29)));
    assert_eq!(refused, Refusal { why: Waiting::Spacing, until: second(30) });
    assert!(ask(2).to(one(), at(30)).is_ok());
    let resent = claim(one(), at(40)).unwrap().unwrap();
    assert!(ask(2).to(resent, at(40)).is_ok(), "nothing waits for a message that is sent again");
}

#[test]
fn whoever_keeps_asking_waits_longer_and_longer_and_nobody_else_does() {
    let short = |id| ask(id).with(|request| request.lifetime(Duration::from_secs(20))); // else they need room
    let mut ledger = short(1).to(Ledger::default(), at(0)).unwrap();
    let mut last = 0;
    for (id, span) in (2..).zip([30, 60, 120, 240, 480, 900, 900]) {
        let refused = early(short(id).to(copy(&ledger), at(last + span - 1)));
        assert_eq!(refused, Refusal { why: Waiting::Spacing, until: second(last + span) });
        assert!(short(id).client(1).to(copy(&ledger), at(last + 30)).is_ok(), "another client");
        last += span;
        ledger = short(id).to(ledger, at(last)).unwrap();
    }
    ledger = short(9).to(ledger, at(last + HOUR)).unwrap();
    assert!(short(10).to(ledger, at(last + HOUR + 30)).is_ok(), "an hour without asking, and it begins anew");
}

#[test]
fn strangers_share_one_spacing() {
    let ledger = ask(1).client(1).to(Ledger::default(), at(0)).unwrap();
    for client in [1, 2] {
        assert_eq!(early(ask(2).client(client).to(copy(&ledger), at(29))).until, second(30));
    }
    assert!(ask(2).client(2).to(ledger, at(30)).is_ok());
}

#[test]
fn a_known_client_keeps_its_turn_and_its_room_whatever_strangers_do() {
    let mut ledger = known(1);
    let mut stranger = 100;
    for moment in (30..20 * MINUTE).step_by(30) {
        stranger = if stranger == 255 { 100 } else { stranger + 1 };
        // They ask as often as they can, each time as another client, and fill their room.
        if let Ok(after) = ask(stranger).client(stranger).to(copy(&ledger), at(moment)) {
            ledger = after;
        }
        for own in [1, 2, 3] {
            let asked = (1..=own).try_fold(copy(&ledger), |ledger, id| {
                ask(id).client(1).of(ledger, at(moment), &policy().send_spacing(Duration::ZERO))
            });
            assert!(asked.is_ok(), "second {moment}, its code {own}");
        }
    }
    assert!(early(ask(9).client(99).to(copy(&ledger), at(20 * MINUTE - 1))).until > at(0).now);
    // Its own turn it takes like anybody.
    let asked = ask(1).client(1).to(ledger, at(20 * MINUTE)).unwrap();
    assert_eq!(early(ask(2).client(1).to(asked, at(20 * MINUTE + 29))).until, second(20 * MINUTE + 30));
}

#[test]
fn a_fourth_code_waits_in_its_own_room_only() {
    let quick = patient().send_spacing(Duration::ZERO);
    let asks = |ledger, id, client| ask(id).client(client).of(ledger, at(10), &quick);
    let full = |client| (2..5).try_fold(known(1), |ledger, id| asks(ledger, id, client)).unwrap();
    assert_eq!(early(asks(full(1), 5, 1)).why, Waiting::LiveCodes, "its own room is full");
    assert!(asks(full(1), 5, 100).is_ok(), "and takes no stranger's");
    assert_eq!(early(asks(full(100), 5, 101)).why, Waiting::LiveCodes, "strangers share theirs");
    assert!(asks(full(100), 5, 1).is_ok(), "and take no known client's");
}

#[test]
fn strangers_codes_however_large_take_no_known_clients_room() {
    let quick = patient().send_spacing(Duration::ZERO);
    let mut grant = crate::grant::Grant::for_subject("s".repeat(255));
    for index in 0..7 {
        grant = grant.metadata(format!("name-{index}"), "v".repeat(94));
    }
    let asks = |ledger, id, client, purpose: &str| {
        let large = Request::new(purpose, &ada()).template(format!("{{{{CODE}}}}{}", "x".repeat(472)));
        ask(id).client(client).request(large.grant(grant.clone())).of(ledger, at(10), &quick)
    };
    let mut ledger = known(1);
    let mut refused = 0;
    for (id, purpose) in (2..20).zip(["login", "register", "recover", "confirm", "payment"].iter().cycle()) {
        match asks(copy(&ledger), id, id, purpose) {
            Ok(after) => ledger = after,
            Err(refusal) => refused += u32::from(refusal.why == Waiting::LiveCodes),
        }
    }
    assert!(refused > 0, "the strangers' room is full");
    assert!(asks(ledger, 20, 1, "login").is_ok());
}

#[test]
fn a_client_becomes_known_by_a_right_code_for_a_code_it_asked_for_by_otp_id() {
    let knows = |ledger: Ledger, client: u8| ask(9).client(client).to(ledger, at(2)).is_ok();
    let asked = |client| ask(1).code("111111").client(client);
    let right = |ledger| login(ledger, 1, "111111", at(1)).0;
    assert!(knows(right(asked(1).to(Ledger::default(), at(0)).unwrap()), 1));
    assert!(!knows(right(asked(2).to(Ledger::default(), at(0)).unwrap()), 1), "another client's code");
    let wrong = login(asked(1).to(Ledger::default(), at(0)).unwrap(), 1, "999999", at(1)).0;
    assert!(!knows(wrong, 1), "a wrong submission");
    let shared = asked(1).with(Request::by_recipient).to(Ledger::default(), at(0)).unwrap();
    let (shared, verdict) = submit(shared, None, "111111", &Purpose::LOGIN, at(1), &policy());
    assert!(matches!(verdict, Verdict::Right(_)));
    assert!(!knows(shared, 1), "the owner may have typed what a stranger asked for");
}

#[test]
fn a_known_client_is_known_for_thirty_days() {
    let stranger_at = |moment: u64| ask(2).client(2).to(known(1), at(moment)).unwrap();
    for (moment, knows) in [(30 * DAY, true), (30 * DAY + 1, false)] {
        let turn = ask(3).client(1).to(stranger_at(moment), at(moment));
        assert_eq!(turn.is_ok(), knows, "{moment}");
    }
    assert!(known(1).forget_after(&policy()) >= second(30 * DAY), "the store keeps it as long");
}

#[test]
fn the_same_code_is_sent_again_after_growing_spans_and_is_still_the_same() {
    let long = ask(1).undelivered().with(|request| request.lifetime(Duration::from_secs(7200)));
    let long = long.with(|request| request.requested_by(crate::grant::Principal::new("desk")));
    let mut ledger = long.of(Ledger::default(), at(0), &patient()).unwrap();
    let mut last = 1;
    ledger = claim(ledger, at(last)).unwrap().unwrap(); // the first was paid for
    for span in [30, 60, 120, 240, 480, 900, 900] {
        let early = early(claim(copy(&ledger), at(last + span - 1)).unwrap());
        assert_eq!(early, Refusal { why: Waiting::Spacing, until: second(last + span) });
        last += span;
        ledger = claim(ledger, at(last)).unwrap().unwrap();
    }
    let challenge = ledger.find(&[1; 16]).unwrap();
    assert_eq!((challenge.life.end, challenge.attempts_left), (second(7200), 5));
    assert!(claim(ledger, at(7200)).is_none(), "a dead code is not sent");
}

#[test]
fn whoever_asks_for_codes_does_not_delay_the_delivery_of_another() {
    let strangers = ask(2).client(2).to(one(), at(30)).unwrap();
    assert!(claim(strangers, at(31)).unwrap().is_ok());
}

#[test]
fn a_fourth_live_code_waits_until_the_oldest_is_over_fifteen_minutes_old() {
    let asked = |id, request: Request| {
        let request = request.lifetime(Duration::from_secs(HOUR));
        ask(id).client(id).request(request.requested_by(crate::grant::Principal::new("desk")))
    };
    let login = || Request::login(&ada());
    let mut ledger = Ledger::default();
    for id in 0..3 {
        ledger = asked(id, login()).of(ledger, at(30 * u64::from(id)), &patient()).unwrap();
    }
    let mut ledger = asked(3, Request::register(&ada()))
        .of(ledger, at(90), &patient())
        .unwrap_or_else(|refusal| panic!("another purpose has room of its own: {refusal:?}"));
    for id in [0, 1, 2, 3] {
        assert!(ledger.find(&[id; 16]).is_some());
    }
    let refusal = early(asked(4, login()).of(copy(&ledger), at(15 * MINUTE - 1), &patient()));
    assert_eq!(refusal, Refusal { why: Waiting::LiveCodes, until: second(15 * MINUTE) });
    ledger = asked(4, login()).of(ledger, at(15 * MINUTE), &patient()).unwrap();
    assert!(ledger.find(&[0; 16]).is_none(), "the oldest is displaced");
    assert!(ledger.find(&[1; 16]).is_some());
}

#[test]
fn a_clock_set_back_locks_nobody_out() {
    let future = 10 * 365 * DAY;
    let mut ledger = Ledger::default();
    for id in 0..3 {
        ledger = ask(id).client(id).to(ledger, at(future + 30 * u64::from(id))).unwrap();
    }
    assert!(ask(3).to(copy(&ledger), at(0)).is_ok());
    assert!(ask(3).client(2).to(ledger, at(0)).is_ok(), "nor who asked last");
}

#[test]
fn a_carriers_notice_is_taken_down_once_and_no_lesser_one_after_it() {
    let two = || ask(2).client(2).to(one(), at(30)).unwrap();
    let report = |ledger: Ledger, id: u8, heard| ledger.report(at(31), &[id; 16], heard);
    let reported = |ledger: &Ledger, id: u8| ledger.find(&[id; 16]).unwrap().reported;
    for heard in [Delivery::Sent, Delivery::Failed, Delivery::Delivered] {
        let (ledger, recipient, purpose) = report(two(), 2, heard).unwrap();
        assert_eq!((recipient, purpose), (ada(), Purpose::LOGIN));
        assert_eq!((reported(&ledger, 1), reported(&ledger, 2)), (None, Some(heard)), "of that one only");
        for again in [Delivery::Sent, Delivery::Failed, Delivery::Delivered] {
            let told = report(copy(&ledger), 2, again).map(|(ledger, ..)| reported(&ledger, 2));
            assert_eq!(told, (again > heard).then_some(Some(again)), "{again:?} after {heard:?}");
        }
    }
    assert!(report(two(), 3, Delivery::Sent).is_none(), "of none that is there");
    // Nothing is heard of what is over, or was disowned.
    assert!(one().report(at(5 * MINUTE), &[1; 16], Delivery::Sent).is_none());
    assert!(one().report(at(5 * MINUTE - 1), &[1; 16], Delivery::Sent).is_some());
    let restored = Moment { valid_from: second(1), ..at(31) };
    assert!(one().report(restored, &[1; 16], Delivery::Sent).is_none());
}

#[test]
fn a_code_with_an_entry_of_its_own_takes_its_turn_all_the_same() {
    let draft = Draft::check(Request::login(&ada()), &policy(), &Catalogue::default());
    let draft = draft.unwrap_or_else(|error| panic!("{error}"));
    let without = one().admit(at(30), &draft, &policy()).unwrap().ledger;
    assert!(without.find(&[1; 16]).is_some(), "what was there is there");
    assert!(ask(2).to(copy(&without), at(59)).is_err(), "spaced from it");
    assert!(ask(2).to(without, at(90)).is_ok());
}

#[test]
fn a_refusal_says_how_long_to_wait() {
    let refusal = ask(2).to(one(), at(10)).err().unwrap();
    assert_eq!(refusal.retry_after(second(10)), Duration::from_secs(20));
    assert_eq!(refusal.retry_after(second(29)), Duration::from_secs(1));
    assert_eq!(refusal.retry_after(second(30)), Duration::ZERO);
}
