//! A client is one client, whatever it writes into its headers.

use crate::support::{World, few_sends};
use otp_exchange_axum::{Api, ClientAddress};
use reqwest::Method;
use reqwest::header::HeaderName;
use serde_json::json;

/// How many of ten requests, each for somebody else, are let through.
async fn let_through(
    api: impl FnOnce(Api) -> Api,
    headers: impl Fn(usize) -> Vec<(&'static str, String)>,
) -> usize {
    let world = World::with(few_sends(3), api).await;
    let mut through = 0;
    for turn in 0..10 {
        let request =
            world.request(Method::POST, "/codes").json(&json!({ "to": format!("person{turn}@example.org") }));
        let request =
            headers(turn).into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let answer = world.send(request).await;
        match answer.status.as_u16() {
            202 => through += 1,
            429 => assert_eq!(answer.problem(), "throttled"),
            _ => panic!("{}", answer.body),
        }
    }
    through
}

const ONE: usize = 3; // what one client may
const ALL: usize = 10;

#[tokio::test]
async fn without_a_trusted_header_the_connection_counts() {
    let spoofed = |turn: usize| {
        let address = format!("203.0.113.{turn}");
        let names =
            ["x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip", "true-client-ip", "via"];
        names.map(|name| (name, address.clone())).to_vec()
    };
    assert_eq!(let_through(|api| api, spoofed).await, ONE);
}

#[tokio::test]
async fn behind_one_proxy_the_last_address_counts() {
    let one = |api: Api| api.client_address(ClientAddress::forwarded_for(1));
    let line = |text: String| vec![("x-forwarded-for", text)];
    assert_eq!(let_through(one, |turn| line(format!("203.0.113.{turn}"))).await, ALL);
    assert_eq!(let_through(one, |turn| line(format!("203.0.113.{turn}, 198.51.100.7"))).await, ONE);
    assert_eq!(let_through(one, |turn| line(format!("\u{fc}{turn}, 198.51.100.7"))).await, ONE);
    // In a line of its own, as some proxies append.
    let lines = |turn: usize| {
        vec![("x-forwarded-for", format!("203.0.113.{turn}")), ("x-forwarded-for", "198.51.100.7".into())]
    };
    assert_eq!(let_through(one, lines).await, ONE);
    // Nothing to read: the proxy's own address, for all of them.
    assert_eq!(let_through(one, |turn| line(format!("somebody{turn}"))).await, ONE);
    assert_eq!(let_through(one, |_| Vec::new()).await, ONE);
}

#[tokio::test]
async fn behind_two_proxies_the_last_but_one_counts() {
    let two = |api: Api| api.client_address(ClientAddress::forwarded_for(2));
    let line = |text: String| vec![("x-forwarded-for", text)];
    assert_eq!(let_through(two, |turn| line(format!("203.0.113.{turn}, 10.0.0.1"))).await, ALL);
    assert_eq!(let_through(two, |turn| line(format!("198.51.100.7, 10.0.0.{turn}"))).await, ONE);
    assert_eq!(let_through(two, |turn| line(format!("203.0.113.{turn}, 198.51.100.7, 10.0.0.1"))).await, ONE);
    assert_eq!(let_through(two, |turn| line(format!("203.0.113.{turn}"))).await, ONE); // came by one proxy only
    let lines = |turn: usize| {
        let text = format!("192.0.2.{turn}, 203.0.113.{turn}");
        vec![("x-forwarded-for", text), ("x-forwarded-for", "10.0.0.1".into())]
    };
    assert_eq!(let_through(two, lines).await, ALL);
}

#[tokio::test]
async fn a_named_header_counts_if_it_is_there_once() {
    let named = |api: Api| api.client_address(ClientAddress::header(HeaderName::from_static("x-real-ip")));
    assert_eq!(let_through(named, |turn| vec![("x-real-ip", format!("203.0.113.{turn}"))]).await, ALL);
    assert_eq!(let_through(named, |turn| vec![("x-real-ip", format!("203.0.113.7:{turn}"))]).await, ONE);
    let twice =
        |turn: usize| vec![("x-real-ip", format!("203.0.113.{turn}")), ("x-real-ip", "198.51.100.7".into())];
    assert_eq!(let_through(named, twice).await, ONE);
    assert_eq!(let_through(named, |turn| vec![("x-forwarded-for", format!("203.0.113.{turn}"))]).await, ONE);
}

#[tokio::test]
async fn an_ipv6_client_is_its_64() {
    let one = |api: Api| api.client_address(ClientAddress::forwarded_for(1));
    let line = |text: String| vec![("x-forwarded-for", text)];
    assert_eq!(let_through(one, |turn| line(format!("2001:db8:1:2::{turn}"))).await, ONE);
    assert_eq!(let_through(one, |turn| line(format!("[2001:db8:1:2::{turn}]:443"))).await, ONE);
    assert_eq!(let_through(one, |turn| line(format!("2001:db8:1:{turn}::1"))).await, ALL);
    assert_eq!(let_through(one, |turn| line(format!("::ffff:203.0.113.{turn}"))).await, ALL);
    assert_eq!(
        let_through(one, |turn| line(if turn % 2 == 0 {
            "::ffff:203.0.113.7".into()
        } else {
            "203.0.113.7".into()
        }))
        .await,
        ONE
    );
}

#[tokio::test]
async fn guesses_are_counted_by_client_as_well() {
    let policy = crate::support::policy()
        .client_checks(otp_exchange::Quota::new(2, std::time::Duration::from_secs(900)));
    let world = World::with(policy, crate::support::behind_a_proxy).await;
    let (otp_id, code) = world.code("ada@example.org").await;
    let typed = |from: &str, code: &str| {
        let request = world.request(Method::POST, "/exchange").header("x-forwarded-for", from);
        request.json(&json!({ "otp_id": otp_id, "code": code }))
    };
    let wrong = crate::support::other_than(&code);
    for status in [403, 403, 429] {
        assert_eq!(world.send(typed("192.0.2.1, 203.0.113.7", &wrong)).await.status, status);
    }
    assert_eq!(world.send(typed("192.0.2.2, 203.0.113.7", &code)).await.status, 429);
    assert_eq!(world.send(typed("203.0.113.8", &code)).await.status, 200);
}
