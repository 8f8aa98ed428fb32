//! The message that does not go out, or may have: which code lives then, and who is told.

use super::*;

const DELIVERIES: [Mishap; 4] =
    [Mishap::Permanent, Mishap::Transient, Mishap::RequestLost, Mishap::ReplyLost];

#[test]
fn a_first_delivery_that_fails_for_good_voids_the_code_and_any_other_keeps_it() {
    for delivery in DELIVERIES {
        for issue_first in [false, true] {
            let what = format!("{delivery:?}, issued first: {issue_first}");
            let scene = Scene::set();
            scene.notifier.fail(0, delivery);
            let (answer, known) = if issue_first {
                let issued = block_on(scene.otp.issue(request())).unwrap();
                (scene.deliver(&issued.otp_id), Some(issued))
            } else {
                (scene.send(), None)
            };
            let arrived = u64::from(delivery == Mishap::ReplyLost);
            assert_eq!(scene.outbox.total(), arrived, "{what}");
            let receipt = match answer {
                Err(SendError::Undeliverable(source)) => {
                    assert!(delivery == Mishap::Permanent && source.is_permanent(), "{what}");
                    // The code is void: it is neither sent nor accepted any more. What it cost stays paid,
                    // its place included, and from outside it looks like any other, so
                    // nobody learns that the message was for a real account.
                    if let Some(issued) = &known {
                        let code = issued.expose().code;
                        assert!(is_refused(&scene.exchange(&issued.otp_id, code)), "{what}");
                    }
                    let again = scene.send();
                    assert!(matches!(again, Err(SendError::Wait { why: Waiting::Spacing, .. })), "{what}");
                    assert_eq!(scene.live_codes(), 1, "{what}: the place stays taken");
                    if let Some(issued) = &known {
                        assert!(scene.deliver(&issued.otp_id).is_ok(), "{what}");
                        assert_eq!(scene.outbox.total(), 0, "{what}: nothing is sent");
                    }
                    scene.recovers(&what);
                    continue;
                }
                Err(SendError::Undelivered { receipt, source }) => {
                    assert!(delivery != Mishap::Permanent, "{what}");
                    assert_eq!(source.may_have_arrived(), delivery != Mishap::Transient, "{what}");
                    receipt
                }
                other => panic!("{what}: {other:?}"),
            };
            // The code lives. Sent again it is the same, after the spacing that the first one paid for.
            let early = scene.deliver(&receipt.otp_id);
            assert!(matches!(early, Err(SendError::Wait { why: Waiting::Spacing, .. })), "{what}: {early:?}");
            scene.clock.advance(seconds(30));
            let again = scene.deliver(&receipt.otp_id).unwrap();
            let third = scene.deliver(&receipt.otp_id);
            assert!(matches!(third, Err(SendError::Wait { why: Waiting::Spacing, .. })), "{what}: {third:?}");
            let code = scene.code().unwrap();
            assert_eq!(code, receipt.expose().code, "{what}");
            assert_eq!((again.otp_id, again.expires_at), (receipt.otp_id, receipt.expires_at), "{what}");
            assert_eq!(scene.outbox.total(), arrived + 1, "{what}");
            assert_eq!(scene.live_codes(), 1, "{what}");
            assert!(scene.exchange(&receipt.otp_id, &code).is_ok(), "{what}");
            scene.recovers(&what);
        }
    }
}

#[test]
fn a_later_delivery_that_fails_keeps_the_code_that_may_have_arrived() {
    for first in [None, Some(Mishap::Transient), Some(Mishap::RequestLost), Some(Mishap::ReplyLost)] {
        for second in DELIVERIES {
            let what = format!("{first:?}, then {second:?}");
            let scene = Scene::set();
            if let Some(first) = first {
                scene.notifier.fail(0, first);
            }
            let receipt = match scene.send() {
                Ok(receipt) => receipt,
                Err(SendError::Undelivered { receipt, .. }) => *receipt,
                other => panic!("{what}: {other:?}"),
            };
            scene.clock.advance(seconds(30));
            scene.notifier.fail(0, second);
            let again = scene.deliver(&receipt.otp_id);
            assert!(matches!(again, Err(SendError::Undelivered { .. })), "{what}: {again:?}");
            assert!(scene.exchange(&receipt.otp_id, receipt.expose().code).is_ok(), "{what}");
            scene.recovers(&what);
        }
    }
}

#[test]
fn a_void_that_fails_never_claims_to_have_voided() {
    // The load and the swap of the delivery, then those of the void.
    for (call, reply) in (2..4).flat_map(|call| REPLIES.map(|reply| (call, reply))) {
        for times in [1, 3] {
            let what = format!("call {call}, {times} times {reply:?}");
            let scene = Scene::set();
            let issued = block_on(scene.otp.issue(request())).unwrap();
            scene.notifier.fail(0, Mishap::Permanent);
            scene.plan(&(call..call + times).map(|call| (call, reply)).collect::<Vec<_>>());
            let answer = scene.deliver(&issued.otp_id);
            drain(&scene);
            match answer {
                Err(SendError::Undeliverable(_)) => {
                    assert!(is_refused(&scene.exchange(&issued.otp_id, issued.expose().code)), "{what}");
                }
                Err(SendError::Undelivered { receipt, source }) => {
                    assert!(source.is_permanent(), "{what}");
                    // In doubt the receipt is handed out, and sending again does no harm either way.
                    scene.clock.advance(seconds(30));
                    assert!(scene.deliver(&receipt.otp_id).is_ok(), "{what}");
                }
                other => panic!("{what}: {other:?}"),
            }
            scene.recovers(&what);
        }
    }
}

#[test]
fn a_process_that_dies_between_storing_and_sending_leaves_a_code_that_another_can_send() {
    // The first process issued, told the client the otp id, and died before it delivered.
    let (clock, memory) = (ManualClock::default(), memory());
    let first = House::on(memory.clone(), clock.clone(), patient());
    let issued = block_on(first.otp.issue(request())).unwrap();
    let id = issued.otp_id.to_string();
    drop(first);
    let second = House::on(memory, clock, patient());
    assert!(block_on(second.otp.deliver(&id.parse().unwrap())).is_ok(), "it was paid for when it was issued");
    assert_eq!(second.code(&ada()), issued.expose().code);
    let again = block_on(second.otp.deliver(&id.parse().unwrap()));
    assert!(
        matches!(again, Err(SendError::Wait { why: Waiting::Spacing, .. })),
        "a second delivery is spaced"
    );
}

#[test]
fn sending_again_gives_no_fresh_attempts() {
    let scene = Scene::set();
    let sent = scene.send().unwrap();
    let code = scene.code().unwrap();
    for left in (0..5_u8).rev() {
        match scene.exchange(&sent.otp_id, &other_than(&code)) {
            Err(ExchangeError::Refused(refused)) => assert_eq!(refused.attempts_left, Some(left)),
            other => panic!("{other:?}"),
        }
        scene.clock.advance(seconds(15 * 60));
        let again = scene.deliver(&sent.otp_id);
        match again {
            Ok(receipt) => assert_eq!((receipt.attempts, left > 0), (left, true)),
            Err(error) => assert!(matches!(error, SendError::Gone) && left == 0, "{error:?}"),
        }
    }
    assert!(scene.exchange(&sent.otp_id, &code).is_err());
}
