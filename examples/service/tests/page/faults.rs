//! Requests that are none, and a service that cannot do its work.

use otp_exchange::{Accepted, Message, Notifier, NotifyError, Outbox};
use reqwest::Method;

use crate::person::{Person, client};
use crate::world::World;

const ADA: &str = "ada@example.org";

#[tokio::test]
async fn a_request_that_is_none_gets_a_page_all_the_same() {
    let world = World::start(&[]).await;
    let mut ada = Person::new(&world);
    ada.ask(ADA).await;
    let cookie = format!("otp-pending={}", ada.cookies["otp-pending"]);
    let form = "application/x-www-form-urlencoded";
    let large = format!("address=a&code={}", "1".repeat(17 * 1024));
    for (kind, body, status) in [
        (form, "", 400),
        (form, "other=1", 400),
        (form, "address=a&address=b&code=1&code=2", 400),
        (form, "address=%ff&code=%ff", 400),
        (form, &large, 413),
        ("application/json", r#"{"address":"ada@example.org","code":"123456"}"#, 415),
        ("text/plain", "address=ada@example.org&code=123456", 415),
    ] {
        for path in ["/sign-in", "/code"] {
            let request = client().build().unwrap().post(format!("{}{path}", world.url));
            let request =
                request.header("content-type", kind).header("cookie", &cookie).body(body.to_owned());
            let response = request.send().await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{path} {kind}");
            let page = response.text().await.unwrap();
            assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<title>Error: "), "{path}: {page}");
            assert!(page.contains("<form"), "and a form to go on with");
        }
    }
    assert_eq!(world.outbox.total(), 1);
}

#[tokio::test]
async fn a_method_that_is_not_for_a_path_gets_a_page_all_the_same() {
    let world = World::start(&[]).await;
    let mut ada = Person::new(&world);
    for (method, path, allowed) in [
        (Method::PUT, "/", "GET,HEAD"),
        (Method::POST, "/", "GET,HEAD"),
        (Method::DELETE, "/code", "GET,HEAD,POST"),
        (Method::POST, "/page.css", "GET,HEAD"),
    ] {
        let answer = ada.send(method, path, None, &[]).await;
        assert_eq!((answer.status, answer.title()), (405, "Error: That did not work"));
        assert_eq!(answer.header("allow"), allowed, "{path}");
    }
    assert_eq!(ada.send(Method::HEAD, "/", None, &[]).await.status, 200);
}

#[tokio::test]
async fn while_the_store_is_down_it_says_so_and_the_code_works_afterwards() {
    let world = World::start(&[]).await;
    let (mut ada, mut within) = (Person::new(&world), Person::new(&world));
    within.sign_in("+32412345678", 0).await;
    ada.ask(ADA).await;
    let code = world.code_of(2, ADA).await;
    world.advance(30);
    let (cookies, session) = (ada.cookies.clone(), within.cookies.clone());
    world.store.off(true);
    for answer in [
        ada.get("/code").await,
        ada.post("/code", &[("code", &code)]).await,
        ada.post("/resend", &[]).await,
        ada.post("/sign-in", &[("address", "ada2@example.org")]).await,
        within.get("/").await,
        within.get("/code").await,
        within.post("/sign-out", &[]).await,
    ] {
        assert_eq!((answer.status, answer.header("retry-after")), (503, "1"));
        assert!(answer.error().contains("Try again in a moment"));
        assert!(answer.set_cookies().is_empty(), "nothing is forgotten");
    }
    world.store.off(false);
    assert_eq!((&ada.cookies, &within.cookies), (&cookies, &session));
    assert_eq!(ada.post("/code", &[("code", &code)]).await.location(), "/");
    assert_eq!(within.get("/").await.title(), "You are signed in");
    assert_eq!(within.post("/sign-out", &[]).await.location(), "/");
}

/// Messages that never go anywhere.
struct Stuck;

impl Notifier for Stuck {
    async fn notify(&self, _: &Message) -> Result<Accepted, NotifyError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_full_queue_is_said_before_a_code_is_made() {
    let options = ["--client-header", "x-client"];
    let world = World::begin(&options, Stuck, Outbox::new(), |router| router).await;
    let mut ada = Person::new(&world);
    let mut ask = async |count: u32| {
        let client = format!("10.0.{}.{}", count / 256, count % 256);
        let address = format!("ada{count}@example.org");
        ada.post_with("/sign-in", &[("address", &address)], &[("x-client", &client)]).await
    };
    for count in 0..1024 {
        assert_eq!(ask(count).await.status, 303, "no answer waits for its message");
    }
    let full = ask(1024).await;
    assert_eq!((full.status, full.header("retry-after"), full.title()), (503, "1", "Error: Sign in"));
    assert!(full.body.contains(r#"value="ada1024@example.org""#) && full.set_cookies().is_empty());
    world.advance(30);
    let resent = ada.post("/resend", &[]).await;
    assert_eq!((resent.status, resent.title()), (503, "Error: Enter the code"));
}
