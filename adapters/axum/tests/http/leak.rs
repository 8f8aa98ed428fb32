//! No code, token, key or whole address is in an answer or in the log, but for tokens where they belong.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use crate::support::{Answer, CALLER, World, other_than, policy};
use axum::extract::FromRef;
use axum::routing::get;
use axum::{Json, Router};
use otp_exchange::testkit::{FaultyNotifier, Mishap, Reply};
use otp_exchange::{DynExchanger, Grant, Outbox};
use otp_exchange_axum::{Api, Asked, Bearer, Deliveries, Problem};
use reqwest::Method;
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const ADDRESS: &str = "ada.lovelace@example.org";
const NUMBER: &str = "+32412345678";
const KEY: &str = "0190c6a5-7d2e-7c1a-9d55-2b8f0a1c3e4d";
const COOKIE: &str = "session=of-the-application";
const IP: &str = "203.0.113.77";

/// All that is written to the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Line(&mut self.0.lock().unwrap()));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Line(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Line(&mut self.0.lock().unwrap()));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0, "{}={value:?}", field.name()).unwrap();
    }
}

/// What must not show, and where it may.
#[derive(Default)]
struct Search {
    secrets: Vec<String>,
    answers: Vec<Answer>,
}

impl Search {
    fn take(&mut self, answer: Answer) -> Answer {
        self.answers.push(answer.clone());
        answer
    }

    fn hide(&mut self, secret: &str) {
        self.secrets.push(secret.to_owned());
    }

    /// The tokens of an answer are secrets everywhere else.
    fn tokens(&mut self, answer: &Answer) -> (String, String) {
        assert_eq!(answer.status, 200, "{}", answer.body);
        let (access, refresh) = (answer.text("access_token"), answer.text("refresh_token"));
        self.hide(&access);
        self.hide(&refresh);
        (access, refresh)
    }
}

#[tokio::test]
async fn neither_answers_nor_the_log_tell_a_secret() {
    let log = Log::default();
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    let outbox = Outbox::new();
    let notifier = FaultyNotifier::new(outbox.clone());
    let world = World::build(
        policy(),
        notifier.clone(),
        outbox,
        Deliveries::new,
        |api: Api| {
            crate::support::behind_a_proxy(api).on_request(|asked: Asked| async move {
                tracing::debug!(?asked, "as an application may log it");
                let grant = Grant::for_subject("user-17").scope("read").metadata("plan", "pro");
                Ok(asked.request.grant(grant))
            })
        },
        true,
    )
    .await;
    let mut search = Search::default();
    for secret in [ADDRESS, NUMBER, &NUMBER[1..], KEY, IP, COOKIE, CALLER.1] {
        search.hide(secret);
    }

    for (turn, person) in [ADDRESS, NUMBER].into_iter().enumerate() {
        let ask = || {
            let request = world.request(Method::POST, "/codes").json(&json!({ "to": person }));
            request.header("x-forwarded-for", IP).header("cookie", COOKIE)
        };
        let asked = search.take(world.send(ask().header("idempotency-key", KEY)).await);
        let otp_id = asked.text("otp_id");
        world.settle().await;
        let code = world.last_code(person);
        search.hide(&code);
        search.take(world.send(ask()).await); // too soon
        let path = format!("/codes/{otp_id}");
        search.take(world.get(&path).await);
        world.pass(30);
        notifier.fail(0, [Mishap::Transient, Mishap::RequestLost][turn]);
        search.take(world.send(world.request(Method::POST, &format!("{path}/resend"))).await);
        world.settle().await;
        for typed in [
            json!(other_than(&code)),
            json!(code.parse::<u64>().unwrap()),
            json!([code]),
            json!(format!("{code}{code}{code}{code}")),
        ] {
            search.take(world.post("/exchange", json!({ "otp_id": otp_id, "code": typed })).await);
        }
        search.take(world.post("/exchange", json!({ "otp_id": otp_id, "code": code, "extra": code })).await);
        world.store.fail(0, Reply::Permanent);
        search.take(world.post("/exchange", json!({ "otp_id": otp_id, "code": code })).await);
        let tokens = world.post("/exchange", json!({ "otp_id": otp_id, "code": code })).await;
        let (access, refresh) = search.tokens(&tokens);

        let said = search.take(world.introspect(&access).await);
        assert!(said.body.contains("\"active\":true") && !said.body.contains("pro"), "{}", said.body);
        search.take(world.form("/introspect", &[("token", &access)]).await);
        let grant = ("grant_type", "refresh_token");
        search.take(world.form("/token", &[grant, ("refresh_token", &access)]).await);
        search.take(world.form("/token", &[grant, ("refresh_token", &refresh), ("scope", "write")]).await);
        world.store.fail(0, Reply::Permanent);
        search.take(world.form("/token", &[grant, ("refresh_token", &refresh)]).await);
        let next = world.form("/token", &[grant, ("refresh_token", &refresh)]).await;
        let (access, _) = search.tokens(&next);
        world.pass(11);
        search.take(world.form("/token", &[grant, ("refresh_token", &refresh)]).await); // stolen
        search.take(world.form("/revoke", &[("token", &access)]).await);
        search.take(bearer(&world, &access).await);
    }
    notifier.fail(0, Mishap::Permanent);
    search.take(
        world
            .send(world.request(Method::POST, "/codes").json(&json!({ "to": "ada.lovelace@example.com" })))
            .await,
    );
    world.settle().await;
    search.take(world.get("/openapi.json").await);

    let log = log.0.lock().unwrap().clone();
    for expected in [
        "asked=Asked",
        "Requested",
        "HandedOver",
        "NotHandedOver",
        "Wrong",
        "Exchanged",
        "Reused",
        "could not be answered",
    ] {
        assert!(log.contains(expected), "the log was not heard: {expected}\n{log}");
    }
    assert!(search.answers.len() > 30 && search.secrets.len() > 14);
    for secret in &search.secrets {
        assert!(!log.contains(secret.as_str()), "{secret} is in the log:\n{log}");
        for answer in &search.answers {
            let shown = format!("{:?} {}", answer.headers, answer.body);
            assert!(!shown.contains(secret.as_str()), "{secret} is in {shown}");
        }
    }
}

/// An endpoint of the application, asked with a token that is dead.
async fn bearer(world: &World, token: &str) -> Answer {
    #[derive(Clone)]
    struct State(Arc<DynExchanger>);

    impl FromRef<State> for Arc<DynExchanger> {
        fn from_ref(state: &State) -> Self {
            state.0.clone()
        }
    }

    async fn who(bearer: Bearer) -> Result<Json<String>, Problem> {
        bearer.require_scope("write")?;
        Ok(Json(bearer.0.subject))
    }

    let app = Router::new().route("/who", get(who)).with_state(State(world.otp.clone()));
    let address = crate::support::serve(app, true).await;
    world.send(world.http.get(format!("http://{address}/who")).bearer_auth(token)).await
}
