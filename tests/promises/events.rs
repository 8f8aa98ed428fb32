//! An observer is told of everything that happens, once, and not before the write that made it true; and it
//! learns no code, no token and no whole address.

mod scene;
#[cfg(feature = "tracing")]
mod traced;

use std::collections::BTreeSet;

use crate::common::{ada, block_on, seconds, start};
use otp_exchange::testkit::{Mishap, Reply};
use otp_exchange::{Event, Policy, Purpose, Request, TestRecipient};
use scene::{Given, Scene, flows, noted};

/// The variants, as the source has them.
fn variants() -> BTreeSet<String> {
    let source = include_str!("../../src/ports/observer.rs");
    let body = source.split_once("pub enum Event {\n").unwrap().1.split_once("\n}").unwrap().0;
    let variants = body.lines().filter_map(|line| line.strip_prefix("    "));
    let variants = variants.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    variants.map(|line| line.trim_end_matches([' ', '{', ',']).to_owned()).collect()
}

#[test]
fn every_event_there_is_is_told_once_and_after_its_write() {
    let mut told = BTreeSet::new();
    for flow in flows() {
        let (log, _) = noted(&flow, |_| ());
        assert_eq!(log, flow.0);
        told.extend(log.into_iter().filter(|what| what != "swap" && what != "notify"));
    }
    assert_eq!(told, variants());
    assert_eq!(told.len(), 17);
}

/// Whether nothing was told but what had become true by then, and not all of it.
fn stops_short(log: &[String], expected: &[&str]) -> bool {
    log.len() < expected.len() && log.iter().zip(expected).all(|(found, expected)| found == expected)
}

#[test]
fn what_was_not_written_is_not_told() {
    for flow in flows() {
        let expected = flow.0;
        let (_, calls) = noted(&flow, |_| ());
        for call in 0..calls {
            let (log, _) = noted(&flow, |store| store.fail(call, Reply::Permanent));
            assert!(stops_short(&log, expected), "call {call} failed: {log:?} of {expected:?}");
            let (log, _) =
                noted(&flow, |store| (0..3).for_each(|again| store.fail(call + again, Reply::NotApplied)));
            assert!(stops_short(&log, expected), "calls from {call} failed: {log:?} of {expected:?}");
        }
    }
    let too_early = ["Wrong".to_owned()];
    assert!(!stops_short(&too_early, &["swap", "Wrong"]), "a planted mistake is found");
}

#[test]
fn a_lost_reply_makes_nothing_be_told_twice() {
    for flow in flows() {
        // Loads and swaps take turns; where the reply to a load is lost, the call fails.
        let lost = |call| noted(&flow, |store| store.fail(call, Reply::ReplyLost)).0;
        let logs: Vec<_> = (0..noted(&flow, |_| ()).1).map(lost).collect();
        assert!(logs.iter().all(|log| log == flow.0 || stops_short(log, flow.0)), "{logs:?}");
        let writes = flow.0.iter().filter(|what| **what == "swap").count();
        assert!(logs.iter().filter(|log| *log == flow.0).count() >= writes, "{logs:?}");
    }
}

#[test]
fn no_event_holds_a_code_a_token_or_a_whole_address() {
    let holds = |event: &Event, secrets: &[String]| {
        let shown = format!("{event:?} {event:#?}");
        secrets.iter().any(|secret| shown.contains(secret.as_str()))
    };
    let mut count = 0;
    for (_, policy, before, run) in flows() {
        let scene = Scene::with(policy());
        let given = before(&scene);
        let mut secrets = vec!["ada@example.org".to_owned(), "32412345678".to_owned()];
        secrets.extend(given.receipt.iter().map(|receipt| receipt.expose().code.to_owned()));
        secrets.extend(given.receipt.iter().map(|receipt| receipt.otp_id.to_string()));
        if let Some(tokens) = &given.tokens {
            secrets.extend([tokens.access.expose().to_owned(), given.refresh_token().to_owned()]);
        }
        run(&scene, &given);
        for event in scene.log.events() {
            assert!(!holds(&event, &secrets), "{event:?}");
            count += 1;
        }
        let planted = Event::FailuresCleared { recipient: ada().address().to_owned() };
        assert!(holds(&planted, &secrets), "a planted mistake is found");
    }
    assert!(count > 30, "{count}");
}

/// The flags of a request's event: repeated, lengthened, decoy, fixed.
fn flags(scene: &Scene) -> [bool; 4] {
    match scene.log.events().pop() {
        Some(Event::Requested { recipient, purpose, repeated, lengthened, decoy, fixed, .. }) => {
            assert_eq!((recipient.as_str(), purpose.as_str()), ("a•••@example.org", "login"));
            [repeated, lengthened, decoy, fixed]
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_that_is_not_like_the_others_is_told_as_what_it_is() {
    let send = |scene: &Scene, request: Request| {
        scene.log.take();
        block_on(scene.otp.issue(request)).unwrap();
        (scene.log.take(), flags(scene))
    };
    let written = || vec!["swap".to_owned(), "Requested".to_owned()];
    let login = || Request::login(&ada());

    let scene = Scene::with(Policy::default().accept_risk(5e-6));
    assert_eq!(send(&scene, login().idempotency_key("this press of the button")), (written(), [false; 4]));
    let again = send(&scene, login().idempotency_key("this press of the button"));
    assert_eq!(again, (vec!["Requested".to_owned()], [true, false, false, false]));
    scene.clock.advance(seconds(30));
    assert_eq!(send(&scene, login()), (written(), [false, true, false, false]));

    let scene = Scene::with(Policy::default());
    assert_eq!(send(&scene, login().account_exists(false)), (written(), [false, false, true, false]));

    let until = start().saturating_add(seconds(60));
    let test = TestRecipient::new(ada(), "123456", until).unwrap();
    let scene = Scene::with(Policy::default().test_recipient(test));
    assert_eq!(send(&scene, login()), (written(), [false, false, false, true]));
}

#[test]
fn a_code_is_told_voided_only_where_it_was() {
    for (failing, voided) in [(None, true), (Some(2), false), (Some(3), false)] {
        let scene = Scene::with(Policy::default());
        scene.notifier.fail(0, Mishap::Permanent);
        if let Some(call) = failing {
            scene.store.fail(call, Reply::Permanent);
        }
        assert!(block_on(scene.otp.send(Request::login(&ada()))).is_err());
        let (recipient, purpose) = (ada().masked(), Purpose::LOGIN);
        assert_eq!(scene.log.events().pop(), Some(Event::NotHandedOver { recipient, purpose, voided }));
    }
}

#[test]
fn what_was_refused_after_its_write_is_not_told_as_done() {
    let scene = Scene::with(Policy::default());
    let given = Given::signed_in(&scene);
    block_on(scene.otp.revoke_subject("ada@example.org")).unwrap();
    scene.log.take();
    assert!(block_on(scene.otp.refresh(given.refresh_token())).is_err());
    assert_eq!(scene.log.take(), ["swap"], "all of the subject's sessions had been taken back");

    let scene = Scene::with(Policy::default());
    let given = Given::sent(&scene);
    scene.log.take();
    *scene.sleep.lock().unwrap() = seconds(300);
    assert!(block_on(scene.otp.verify(given.submission(true))).is_err());
    assert_eq!(scene.log.take(), ["swap", "NoneLive"], "the code died while this process slept");
}
