//! A test recipient has a fixed code until a day: from configuration, never stored, spaced and counted like
//! any other.

use crate::common::{House, ada, block_on, login, recipient, seconds, start};
use otp_exchange::{
    ClientKey, MalformedCode, Policy, PolicyError, Request, RequestError, SendError, TestRecipient,
    Timestamp, Waiting,
};

const FIXED: &str = "424242";

fn until() -> Timestamp {
    start().saturating_add(seconds(7 * 24 * 3600))
}

fn policy() -> Policy {
    let reviewer = TestRecipient::new(recipient("+32412345678"), FIXED, until()).unwrap();
    Policy::default()
        .test_recipient(reviewer)
        .test_recipient(TestRecipient::new(ada(), FIXED, until()).unwrap())
}

#[test]
fn the_fixed_code_is_right_and_nothing_is_sent() {
    for tested in [ada(), recipient("+32412345678"), recipient("Ada@Example.org")] {
        let house = House::with(policy());
        let sent = block_on(house.otp.send(Request::login(&tested))).unwrap();
        assert_eq!(house.outbox.total(), 0);
        assert_eq!(sent.expose().code, FIXED);
        assert!(block_on(house.otp.verify(login(&sent.otp_id, "424241"))).is_err());
        assert!(block_on(house.otp.verify(login(&sent.otp_id, FIXED))).is_ok());
        assert!(block_on(house.otp.verify(login(&sent.otp_id, FIXED))).is_err(), "once for each request");
    }
}

#[test]
fn it_is_nobody_elses_and_needs_a_request_its_purpose_and_its_context() {
    let house = House::with(policy());
    let eve = recipient("eve@example.org");
    let sent = block_on(house.otp.send(Request::login(&eve))).unwrap();
    assert_ne!(house.code(&eve), FIXED);
    assert!(block_on(house.otp.verify(login(&sent.otp_id, FIXED))).is_err());
    let sent = block_on(house.otp.send(Request::login(&ada()).bind("device", "mine"))).unwrap();
    assert!(block_on(house.otp.verify(login(&sent.otp_id, FIXED))).is_err(), "without its context");
    assert!(block_on(house.otp.verify(login(&sent.otp_id, FIXED).bind("device", "mine"))).is_ok());
    house.clock.advance(seconds(60));
    let decoy = block_on(house.otp.send(Request::login(&ada()).decoy(true))).unwrap();
    assert!(block_on(house.otp.verify(login(&decoy.otp_id, FIXED))).is_err(), "a decoy");
}

#[test]
fn nothing_is_sent_to_it_when_it_is_a_fallback() {
    let test = |address: &str| TestRecipient::new(recipient(address), FIXED, until()).unwrap();
    let house = House::with(Policy::default().test_recipient(test("ada@example.org")));
    let request = Request::login(&recipient("+32412345678")).fallback(&ada());
    let answer = block_on(house.otp.send(request));
    assert!(matches!(answer, Err(SendError::Request(RequestError::Fallback))), "{answer:?}");
    let request = Request::login(&recipient("+32412345678")).fallback(&recipient("eve@example.org"));
    assert!(block_on(house.otp.send(request)).is_ok());
}

#[test]
fn from_its_day_on_it_is_a_recipient_like_any_other() {
    let house = House::with(policy());
    house.clock.set(until().saturating_sub(seconds(60)));
    let before = block_on(house.otp.send(Request::login(&ada()))).unwrap();
    house.clock.set(until());
    assert!(block_on(house.otp.verify(login(&before.otp_id, FIXED))).is_err());
    let after = block_on(house.otp.send(Request::login(&ada()))).unwrap();
    let code = house.code(&ada());
    assert!(block_on(house.otp.verify(login(&after.otp_id, &code))).is_ok());
}

#[test]
fn its_requests_are_spaced_and_its_risk_is_spent_for_good() {
    let house = House::with(policy());
    block_on(house.otp.send(Request::login(&ada()))).unwrap();
    assert!(matches!(
        block_on(house.otp.send(Request::login(&ada()))),
        Err(SendError::Wait { why: Waiting::Spacing, .. })
    ));
    let mut guesses = 0;
    for client in 0..100 {
        house.clock.advance(seconds(30));
        let request = Request::login(&ada()).client(ClientKey::new(format!("client {client}")));
        match block_on(house.otp.send(request)) {
            Ok(sent) => {
                for _ in 0..5 {
                    assert!(block_on(house.otp.verify(login(&sent.otp_id, "111111"))).is_err());
                    guesses += 1;
                }
            }
            Err(SendError::Wait { why, .. }) => {
                assert!(matches!(why, Waiting::Risk), "a longer code would not protect a fixed one: {why:?}");
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!((90..=100).contains(&guesses), "{guesses} guesses in a day");
}

#[test]
fn its_code_has_to_be_one_and_it_is_reported() {
    let of = |code| TestRecipient::new(ada(), code, until());
    assert_eq!(of("").unwrap_err(), MalformedCode::Empty);
    let five = Policy::default().test_recipient(of("12345").unwrap());
    assert_eq!(five.check(), Err(PolicyError::TestRecipient));
    assert_eq!(policy().check(), Ok(()));
    let short =
        Policy::default().allow(otp_exchange::Kind::Unambiguous, 4, 8).test_recipient(of("1234").unwrap());
    assert!(matches!(short.check(), Err(PolicyError::Risk { length: 4, .. })), "four digits in six's place");
    assert!(policy().deviations().iter().any(|deviation| deviation.breaks.contains("2 test recipients")));
    assert!(!format!("{:?}", policy()).contains(FIXED));
}
