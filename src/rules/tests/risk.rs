//! The accepted risk: what is guessed at one recipient's codes in 24 hours is never more.

use super::*;
use crate::otp::{Kind, Otp};
use crate::policy::{AtLimit, TestRecipient};

/// A policy that accepts the risk of so many codes of six digits and five attempts.
fn accepting(codes: u32) -> Policy {
    patient().accept_risk(f64::from(codes) * 5e-6).send_spacing(Duration::ZERO)
}

/// One more code, and how many characters it has.
fn asked(ledger: Ledger, id: u8, moment: Moment, policy: &Policy) -> (Ledger, usize) {
    let ledger = ask(id).client(id).of(ledger, moment, policy).unwrap();
    let length = length(&ledger, id);
    (ledger, length)
}

#[test]
fn after_twenty_codes_guessed_at_in_full_the_next_is_too_long_to_guess_at() {
    let mut ledger = Ledger::default();
    for id in 1..=20 {
        let moment = at(30 * u64::from(id));
        let (after, length) = asked(ledger, id, moment, &policy());
        assert_eq!(length, 6, "code {id}");
        ledger = guess(after, id, 5, moment, &policy());
    }
    let ledger = ledger.clear_failures().unwrap(); // else the hundred failures would be a reason, too
    let (ledger, length) = asked(ledger, 21, at(660), &policy());
    assert_eq!(length, 20);
    let ledger = guess(ledger, 21, 5, at(661), &policy());
    let right = "22222222222222222222";
    let (ledger, length) = asked(ledger, 22, at(700), &policy());
    assert_eq!(length, 20, "guesses at it neither cost nor give anything back");
    assert!(matches!(login(ledger, 22, right, at(701)).1, Verdict::Right(_)), "nobody is locked out");
}

#[test]
fn attempts_that_were_never_used_come_back_when_their_code_ends() {
    let policy = accepting(2);
    let (ledger, first) = asked(Ledger::default(), 1, at(0), &policy);
    let (ledger, second) = asked(ledger, 2, at(30), &policy);
    assert_eq!((first, second), (6, 6));
    assert_eq!(asked(copy(&ledger), 3, at(299), &policy).1, 20);
    assert_eq!(asked(copy(&ledger), 3, at(300), &policy).1, 6, "one has ended");
    assert_eq!(asked(copy(&ledger).cancel(&[2; 16]).unwrap(), 3, at(60), &policy).1, 6, "or is taken back");
    let (right, _) = login(copy(&ledger), 2, "222222", at(60));
    assert_eq!(asked(right, 3, at(60), &policy).1, 6, "or was right, and voided the other");
}

#[test]
fn a_single_guess_is_never_given_back() {
    let policy = accepting(2);
    let (ledger, _) = asked(Ledger::default(), 1, at(0), &policy);
    let (ledger, _) = asked(ledger, 2, at(30), &policy);
    let guessed = guess(ledger, 1, 1, at(60), &policy);
    let ended = |ledger| asked(ledger, 3, at(330), &policy).1;
    let cancelled = |ledger: Ledger| ledger.cancel(&[1; 16]).unwrap().cancel(&[2; 16]).unwrap();
    // Both codes are gone, but with one guess paid for, two more codes no longer fit.
    for ledger in [copy(&guessed), cancelled(copy(&guessed)), login(guessed, 2, "222222", at(61)).0] {
        assert_eq!(ended(copy(&ledger)), 6);
        let (ledger, _) = asked(ledger, 3, at(330), &policy);
        assert_eq!(asked(ledger, 4, at(330), &policy).1, 20);
    }
}

#[test]
fn by_recipient_each_code_compared_is_a_guess() {
    let policy = accepting(3);
    let shared = |ledger, id| ask(id).client(id).with(Request::by_recipient).of(ledger, at(0), &policy);
    let ledger = shared(shared(Ledger::default(), 1).unwrap(), 2).unwrap();
    let (ledger, _) = submit(ledger, None, "999999", &Purpose::LOGIN, at(1), &policy);
    let (ledger, third) = asked(ledger, 3, at(299), &policy);
    assert_eq!(third, 6, "two codes stand for ten guesses, two of them made; it fits with the third");
    let (ledger, fourth) = asked(ledger, 4, at(300), &policy);
    assert_eq!(fourth, 6, "eight came back");
    assert_eq!(asked(ledger, 5, at(300), &policy).1, 20, "two stay paid for");
}

#[test]
fn a_guess_counts_for_twenty_four_hours_and_not_for_twenty_five() {
    let policy = accepting(1);
    for minute in (0..60).step_by(7) {
        let moment = minute * MINUTE;
        let (ledger, _) = asked(Ledger::default(), 1, at(moment), &policy);
        let ledger = guess(ledger, 1, 1, at(moment), &policy);
        // By a clock that is ahead, too.
        assert_eq!(asked(copy(&ledger), 2, at(moment + DAY + 30), &policy).1, 20);
        assert_eq!(asked(copy(&ledger), 2, at(moment + DAY + HOUR + 30), &policy).1, 6);
        assert!(ledger.forget_after(&policy) > second(moment + DAY + 30), "the store keeps it as long");
    }
}

#[test]
fn codes_of_sixty_four_bits_cost_nothing_and_are_made_as_they_are() {
    let policy = accepting(1).allow(Kind::Unambiguous, 12, 13);
    let unguessable = Otp::new(Kind::Unambiguous, 13).unwrap();
    let long = |ledger: Ledger, id| {
        let asked = ask(id).client(id).with(|request| request.otp(unguessable.clone()));
        asked.of(ledger, at(0), &policy).unwrap()
    };
    let ledger = guess(long(Ledger::default(), 1), 1, 5, at(0), &policy);
    let (ledger, short) = asked(ledger, 2, at(0), &policy);
    assert_eq!(short, 6, "five guesses at 65 bits leave the risk of a whole code");
    assert_eq!(length(&long(ledger, 3), 3), 13, "and one of 65 bits is made when nothing is left");
}

#[test]
fn without_longer_codes_a_request_waits_until_something_comes_back() {
    let policy = accepting(1).longer_codes(false);
    let refused = |ledger: &Ledger, moment| ask(9).client(9).of(copy(ledger), moment, &policy).err();
    let risk = |until| Some(Refusal { why: Waiting::Risk, until });
    let (ledger, _) = asked(Ledger::default(), 1, at(0), &policy);
    assert_eq!(refused(&ledger, at(299)), risk(second(300)), "the attempts of a live code");
    assert_eq!(refused(&ledger, at(300)), None);
    // Second 0 is 13 minutes and 20 seconds past the hour; clocks may be 30 seconds apart.
    let free = 25 * HOUR - 800 + 30;
    let guessed = guess(ledger, 1, 5, at(10), &policy);
    assert_eq!(refused(&guessed, at(11)), risk(second(free)), "guesses");
    assert_eq!(refused(&guessed, at(free - 1)), risk(second(free)));
    assert_eq!(refused(&guessed, at(free)), None);
}

#[test]
fn nobody_is_told_to_wait_longer_than_they_have_to_nor_until_a_moment_gone_by() {
    let policy = accepting(3).longer_codes(false);
    let mut ledger = Ledger::default();
    for (id, lifetime) in [(1, 600), (2, 300), (3, 450)] {
        let asked = ask(id).client(id).with(|request| request.lifetime(Duration::from_secs(lifetime)));
        ledger = guess(asked.of(ledger, at(0), &policy).unwrap(), id, id, at(1), &policy);
    }
    // What comes back first may not be enough; then the next answer names a later moment.
    let mut moment = at(2);
    let mut answers = 0;
    while let Some(refusal) = ask(9).client(9).of(copy(&ledger), moment, &policy).err() {
        assert_eq!(refusal.why, Waiting::Risk);
        assert!(refusal.until > moment.now);
        let just_before = refusal.until.saturating_sub(Duration::from_millis(1));
        let early = Moment { now: just_before, ..moment };
        assert_eq!(ask(9).client(9).of(copy(&ledger), early, &policy).err(), Some(refusal));
        moment.now = refusal.until;
        answers += 1;
    }
    assert_eq!((answers, moment.now), (2, second(450)), "3 attempts and then 2 more: enough for 5");
}

#[test]
fn the_code_of_a_test_recipient_is_never_longer() {
    let test = TestRecipient::new(ada(), "123456", second(1000)).unwrap();
    let policy = accepting(1).test_recipient(test);
    let (ledger, length) = asked(Ledger::default(), 1, at(0), &policy);
    assert_eq!(length, 6);
    let refused = |moment| ask(2).client(2).of(copy(&ledger), moment, &policy).err();
    assert_eq!(refused(at(299)), Some(Refusal { why: Waiting::Risk, until: second(300) }));
    assert_eq!(refused(at(300)), None);
    let guessed = guess(copy(&ledger), 1, 5, at(1), &policy);
    assert_eq!(asked(guessed, 2, at(1000), &policy).1, 20, "from that day on it is like any other");
}

/// Failures can make its codes no longer, so the accepted risk alone is what keeps guesses few.
#[test]
fn the_code_of_a_test_recipient_costs_what_its_fixed_code_does() {
    let test = TestRecipient::new(ada(), "123456", Timestamp::MAX).unwrap();
    let policy = accepting(2).allow(Kind::Numeric, 20, 20).failure_limit(3, AtLimit::LongerCodes);
    let policy = policy.test_recipient(test);
    let long = |ledger, id| {
        let request = Request::login(&ada()).otp(Otp::new(Kind::Numeric, 20).unwrap());
        ask(id).client(id).request(request).of(ledger, at(0), &policy)
    };
    let ledger = long(Ledger::default(), 1).unwrap();
    let told = |now| ledger.find(&[1; 16]).unwrap().length(&policy, now);
    assert_eq!((told(second(0)), told(Timestamp::MAX)), (6, 20), "as many as are right then");
    let ledger = guess(ledger, 1, 5, at(0), &policy);
    let (ledger, length) = asked(ledger, 2, at(0), &policy);
    assert_eq!(length, 6, "though five failures are over the limit");
    assert_eq!(long(ledger, 3).err().unwrap().why, Waiting::Risk, "twenty digits in vain: six are right");
}

#[test]
fn decoys_cost_what_codes_cost() {
    let policy = accepting(1);
    let decoy = ask(1).with(|request| request.decoy(true)).of(Ledger::default(), at(0), &policy).unwrap();
    assert_eq!(asked(decoy, 2, at(1), &policy).1, 20);
}
