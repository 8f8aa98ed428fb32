//! Who may have codes sent and tokens issued, for whom, and with which scopes.

use serde_json::{Value, json};

use crate::scene::{Answer, DEV, ROOT, SHOP, Scene};

const SEND: &str = "/sys/auth/sendOtpCode";
const CREATE: &str = "/sys/auth/createToken";
const ADA: &str = "ada@example.org";

impl Scene {
    /// A token without a code.
    async fn issued(&self, who: (&str, &str), user: &str) -> Answer {
        self.post_as(who, CREATE, &json!({ "idOrEmailUser": user })).await
    }

    /// The scopes that a code has which was asked for by whoever holds that token.
    async fn scopes_of_a_code_by(&self, token: &str) -> Value {
        assert_eq!(self.post_by(token, SEND, &json!({ "email": ADA })).await.expect(200), true);
        let code = self.mail(ADA).await.code;
        self.later();
        self.post(CREATE, &json!({ "code": code })).await.expect(200)["scopes"].clone()
    }
}

#[tokio::test]
async fn nobody_has_codes_sent_without_credentials() {
    let scene = Scene::start().await;
    let asked = json!({ "email": ADA });
    for answer in [
        scene.post(SEND, &asked).await,
        scene.post_as(("shop", "wrong"), SEND, &asked).await,
        scene.post_as(("wrong", SHOP.1), SEND, &asked).await,
        scene.post_by("made-up", SEND, &asked).await,
        scene.post_with("Bearer", SEND, &asked).await,
        scene.post(SEND, &json!("not even options")).await,
        scene.post(CREATE, &json!({ "idOrEmailUser": ADA })).await,
        scene.post_as(("root", "wrong"), CREATE, &json!({ "idOrEmailUser": ADA })).await,
    ] {
        answer.expect(401);
        assert!(answer.headers.get_all("www-authenticate").iter().count() >= 2);
    }
    assert_eq!(scene.mailbox.total(), 0);
}

#[tokio::test]
async fn only_administrators_and_developers_get_tokens_without_a_code() {
    let scene = Scene::start().await;
    for who in [ROOT, DEV] {
        scene.issued(who, ADA).await.expect(200);
    }
    // Whoever may not is told so before anything is said of users.
    for user in [json!(ADA), json!("nobody"), json!("root"), Value::Null] {
        let answer = scene.post_as(SHOP, CREATE, &json!({ "idOrEmailUser": user })).await;
        answer.expect(403);
    }
    scene.issued(ROOT, "nobody").await.names(404, "idOrEmailUser");
    scene.issued(ROOT, "nobody@").await.names(400, "idOrEmailUser");
    scene.post_as(ROOT, CREATE, &json!({ "idOrEmailUser": null })).await.names(400, "idOrEmailUser");
    scene.post_as(ROOT, CREATE, &json!({})).await.names(400, "idOrEmailUser");
    scene.post_as(ROOT, CREATE, &json!({ "idOrEmailUser": 7 })).await.names(400, "idOrEmailUser");
    scene.post_as(ROOT, CREATE, &json!({ "idOrEmailUser": [ADA] })).await.names(400, "idOrEmailUser");
}

#[tokio::test]
async fn a_token_of_somebody_is_not_more_than_somebody() {
    let scene = Scene::start().await;
    let token = scene.issued(ROOT, ADA).await.text("/token");
    let answer = scene.post_by(&token, CREATE, &json!({ "idOrEmailUser": "eve@example.org" })).await;
    answer.expect(403);
    assert_eq!(scene.scopes_of_a_code_by(&token).await, json!([]));
}

#[tokio::test]
async fn a_code_is_worth_what_whoever_asked_may_do_at_the_most() {
    let scene = Scene::start().await;
    for (who, scopes) in [
        (SHOP, json!(["orders:read", "orders:write"])),
        (DEV, json!(["orders:read", "deploy"])),
        (ROOT, json!([])),
    ] {
        assert_eq!(scene.post_as(who, SEND, &json!({ "email": ADA })).await.expect(200), true);
        let code = scene.mail(ADA).await.code;
        scene.later();
        let answer = scene.post(CREATE, &json!({ "code": code })).await;
        assert_eq!(answer.expect(200)["scopes"], scopes);
        // And so is one that this user asks for in turn.
        assert_eq!(scene.scopes_of_a_code_by(&answer.text("/token")).await, scopes);
    }
}

#[tokio::test]
async fn a_token_of_a_principal_is_the_principal_within_the_scopes_of_whoever_issued_it() {
    let scene = Scene::start().await;
    let answer = scene.issued(DEV, "shop").await;
    assert_eq!(answer.expect(200)["scopes"], json!(["orders:read"]), "that both hold");
    let token = answer.text("/token");
    assert_eq!(scene.scopes_of_a_code_by(&token).await, json!(["orders:read"]));
    scene.post_by(&token, CREATE, &json!({ "idOrEmailUser": ADA })).await.expect(403);

    let answer = scene.issued(ROOT, "shop").await;
    assert_eq!(answer.expect(200)["scopes"], json!([]), "root holds none, so this one of shop's neither");
}

#[tokio::test]
async fn a_token_of_a_principal_begets_no_other_and_nobody_rises_by_one() {
    let scene = Scene::start().await;
    scene.issued(DEV, "root").await.expect(403);
    scene.issued(ROOT, "root").await.expect(200);
    let of_dev = scene.issued(DEV, "dev").await.text("/token");
    for principal in ["dev", "shop", "root"] {
        let answer = scene.post_by(&of_dev, CREATE, &json!({ "idOrEmailUser": principal })).await;
        answer.expect(403); // or it would be renewed for ever, whatever becomes of the secret
    }
    scene.post_by(&of_dev, CREATE, &json!({ "idOrEmailUser": ADA })).await.expect(200);
}

#[tokio::test]
async fn a_person_causes_only_so_many_messages_and_a_principal_any_number() {
    let scene = Scene::start().await;
    let token = scene.issued(ROOT, ADA).await.text("/token");
    let ask = |number: usize| json!({ "email": format!("n{number}@example.org") });
    for number in 0..30 {
        assert_eq!(scene.post_by(&token, SEND, &ask(number)).await.expect(200), true);
    }
    assert_eq!(scene.post_by(&token, SEND, &ask(30)).await.expect(200), false);
    for number in 30..65 {
        assert_eq!(scene.post_as(SHOP, SEND, &ask(number)).await.expect(200), true);
    }
}
