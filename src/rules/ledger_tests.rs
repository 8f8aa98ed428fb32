//! Each rule of the ledger, where it holds and where it is about to be broken.

use std::time::Duration;

use super::*;
use crate::code::Code;
use crate::crypto::NO_CONTEXT;
use crate::grant::Grant;
use crate::policy::Policy;
use crate::purpose::Purpose;
use crate::recipient::Recipient;
use crate::request::Request;
use crate::timestamp::Timestamp;
use crate::typed::Typed;

const MINUTE: u64 = 60;

pub(super) fn second(count: u64) -> Timestamp {
    Timestamp::from_unix_millis(1_700_000_000_000).saturating_add(Duration::from_secs(count))
}

pub(super) fn at(count: u64) -> Moment {
    Moment { now: second(count), valid_from: Timestamp::MIN }
}

pub(super) fn ada() -> Recipient {
    Recipient::parse("ada@example.org").unwrap()
}

pub(super) fn policy() -> Policy {
    Policy::default()
}

fn undelivered(id: u8, code: &str, request: Request, moment: Moment) -> Challenge {
    let draft = Draft::check(request, &policy()).unwrap();
    Challenge::new(&draft, [id; 16], Code::from_ascii(code.as_bytes()).unwrap(), NO_CONTEXT, moment.now)
}

pub(super) fn challenge(id: u8, code: &str, request: Request, moment: Moment) -> Challenge {
    let mut challenge = undelivered(id, code, request, moment);
    challenge.deliver(moment.now);
    challenge
}

/// A ledger of one challenge for logging in, code 111111, issued at second 0.
fn one() -> Ledger {
    Ledger::default()
        .admit(at(0), challenge(1, "111111", Request::login(&ada()), at(0)), &policy())
        .ok()
        .unwrap()
}

fn admit(ledger: Ledger, id: u8, request: Request, moment: Moment) -> Result<Ledger, Refusal> {
    ledger.admit(moment, challenge(id, "222222", request, moment), &policy())
}

fn submit(
    ledger: Ledger,
    id: Option<u8>,
    typed: &str,
    purpose: &Purpose,
    moment: Moment,
) -> (Ledger, Verdict) {
    let typed = Typed::read(typed).unwrap();
    let attempt = Attempt {
        id: id.map(|id| [id; 16]),
        typed: &typed,
        purposes: std::slice::from_ref(purpose),
        context: NO_CONTEXT,
    };
    ledger.submit(moment, &attempt)
}

/// Another delivery of challenge 1.
fn claim(ledger: Ledger, moment: Moment) -> Option<Result<Ledger, Refusal>> {
    let claimed = ledger.claim_delivery(moment, &[1; 16], &policy(), |challenge| challenge.id)?;
    Some(claimed.map(|(ledger, seen)| {
        assert_eq!(seen, [1; 16]);
        ledger
    }))
}

fn login(ledger: Ledger, id: u8, typed: &str, moment: Moment) -> (Ledger, Verdict) {
    submit(ledger, Some(id), typed, &Purpose::LOGIN, moment)
}

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
    assert_eq!(ledger.consecutive_failures(second(1)), 5);
    assert!(matches!(login(ledger, 1, "111111", at(1)).1, Verdict::NoneLive));
}

#[test]
fn a_code_lives_from_thirty_seconds_before_it_was_made_until_just_before_its_end() {
    let early = |millis| Moment {
        now: second(0).saturating_sub(Duration::from_millis(millis)),
        valid_from: Timestamp::MIN,
    };
    let end = 5 * MINUTE;
    let last = Moment { now: second(end).saturating_sub(Duration::from_millis(1)), ..at(0) };
    for alive in [early(30_000), at(0), last] {
        assert!(matches!(login(one(), 1, "111111", alive).1, Verdict::Right(_)));
    }
    for dead in [early(30_001), at(end), at(end + 1)] {
        assert!(matches!(login(one(), 1, "111111", dead).1, Verdict::NoneLive));
    }
}

#[test]
fn a_challenge_answers_to_its_one_name_and_the_purposes_named() {
    assert!(matches!(submit(one(), None, "111111", &Purpose::LOGIN, at(1)).1, Verdict::NoneLive));
    assert!(matches!(login(one(), 2, "111111", at(1)).1, Verdict::NoneLive));
    assert!(matches!(submit(one(), Some(1), "111111", &Purpose::REGISTER, at(1)).1, Verdict::NoneLive));

    let by_recipient = || challenge(1, "111111", Request::login(&ada()).by_recipient(), at(0));
    let ledger = || Ledger::default().admit(at(0), by_recipient(), &policy()).ok().unwrap();
    assert!(matches!(submit(ledger(), Some(1), "111111", &Purpose::LOGIN, at(1)).1, Verdict::NoneLive));
    assert!(matches!(submit(ledger(), None, "111111", &Purpose::LOGIN, at(1)).1, Verdict::Right(_)));
}

#[test]
fn by_recipient_every_live_challenge_is_compared_and_charged_and_success_voids_the_others_of_the_purpose() {
    let mut ledger = Ledger::default();
    for (index, request) in
        [Request::login(&ada()), Request::login(&ada()), Request::register(&ada())].into_iter().enumerate()
    {
        let id = u8::try_from(index).unwrap();
        let code = ["111111", "222222", "333333"][index];
        let moment = at(30 * u64::from(id));
        ledger = ledger
            .admit(moment, challenge(id, code, request.by_recipient(), moment), &policy())
            .ok()
            .unwrap();
    }
    let (ledger, verdict) = submit(ledger, None, "999999", &Purpose::LOGIN, at(61));
    assert!(matches!(verdict, Verdict::Wrong { .. }));
    assert_eq!(ledger.find(&[0; 16]).unwrap().attempts_left, 4);
    assert_eq!(ledger.find(&[1; 16]).unwrap().attempts_left, 4);
    assert_eq!(ledger.find(&[2; 16]).unwrap().attempts_left, 5, "another purpose is not charged");
    assert_eq!(ledger.consecutive_failures(second(61)), 1);

    let (ledger, verdict) = submit(ledger, None, "222222", &Purpose::LOGIN, at(61));
    assert!(matches!(verdict, Verdict::Right(winner) if winner.id == [1; 16]));
    assert!(ledger.find(&[0; 16]).is_none(), "the other one of the purpose is void");
    assert!(ledger.find(&[2; 16]).is_some(), "one of another purpose is not");
    assert_eq!(ledger.consecutive_failures(second(61)), 0);
}

#[test]
fn failures_outlive_codes_and_end_thirty_days_after_the_last() {
    let (ledger, _) = login(one(), 1, "000000", at(1));
    let ledger = admit(ledger, 2, Request::login(&ada()), at(600)).ok().unwrap();
    let day = 24 * 60 * MINUTE;
    assert_eq!(ledger.consecutive_failures(second(600)), 1, "a new code resets nothing");
    assert_eq!(ledger.consecutive_failures(second(30 * day)), 1);
    assert_eq!(ledger.consecutive_failures(second(30 * day + 1)), 0);
    assert!(ledger.forget_after(&policy()) > second(30 * day), "the store keeps them as long");
}

#[test]
fn requests_are_spaced() {
    let refused = admit(one(), 2, Request::login(&ada()), at(29)).err().unwrap();
    assert_eq!(refused, Refusal { why: Waiting::Spacing, until: second(30) });
    assert!(admit(one(), 2, Request::login(&ada()), at(30)).is_ok());
    let resent = claim(one(), at(40)).unwrap().ok().unwrap();
    let refused = admit(resent, 2, Request::login(&ada()), at(69)).err().unwrap();
    assert_eq!(refused.until, second(70), "a message sent again counts");
}

#[test]
fn the_same_code_is_sent_again_after_growing_spans_and_is_still_the_same() {
    let long = Request::login(&ada()).lifetime(Duration::from_secs(7200));
    let issued = undelivered(1, "111111", long, at(0));
    let mut ledger = Ledger::default().admit(at(0), issued, &policy()).ok().unwrap();
    let mut last = 1;
    ledger = claim(ledger, at(last)).unwrap().ok().unwrap(); // the first was paid for
    for span in [30, 60, 120, 240, 480, 900, 900] {
        let early = claim(clone(&ledger), at(last + span - 1)).unwrap().err().unwrap();
        assert_eq!(early, Refusal { why: Waiting::Spacing, until: second(last + span) });
        last += span;
        ledger = claim(ledger, at(last)).unwrap().ok().unwrap();
    }
    let challenge = ledger.find(&[1; 16]).unwrap();
    assert_eq!((challenge.life.end, challenge.attempts_left), (second(7200), 5));
    assert!(claim(ledger, at(7200)).is_none(), "a dead code is not sent");
}

#[test]
fn whoever_asks_for_codes_does_not_delay_the_delivery_of_another() {
    let strangers = admit(one(), 2, Request::login(&ada()), at(30)).ok().unwrap();
    assert!(claim(strangers, at(31)).unwrap().is_ok());
}

#[test]
fn a_code_that_never_can_arrive_becomes_a_decoy_unless_it_was_sent_again() {
    let voided = one().void(&[1; 16]).unwrap();
    assert!(matches!(login(voided, 1, "111111", at(1)).1, Verdict::Wrong { attempts_left: 4, .. }));
    let resent = claim(one(), at(30)).unwrap().ok().unwrap();
    assert!(resent.void(&[1; 16]).is_none());
    assert!(one().void(&[2; 16]).is_none());
}

#[test]
fn an_entry_outlasts_every_code_that_was_in_it() {
    let long = Request::login(&ada()).lifetime(Duration::from_secs(7 * 24 * 3600));
    let ledger = Ledger::default().admit(at(0), challenge(1, "111111", long, at(0)), &policy()).ok().unwrap();
    let (used, _) = login(ledger, 1, "111111", at(1));
    assert!(used.forget_after(&policy()) >= second(7 * 24 * 3600));
}

#[test]
fn a_clock_set_back_does_not_keep_an_entry_for_years() {
    let future = 10 * 365 * 24 * 60 * MINUTE;
    let ledger = admit(Ledger::default(), 1, Request::login(&ada()), at(future)).ok().unwrap();
    let ledger = admit(ledger, 2, Request::login(&ada()), at(0)).ok().unwrap();
    assert!(ledger.forget_after(&policy()) <= second(7 * 24 * 60 * MINUTE + MINUTE));
}

#[test]
fn a_guess_at_a_decoy_leaves_what_any_other_leaves() {
    let guessed = |decoy| {
        let issued = challenge(1, "111111", Request::login(&ada()).decoy(decoy), at(0));
        let ledger = Ledger::default().admit(at(0), issued, &policy()).ok().unwrap();
        let (ledger, _) = login(ledger, 1, "000000", at(1));
        let size = postcard::to_allocvec(&ledger).unwrap().len();
        (ledger.consecutive_failures(second(1)), ledger.forget_after(&policy()), size)
    };
    assert_eq!(guessed(true), guessed(false));
}

#[test]
fn a_fourth_live_code_waits_until_the_oldest_is_over_fifteen_minutes_old() {
    let long = || Request::login(&ada()).lifetime(Duration::from_secs(3600));
    let mut ledger = Ledger::default();
    for id in 0..3 {
        ledger = admit(ledger, id, long(), at(30 * u64::from(id))).ok().unwrap();
    }
    let other = Request::register(&ada());
    let mut ledger = admit(ledger, 3, other, at(90))
        .unwrap_or_else(|refusal| panic!("another purpose has room of its own: {refusal:?}"));
    for id in [0, 1, 2, 3] {
        assert!(ledger.find(&[id; 16]).is_some());
    }
    let refusal = admit(clone(&ledger), 4, long(), at(15 * MINUTE - 1)).err().unwrap();
    assert_eq!(refusal, Refusal { why: Waiting::LiveCodes, until: second(15 * MINUTE) });
    ledger = admit(ledger, 4, long(), at(15 * MINUTE)).ok().unwrap();
    assert!(ledger.find(&[0; 16]).is_none(), "the oldest is displaced");
    assert!(ledger.find(&[1; 16]).is_some());
}

#[test]
fn a_clock_set_back_locks_nobody_out() {
    let future = 10 * 365 * 24 * 60 * MINUTE;
    let mut ledger = Ledger::default();
    for id in 0..3 {
        ledger = admit(ledger, id, Request::login(&ada()), at(future + 30 * u64::from(id))).ok().unwrap();
    }
    assert!(admit(ledger, 3, Request::login(&ada()), at(0)).is_ok());
}

#[test]
fn what_is_older_than_valid_from_is_dead() {
    let (now, restored) = (second(10), second(5));
    let moment = Moment { now, valid_from: restored };
    assert!(matches!(login(one(), 1, "111111", moment).1, Verdict::NoneLive));
    assert!(claim(one(), Moment { now: second(40), ..moment }).is_none());
    let exact = Moment { now, valid_from: second(0) };
    assert!(matches!(login(one(), 1, "111111", exact).1, Verdict::Right(_)));
}

#[test]
fn nothing_is_right_for_a_decoy() {
    let decoy = challenge(1, "111111", Request::login(&ada()).decoy(true), at(0));
    let ledger = Ledger::default().admit(at(0), decoy, &policy()).ok().unwrap();
    assert!(matches!(login(ledger, 1, "111111", at(1)).1, Verdict::Wrong { attempts_left: 4, .. }));
}

#[test]
fn a_ledger_never_outgrows_its_entry_and_makes_room_for_the_owner() {
    let mut grant = Grant::for_subject("s".repeat(255));
    for index in 0..7 {
        grant = grant.metadata(format!("name-{index}"), "v".repeat(94));
    }
    let heavy = |purpose: usize| {
        Request::new(
            format!("{purpose:p>64}"),
            &Recipient::parse(&format!("{}@example.org", "l".repeat(64))).unwrap(),
        )
        .template(format!("{{{{CODE}}}}{}", "x".repeat(472)))
        .locale("aaaaaaaa-bbbbbbbb-cccccccc-dddddddd")
        .lifetime(Duration::from_secs(7 * 24 * 3600))
        .grant(grant.clone())
    };
    let mut ledger = Ledger::default();
    let mut refusals = 0;
    for send in 0..40_u8 {
        let mut moment = at(u64::from(send) * 60);
        let mut offered = challenge(send, "ABCDEFGHIJKLMNOPQRST", heavy(send.into()), moment);
        offered.deliver(moment.now);
        offered.deliveries = u8::MAX;
        ledger = match clone(&ledger).admit(moment, offered, &policy()) {
            Ok(ledger) => ledger,
            Err(refusal) => {
                refusals += 1;
                assert!(moment.now.until(refusal.until) <= Duration::from_secs(15 * MINUTE));
                moment.now = refusal.until;
                admit(ledger, send, heavy(send.into()), moment)
                    .unwrap_or_else(|refusal| panic!("after the wait there is room: {refusal:?}"))
            }
        };
        let encoded = postcard::to_allocvec(&ledger).unwrap();
        assert!(encoded.len() <= MAX_LEDGER_BYTES, "{} bytes", encoded.len());
    }
    assert!(refusals > 0, "the limit was never reached");
}

fn clone(ledger: &Ledger) -> Ledger {
    postcard::from_bytes(&postcard::to_allocvec(ledger).unwrap()).unwrap()
}
