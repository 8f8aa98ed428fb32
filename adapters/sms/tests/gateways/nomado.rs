//! Nomado: the request it documents, and what of its answers is documented.

use otp_exchange_sms::{Nomado, NomadoBuilder};
use serde_json::{Value, json};

use crate::scene::{HOSTILE, Kind, PHONE, failure, send, send_to};
use crate::server::{Gateway, Reply};

pub(crate) fn at(url: &str) -> NomadoBuilder {
    Nomado::builder("myemail@myserver.com", "123456").base_url(url)
}

/// What Nomado answers, as its reference shows it.
pub(crate) fn sent() -> Value {
    json!({
        "code": 200, "message": "OK", "total_sms": 1, "valid_numbers": 1,
        "data": {
            "callerID": "NOMADO", "text": "Hello world", "unicode": 0,
            "32412345678": { "code": 200, "status": "SENT" },
        },
        "cost": 0.10, "currency": "EUR",
    })
}

#[tokio::test]
async fn the_request_is_the_documented_one() {
    let gateway = Gateway::that([Reply::json(200, &sent())]).await;
    let kept = send_to(at(&gateway.url).build().unwrap(), PHONE, HOSTILE).await;
    assert_eq!(kept.outcome.unwrap().message_id(), None);

    let seen = gateway.only();
    assert_eq!(seen.line, "POST /sms/send HTTP/1.1");
    // The example of its own reference.
    assert_eq!(seen.header("authorization"), Some("Basic bXllbWFpbEBteXNlcnZlci5jb206MTIzNDU2"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.json(), json!({ "to": ["32412345678"], "message": kept.text, "unicode": true }));
    assert!(!seen.body.contains(&kept.delivery_id));
}

#[tokio::test]
async fn unicode_is_what_the_text_needs() {
    for (text, unicode) in [
        ("{{CODE}} is your code", false),
        ("{{CODE}} é € {}", false),
        ("{{CODE}} ç", true),
        ("{{CODE}} 🔑", true),
    ] {
        let gateway = Gateway::that([Reply::json(200, &sent())]).await;
        send_to(at(&gateway.url).build().unwrap(), PHONE, text).await.outcome.unwrap();
        assert_eq!(gateway.only().json()["unicode"], unicode, "{text}");
    }
}

#[tokio::test]
async fn a_sender_is_sent_if_set() {
    let gateway = Gateway::that([Reply::json(200, &sent())]).await;
    send(at(&gateway.url).from("SHOP").build().unwrap()).await.outcome.unwrap();
    assert_eq!(gateway.only().json()["from"], "SHOP");
}

#[tokio::test]
async fn each_answer_is_of_its_kind() {
    use Kind::{Permanent, Transient, Unknown};
    let number = |code: Value| {
        let mut body = sent();
        body["data"]["32412345678"]["code"] = code;
        body
    };
    let whole = |code: Value| {
        let mut body = sent();
        body["code"] = code;
        body
    };
    let numberless =
        |valid: Value| json!({ "code": 200, "total_sms": 0, "valid_numbers": valid, "data": {} });
    for (status, body, kind) in [
        (200, sent(), None),
        (200, whole(json!("200")), None),
        (200, number(json!("200")), None),
        (201, number(json!(202)), None),
        (400, json!({ "code": 400, "message": "to is missing" }), Some(Transient)),
        (401, json!({ "code": 401 }), Some(Transient)),
        (401, json!("no object"), Some(Transient)),
        (429, json!(null), Some(Transient)),
        (500, sent(), Some(Unknown)),
        (200, number(json!(400)), Some(Transient)),
        (200, number(json!(null)), Some(Unknown)),
        (200, whole(json!(400)), Some(Transient)),
        (200, whole(json!(500)), Some(Unknown)),
        (200, whole(json!(null)), None),
        (200, whole(json!(u64::MAX)), None),
        (200, numberless(json!(0)), Some(Permanent)),
        (200, numberless(json!(1)), Some(Unknown)),
        (200, json!({ "data": { "32499999999": { "code": 200 } } }), Some(Unknown)),
        (200, json!([]), Some(Unknown)),
    ] {
        let gateway = Gateway::that([Reply::json(status, &body)]).await;
        let kept = send(at(&gateway.url).build().unwrap()).await;
        assert_eq!(kept.outcome.as_ref().err().map(Kind::of), kind, "{status} {body}");
        assert_eq!(gateway.seen().len(), 1);
    }
}

#[tokio::test]
async fn status_and_code_are_kept() {
    let gateway = Gateway::that([Reply::json(401, &json!({ "code": 40199 }))]).await;
    let kept = send(at(&gateway.url).build().unwrap()).await;
    let (_, error) = failure(&kept.outcome);
    assert_eq!((error.status(), error.code()), (Some(401), Some(40199)));
}

#[test]
fn what_is_wrong_is_said_when_built() {
    for bad in [
        Nomado::builder("", "x"),
        Nomado::builder("x", ""),
        Nomado::builder("a:b", "x"),
        Nomado::builder("x", "x").base_url("http://api.nomado.eu"),
    ] {
        bad.build().unwrap_err();
    }
}
