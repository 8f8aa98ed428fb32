//! Another address of the same person: the same code goes there by email where its SMS fails at once.

use std::sync::{Arc, Mutex};

use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    ByChannel, Catalogue, Channel, DynNotifier, Event, Exchanger, Policy, Purpose, Quota, Request,
    RequestError, SendError, TestRecipient, Waiting, Wording,
};

use super::Answer::{Permanent, ReplyLost, RequestLost, Takes, Transient};
use super::carrier::{Answer, Book, Carrier, Handed, Outcome};
use super::{Scene, every_pair, phone, request, two};
use crate::common::{ada, block_on, client, keyring, login, memory, patient, recipient, seconds, start};

/// What is told of a delivery that was to go to the phone, and by email where that fails.
fn told(route: &[Handed], deliveries: u8, outcome: &Outcome) -> Vec<Event> {
    let masked = |handed: &Handed| recipient(&handed.to).masked();
    let failed = |handed: &Handed, voided| Event::NotHandedOver {
        recipient: masked(handed),
        purpose: Purpose::LOGIN,
        voided,
    };
    let (last, earlier) = route.split_last().expect("somebody was asked");
    let mut told: Vec<_> = earlier.iter().map(|handed| failed(handed, false)).collect();
    told.push(match outcome {
        Outcome::Sent { by } => {
            let (recipient, message_id) = (masked(last), by.clone());
            Event::HandedOver { recipient, purpose: Purpose::LOGIN, deliveries, message_id }
        }
        _ => failed(last, matches!(outcome, Outcome::Voided { .. })),
    });
    told
}

#[test]
fn the_same_code_goes_by_email_where_the_sms_fails_at_once_now_and_later() {
    for ((sms, email), issue_first) in every_pair().flat_map(|pair| [(pair, false), (pair, true)]) {
        let what = format!("{sms:?}, {email:?}, issued first: {issue_first}");
        let scene = Scene::set(patient(), two(sms, email));
        let ask = || request().fallback(&ada());
        let first = if issue_first {
            let issued = block_on(scene.otp.issue(ask())).unwrap();
            block_on(scene.otp.deliver(&issued.otp_id))
        } else {
            block_on(scene.otp.send(ask()))
        };
        let (mut outcome, mut codes) = (Outcome::of(&first), Vec::new());
        for deliveries in 1..=3 {
            let route = scene.book.take();
            let addresses: Vec<_> = route.iter().map(|one| one.to.clone()).collect();
            let both = [phone().address().to_owned(), ada().address().to_owned()];
            assert_eq!(addresses, both[..if sms.failed_at_once() { 2 } else { 1 }], "{what}");
            assert_eq!(outcome, Outcome::expected(&route, deliveries == 1), "{what}");
            let events = std::mem::take(&mut *scene.events.lock().unwrap());
            let events: Vec<_> =
                events.into_iter().filter(|event| !matches!(event, Event::Requested { .. })).collect();
            assert_eq!(events, told(&route, deliveries, &outcome), "{what}");
            codes.extend(route.into_iter().map(|one| (one.code, one.delivery_id)));
            let again = block_on(scene.otp.live_codes(&phone())).unwrap()[0].otp_id;
            scene.clock.advance(seconds(15 * 60));
            if matches!(outcome, Outcome::Voided { .. }) {
                assert!(block_on(scene.otp.deliver(&again)).is_ok(), "{what}: from outside as ever");
                assert_eq!(scene.asked(), [""; 0], "{what}: nobody is asked");
                break;
            }
            outcome = Outcome::of(&block_on(scene.otp.deliver(&again)));
        }
        assert!(
            codes.iter().all(|one| *one == codes[0]),
            "{what}: one code, and one name for its deliveries"
        );
        assert_eq!((scene.live_codes(&phone()), scene.live_codes(&ada())), (1, 0), "{what}");
        let id = block_on(scene.otp.live_codes(&phone())).unwrap()[0].otp_id;
        let works = block_on(scene.otp.exchange(login(&id, &codes[0].0))).is_ok();
        assert_eq!(
            works,
            (sms, email) != (Permanent, Permanent),
            "{what}: void only if neither ever can arrive"
        );
        assert!(block_on(scene.otp.exchange(login(&id, &codes[0].0))).is_err(), "{what}: once");
    }
}

#[test]
fn a_code_that_may_have_arrived_before_is_never_void() {
    for before in [Takes, Transient, RequestLost, ReplyLost] {
        let answers = Arc::new(Mutex::new(vec![Permanent, before]));
        let scene = Scene::set(patient(), |book| {
            let next = move || answers.lock().unwrap().pop().unwrap_or(Permanent);
            ByChannel::new(Carrier::always("smtp", book, Permanent), Carrier::new("gateway", book, next))
        });
        scene.send(request().fallback(&ada()));
        let id = block_on(scene.otp.live_codes(&phone())).unwrap()[0].otp_id;
        scene.clock.advance(seconds(30));
        let later = Outcome::of(&block_on(scene.otp.deliver(&id)));
        assert_eq!(later, Outcome::NeverWill { by: "gateway".to_owned() }, "{before:?}");
        let code = scene.book.take().remove(0).code;
        assert!(block_on(scene.otp.exchange(login(&id, &code))).is_ok(), "{before:?}");
    }
}

#[test]
fn a_code_that_another_process_delivered_meanwhile_is_not_void() {
    for meanwhile in [false, true] {
        let (memory, clock, book) = (memory(), ManualClock::default(), Book::default());
        let built = |notifier: DynNotifier| {
            let builder = Exchanger::builder(memory.clone(), notifier, keyring());
            builder.clock(clock.clone()).build().unwrap()
        };
        let there = built(DynNotifier::new(Carrier::always("there", &book, Takes)));
        let issued = block_on(there.issue(Request::login(&phone()).fallback(&ada()))).unwrap();
        let (id, later) = (issued.otp_id, clock.clone());
        let email = Carrier::new("smtp", &book, move || {
            if meanwhile {
                later.advance(seconds(30));
                block_on(there.deliver(&id)).unwrap();
            }
            Permanent
        });
        let here =
            built(DynNotifier::new(ByChannel::new(email, Carrier::always("gateway", &book, Permanent))));
        let outcome = Outcome::of(&block_on(here.deliver(&id)));
        let by = "gateway".to_owned();
        let expected = if meanwhile { Outcome::NeverWill { by } } else { Outcome::Voided { by } };
        assert_eq!(outcome, expected);
        let code = issued.expose().code;
        assert!(book.take().iter().all(|one| one.code == code));
        assert_eq!(block_on(here.exchange(login(&id, code))).is_ok(), meanwhile);
    }
}

#[test]
fn the_email_that_stands_in_is_an_email_with_subject_and_html() {
    let scene = Scene::set(Policy::default(), two(Permanent, Takes));
    scene.send(Request::login(&phone()).fallback(&ada()).locale("nl"));
    let written = scene.book.take();
    let direct = Scene::set(Policy::default(), two(Permanent, Takes));
    direct.send(Request::login(&ada()).locale("nl"));
    let email = direct.book.take().remove(0);
    let without_code = |text: &str, code: &str| text.replace(code, "000000");
    let shown = |one: &Handed| {
        let html = without_code(one.html.as_deref().expect("the ready texts have HTML"), &one.code);
        (one.subject.clone(), without_code(&one.text, &one.code), html)
    };
    assert_eq!(shown(&written[1]), shown(&email), "as if it were the recipient");
    assert!(written[1].subject.is_some() && written[1].html.as_ref().unwrap().contains(&written[1].code));
    assert_eq!((&written[0].subject, &written[0].html), (&None, &None), "an SMS has neither");
    assert_ne!(written[0].text, written[1].text);

    // A text of the request's own is that of both.
    let scene = Scene::set(Policy::default(), two(Permanent, Takes));
    scene.send(Request::login(&phone()).fallback(&ada()).template("Code: {{CODE}}"));
    let written = scene.book.take();
    assert_eq!(written[1].text, format!("Code: {}", written[1].code));
    assert_eq!((&written[0].text, &written[1].html), (&written[1].text, &None));
    assert!(written[1].subject.is_some());
}

#[test]
fn a_fallback_is_an_email_address_beside_a_phone_number_and_proves_none() {
    let scene = Scene::set(Policy::default(), two(Permanent, Takes));
    let no = |request: Request, why: &RequestError| match block_on(scene.otp.send(request)) {
        Err(SendError::Request(found)) => assert_eq!(found, *why),
        other => panic!("{other:?}"),
    };
    no(Request::login(&phone()).fallback(&recipient("+32487654321")), &RequestError::Fallback);
    no(Request::login(&ada()).fallback(&recipient("other@example.org")), &RequestError::Fallback);
    no(Request::login(&ada()).fallback(&phone()), &RequestError::Fallback);
    no(Request::register(&phone()).fallback(&ada()), &RequestError::Fallback);
    no(Request::new("confirm", &phone()).fallback(&ada()), &RequestError::Fallback);
    no(Request::register(&phone()).fallback(&ada()).decoy(true), &RequestError::Fallback);
    assert_eq!((scene.asked(), scene.live_codes(&phone())), (vec![], 0));
    for purpose in ["login", "recover", "payment"] {
        let sent = scene.send(Request::new(purpose, &phone()).fallback(&ada()));
        assert_eq!(sent, Outcome::Sent { by: Some("smtp".to_owned()) }, "{purpose}");
        scene.clock.advance(seconds(15 * 60));
    }

    // No signing in by email, whichever way it would get there.
    let scene = Scene::set(Policy::nist(), two(Permanent, Takes));
    let refused = block_on(scene.otp.send(Request::login(&phone()).fallback(&ada())));
    assert!(matches!(refused, Err(SendError::Request(RequestError::Email))), "{refused:?}");
    let recover = Request::new("recover", &phone()).fallback(&ada());
    assert_eq!(scene.send(recover), Outcome::Sent { by: Some("smtp".to_owned()) });

    // Nor where there is nothing to say in an email.
    let texts = Catalogue::builder().ready_texts(false).default_locale("en");
    let texts = texts.wording(Wording::new("en").sms("{{CODE}}")).build().unwrap();
    let book = Book::default();
    let otp = Exchanger::builder(memory(), two(Permanent, Takes)(&book), keyring()).catalogue(texts);
    let otp = otp.build().unwrap();
    let refused = block_on(otp.send(Request::login(&phone()).fallback(&ada())));
    let no_text = RequestError::NoText { channel: Channel::Email };
    assert!(matches!(refused, Err(SendError::Request(found)) if found == no_text));
    assert!(matches!(block_on(otp.send(Request::login(&phone()))), Err(SendError::Undeliverable(_))));
}

#[test]
fn the_same_request_with_another_fallback_is_another_request() {
    let scene = Scene::set(Policy::default(), two(Permanent, Takes));
    let ask = || Request::login(&phone()).idempotency_key("this press of the button");
    let code = |request: Request| block_on(scene.otp.send(request)).unwrap().expose().code.to_owned();
    let first = code(ask().fallback(&ada()));
    assert_eq!(scene.asked(), ["gateway", "smtp"]);
    assert_eq!(code(ask().fallback(&ada())), first, "the same");
    assert_eq!(scene.asked(), [""; 0], "no second message by either way");
    for other in [ask().fallback(&recipient("eve@example.org")), ask()] {
        let refused = block_on(scene.otp.send(other));
        assert!(matches!(refused, Err(SendError::Wait { why: Waiting::Spacing, .. })), "{refused:?}");
    }
    scene.clock.advance(seconds(30));
    assert_ne!(code(ask().fallback(&recipient("eve@example.org"))), first);
}

#[test]
fn where_nothing_is_sent_nothing_is_sent_to_the_other_address_either() {
    for answer in Answer::ALL {
        let test = TestRecipient::new(phone(), "123456", start().saturating_add(seconds(3600))).unwrap();
        let fixed = Scene::set(Policy::default().test_recipient(test), two(answer, Takes));
        let none = Outcome::Sent { by: None };
        assert_eq!(fixed.send(Request::login(&phone()).fallback(&ada())), none);
        assert_eq!(fixed.asked(), [""; 0]);

        let scene = Scene::set(Policy::default(), two(answer, Takes));
        let decoy = Request::login(&phone()).fallback(&ada()).account_exists(false);
        let sent = block_on(scene.otp.send(decoy)).unwrap();
        scene.clock.advance(seconds(30));
        assert!(block_on(scene.otp.deliver(&sent.otp_id)).is_ok());
        assert_eq!(scene.asked(), [""; 0]);
    }
    let real = Scene::set(Policy::default(), two(Transient, Takes));
    real.send(Request::login(&phone()).fallback(&ada()).account_exists(true));
    assert_eq!(real.asked(), ["gateway", "smtp"]);
}

#[test]
fn two_tries_are_one_message_to_spacing_and_quotas() {
    let three = Quota::new(3, seconds(24 * 3600));
    let counted: [(Policy, Waiting); 3] = [
        (Policy::default().client_sends(three), Waiting::ClientSends),
        (Policy::default().dial_code_sends(three), Waiting::DialCodeSends),
        (Policy::default().service_sends(three), Waiting::ServiceSends),
    ];
    for (policy, why) in counted {
        let scene = Scene::set(policy, two(Transient, Takes));
        let ask = || Request::login(&phone()).fallback(&ada()).client(client(1));
        let sent = block_on(scene.otp.send(ask())).unwrap();
        let early = block_on(scene.otp.deliver(&sent.otp_id));
        assert!(matches!(early, Err(SendError::Wait { why: Waiting::Spacing, .. })), "{early:?}");
        scene.clock.advance(seconds(30));
        assert!(block_on(scene.otp.deliver(&sent.otp_id)).is_ok(), "spaced as after one message");
        scene.clock.advance(seconds(60));
        assert!(block_on(scene.otp.deliver(&sent.otp_id)).is_ok(), "and as after two");
        assert_eq!(scene.asked(), ["gateway", "smtp"].repeat(3), "six tries");
        let fourth = block_on(scene.otp.send(ask()));
        assert!(matches!(&fourth, Err(SendError::Wait { why: found, .. }) if *found == why), "{fourth:?}");
    }
    // It is the phone's message: who asks for a code by email does not wait for it.
    let scene = Scene::set(Policy::default(), two(Transient, Takes));
    scene.send(Request::login(&phone()).fallback(&ada()));
    assert_eq!(scene.send(Request::login(&ada())), Outcome::Sent { by: Some("smtp".to_owned()) });
    let next = block_on(scene.otp.send(Request::login(&phone())));
    assert!(matches!(next, Err(SendError::Wait { why: Waiting::Spacing, .. })), "{next:?}");
}
