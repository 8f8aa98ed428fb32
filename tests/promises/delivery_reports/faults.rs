//! Reports on a store that fails, and many at once.

use std::sync::Arc;

use otp_exchange::testkit::{CountingStore, FaultyStore, ManualClock, Reply};
use otp_exchange::{
    CodeStore, DeliveryId, Exchanger, Fault, MemoryStore, Message, Outbox, Receipt, ReportError, Request,
};

use super::{Delivered, Failed, HEARD, Sent, reported};
use crate::common::{
    Blind, Events, Rendezvous, ada, block_on, keeping, keyring, login, memory, other_than, race, seeded,
};

struct Scene {
    otp: Exchanger<FaultyStore<CountingStore<MemoryStore>>, Outbox>,
    store: FaultyStore<CountingStore<MemoryStore>>,
    counted: CountingStore<MemoryStore>,
    events: Events,
    sent: Receipt,
    id: DeliveryId,
}

/// A code that was sent, on a store that fails on command.
fn scene() -> Scene {
    let (counted, outbox, events) = (CountingStore::new(memory()), Outbox::new(), Events::default());
    let store = FaultyStore::new(counted.clone());
    let otp = Exchanger::builder(store.clone(), outbox.clone(), keyring())
        .clock(ManualClock::default())
        .entropy(seeded(7))
        .observer(keeping(&events))
        .build()
        .unwrap();
    let sent = block_on(otp.send(Request::login(&ada()))).unwrap();
    let id = outbox.read(&ada(), Message::delivery_id).unwrap();
    reported(&events);
    Scene { otp, store, counted, events, sent, id }
}

#[test]
fn a_store_that_fails_is_a_fault_and_what_was_not_written_is_not_told() {
    const REPLIES: [Reply; 4] = [Reply::NotApplied, Reply::Permanent, Reply::RequestLost, Reply::ReplyLost];
    let (mut at_once, mut later) = (0, 0);
    for (call, reply, times) in (0..2)
        .flat_map(|call| REPLIES.into_iter().flat_map(move |reply| [1, 3].map(|times| (call, reply, times))))
    {
        let what = format!("call {call}, {times} times {reply:?}");
        let scene = scene();
        let applied = scene.counted.applied();
        (call..call + times).for_each(|call| scene.store.fail(call, reply));
        let answer = block_on(scene.otp.report(&scene.id, Failed));
        let written = scene.counted.applied() - applied;
        assert!(written <= 1, "{what}");
        if let Err(error) = &answer {
            let fault = matches!(error, ReportError::Fault(Fault::Unavailable(_)));
            assert!(fault, "{what}: {error:?}");
            assert_eq!(reported(&scene.events), [], "{what}");
            later += 1;
        } else {
            assert_eq!((written, reported(&scene.events)), (1, vec![Failed]), "{what}");
            at_once += 1;
        }
        (0..4).for_each(|_| drop(block_on(scene.otp.consecutive_failures(&ada())))); // uses up the plan
        // The carrier says it again, as carriers do where they get no answer.
        block_on(scene.otp.report(&scene.id, Failed)).unwrap();
        let status = block_on(scene.otp.status(&scene.sent.otp_id)).unwrap();
        assert_eq!(status.expose_delivery(), Some(Failed), "{what}");
        assert_eq!(scene.counted.applied() - applied, 1, "{what}: written once in the end");
        let code = scene.sent.expose().code;
        assert!(block_on(scene.otp.verify(login(&scene.sent.otp_id, code))).is_ok(), "{what}");
    }
    assert!(at_once > 0 && later > 0, "{at_once} {later}");
}

/// Three notices and a submission, all of which have read the same ledger before any of them writes: whether
/// every one of them counts in the end.
fn all_count<S: CodeStore + 'static>(store: S, is_right: bool) -> bool {
    let store = Rendezvous::of(4, store);
    let (outbox, clock) = (Outbox::new(), ManualClock::default());
    let otp = Exchanger::builder(Arc::clone(&store), outbox.clone(), keyring()).clock(clock).build().unwrap();
    let sent = block_on(otp.send(Request::login(&ada()))).unwrap();
    let id = outbox.read(&ada(), Message::delivery_id).unwrap();
    let code = sent.expose().code;
    let typed = if is_right { code.to_owned() } else { other_than(code) };
    let submit = || block_on(otp.verify(login(&sent.otp_id, &typed))).is_ok();
    block_on(otp.report(&id, Sent)).unwrap(); // else nobody would come to where all four wait
    store.hold();
    let worked = race(4, |index| match HEARD.get(index) {
        Some(heard) => block_on(otp.report(&id, *heard)).is_err(),
        None => submit(),
    });
    assert_eq!(worked, [false, false, false, is_right]);
    match block_on(otp.status(&sent.otp_id)) {
        Ok(status) => !is_right && (status.expose_delivery(), status.attempts_left) == (Some(Delivered), 4),
        Err(_) => is_right && !submit(),
    }
}

#[test]
fn notices_that_come_at_once_lose_nothing_and_bring_no_used_code_back() {
    for _ in 0..20 {
        assert!(all_count(memory(), true) && all_count(memory(), false));
    }
    assert!(!all_count(Blind(memory()), false), "a store that writes over what it was not told of is found");
}
