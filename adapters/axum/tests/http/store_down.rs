//! A store that fails is a 503 that says when to try again; once it is back, the same code and tokens still
//! work.

use crate::support::{ADA, Answer, CALLER, World};
use otp_exchange::OtpId;
use otp_exchange::testkit::Reply;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

const GRACE: &str = "grace@example.org";

/// A world, and a code that only serves to ask its store.
struct Shaky {
    world: World,
    spare: OtpId,
}

impl Shaky {
    async fn new() -> Self {
        let world = World::new().await;
        let spare = world.code("spare@example.org").await.0.parse().unwrap();
        Self { world, spare }
    }

    /// Makes a request again and again, each time with another call to the store failing, until none is left
    /// to fail. Gives how many failed, and the answer in the end.
    async fn insist(&self, request: impl Fn() -> RequestBuilder) -> (u64, Answer) {
        let Self { world, spare } = self;
        for ahead in 0..20 {
            let before = world.store.calls();
            world.store.fail(ahead, Reply::Permanent);
            let answer = world.send(request()).await;
            world.settle().await;
            if world.store.calls() - before <= ahead {
                while world.store.calls() - before <= ahead {
                    let _ = world.otp.status(spare).await; // uses the failure up
                }
                return (ahead, answer);
            }
            assert_eq!(
                (answer.status.as_u16(), answer.problem().as_str()),
                (503, "unavailable"),
                "{}",
                answer.body
            );
            assert_eq!((answer.header("retry-after"), &answer.json()["retry_after"]), (Some("1"), &json!(1)));
            assert!(!answer.body.contains("injected") && !answer.body.contains("store"), "{}", answer.body);
        }
        panic!("it never came back");
    }
}

#[tokio::test]
async fn every_flow_survives_a_store_that_is_down_for_a_while() {
    let shaky = Shaky::new().await;
    let world = &shaky.world;
    let ask = || world.request(Method::POST, "/codes").json(&json!({ "to": ADA }));
    let (failed, sent) = shaky.insist(ask).await;
    assert_eq!((failed, sent.status.as_u16()), (2, 202), "{}", sent.body); // a load, a swap
    let (otp_id, code) = (sent.text("otp_id"), world.last_code(ADA));
    assert_eq!(world.outbox.total(), 2, "one message for all that, and the spare one");

    let path = format!("/codes/{otp_id}");
    let (failed, status) = shaky.insist(|| world.request(Method::GET, &path)).await;
    assert_eq!((failed, status.status.as_u16()), (1, 200));
    world.pass(30);
    let resend = || world.request(Method::POST, &format!("{path}/resend"));
    let (failed, again) = shaky.insist(resend).await;
    assert_eq!((failed, again.status.as_u16()), (2, 202));
    assert_eq!((world.outbox.total(), world.last_code(ADA)), (3, code.clone()));

    let typed = json!({ "otp_id": otp_id, "code": code });
    let exchange = || world.request(Method::POST, "/exchange").json(&typed);
    for ahead in 0..2 {
        world.store.fail(ahead, Reply::Permanent); // before the code is used up
        let down = world.send(exchange()).await;
        assert_eq!((down.status.as_u16(), down.problem().as_str()), (503, "unavailable"));
    }
    let tokens = world.send(exchange()).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);

    let refresh = tokens.text("refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let next = || world.request(Method::POST, "/token").form(&form);
    let (failed, next) = shaky.insist(next).await;
    assert_eq!((failed, next.status.as_u16()), (3, 200), "{}", next.body);
    let access = next.text("access_token");
    let token = [("token", access.as_str())];
    let introspect =
        || world.request(Method::POST, "/introspect").form(&token).basic_auth(CALLER.0, Some(CALLER.1));
    let (failed, said) = shaky.insist(introspect).await;
    assert_eq!((failed, &said.json()["active"]), (2, &json!(true)));
    let (failed, revoked) = shaky.insist(|| world.request(Method::POST, "/revoke").form(&token)).await;
    assert_eq!((failed, revoked.status.as_u16()), (2, 200));
    assert_eq!(world.introspect(&access).await.body, r#"{"active":false}"#);

    let (otp_id, _) = world.code(GRACE).await;
    let path = format!("/codes/{otp_id}");
    let (failed, gone) = shaky.insist(|| world.request(Method::DELETE, &path)).await;
    assert_eq!((failed, gone.status.as_u16()), (2, 204));
    assert_eq!(world.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_reply_that_is_lost_does_no_harm() {
    for reply in [Reply::ReplyLost, Reply::RequestLost] {
        let world = World::new().await;
        world.store.fail(1, reply); // the swap
        let (otp_id, code) = world.code(ADA).await;
        world.store.fail(1, reply);
        let typed = json!({ "otp_id": otp_id, "code": code });
        assert_eq!(world.post("/exchange", typed).await.status, 200, "{reply:?}");
        assert_eq!(world.outbox.total(), 1);
    }
}
