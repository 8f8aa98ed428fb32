//! Passage: who gets a code and who a decoy, what a code activates, and of which application.

use std::time::Duration;

use otp_exchange::{DynNotifier, DynStore};
use serde_json::{Value, json};

use crate::scene::{Answer, Scene, wrong};

const ADA: &str = "ada@example.org";

fn path(app: &str, what: &str) -> String {
    format!("/v1/apps/{app}/{what}/otp")
}

impl Scene {
    async fn ask(&self, app: &str, what: &str, identifier: &str) -> Answer {
        self.post(&path(app, what), &json!({ "identifier": identifier })).await
    }

    async fn activate(&self, app: &str, otp_id: &str, otp: &str) -> Answer {
        self.post(&format!("/v1/apps/{app}/otp/activate"), &json!({ "otp_id": otp_id, "otp": otp })).await
    }

    /// An account that has proven its address.
    async fn registered(&self, app: &str, identifier: &str) -> String {
        let otp_id = self.ask(app, "register", identifier).await.text("/otp_id");
        let code = self.mail(identifier).await.code;
        let answer = self.activate(app, &otp_id, &code).await;
        answer.expect(200);
        self.later();
        answer.text("/auth_result/auth_token")
    }
}

#[tokio::test]
async fn a_code_activates_once_and_a_wrong_one_does_not() {
    let scene = Scene::start().await;
    let otp_id = scene.ask("demo", "register", ADA).await.text("/otp_id");
    let code = scene.mail(ADA).await.code;
    let answer = scene.activate("demo", &otp_id, &wrong(&code)).await;
    let json = answer.expect(401);
    assert_eq!((&json["status"], &json["attempts_left"]), (&json!(401), &json!(4)), "{json}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert!(answer.header("www-authenticate").is_some());
    scene.activate("demo", &otp_id, &format!(" {}-{} ", &code[..3], &code[3..])).await.expect(200);
    scene.activate("demo", &otp_id, &code).await.expect(401);
}

#[tokio::test]
async fn a_code_dies_with_its_life_and_its_attempts() {
    let scene = Scene::start().await;
    let otp_id = scene.ask("demo", "register", ADA).await.text("/otp_id");
    let code = scene.mail(ADA).await.code;
    scene.clock.advance(Duration::from_secs(300));
    scene.activate("demo", &otp_id, &code).await.expect(401);
    scene.later();
    let otp_id = scene.ask("demo", "register", ADA).await.text("/otp_id");
    let code = scene.mail(ADA).await.code;
    for _ in 0..5 {
        scene.activate("demo", &otp_id, &wrong(&code)).await.expect(401);
    }
    scene.activate("demo", &otp_id, &code).await.expect(401);
}

#[tokio::test]
async fn who_is_not_registered_gets_no_login_code_and_who_is_no_registration_code() {
    let scene = Scene::start().await;
    scene.ask("demo", "login", ADA).await.expect(200);
    scene.later();
    assert_eq!(scene.mailbox.total(), 0, "a stranger");

    scene.ask("demo", "register", ADA).await.expect(201);
    scene.mail(ADA).await;
    scene.later();
    let otp_id = scene.ask("demo", "login", ADA).await.text("/otp_id");
    let code = scene.mail(ADA).await.code;
    scene.activate("demo", &otp_id, &code).await.expect(200);
    scene.later();
    assert_eq!(scene.mailbox.total(), 2, "who asked to register may log in, and has registered by that");

    scene.ask("demo", "register", ADA).await.expect(201);
    scene.later();
    let otp_id = scene.ask("demo", "login", ADA).await.text("/otp_id");
    scene.mail(ADA).await;
    assert_eq!(scene.mailbox.total(), 3, "a known address is not registered again");
    scene.activate("demo", &otp_id, "000000").await.expect(401);
}

#[tokio::test]
async fn a_registration_that_is_throttled_makes_nobody() {
    let scene = Scene::start().await;
    let nth = |number: usize| format!("n{number}@example.org");
    for number in 0..30 {
        scene.ask("demo", "register", &nth(number)).await.expect(201);
    }
    scene.ask("demo", "register", &nth(30)).await.expect(429);
    scene.later();
    for number in [29, 30] {
        scene.ask("demo", "login", &nth(number)).await.expect(200);
    }
    scene.later();
    assert_eq!(scene.mailbox.total(), 31, "30 registrations, and a login of the last of them");
}

#[tokio::test]
async fn whoever_asks_again_to_register_is_the_same_person() {
    let scene = Scene::start().await;
    scene.ask("demo", "register", ADA).await.expect(201);
    scene.mail(ADA).await;
    scene.later();
    scene.registered("demo", ADA).await;
    let otp_id = scene.ask("demo", "login", "ADA@EXAMPLE.ORG").await.text("/otp_id");
    let mail = scene.mail(ADA).await;
    assert_eq!(mail.address, ADA, "to the spelling that was proven");
    scene.activate("demo", &otp_id, &mail.code).await.expect(200);
}

#[tokio::test]
async fn an_address_is_of_whoever_proves_it_first() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    let options = ["--key-file", keys.to_str().unwrap()];
    // Two services on one store, which do not know each other's users: as if one had forgotten who only
    // asked.
    let mut shared = None;
    let one =
        Scene::on(&options, |store| shared.insert(DynStore::new(store)).clone(), DynNotifier::new).await;
    let two = Scene::on(&options, |_| shared.unwrap(), DynNotifier::new).await;
    let first = one.ask("demo", "register", ADA).await.text("/otp_id");
    let first_code = one.mail(ADA).await.code;
    for scene in [&one, &two] {
        scene.clock.advance(Duration::from_secs(60));
    }
    two.ask("demo", "register", "eve@example.org").await.expect(201);
    two.clock.advance(Duration::from_secs(1));
    two.ask("demo", "register", ADA).await.expect(201);
    for scene in [&one, &two] {
        scene.clock.advance(Duration::from_secs(60));
    }
    let second = two.ask("demo", "login", ADA).await.text("/otp_id");
    two.mail(ADA).await;
    let second_code = two.mail(ADA).await.code;
    one.activate("demo", &first, &first_code).await.expect(200);
    one.activate("demo", &second, &second_code).await.expect(401);
    two.activate("demo", &second, &second_code).await.expect(401); // and it is used up
}

#[tokio::test]
async fn a_code_of_one_application_is_none_of_another() {
    let scene = Scene::start().await;
    scene.registered("one", ADA).await;
    let otp_id = scene.ask("one", "login", ADA).await.text("/otp_id");
    let code = scene.mail(ADA).await.code;
    scene.activate("two", &otp_id, &code).await.expect(401);
    scene.activate("one", &otp_id, &code).await.expect(200);
}

#[tokio::test]
async fn only_given_applications_are_there_and_each_redirects_to_its_own() {
    let options = ["--app", "one=https://one.example/in", "--app", "two=https://two.example/in"];
    let scene = Scene::with(&options).await;
    for (app, url) in [("one", "https://one.example/in"), ("two", "https://two.example/in")] {
        let identifier = format!("{app}@example.org");
        let otp_id = scene.ask(app, "register", &identifier).await.text("/otp_id");
        let code = scene.mail(&identifier).await.code;
        assert_eq!(scene.activate(app, &otp_id, &code).await.text("/auth_result/redirect_url"), url);
    }
    for app in ["three", "on", "one%2F", "%ff", "ONE", "one%00"] {
        for answer in [
            scene.ask(app, "register", ADA).await,
            scene.ask(app, "login", ADA).await,
            scene.activate(app, "x", "123456").await,
        ] {
            answer.names(404, "app_id");
        }
    }
}

#[tokio::test]
async fn without_given_applications_any_id_is_one_and_nobody_is_redirected() {
    let scene = Scene::start().await;
    let otp_id = scene.ask(&"a".repeat(64), "register", ADA).await.text("/otp_id");
    let code = scene.mail(ADA).await.code;
    let answer = scene.activate(&"a".repeat(64), &otp_id, &code).await;
    assert_eq!(answer.text("/auth_result/redirect_url"), "");
    for app in ["a".repeat(65), "a%20b".to_owned(), "%2e%2e".to_owned()] {
        scene.ask(&app, "register", ADA).await.expect(404);
    }
}

#[tokio::test]
async fn messages_are_in_the_language_that_was_asked_for_if_it_is_one() {
    let scene = Scene::start().await;
    for (number, language) in [Some("fr"), Some("x y\r\n"), None].into_iter().enumerate() {
        let identifier = format!("n{number}@example.org");
        let asked = match language {
            Some(language) => json!({ "identifier": identifier, "language": language }),
            None => json!({ "identifier": identifier, "language": Value::Null }),
        };
        scene.post(&path("demo", "register"), &asked).await.expect(201);
        let expected = language.filter(|language| *language == "fr");
        assert_eq!(scene.mail(&identifier).await.locale.as_deref(), expected);
    }
}

#[tokio::test]
async fn phones_get_an_sms() {
    let scene = Scene::start().await;
    let otp_id = scene.ask("demo", "register", "+32412345678").await.text("/otp_id");
    let mail = scene.mail("+32412345678").await;
    assert!(mail.text.contains(&mail.code));
    scene.activate("demo", &otp_id, &mail.code).await.expect(200);
}

#[tokio::test]
async fn too_soon_is_429_and_later_is_not() {
    let scene = Scene::start().await;
    scene.ask("demo", "register", ADA).await.expect(201);
    let answer = scene.ask("demo", "register", ADA).await;
    answer.expect(429);
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    scene.clock.advance(Duration::from_secs(wait));
    scene.ask("demo", "register", ADA).await.expect(201);
}

#[tokio::test]
async fn one_client_sends_only_so_many_messages() {
    let scene = Scene::start().await;
    for number in 0..30 {
        scene.ask("demo", "register", &format!("n{number}@example.org")).await.expect(201);
    }
    scene.ask("demo", "register", ADA).await.expect(429);
    scene.later();
    scene.ask("demo", "register", ADA).await.expect(201);
}
