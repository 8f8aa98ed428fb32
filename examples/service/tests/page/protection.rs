//! What protects whoever signs in from other sites and from a neighbour at the same screen.

use reqwest::Method;

use crate::person::Person;
use crate::world::World;

const ADA: &str = "ada@example.org";
const POSTS: [&str; 4] = ["/sign-in", "/code", "/resend", "/sign-out"];

#[tokio::test]
async fn cookies_are_for_this_browser_and_this_host_alone() {
    for (options, prefix, secure) in
        [(&[][..], "", ""), (&["--origin", "https://login.example"][..], "__Host-", "; Secure")]
    {
        let world = World::start(options).await;
        let mut ada = Person::new(&world);
        let asked = ada.post("/sign-in", &[("address", ADA)]).await;
        let code = world.code_of(1, ADA).await;
        let rest = |seconds| format!("; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
        let [pending] = asked.set_cookies()[..] else { panic!("one cookie") };
        assert!(
            pending.starts_with(&format!("{prefix}otp-pending=")) && pending.ends_with(&rest(300)),
            "{pending}"
        );

        let checked = ada.post("/code", &[("code", &code)]).await;
        let [session, forgotten] = checked.set_cookies()[..] else { panic!("two cookies") };
        assert!(
            session.starts_with(&format!("{prefix}otp-session=")) && session.ends_with(&rest(43_200)),
            "{session}"
        );
        assert_eq!(forgotten, format!("{prefix}otp-pending={}", rest(0)));

        let out = ada.post("/sign-out", &[]).await;
        assert_eq!(out.set_cookies(), [format!("{prefix}otp-session={}", rest(0))]);
    }
}

#[tokio::test]
async fn with_tls_a_cookie_without_its_prefix_counts_for_nothing() {
    let world = World::start(&["--origin", "https://login.example"]).await;
    let mut ada = Person::new(&world);
    ada.sign_in(ADA, 0).await;
    let token = ada.cookies.remove("__Host-otp-session").unwrap();
    ada.cookies.insert("otp-session".into(), token);
    assert_eq!(ada.get("/").await.title(), "Sign in");
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let world = World::start(&[]).await;
    let mut ada = Person::new(&world);
    ada.sign_in(ADA, 0).await;
    world.advance(60);
    let own = world.url.clone();
    for foreign in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", &own)],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", &own.replace("http:", "https:"))],
        &[("origin", "http://127.0.0.1")],
    ] {
        for path in POSTS {
            let answer = ada.post_with(path, &[("address", ADA), ("code", "123456")], foreign).await;
            assert_eq!(
                (answer.status, answer.title()),
                (403, "Error: That did not work"),
                "{path} {foreign:?}"
            );
            assert!(answer.set_cookies().is_empty());
        }
    }
    assert_eq!(ada.get("/").await.title(), "You are signed in");
    assert_eq!(world.outbox.total(), 1);
    for own in [
        &[][..],
        &[("origin", own.as_str())],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        // Called by another name than the service knows, behind a proxy say: the browser knows better.
        &[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:1")],
    ] {
        for path in POSTS {
            let answer = ada.post_with(path, &[], own).await;
            assert!(answer.title_or_redirect() != "Error: That did not work", "{path} {own:?}");
        }
    }
}

#[tokio::test]
async fn every_answer_has_its_headers() {
    let world = World::start(&[]).await;
    let mut ada = Person::new(&world);
    let mut answers = vec![ada.get("/").await, ada.get("/code").await, ada.get("/sign-in").await];
    for path in POSTS {
        answers.push(ada.post(path, &[("address", ADA), ("code", "")]).await);
        answers.push(ada.post_with(path, &[], &[("origin", "null")]).await);
        answers.push(ada.send(Method::DELETE, path, None, &[]).await);
    }
    ada.ask("+32412345678").await;
    answers.push(ada.get("/code").await);
    for answer in &answers {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.body.contains("style=") && !answer.body.contains("onclick"));
    }
    for (path, kind) in [
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
        ("/page.svg", "image/svg+xml"),
    ] {
        let asset = ada.get(path).await;
        assert_eq!((asset.status, asset.header("content-type")), (200, kind));
        assert_eq!(asset.header("cache-control"), "public, max-age=300");
        assert!(
            asset.set_cookies().is_empty()
                && !asset.body.contains("//localhost")
                && !asset.body.contains("https://")
        );
        answers.push(asset);
    }
    for answer in &answers {
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.split("; ").any(|one| one == part), "{part}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'));
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
    }
}

#[tokio::test]
async fn what_a_cookie_says_is_escaped_or_dropped() {
    let world = World::start(&[]).await;
    let mut ada = Person::new(&world);
    ada.ask(ADA).await;
    let (otp_id, _) = ada.cookies["otp-pending"].split_once(':').unwrap();
    let otp_id = otp_id.to_owned();
    let mut with = async |address: &str| {
        ada.cookies.insert("otp-pending".into(), format!("{otp_id}:{address}"));
        ada.get("/code").await
    };
    assert!(with("a&b'c@example.org").await.body.contains("<strong>a&amp;b'c@example.org</strong>"));
    for broken in ["<b>@example.org", "ada", "", "ada@example.org\""] {
        assert_eq!(with(broken).await.status, 404, "{broken}");
    }
}

#[tokio::test]
async fn everybody_gets_the_same_answers() {
    let world = World::start(&[]).await;
    let mut seen = Vec::new();
    let (known, unknown) = ("ada@example.org", "bob@example.org");
    Person::new(&world).sign_in(known, 0).await;
    world.advance(3600);
    let before = world.outbox.total();
    for (address, messages) in [(known, before + 1), (unknown, before + 2)] {
        let mut person = Person::new(&world);
        let mut answers = vec![person.post("/sign-in", &[("address", address)]).await];
        let code = world.code_of(messages, address).await;
        answers.push(person.get("/code").await);
        answers.push(person.post("/resend", &[]).await);
        answers.push(person.post("/code", &[("code", "x")]).await);
        answers.push(person.post("/code", &[("code", &crate::world::not(&code))]).await);
        answers.push(person.post("/sign-in", &[("address", address)]).await);
        let masked: Vec<_> = answers.iter().map(|answer| masked(answer, address)).collect();
        seen.push(masked);
    }
    assert_eq!(seen[0], seen[1]);
}

/// Status, headers and body, but for the date, the address, otp ids and keys of forms, whose lengths are
/// equal.
fn masked(answer: &crate::person::Answer, address: &str) -> String {
    let headers: Vec<_> = answer.headers.iter().filter(|(name, _)| *name != "date").collect();
    let whole = format!("{} {headers:?} {}", answer.status, answer.body).replace(address, "ADDRESS");
    let random = |part: &str| {
        part.len() >= 22 && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let parts = whole
        .split_inclusive(|character: char| !(character.is_ascii_alphanumeric() || "-_".contains(character)));
    parts
        .map(|part| {
            let (text, end) = part.split_at(part.len() - part.chars().last().map_or(0, char::len_utf8));
            if random(text) { format!("[{}]{end}", text.len()) } else { part.to_owned() }
        })
        .collect()
}
