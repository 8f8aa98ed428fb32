//! Nothing shows in an error, its `Debug`, or what caused it.

use otp_exchange::testkit::{Mishap, Reply};
use otp_exchange::{
    ClientKey, DialCode, EntropyError, ExchangeError, Exchanger, Grant, IssueTokensError, Keyring, Kind, Otp,
    OtpId, Outbox, Policy, Principal, Quota, Recipient, Request, RequestError, Role, Sealed, SendError,
    StatusError, Submission, SubmissionError, TestRecipient, TokenError, Waiting,
};

use super::scene::{
    ADDRESS, AMOUNT, BROWSER, FIXED, NOTE, NUMBER, PAYEE, PLAN, PRESS, SUBJECT, Scene, TESTER, TEXT, is_wait,
    policy, request, submission,
};
use crate::common::{NAMING, SEALING, ada, block_on, keyring, memory, other_than, recipient, seconds, start};

#[test]
fn nothing_shows_in_an_error_of_a_send() {
    let mut scene = Scene::set();
    let person = recipient(ADDRESS);
    let denied = "+33612345678";
    let bad = [
        request(&person).template(format!("{TEXT}{TEXT}")),
        request(&person).bind("amount", AMOUNT),
        request(&person).bind("name\n", AMOUNT),
        Request::login(&person).bind("amount", PAYEE),
        Request::login(&person).bind("payee", PAYEE).bind("payee", PAYEE),
        Request::login(&person).bind("note", NOTE).template(TEXT),
        request(&person).idempotency_key(PRESS.repeat(14)),
        request(&person).by_code().idempotency_key(PRESS),
        request(&person).lifetime(seconds(86_400)),
        request(&person).attempts(101),
        request(&person).otp(Otp::new(Kind::Numeric, 4).unwrap()),
        request(&recipient(denied)),
        request(&person).grant(Grant::for_subject(format!("{SUBJECT}\n"))),
        request(&person).grant(Grant::new().scope(format!("{SUBJECT} {SUBJECT}"))),
        request(&person).grant(Grant::new().redirect_to(format!("https://eve.example/{SUBJECT}"))),
        request(&person).grant(Grant::new().metadata("plan", PLAN.repeat(100))),
        Request::new(format!("{AMOUNT} {AMOUNT}"), &person),
    ];
    scene.search.hide(denied);
    for request in bad {
        let error = block_on(scene.otp.send(request)).unwrap_err();
        assert!(matches!(error, SendError::Request(_)), "{error:?}");
        scene.search.error(&error);
    }
    for delivery in [Mishap::Permanent, Mishap::Transient, Mishap::RequestLost, Mishap::ReplyLost] {
        scene.clock.advance(seconds(24 * 3600));
        scene.loud.outbox.fail(0, delivery);
        let error = block_on(scene.otp.send(request(&person).template(TEXT))).unwrap_err();
        if let SendError::Undelivered { receipt, .. } = &error {
            scene.hide_receipt(receipt);
        }
        scene.search.error(&error);
    }
    let waiting = block_on(scene.otp.send(request(&person))).unwrap_err();
    assert!(matches!(waiting, SendError::Wait { .. }), "{waiting:?}");
    scene.search.error(&waiting);
    let alone = scene.send(&request(&person).by_code());
    let error = block_on(scene.otp.deliver(&alone.otp_id)).unwrap_err();
    assert!(matches!(error, SendError::NotAgain), "{error:?}");
    scene.search.error(&error);
    let error = block_on(scene.otp.issue(request(&person).by_code())).unwrap_err();
    assert!(matches!(error, SendError::Request(RequestError::AloneIsSent)), "{error:?}");
    scene.search.error(&error);
    for reply in [Reply::NotApplied, Reply::Permanent, Reply::RequestLost, Reply::ReplyLost] {
        scene.clock.advance(seconds(24 * 3600));
        for call in 0..4 {
            scene.store.fail(call, reply);
        }
        scene.search.error(&block_on(scene.otp.send(request(&person))).unwrap_err());
        // What is left of those failures happens to calls that do not count.
        for _ in 0..6 {
            block_on(scene.otp.consecutive_failures(&person)).ok();
        }
    }
    let sent = scene.send(&request(&person));
    scene.clock.advance(seconds(3600));
    scene.search.error(&block_on(scene.otp.deliver(&sent.otp_id)).unwrap_err());
    scene.done();
}

#[test]
fn nothing_shows_in_an_error_of_an_exchange_or_a_token() {
    let mut scene = Scene::set();
    let person = recipient(ADDRESS);
    let sent = scene.send(&request(&person));
    let code = sent.expose().code.to_owned();
    let wrong = other_than(&code);
    scene.search.hide(&wrong);
    let mut submissions = vec![
        submission(&sent.otp_id, &wrong),
        submission(&sent.otp_id, &code).bind("amount", AMOUNT),
        Submission::by_id(&sent.otp_id, &code).login().bind("amount", PAYEE),
        Submission::by_code(&code).login(),
        Submission::by_code(&code).login().client(ClientKey::new(BROWSER)),
        Submission::by_id(&sent.otp_id, &code),
        Submission::by_id(&sent.otp_id, &code).purpose(format!("{AMOUNT} {AMOUNT}")),
        Submission::by_recipient(&person, &code).login(),
        submission(&sent.otp_id, &code).bind("payee\n", AMOUNT),
    ];
    for strange in ["!", "\0", "é", "0"] {
        submissions.push(submission(&sent.otp_id, &format!("{code}{strange}")));
        submissions.push(submission(&sent.otp_id, &format!("{strange}{}", &code[1..])));
    }
    for submission in submissions {
        scene.search.debug(&submission);
        scene.search.error(&block_on(scene.otp.verify(submission)).unwrap_err());
    }
    let tokens = scene.exchange(submission(&sent.otp_id, &code));
    scene.search.error(&block_on(scene.otp.status(&sent.otp_id)).unwrap_err());
    let (access, refresh) = (tokens.access.expose(), tokens.refresh.as_ref().unwrap().expose());
    for token in [access, refresh, &access[..70], &format!("{refresh}A"), &format!("Bearer {access}")] {
        let errors: [Option<TokenError>; 3] = [
            block_on(scene.otp.authenticate(&format!("{token} "))).err(),
            block_on(scene.otp.refresh(&format!("{}A", &token[..token.len() - 2]))).err(),
            block_on(scene.otp.revoke(&token[1..])).err(),
        ];
        for error in errors.iter().flatten() {
            scene.search.error(error);
        }
    }
    scene.search.error(&block_on(scene.otp.authenticate(refresh)).unwrap_err());
    scene.search.error(&block_on(scene.otp.refresh(access)).unwrap_err());
    for reply in [Reply::NotApplied, Reply::Permanent] {
        scene.store.fail(0, reply);
        scene.search.error(&block_on(scene.otp.authenticate(access)).unwrap_err());
    }
    // A service with other keys meets the same entries.
    let store = scene.store.clone();
    let other = Keyring::new(&NAMING, b"another-sealing-secret-7890123456").unwrap();
    scene.search.hide_bytes(b"another-sealing-secret-7890123456");
    let other =
        Exchanger::builder(store, scene.outbox.clone(), other).clock(scene.clock.clone()).build().unwrap();
    scene.search.error(&block_on(other.authenticate(access)).unwrap_err());
    scene
        .search
        .error(&block_on(other.verify(Submission::by_recipient(&person, "123456").login())).unwrap_err());
    scene.search.error(&block_on(other.verify(submission(&sent.otp_id, "123456"))).unwrap_err());
    for error in [block_on(other.status(&sent.otp_id)).err(), block_on(other.cancel(&sent.otp_id)).err()] {
        assert!(matches!(error, Some(StatusError::OtpId(_))), "{error:?}");
        scene.search.error(&error.unwrap());
    }
    scene.search.error(&block_on(other.live_codes(&person)).unwrap_err());
    scene.search.error(&block_on(other.clear_failures(&person)).unwrap_err());
    scene.search.error(&block_on(scene.otp.authenticate_strictly(refresh)).unwrap_err());
    scene.done();
}

#[test]
fn nothing_shows_in_an_error_of_an_issue_or_a_quota() {
    let mut scene = Scene::set();
    let person = recipient(ADDRESS);
    let (clerk, support) = (Principal::new(ADDRESS), Principal::new(ADDRESS).role(Role::Administrator));
    for (acting, grant) in [
        (&clerk, Grant::for_subject(SUBJECT)),
        (&support, Grant::for_subject(SUBJECT).scope(PLAN)),
        (&support, Grant::for_subject(format!("{SUBJECT}\n"))),
        (&support, Grant::for_subject(SUBJECT).metadata("plan", PLAN.repeat(100))),
    ] {
        let error = block_on(scene.otp.issue_tokens(acting, grant)).unwrap_err();
        assert!(matches!(error, IssueTokensError::Request(_)), "{error:?}");
        scene.search.error(&error);
    }
    let once = Quota::new(1, seconds(3600));
    let quotas = policy().client_sends(once).client_checks(once).dial_code_sends(once).service_sends(once);
    let strict = Exchanger::builder(memory(), scene.outbox.clone(), keyring())
        .policy(quotas.send_spacing(seconds(0)))
        .clock(scene.clock.clone())
        .build()
        .unwrap();
    let sent = block_on(strict.send(request(&recipient(NUMBER)))).unwrap();
    scene.hide_receipt(&sent);
    let anybody = |to: &str| Request::login(&recipient(to));
    for (request, limit) in [
        (request(&person), Waiting::ClientSends),
        (anybody("+32412345679"), Waiting::DialCodeSends),
        (anybody(ADDRESS), Waiting::ServiceSends),
    ] {
        let error = block_on(strict.send(request)).unwrap_err();
        assert!(matches!(&error, SendError::Wait { why, .. } if *why == limit), "{error:?}");
        scene.search.error(&error);
    }
    let wrong = other_than(sent.expose().code);
    scene.search.hide(&wrong);
    for limited in [false, true] {
        let error = block_on(strict.verify(submission(&sent.otp_id, &wrong))).unwrap_err();
        assert_eq!(is_wait(&error), limited, "{error:?}");
        scene.search.error(&error);
    }
    scene.done();
}

#[test]
fn nothing_shows_in_an_error_of_a_parser_or_builder() {
    let mut scene = Scene::set();
    for end in ["\n", "\0", "é", " ", "@", "..", ",x"] {
        for address in [ADDRESS, NUMBER] {
            // A number with an `@` behind it is an email address; everything else here is none.
            match Recipient::parse(&format!("{address}{end}x")) {
                Ok(odd) => assert_eq!((address, end), (NUMBER, "@"), "{odd:?}"),
                Err(error) => scene.search.error(&error),
            }
        }
    }
    let code = "CANARY7CODE7CANARY77";
    scene.search.hide(code);
    for typed in [format!("{code}!"), format!("{code}é"), format!("{code}{code}"), code.to_owned()] {
        scene.search.error(&Otp::default().parse(&typed).unwrap_err());
    }
    let sent = scene.send(&request(&ada()));
    let id = sent.otp_id.to_string();
    scene.search.error(&id[..80].parse::<OtpId>().unwrap_err());
    scene.search.error(&serde_json::from_value::<OtpId>(id[..80].into()).unwrap_err());
    scene.search.error(&Keyring::new(&NAMING, &NAMING).unwrap_err());
    scene.search.error(&Keyring::new(&NAMING[..31], &SEALING).unwrap_err());
    scene.search.error(&keyring().open_only(&SEALING).unwrap_err());
    scene.search.error(&keyring().namespace(&format!("{SUBJECT}\n")).unwrap_err());
    scene.search.error(&Sealed::from_bytes(NAMING.to_vec()).unwrap_err());
    scene.search.error(&EntropyError::new("no device"));
    let builder = || Exchanger::builder(memory(), Outbox::new(), keyring());
    let redirect = Policy::default().allow_redirect(format!("javascript:{SUBJECT}"));
    scene.search.error(&builder().policy(redirect).build().unwrap_err());
    scene.search.error(&builder().policy(Policy::default().attempts(0)).build().unwrap_err());
    let tester = || TestRecipient::new(recipient(TESTER), FIXED, start()).unwrap();
    let tested = Policy::default().test_recipient(tester());
    scene.search.error(&builder().policy(tested).build().unwrap_err());
    let short = policy().otp(Otp::new(Kind::Numeric, 4).unwrap());
    scene.search.error(&builder().policy(short).build().unwrap_err());
    scene.search.error(&builder().policy(policy().require("note")).build().unwrap_err());
    scene.search.error(&builder().policy(policy().client_checks(None)).build().unwrap_err());
    for fixed in [format!("{FIXED}7"), format!("{}!", &FIXED[1..]), format!("{}é", &FIXED[1..])] {
        scene.search.error(&TestRecipient::new(recipient(TESTER), &fixed, start()).unwrap_err());
    }
    scene.search.error(&DialCode::parse(&format!("{NUMBER}5")).unwrap_err());
    scene.search.error(&SubmissionError::NoClient);
    scene.done();
}

#[test]
fn a_foreign_proof_shows_nothing() {
    let mut scene = Scene::set();
    let person = recipient(ADDRESS);
    let sent = scene.send(&request(&person));
    let code = sent.expose().code.to_owned();
    let proof = block_on(scene.otp.verify(submission(&sent.otp_id, &code))).unwrap();
    let tenant = keyring().namespace("tenant-b").unwrap();
    let other = Exchanger::builder(memory(), Outbox::new(), tenant).build().unwrap();
    let error = block_on(other.grant(proof)).unwrap_err();
    assert!(matches!(error, ExchangeError::ForeignProof), "{error:?}");
    scene.search.error(&error);
    scene.done();
}
