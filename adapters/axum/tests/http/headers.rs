//! Whatever is asked, the answer is a problem document or what was asked for, kept by no cache.

use crate::support::{ADA, World};
use reqwest::Method;

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let world = World::new().await;
    for path in ["", "/nothing", "/codes/a/b/c", "/codes/", "/exchange/", "/codes/%ff/nothing"] {
        let answer = world.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (404, "not-found"), "{path}");
    }
    for (method, path, allowed) in [
        (Method::GET, "/codes", "POST"),
        (Method::PUT, "/codes/some", "DELETE,GET,HEAD"),
        (Method::DELETE, "/exchange", "POST"),
        (Method::OPTIONS, "/token", "POST"),
        (Method::POST, "/openapi.json", "GET,HEAD"),
        (Method::TRACE, "/revoke", "POST"),
    ] {
        let answer = world.send(world.request(method.clone(), path)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().as_str()),
            (405, "method-not-allowed"),
            "{method} {path}"
        );
        let mut allow: Vec<_> = answer.header("allow").unwrap().split(',').map(str::trim).collect();
        allow.sort_unstable();
        assert_eq!(allow.join(","), allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn no_answer_is_kept_or_taken_for_another_type() {
    let world = World::new().await;
    let (otp_id, _) = world.code(ADA).await;
    let answers = [
        world.ask("grace@example.org").await,
        world.ask("nobody").await,
        world.get(&format!("/codes/{otp_id}")).await,
        world.get("/codes/dead").await,
        world.get("/nothing").await,
        world.get("/codes").await,
        world.form("/revoke", &[("token", "none")]).await,
        world.form("/token", &[]).await,
        world.form("/introspect", &[("token", "none")]).await,
        world.introspect("none").await,
        world.delete("/codes/dead").await,
        world.get("/openapi.json").await,
    ];
    for answer in answers {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.body);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{}", answer.body);
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let world = World::new().await;
    let (otp_id, _) = world.code(ADA).await;
    let path = format!("/codes/{otp_id}");
    let (get, head) = (world.get(&path).await, world.send(world.request(Method::HEAD, &path)).await);
    assert_eq!((head.status, head.body.as_str()), (get.status, ""));
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(head.header("content-type"), get.header("content-type"));
    assert_eq!(world.send(world.request(Method::HEAD, "/codes/dead")).await.status, 404);
}

#[tokio::test]
async fn a_page_of_another_site_can_send_nothing_that_is_taken() {
    // What a form can send without asking first (Fetch, CORS-safelisted content types), and what looks like
    // JSON.
    let world = World::new().await;
    let json = format!(r#"{{"to":"{ADA}"}}"#);
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "application/jsonp",
        "application/problem+json",
        "text/plain; application/json",
        "application/json, text/plain",
        "",
    ] {
        let request = world.request(Method::POST, "/codes").header("content-type", content_type);
        let answer = world.send(request.body(json.clone())).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().as_str()),
            (415, "unsupported-media-type"),
            "{content_type}"
        );
    }
    let twice = world.request(Method::POST, "/codes").header("content-type", "application/json");
    let answer = world.send(twice.header("content-type", "text/plain").body(json.clone())).await;
    assert_eq!(answer.status, 415);
    let none = world.send(world.request(Method::POST, "/codes").body(json.clone())).await;
    assert_eq!(none.status, 415);
    world.settle().await;
    assert_eq!(world.outbox.total(), 0);
    for content_type in ["application/json", "Application/JSON; charset=utf-8"] {
        let request = world.request(Method::POST, "/codes").header("content-type", content_type);
        let body = json.replace("ada", if content_type.len() > 16 { "grace" } else { "ada" });
        assert_eq!(world.send(request.body(body)).await.status, 202, "{content_type}");
    }
}
