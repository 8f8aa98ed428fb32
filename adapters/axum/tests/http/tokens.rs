//! Refresh, revocation and introspection, by their RFCs.

use crate::support::{ADA, Answer, CALLER, World, policy};
use otp_exchange::{Grant, Purpose};
use otp_exchange_axum::Asked;
use reqwest::Method;
use serde_json::json;

async fn scoped() -> World {
    World::with(policy(), |api| {
        api.on_request(|asked: Asked| async move {
            Ok(asked.request.grant(Grant::new().scope("read").scope("write")))
        })
    })
    .await
}

impl World {
    async fn refresh(&self, token: &str, scope: Option<&str>) -> Answer {
        let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
        form.extend(scope.map(|scope| ("scope", scope)));
        self.form("/token", &form).await
    }

    async fn is_active(&self, answer: &Answer) -> bool {
        self.introspect(&answer.text("access_token")).await.json()["active"] == json!(true)
    }

    /// A form as it is.
    async fn says(&self, path: &str, form: &str) -> Answer {
        let request =
            self.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.basic_auth(CALLER.0, Some(CALLER.1)).body(form.to_owned())).await
    }
}

fn error(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), Some("application/json")); // RFC 6749 section 5.2
    assert!(answer.json()["error_description"].is_string());
    (answer.status.as_u16(), answer.text("error"))
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_family() {
    let world = scoped().await;
    let first = world.log_in(ADA).await;
    let second = world.refresh(&first.text("refresh_token"), None).await;
    assert_eq!(second.status, 200, "{}", second.body);
    assert_eq!(second.json()["scope"], "read write");
    // A client that lost the reply.
    let again = world.refresh(&first.text("refresh_token"), None).await;
    assert_eq!(again.text("refresh_token"), second.text("refresh_token"));
    world.pass(11);
    assert_eq!(
        error(&world.refresh(&first.text("refresh_token"), None).await),
        (400, "invalid_grant".into())
    );
    assert_eq!(
        error(&world.refresh(&second.text("refresh_token"), None).await),
        (400, "invalid_grant".into())
    );
    assert!(!world.is_active(&second).await);
}

#[tokio::test]
async fn what_is_no_live_refresh_token_is_an_invalid_grant_byte_for_byte() {
    let world = scoped().await;
    let tokens = world.log_in(ADA).await;
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    let altered = format!("{}{}", if refresh.starts_with('A') { "B" } else { "A" }, &refresh[1..]);
    let expected = world.refresh("none", None).await;
    assert_eq!(error(&expected), (400, "invalid_grant".into()));
    for token in [access.as_str(), &altered, &refresh[..20], "\u{1F600}", "a b"] {
        assert_eq!(world.refresh(token, None).await.bytes(), expected.bytes(), "{token}");
    }
    world.pass(14 * 24 * 3600);
    assert_eq!(world.refresh(&refresh, None).await.bytes(), expected.bytes());
}

#[tokio::test]
async fn scopes_beyond_those_held_are_refused_and_the_token_is_not_used_up() {
    let world = scoped().await;
    let tokens = world.log_in(ADA).await;
    let refresh = tokens.text("refresh_token");
    for scope in ["admin", "read admin", "Read", "readwrite"] {
        assert_eq!(
            error(&world.refresh(&refresh, Some(scope)).await),
            (400, "invalid_scope".into()),
            "{scope}"
        );
    }
    world.pass(300); // past any grace
    // Fewer, the same in another order, and none: all that is held, and the answer says so (RFC 6749 section
    // 3.3).
    let mut refresh = refresh;
    for scope in ["read", "write read", ""] {
        let next = world.refresh(&refresh, Some(scope)).await;
        assert_eq!(
            (next.status.as_u16(), next.json()["scope"].clone()),
            (200, json!("read write")),
            "{}",
            next.body
        );
        refresh = next.text("refresh_token");
    }
    assert_eq!(error(&world.refresh("none", Some("admin")).await), (400, "invalid_grant".into()));
}

#[tokio::test]
async fn parameters_are_there_once_and_unknown_ones_are_ignored() {
    let world = scoped().await;
    let tokens = world.log_in(ADA).await;
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    for form in [
        String::new(),
        "grant_type=refresh_token".into(),
        "grant_type=refresh_token&refresh_token=".into(),
        format!("refresh_token={refresh}"),
        format!("grant_type=&refresh_token={refresh}"),
        format!("grant_type=refresh_token&refresh_token={refresh}&refresh_token={refresh}"),
        format!("grant_type=refresh_token&grant_type=refresh_token&refresh_token={refresh}"),
        format!("grant_type=refresh_token&refresh_token={refresh}&color=red&color=blue"),
        format!("grant_type=refresh_token&refresh_token={refresh}&scope=read&scope=write"),
    ] {
        assert_eq!(error(&world.says("/token", &form).await), (400, "invalid_request".into()), "{form}");
    }
    let grant = world.says("/token", &format!("grant_type=password&refresh_token={refresh}")).await;
    assert_eq!(error(&grant), (400, "unsupported_grant_type".into()));
    for path in ["/revoke", "/introspect"] {
        for form in ["", "token=", "tokens=x", &format!("token={access}&token={access}")] {
            assert_eq!(
                error(&world.says(path, form).await),
                (400, "invalid_request".into()),
                "{path} {form}"
            );
        }
    }
    assert!(world.is_active(&tokens).await, "nothing of this does anything");
    let sound = format!("client_id=app&grant_type=refresh_token&refresh_token={refresh}&color=red");
    assert_eq!(world.says("/token", &sound).await.status, 200);
}

#[tokio::test]
async fn logging_out_ends_the_family_by_whichever_token() {
    for by in ["access_token", "refresh_token"] {
        let world = scoped().await;
        let first = world.log_in(ADA).await;
        let second = world.refresh(&first.text("refresh_token"), None).await;
        let other = world.log_in("grace@example.org").await;
        let hint = ("token_type_hint", "access_token"); // is ignored, right or wrong
        let revoked = world.form("/revoke", &[("token", &second.text(by)), hint]).await;
        assert_eq!((revoked.status.as_u16(), revoked.body.as_str()), (200, ""));
        assert!(!world.is_active(&first).await && !world.is_active(&second).await);
        assert_eq!(error(&world.refresh(&second.text("refresh_token"), None).await).1, "invalid_grant");
        assert!(world.is_active(&other).await);
        assert_eq!(world.refresh(&other.text("refresh_token"), None).await.status, 200);
        // Dead, altered, malformed: 200 and the same bytes (RFC 7009 section 2.2).
        for token in [second.text(by), second.text(by)[1..].to_owned(), "none".into(), "\u{1F600}".into()] {
            assert_eq!(world.form("/revoke", &[("token", &token)]).await.bytes(), revoked.bytes(), "{token}");
        }
    }
}

#[tokio::test]
async fn introspection_says_what_a_live_access_token_says_and_nothing_of_others() {
    let world = World::with(policy(), |api| api.purposes([Purpose::REGISTER])).await;
    let tokens = world.log_in(ADA).await;
    let said = world.introspect(&tokens.text("access_token")).await;
    assert_eq!(said.status, 200);
    let expected = json!({
        "active": true, "sub": ADA, "token_type": "Bearer", "purpose": "register",
        "iat": 1_735_689_600, "exp": 1_735_690_200,
    });
    assert_eq!(said.json(), expected);
    let access = tokens.text("access_token");
    let inactive = world.introspect("none").await;
    assert_eq!(inactive.body, r#"{"active":false}"#);
    for token in [tokens.text("refresh_token"), access[1..].to_owned(), "a b".into()] {
        assert_eq!(world.introspect(&token).await.bytes(), inactive.bytes(), "{token}");
    }
    // All of the person's sessions are taken back, which tokens in use do not show otherwise.
    world.otp.revoke_subject(ADA).await.unwrap();
    assert_eq!(world.introspect(&access).await.bytes(), inactive.bytes());
    let world = World::new().await;
    let access = world.log_in(ADA).await.text("access_token");
    world.pass(599);
    assert_eq!(world.introspect(&access).await.json()["active"], true);
    world.pass(1);
    assert_eq!(world.introspect(&access).await.bytes(), inactive.bytes());
}

#[tokio::test]
async fn introspection_is_for_callers_alone() {
    let world = World::new().await;
    let access = world.log_in(ADA).await.text("access_token");
    let request = || world.request(Method::POST, "/introspect").form(&[("token", &access)]);
    let encoded = |text: &str| {
        use base64ct::Encoding;
        format!("Basic {}", base64ct::Base64::encode_string(text.as_bytes()))
    };
    let expected = world.send(request()).await;
    assert_eq!((expected.status.as_u16(), expected.problem().as_str()), (401, "unauthenticated"));
    let challenge = expected.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Basic realm=\""), "{challenge}");
    let right = encoded(&format!("{}:{}", CALLER.0, CALLER.1));
    let wrong = [
        encoded(&format!("{}:wrong", CALLER.0)),
        encoded(&format!("nobody:{}", CALLER.1)),
        encoded(&format!("{}:{}x", CALLER.0, CALLER.1)),
        encoded(CALLER.0),
        "Basic".into(),
        "Basic !".into(),
        format!("Bearer {access}"),
        right.replace("Basic", "Basic2"),
    ];
    for header in wrong {
        let answer = world.send(request().header("authorization", &header)).await;
        assert_eq!(answer.bytes(), expected.bytes(), "{header}");
    }
    let twice = request().header("authorization", &right).header("authorization", &right);
    assert_eq!(world.send(twice).await.bytes(), expected.bytes());
    for header in [right.clone(), right.replace("Basic", "basic")] {
        assert_eq!(world.send(request().header("authorization", header)).await.json()["active"], true);
    }
    // Before anything is said of the body.
    let nonsense = world.request(Method::POST, "/introspect").body("x".repeat(20_000));
    assert_eq!(world.send(nonsense).await.status, 401);
}
