//! Nothing secret is shown, even where a gateway repeats all it was told.

use std::error::Error;
use std::fmt::{Debug, Write};

use otp_exchange::{DynNotifier, Notifier};
use otp_exchange_sms::{Http, Twilio, Webhook};
use serde_json::json;

use crate::scene::{Outcome, PHONE, impatient, send_to};
use crate::server::{Gateway, Reply};
use crate::{nomado, webhook};

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
