//! Whatever comes in: 4xx with the field named, never 5xx, and nothing of it repeated.

use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::scene::{Answer, ROOT, SHOP, Scene, answer};

/// Every endpoint with a body, and whether it needs credentials.
const ALL: [(&str, &str); 6] = [
    ("/2fa/create", "to"),
    ("/v1/apps/demo/login/otp", "identifier"),
    ("/v1/apps/demo/register/otp", "identifier"),
    ("/v1/apps/demo/otp/activate", "otp"),
    ("/sys/auth/sendOtpCode", "email"),
    ("/sys/auth/createToken", "idOrEmailUser"),
];

const CANARY: &str = "K7X9Q2M4W8R3T6Y5";

impl Scene {
    async fn raw(&self, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.http.post(format!("{}{path}", self.url)).basic_auth(ROOT.0, Some(ROOT.1));
        answer(request.header(CONTENT_TYPE, kind).body(body)).await
    }
}

#[tokio::test]
async fn what_is_no_json_object_is_refused_everywhere() {
    let scene = Scene::start().await;
    for (path, _) in ALL {
        for (kind, body, status) in [
            ("application/json", "", 400),
            ("application/json", CANARY, 400),
            ("application/json", "{", 400),
            ("application/json", "{}{}", 400),
            ("application/json", "null", 400),
            ("application/json", "[]", 400),
            ("application/json", "\"K7X9Q2M4W8R3T6Y5\"", 400),
            ("application/json", "{\"K7X9Q2M4W8R3T6Y5\": \u{0}}", 400),
            ("text/plain", "{}", 415),
            ("application/x-www-form-urlencoded", "to=1", 415),
            ("", "{}", 415),
        ] {
            let answer = scene.raw(path, kind, body).await;
            assert_eq!(answer.status, status, "{path} {kind} {body}: {}", answer.body);
            assert!(!answer.body.contains(CANARY), "{path}: {}", answer.body);
            answer.json();
        }
        let deep = "[".repeat(8000);
        assert_eq!(scene.raw(path, "application/json", deep).await.status, 400, "{path}");
        let bytes: &[u8] = b"{\"to\": \"\xff\xfe\"}";
        assert_eq!(scene.raw(path, "application/json", bytes).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_everywhere() {
    let scene = Scene::start().await;
    for (path, field) in ALL {
        let large = json!({ field: "x".repeat(16 * 1024) }).to_string();
        assert_eq!(scene.raw(path, "application/json", large).await.status, 413, "{path}");
        let just = format!("{}{}", json!({ field: 1 }), " ".repeat(16 * 1024));
        assert_eq!(
            scene.raw(path, "application/json", just[..16 * 1024].to_owned()).await.status,
            400,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named_and_not_repeated() {
    let scene = Scene::start().await;
    let texts: [(&str, Value, &[&str]); 6] = [
        ("/2fa/create", json!({ "to": "32412345678" }), &["to", "template", "type"]),
        ("/v1/apps/demo/login/otp", json!({ "identifier": "a@example.org" }), &["identifier", "language"]),
        ("/v1/apps/demo/register/otp", json!({ "identifier": "a@example.org" }), &["identifier", "language"]),
        ("/v1/apps/demo/otp/activate", json!({ "otp": "123456", "otp_id": "x" }), &["otp", "otp_id"]),
        ("/sys/auth/sendOtpCode", json!({ "email": "a@example.org" }), &["email", "phone"]),
        ("/sys/auth/createToken", json!({ "idOrEmailUser": "a@example.org" }), &["idOrEmailUser", "code"]),
    ];
    for (path, good, fields) in texts {
        for field in fields {
            for wrong in
                [json!(123_456), json!(-1), json!(1.5), json!(true), json!([CANARY]), json!({ "x": CANARY })]
            {
                let mut asked = good.clone();
                asked[*field] = wrong.clone();
                let answer = scene.post_as(SHOP, path, &asked).await;
                let json = answer.expect(400);
                let said = json["detail"].as_str().or(json["message"].as_str()).unwrap();
                assert!(said.starts_with(&format!("{field}: ")), "{path} {field} {wrong}: {json}");
                assert!(!answer.body.contains(CANARY) && !answer.body.contains("123456"), "{json}");
            }
        }
    }
}

#[tokio::test]
async fn a_missing_or_repeated_field_is_named() {
    let scene = Scene::start().await;
    for (path, body, field) in [
        ("/2fa/create", "{}", "to"),
        ("/2fa/create", "{\"to\":\"32412345678\",\"to\":\"32412345679\"}", "to"),
        ("/v1/apps/demo/login/otp", "{}", "identifier"),
        ("/v1/apps/demo/register/otp", "{\"identifier\":null}", "identifier"),
        ("/v1/apps/demo/otp/activate", "{\"otp\":\"123456\"}", "otp_id"),
        ("/v1/apps/demo/otp/activate", "{\"otp_id\":\"x\"}", "otp"),
        ("/v1/apps/demo/otp/activate", "{\"otp_id\":\"x\",\"otp\":\"1\",\"otp\":\"2\"}", "otp"),
        ("/sys/auth/sendOtpCode", "{}", "email"),
        ("/sys/auth/createToken", "{}", "idOrEmailUser"),
        ("/sys/auth/createToken", "{\"code\":\"\",\"code\":\"x\"}", "code"),
    ] {
        let answer = scene.raw(path, "application/json", body).await;
        let json = answer.expect(400);
        let said = json["detail"].as_str().or(json["message"].as_str()).unwrap();
        assert!(said.starts_with(&format!("{field}: ")), "{path} {body}: {json}");
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_named_and_not_repeated() {
    let scene = Scene::start().await;
    for wrong in
        ["", "canary", "canary@", "@canary", "canary@x\r\nBcc: eve@example.org", "0412345678", "١٢٣٤٥٦٧٨"]
    {
        for path in ["login", "register"] {
            let asked = json!({ "identifier": wrong });
            let answer = scene.post(&format!("/v1/apps/demo/{path}/otp"), &asked).await;
            answer.names(400, "identifier");
            assert!(!answer.body.contains("canary") && !answer.body.contains("0412"), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn what_cannot_be_a_code_costs_no_attempt() {
    let scene = Scene::start().await;
    let asked = json!({ "identifier": "ada@example.org" });
    let otp_id = scene.post("/v1/apps/demo/register/otp", &asked).await.text("/otp_id");
    let code = scene.mail("ada@example.org").await.code;
    let activate = "/v1/apps/demo/otp/activate";
    for typed in ["", "12345", "1234567", "12345x", "１２３４５６", "123456\0", &"1".repeat(10_000)] {
        scene.post(activate, &json!({ "otp": typed, "otp_id": otp_id })).await.names(400, "otp");
    }
    scene.post(activate, &json!({ "otp": code, "otp_id": otp_id })).await.expect(200);
}

#[tokio::test]
async fn other_paths_and_methods_are_problems() {
    let scene = Scene::start().await;
    for (path, _) in ALL {
        let answer = answer(scene.http.get(format!("{}{path}", scene.url))).await;
        answer.expect(405);
        assert_eq!(answer.header("allow"), Some("POST"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        scene.post(&format!("{path}/more"), &json!({})).await.expect(404);
    }
    let healthy = answer(scene.http.get(format!("{}/healthz", scene.url))).await;
    assert_eq!((healthy.status, &*healthy.body), (200, "ok\n"));
    assert_eq!(healthy.header("cache-control"), Some("no-store"));
}
