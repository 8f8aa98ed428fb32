//! Nothing secret is shown, even where a gateway repeats all it was told.

use std::error::Error;
use std::fmt::{Debug, Write};

use std::sync::{Arc, Mutex};

use otp_exchange::{DynNotifier, Event, Exchanger, Keyring, MemoryStore, Notifier, Recipient, Request};
use otp_exchange_sms::{Http, Nomado, Twilio, Webhook, WebhookBuilder};
use serde_json::json;

use crate::scene::{Outcome, PHONE, impatient, send_to};
use crate::server::{Gateway, Reply, Seen};
use crate::{exchange, nomado, twilio, webhook};

const ACCOUNT: &str = "AC00000000000000000000000000000000";
const TEXT: &str = "canary-text {{CODE}}";

/// All that must never be seen: what is configured, and what is in the message.
const CANARIES: [&str; 9] = [
    "canary-token",
    "canary-password",
    "canary-header",
    "canary-path",
    "canary-query",
    "Y2FuYXJ5LXNpZ25pbmcta2V5LWNhbmFyeS1zaWc",
    "canary-signing",
    "canary-text",
    "32412345678",
];

/// Debug and Display of an error and of all that is beneath it.
fn shown(error: &(dyn Error + 'static)) -> String {
    let mut all = format!("{error} {error:?} ");
    let mut next = error.source();
    while let Some(error) = next {
        write!(all, "{error} {error:?} ").unwrap();
        next = error.source();
    }
    all
}

fn clean(what: &str, shown: &str, code: &str) {
    for canary in CANARIES.into_iter().chain([code]) {
        assert!(!shown.contains(canary), "{what} shows {canary}: {shown}");
    }
}

fn notifiers(url: &str) -> Vec<(DynNotifier, String)> {
    let twilio = || {
        Twilio::with_auth_token(ACCOUNT, "canary-token")
            .from("Shop")
            .base_url(url)
            .status_callback("https://shop.example/canary-path?key=canary-query")
            .http(impatient())
    };
    let key = || {
        Twilio::with_api_key(ACCOUNT, "SK1", "canary-password").from("Shop").base_url(url).http(impatient())
    };
    let nomado =
        || otp_exchange_sms::Nomado::builder("shop", "canary-password").base_url(url).http(impatient());
    let webhook = || {
        Webhook::builder(format!("{url}/canary-path?key=canary-query"), json!("{to} {text}"))
            .header("Authorization", "canary-header")
            .message_id("/id")
            .signing_secret("whsec_Y2FuYXJ5LXNpZ25pbmcta2V5LWNhbmFyeS1zaWc=")
            .http(impatient())
    };
    vec![
        pair(twilio().build().unwrap(), twilio()),
        pair(key().build().unwrap(), key()),
        pair(nomado().build().unwrap(), nomado()),
        pair(webhook().build().unwrap(), webhook()),
    ]
}

fn pair<N: Notifier + Debug + 'static>(notifier: N, builder: impl Debug) -> (DynNotifier, String) {
    let shown = format!("{notifier:?} {notifier:#?} {builder:?} {builder:#?}");
    (DynNotifier::new(notifier), shown)
}

#[tokio::test]
async fn no_gateway_and_no_error_shows_a_secret() {
    let echo = format!("canary-text canary-token canary-password canary-header {PHONE}");
    let said = json!({ "code": 21211, "message": echo, "sid": null, "status": echo }).to_string();
    let head = |line: &str| Reply::Raw(format!("HTTP/1.1 {line}\r\nx-echo: {echo}\r\n").into_bytes());
    let (mut faults, mut urls) = (0, Vec::new());
    for reply in [
        Reply::Answer(400, said.clone()),
        Reply::Answer(401, said.clone()),
        Reply::Answer(200, said.clone()),
        Reply::Answer(500, said.clone()),
        Reply::Answer(302, said),
        head(&format!("200 {echo}")),
        head(&echo),
        Reply::Cut,
        Reply::Mute,
    ] {
        urls.push(Gateway::that([reply]).await.url);
    }
    urls.push(Gateway::closed());
    urls.push(Gateway::closed().replace("http://", "https://"));
    urls.push(Gateway::that([Reply::Cut]).await.url.replace("http://", "https://"));
    for url in urls {
        for (notifier, debug) in notifiers(&url) {
            let kept = send_to(notifier, PHONE, TEXT).await;
            assert!(kept.text.contains("canary-text") && kept.text.contains(&kept.code));
            clean("a type", &debug, &kept.code);
            let Outcome::Err(error) = kept.outcome else { panic!("taken by {url}") };
            clean("an error", &shown(&error), &kept.code);
            clean("its cause", &shown(error.cause()), &kept.code);
            faults += 1;
        }
    }
    assert_eq!(faults, 12 * 4);
}

/// Answers of gateways that name the message by what they were sent: the code, alone and amid other things,
/// and the number. Twilio's and the webhook's alike.
const REPEATING: [fn(&Seen) -> String; 4] = [
    |seen| named(&exchange::read(&text(seen))),
    |seen| named(&format!("id/{}?", exchange::read(&text(seen)))),
    |_| named(PHONE),
    |_| named("0412-34.56.78"),
];

fn named(id: &str) -> String {
    json!({ "sid": id, "messages": [{ "id": id }] }).to_string()
}

fn text(seen: &Seen) -> String {
    match serde_json::from_str::<serde_json::Value>(&seen.body) {
        Ok(json) => json["text"].as_str().unwrap().into(),
        Err(_) => exchange::field(&seen.body, "Body"),
    }
}

#[tokio::test]
async fn no_event_shows_what_a_gateway_repeats_as_a_name() {
    for answer in REPEATING {
        let gateway = Gateway::that([Reply::Made(answer)]).await;
        repeats(&gateway, DynNotifier::new(twilio::at(&gateway.url).build().unwrap())).await;
        let gateway = Gateway::that([Reply::Made(answer)]).await;
        repeats(&gateway, DynNotifier::new(webhook::at(&gateway.url).build().unwrap())).await;
    }
}

/// A message is taken, by a gateway that repeats what it was sent, and its name is kept nowhere.
async fn repeats(gateway: &Gateway, notifier: DynNotifier) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let log = events.clone();
    let exchanger = Exchanger::builder(MemoryStore::new(10), notifier, Keyring::generate().unwrap())
        .observer(move |event: &Event| log.lock().unwrap().push(format!("{event:?}")))
        .build()
        .unwrap();
    let request = Request::login(&Recipient::parse(PHONE).unwrap()).template("Your code is {{CODE}}.");
    exchanger.send(request).await.unwrap();
    let code = exchange::read(&text(&gateway.only()));
    assert_eq!(code.len(), 6);
    let events = events.lock().unwrap().join("\n");
    assert!(events.contains("HandedOver") && events.contains("message_id: None"), "{events}");
    clean("an event", &events, &code);
}

#[test]
fn no_base_url_is_shown() {
    let url = "https://shop:canary-password@x.example/canary-path?key=canary-query";
    let twilio = || Twilio::with_auth_token(ACCOUNT, "canary-token").from("Shop").base_url(url);
    let nomado = || Nomado::builder("shop", "canary-password").base_url(url);
    clean("settings", &format!("{:?} {:#?} {:?}", twilio(), twilio(), twilio().build()), "canary");
    clean("settings", &format!("{:?} {:#?} {:?}", nomado(), nomado(), nomado().build()), "canary");
}

#[test]
fn no_setting_of_the_wrong_type_is_repeated() {
    let good = json!({ "url": "https://x.example", "body": "{to} {text}" });
    let read = |settings| serde_json::from_value::<WebhookBuilder>(settings);
    assert!(read(good.clone()).is_ok());
    let secret = "canary-token";
    for (field, value) in [
        ("url", json!(3_133_733)),
        ("url", json!([secret])),
        ("headers", json!({ "X-Key": 3_133_733 })),
        ("headers", json!({ "X-Key": -3_133_733 })),
        ("headers", json!({ "X-Key": 3_133_733.5 })),
        ("headers", json!({ "X-Key": { "Bearer": secret } })),
        ("headers", json!({ "X-Key": null })),
        ("headers", json!(format!("X-Key: {secret}"))),
        ("headers", json!([format!("X-Key: {secret}")])),
        ("signing_secrets", json!(secret)),
        ("signing_secrets", json!([3_133_733])),
        ("signing_secrets", json!({ "key": secret })),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        let Err(error) = read(bad.clone()) else { panic!("read {bad}") };
        clean("an error", &shown(&error), "3133733");
        assert!(error.to_string().contains("signing_secrets as a list"), "{error}");
        let Err(error) = serde_json::from_str::<WebhookBuilder>(&bad.to_string()) else {
            panic!("read {bad}")
        };
        clean("an error", &shown(&error), "3133733");
    }
}

#[test]
fn no_mistake_in_the_settings_shows_a_secret() {
    let url = "https://x.example/canary-path?key=canary-query";
    let body = || json!("{to} {text}");
    for error in [
        Webhook::builder("http://x.example/canary-path", body()).build().unwrap_err(),
        Webhook::builder("canary-path canary-query", body()).build().unwrap_err(),
        Webhook::builder("https://shop:canary-password@x.example", body()).build().unwrap_err(),
        Webhook::builder(url, body()).header("A", "canary-header\n").build().unwrap_err(),
        Webhook::builder(url, json!(r#"{"key":"canary-token"} {to} {text}"#)).build().unwrap_err(),
        Webhook::builder(url, json!("{canary-token:number}")).build().unwrap_err(),
        Webhook::builder(url, body()).signing_secret("canary-signing").build().unwrap_err(),
        Twilio::with_auth_token(ACCOUNT, "canary-token").build().unwrap_err(),
        Twilio::with_auth_token("/", "canary-token").from("Shop").build().unwrap_err(),
        nomado::at("canary-path").build().unwrap_err(),
    ] {
        clean("an error", &shown(&error), "canary-path");
    }
}

#[test]
fn settings_of_http_show_timeouts_alone() {
    let proxy = otp_exchange_sms::reqwest::Proxy::all("http://u:canary-password@proxy.example").unwrap();
    let http = Http::new().client(move |client| client.proxy(proxy));
    clean("settings", &format!("{http:?}"), "canary-password");
    let webhook = webhook::at("https://x.example").http(http);
    clean("settings", &format!("{webhook:?}"), "canary-password");
    clean("a type", &format!("{:?}", webhook.build()), "canary-password");
}
