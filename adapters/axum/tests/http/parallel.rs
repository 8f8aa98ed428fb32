//! Of many right exchanges and refreshes at once one wins; of many wrong ones no more are answered than may
//! be.

use std::collections::BTreeSet;

use crate::support::{ADA, Answer, World, other_than};
use serde_json::json;

const CLIENTS: usize = 100;

async fn at_once(world: &World, path: &str, body: serde_json::Value) -> Vec<Answer> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let request = world.request(reqwest::Method::POST, path).json(&body);
        tasks.spawn(async move {
            let response = request.send().await.unwrap();
            let (status, headers) = (response.status(), response.headers().clone());
            Answer { status, headers, body: response.text().await.unwrap() }
        });
    }
    tasks.join_all().await
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status.as_u16() == status).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_right_code_is_exchanged_once() {
    let world = World::new().await;
    let (otp_id, code) = world.code(ADA).await;
    let answers = at_once(&world, "/exchange", json!({ "otp_id": otp_id, "code": code })).await;
    assert_eq!((count(&answers, 200), count(&answers, 403)), (1, CLIENTS - 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_codes_get_five_verdicts() {
    let world = World::new().await;
    let (otp_id, code) = world.code(ADA).await;
    let answers = at_once(&world, "/exchange", json!({ "otp_id": otp_id, "code": other_than(&code) })).await;
    assert_eq!(count(&answers, 403), CLIENTS);
    let mut left: Vec<_> =
        answers.iter().map(|answer| answer.json()["attempts_left"].as_u64().unwrap()).collect();
    left.sort_unstable();
    assert_eq!(&left[CLIENTS - 4..], [1, 2, 3, 4]);
    assert!(left[..CLIENTS - 4].iter().all(|&left| left == 0));
    assert_eq!(world.post("/exchange", json!({ "otp_id": otp_id, "code": code })).await.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_person_gets_one_code_and_one_key_one_message() {
    let world = World::new().await;
    let answers = at_once(&world, "/codes", json!({ "to": ADA })).await;
    assert_eq!((count(&answers, 202), count(&answers, 429)), (1, CLIENTS - 1));
    world.settle().await;
    assert_eq!(world.outbox.total(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refresh_token_has_one_successor() {
    let world = World::new().await;
    let refresh = world.log_in(ADA).await.text("refresh_token");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
        let request = world.request(reqwest::Method::POST, "/token").form(&form);
        tasks.spawn(async move { request.send().await.unwrap().text().await.unwrap() });
    }
    let answers: BTreeSet<_> = tasks.join_all().await.into_iter().collect();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(answers.first().unwrap().contains("access_token"));
}
