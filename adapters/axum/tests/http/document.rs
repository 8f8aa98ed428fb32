//! The OpenAPI document is true: each status and type of problem it names is produced, nothing else is, and
//! each answer has the form it says.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::support::{ADA, Answer, CALLER, World, other_than, policy};
use otp_exchange::testkit::Reply;
use otp_exchange::{DialCode, Grant, Outbox, Policy, Purpose, Quota, Timestamp};
use otp_exchange_axum::{Api, Asked, Deliveries, problems};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// What was answered to which operation: method and path as the document has it.
#[derive(Default)]
struct Heard(Vec<(&'static str, &'static str, Answer)>);

impl Heard {
    fn take(&mut self, method: &'static str, path: &'static str, answer: Answer) {
        self.0.push((method, path, answer));
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

#[tokio::test]
async fn every_answer_that_the_document_names_is_produced_and_has_its_form() {
    let world = World::with(policy(), with_grant).await;
    let document = world.get("/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{ "url": "/otp" }]));
    let mut heard = Heard::default();
    bodies(&world, &mut heard).await;
    codes(&world, &mut heard).await;
    tokens(&world, &mut heard).await;
    throttled(&mut heard).await;
    put_together_wrongly(&mut heard).await;
    store_down(&mut heard).await;

    for (method, path, answer) in &heard.0 {
        let status = answer.status.as_str();
        let said = &document["paths"][*path][*method]["responses"][status];
        assert!(
            said.is_object(),
            "{method} {path} answered {status}, which is not documented: {}",
            answer.body
        );
        hold(&document, said, answer);
    }
    let mut missing = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, said) in operation["responses"].as_object().unwrap() {
                let produced = || {
                    let of = |(m, p, answer): &&(&'static str, &'static str, Answer)| {
                        m == method && p == path && answer.status.as_str() == status
                    };
                    heard.0.iter().filter(of).map(|(.., answer)| answer)
                };
                if produced().next().is_none() {
                    missing.push(format!("{method} {path} {status}"));
                }
                for (fragment, of) in kinds(said) {
                    if !produced().any(|answer| kind(answer) == of) {
                        missing.push(format!("{method} {path} {status} {fragment}"));
                    }
                }
                for of in produced().map(kind).filter(|of| !of.is_null()) {
                    let named = kinds(said).values().any(|named| *named == of);
                    assert!(named, "{method} {path} {status}: {of} is not documented");
                }
            }
        }
    }
    assert!(missing.is_empty(), "documented, and never seen: {missing:#?}");
}

#[tokio::test]
async fn the_document_has_introspection_only_where_the_router_has() {
    let world = World::new().await;
    let api = || Api::new(world.otp.clone(), Deliveries::new(world.otp.clone()));
    let without = serde_json::to_value(api().openapi()).unwrap();
    assert!(without["paths"].get("/introspect").is_none());
    assert!(without["components"].get("securitySchemes").is_none());
    let with = serde_json::to_value(api().introspection([CALLER]).unwrap().openapi()).unwrap();
    assert_eq!(with["paths"]["/introspect"]["post"]["security"], json!([{ "caller": [] }]));
    assert_eq!(with["components"]["securitySchemes"]["caller"]["scheme"], "basic");
    let address = crate::support::serve(axum::Router::new().nest("/otp", api().router()), true).await;
    let answer =
        world.http.post(format!("http://{address}/otp/introspect")).basic_auth(CALLER.0, Some(CALLER.1));
    assert_eq!(answer.form(&[("token", "none")]).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn the_document_says_what_may_be_sent() {
    let world = World::with(policy(), |api| api.purposes([Purpose::REGISTER, Purpose::LOGIN])).await;
    let document = world.get("/openapi.json").await.json();
    let request = &document["components"]["schemas"]["CodeRequest"];
    assert_eq!(request["additionalProperties"], false);
    assert_eq!(
        (&request["required"], &request["properties"]["to"]["type"]),
        (&json!(["to"]), &json!("string"))
    );
    assert_eq!(request["properties"]["purpose"]["enum"], json!(["register", "login", null]));
    let headers = document["paths"]["/codes"]["post"]["parameters"].as_array().unwrap();
    let key = headers.iter().find(|header| header["name"] == "Idempotency-Key").unwrap();
    assert_eq!((&key["in"], &key["required"]), (&json!("header"), &json!(false)));
    assert_eq!((&key["schema"]["minLength"], &key["schema"]["maxLength"]), (&json!(16), &json!(255)));
    for path in ["/token", "/revoke", "/introspect"] {
        let content = document["paths"][path]["post"]["requestBody"]["content"].as_object().unwrap();
        assert_eq!(content.keys().collect::<Vec<_>>(), [FORM], "{path}");
    }
}

#[test]
fn the_types_of_problems_are_what_they_were() {
    let named: BTreeSet<_> =
        problems::ALL.iter().map(|of| (of.uri.rsplit('#').next().unwrap(), of.status.as_u16())).collect();
    let were = [
        ("gone", 404),
        ("insufficient-scope", 403),
        ("internal", 500),
        ("invalid-body", 400),
        ("invalid-field", 400),
        ("invalid-token", 401),
        ("method-not-allowed", 405),
        ("not-a-code", 400),
        ("not-found", 404),
        ("refused", 403),
        ("throttled", 429),
        ("too-large", 413),
        ("unauthenticated", 401),
        ("unavailable", 503),
        ("unsupported-media-type", 415),
    ];
    assert_eq!(named, BTreeSet::from(were));
    assert_eq!(problems::ALL.len(), were.len());
    for of in problems::ALL {
        let page = "https://docs.rs/otp-exchange-axum/latest/otp_exchange_axum/problems/index.html#";
        assert!(of.uri.starts_with(page), "{}", of.uri);
    }
}

/// Grants with everything an answer may have.
fn with_grant(api: Api) -> Api {
    api.on_request(|asked: Asked| async move {
        Ok(asked.request.grant(Grant::for_subject("user-17").scope("read")))
    })
}

/// What every operation with a body says to bodies.
async fn bodies(world: &World, heard: &mut Heard) {
    for (path, takes) in
        [("/codes", JSON), ("/exchange", JSON), ("/token", FORM), ("/revoke", FORM), ("/introspect", FORM)]
    {
        let request = |content_type: &str, body: String| {
            let request = world.request(Method::POST, path).header("content-type", content_type).body(body);
            if path == "/introspect" { request.basic_auth(CALLER.0, Some(CALLER.1)) } else { request }
        };
        for (content_type, body) in
            [("text/plain", "{}".to_owned()), (takes, "x".repeat(16 * 1024 + 1)), (takes, "x".into())]
        {
            heard.take("post", path, world.send(request(content_type, body)).await);
        }
        heard.take("post", path, world.send(request(takes, "{}".into())).await);
    }
}

async fn codes(world: &World, heard: &mut Heard) {
    heard.take("post", "/codes", world.ask(ADA).await);
    let (otp_id, code) = world.code("grace@example.org").await;
    let path = format!("/codes/{otp_id}");
    let resend = || world.request(Method::POST, &format!("{path}/resend"));
    heard.take("post", "/codes/{otp_id}/resend", world.send(resend()).await);
    world.pass(30);
    heard.take("post", "/codes/{otp_id}/resend", world.send(resend()).await);
    heard.take("get", "/codes/{otp_id}", world.get(&path).await);
    for typed in ["no code".to_owned(), other_than(&code), code] {
        heard.take(
            "post",
            "/exchange",
            world.post("/exchange", json!({ "otp_id": otp_id, "code": typed })).await,
        );
    }
    heard.take("delete", "/codes/{otp_id}", world.delete(&path).await);
    heard.take("get", "/codes/{otp_id}", world.get(&path).await);
    heard.take("post", "/codes/{otp_id}/resend", world.send(resend()).await);
}

async fn tokens(world: &World, heard: &mut Heard) {
    let refresh = world.log_in("alan@example.org").await.text("refresh_token");
    let with = |more: &[(&'static str, &'static str)], token: &str| {
        let mut form = vec![("refresh_token", token.to_owned())];
        form.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        world.request(Method::POST, "/token").form(&form)
    };
    let grant = ("grant_type", "refresh_token");
    for request in [
        with(&[("grant_type", "password")], &refresh),
        with(&[grant, ("scope", "read write")], &refresh),
        with(&[grant], "none"),
        with(&[grant, ("scope", "read")], &refresh),
    ] {
        heard.take("post", "/token", world.send(request).await);
    }
    let access = world.log_in("edsger@example.org").await.text("access_token");
    heard.take("post", "/introspect", world.introspect(&access).await);
    heard.take("post", "/introspect", world.form("/introspect", &[("token", &access)]).await);
    heard.take("post", "/revoke", world.form("/revoke", &[("token", &access)]).await);
    heard.take("post", "/introspect", world.introspect(&access).await);
}

async fn throttled(heard: &mut Heard) {
    let world = World::with(policy().client_checks(Quota::new(1, Duration::from_secs(60))), |api| api).await;
    let (otp_id, _) = world.code(ADA).await;
    heard.take("post", "/codes", world.ask(ADA).await);
    let typed = json!({ "otp_id": otp_id, "code": "000000" });
    world.post("/exchange", typed.clone()).await;
    heard.take("post", "/exchange", world.post("/exchange", typed).await);
}

/// Without the addresses of its clients the service cannot limit them.
async fn put_together_wrongly(heard: &mut Heard) {
    let outbox = Outbox::new();
    let world = World::build(policy(), outbox.clone(), outbox, Deliveries::new, |api| api, false).await;
    heard.take("post", "/codes", world.ask(ADA).await);
    heard.take("post", "/exchange", world.post("/exchange", json!({ "otp_id": "", "code": "" })).await);
    // And a field that no client of this API has sent.
    let denied = Policy::default().deny_dial_codes([DialCode::parse("32").unwrap()]);
    let world = World::with(denied, |api| api).await;
    let refused = world.ask("+32412345678").await;
    assert_eq!(refused.text("field"), "to", "{}", refused.body);
    heard.take("post", "/codes", refused);
}

async fn store_down(heard: &mut Heard) {
    let world = World::new().await;
    let tokens = world.log_in("grace@example.org").await;
    let (otp_id, code) = world.code(ADA).await;
    let form = |path: &str, form: &[(&str, String)]| world.request(Method::POST, path).form(form);
    let (code_path, access) = (format!("/codes/{otp_id}"), tokens.text("access_token"));
    let grant = ("grant_type", "refresh_token".to_owned());
    let requests: [(&'static str, &'static str, RequestBuilder); 8] = [
        ("post", "/codes", world.request(Method::POST, "/codes").json(&json!({ "to": ADA }))),
        ("post", "/codes/{otp_id}/resend", world.request(Method::POST, &format!("{code_path}/resend"))),
        ("get", "/codes/{otp_id}", world.request(Method::GET, &code_path)),
        ("delete", "/codes/{otp_id}", world.request(Method::DELETE, &code_path)),
        (
            "post",
            "/exchange",
            world.request(Method::POST, "/exchange").json(&json!({ "otp_id": otp_id, "code": code })),
        ),
        ("post", "/token", form("/token", &[grant, ("refresh_token", tokens.text("refresh_token"))])),
        ("post", "/revoke", form("/revoke", &[("token", access.clone())])),
        (
            "post",
            "/introspect",
            form("/introspect", &[("token", access)]).basic_auth(CALLER.0, Some(CALLER.1)),
        ),
    ];
    for (method, path, request) in requests {
        world.store.fail(0, Reply::NotApplied);
        let answer = world.send(request).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("retry-after")),
            (503, Some("1")),
            "{method} {path}"
        );
        heard.take(method, path, answer);
    }
}

/// The types of errors that the examples of an answer name.
fn kinds(said: &Value) -> BTreeMap<String, Value> {
    let examples = |content: &Value| content["examples"].as_object().cloned().unwrap_or_default();
    let contents = said["content"].as_object().cloned().unwrap_or_default();
    let examples = contents.values().flat_map(examples);
    examples.map(|(name, example)| (name, kind_of(&example["value"]))).collect()
}

fn kind(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).map(|body| kind_of(&body)).unwrap_or_default()
}

fn kind_of(body: &Value) -> Value {
    if body["type"].is_string() { body["type"].clone() } else { body["error"].clone() }
}

/// Holds an answer against what the document says of it: content type, headers, and each member.
fn hold(document: &Value, said: &Value, answer: &Answer) {
    let Some(content) = said["content"].as_object() else {
        assert_eq!(answer.body, "");
        return;
    };
    let content_type = answer.header("content-type").unwrap();
    let content =
        content.get(content_type).unwrap_or_else(|| panic!("{content_type} is not documented: {said}"));
    fits(document, &content["schema"], &answer.json());
    for name in said["headers"].as_object().into_iter().flat_map(|headers| headers.keys()) {
        assert!(answer.header(name).is_some(), "no {name}: {}", answer.body);
    }
    for name in ["retry-after", "www-authenticate"] {
        let named = said["headers"]
            .as_object()
            .is_some_and(|headers| headers.keys().any(|key| key.eq_ignore_ascii_case(name)));
        assert_eq!(answer.header(name).is_some(), named, "{name} is not documented: {}", answer.body);
    }
}

fn fits(document: &Value, schema: &Value, value: &Value) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
        return fits(document, schema, value);
    }
    let right = match schema["type"].as_str().unwrap_or_else(|| panic!("no one type: {schema}")) {
        "object" => value.is_object(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        other => panic!("{other} is no type of this API"),
    };
    assert!(right, "{value} is not of {schema}");
    if schema["format"] == "date-time" {
        serde_json::from_value::<Timestamp>(value.clone()).unwrap();
    }
    let Some(members) = value.as_object() else { return };
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(members.contains_key(name.as_str().unwrap()), "{name} is missing: {value}");
    }
    for (name, member) in members {
        let schema =
            schema["properties"].get(name).unwrap_or_else(|| panic!("{name} is not documented: {value}"));
        fits(document, schema, member);
    }
}
