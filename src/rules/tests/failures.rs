//! Wrong submissions in a row, and what happens at the limit.

use super::*;
use crate::otp::{Kind, Otp};
use crate::policy::AtLimit;

/// A policy with room for any risk, so that failures alone decide.
fn limit(failures: u8, at_limit: AtLimit) -> Policy {
    patient().attempts(100).accept_risk(1.0).send_spacing(Duration::ZERO).failure_limit(failures, at_limit)
}

/// A code for logging in, number 1, made at second 0 and guessed at that often then; it has attempts left.
fn failed(failures: u8, policy: &Policy) -> Ledger {
    let ledger = ask(1).code("111111").of(Ledger::default(), at(0), policy).unwrap();
    guess(ledger, 1, failures, at(0), policy)
}

fn next(ledger: &Ledger, moment: Moment, policy: &Policy) -> Result<usize, Refusal> {
    ask(2).client(2).of(copy(ledger), moment, policy).map(|ledger| length(&ledger, 2))
}

fn right(ledger: &Ledger, moment: Moment, policy: &Policy) -> bool {
    let (_, verdict) = submit(copy(ledger), Some(1), "111111", &Purpose::LOGIN, moment, policy);
    matches!(verdict, Verdict::Right(_))
}

#[test]
fn failures_outlive_codes_and_end_thirty_days_after_the_last() {
    let (ledger, _) = login(one(), 1, "000000", at(1));
    let ledger = ask(2).to(ledger, at(600)).unwrap();
    let failures = |moment| ledger.consecutive_failures(second(moment), &policy());
    assert_eq!(failures(600), 1, "a new code resets nothing");
    assert_eq!(failures(30 * DAY), 1);
    assert_eq!(failures(30 * DAY + 1), 0);
    assert!(ledger.forget_after(&policy()) > second(30 * DAY), "the store keeps them as long");
}

#[test]
fn a_right_code_ends_the_row_and_a_guess_begins_it_anew() {
    let policy = limit(3, AtLimit::LongerCodes);
    let (ledger, _) = submit(failed(2, &policy), Some(1), "111111", &Purpose::LOGIN, at(1), &policy);
    assert_eq!(ledger.consecutive_failures(second(1), &policy), 0);
    let ledger = guess(ask(2).of(ledger, at(2), &policy).unwrap(), 2, 1, at(2), &policy);
    assert_eq!(ledger.consecutive_failures(second(2), &policy), 1);
}

#[test]
fn at_the_limit_codes_become_longer_and_nobody_is_locked_out() {
    let policy = limit(3, AtLimit::LongerCodes);
    assert_eq!(next(&failed(2, &policy), at(1), &policy), Ok(6));
    let ledger = failed(3, &policy);
    assert_eq!(next(&ledger, at(1), &policy), Ok(20));
    assert!(right(&ledger, at(1), &policy), "the code that was sent before still works");
    assert_eq!(next(&ledger, at(30 * DAY - 1), &policy), Ok(20));
    assert_eq!(next(&ledger, at(30 * DAY), &policy), Ok(6));
}

#[test]
fn at_the_limit_codes_are_blocked_for_a_while_and_counting_begins_anew() {
    let policy = limit(3, AtLimit::Block(Duration::from_secs(60)));
    let two = failed(2, &policy);
    assert!(next(&two, at(1), &policy).is_ok() && right(&two, at(1), &policy));
    assert_eq!(two.consecutive_failures(second(30 * DAY - 1), &policy), 2, "below the limit as ever");
    let ledger = failed(3, &policy);
    let refusal = Refusal { why: Waiting::Failures, until: second(60) };
    assert_eq!(next(&ledger, at(1), &policy), Err(refusal));
    assert_eq!(next(&ledger, at(59), &policy), Err(refusal));
    assert!(!right(&ledger, at(59), &policy), "nor is any compared");
    assert_eq!(ledger.consecutive_failures(second(59), &policy), 3);
    assert!(next(&ledger, at(60), &policy).is_ok() && right(&ledger, at(60), &policy));
    assert_eq!(ledger.consecutive_failures(second(60), &policy), 0);
    let again = guess(ledger, 1, 1, at(60), &policy);
    assert_eq!(again.consecutive_failures(second(60), &policy), 1);
}

#[test]
fn what_is_submitted_while_blocked_is_neither_compared_nor_charged() {
    let policy = limit(3, AtLimit::Block(Duration::from_secs(60)));
    let ledger = failed(3, &policy);
    let left = ledger.find(&[1; 16]).unwrap().attempts_left;
    let (ledger, verdict) = submit(ledger, Some(1), "999999", &Purpose::LOGIN, at(30), &policy);
    assert!(matches!(verdict, Verdict::NoneLive));
    assert_eq!(ledger.find(&[1; 16]).unwrap().attempts_left, left);
    assert_eq!(next(&ledger, at(60), &policy), Ok(6), "the block did not grow");
}

#[test]
fn at_the_limit_a_recipient_is_disabled_until_the_application_clears_the_failures() {
    let policy = limit(99, AtLimit::Disable);
    let nearly = failed(98, &policy);
    assert!(next(&nearly, at(1), &policy).is_ok() && right(&nearly, at(1), &policy));
    let ledger = failed(99, &policy);
    for moment in [1, 31 * DAY, 364 * DAY] {
        let refusal = next(&ledger, at(moment), &policy).unwrap_err();
        assert_eq!(refusal.why, Waiting::Failures);
        assert_eq!(refusal.until, second(365 * DAY));
    }
    assert!(!right(&ledger, at(1), &policy));
    assert!(ledger.forget_after(&policy) > second(365 * DAY), "the store remembers it, too");
    let cleared = ledger.clear_failures().unwrap();
    assert!(next(&cleared, at(1), &policy).is_ok() && right(&cleared, at(1), &policy));
    assert_eq!(cleared.consecutive_failures(second(1), &policy), 0);
    assert!(cleared.clear_failures().is_none(), "nothing more to write");
}

#[test]
fn clearing_failures_gives_no_guess_back() {
    let policy = patient().accept_risk(1e-5).send_spacing(Duration::ZERO).failure_limit(5, AtLimit::Disable);
    let ledger = ask(1).of(Ledger::default(), at(0), &policy).unwrap();
    let ledger = guess(ledger, 1, 5, at(0), &policy).clear_failures().unwrap();
    let ledger = ask(2).client(2).of(ledger, at(1), &policy).unwrap();
    assert_eq!(length(&ledger, 2), 6);
    let ledger = ask(3).client(3).of(ledger, at(1), &policy).unwrap();
    assert_eq!(length(&ledger, 3), 20);
}

#[test]
fn a_code_that_cannot_be_guessed_is_neither_blocked_nor_disabled() {
    let unguessable = Otp::new(Kind::Alphanumeric, 13).unwrap();
    for at_limit in [AtLimit::Block(Duration::from_secs(60)), AtLimit::Disable] {
        let policy = limit(3, at_limit).allow(Kind::Alphanumeric, 13, 13);
        let asked = ask(2).code("ABCDEFGHIJKLM").client(2).with(|request| request.otp(unguessable.clone()));
        let ledger = asked.of(failed(3, &policy), at(1), &policy).unwrap();
        let typed = "ABCDEFGHIJKLM";
        let (ledger, verdict) = submit(ledger, Some(2), typed, &Purpose::LOGIN, at(2), &policy);
        assert!(matches!(verdict, Verdict::Right(_)));
        assert!(next(&ledger, at(3), &policy).is_ok(), "and ends the row");
    }
}

#[test]
fn a_clock_set_back_blocks_nobody_and_enables_nobody() {
    let future = 10 * 365 * DAY;
    let failed = |policy: &Policy| {
        let ledger = ask(1).of(Ledger::default(), at(future), policy).unwrap();
        guess(ledger, 1, 3, at(future), policy)
    };
    // A refusal writes nothing, so a block that began then would last until that clock is right.
    let block = limit(3, AtLimit::Block(Duration::from_secs(60))).longer_codes(false);
    assert_eq!(next(&failed(&block), at(0), &block), Ok(6));
    let asked = ask(2).of(failed(&block), at(0), &block).unwrap();
    assert_eq!(next(&guess(asked, 2, 1, at(0), &block), at(59), &block).unwrap_err().until, second(60));
    let disable = limit(3, AtLimit::Disable);
    assert_eq!(next(&failed(&disable), at(0), &disable).unwrap_err().why, Waiting::Failures);
}

#[test]
fn failures_by_a_clock_that_was_ahead_end_thirty_days_from_now() {
    let policy = limit(3, AtLimit::LongerCodes);
    let failures = |ahead, moment| {
        let long = ask(1).with(|request| request.lifetime(Duration::from_secs(2 * DAY)));
        let long = long.with(|request| request.requested_by(crate::grant::Principal::new("desk")));
        let ledger = long.of(Ledger::default(), at(0), &policy).unwrap();
        let ledger = guess(ledger, 1, 1, at(ahead), &policy);
        let ledger = ask(2).client(2).of(ledger, at(0), &policy).unwrap();
        ledger.consecutive_failures(second(moment), &policy)
    };
    assert_eq!((failures(DAY, 30 * DAY - 1), failures(DAY, 30 * DAY)), (1, 0));
    // Within the slack it was no wrong clock.
    assert_eq!((failures(30, 30 * DAY + 29), failures(30, 30 * DAY + 30)), (1, 0));
}

#[test]
fn psd2_blocks_after_five_failures_for_fifteen_minutes() {
    let policy = Policy::psd2();
    let pay = |id| {
        let request = Request::new("payment", &ada()).bind("amount", "12.50 EUR").bind("payee", "ACME");
        ask(id).client(id).request(request)
    };
    let payment = Purpose::parse("payment").unwrap();
    let mut ledger = pay(1).of(Ledger::default(), at(0), &policy).unwrap();
    for failures in 1..=5 {
        let (after, verdict) = submit(ledger, Some(1), "999999", &payment, at(1), &policy);
        assert!(matches!(verdict, Verdict::Wrong { .. }));
        let refusal = pay(2).of(copy(&after), at(40), &policy).err();
        let blocked = Refusal { why: Waiting::Failures, until: second(1 + 15 * MINUTE) };
        assert_eq!(refusal, (failures == 5).then_some(blocked));
        ledger = after;
    }
    assert!(pay(2).of(ledger, at(1 + 15 * MINUTE), &policy).is_ok());
}
