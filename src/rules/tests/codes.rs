//! What a submission is compared with, what it costs, and when a code is dead.

use super::*;
use crate::delivery::Delivery;
use crate::message::Catalogue;

#[test]
fn a_code_is_right_once() {
    let (ledger, verdict) = login(one(), 1, "111111", at(1));
    assert!(matches!(verdict, Verdict::Right(_)));
    assert!(matches!(login(ledger, 1, "111111", at(1)).1, Verdict::NoneLive));
}

#[test]
fn each_wrong_submission_is_charged_and_the_sixth_is_not_compared() {
    let mut ledger = one();
    for left in (0..5).rev() {
        let (after, verdict) = login(ledger, 1, "000000", at(1));
        assert!(matches!(verdict, Verdict::Wrong { attempts_left, .. } if attempts_left == left));
        ledger = after;
    }
    assert_eq!(ledger.consecutive_failures(second(1), &policy()), 5);
    assert!(matches!(login(ledger, 1, "111111", at(1)).1, Verdict::NoneLive));
}

#[test]
fn a_code_lives_from_thirty_seconds_before_it_was_made_until_just_before_its_end() {
    let end = 5 * MINUTE;
    let last = Moment { now: second(end).saturating_sub(Duration::from_millis(1)), ..at(0) };
    for alive in [before(Duration::from_secs(30)), at(0), last] {
        assert!(matches!(login(one(), 1, "111111", alive).1, Verdict::Right(_)));
    }
    for dead in [before(Duration::from_millis(30_001)), at(end), at(end + 1)] {
        assert!(matches!(login(one(), 1, "111111", dead).1, Verdict::NoneLive));
    }
}

#[test]
fn a_challenge_answers_to_its_one_name_and_the_purposes_named() {
    let submit = |ledger, id, purpose| submit(ledger, id, "111111", purpose, at(1), &policy()).1;
    assert!(matches!(submit(one(), None, &Purpose::LOGIN), Verdict::NoneLive));
    assert!(matches!(submit(one(), Some(2), &Purpose::LOGIN), Verdict::NoneLive));
    assert!(matches!(submit(one(), Some(1), &Purpose::REGISTER), Verdict::NoneLive));

    let by_recipient =
        || ask(1).code("111111").with(Request::by_recipient).to(Ledger::default(), at(0)).unwrap();
    assert!(matches!(submit(by_recipient(), Some(1), &Purpose::LOGIN), Verdict::NoneLive));
    assert!(matches!(submit(by_recipient(), None, &Purpose::LOGIN), Verdict::Right(_)));
}

#[test]
fn a_code_that_answers_to_nothing_but_itself_answers_to_no_other_name() {
    let draft = Draft::check(Request::login(&ada()), &policy(), &Catalogue::default()).unwrap();
    let alone = |named: AnswersTo, id: Option<u8>| {
        let code = Code::from_ascii(b"111111").unwrap();
        let drawn = Drawn { id: [1; 16], code, kind: draft.otp.kind(), context: NO_CONTEXT, made_for: None };
        let mut ledger = Ledger::default();
        ledger.hold(Challenge::new(&draft, drawn, second(0))).answers_to = AnswersTo::Code;
        let typed = Typed::read("111111").unwrap();
        let (id, purposes) = (id.map(|id| [id; 16]), &[Purpose::LOGIN]);
        let attempt = Attempt { id, named, typed: &typed, purposes, context: NO_CONTEXT };
        assert!(ledger.is_sent_once(&[1; 16]) && !ledger.is_sent_once(&[2; 16]));
        ledger.submit(at(1), &attempt, &policy()).1
    };
    assert!(matches!(alone(AnswersTo::Code, None), Verdict::Right(_)));
    assert!(matches!(alone(AnswersTo::OtpId, Some(1)), Verdict::NoneLive));
    assert!(matches!(alone(AnswersTo::Recipient, None), Verdict::NoneLive));
    assert!(!one().is_sent_once(&[1; 16]), "any other is sent as often as one asks");
}

#[test]
fn by_recipient_every_live_challenge_is_compared_and_charged_and_success_voids_the_others_of_the_purpose() {
    let mut ledger = Ledger::default();
    let requests = [Request::login(&ada()), Request::login(&ada()), Request::register(&ada())];
    for ((id, request), code) in (0..).zip(requests).zip(["111111", "222222", "333333"]) {
        let asked = ask(id).code(code).client(id).request(request.by_recipient());
        ledger = asked.to(ledger, at(30 * u64::from(id))).unwrap();
    }
    let submit = |ledger, typed| submit(ledger, None, typed, &Purpose::LOGIN, at(61), &policy());
    let (ledger, verdict) = submit(ledger, "999999");
    assert!(matches!(verdict, Verdict::Wrong { .. }));
    assert_eq!(ledger.find(&[0; 16]).unwrap().attempts_left, 4);
    assert_eq!(ledger.find(&[1; 16]).unwrap().attempts_left, 4);
    assert_eq!(ledger.find(&[2; 16]).unwrap().attempts_left, 5, "another purpose is not charged");
    assert_eq!(ledger.consecutive_failures(second(61), &policy()), 1);

    let (ledger, verdict) = submit(ledger, "222222");
    assert!(matches!(verdict, Verdict::Right(winner) if winner.id == [1; 16]));
    let worth_nothing = |id: u8| ledger.find(&[id; 16]).is_some_and(|challenge| challenge.decoy);
    assert!(ledger.find(&[1; 16]).is_none(), "the right one is used up");
    assert!(worth_nothing(0), "the other one of the purpose is worth nothing, and looks as before");
    assert!(!worth_nothing(2), "one of another purpose is not");
    assert_eq!(ledger.consecutive_failures(second(61), &policy()), 0);
}

#[test]
fn a_right_code_ends_the_others_of_its_client_and_leaves_decoys_of_those_of_everybody_else() {
    let mut ledger = Ledger::default();
    for (id, client) in [(1, 1), (2, 1), (3, 2)] {
        ledger = ask(id).code("111111").client(client).to(ledger, at(30 * u64::from(id))).unwrap();
    }
    let (ledger, verdict) = login(ledger, 1, "111111", at(100));
    assert!(matches!(verdict, Verdict::Right(_)));
    assert!(ledger.find(&[2; 16]).is_none(), "the same client's");
    let (_, verdict) = login(ledger, 3, "111111", at(100));
    assert!(matches!(verdict, Verdict::Wrong { attempts_left: 4, .. }), "another's looks as before");
}

#[test]
fn what_is_older_than_valid_from_is_dead() {
    let (now, restored) = (second(10), second(5));
    let moment = Moment { now, valid_from: restored };
    assert!(matches!(login(one(), 1, "111111", moment).1, Verdict::NoneLive));
    assert_eq!(one().live(moment).count(), 0);
    assert!(claim(one(), Moment { now: second(40), ..moment }).is_none());
    let exact = Moment { now, valid_from: second(0) };
    assert!(matches!(login(one(), 1, "111111", exact).1, Verdict::Right(_)));
    assert_eq!(one().live(exact).count(), 1);
}

#[test]
fn what_has_no_attempt_left_is_dead_before_it_is_dropped() {
    let asked = || ask(1).made_for(7).to(Ledger::default(), at(0)).unwrap();
    let told = |ledger: &Ledger| {
        let reported = copy(ledger).report(at(2), &[1; 16], Delivery::Delivered).is_some();
        (ledger.live(at(2)).count(), ledger.made_for(at(2), &[7; 16]).is_some(), reported)
    };
    assert_eq!(told(&guess(asked(), 1, 4, at(1), &policy())), (1, true, true));
    let spent = guess(asked(), 1, 5, at(1), &policy());
    assert!(spent.find(&[1; 16]).is_some());
    assert_eq!(told(&spent), (0, false, false));
}

#[test]
fn a_challenge_keeps_the_address_it_falls_back_on() {
    let phone = Recipient::parse("+32412345678").unwrap();
    let kept = |request: Request| {
        let ledger = ask(1).request(request).to(Ledger::default(), at(0)).unwrap();
        ledger.find(&[1; 16]).unwrap().fallback()
    };
    assert_eq!(kept(Request::login(&phone).fallback(&ada())), Some(ada()));
    assert_eq!(kept(Request::login(&phone)), None);
}

#[test]
fn what_can_never_be_right_again_is_dropped_by_the_next_write() {
    let two = || ask(2).client(2).to(one(), at(30)).unwrap();
    for (ledger, moment) in [(guess(two(), 1, 5, at(31), &policy()), 90), (two(), 5 * MINUTE)] {
        let again = ledger.claim_delivery(at(moment), &[2; 16], &policy(), |_| ());
        let (ledger, ()) = again.unwrap().unwrap();
        assert!(ledger.find(&[1; 16]).is_none() && ledger.find(&[2; 16]).is_some());
    }
}

#[test]
fn a_code_is_sent_again_alone() {
    let two = ask(2).client(2).to(one(), at(30)).unwrap();
    let (ledger, sent) = two.claim_delivery(at(90), &[2; 16], &policy(), |one| one.id).unwrap().unwrap();
    assert_eq!(sent, [2; 16]);
    let deliveries = |id: u8| ledger.find(&[id; 16]).unwrap().deliveries;
    assert_eq!((deliveries(1), deliveries(2)), (1, 2));
}

#[test]
fn nothing_is_right_for_a_decoy() {
    let decoy = ask(1).code("111111").with(|request| request.decoy(true));
    let ledger = decoy.to(Ledger::default(), at(0)).unwrap();
    assert!(matches!(login(ledger, 1, "111111", at(1)).1, Verdict::Wrong { attempts_left: 4, .. }));
}

#[test]
fn a_guess_at_a_decoy_leaves_what_any_other_leaves() {
    let guessed = |decoy| {
        let asked = ask(1).code("111111").with(|request| request.decoy(decoy));
        let ledger = asked.to(Ledger::default(), at(0)).unwrap();
        let (ledger, _) = login(ledger, 1, "000000", at(1));
        let size = postcard::to_allocvec(&ledger).unwrap().len();
        (ledger.consecutive_failures(second(1), &policy()), ledger.forget_after(&policy()), size)
    };
    assert_eq!(guessed(true), guessed(false));
}

#[test]
fn a_code_that_never_can_arrive_becomes_a_decoy_unless_it_was_sent_again() {
    let voided = one().void(&[1; 16]).unwrap();
    assert!(matches!(login(voided, 1, "111111", at(1)).1, Verdict::Wrong { attempts_left: 4, .. }));
    let resent = claim(one(), at(30)).unwrap().unwrap();
    assert!(resent.void(&[1; 16]).is_none());
    assert!(one().void(&[2; 16]).is_none());
    let unsent = ask(1).undelivered().to(Ledger::default(), at(0)).unwrap();
    assert!(unsent.void(&[1; 16]).is_none(), "no message failed");
}

#[test]
fn a_code_taken_back_is_right_no_more_and_no_other_code_is() {
    let two = ask(2).client(2).to(one(), at(30)).unwrap();
    let ledger = two.cancel(&[1; 16]).unwrap();
    assert!(matches!(login(copy(&ledger), 1, "111111", at(31)).1, Verdict::NoneLive));
    assert!(matches!(login(copy(&ledger), 2, "222222", at(31)).1, Verdict::Right(_)));
    assert!(ledger.cancel(&[1; 16]).is_none(), "nothing more to write");
}

#[test]
fn the_same_request_finds_its_code_while_that_lives_and_no_other_request_does() {
    let ledger = ask(1).code("111111").made_for(7).to(Ledger::default(), at(0)).unwrap();
    let found = |ledger: &Ledger, moment, request: u8| {
        ledger.made_for(moment, &[request; 16]).map(|challenge| challenge.id)
    };
    assert_eq!(found(&ledger, at(299), 7), Some([1; 16]));
    assert_eq!(found(&ledger, at(299), 8), None);
    assert_eq!(found(&one(), at(299), 7), None, "one that was made for no request in particular");
    assert_eq!(found(&ledger, at(300), 7), None, "it has ended");
    assert_eq!(found(&ledger, Moment { valid_from: second(1), ..at(299) }, 7), None, "it is disowned");
    let (used, _) = login(copy(&ledger), 1, "111111", at(1));
    assert_eq!(found(&used, at(1), 7), None, "it is used up");
    assert_eq!(found(&ledger.cancel(&[1; 16]).unwrap(), at(1), 7), None, "it was taken back");
}

/// A test recipient's fixed code, and the random one in the store.
#[test]
fn a_fixed_code_is_right_until_its_day_and_the_random_one_from_then_on() {
    let test = crate::policy::TestRecipient::new(ada(), "123456", second(100)).unwrap();
    let policy = policy().test_recipient(test);
    let asked = || ask(1).code("111111").of(Ledger::default(), at(0), &policy).unwrap();
    let submit = |typed, moment| submit(asked(), Some(1), typed, &Purpose::LOGIN, moment, &policy).1;
    assert!(matches!(submit("123456", at(99)), Verdict::Right(_)));
    assert!(matches!(submit("111111", at(99)), Verdict::Wrong { attempts_left: 4, .. }));
    assert!(matches!(submit("123456", at(100)), Verdict::Wrong { attempts_left: 4, .. }));
    assert!(matches!(submit("111111", at(100)), Verdict::Right(_)));
    let other = Request::login(&Recipient::parse("bea@example.org").unwrap());
    let ledger = ask(1).code("111111").request(other).of(Ledger::default(), at(0), &policy).unwrap();
    let verdict = super::submit(ledger, Some(1), "123456", &Purpose::LOGIN, at(1), &policy).1;
    assert!(matches!(verdict, Verdict::Wrong { .. }), "it is fixed for one recipient only");
}
