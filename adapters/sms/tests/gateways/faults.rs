//! What holds for every gateway, whatever the wire does.

use std::time::Duration;

use otp_exchange::{DynNotifier, NotifyError};
use otp_exchange_sms::reqwest::Proxy;
use otp_exchange_sms::reqwest::redirect::Policy;
use otp_exchange_sms::{ConfigError, GatewayError, Http};

use crate::scene::{Kind, failure, impatient, send, send_to};
use crate::server::{Gateway, Reply};
use crate::{nomado, twilio, webhook};

/// Each gateway at that address, with a success of its own.
pub(crate) fn each(
    url: &str,
    http: impl Fn() -> Http,
) -> Result<[(&'static str, DynNotifier, Reply); 3], ConfigError> {
    Ok([
        (
            "twilio",
            DynNotifier::new(twilio::at(url).http(http()).build()?),
            Reply::json(201, &twilio::created()),
        ),
        (
            "nomado",
            DynNotifier::new(nomado::at(url).http(http()).build()?),
            Reply::json(200, &nomado::sent()),
        ),
        ("webhook", DynNotifier::new(webhook::at(url).http(http()).build()?), webhook::taken()),
    ])
}

fn patient() -> Http {
    Http::new()
}

/// Sends by each gateway to a server that does this; exactly one connection is made.
async fn met(reply: Reply, http: fn() -> Http, kind: Kind, is: fn(&GatewayError) -> bool) {
    for index in 0..3 {
        let gateway = Gateway::that([reply.clone()]).await;
        let (name, notifier, _) = each(&gateway.url, http).unwrap().into_iter().nth(index).unwrap();
        let kept = send(notifier).await;
        let (found, error) = failure(&kept.outcome);
        assert_eq!(found, kind, "{name}, {reply:?}: {error}");
        assert!(is(error), "{name}, {reply:?}: {error:?}");
        assert_eq!(gateway.connections(), 1, "{name}, {reply:?}");
        assert!(gateway.seen().len() <= 1, "{name}, {reply:?}");
    }
}

#[tokio::test]
async fn silence_is_unknown() {
    for reply in [Reply::Deaf, Reply::Mute] {
        met(reply, impatient, Kind::Unknown, |error| matches!(error, GatewayError::Timeout { .. })).await;
    }
}

#[tokio::test]
async fn a_cut_connection_is_unknown() {
    for bytes in ["", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\n", "no HTTP at all\r\n\r\n", "\0\0\0\0"] {
        let reply = Reply::Raw(bytes.into());
        met(reply, patient, Kind::Unknown, |error| matches!(error, GatewayError::Lost(_))).await;
    }
    met(Reply::Cut, patient, Kind::Unknown, |error| matches!(error, GatewayError::Lost(_))).await;
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_unknown() {
    let long = format!("{{\"sid\":\"SM1\",\"x\":\"{}\"}}", "x".repeat(64 * 1024));
    let deep = "[".repeat(100_000);
    let short = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"sid\":\"SM1\"}";
    let endless = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffff\r\n{\"sid\":\"SM1\"}";
    for reply in [
        Reply::Answer(200, long),
        Reply::Answer(200, deep),
        Reply::Answer(200, "\u{fffd}<html>".into()),
        Reply::Answer(200, String::new()),
        Reply::Raw(short.into()),
        Reply::Raw(endless.into()),
        Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\xff\xfe".to_vec()),
    ] {
        met(reply, patient, Kind::Unknown, |error| matches!(error, GatewayError::Nonsense { status: 200 }))
            .await;
    }
}

#[tokio::test]
async fn an_answer_of_64_kib_is_read_and_not_a_byte_more() {
    let (head, tail) = (r#"{"sid":"SM1","x":""#, r#""}"#);
    for (bytes, taken) in [(64 * 1024, true), (64 * 1024 + 1, false)] {
        let body = format!("{head}{}{tail}", "x".repeat(bytes - head.len() - tail.len()));
        let gateway = Gateway::that([Reply::Answer(201, body)]).await;
        assert_eq!(send(twilio::at(&gateway.url).build().unwrap()).await.outcome.is_ok(), taken);
    }
}

#[tokio::test]
async fn a_refusal_stands_even_if_its_body_is_lost() {
    let reply = Reply::Raw(b"HTTP/1.1 401 x\r\ncontent-length: 1000\r\n\r\n{".to_vec());
    let is = |error: &GatewayError| matches!(error, GatewayError::Refused { status: 401, code: None });
    met(reply, patient, Kind::Transient, is).await;
}

#[tokio::test]
async fn servers_that_fail_leave_it_unknown_and_busy_ones_do_not() {
    for status in [500, 502, 503, 504, 599] {
        met(Reply::status(status), patient, Kind::Unknown, |error| {
            matches!(error, GatewayError::Failed { .. })
        })
        .await;
    }
    met(Reply::status(429), patient, Kind::Transient, |error| error.status() == Some(429)).await;
}

#[tokio::test]
async fn redirections_are_not_followed() {
    for (status, kind) in [
        (301, Kind::Unknown),
        (302, Kind::Unknown),
        (303, Kind::Unknown),
        (307, Kind::Transient),
        (308, Kind::Transient),
    ] {
        // What users have unless they say otherwise.
        let follow = || Http::new().client(|client| client.redirect(Policy::default()));
        met(Reply::status(status), follow, kind, |_| true).await;
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let gateway = Gateway::that([Reply::status(200)]).await;
    for url in [
        Gateway::closed(),                          // refused
        gateway.url.replace("http://", "https://"), // no TLS there
    ] {
        for (name, notifier, _) in each(&url, patient).unwrap() {
            let kept = send(notifier).await;
            let (kind, error) = failure(&kept.outcome);
            assert_eq!(kind, Kind::Transient, "{name}: {error}");
            assert!(matches!(error, GatewayError::Unreachable(_)), "{name}: {error}");
        }
    }
    assert!(gateway.seen().is_empty());
}

#[tokio::test]
async fn tls_that_never_answers_is_no_connection() {
    let gateway = Gateway::that([Reply::Deaf]).await;
    let url = gateway.url.replace("http://", "https://");
    let http = || Http::new().connect_timeout(Duration::from_millis(60));
    for (name, notifier, _) in each(&url, http).unwrap() {
        let kept = send(notifier).await;
        let (kind, error) = failure(&kept.outcome);
        assert!(kind == Kind::Transient && matches!(error, GatewayError::Unreachable(_)), "{name}: {error}");
    }
}

#[tokio::test]
async fn what_stays_on_this_machine_passes_by_every_proxy() {
    for index in 0..3 {
        let proxy = Gateway::that([Reply::status(502)]).await;
        let through_it = || {
            let proxy = Proxy::all(&proxy.url).unwrap();
            Http::new().client(|client| client.proxy(proxy))
        };
        let take = |url: &str| each(url, through_it).unwrap().into_iter().nth(index).unwrap();
        let gateway = Gateway::that([take("https://sms.invalid").2]).await;
        let (name, notifier, _) = take(&gateway.url);
        send(notifier).await.outcome.unwrap();
        assert_eq!((gateway.connections(), proxy.connections()), (1, 0), "{name}");

        // The same settings do take it to any other machine, within TLS.
        let kept = send(take("https://sms.invalid").1).await;
        assert!(matches!(failure(&kept.outcome).1, GatewayError::Unreachable(_)), "{name}");
        assert_eq!(proxy.only().line, "CONNECT sms.invalid:443 HTTP/1.1", "{name}");
    }
}

#[tokio::test]
async fn email_is_refused_for_good_and_nobody_is_asked() {
    let gateway = Gateway::that([Reply::status(200)]).await;
    for (name, notifier, _) in each(&gateway.url, patient).unwrap() {
        let kept = send_to(notifier, "ada@example.org", "{{CODE}}").await;
        let (kind, error) = failure(&kept.outcome);
        assert!(kind == Kind::Permanent && matches!(error, GatewayError::NotSms), "{name}: {error}");
    }
    assert_eq!(gateway.connections(), 0);
}

#[tokio::test]
async fn connections_are_used_again() {
    for index in 0..3 {
        let (_, _, success) = each("https://x.example", patient).unwrap().into_iter().nth(index).unwrap();
        let gateway = Gateway::that([success]).await;
        let (name, notifier, _) = each(&gateway.url, patient).unwrap().into_iter().nth(index).unwrap();
        for _ in 0..3 {
            send(notifier.clone()).await.outcome.unwrap();
        }
        assert_eq!((gateway.connections(), gateway.seen().len()), (1, 3), "{name}");
    }
}

#[tokio::test]
async fn errors_are_of_the_kind_they_say() {
    let entropy = otp_exchange::EntropyError::new(std::io::Error::other("none left"));
    let error = NotifyError::from(GatewayError::Entropy(entropy));
    assert_eq!(Kind::of(&error), Kind::Transient);
}
