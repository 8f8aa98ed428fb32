//! Codes, tokens, otp ids and addresses stay where they belong. A process of its own, so that its log is,
//! too.

#[path = "page/person.rs"]
#[allow(dead_code)]
mod person;
#[path = "page/world.rs"]
#[allow(dead_code)]
mod world;

use std::io;
use std::sync::{Arc, Mutex};

use person::Person;
use world::{World, not};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_secret_is_in_a_page_a_url_or_the_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let world = World::start(&[]).await;
    let mut ada = Person::new(&world);
    let address = "ada.of.the.canary@example.org";
    let mut answers = vec![ada.get("/").await, ada.post("/sign-in", &[("address", address)]).await];
    let code = world.code_of(1, address).await;
    let pending = ada.cookies["otp-pending"].clone();
    let otp_id = pending.split(':').next().unwrap().to_owned();
    let wrong = not(&code);
    answers.push(ada.get("/code").await);
    answers.push(ada.post("/code", &[("code", &wrong)]).await);
    answers.push(ada.post("/code", &[("code", "canary7")]).await);
    answers.push(ada.post("/resend", &[]).await);
    answers.push(ada.post("/sign-in", &[("address", address)]).await);
    answers.push(ada.post("/code", &[("code", &code)]).await);
    let token = ada.cookies["otp-session"].clone();
    answers.push(ada.get("/").await);
    world.store.off(true);
    answers.push(ada.get("/").await);
    world.store.off(false);
    answers.push(ada.post("/sign-out", &[]).await);

    for answer in &answers {
        let page = format!("{}{}", answer.body, answer.location());
        for secret in [&code, &wrong, &otp_id, &token, &"canary7".to_owned()] {
            assert!(!page.contains(secret.as_str()), "in a page: {}", answer.title_or_redirect());
        }
        assert!(!answer.location().contains('?'), "nothing travels in a URL");
    }
    let shows: Vec<_> = answers.iter().filter(|answer| answer.body.contains(address)).collect();
    let titles: Vec<_> = shows.iter().map(|answer| answer.title()).collect();
    // Where it was typed, where it was sent, whose session it is: to whoever typed it, and nobody else.
    assert_eq!(
        titles,
        [
            "Enter the code",
            "Error: Enter the code",
            "Error: Enter the code",
            "Error: Enter the code",
            "Error: Sign in",
            "You are signed in"
        ]
    );
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("a code was requested") && log.contains("a•••@example.org"), "the log is on: {log}");
    for secret in [&code, &wrong, &otp_id, &token, &"canary7".to_owned(), &"of.the.canary".to_owned()] {
        assert!(!log.contains(secret.as_str()), "in the log: {log}");
    }
}
