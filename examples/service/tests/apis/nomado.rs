//! Nomado: what each option may be and what not, who may ask, and that a code serves whoever types it, once.

use std::time::Duration;

use otp_exchange::DynNotifier;
use otp_exchange::DynStore;
use otp_exchange::testkit::{FaultyNotifier, Mishap};
use serde_json::{Value, json};

use crate::scene::{Answer, DEV, ROOT, SHOP, Scene};

const CREATE: &str = "/2fa/create";

fn to(number: u64) -> String {
    format!("324{number:08}")
}

/// That it is refused in Nomado's shape, with that field named.
#[track_caller]
fn refused(answer: &Answer, field: &str) {
    let json = answer.expect(400);
    let message = json["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("{field}: ")), "{field}: {json}");
    assert_eq!(json, json!({ "code": 400, "message": message }));
}

#[tokio::test]
async fn each_option_has_its_range() {
    let scene = Scene::start().await;
    let good = [
        json!({ "type": "ALPHA", "length": 20 }),
        json!({ "type": "NUMERIC", "length": 20 }),
        json!({ "type": "ALPHANUMERIC", "length": 4 }),
        json!({ "expiry": 1 }),
        json!({ "expiry": 86_400 }),
        json!({ "template": "{{CODE}} is the one" }),
        json!({ "unknown": [1, 2] }),
        json!({ "template": null, "type": null, "length": null, "expiry": null }),
    ];
    for (number, options) in (0..).zip(&good) {
        let number = to(number);
        let mut asked = options.clone();
        asked["to"] = number.clone().into();
        let json = scene.post_as(SHOP, CREATE, &asked).await.expect(200);
        let data = &json["data"];
        assert_eq!(data[&number], json!({ "code": 200, "status": "SENT" }), "{options}");
        let code = scene.mail(&number).await.code;
        assert_eq!(data["token"], code, "{options}");
        assert_eq!(code.len() as u64, options["length"].as_u64().unwrap_or(4));
        assert_eq!(data["expiry"].as_u64().unwrap(), options["expiry"].as_u64().unwrap_or(7200));
        if options["type"] == "ALPHA" {
            assert!(code.bytes().all(|byte| byte.is_ascii_uppercase()), "{code}");
        }
    }
    let before = scene.mailbox.total();
    for (field, options) in [
        ("length", json!({ "length": 21 })),
        ("length", json!({ "length": 256 + 6 })),
        ("length", json!({ "length": 3 })),
        ("length", json!({ "length": 0 })),
        ("length", json!({ "length": -4 })),
        ("length", json!({ "length": 4.5 })),
        ("length", json!({ "length": "4" })),
        ("expiry", json!({ "expiry": 0 })),
        ("expiry", json!({ "expiry": 86_401 })),
        ("expiry", json!({ "expiry": u64::MAX })),
        ("type", json!({ "type": "numeric" })),
        ("type", json!({ "type": "UNAMBIGUOUS" })),
        ("type", json!({ "type": 1 })),
        ("template", json!({ "template": "no place" })),
        ("template", json!({ "template": "{{CODE}} {{CODE}}" })),
        ("template", json!({ "template": "{{CODE}}\nSTOP" })),
        ("template", json!({ "template": "{{AMOUNT}} {{CODE}}" })),
        ("template", json!({ "template": format!("{{{{CODE}}}}{}", "x".repeat(500)) })),
        ("to", json!({ "to": "ada@example.org" })),
        ("to", json!({ "to": "0412345678" })),
        ("to", json!({ "to": "" })),
        ("to", json!({ "to": ["32412345678"] })),
        ("to", json!({ "to": 32_412_345_678_u64 })),
    ] {
        let mut asked = json!({ "to": "32499999999" });
        asked.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        refused(&scene.post_as(SHOP, CREATE, &asked).await, field);
    }
    refused(&scene.post_as(SHOP, CREATE, &json!({ "length": 4 })).await, "to");
    assert_eq!(scene.mailbox.total(), before, "and nothing was sent");
}

#[tokio::test]
async fn the_number_is_answered_as_it_was_asked() {
    let scene = Scene::start().await;
    let written = "+32 412 34 56 78";
    let json = scene.post_as(SHOP, CREATE, &json!({ "to": written })).await.expect(200);
    assert_eq!(json["data"][written]["status"], "SENT");
    assert_eq!(scene.mail("+32412345678").await.address, "+32412345678");
}

#[tokio::test]
async fn long_texts_count_as_several_messages() {
    let scene = Scene::start().await;
    for (number, template, messages) in [
        (1, format!("{{{{CODE}}}}{}", "x".repeat(156)), 1),
        (2, format!("{{{{CODE}}}}{}", "x".repeat(157)), 2),
    ] {
        let asked = json!({ "to": to(number), "template": template });
        let json = scene.post_as(SHOP, CREATE, &asked).await.expect(200);
        assert_eq!(json["data"]["total_messages"], messages);
    }
}

#[tokio::test]
async fn whoever_may_not_send_sms_is_refused_with_a_challenge() {
    let scene = Scene::start().await;
    let asked = json!({ "to": "32412345678" });
    let code = "/sys/auth/sendOtpCode";
    scene.post_as(SHOP, code, &json!({ "email": "ada@example.org" })).await.expect(200);
    let typed = json!({ "idOrEmailUser": null, "code": scene.mail("ada@example.org").await.code });
    let users = scene.post("/sys/auth/createToken", &typed).await.text("/token");
    let issue = async |who, user: &str| {
        scene.post_as(who, "/sys/auth/createToken", &json!({ "idOrEmailUser": user })).await.text("/token")
    };
    let of_somebody = issue(ROOT, "eve@example.org").await;
    let answers = [
        scene.post(CREATE, &asked).await,
        scene.post_as(("shop", "wrong"), CREATE, &asked).await,
        scene.post_as(("shop", ""), CREATE, &asked).await,
        scene.post_as(("nobody", SHOP.1), CREATE, &asked).await,
        scene.post_as(("shop", DEV.1), CREATE, &asked).await,
        scene.post_with("Basic !!!", CREATE, &asked).await,
        scene.post_with("Digest abc", CREATE, &asked).await,
        scene.post_with("Bearer", CREATE, &asked).await,
        scene.post_by("made-up", CREATE, &asked).await,
        scene.post_by(&users, CREATE, &asked).await,
        scene.post_by(&of_somebody, CREATE, &asked).await,
    ];
    for answer in &answers {
        let json = answer.expect(401);
        assert_eq!(json["code"], 401, "{json}");
        let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
        assert!(challenges.iter().any(|one| one.as_bytes().starts_with(b"Basic realm=")), "{challenges:?}");
        assert!(challenges.iter().any(|one| one.as_bytes().starts_with(b"Bearer")), "{challenges:?}");
    }
    assert_eq!(answers[1].body, answers[3].body, "a wrong secret and an unknown name");
    assert_eq!(scene.mailbox.total(), 1);

    let of_shop = issue(DEV, "shop").await;
    scene.post_by(&of_shop, CREATE, &asked).await.expect(200);
}

#[tokio::test]
async fn too_soon_is_429_in_the_same_shape() {
    let scene = Scene::start().await;
    let asked = json!({ "to": "32412345678" });
    scene.post_as(SHOP, CREATE, &asked).await.expect(200);
    let answer = scene.post_as(SHOP, CREATE, &asked).await;
    let json = answer.expect(429);
    assert_eq!(json["code"], 429);
    assert_eq!(json.as_object().unwrap().len(), 2, "{json}");
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    scene.clock.advance(Duration::from_secs(wait - 1));
    scene.post_as(SHOP, CREATE, &asked).await.expect(429);
    scene.clock.advance(Duration::from_secs(1));
    scene.post_as(SHOP, CREATE, &asked).await.expect(200);
}

#[tokio::test]
async fn codes_get_longer_where_the_risk_is_spent() {
    let scene = Scene::start().await;
    let asked = json!({ "to": "32412345678", "type": "NUMERIC", "expiry": 86_400 });
    let mut lengths = Vec::new();
    for _ in 0..4 {
        let json = scene.post_as(SHOP, CREATE, &asked).await.expect(200);
        lengths.push(json["data"]["token"].as_str().unwrap().len());
        scene.clock.advance(Duration::from_secs(16 * 60));
    }
    assert_eq!(lengths, [4, 4, 4, 20]);
}

#[tokio::test]
async fn what_the_carrier_says_stands_beside_the_number() {
    let faulty = |mailbox| FaultyNotifier::new(mailbox);
    let handle = std::sync::Arc::new(std::sync::Mutex::new(None));
    let scene = Scene::on(&[], DynStore::new, |mailbox| {
        let notifier = faulty(mailbox);
        *handle.lock().unwrap() = Some(notifier.clone());
        DynNotifier::new(notifier)
    })
    .await;
    let notifier = handle.lock().unwrap().take().unwrap();
    notifier.fail(0, Mishap::Transient);
    let json = scene.post_as(SHOP, CREATE, &json!({ "to": to(1) })).await.expect(200);
    assert_eq!(json["data"][to(1)], json!({ "code": 503, "status": "FAILED" }));
    assert_eq!(json["data"]["token"].as_str().map(str::len), Some(4));
    assert_eq!(json["data"]["text"], json["data"]["token"]);

    notifier.fail(0, Mishap::Permanent);
    refused(&scene.post_as(SHOP, CREATE, &json!({ "to": to(2) })).await, "to");
    let json: Value = scene.post_as(SHOP, CREATE, &json!({ "to": to(3) })).await.expect(200);
    assert_eq!(json["data"][to(3)]["status"], "SENT");
}
