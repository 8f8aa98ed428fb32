//! Nothing that is answered tells who has an account, nor does what the store is asked meanwhile.

use crate::support::{Answer, World, few_sends};
use otp_exchange::{Grant, Purpose};
use otp_exchange_axum::{Api, Asked};
use reqwest::Method;
use serde_json::{Value, json};

const KNOWN: &str = "ada@example.org";
const UNKNOWN: &str = "eve@example.org";

/// An application that knows one person.
fn knowing(api: Api) -> Api {
    api.purposes([Purpose::LOGIN, Purpose::REGISTER]).on_request(|asked: Asked| async move {
        let known = asked.recipient.canonical() == KNOWN;
        Ok(asked.request.account_exists(known).grant(Grant::for_subject("user-0017").scope("read")))
    })
}

/// What somebody who watches could compare: status, headers, body with otp ids and dates masked, and the
/// calls to the store.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    step: &'static str,
    answer: (u16, Vec<(String, Vec<u8>)>, String),
    length: usize,
    calls: (u64, u64, u64),
}

struct Watch {
    world: World,
    seen: Vec<Seen>,
    before: (u64, u64, u64),
}

impl Watch {
    async fn begin() -> Self {
        Self { world: World::with(few_sends(3), knowing).await, seen: Vec::new(), before: (0, 0, 0) }
    }

    async fn see(&mut self, step: &'static str, answer: Answer) -> Answer {
        self.world.settle().await;
        let counts = &self.world.counts;
        let (loads, swaps, applied) = (counts.loads(), counts.swaps(), counts.applied());
        let calls = (loads - self.before.0, swaps - self.before.1, applied - self.before.2);
        self.before = (loads, swaps, applied);
        let (status, headers, body) = answer.bytes();
        let masked = match serde_json::from_str::<Value>(&body) {
            Ok(mut json) => {
                for name in ["otp_id", "expires_at", "resend_at", "created_at"] {
                    if let Some(text) = json[name].as_str() {
                        json[name] = json!(text.len()); // its length is not masked
                    }
                }
                json.to_string()
            }
            Err(_) => body.clone(),
        };
        self.seen.push(Seen { step, answer: (status, headers, masked), length: body.len(), calls });
        answer
    }
}

/// Everything somebody can do with an address, and the code it never saw.
async fn watch(person: &str, purpose: &str) -> Vec<Seen> {
    let mut watch = Watch::begin().await;
    let asking = || json!({ "to": person, "purpose": purpose });
    let asked = watch.world.post("/codes", asking()).await;
    let otp_id = watch.see("request", asked).await.text("otp_id");
    let path = format!("/codes/{otp_id}");
    let resend = |world: &World| world.request(Method::POST, &format!("{path}/resend"));

    let answer = watch.world.get(&path).await;
    watch.see("status", answer).await;
    let answer = watch.world.post("/codes", asking()).await;
    assert_eq!(watch.see("throttled", answer).await.status, 429);
    let answer = watch.world.send(resend(&watch.world)).await;
    assert_eq!(watch.see("resend too soon", answer).await.status, 429);
    watch.world.pass(30);
    let answer = watch.world.send(resend(&watch.world)).await;
    assert_eq!(watch.see("resend", answer).await.status, 202);
    let answer = watch.world.get(&path).await;
    watch.see("status after", answer).await;
    for typed in ["000000", "00000", "no code", "000 000", "999999"] {
        let answer = watch.world.post("/exchange", json!({ "otp_id": otp_id, "code": typed })).await;
        watch.see("wrong code", answer).await;
    }
    watch.world.pass(60);
    let keyed = watch.world.request(Method::POST, "/codes").header("idempotency-key", "0190c6a5-7d2e-7c1a");
    let again = || keyed.try_clone().unwrap().json(&asking());
    for step in ["with a key", "with that key again"] {
        let answer = watch.world.send(again()).await;
        watch.see(step, answer).await;
    }
    watch.world.pass(60);
    let answer = watch.world.post("/codes", asking()).await;
    assert_eq!(watch.see("client throttled", answer).await.status, 429);
    let answer = watch.world.delete(&path).await;
    watch.see("cancel", answer).await;
    let answer = watch.world.get(&path).await;
    watch.see("status of none", answer).await;
    let answer = watch.world.send(resend(&watch.world)).await;
    watch.see("resend of none", answer).await;
    watch.world.pass(600);
    let answer = watch.world.post("/exchange", json!({ "otp_id": otp_id, "code": "000000" })).await;
    watch.see("expired", answer).await;
    watch.seen
}

#[tokio::test]
async fn people_with_and_without_an_account_look_the_same() {
    for purpose in ["login", "register"] {
        let (known, unknown) = (watch(KNOWN, purpose).await, watch(UNKNOWN, purpose).await);
        assert_eq!(known.len(), unknown.len());
        for (known, unknown) in known.into_iter().zip(unknown) {
            assert_eq!(known, unknown, "{purpose}");
        }
    }
}

#[tokio::test]
async fn they_are_not_the_same_to_those_who_get_the_message() {
    // Else the test above would compare nothing.
    let world = World::with(few_sends(30), knowing).await;
    for (person, purpose) in
        [(KNOWN, "login"), (UNKNOWN, "login"), (KNOWN, "register"), (UNKNOWN, "register")]
    {
        let sent = world.outbox.total();
        assert_eq!(world.post("/codes", json!({ "to": person, "purpose": purpose })).await.status, 202);
        world.settle().await;
        let arrives = (person == KNOWN) == (purpose == "login");
        assert_eq!(world.outbox.total() - sent, u64::from(arrives), "{person} {purpose}");
        world.pass(30);
    }
}

#[tokio::test]
async fn an_otp_id_that_is_dead_altered_malformed_or_another_services_is_answered_alike() {
    let world = World::new().await;
    let other = World::new().await;
    let (dead, code) = world.code(KNOWN).await;
    world.pass(301);
    let foreign = other.code(KNOWN).await.0;
    let altered = if dead.ends_with('A') { dead[..86].to_owned() + "E" } else { dead[..86].to_owned() + "A" };
    let mut names = vec![
        dead.clone(),
        foreign,
        altered,
        "none".into(),
        dead[..86].to_owned(),
        "A".repeat(87),
        "%FF".into(),
    ];
    let mut answers = Vec::new();
    for name in &names {
        let path = format!("/codes/{name}");
        let resend = world.request(Method::POST, &format!("{path}/resend"));
        answers.push((
            world.get(&path).await.bytes(),
            world.send(resend).await.bytes(),
            world.delete(&path).await.bytes(),
        ));
    }
    assert_eq!((answers[0].0.0, answers[0].1.0, answers[0].2.0), (404, 404, 204));
    for (name, answer) in names.iter().zip(&answers) {
        assert_eq!(*answer, answers[0], "{name}");
    }
    names.push(String::new());
    for typed in [code.as_str(), "000000", "no code", ""] {
        let mut answers = Vec::new();
        for name in &names {
            answers.push(world.post("/exchange", json!({ "otp_id": name, "code": typed })).await);
        }
        if typed == code {
            assert_eq!(
                (answers[0].problem().as_str(), &answers[0].json()["attempts_left"]),
                ("refused", &json!(0))
            );
        }
        for (name, answer) in names.iter().zip(&answers) {
            assert_eq!(answer.bytes(), answers[0].bytes(), "{name} {typed}");
        }
    }
}
