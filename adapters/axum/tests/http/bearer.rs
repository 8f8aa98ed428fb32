//! An application's own endpoints let the holders of good access tokens in, and tell all others how to get
//! there.

use std::sync::Arc;

use crate::support::{ADA, Answer, World, policy};
use axum::routing::get;
use axum::{Json, Router};
use otp_exchange::testkit::Reply;
use otp_exchange::{DynExchanger, Grant};
use otp_exchange_axum::{Asked, Bearer, Problem};

async fn who(Bearer(claims): Bearer) -> Json<String> {
    Json(claims.subject)
}

async fn write(bearer: Bearer) -> Result<Json<String>, Problem> {
    bearer.require_scope("write")?;
    Ok(Json(bearer.0.subject))
}

/// The application, and how it is asked.
struct Application {
    world: World,
    url: String,
}

impl Application {
    async fn new() -> Self {
        let world = World::with(policy(), |api| {
            let grant = || Grant::for_subject("user-17").scope("read");
            api.on_request(move |asked: Asked| async move { Ok(asked.request.grant(grant())) })
        })
        .await;
        let routes = Router::new().route("/who", get(who)).route("/write", get(write));
        let app = routes.with_state::<()>(Arc::<DynExchanger>::clone(&world.otp));
        let url = format!("http://{}", crate::support::serve(app, true).await);
        Self { world, url }
    }

    async fn asks(&self, path: &str, credentials: &[&str]) -> Answer {
        let request = self.world.http.get(format!("{}{path}", self.url));
        let with = credentials.iter().fold(request, |request, value| request.header("authorization", *value));
        self.world.send(with).await
    }
}

fn challenge(answer: &Answer) -> (u16, String, &str) {
    (answer.status.as_u16(), answer.problem(), answer.header("www-authenticate").unwrap())
}

#[tokio::test]
async fn a_good_token_lets_its_holder_in_as_far_as_its_scopes_go() {
    let application = Application::new().await;
    let access = application.world.log_in(ADA).await.text("access_token");
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let answer = application.asks("/who", &[&format!("{scheme} {access}")]).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, r#""user-17""#));
    }
    let answer = application.asks("/write", &[&format!("Bearer {access}")]).await;
    let expected = r#"Bearer error="insufficient_scope", scope="write""#;
    assert_eq!(challenge(&answer), (403, "insufficient-scope".into(), expected));
}

#[tokio::test]
async fn whoever_has_none_is_told_what_is_wanted_and_nothing_more() {
    // RFC 6750 section 3.1: no error code for a request without credentials, or with others.
    let application = Application::new().await;
    let others: [&[&str]; 4] = [&[], &["Basic Z2F0ZXdheTpzZWNyZXQ="], &["Negotiate"], &[""]];
    for credentials in others {
        let answer = application.asks("/who", credentials).await;
        assert_eq!(challenge(&answer), (401, "unauthenticated".into(), "Bearer"), "{credentials:?}");
    }
}

#[tokio::test]
async fn a_malformed_request_is_400_and_a_bad_token_401() {
    let application = Application::new().await;
    let tokens = application.world.log_in(ADA).await;
    let good = format!("Bearer {}", tokens.text("access_token"));
    let malformed: [&[&str]; 6] =
        [&["Bearer"], &["Bearer "], &["Bearer a b"], &["Bearer a,b"], &[&good, &good], &["Basic x", &good]];
    for credentials in malformed {
        let answer = application.asks("/who", credentials).await;
        assert_eq!(
            challenge(&answer),
            (400, "invalid-field".into(), r#"Bearer error="invalid_request""#),
            "{credentials:?}"
        );
    }
    let refresh = format!("Bearer {}", tokens.text("refresh_token"));
    let mut answers = Vec::new();
    for token in ["Bearer none", &refresh, &good[..good.len() - 1]] {
        answers.push(application.asks("/who", &[token]).await);
    }
    application.world.pass(600);
    answers.push(application.asks("/who", &[&good]).await);
    for answer in &answers {
        assert_eq!(challenge(answer), (401, "invalid-token".into(), r#"Bearer error="invalid_token""#));
        assert_eq!(answer.bytes(), answers[0].bytes());
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_no_reason_to_sign_in_again() {
    let application = Application::new().await;
    let good = format!("Bearer {}", application.world.log_in(ADA).await.text("access_token"));
    application.world.store.fail(0, Reply::Permanent);
    let answer = application.asks("/who", &[&good]).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (503, "unavailable"));
    assert_eq!((answer.header("retry-after"), answer.header("www-authenticate")), (Some("1"), None));
    assert_eq!(application.asks("/who", &[&good]).await.status, 200);
}
