//! Webhooks: the request that was described, retries, signatures.

use std::time::Duration;

use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{Exchanger, Keyring, MemoryStore, Recipient, Request};
use otp_exchange_sms::{GatewayError, Http, Webhook, WebhookBuilder};
use serde_json::json;
use sha2::Sha256;

use crate::scene::{HOSTILE, Kind, PHONE, Recorder, failure, impatient, send, send_to};
use crate::server::{Gateway, Reply, Seen};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"; // bytes 0 to 23

pub(crate) fn at(url: &str) -> WebhookBuilder {
    let body = json!({
        "to": ["{to_digits}"], "text": "{text}", "reference": "{delivery_id}", "ttl": "{lifetime_seconds:number}",
        "language": "{locale}", "unicode": "{unicode:boolean}",
    });
    Webhook::builder(format!("{url}/v2/sms?tenant=7"), body)
        .message_id("/messages/0/id")
        .pause(Duration::from_millis(1))
}

pub(crate) fn safe(url: &str) -> WebhookBuilder {
    at(url).idempotency_key("Idempotency-Key")
}

pub(crate) fn taken() -> Reply {
    Reply::json(202, &json!({ "messages": [{ "id": "m-1" }] }))
}

#[tokio::test]
async fn the_request_is_the_described_one() {
    let gateway = Gateway::that([taken()]).await;
    let webhook = at(&gateway.url).header("Authorization", "Bearer x").header("X-Shop", "é").build().unwrap();
    let kept = send_to(webhook, PHONE, HOSTILE).await;
    assert_eq!(kept.outcome.unwrap().message_id(), Some("m-1"));

    let seen = gateway.only();
    assert_eq!(seen.line, "POST /v2/sms?tenant=7 HTTP/1.1");
    assert_eq!(seen.header("authorization"), Some("Bearer x"));
    assert_eq!(seen.header("x-shop"), Some("é"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    let names = seen.header_names();
    assert!(
        !names.iter().any(|name| name.starts_with("webhook-") || *name == "idempotency-key"),
        "{names:?}"
    );
    assert_eq!(
        seen.json(),
        json!({
            "to": ["32412345678"], "text": kept.text, "reference": kept.delivery_id, "ttl": 300,
            "language": "nl-BE", "unicode": true,
        })
    );
}

#[tokio::test]
async fn method_and_content_type_are_as_set() {
    let gateway = Gateway::that([taken()]).await;
    send(at(&gateway.url).put().header("content-type", "application/x+json").build().unwrap())
        .await
        .outcome
        .unwrap();
    let seen = gateway.only();
    assert!(seen.line.starts_with("PUT /v2/sms"));
    assert_eq!(seen.header("content-type"), Some("application/x+json"));
}

#[tokio::test]
async fn the_id_is_where_it_was_said_to_be() {
    for (pointer, body, id) in [
        ("/id", r#"{"id":"a"}"#, Some(Some("a"))),
        ("/id", r#"{"id":17}"#, Some(Some("17"))),
        ("", r#""whole""#, Some(Some("whole"))),
        ("/a~1b/m~0n/1", r#"{"a/b":{"m~n":[0,"x"]}}"#, Some(Some("x"))),
        ("/id", r#"{"error":"no such number"}"#, None),
        ("/id", r#"{"id":{}}"#, None),
        ("/id", r#"{"id":"to 1 phone"}"#, None),
        ("/id", r#"{"id":"m\n1"}"#, None),
        ("/id", r#"{"id":"é"}"#, None),
        ("/id", "", None),
        ("/id", "OK 17", None),
    ] {
        let gateway = Gateway::that([Reply::Answer(200, body.into())]).await;
        let outcome = send(at(&gateway.url).message_id(pointer).build().unwrap()).await.outcome;
        match id {
            Some(id) => assert_eq!(outcome.unwrap().message_id(), id, "{pointer} in {body}"),
            None => assert_eq!(failure(&outcome).0, Kind::Unknown, "{pointer} in {body}"),
        }
    }
}

#[tokio::test]
async fn the_language_is_that_of_the_text_or_else_of_the_request() {
    let own = Some("Your code is {{CODE}}.");
    for (text, locale, told) in [
        (None, Some("nl-BE"), "nl"), // the ready text is in Dutch, not in that of Belgium
        (None, Some("tlh"), "en"),
        (None, None, "en"),
        (own, Some("nl-BE"), "nl-BE"),
        (own, None, "und"),
    ] {
        let gateway = Gateway::that([taken()]).await;
        let webhook = at(&gateway.url).build().unwrap();
        let exchanger = Exchanger::builder(MemoryStore::new(10), webhook, Keyring::generate().unwrap());
        let request = Request::login(&Recipient::parse(PHONE).unwrap());
        let request = text.into_iter().fold(request, Request::template);
        let request = locale.into_iter().fold(request, Request::locale);
        exchanger.build().unwrap().send(request).await.unwrap();
        assert_eq!(gateway.only().json()["language"], told, "{text:?}, {locale:?}");
    }
}

#[tokio::test]
async fn without_a_place_for_the_id_any_success_will_do() {
    for body in ["", "OK", "{}"] {
        let gateway = Gateway::that([Reply::Answer(204, body.into())]).await;
        let webhook = Webhook::builder(&gateway.url, json!("{to} {text}")).build().unwrap();
        assert_eq!(send(webhook).await.outcome.unwrap().message_id(), None);
    }
}

#[tokio::test]
async fn statuses_mean_what_was_said() {
    use Kind::{Permanent, Transient, Unknown};
    for (status, kind) in [
        (422, Permanent),
        (503, Transient),
        (400, Transient),
        (401, Transient),
        (409, Transient),
        (429, Transient),
        (307, Transient),
        (302, Unknown),
        (500, Unknown),
        (504, Unknown),
    ] {
        let gateway = Gateway::that([Reply::status(status)]).await;
        let webhook = at(&gateway.url).permanent_status(422).transient_status(503).build().unwrap();
        let kept = send(webhook).await;
        let (found, error) = failure(&kept.outcome);
        assert_eq!((found, error.status()), (kind, Some(status)));
        assert_eq!(gateway.seen().len(), 1, "{status}");
    }
}

/// Whatever cannot tell that nothing was sent.
fn doubts() -> [Reply; 7] {
    let cut_short = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{".to_vec();
    let (deaf, nonsense) = (Reply::Deaf, Reply::Answer(200, "{}".into()));
    [Reply::status(500), Reply::status(503), Reply::Mute, Reply::Cut, Reply::Raw(cut_short), deaf, nonsense]
}

#[tokio::test]
async fn without_a_key_there_is_one_request() {
    for doubt in doubts() {
        let gateway = Gateway::that([doubt.clone(), taken()]).await;
        let kept = send(at(&gateway.url).http(impatient()).build().unwrap()).await;
        assert_eq!(failure(&kept.outcome).0, Kind::Unknown, "{doubt:?}");
        assert_eq!(gateway.connections(), 1, "{doubt:?}");
        assert!(gateway.seen().len() <= 1, "{doubt:?}");
    }
}

#[tokio::test]
async fn with_a_key_it_is_tried_again_under_the_same_key() {
    for doubt in doubts().into_iter().chain([Reply::status(409)]) {
        let gateway = Gateway::that([doubt.clone(), doubt.clone(), taken()]).await;
        let http = Http::new().timeout(Duration::from_millis(300)); // the third try has to succeed in it
        let outcome = send(safe(&gateway.url).http(http).build().unwrap()).await.outcome;
        assert_eq!(outcome.unwrap().message_id(), Some("m-1"), "{doubt:?}");
        let seen = gateway.seen();
        assert_eq!(seen.len(), if matches!(doubt, Reply::Deaf) { 1 } else { 3 }, "{doubt:?}");
        assert!(seen.iter().all(|request| key(request) == key(&seen[0]) && request.body == seen[0].body));
    }
}

fn key(seen: &Seen) -> &str {
    seen.header("idempotency-key").unwrap()
}

#[tokio::test]
async fn retries_are_bounded() {
    for (retries, requests) in [(None, 3), (Some(0), 1), (Some(1), 2), (Some(5), 6)] {
        let gateway = Gateway::that([Reply::status(500)]).await;
        let webhook = safe(&gateway.url);
        let webhook = retries.into_iter().fold(webhook, WebhookBuilder::retries);
        let kept = send(webhook.build().unwrap()).await;
        assert_eq!(failure(&kept.outcome).0, Kind::Unknown);
        assert_eq!(gateway.seen().len(), requests);
    }
}

#[tokio::test]
async fn what_is_known_is_not_tried_again() {
    for status in [400, 401, 422, 429, 307] {
        let gateway = Gateway::that([Reply::status(status), taken()]).await;
        let kept = send(safe(&gateway.url).permanent_status(422).build().unwrap()).await;
        assert_ne!(failure(&kept.outcome).0, Kind::Unknown);
        assert_eq!(gateway.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn once_in_doubt_only_success_ends_it() {
    for (later, requests) in [(Reply::status(429), 2), (Reply::status(422), 2), (Reply::status(500), 3)] {
        let gateway = Gateway::that([Reply::Cut, later]).await;
        let kept = send(safe(&gateway.url).permanent_status(422).build().unwrap()).await;
        let (kind, error) = failure(&kept.outcome);
        assert_eq!(kind, Kind::Unknown, "{error}");
        assert_eq!(gateway.seen().len(), requests);
    }
    let kept = send(safe(&Gateway::closed()).build().unwrap()).await;
    let (kind, error) = failure(&kept.outcome);
    assert!(kind == Kind::Transient && matches!(error, GatewayError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn the_same_code_sent_again_has_a_key_of_its_own() {
    let gateway = Gateway::that([taken()]).await;
    let clock = ManualClock::default();
    let store = MemoryStore::with_clock(10, clock.clone());
    let recorder = Recorder::new(safe(&gateway.url).signing_secret(KEY).build().unwrap());
    let exchanger = Exchanger::builder(store, recorder.clone(), Keyring::generate().unwrap());
    let exchanger = exchanger.clock(clock.clone()).build().unwrap();
    let request = Request::login(&Recipient::parse(PHONE).unwrap()).template("Your code is {{CODE}}.");
    let receipt = exchanger.send(request).await.unwrap();
    clock.set(receipt.resend_at);
    exchanger.deliver(&receipt.otp_id).await.unwrap();

    let seen = gateway.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].json()["text"], seen[1].json()["text"]);
    assert_eq!(seen[0].json()["reference"], seen[1].json()["reference"]);
    assert_ne!(key(&seen[0]), key(&seen[1]));
    for request in seen {
        let key = key(&request);
        assert_eq!(request.header("webhook-id"), Some(key));
        let lengths: Vec<_> = key.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{key}");
        assert!(key.chars().all(|digit| digit == '-' || digit.is_ascii_hexdigit()), "{key}");
        assert!(key[14..].starts_with('4') && key[19..].starts_with(['8', '9', 'a', 'b']), "{key}");
    }
}

/// As the specification tells receivers to: recompute over what came, compare with any of the signatures.
fn is_signed(seen: &Seen, body: &str, secret: &str) -> bool {
    let id = seen.header("webhook-id").unwrap();
    let timestamp = seen.header("webhook-timestamp").unwrap();
    let signed = [id, timestamp, body].join(".");
    let mut mac = Hmac::<Sha256>::new_from_slice(&Base64::decode_vec(secret).unwrap()).unwrap();
    mac.update(signed.as_bytes());
    let expected = Base64::encode_string(&mac.finalize().into_bytes());
    let mut signatures = seen.header("webhook-signature").unwrap().split(' ');
    signatures.any(|signature| signature.split_once(',') == Some(("v1", expected.as_str())))
}

#[tokio::test]
async fn the_receiver_can_check_each_try() {
    let other = Base64::encode_string(&[9; 32]);
    let gateway = Gateway::that([Reply::status(500), taken()]).await;
    let webhook = safe(&gateway.url)
        .signing_secret(format!("whsec_{KEY}"))
        .signing_secret(&other)
        .clock(ManualClock::default()) // 2025-01-01
        .build()
        .unwrap();
    send_to(webhook, PHONE, HOSTILE).await.outcome.unwrap();
    let seen = gateway.seen();
    assert_eq!(seen.len(), 2);
    for request in seen {
        assert_eq!(request.header("webhook-timestamp"), Some("1735689600"));
        assert!(is_signed(&request, &request.body, KEY));
        assert!(is_signed(&request, &request.body, &other));
        assert!(!is_signed(&request, &request.body, &Base64::encode_string(&[8; 32])));
        assert!(!is_signed(&request, &request.body.replace("32412345678", "32412345679"), KEY));
    }
}
