//! The main job end to end: what a service asks for is what happens, on every way to name a code.

use std::time::Duration;

use crate::common::{House, ada, desk, keyring, other_than, patient};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    ExchangeError, Exchanger, Grant, Kind, MemoryStore, Otp, Outbox, Policy, Principal, Recipient, Request,
    RequestError, SendError, Submission, Waiting,
};
use pollster::FutureExt;

fn refused(result: Result<impl Sized, ExchangeError>) -> Option<u8> {
    match result.err() {
        Some(ExchangeError::Refused(refused)) => refused.attempts_left,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn by_otp_id_attempts_are_told_and_the_code_works_once() {
    let house = House::new();
    let sent = house.otp.send(Request::login(&ada())).block_on().unwrap();
    assert_eq!((sent.attempts, sent.lifetime), (5, Duration::from_secs(300)));
    let try_it = |typed: &str| house.otp.exchange(Submission::by_id(&sent.otp_id, typed).login()).block_on();
    assert_eq!(refused(try_it(&other_than(&house.code(&ada())))), Some(4));
    assert_eq!(house.otp.consecutive_failures(&ada()).block_on().unwrap(), 1);
    let tokens = try_it(&house.code(&ada())).unwrap();
    assert_eq!(tokens.claims.subject, "ada@example.org");
    assert_eq!(tokens.expires_in, Duration::from_secs(600));
    assert!(tokens.refresh.is_some());
    assert_eq!(refused(try_it(&house.code(&ada()))), Some(0));
    assert_eq!(house.otp.consecutive_failures(&ada()).block_on().unwrap(), 0);
}

#[test]
fn by_recipient_every_live_code_of_the_purpose_is_good_and_attempts_are_not_told() {
    let house = House::new();
    let request = || Request::login(&ada()).by_recipient();
    house.otp.send(request()).block_on().unwrap();
    let first = house.code(&ada());
    house.clock.advance(Duration::from_secs(30));
    house.otp.send(request()).block_on().unwrap();
    let try_it = |typed: &str| {
        house
            .otp
            .exchange(Submission::by_recipient(&Recipient::parse("ADA@example.org").unwrap(), typed).login())
            .block_on()
    };
    let wrong = ["000000", "111111", "222222"];
    let wrong = wrong.into_iter().find(|code| *code != first && *code != house.code(&ada())).unwrap();
    assert_eq!(refused(try_it(wrong)), None);
    try_it(&first).unwrap();
    if house.code(&ada()) != first {
        assert_eq!(refused(try_it(&house.code(&ada()))), None);
    }
}

#[test]
fn a_submission_may_accept_several_purposes_and_must_name_one() {
    let house = House::new();
    let sent = house.otp.send(Request::register(&ada())).block_on().unwrap();
    let submission = || Submission::by_id(&sent.otp_id, &house.code(&ada()));
    let unnamed = house.otp.verify(submission()).block_on();
    assert!(matches!(unnamed, Err(ExchangeError::Submission(_))));
    let proof = house.otp.verify(submission().login().register()).block_on().unwrap();
    assert_eq!(proof.purpose().as_str(), "register");
    let tokens = house.otp.grant(proof).block_on().unwrap();
    assert_eq!(tokens.claims.purpose.as_str(), "register");
}

#[test]
fn what_cannot_be_a_code_costs_no_attempt() {
    let house = House::new();
    let sent = house.otp.send(Request::login(&ada())).block_on().unwrap();
    for typed in ["", "12345", "1234567", "12345O", "１２３４５６"] {
        let result = house.otp.exchange(Submission::by_id(&sent.otp_id, typed).login()).block_on();
        assert!(matches!(result, Err(ExchangeError::NotACode(_))), "{typed}");
    }
    let result = house
        .otp
        .exchange(Submission::by_id(&sent.otp_id, &other_than(&house.code(&ada()))).login())
        .block_on();
    assert_eq!(refused(result), Some(4));
}

#[test]
fn kind_length_template_and_lifetime_are_settable_per_request_where_the_policy_allows() {
    let request = || {
        let otp = Otp::new(Kind::Numeric, 4).unwrap().template("Your verification code is {{CODE}}").unwrap();
        Request::login(&ada()).otp(otp).lifetime(Duration::from_secs(7200)).requested_by(desk())
    };
    let refused = House::new().otp.send(request()).block_on();
    assert!(matches!(refused, Err(SendError::Request(RequestError::FormatNotAllowed { .. }))));

    // Four digits are easy to guess, so whoever wants them says what risk that is.
    let house = House::with(patient().allow(Kind::Numeric, 4, 20).accept_risk(5e-4));
    let sent = house.otp.send(request()).block_on().unwrap();
    let exposed = sent.expose();
    assert_eq!(exposed.code.len(), 4);
    assert_eq!(exposed.text, format!("Your verification code is {}", exposed.code));
    assert_eq!(house.outbox.text_for(&ada()).unwrap().as_str(), exposed.text);
    house.clock.advance(Duration::from_secs(7199));
    house.otp.exchange(Submission::by_id(&sent.otp_id, exposed.code).login()).block_on().unwrap();
}

#[test]
fn the_exchanger_may_have_any_format_and_reads_look_alikes() {
    let otp = Otp::new(Kind::Unambiguous, 10).unwrap().template("Code: {{CODE}}").unwrap();
    let house = House::with(Policy::default().otp(otp));
    let sent = house.otp.send(Request::login(&ada())).block_on().unwrap();
    let typed = house.code(&ada()).to_lowercase().replace('0', "o").replace('1', "l");
    let typed = format!(" {}-{} ", &typed[..5], &typed[5..]);
    house.otp.exchange(Submission::by_id(&sent.otp_id, &typed).login()).block_on().unwrap();
}

#[test]
fn a_grant_is_what_the_tokens_say() {
    let home = "https://app.example/welcome";
    let house = House::with(Policy::default().allow_redirect(home));
    let grant = Grant::for_subject("user-17")
        .scope("read")
        .scope("write")
        .token_lifetime(Duration::from_secs(30 * 24 * 3600))
        .redirect_to(home)
        .metadata("plan", "pro");
    let sent = house.otp.send(Request::login(&ada()).grant(grant)).block_on().unwrap();
    let tokens =
        house.otp.exchange(Submission::by_id(&sent.otp_id, &house.code(&ada())).login()).block_on().unwrap();
    assert_eq!(tokens.redirect_url.as_deref(), Some(home));
    assert!(tokens.refresh.is_none(), "a token lifetime makes no refresh token");
    house.clock.advance(Duration::from_secs(30 * 24 * 3600 - 1));
    let claims = house.otp.authenticate(tokens.access.expose()).block_on().unwrap();
    assert_eq!(claims.subject, "user-17");
    assert_eq!(claims.scopes, ["read", "write"]);
    assert_eq!(claims.metadata["plan"], "pro");
    house.clock.advance(Duration::from_secs(1));
    assert!(house.otp.authenticate(tokens.access.expose()).block_on().is_err());

    let elsewhere = Grant::new().redirect_to("https://app.example/welcome/");
    let result = house.otp.send(Request::login(&ada()).grant(elsewhere)).block_on();
    assert!(matches!(result, Err(SendError::Request(RequestError::Redirect))));
}

#[test]
fn a_principal_gives_at_most_its_own_scopes() {
    let house = House::new();
    let clerk = || Principal::new("clerk").scope("read");
    let ask = |grant| house.otp.send(Request::login(&ada()).grant(grant).requested_by(clerk())).block_on();
    let more = ask(Grant::new().scope("read").scope("admin"));
    assert!(matches!(more, Err(SendError::Request(RequestError::ScopeNotHeld))));
    let sent = ask(Grant::new()).unwrap();
    let tokens =
        house.otp.exchange(Submission::by_id(&sent.otp_id, &house.code(&ada())).login()).block_on().unwrap();
    assert_eq!(tokens.claims.scopes, ["read"]);
}

#[test]
fn delivery_is_a_step_of_its_own_for_any_process() {
    let clock = ManualClock::default();
    let store = MemoryStore::with_clock(100, clock.clone());
    let (here, there) = (Outbox::new(), Outbox::new());
    let front =
        Exchanger::builder(store.clone(), here.clone(), keyring()).clock(clock.clone()).build().unwrap();
    let worker = Exchanger::builder(store, there.clone(), keyring()).clock(clock.clone()).build().unwrap();

    let request = Request::login(&ada()).locale("fr-BE").template("Votre code : {{CODE}}");
    let issued = front.issue(request).block_on().unwrap();
    assert_eq!((here.total(), there.total()), (0, 0));
    worker.deliver(&issued.otp_id).block_on().unwrap();
    let code = there.code_for(&ada()).unwrap();
    assert_eq!(there.text_for(&ada()).unwrap().as_str(), format!("Votre code : {}", code.expose()));

    front.exchange(Submission::by_id(&issued.otp_id, "000000").login()).block_on().err();
    let too_soon = worker.deliver(&issued.otp_id).block_on();
    assert!(matches!(too_soon, Err(SendError::Wait { why: Waiting::Spacing, .. })));
    clock.advance(Duration::from_secs(30));
    let again = worker.deliver(&issued.otp_id).block_on().unwrap();
    assert_eq!(again.expose().code, code.expose(), "the same code");
    assert_eq!(again.expires_at, issued.expires_at, "no longer life");
    assert!(again.attempts < issued.attempts || code.expose() == "000000", "no fresh attempts");
    assert_eq!(there.total(), 2);
}

#[test]
fn sends_to_one_recipient_are_spaced_and_say_when_to_come_back() {
    let house = House::new();
    let sent = house.otp.send(Request::login(&ada())).block_on().unwrap();
    house.clock.advance(Duration::from_secs(10));
    match house.otp.send(Request::register(&Recipient::parse("ADA@EXAMPLE.ORG").unwrap())).block_on() {
        Err(SendError::Wait { why: Waiting::Spacing, retry_after }) => {
            assert_eq!(retry_after, Duration::from_secs(20));
        }
        other => panic!("{other:?}"),
    }
    house.clock.set(sent.resend_at);
    house.otp.send(Request::login(&ada())).block_on().unwrap();
}

#[test]
fn a_decoy_answers_alike_and_sends_nothing() {
    let house = House::new();
    let eve = Recipient::parse("eve@example.org").unwrap();
    let real = house.otp.send(Request::login(&ada())).block_on().unwrap();
    let decoy = house.otp.send(Request::login(&eve).decoy(true)).block_on().unwrap();
    assert_eq!(house.outbox.total(), 1);
    assert_eq!(real.otp_id.to_string().len(), decoy.otp_id.to_string().len());
    assert_eq!(
        (real.attempts, real.expires_at, real.resend_at),
        (decoy.attempts, decoy.expires_at, decoy.resend_at)
    );
    let hidden = decoy.expose().code.to_owned();
    for left in (0..5).rev() {
        let try_it =
            |id, typed: &str| refused(house.otp.verify(Submission::by_id(id, typed).login()).block_on());
        assert_eq!(try_it(&real.otp_id, &other_than(&house.code(&ada()))), Some(left));
        assert_eq!(try_it(&decoy.otp_id, &hidden), Some(left), "even its own code is wrong");
    }
    house.clock.advance(Duration::from_secs(30));
    let gone = |id| matches!(house.otp.deliver(id).block_on(), Err(SendError::Gone));
    assert!(gone(&real.otp_id) && gone(&decoy.otp_id));
}
