//! What people do, and what they see then.

use libtest_mimic::Trial;
use otp_exchange::Recipient;
use serde_json::json;

use crate::browser::{Browser, Kind};
use crate::world::{World, not};
use crate::{Shared, trial};

const ADA: &str = "ada@example.org";
const PHONE: &str = "+32412345678";
const ENTER: &str = "\u{e007}";
const TAB: &str = "\u{e004}";

pub(crate) fn trials(shared: &Shared) -> Vec<Trial> {
    let (usual, script_off) = (Kind::default(), Kind { without_javascript: true, ..Kind::default() });
    vec![
        trial(shared, "an email address is signed in, and out", usual, in_and_out),
        trial(shared, "a phone number is signed in", usual, phone),
        trial(shared, "a wrong code is said where one types", usual, wrong),
        trial(shared, "an expired code leads back", usual, expired),
        trial(shared, "asking again counts down", usual, throttled),
        trial(shared, "a pasted message is read", usual, pasted),
        trial(shared, "a keyboard will do", usual, keyboard),
        trial(shared, "without JavaScript", script_off, without_javascript),
        trial(shared, "the phone may fill the code in", usual, web_otp),
        trial(shared, "a form is sent once", usual, sent_once),
    ]
}

/// Up to the form for the code, and the code.
pub(crate) async fn ask(world: &World, browser: &Browser, address: &str) -> String {
    let before = world.outbox.total();
    browser.go(&world.url).await;
    browser.write("#address", address).await;
    browser.press("form button").await;
    assert_eq!(browser.title().await, "Enter the code");
    world.code_of(before + 1, address).await
}

async fn in_and_out(world: &World, browser: &Browser) {
    let code = ask(world, browser, ADA).await;
    assert_eq!(browser.text("#hint strong").await, ADA);
    browser.write("#code", &code).await;
    browser.press("form button").await;
    assert_eq!((browser.title().await.as_str(), browser.path().await.as_str()), ("You are signed in", "/"));
    assert_eq!(browser.text("main strong").await, ADA);
    assert_eq!(browser.run("return document.cookie").await, "", "no script reads a cookie");
    browser.reload().await;
    assert_eq!(browser.title().await, "You are signed in");

    browser.press("form button").await;
    assert_eq!(browser.title().await, "Sign in");
    for _ in 0..3 {
        browser.back().await;
        assert!(!browser.title().await.contains("You are"), "back");
        assert!(!browser.text("body").await.contains(ADA), "back to nothing");
    }
}

async fn phone(world: &World, browser: &Browser) {
    let code = ask(world, browser, PHONE).await;
    browser.write("#code", &code).await;
    browser.press("form button").await;
    assert_eq!(browser.text("main strong").await, PHONE);
}

async fn wrong(world: &World, browser: &Browser) {
    let code = ask(world, browser, ADA).await;
    for left in ["4 more tries", "3 more tries"] {
        browser.write("#code", &not(&code)).await;
        browser.press("form button").await;
        assert_eq!(browser.title().await, "Error: Enter the code");
        assert!(browser.text("#error[role=alert]").await.contains(left));
        assert_eq!(browser.focus().await, "code");
        assert_eq!(browser.value("#code").await, "", "what was typed is not shown again");
        let field = browser.element("#code").await;
        assert_eq!(field.attr("aria-invalid").await.unwrap().as_deref(), Some("true"));
    }
    browser.write("#code", "12").await;
    browser.press("form button").await;
    assert!(browser.text("#error").await.contains("not counted"));
    browser.write("#code", &code).await;
    browser.press("form button").await;
    assert_eq!(browser.title().await, "You are signed in");
}

async fn expired(world: &World, browser: &Browser) {
    let code = ask(world, browser, ADA).await;
    world.advance(300);
    browser.write("#code", &code).await;
    browser.press("form button").await;
    assert_eq!(browser.title().await, "Error: Sign in");
    assert!(browser.text("#error").await.contains("Get a new one"));
    assert_eq!((browser.focus().await.as_str(), browser.value("#address").await.as_str()), ("address", ADA));
    browser.press("form button").await;
    let code = world.code_of(2, ADA).await;
    browser.write("#code", &code).await;
    browser.press("form button").await;
    assert_eq!(browser.title().await, "You are signed in");
}

async fn throttled(world: &World, browser: &Browser) {
    let code = ask(world, browser, ADA).await;
    let resend = browser.element("#resend").await;
    assert!(!resend.is_enabled().await.unwrap());
    assert!(resend.text().await.unwrap().starts_with("Send it again in "));

    // A new one for the same address is too soon, too; the code that was sent is found again.
    browser.press("a[href='/']").await;
    browser.write("#address", ADA).await;
    browser.press("form button").await;
    assert_eq!(browser.title().await, "Error: Sign in");
    assert_eq!(browser.text("#error").await, "That was too soon. Try again in 30 seconds.");
    browser.press("a[href='/code']").await;

    // The last two seconds, in which nothing is said aloud.
    world.advance(28);
    browser.reload().await;
    browser
        .run(
            "window.said = []; const ready = document.getElementById('ready');
             new MutationObserver(() => window.said.push(ready.textContent))
                 .observe(ready, { childList: true, characterData: true, subtree: true })",
        )
        .await;
    browser
        .wait_until("return !document.getElementById('resend').disabled", "the end of the countdown")
        .await;
    assert_eq!(browser.run("return window.said").await, json!(["The code can be sent again now."]));
    assert_eq!(browser.text("#resend").await, "Send it again");

    // The browser has waited; the service has not.
    browser.press("#resend").await;
    assert_eq!(browser.title().await, "Error: Enter the code");
    assert_eq!(browser.text("#error").await, "That was too soon. Try again in 2 seconds.");
    assert_eq!(browser.focus().await, "code");
    world.advance(2);
    browser.go(&format!("{}/code", world.url)).await;
    browser.press("#resend").await;
    assert_eq!(world.code_of(2, ADA).await, code);
    assert_eq!(browser.text("#again[role=status]").await, "The same code is on its way once more.");
    browser.write("#code", &code).await;
    browser.press("form button").await;
    assert_eq!(browser.title().await, "You are signed in");
}

async fn pasted(world: &World, browser: &Browser) {
    let code = ask(world, browser, ADA).await;
    let (front, back) = code.split_at(3);
    let message = world.outbox.text_for(&Recipient::parse(ADA).unwrap()).unwrap();
    for text in [
        code.clone(),
        format!("{front} {back}"),
        format!(" {front}-{back}\n"),
        format!("{front}\u{a0}{back}"),
        message.to_string(),
        format!("Your code: {front} {back}. It works for 10 minutes, until 12:30."),
        format!("Pay 12.50 EUR with {code}\n\n@login.example #{code}"),
    ] {
        browser.element("#code").await.clear().await.unwrap();
        browser.paste("#code", &text).await;
        assert_eq!(browser.value("#code").await, code, "{}", text.replace(&code, "······"));
    }
    for text in ["111111 or 222222", "no code at all, 12 34"] {
        browser.element("#code").await.clear().await.unwrap();
        browser.paste("#code", text).await;
        assert_eq!(browser.value("#code").await, text, "what is not sure is left as it is");
    }
    assert_eq!(browser.title().await, "Enter the code", "nothing is sent off by itself");
    browser.element("#code").await.clear().await.unwrap();
    browser.paste("#code", &format!("{front} {back}")).await;
    browser.press("form button").await;
    assert_eq!(browser.title().await, "You are signed in");
}

async fn keyboard(world: &World, browser: &Browser) {
    browser.go(&world.url).await;
    assert_eq!(browser.focus().await, "address");
    browser.keys(&format!("{ADA}{ENTER}")).await;
    browser.wait_for("Enter the code").await;
    assert_eq!(browser.focus().await, "code");
    let code = world.code_of(1, ADA).await;
    browser.keys(TAB).await;
    assert_eq!(browser.focus().await, "Sign in");
    let outline = "const style = getComputedStyle(document.activeElement);
                   return style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 2";
    assert_eq!(browser.run(outline).await, true, "one sees where one is");
    browser.keys(TAB).await;
    assert_eq!(browser.focus().await, "Use another address", "what cannot be pressed is passed by");
    browser.element("#code").await.send_keys(&code).await.unwrap();
    browser.keys(TAB).await;
    browser.keys(ENTER).await;
    browser.wait_for("You are signed in").await;
    browser.element("body").await.send_keys(TAB).await.unwrap();
    assert_eq!(browser.focus().await, "Sign out");
    browser.keys(ENTER).await;
    browser.wait_for("Sign in").await;
}

async fn without_javascript(world: &World, browser: &Browser) {
    let code = ask(world, browser, ADA).await;
    let resend = browser.element("#resend").await;
    assert!(resend.is_enabled().await.unwrap(), "JavaScript is off: nothing counts down");
    browser.press("#resend").await;
    assert_eq!(browser.title().await, "Error: Enter the code");
    assert_eq!(browser.text("#error").await, "That was too soon. Try again in 30 seconds.");
    world.advance(30);
    browser.press("#resend").await;
    assert_eq!(world.code_of(2, ADA).await, code);
    browser.write("#code", &not(&code)).await;
    browser.press("form button").await;
    assert!(browser.text("#error").await.contains("4 more tries"));
    let (front, back) = code.split_at(3);
    browser.write("#code", &format!("{front} {back}")).await;
    browser.press("form button").await;
    assert_eq!(browser.title().await, "You are signed in");
    browser.press("form button").await;
    assert_eq!(browser.title().await, "Sign in");
}

/// The browser's own question cannot be answered without a phone; so what asks it is taken the place of.
async fn web_otp(world: &World, browser: &Browser) {
    let stand_in = "window.OTPCredential = class {};
        navigator.credentials.get = (asked) => new Promise((give, refuse) => {
            Object.assign(window, { asked, give });
            asked.signal.addEventListener('abort', () => { localStorage.aborted = 'yes'; refuse(asked.signal.reason); });
        });";
    browser.chromium("Page.addScriptToEvaluateOnNewDocument", json!({ "source": stand_in })).await;
    ask(world, browser, ADA).await;
    assert_eq!(browser.run("return window.asked === undefined").await, true, "an email is not asked for");

    world.advance(60);
    let code = ask(world, browser, PHONE).await;
    assert_eq!(browser.run("return window.asked.otp.transport").await, json!(["sms"]));
    browser.run(&format!("window.give({{ code: '{code}' }})")).await;
    browser.wait_until("return document.getElementById('code').value !== ''", "the code").await;
    assert_eq!(browser.value("#code").await, code);
    assert_eq!(browser.title().await, "Enter the code", "it is not sent off by itself");

    browser.reload().await;
    browser.write("#code", &not(&code)).await;
    browser.press("form button").await;
    assert_eq!(
        browser.run("return localStorage.aborted").await,
        "yes",
        "once it is typed nobody asks any more"
    );
    browser.write("#code", "1").await;
    browser.run(&format!("window.give({{ code: '{code}' }})")).await;
    assert_eq!(browser.value("#code").await, "1", "what is being typed is left alone");
}

async fn sent_once(world: &World, browser: &Browser) {
    let code = ask(world, browser, ADA).await;
    browser.write("#code", &code).await;
    let prevented = browser
        .run(
            "const seen = [], form = document.getElementById('code').form;
             window.addEventListener('submit', (event) => { seen.push(event.defaultPrevented); });
             form.requestSubmit(); form.requestSubmit(); return seen",
        )
        .await;
    assert_eq!(prevented, json!([false, true]));
    browser.wait_for("You are signed in").await;
}
