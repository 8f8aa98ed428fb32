//! Twilio: the request it documents, and each of its refusals.

use otp_exchange::Delivery;
use otp_exchange_sms::{Twilio, TwilioBuilder};
use serde_json::{Value, json};

use crate::scene::{HOSTILE, Kind, PHONE, failure, send, send_to};
use crate::server::{Gateway, Reply};

const ACCOUNT: &str = "AC00000000000000000000000000000000";

pub(crate) fn at(url: &str) -> TwilioBuilder {
    Twilio::with_auth_token(ACCOUNT, "token").from("+3246000").base_url(url)
}

/// What Twilio answers to a message it creates, as its reference shows it.
pub(crate) fn created() -> Value {
    json!({
        "account_sid": ACCOUNT, "api_version": "2010-04-01", "body": "Hi there",
        "date_created": "Thu, 24 Aug 2023 05:01:45 +0000", "date_sent": null, "direction": "outbound-api",
        "error_code": null, "error_message": null, "from": "+15557122661", "num_media": "0",
        "num_segments": "1", "price": null, "price_unit": null, "sid": "SM11111111111111111111111111111111",
        "status": "queued", "to": "+15558675310", "uri": "/2010-04-01/…",
    })
}

/// What Twilio answers when it refuses.
fn refusal(status: u16, code: u64) -> Reply {
    let said = format!("The 'To' number {PHONE} is not a valid phone number.");
    let more = format!("https://www.twilio.com/docs/errors/{code}");
    Reply::json(status, &json!({ "code": code, "message": said, "more_info": more, "status": status }))
}

#[tokio::test]
async fn the_request_is_the_documented_one() {
    let gateway = Gateway::that([Reply::json(201, &created())]).await;
    let twilio = at(&gateway.url)
        .messaging_service("MG1")
        .status_callback("https://shop.example/sms?shop=a%20b")
        .build()
        .unwrap();
    let kept = send_to(twilio, PHONE, HOSTILE).await;
    assert_eq!(kept.outcome.unwrap().message_id(), Some("SM11111111111111111111111111111111"));

    let seen = gateway.only();
    assert_eq!(seen.line, format!("POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json HTTP/1.1"));
    let basic = "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDp0b2tlbg=="; // printf AC0…:token | base64
    assert_eq!(seen.header("authorization"), Some(basic));
    assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert_eq!(seen.header("user-agent"), Some(concat!("otp-exchange-sms/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(seen.header("idempotency-key"), None);
    let (code, delivery_id) = (kept.code, kept.delivery_id);
    let text =
        "+%22it%27s%22+%5C+%26+%3D+%2B+%2541+%7Bto%7D+%7Btext%7D+%23+%3F+%3C%2Fb%3E+%C3%A9+%F0%9F%94%91";
    assert_eq!(
        seen.body,
        format!(
            "To=%2B32412345678&Body={code}{text}&ValidityPeriod=300&SmartEncoded=false&From=%2B3246000\
             &MessagingServiceSid=MG1&StatusCallback=https%3A%2F%2Fshop.example%2Fsms%3Fshop%3Da%2520b\
             %26delivery_id%3D{delivery_id}"
        )
    );
}

#[tokio::test]
async fn an_api_key_signs_in_for_the_account() {
    let gateway = Gateway::that([Reply::json(201, &created())]).await;
    let twilio = Twilio::with_api_key(ACCOUNT, "SK1", "secret").from("Shop").base_url(&gateway.url);
    send(twilio.build().unwrap()).await.outcome.unwrap();
    let seen = gateway.only();
    assert!(seen.line.contains(ACCOUNT));
    assert_eq!(seen.header("authorization"), Some("Basic U0sxOnNlY3JldA=="));
    assert!(seen.body.ends_with("&From=Shop"), "{}", seen.body);
}

#[tokio::test]
async fn each_refusal_is_of_its_kind() {
    use Kind::{Permanent, Transient, Unknown};
    for (status, code, kind) in [
        (400, 21211, Permanent),
        (400, 21214, Permanent),
        (400, 21217, Permanent),
        (400, 21265, Permanent),
        (400, 21266, Permanent),
        (400, 21610, Permanent),
        (400, 21614, Permanent),
        (400, 21635, Permanent),
        (400, 30004, Permanent),
        (400, 30005, Permanent),
        (400, 30006, Permanent),
        (401, 20003, Transient),
        (403, 20403, Transient),
        (404, 20404, Transient),
        (429, 20429, Transient),
        (400, 10001, Transient),
        (400, 20005, Transient),
        (400, 21212, Transient),
        (400, 21408, Transient),
        (400, 21606, Transient),
        (400, 21608, Transient),
        (400, 21611, Transient),
        (400, 21612, Transient),
        (400, 21617, Transient),
        (400, 30002, Transient),
        (400, 30003, Transient),
        (400, 30007, Transient),
        (400, 30008, Transient),
        (307, 21211, Transient),
        (401, 21610, Transient),
        (403, 21610, Transient),
        (404, 21211, Transient),
        (429, 21610, Transient),
        (302, 21211, Unknown),
        (500, 20500, Unknown),
        (500, 21211, Unknown),
        (503, 20503, Unknown),
    ] {
        let gateway = Gateway::that([refusal(status, code)]).await;
        let kept = send(at(&gateway.url).build().unwrap()).await;
        let (found, error) = failure(&kept.outcome);
        assert_eq!(found, kind, "{code}: {error}");
        assert_eq!((error.status(), error.code()), (Some(status), Some(code)));
        assert_eq!(gateway.seen().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_message_that_failed_at_once_is_no_success() {
    for (status, code, kind) in [
        ("failed", json!(30006), Some(Kind::Permanent)),
        ("undelivered", json!(30007), Some(Kind::Transient)),
        ("failed", json!("21610"), Some(Kind::Permanent)),
        ("undelivered", json!(30005), Some(Kind::Permanent)),
        ("failed", json!(null), Some(Kind::Unknown)),
        ("undelivered", json!(null), Some(Kind::Unknown)),
        ("undelivered", json!("no number"), Some(Kind::Unknown)),
        ("canceled", json!(null), Some(Kind::Unknown)),
        ("accepted", json!(null), None),
        ("sent", json!(30006), None),
        ("a status of tomorrow", json!(null), None),
    ] {
        let mut body = created();
        body["status"] = status.into();
        body["error_code"] = code;
        let gateway = Gateway::that([Reply::json(201, &body)]).await;
        let outcome = send(at(&gateway.url).build().unwrap()).await.outcome;
        assert_eq!(outcome.as_ref().err().map(Kind::of), kind, "{body}");
    }
}

#[tokio::test]
async fn a_code_of_the_number_counts_for_a_created_message_alone() {
    let mut body = created();
    body["status"] = "failed".into();
    body["error_code"] = 21610.into();
    for (status, kind) in [(201, Kind::Permanent), (200, Kind::Transient), (202, Kind::Transient)] {
        let gateway = Gateway::that([Reply::json(status, &body)]).await;
        let kept = send(at(&gateway.url).build().unwrap()).await;
        assert_eq!(failure(&kept.outcome).0, kind, "{status}");
    }
}

#[tokio::test]
async fn an_answer_without_sid_is_none_of_twilio_s() {
    for body in [
        "",
        "OK",
        "<html>",
        "[]",
        "null",
        "{}",
        r#"{"sid":null}"#,
        r#"{"sid":{}}"#,
        r#"{"sid":""}"#,
        r#"{"sid":"S M"}"#,
    ] {
        let gateway = Gateway::that([Reply::Answer(200, body.into())]).await;
        let kept = send(at(&gateway.url).build().unwrap()).await;
        assert_eq!(failure(&kept.outcome).0, Kind::Unknown, "{body}");
    }
}

#[test]
fn each_status_says_what_became_of_it() {
    for (status, delivery) in [
        ("accepted", None),
        ("scheduled", None),
        ("queued", None),
        ("sending", None),
        ("sent", Some(Delivery::Sent)),
        ("delivered", Some(Delivery::Delivered)),
        ("read", Some(Delivery::Delivered)),
        ("undelivered", Some(Delivery::Failed)),
        ("failed", Some(Delivery::Failed)),
        ("canceled", Some(Delivery::Failed)),
        ("receiving", None),
        ("received", None),
        ("partially_delivered", None),
        ("Delivered", None),
        ("", None),
    ] {
        assert_eq!(Twilio::delivery(status), delivery, "{status}");
    }
}

#[test]
fn what_is_wrong_is_said_when_built() {
    let with = |account: &str, token: &str| Twilio::with_auth_token(account, token).from("Shop");
    assert!(with(ACCOUNT, "token").build().is_ok());
    assert!(with(ACCOUNT, "token").base_url("https://api.dublin.ie1.twilio.com/").build().is_ok());
    for bad in [
        with("", "token"),
        with("AC/../x", "token"),
        with("AC 1", "token"),
        with(ACCOUNT, ""),
        with(ACCOUNT, "token").from(""),
        with(ACCOUNT, "token").messaging_service(""),
        Twilio::with_auth_token(ACCOUNT, "token"),
        Twilio::with_api_key(ACCOUNT, "SK:1", "secret").from("Shop"),
        with(ACCOUNT, "token").base_url("http://api.twilio.com"),
        with(ACCOUNT, "token").status_callback("http://shop.example/sms"),
        with(ACCOUNT, "token").status_callback("/sms"),
        with(ACCOUNT, "token").status_callback("https://my_shop.example/sms"),
    ] {
        bad.build().unwrap_err();
    }
}
