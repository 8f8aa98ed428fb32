//! Slingr: whose code it is, how long code and token live, what they may do, and that a code decides when one
//! is there.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use otp_exchange::testkit::{FaultyNotifier, Mishap};
use otp_exchange::{DynNotifier, DynStore};
use serde_json::{Value, json};

use crate::scene::{Answer, DEV, ROOT, SHOP, Scene, wrong};

const SEND: &str = "/sys/auth/sendOtpCode";
const CREATE: &str = "/sys/auth/createToken";
const ADA: &str = "ada@example.org";
const HOUR: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(1);

impl Scene {
    async fn send(&self, options: Value) -> Answer {
        self.post_as(SHOP, SEND, &options).await
    }

    async fn code(&self, address: &str) -> String {
        assert_eq!(self.send(json!({ "email": address })).await.expect(200), true);
        self.mail(address).await.code
    }

    async fn exchange(&self, user: Value, code: &str) -> Answer {
        self.post(CREATE, &json!({ "idOrEmailUser": user, "code": code })).await
    }
}

#[tokio::test]
async fn a_code_is_exchanged_alone_and_once() {
    let scene = Scene::start().await;
    let code = scene.code(ADA).await;
    assert_eq!(code.len(), 16);
    let refused = scene.exchange(Value::Null, &wrong(&code)).await;
    refused.expect(403);
    let json = scene.exchange(Value::Null, &code.to_lowercase()).await.expect(200);
    assert_eq!((&json["user"], &json["scopes"]), (&json!(ADA), &json!(["orders:read", "orders:write"])));
    let again = scene.exchange(Value::Null, &code).await;
    assert_eq!((again.status, again.body), (refused.status, refused.body), "used and wrong look alike");

    let phone = scene.send(json!({ "phone": "+32412345678" })).await;
    assert_eq!(phone.expect(200), true);
    let code = scene.mail("+32412345678").await.code;
    let answer = scene.post(CREATE, &json!({ "code": code })).await;
    assert_eq!(answer.text("/user"), "+32412345678");
}

#[tokio::test]
async fn a_code_that_is_there_always_means_exchange() {
    let scene = Scene::start().await;
    for user in [json!(ADA), Value::Null] {
        for (code, status) in [
            (json!(""), 400),
            (json!(" "), 400),
            (json!("ABC"), 400),
            (json!("ABCDEFGHJKMNPQRS"), 403),
            (Value::Null, 400),
            (json!(1_234_567), 400),
            (json!(["ABCDEFGHJKMNPQRS"]), 400),
            (json!({}), 400),
            (json!(false), 400),
        ] {
            let asked = json!({ "idOrEmailUser": user, "code": code });
            for who in [ROOT, DEV] {
                let answer = scene.post_as(who, CREATE, &asked).await;
                if status == 400 { answer.names(400, "code") } else { drop(answer.expect(status)) }
            }
        }
    }
    scene.post_as(ROOT, CREATE, &json!({ "idOrEmailUser": ADA })).await.expect(200);
}

#[tokio::test]
async fn an_exchange_is_for_anyone_whatever_they_are_signed_in_as() {
    let scene = Scene::start().await;
    for authorization in ["Bearer long-dead", "Basic c2hvcDp3cm9uZw==", "Basic !!!"] {
        let asked = json!({ "idOrEmailUser": null, "code": scene.code(ADA).await });
        let json = scene.post_with(authorization, CREATE, &asked).await.expect(200);
        assert_eq!(json["user"], ADA);
        scene.later();
    }
}

#[tokio::test]
async fn code_and_user_must_agree() {
    let scene = Scene::start().await;
    for user in ["eve@example.org", "somebody", "", "shop", "+32412345678"] {
        let code = scene.code(ADA).await;
        let refused = scene.exchange(json!(user), &code).await;
        let alike = scene.exchange(Value::Null, &wrong(&code)).await;
        assert_eq!((refused.status, &refused.body), (403, &alike.body), "{user}");
        scene.exchange(json!(ADA), &code).await.expect(403);
        scene.later();
    }
    for user in [ADA, "ADA@Example.org"] {
        let code = scene.code(ADA).await;
        scene.exchange(json!(user), &code).await.expect(200);
        scene.later();
    }
}

#[tokio::test]
async fn somebody_who_has_proven_the_address_is_named_by_id() {
    let scene = Scene::start().await;
    let asked = json!({ "identifier": ADA });
    let otp_id = scene.post("/v1/apps/demo/register/otp", &asked).await.text("/otp_id");
    let before = scene.mail(ADA).await.code;
    let code = scene.code(ADA).await;
    assert_eq!(scene.exchange(Value::Null, &code).await.text("/user"), ADA, "not proven yet");
    let typed = json!({ "otp": before, "otp_id": otp_id });
    scene.post("/v1/apps/demo/otp/activate", &typed).await.expect(200);
    scene.later();

    let code = scene.code(ADA).await;
    let id = scene.exchange(json!(ADA), &code).await.text("/user");
    assert_eq!(id.len(), 22, "{id}");
    scene.later();
    let code = scene.code(ADA).await;
    assert_eq!(scene.exchange(json!(id), &code).await.text("/user"), id);
    for user in [json!(id), json!(ADA)] {
        let answer = scene.post_as(ROOT, CREATE, &json!({ "idOrEmailUser": user })).await;
        assert_eq!(answer.text("/user"), id);
    }
}

#[tokio::test]
async fn a_code_lives_as_long_as_inactivity_says() {
    let scene = Scene::start().await;
    for (options, hours) in [
        (json!({}), 24),
        (json!({ "inactivity": 1 }), 1),
        (json!({ "inactivity": 168 }), 168),
        (json!({ "inactivity": null, "expiration": null }), 24),
    ] {
        for (early, status) in [(true, 200), (false, 403)] {
            let mut asked = options.clone();
            asked["email"] = ADA.into();
            assert_eq!(scene.send(asked).await.expect(200), true);
            let code = scene.mail(ADA).await.code;
            let life = HOUR * hours;
            scene.clock.advance(life);
            if early {
                scene.clock.rewind(MOMENT);
            }
            scene.exchange(Value::Null, &code).await.expect(status);
            scene.later();
        }
    }
}

#[tokio::test]
async fn a_token_lives_as_long_as_expiration_says() {
    let scene = Scene::start().await;
    for (options, hours) in
        [(json!({}), 720), (json!({ "expiration": 1 }), 1), (json!({ "expiration": 720 }), 720)]
    {
        let mut asked = options.clone();
        asked["email"] = ADA.into();
        assert_eq!(scene.send(asked).await.expect(200), true);
        let code = scene.mail(ADA).await.code;
        let answer = scene.exchange(Value::Null, &code).await;
        assert_eq!(answer.expect(200)["expires_in"], hours * 3600);
        let token = answer.text("/token");
        let nothing = json!({});
        scene.clock.advance(HOUR * hours);
        scene.clock.rewind(MOMENT);
        scene.post_by(&token, SEND, &nothing).await.names(400, "email");
        scene.clock.advance(MOMENT);
        scene.post_by(&token, SEND, &nothing).await.expect(401);
    }
}

#[tokio::test]
async fn each_option_has_its_range() {
    let scene = Scene::start().await;
    let email = |options: Value| {
        let mut asked = json!({ "email": ADA });
        asked.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        asked
    };
    for (field, asked) in [
        ("inactivity", email(json!({ "inactivity": 0 }))),
        ("inactivity", email(json!({ "inactivity": 169 }))),
        ("inactivity", email(json!({ "inactivity": u64::MAX }))),
        ("inactivity", email(json!({ "inactivity": 0.5 }))),
        ("inactivity", email(json!({ "inactivity": -1 }))),
        ("inactivity", email(json!({ "inactivity": "1" }))),
        ("expiration", email(json!({ "expiration": 0 }))),
        ("expiration", email(json!({ "expiration": 721 }))),
        ("expiration", email(json!({ "expiration": u64::MAX }))),
        ("expiration", email(json!({ "expiration": [24] }))),
        ("email", json!({})),
        ("phone", email(json!({ "phone": "+32412345678" }))),
        ("email", json!({ "email": "+32412345678" })),
        ("email", json!({ "email": "ada@" })),
        ("email", json!({ "email": 1 })),
        ("phone", json!({ "phone": ADA })),
        ("phone", json!({ "phone": "0412345678" })),
        ("phone", json!({ "phone": 32_412_345_678_u64 })),
    ] {
        scene.send(asked).await.names(400, field);
    }
    assert_eq!(scene.mailbox.total(), 0);
    for asked in
        [email(json!({ "phone": null, "more": 1 })), json!({ "email": null, "phone": "32412345678" })]
    {
        assert_eq!(scene.send(asked).await.expect(200), true);
    }
}

#[tokio::test]
async fn what_was_not_sent_is_false() {
    let handle = Arc::new(Mutex::new(None));
    let scene = Scene::on(&[], DynStore::new, |mailbox| {
        let notifier = FaultyNotifier::new(mailbox);
        *handle.lock().unwrap() = Some(notifier.clone());
        DynNotifier::new(notifier)
    })
    .await;
    let notifier = handle.lock().unwrap().take().unwrap();
    for mishap in [Mishap::Permanent, Mishap::Transient, Mishap::RequestLost] {
        notifier.fail(0, mishap);
        assert_eq!(scene.send(json!({ "email": ADA })).await.expect(200), false, "{mishap:?}");
        scene.later();
    }
    assert_eq!(scene.send(json!({ "email": ADA })).await.expect(200), true);
    assert_eq!(scene.send(json!({ "email": ADA })).await.expect(200), false, "too soon");
    scene.clock.advance(Duration::from_secs(30));
    assert_eq!(scene.send(json!({ "email": ADA })).await.expect(200), true);
}

#[tokio::test]
async fn guesses_of_one_client_are_counted() {
    let scene = Scene::start().await;
    for _ in 0..150 {
        scene.exchange(Value::Null, "ABCDEFGHJKMNPQRS").await.expect(403);
    }
    let answer = scene.exchange(Value::Null, "ABCDEFGHJKMNPQRS").await;
    answer.expect(429);
    assert!(answer.header("retry-after").is_some());
}
