//! The whole way: a code is sent through a gateway, read by the person, typed and exchanged.

use otp_exchange::{Delivery, Exchanger, Keyring, MemoryStore, Recipient, Request, SendError, Submission};
use otp_exchange_sms::Twilio;
use otp_exchange_sms::reqwest::Url;
use serde_json::json;

use crate::scene::{PHONE, Recorder};
use crate::server::{Gateway, Reply, Seen};
use crate::{nomado, twilio, webhook};

/// A form as whoever receives it reads it.
pub(crate) fn field(form: &str, name: &str) -> String {
    let url = Url::parse(&format!("http://x/?{form}")).unwrap();
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

/// What the person reads off the phone: the digits of the text.
pub(crate) fn read(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

async fn round_trip(gateway: Gateway, notifier: impl otp_exchange::Notifier, text: fn(&Seen) -> String) {
    let recorder = Recorder::new(notifier);
    let exchanger = Exchanger::builder(MemoryStore::new(10), recorder.clone(), Keyring::generate().unwrap())
        .build()
        .unwrap();
    let ada = Recipient::parse(PHONE).unwrap();
    let sent = exchanger.send(Request::login(&ada).template("Your code: {{CODE}}")).await.unwrap();
    recorder.kept().pop().unwrap().outcome.unwrap();
    let typed = read(&text(&gateway.only()));
    let tokens = exchanger.exchange(Submission::by_id(&sent.otp_id, &typed).login()).await.unwrap();
    let who = exchanger.authenticate(tokens.access.expose()).await.unwrap();
    assert_eq!(who.subject, PHONE);
    assert!(!gateway.only().body.contains(&sent.otp_id.to_string()), "a carrier must not learn the otp id");
}

#[tokio::test]
async fn by_twilio() {
    let gateway = Gateway::that([Reply::json(201, &twilio::created())]).await;
    let twilio = twilio::at(&gateway.url).build().unwrap();
    round_trip(gateway, twilio, |seen| field(&seen.body, "Body")).await;
}

#[tokio::test]
async fn by_nomado() {
    let gateway = Gateway::that([Reply::json(200, &nomado::sent())]).await;
    let nomado = nomado::at(&gateway.url).build().unwrap();
    round_trip(gateway, nomado, |seen| seen.json()["message"].as_str().unwrap().into()).await;
}

#[tokio::test]
async fn by_webhook() {
    let gateway = Gateway::that([webhook::taken()]).await;
    let webhook = webhook::at(&gateway.url).build().unwrap();
    round_trip(gateway, webhook, |seen| seen.json()["text"].as_str().unwrap().into()).await;
}

#[tokio::test]
async fn a_number_that_is_none_voids_the_code() {
    let refusal = Reply::json(400, &json!({ "code": 21211, "status": 400 }));
    let gateway = Gateway::that([refusal]).await;
    let notifier = twilio::at(&gateway.url).build().unwrap();
    let exchanger =
        Exchanger::builder(MemoryStore::new(10), notifier, Keyring::generate().unwrap()).build().unwrap();
    let ada = Recipient::parse(PHONE).unwrap();
    let error = exchanger.send(Request::login(&ada)).await.unwrap_err();
    assert!(matches!(error, SendError::Undeliverable(_)), "{error}");
}

#[tokio::test]
async fn a_notice_of_twilio_s_finds_the_code() {
    let gateway = Gateway::that([Reply::json(201, &twilio::created())]).await;
    let notifier = twilio::at(&gateway.url).status_callback("https://shop.example/sms").build().unwrap();
    let exchanger =
        Exchanger::builder(MemoryStore::new(10), notifier, Keyring::generate().unwrap()).build().unwrap();
    let sent = exchanger.send(Request::login(&Recipient::parse(PHONE).unwrap())).await.unwrap();

    // What Twilio calls, with a form in which the MessageStatus is.
    let callback = field(&gateway.only().body, "StatusCallback");
    let query = callback.strip_prefix("https://shop.example/sms?").unwrap();
    let delivery_id = field(query, "delivery_id").parse().unwrap();
    for (message_status, heard) in [
        ("queued", None),
        ("sent", Some(Delivery::Sent)),
        ("undelivered", Some(Delivery::Failed)),
        ("delivered", Some(Delivery::Delivered)),
        ("sent", Some(Delivery::Delivered)), // late
    ] {
        if let Some(delivery) = Twilio::delivery(message_status) {
            exchanger.report(&delivery_id, delivery).await.unwrap();
        }
        assert_eq!(
            exchanger.status(&sent.otp_id).await.unwrap().expose_delivery(),
            heard,
            "{message_status}"
        );
    }
}

#[tokio::test]
async fn a_webhook_s_reference_finds_the_code() {
    let gateway = Gateway::that([webhook::taken()]).await;
    let notifier = webhook::at(&gateway.url).build().unwrap();
    let exchanger =
        Exchanger::builder(MemoryStore::new(10), notifier, Keyring::generate().unwrap()).build().unwrap();
    let sent = exchanger.send(Request::login(&Recipient::parse(PHONE).unwrap())).await.unwrap();
    let delivery_id = gateway.only().json()["reference"].as_str().unwrap().parse().unwrap();
    exchanger.report(&delivery_id, Delivery::Failed).await.unwrap();
    let status = exchanger.status(&sent.otp_id).await.unwrap();
    assert_eq!(status.expose_delivery(), Some(Delivery::Failed));
}
