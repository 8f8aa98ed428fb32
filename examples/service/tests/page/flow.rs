//! From an address to a session, and all that happens in between.

use otp_exchange::Recipient;

use crate::person::Person;
use crate::world::{World, not};

const ADA: &str = "ada@example.org";

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let world = World::start(&["--application", "ACME"]).await;
    let mut ada = Person::new(&world);
    let first = ada.get("/").await;
    assert_eq!((first.status, first.title()), (200, "Sign in – ACME"));
    assert!(!first.body.contains("/code"), "there is no code to be typed yet");

    ada.ask("Ada@Example.org").await;
    let second = ada.get("/code").await;
    assert_eq!((second.status, second.title()), (200, "Enter the code – ACME"));
    assert!(second.body.contains(
        "6 digits, on their way to <strong>Ada@Example.org</strong>. They work for about 5 minutes."
    ));
    assert!(ada.get("/").await.body.contains("I have a code already"));

    let code = world.code_of(1, ADA).await;
    let (front, back) = code.split_at(3);
    let answer = ada.post("/code", &[("code", &format!(" {front} {back}"))]).await;
    assert_eq!((answer.status, answer.location()), (303, "/"));
    assert_eq!(ada.cookies.len(), 1, "the code is forgotten, the session kept");

    let within = ada.get("/").await;
    assert_eq!((within.status, within.title()), (200, "You are signed in – ACME"));
    assert!(within.body.contains("As <strong>ada@example.org</strong>"));
    assert_eq!(ada.get("/code").await.location(), "/", "there is nothing to be typed any more");

    let kept = ada.cookies.clone();
    let out = ada.post("/sign-out", &[]).await;
    assert_eq!((out.status, out.location()), (303, "/"));
    assert!(ada.cookies.is_empty());
    assert_eq!(ada.get("/").await.title(), "Sign in – ACME");

    ada.cookies = kept;
    let stale = ada.get("/").await;
    assert_eq!(
        (stale.status, stale.title()),
        (200, "Sign in – ACME"),
        "the session has ended, not only its cookie"
    );
    assert!(ada.cookies.is_empty(), "a cookie that is of no use is cleared");
}

#[tokio::test]
async fn a_phone_number_will_do() {
    let world = World::start(&[]).await;
    let mut ada = Person::new(&world);
    ada.ask("+32 (412) 34-56-78").await;
    let second = ada.get("/code").await;
    assert!(second.body.contains("<strong>+32412345678</strong>") && second.body.contains("data-sms"));
    let code = world.code_of(1, "+32412345678").await;
    assert_eq!(ada.post("/code", &[("code", &code)]).await.location(), "/");
    assert!(ada.get("/").await.body.contains("As <strong>+32412345678</strong>"));
}

#[tokio::test]
async fn what_is_no_address_is_said_and_kept() {
    let world = World::start(&[]).await;
    let mut ada = Person::new(&world);
    for (typed, shown, said) in [
        ("ada@", "ada@", "It has to look like name@example.org"),
        ("ada @example.org", "ada @example.org", "It has to look like"),
        ("ada", "ada", "A number begins with +"),
        ("  12  ", "12", "A number begins with +"),
        ("  ", "", "Enter your email address or phone number."),
        ("\"><b>@x", "&quot;&gt;&lt;b&gt;@x", "It has to look like"),
    ] {
        let answer = ada.post("/sign-in", &[("address", typed)]).await;
        assert_eq!((answer.status, answer.title()), (400, "Error: Sign in"), "{typed}");
        assert!(answer.error().contains(said), "{typed}: {}", answer.error());
        assert!(answer.body.contains(&format!("value=\"{shown}\"")), "{typed}: {}", answer.body);
        assert!(answer.body.contains(r#"aria-describedby="error hint" aria-invalid="true""#));
    }
    assert!(ada.cookies.is_empty());
    assert_eq!(world.outbox.total(), 0);
}

#[tokio::test]
async fn a_wrong_code_is_counted_and_what_is_none_is_not() {
    let world = World::start(&[]).await;
    let mut ada = Person::new(&world);
    ada.ask(ADA).await;
    let code = world.code_of(1, ADA).await;
    for none in ["", "12345", "12345x", "1234567", "１２３４５６", "your code is 123456"] {
        let answer = ada.post("/code", &[("code", none)]).await;
        assert_eq!((answer.status, answer.title()), (400, "Error: Enter the code"), "{none}");
        assert!(answer.error().contains("not counted"));
    }
    for left in ["4 more tries", "3 more tries", "2 more tries", "1 more try"] {
        let answer = ada.post("/code", &[("code", &not(&code))]).await;
        assert_eq!((answer.status, answer.title()), (403, "Error: Enter the code"));
        assert!(answer.error().ends_with(&format!("you have {left}.")), "{}", answer.error());
        assert!(answer.body.contains(r#"aria-describedby="error hint" aria-invalid="true""#));
    }
    let last = ada.post("/code", &[("code", &not(&code))]).await;
    assert_eq!((last.status, last.title()), (403, "Error: Sign in"));
    assert!(last.error().contains("Get a new one"));
    assert!(last.body.contains(r#"value="ada@example.org""#), "nobody types it twice");
    assert!(ada.cookies.is_empty());
}

#[tokio::test]
async fn the_last_try_is_good_and_a_right_code_works_once() {
    let world = World::start(&[]).await;
    let mut ada = Person::new(&world);
    ada.ask(ADA).await;
    let code = world.code_of(1, ADA).await;
    for _ in 0..4 {
        ada.post("/code", &[("code", &not(&code))]).await;
    }
    let pending = ada.cookies.clone();
    assert_eq!(ada.post("/code", &[("code", &code)]).await.status, 303);
    ada.cookies = pending;
    let again = ada.post("/code", &[("code", &code)]).await;
    assert_eq!((again.status, again.title()), (403, "Error: Sign in"));
}

#[tokio::test]
async fn an_expired_code_leads_back() {
    let world = World::start(&[]).await;
    for (seconds, status) in [(299, 303), (300, 403)] {
        let mut ada = Person::new(&world);
        let before = world.outbox.total();
        ada.ask(ADA).await;
        let code = world.code_of(before + 1, ADA).await;
        world.advance(seconds);
        assert_eq!(ada.get("/code").await.status, if status == 303 { 200 } else { 404 });
        if status == 403 {
            assert!(ada.cookies.is_empty());
            ada.ask(ADA).await;
            let code = world.code_of(before + 2, ADA).await;
            world.advance(seconds);
            let answer = ada.post("/code", &[("code", &code)]).await;
            assert_eq!((answer.status, answer.title()), (403, "Error: Sign in"));
        } else {
            assert_eq!(ada.post("/code", &[("code", &code)]).await.status, status);
        }
    }
}

#[tokio::test]
async fn a_browser_without_a_code_is_told_so() {
    let world = World::start(&[]).await;
    let mut ada = Person::new(&world);
    for answer in [
        ada.get("/code").await,
        ada.post("/code", &[("code", "123456")]).await,
        ada.post("/resend", &[]).await,
    ] {
        assert_eq!((answer.status, answer.title()), (404, "Error: Sign in"));
        assert!(answer.error().contains("keeps no cookies"));
    }
    for (path, form) in [("/sign-in", "/"), ("/resend", "/code"), ("/sign-out", "/")] {
        assert_eq!(ada.get(path).await.location(), form, "{path}");
    }
}

#[tokio::test]
async fn the_same_code_comes_again_after_a_wait() {
    let world = World::start(&[]).await;
    let mut ada = Person::new(&world);
    ada.ask(ADA).await;
    let code = world.code_of(1, ADA).await;
    assert!(ada.get("/code").await.body.contains(r#"data-seconds="30""#));

    world.advance(29);
    let early = ada.post("/resend", &[]).await;
    assert_eq!(
        (early.status, early.title(), early.header("retry-after")),
        (429, "Error: Enter the code", "1")
    );
    assert_eq!(early.error(), "That was too soon. Try again in 1 second.");
    assert!(early.body.contains(r#"data-seconds="1""#));

    world.advance(1);
    let answer = ada.post("/resend", &[]).await;
    assert_eq!((answer.status, answer.location()), (303, "/code"));
    assert_eq!(world.code_of(2, ADA).await, code);
    let shown = ada.get("/code").await;
    assert!(shown.body.contains("on its way once more") && shown.body.contains(r#"data-seconds="60""#));
    assert_eq!(ada.post("/code", &[("code", &code)]).await.status, 303);
}

#[tokio::test]
async fn a_new_code_too_soon_is_refused_alike_for_all() {
    let world = World::start(&[]).await;
    Person::new(&world).ask(ADA).await;
    let mut other = Person::new(&world);
    let answer = other.post("/sign-in", &[("address", ADA)]).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, "30"));
    assert_eq!(answer.error(), "That was too soon. Try again in 30 seconds.");
    assert!(answer.body.contains(r#"value="ada@example.org""#) && !answer.body.contains("aria-invalid"));
    world.advance(30);
    other.ask(ADA).await;
}

#[tokio::test]
async fn who_asks_too_much_waits() {
    let world = World::start(&[]).await;
    let mut eve = Person::new(&world);
    for count in 0..30 {
        eve.ask(&format!("ada{count}@example.org")).await;
    }
    let answer = eve.post("/sign-in", &[("address", ADA)]).await;
    assert_eq!((answer.status, answer.error()), (429, "That was too soon. Try again in 15 minutes."));
}

#[tokio::test]
async fn who_guesses_too_much_waits() {
    let world = World::start(&[]).await;
    let mut eve = Person::new(&world);
    eve.ask(ADA).await;
    let dead = eve.cookies.clone();
    world.advance(300);
    for _ in 0..149 {
        eve.cookies.clone_from(&dead);
        assert_eq!(eve.post("/code", &[("code", "000000")]).await.status, 403);
    }
    eve.ask(ADA).await;
    let wrong = not(&world.code_of(2, ADA).await);
    assert_eq!(eve.post("/code", &[("code", &wrong)]).await.status, 403);
    let answer = eve.post("/code", &[("code", &wrong)]).await;
    assert_eq!((answer.status, answer.title()), (429, "Error: Enter the code"));
    assert!(answer.error().starts_with("That was too soon. Try again in "), "{}", answer.error());
    assert!(!answer.body.contains("aria-invalid") && !answer.header("retry-after").is_empty());
}

#[tokio::test]
async fn one_form_leads_to_one_code_however_often_it_is_sent() {
    let world = World::start(&[]).await;
    let (mut one, mut same, mut other) = (Person::new(&world), Person::new(&world), Person::new(&world));
    let form = one.get("/").await.body;
    let key = form.split_once(r#"name="key" value=""#).unwrap().1.split_once('"').unwrap().0;
    assert_eq!(key.len(), 22);
    assert!(!one.get("/").await.body.contains(key), "each form has its own");
    for person in [&mut one, &mut same] {
        let answer = person.post("/sign-in", &[("address", ADA), ("key", key)]).await;
        assert_eq!((answer.status, answer.location()), (303, "/code"));
    }
    let code = world.code_of(1, ADA).await;
    assert_eq!(other.post("/sign-in", &[("address", ADA), ("key", &"0".repeat(32))]).await.status, 429);
    assert_eq!(same.post("/code", &[("code", &code)]).await.location(), "/");
    assert_eq!(other.post("/sign-in", &[("address", ADA), ("key", "short")]).await.status, 400);
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_or_with_the_next() {
    let world = World::start(&[]).await;
    let mut ada = Person::new(&world);
    ada.sign_in(ADA, 0).await;
    world.advance(12 * 3600 - 1);
    assert_eq!(ada.get("/").await.title(), "You are signed in");
    let first = ada.cookies.clone();
    ada.sign_in("+32412345678", 1).await;
    assert!(ada.get("/").await.body.contains("+32412345678"));
    let mut old = Person::new(&world);
    old.cookies = first;
    assert_eq!(old.get("/").await.title(), "Sign in", "signing in anew ends the session that was there");
    world.advance(12 * 3600);
    assert_eq!(ada.get("/").await.title(), "Sign in");
}

#[tokio::test]
async fn the_message_is_in_the_persons_language() {
    let world = World::start(&[]).await;
    let mut ada = Person::new(&world);
    let language = [("accept-language", "fr-BE, en;q=0.5")];
    ada.post_with("/sign-in", &[("address", ADA)], &language).await;
    let code = world.code_of(1, ADA).await;
    let text = world.outbox.text_for(&Recipient::parse(ADA).unwrap()).unwrap();
    assert!(text.contains(&code) && text.contains("votre"), "{}", text.replace(&code, "······"));
}
