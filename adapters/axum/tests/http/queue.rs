//! The answer waits for no delivery; a queue that is full refuses before a code is made; at the end
//! everything is delivered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{ADA, World, policy};
use otp_exchange::{Accepted, Message, Notifier, NotifyError, Outbox};
use otp_exchange_axum::Deliveries;
use reqwest::Method;
use serde_json::json;
use tokio::sync::Semaphore;

/// A carrier that takes a message only when it is let.
#[derive(Clone)]
struct Slow {
    outbox: Outbox,
    turns: Arc<Semaphore>,
}

impl Notifier for Slow {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        self.turns.acquire().await.map_err(NotifyError::transient)?.forget();
        self.outbox.notify(message).await
    }
}

async fn slow(places: usize, at_once: usize) -> (World, Arc<Semaphore>) {
    let (outbox, turns) = (Outbox::new(), Arc::new(Semaphore::new(0)));
    let notifier = Slow { outbox: outbox.clone(), turns: turns.clone() };
    let queue = |otp| Deliveries::with_room(otp, places, at_once);
    (World::build(policy(), notifier, outbox, queue, |api| api, true).await, turns)
}

async fn ask(world: &World, to: &str) -> crate::support::Answer {
    world.post("/codes", json!({ "to": to })).await
}

#[tokio::test]
async fn a_slow_carrier_delays_no_answer() {
    let (world, turns) = slow(8, 1).await;
    let first = ask(&world, ADA).await; // answered, though its message cannot be handed over
    let second = ask(&world, "grace@example.org").await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (202, 202));
    assert_eq!((world.outbox.total(), world.deliveries.waiting()), (0, 2));
    turns.add_permits(2);
    world.settle().await;
    assert_eq!(world.outbox.total(), 2);
    let typed = json!({ "otp_id": first.text("otp_id"), "code": world.last_code(ADA) });
    assert_eq!(world.post("/exchange", typed).await.status, 200);
}

#[tokio::test]
async fn a_full_queue_refuses_before_a_code_is_made() {
    let (world, turns) = slow(2, 1).await;
    let first = ask(&world, ADA).await;
    assert_eq!(ask(&world, "grace@example.org").await.status, 202);
    let calls = world.store.calls();
    let full = ask(&world, "alan@example.org").await;
    assert_eq!((full.status.as_u16(), full.problem().as_str()), (503, "unavailable"));
    assert_eq!(full.header("retry-after"), Some("1"));
    world.pass(30);
    let resend = world.request(Method::POST, &format!("/codes/{}/resend", first.text("otp_id")));
    assert_eq!(world.send(resend).await.status, 503);
    assert_eq!(world.store.calls(), calls, "the store was not asked");
    turns.add_permits(3);
    world.settle().await;
    assert_eq!(ask(&world, "alan@example.org").await.status, 202);
    world.settle().await;
    assert_eq!(world.outbox.total(), 3);
}

#[tokio::test]
async fn a_request_that_is_refused_gives_its_place_back() {
    let (world, turns) = slow(1, 1).await;
    turns.add_permits(10);
    for _ in 0..3 {
        assert_eq!(ask(&world, "nobody").await.status, 400);
    }
    assert_eq!(ask(&world, ADA).await.status, 202);
    world.settle().await;
    for _ in 0..3 {
        assert_eq!(ask(&world, ADA).await.status, 429); // too soon
    }
    world.settle().await;
    assert_eq!(ask(&world, "grace@example.org").await.status, 202);
}

#[tokio::test]
async fn what_is_under_way_is_finished_and_nothing_more_is_taken() {
    let (world, turns) = slow(8, 2).await;
    for person in [ADA, "grace@example.org", "alan@example.org"] {
        assert_eq!(ask(&world, person).await.status, 202);
    }
    let finish = tokio::spawn({
        let deliveries = world.deliveries.clone();
        async move { deliveries.finish().await }
    });
    turns.add_permits(2);
    while world.deliveries.waiting() > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&world, "edsger@example.org").await.status, 503);
    assert!(!finish.is_finished(), "one is under way");
    turns.add_permits(1);
    finish.await.unwrap();
    assert_eq!(world.outbox.total(), 3);
}

/// A carrier that takes down whether the answer was there before it began.
#[derive(Clone)]
struct Behind {
    outbox: Outbox,
    is_answered: Arc<AtomicBool>,
    was_answered: Arc<AtomicBool>,
}

impl Notifier for Behind {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        self.was_answered.store(self.is_answered.load(Ordering::SeqCst), Ordering::SeqCst);
        self.outbox.notify(message).await
    }
}

#[tokio::test]
async fn on_one_thread_the_answer_comes_before_the_carrier_begins() {
    let outbox = Outbox::new();
    let carrier =
        Behind { outbox: outbox.clone(), is_answered: Arc::default(), was_answered: Arc::default() };
    let world = World::build(policy(), carrier.clone(), outbox, Deliveries::new, |api| api, true).await;
    let ada = otp_exchange::Recipient::parse(ADA).unwrap();
    let request = otp_exchange::Request::login(&ada);
    world.deliveries.send(request, |receipt| receipt.length).await.unwrap();
    carrier.is_answered.store(true, Ordering::SeqCst);
    world.settle().await;
    assert!(carrier.was_answered.load(Ordering::SeqCst), "else its work shows in the time of the answer");
    assert_eq!(world.outbox.total(), 1);
}
