//! Under the policies named after a service or a standard, what that documents works, and nothing easier.

use std::time::Duration;

use otp_exchange::{
    ClientKey, ExchangeError, Field, Kind, Otp, Policy, Principal, Receipt, Request, RequestError, SendError,
    Submission, SubmissionError, Waiting,
};

use super::DAY;
use crate::common::{House, ada, block_on, just_under, other_than, recipient, refused_as_dead, seconds};

const HOUR: Duration = Duration::from_secs(3600);

/// Why a request was refused.
fn refused(answer: Result<Receipt, SendError>) -> RequestError {
    match answer {
        Err(SendError::Request(error)) => error,
        other => panic!("not refused as a request: {other:?}"),
    }
}

fn operator() -> Principal {
    Principal::new("operator-7")
}

#[test]
fn nomados_own_example_works_end_to_end() {
    let house = House::with(Policy::nomado());
    let phone = recipient("32412345678");
    let otp = Otp::new(Kind::Numeric, 4).unwrap().template("Your verification code is {{CODE}}").unwrap();
    let create = || {
        let request = Request::login(&phone).by_recipient().otp(otp.clone()).lifetime(seconds(7_200));
        block_on(house.otp.send(request.requested_by(operator())))
    };
    let verify = |typed: &str| block_on(house.otp.verify(Submission::by_recipient(&phone, typed).login()));

    let sent = create().unwrap();
    let code = sent.expose().code;
    assert_eq!((code.len(), sent.lifetime), (4, seconds(7_200)));
    assert_eq!(sent.expose().text, format!("Your verification code is {code}"));
    assert_eq!(house.outbox.text_for(&phone).unwrap().as_str(), sent.expose().text);
    house.clock.advance(just_under(seconds(7_200)));
    assert_eq!(verify(code).unwrap().subject(), "+32412345678");
    assert!(refused_as_dead(&verify(code)), "once verified, it is destroyed");

    let late = create().unwrap();
    house.clock.advance(seconds(7_200));
    assert!(refused_as_dead(&verify(late.expose().code)), "once expired, it is destroyed");

    // Three codes of three guesses each are all that an accepted risk of 10⁻³ has room for in a day.
    let mut lengths = Vec::new();
    for _ in 0..4 {
        let sent = create().unwrap();
        lengths.push(sent.length);
        let wrong = other_than(sent.expose().code);
        for _ in 0..3 {
            assert!(matches!(verify(&wrong), Err(ExchangeError::Refused(_))));
        }
        house.clock.advance(HOUR);
    }
    assert_eq!(lengths, [4, 4, 4, 20]);
}

#[test]
fn nomados_defaults_are_four_characters_for_two_hours_and_need_to_be_asked_for_by_somebody() {
    let house = House::with(Policy::nomado());
    let request = Request::login(&ada()).by_recipient();
    assert_eq!(refused(block_on(house.otp.send(request.clone()))), RequestError::NoPrincipal);
    let sent = block_on(house.otp.send(request.requested_by(operator()))).unwrap();
    assert_eq!((sent.length, sent.lifetime, sent.attempts), (4, seconds(7_200), 3));
    assert_eq!(sent.expose().text, sent.expose().code, "the bare code");
    let numbers = Policy::nomado().numbers();
    assert_eq!(
        (numbers.kind, numbers.length, numbers.code_lifetime),
        (Kind::Alphanumeric, 4, seconds(7_200))
    );
    let forms = [(Kind::Numeric, 20, true), (Kind::Alpha, 4, true), (Kind::Numeric, 3, false)];
    for (index, (kind, length, allowed)) in forms.into_iter().enumerate() {
        let to = recipient(&format!("person{index}@example.org"));
        let request = Request::login(&to).otp(Otp::new(kind, length).unwrap()).requested_by(operator());
        assert_eq!(block_on(house.otp.send(request)).is_ok(), allowed, "{kind:?} {length}");
    }
}

#[test]
fn slingrs_code_alone_becomes_a_token_for_thirty_days() {
    let house = House::with(Policy::slingr());
    let client = || ClientKey::new("browser-1");
    let request = || Request::login(&ada()).by_code().requested_by(operator());

    let sent = block_on(house.otp.send(request())).unwrap();
    assert_eq!((sent.length, sent.lifetime), (16, 24 * HOUR));
    let code = sent.expose().code;
    let nobody = block_on(house.otp.exchange(Submission::by_code(code).login()));
    assert!(matches!(nobody, Err(ExchangeError::Submission(SubmissionError::NoClient))));
    house.clock.advance(just_under(24 * HOUR));
    let tokens = block_on(house.otp.exchange(Submission::by_code(code).login().client(client()))).unwrap();
    assert_eq!(tokens.expires_in, 30 * DAY);
    house.clock.advance(just_under(30 * DAY));
    assert_eq!(block_on(house.otp.authenticate(tokens.access.expose())).unwrap().subject, "ada@example.org");

    let longest = block_on(house.otp.send(request().lifetime(7 * DAY))).unwrap();
    house.clock.advance(just_under(7 * DAY));
    let code = longest.expose().code;
    assert!(block_on(house.otp.exchange(Submission::by_code(code).login().client(client()))).is_ok());
    let (given, longest) = (7 * DAY + seconds(1), 7 * DAY);
    let above = block_on(house.otp.send(request().lifetime(given)));
    assert_eq!(refused(above), RequestError::Lifetime { given, longest });
}

#[test]
fn passages_codes_answer_to_their_otp_id_only() {
    let house = House::with(Policy::passage());
    let by_recipient = block_on(house.otp.send(Request::login(&ada()).by_recipient()));
    assert_eq!(refused(by_recipient), RequestError::NotByRecipient);
    let sent = block_on(house.otp.send(Request::login(&ada()))).unwrap();
    let code = sent.expose().code;
    assert!(refused_as_dead(&block_on(house.otp.verify(Submission::by_recipient(&ada(), code).login()))));
    assert!(block_on(house.otp.exchange(Submission::by_id(&sent.otp_id, code).login())).is_ok());
}

#[test]
fn psd2_shows_and_binds_amount_and_payee() {
    let house = House::with(Policy::psd2());
    let payment = || Request::new("payment", &ada());
    let bound = || payment().bind("amount", "12.50 EUR").bind("payee", "ACME");
    let refusals = [
        (payment(), RequestError::NotBound { field: Field::Amount }),
        (payment().bind("payee", "ACME"), RequestError::NotBound { field: Field::Amount }),
        (payment().bind("amount", "12.50 EUR"), RequestError::NotBound { field: Field::Payee }),
        (bound().template("{{CODE}}"), RequestError::NotShown { field: Field::Amount }),
        (bound().template("{{CODE}} for {{AMOUNT}}"), RequestError::NotShown { field: Field::Payee }),
        (payment().by_recipient(), RequestError::NotByRecipient),
    ];
    for (request, error) in refusals {
        assert_eq!(refused(block_on(house.otp.send(request))), error);
    }

    let sent = block_on(house.otp.send(bound())).unwrap();
    let text = sent.expose().text.to_owned();
    assert!(text.contains("the payment of 12.50 EUR to ACME") && text.contains(sent.expose().code), "{text}");
    assert_eq!(house.outbox.text_for(&ada()).unwrap().as_str(), text);
    house.clock.advance(seconds(30));
    block_on(house.otp.deliver(&sent.otp_id)).unwrap();
    let again = text.replace("5 min", "4 min");
    assert_eq!((house.outbox.text_for(&ada()).unwrap().as_str(), house.outbox.total()), (&*again, 2));

    let pays = |amount: &str, payee: &str| {
        let submission = Submission::by_id(&sent.otp_id, sent.expose().code).purpose("payment");
        block_on(house.otp.verify(submission.bind("amount", amount).bind("payee", payee)))
    };
    for (amount, payee, left) in [("12.51 EUR", "ACME", 4), ("12.50 EUR", "Eve", 3), ("12.50 USD", "ACME", 2)]
    {
        match pays(amount, payee) {
            Err(ExchangeError::Refused(refused)) => assert_eq!(refused.attempts_left, Some(left)),
            other => panic!("{amount} to {payee}: {other:?}"),
        }
    }
    assert!(pays("12.50 EUR", "ACME").is_ok());
}

#[test]
fn psd2_blocks_for_a_quarter_of_an_hour_after_five_failures() {
    let house = House::with(Policy::psd2());
    let request = || Request::new("payment", &ada()).bind("amount", "12.50 EUR").bind("payee", "ACME");
    let sent = block_on(house.otp.send(request())).unwrap();
    let wrong = other_than(sent.expose().code);
    for _ in 0..5 {
        let submission = Submission::by_id(&sent.otp_id, &wrong).purpose("payment");
        assert!(
            block_on(house.otp.verify(submission.bind("amount", "12.50 EUR").bind("payee", "ACME"))).is_err()
        );
    }
    house.clock.advance(just_under(seconds(900)));
    match block_on(house.otp.send(request())) {
        Err(SendError::Wait { why: Waiting::Failures, retry_after }) => {
            assert_eq!(retry_after.as_millis(), 1);
        }
        other => panic!("not blocked: {other:?}"),
    }
    house.clock.advance(seconds(1));
    assert!(block_on(house.otp.send(request())).is_ok());
}
