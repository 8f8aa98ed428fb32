//! A code that answers to nothing but itself: long enough, right once, sent once, and guesses at it are
//! limited for each client and leave nothing behind.

use std::time::Duration;

use crate::common::{House, ada, block_on, other_than, refused_as_dead, seconds};
use otp_exchange::{
    ClientKey, CodeAlone, ExchangeError, Kind, MemoryStore, Otp, Policy, PolicyError, Principal, Purpose,
    Quota, Request, RequestError, SendError, StatusError, Submission, SubmissionError, Waiting,
};

const HOUR: Duration = Duration::from_secs(3600);

fn request() -> Request {
    Request::login(&ada()).by_code().requested_by(Principal::new("app"))
}

fn from(client: &str) -> ClientKey {
    ClientKey::new(client)
}

fn submit(code: &str) -> Submission {
    Submission::by_code(code).client(from("browser")).login()
}

fn slingr() -> House<MemoryStore> {
    House::with(Policy::slingr())
}

#[test]
fn it_is_exchanged_with_nothing_but_itself_and_once() {
    let house = slingr();
    let sent = block_on(house.otp.send(request())).unwrap();
    assert_eq!((sent.length, sent.lifetime), (16, 24 * HOUR));
    let code = house.code(&ada());
    house.clock.advance(23 * HOUR + seconds(3599));
    let spaced = format!("{} {}-{}", &code[..4], &code[4..8], code[8..].to_lowercase());
    let tokens = block_on(house.otp.exchange(submit(&spaced))).unwrap();
    assert_eq!(tokens.claims.subject, "ada@example.org");
    assert!(refused_as_dead(&block_on(house.otp.exchange(submit(&code)))));
}

#[test]
fn it_answers_to_no_other_name_and_other_codes_do_not_answer_alone() {
    let house = House::with(Policy::slingr().by_recipient(true));
    let sent = block_on(house.otp.send(request())).unwrap();
    let code = house.code(&ada());
    let by_id = Submission::by_id(&sent.otp_id, &code).login();
    let by_recipient = Submission::by_recipient(&ada(), &code).login();
    assert!(refused_as_dead(&block_on(house.otp.verify(by_id))));
    assert!(refused_as_dead(&block_on(house.otp.verify(by_recipient))));
    let other_purpose = Submission::by_code(&code).client(from("browser")).register();
    assert!(refused_as_dead(&block_on(house.otp.verify(other_purpose))));
    assert!(block_on(house.otp.verify(submit(&code))).is_ok(), "and none of that spent it");

    house.clock.advance(seconds(60));
    for request in [Request::login(&ada()), Request::login(&ada()).by_recipient()] {
        block_on(house.otp.send(request.requested_by(Principal::new("app")))).unwrap();
        assert!(refused_as_dead(&block_on(house.otp.verify(submit(&house.code(&ada()))))));
        house.clock.advance(seconds(120));
    }
}

#[test]
fn a_miss_writes_nothing_but_the_clients_count_and_each_client_has_its_own() {
    let quota = Quota::new(10, seconds(900));
    let house = House::with(Policy::slingr().client_checks(quota));
    block_on(house.otp.send(request())).unwrap();
    let code = house.code(&ada());
    let wrong = other_than(&code);
    let (loads, swaps) = house.calls();
    for _ in 0..10 {
        assert!(refused_as_dead(&block_on(house.otp.verify(submit(&wrong)))));
    }
    assert_eq!(house.calls(), (loads + 20, swaps + 10), "one write each: the count");
    for _ in 0..100 {
        let answer = block_on(house.otp.verify(submit(&wrong)));
        assert!(matches!(answer, Err(ExchangeError::Wait { why: Waiting::ClientChecks, retry_after })
            if retry_after <= seconds(900)));
    }
    assert_eq!(house.store.swaps(), swaps + 10, "then none");
    assert!(matches!(block_on(house.otp.verify(submit(&code))), Err(ExchangeError::Wait { .. })));
    let elsewhere = Submission::by_code(&code).client(from("another")).login();
    assert!(block_on(house.otp.verify(elsewhere)).is_ok());
    house.clock.advance(seconds(900));
    assert!(refused_as_dead(&block_on(house.otp.verify(submit(&wrong)))), "a new window");
}

#[test]
fn a_submission_from_nobody_in_particular_is_not_taken() {
    let house = slingr();
    let calls = house.calls();
    let answer = block_on(house.otp.verify(Submission::by_code("ABCDEFGHIJKLMNOP").login()));
    assert!(matches!(answer, Err(ExchangeError::Submission(SubmissionError::NoClient))));
    assert_eq!(house.calls(), calls);
}

#[test]
fn it_cannot_be_issued_for_later_or_sent_again() {
    let house = slingr();
    let issued = block_on(house.otp.issue(request()));
    assert!(matches!(issued, Err(SendError::Request(RequestError::AloneIsSent))));
    assert_eq!(house.calls(), (0, 0));
    let sent = block_on(house.otp.send(request())).unwrap();
    house.clock.advance(seconds(3600));
    assert!(matches!(block_on(house.otp.deliver(&sent.otp_id)), Err(SendError::NotAgain)));
    assert_eq!(house.outbox.total(), 1);
    assert_eq!(block_on(house.otp.status(&sent.otp_id)).unwrap().purpose, Purpose::LOGIN);
    block_on(house.otp.cancel(&sent.otp_id)).unwrap();
    assert!(matches!(block_on(house.otp.status(&sent.otp_id)), Err(StatusError::Gone)));
    assert!(refused_as_dead(&block_on(house.otp.verify(submit(&house.code(&ada()))))));
}

#[test]
fn requests_for_it_are_spaced_like_any_other_and_a_decoy_is_never_right() {
    let house = slingr();
    block_on(house.otp.send(request().decoy(true))).unwrap();
    assert_eq!(house.outbox.total(), 0);
    assert!(matches!(
        block_on(house.otp.send(request())),
        Err(SendError::Wait { why: Waiting::Spacing, .. })
    ));
    house.clock.advance(seconds(30));
    block_on(house.otp.send(request())).unwrap();
    let mut calls = Vec::new();
    for decoy in [true, false] {
        house.clock.advance(seconds(3600));
        let before = house.calls();
        let receipt = block_on(house.otp.send(request().decoy(decoy))).unwrap();
        calls.push((house.calls().0 - before.0, house.calls().1 - before.1));
        if decoy {
            assert!(refused_as_dead(&block_on(house.otp.verify(submit(receipt.expose().code)))));
        }
    }
    assert_eq!(calls[0], calls[1]);
}

#[test]
fn a_policy_that_makes_it_too_easy_to_guess_is_not_built() {
    let refused = |policy: Policy| policy.check().unwrap_err().to_string();
    let numeric = Policy::slingr().otp(Otp::new(Kind::Numeric, 20).unwrap());
    let error = refused(numeric);
    assert!(error.contains("81.2") && error.contains("66.4"), "{error}");
    let with = |length| Policy::slingr().otp(Otp::new(Kind::Alphanumeric, length).unwrap());
    assert_eq!(with(16).check(), Ok(()));
    assert!(matches!(with(15).check(), Err(PolicyError::AloneTooShort { .. })), "77.5 bits");
    let few = CodeAlone { guesses_per_second: 100, live_codes: 10_000, ..CodeAlone::default() };
    assert_eq!(with(15).code_alone(few).check(), Ok(()), "fewer guesses at fewer codes");
    let busy = CodeAlone { guesses_per_second: 10_000, ..CodeAlone::default() };
    assert!(matches!(with(16).code_alone(busy).check(), Err(PolicyError::AloneTooShort { .. })));
    assert_eq!(with(16).code_alone(busy).longest_lifetime(24 * HOUR).check(), Ok(()), "a shorter life");
    assert_eq!(Policy::slingr().client_checks(None).check(), Err(PolicyError::AloneUnlimited));
    let margin = CodeAlone { margin_bits: 40, ..CodeAlone::default() };
    assert!(matches!(with(16).code_alone(margin).check(), Err(PolicyError::AloneTooShort { .. })));
}

#[test]
fn a_request_that_makes_it_too_easy_to_guess_is_refused() {
    let refused = |policy: Policy, request: Request| match block_on(House::with(policy).otp.send(request)) {
        Err(SendError::Request(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(Policy::default(), Request::login(&ada()).by_code()), RequestError::NotByCode);
    let short = Policy::slingr().allow(Kind::Alphanumeric, 15, 20).allow(Kind::Alpha, 20, 20);
    let of = |kind, length| request().otp(Otp::new(kind, length).unwrap());
    let error = refused(short.clone(), of(Kind::Alphanumeric, 15));
    assert!(matches!(error, RequestError::AloneTooShort { .. }), "{error}");
    assert_eq!(refused(short.clone(), of(Kind::Alpha, 20)), RequestError::NotByCode, "another kind");
    let house = House::with(short);
    assert!(block_on(house.otp.send(of(Kind::Alphanumeric, 20))).is_ok());
    let key = refused(Policy::slingr(), request().idempotency_key("1"));
    assert_eq!(key, RequestError::IdempotencyKey);
}
