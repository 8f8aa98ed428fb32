//! Each example request of the three APIs' documents is answered in the documented shape: names and JSON
//! types.

use serde_json::{Value, json};

use crate::scene::{SHOP, Scene};

/// The same with the name of its type in place of each value.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "boolean".into(),
        Value::Number(number) => if number.is_u64() { "whole number" } else { "number" }.into(),
        Value::String(_) => "string".into(),
        Value::Array(all) => all.iter().map(shape).collect(),
        Value::Object(all) => {
            Value::Object(all.iter().map(|(name, value)| (name.clone(), shape(value))).collect())
        }
    }
}

#[tokio::test]
async fn nomado_create() {
    let scene = Scene::start().await;
    let asked = json!({
        "to": "32412345678",
        "template": "Your verification code is {{CODE}}",
        "type": "NUMERIC",
        "length": 4,
        "expiry": 7200
    });
    let answer = scene.post_as(SHOP, "/2fa/create", &asked).await;
    let json = answer.expect(200);
    let documented = json!({
        "code": 200,
        "message": "OK",
        "data": {
            "32412345678": { "code": 200, "status": "SENT" },
            "text": "Your verification code is 1234",
            "token": "1234",
            "expiry": 7200,
            "total_messages": 1
        }
    });
    assert_eq!(shape(&json), shape(&documented));
    let token = json["data"]["token"].as_str().unwrap();
    let mut expected = documented;
    expected["data"]["token"] = token.into();
    expected["data"]["text"] = format!("Your verification code is {token}").into();
    assert_eq!(json, expected, "and every value that chance does not decide");
    assert!(token.len() == 4 && token.bytes().all(|byte| byte.is_ascii_digit()), "{token}");
    let mail = scene.mail("+32412345678").await;
    assert_eq!((mail.code.as_str(), mail.text.as_str()), (token, json["data"]["text"].as_str().unwrap()));
}

#[tokio::test]
async fn nomado_without_options_takes_the_documented_ones() {
    let scene = Scene::start().await;
    let json = scene.post_as(SHOP, "/2fa/create", &json!({ "to": "32412345678" })).await.expect(200);
    let data = &json["data"];
    let token = data["token"].as_str().unwrap();
    assert_eq!(data["text"], token, "the bare code");
    assert_eq!(data["expiry"], 7200);
    let alphanumeric = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    assert!(token.len() == 4 && token.bytes().all(alphanumeric), "{token}");
}

#[tokio::test]
async fn nomado_says_no_in_the_same_shape() {
    let scene = Scene::start().await;
    let refused = shape(&json!({ "code": 400, "message": "Bad request" }));
    for (answer, status) in [
        (scene.post_as(SHOP, "/2fa/create", &json!({})).await, 400),
        (scene.post("/2fa/create", &json!({ "to": "32412345678" })).await, 401),
    ] {
        let json = answer.expect(status);
        assert_eq!((shape(&json), &json["code"]), (refused.clone(), &json!(status)));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn passage_register_login_and_activate() {
    let scene = Scene::start().await;
    let asked = json!({ "identifier": "ada@example.org" });
    let sent = shape(&json!({ "otp_id": "text" }));
    let result = shape(&json!({
        "auth_result": { "auth_token": "text", "redirect_url": "text", "refresh_token": "text" }
    }));
    for (path, status) in [("/v1/apps/demo/register/otp", 201), ("/v1/apps/demo/login/otp", 200)] {
        let answer = scene.post(path, &asked).await;
        assert_eq!(shape(&answer.expect(status)), sent, "{path}");
        let code = scene.mail("ada@example.org").await.code;
        let typed = json!({ "otp": code, "otp_id": answer.text("/otp_id") });
        let activated = scene.post("/v1/apps/demo/otp/activate", &typed).await;
        assert_eq!(shape(&activated.expect(200)), result, "{path}");
        assert!(!activated.text("/auth_result/auth_token").is_empty());
        assert!(!activated.text("/auth_result/refresh_token").is_empty());
        scene.later();
    }
}

#[tokio::test]
async fn slingr_send_and_create() {
    let scene = Scene::start().await;
    let options = json!({ "email": "email@slingr.io", "inactivity": 1, "expiration": 24 });
    let answer = scene.post_as(SHOP, "/sys/auth/sendOtpCode", &options).await;
    assert_eq!(answer.expect(200), json!(true));
    let token = shape(&json!({
        "token": "text", "type": "Bearer", "user": "text", "scopes": ["a", "b"],
        "expires_at": "2025-01-02T00:00:00Z", "expires_in": 86_400
    }));
    let code = scene.mail("email@slingr.io").await.code;
    let answer = scene.post("/sys/auth/createToken", &json!({ "idOrEmailUser": null, "code": code })).await;
    let json = answer.expect(200);
    assert_eq!(shape(&json), token);
    assert_eq!((&json["type"], &json["user"]), (&json!("Bearer"), &json!("email@slingr.io")));
    assert_eq!((&json["expires_in"], &json["expires_at"]), (&json!(86_400), &json!("2025-01-02T00:00:00Z")));

    let asked = json!({ "idOrEmailUser": "user@email.com" });
    let json = scene.post_as(crate::scene::ROOT, "/sys/auth/createToken", &asked).await.expect(200);
    let mut unscoped = token;
    unscoped["scopes"] = json!([]);
    assert_eq!((shape(&json), &json["user"]), (unscoped, &json!("user@email.com")));
}
