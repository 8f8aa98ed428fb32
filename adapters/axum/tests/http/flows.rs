//! The main job, as a client of the service sees it.

use crate::support::{ADA, World, other_than, policy};
use otp_exchange::{Grant, Purpose};
use otp_exchange_axum::Asked;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_code_is_requested_exchanged_and_its_tokens_live_and_die() {
    let world = World::with(policy().allow_redirect("https://app.example/in"), |api| {
        api.on_request(|asked: Asked| async move {
            let grant = Grant::for_subject("user-17").scope("profile:read").scope("orders");
            Ok(asked.request.grant(grant.redirect_to("https://app.example/in")))
        })
    })
    .await;
    let asked = world.ask(ADA).await;
    assert_eq!(asked.status, 202);
    let json = asked.json();
    assert_eq!(
        (&json["attempts"], &json["length"], &json["expires_in"]),
        (&json!(5), &json!(6), &json!(300))
    );
    assert_eq!((&json["resend_in"], &json["expires_at"]), (&json!(30), &json!("2025-01-01T00:05:00Z")));
    let (otp_id, code) = (asked.text("otp_id"), world.last_code(ADA));

    let wrong = world.post("/exchange", json!({ "otp_id": otp_id, "code": other_than(&code) })).await;
    assert_eq!((wrong.status.as_u16(), wrong.problem().as_str()), (403, "refused"));
    assert_eq!(wrong.json()["attempts_left"], 4);
    let status = world.get(&format!("/codes/{otp_id}")).await.json();
    assert_eq!((&status["attempts_left"], &status["purpose"]), (&json!(4), &json!("login")));

    let tokens = world.post("/exchange", json!({ "otp_id": otp_id, "code": code })).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let json = tokens.json();
    assert_eq!((&json["token_type"], &json["expires_in"]), (&json!("Bearer"), &json!(600)));
    assert_eq!((&json["scope"], &json["subject"]), (&json!("profile:read orders"), &json!("user-17")));
    assert_eq!(json["redirect_url"], "https://app.example/in");
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));

    let again = world.post("/exchange", json!({ "otp_id": otp_id, "code": code })).await;
    assert_eq!((again.status.as_u16(), again.json()["attempts_left"].clone()), (403, json!(0)));

    let said = world.introspect(&access).await.json();
    assert_eq!(
        (&said["active"], &said["sub"], &said["purpose"]),
        (&json!(true), &json!("user-17"), &json!("login"))
    );
    let next = world.form("/token", &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await;
    assert_eq!(next.status, 200, "{}", next.body);
    assert_eq!(next.json().get("redirect_url"), None);
    let revoked = world.form("/revoke", &[("token", &next.text("access_token"))]).await;
    assert_eq!((revoked.status.as_u16(), revoked.body.as_str()), (200, ""));
    assert_eq!(world.introspect(&next.text("access_token")).await.body, r#"{"active":false}"#);
}

#[tokio::test]
async fn a_code_is_sent_again_when_it_is_time_and_taken_back() {
    let world = World::new().await;
    let (otp_id, code) = world.code(ADA).await;
    let path = format!("/codes/{otp_id}");
    let resend = || world.request(Method::POST, &format!("{path}/resend"));

    world.pass(29);
    let early = world.send(resend()).await;
    assert_eq!((early.status.as_u16(), early.problem().as_str()), (429, "throttled"));
    assert_eq!((early.header("retry-after"), &early.json()["retry_after"]), (Some("1"), &json!(1)));
    world.pass(1);
    let again = world.send(resend()).await;
    assert_eq!(again.status, 202, "{}", again.body);
    let json = again.json();
    assert_eq!(
        (&json["expires_in"], &json["resend_in"], &json["attempts"]),
        (&json!(270), &json!(60), &json!(5))
    );
    world.settle().await;
    assert_eq!((world.last_code(ADA), world.outbox.total()), (code.clone(), 2));
    assert_eq!(world.get(&path).await.json()["deliveries"], 2);

    assert_eq!(world.delete(&path).await.status, 204);
    let dead = world.post("/exchange", json!({ "otp_id": otp_id, "code": code })).await;
    assert_eq!(dead.status, 403);
    assert_eq!(world.get(&path).await.problem(), "gone");
    assert_eq!(world.delete(&path).await.status, 204);
}

#[tokio::test]
async fn a_request_repeated_with_its_key_leads_to_the_same_code_and_one_message() {
    let world = World::new().await;
    let ask = |key: &str| {
        world.request(Method::POST, "/codes").header("Idempotency-Key", key).json(&json!({ "to": ADA }))
    };
    let key = "0190c6a5-7d2e-7c1a-9d55-2b8f0a1c3e4d";
    let first = world.send(ask(key)).await;
    let second = world.send(ask(key)).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (202, 202));
    world.settle().await;
    assert_eq!(world.outbox.total(), 1);
    let code = world.last_code(ADA);
    let exchanged = world.post("/exchange", json!({ "otp_id": second.text("otp_id"), "code": code })).await;
    assert_eq!(exchanged.status, 200);
    let short = world.send(ask("short")).await;
    assert_eq!(
        (short.problem().as_str(), short.text("field").as_str()),
        ("invalid-field", "Idempotency-Key")
    );
}

#[tokio::test]
async fn codes_are_for_the_purposes_that_are_named_and_in_the_language_asked_for() {
    let world = World::with(policy(), |api| api.purposes([Purpose::REGISTER, Purpose::LOGIN])).await;
    let to = |person: &str, purpose: &str| json!({ "to": person, "purpose": purpose, "language": "fr-BE" });
    let text = |person: &str| {
        let person = otp_exchange::Recipient::parse(person).unwrap();
        world.outbox.text_for(&person).unwrap().to_string()
    };
    let first = world.ask(ADA).await; // the first purpose, in the default language
    assert_eq!(world.get(&format!("/codes/{}", first.text("otp_id"))).await.json()["purpose"], "register");
    let english = text(ADA);
    let login = world.post("/codes", to("+32412345678", "login")).await;
    assert_eq!(login.status, 202);
    world.settle().await;
    let french = text("+32412345678");
    assert!(!english.contains("Votre") && french.contains("code"), "{french}");
    let header = world.request(Method::POST, "/codes").header("Accept-Language", "fr-BE,en;q=0.5");
    assert_eq!(world.send(header.json(&json!({ "to": "+32412345679" }))).await.status, 202);
    world.settle().await;
    assert_ne!(text("+32412345679"), english);

    let other = world.post("/codes", to(ADA, "payment")).await;
    assert_eq!((other.status.as_u16(), other.text("field").as_str()), (400, "purpose"));
    assert!(!other.body.contains("payment"));

    // What was made elsewhere for another purpose is nothing here.
    let ada = otp_exchange::Recipient::parse("payer@example.org").unwrap();
    let sent = world.otp.send(otp_exchange::Request::new("payment", &ada)).await.unwrap();
    let code = world.last_code("payer@example.org");
    let refused = world.post("/exchange", json!({ "otp_id": sent.otp_id.to_string(), "code": code })).await;
    assert_eq!((refused.status.as_u16(), refused.json()["attempts_left"].clone()), (403, json!(0)));
}

#[tokio::test]
async fn who_registers_is_their_address_unless_the_application_names_them() {
    let world = World::with(policy(), |api| {
        api.purposes([Purpose::REGISTER]).on_request(|asked: Asked| async move {
            Ok(asked.request.account_exists(false).grant(Grant::new().scope("read")))
        })
    })
    .await;
    for person in [ADA, "grace@example.org"] {
        let asked = world.ask(person).await;
        let typed = json!({ "otp_id": asked.text("otp_id"), "code": world.last_code(person) });
        assert_eq!(world.post("/exchange", typed).await.text("subject"), person);
    }
}

#[tokio::test]
async fn the_application_decides_what_a_code_is_worth_and_where_it_goes() {
    let world = World::with(policy(), |api| {
        api.on_request(|asked: Asked| async move {
            assert_eq!(asked.headers["x-tenant"], "acme");
            let stored = otp_exchange::Recipient::parse("Ada@Example.org").unwrap();
            Ok(asked.request_to(&stored).grant(Grant::for_subject("user-17")))
        })
    })
    .await;
    let ask = world
        .request(Method::POST, "/codes")
        .header("x-tenant", "acme")
        .json(&json!({ "to": "ADA@example.org" }));
    let sent = world.send(ask).await;
    world.settle().await;
    let stored = otp_exchange::Recipient::parse(ADA).unwrap();
    let (address, code) = world
        .outbox
        .read(&stored, |message| message.recipient().address().to_owned())
        .map(|address| (address, world.last_code(ADA)))
        .unwrap();
    assert_eq!(address, "Ada@Example.org");
    let tokens = world.post("/exchange", json!({ "otp_id": sent.text("otp_id"), "code": code })).await;
    assert_eq!(tokens.text("subject"), "user-17");
}

#[tokio::test]
async fn what_the_application_got_wrong_is_not_the_clients_fault() {
    for grant in [
        Grant::for_subject(""),
        Grant::new().scope("two words"),
        Grant::new().redirect_to("https://other.example"),
    ] {
        let world = World::with(policy(), move |api| {
            api.on_request(move |asked: Asked| {
                let grant = grant.clone();
                async move { Ok(asked.request.grant(grant)) }
            })
        })
        .await;
        let answer = world.ask(ADA).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (500, "internal"), "{}", answer.body);
        assert_eq!(answer.json().get("field"), None);
    }
}
