//! Whether everybody can use it: on a phone, in the dark, by ear.

use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use libtest_mimic::Trial;
use otp_exchange::Outbox;
use serde_json::{Value, json};

use crate::browser::{Browser, Kind};
use crate::flow::ask;
use crate::world::{World, not};
use crate::{Shared, trial};

const ADA: &str = "ada.with.a.rather.long.name.that.does.not.wrap@mail.department.example.org";

pub(crate) fn trials(shared: &Shared) -> Vec<Trial> {
    let usual = Kind::default();
    vec![
        trial(shared, "it fits on a phone", Kind { is_phone: true, ..usual }, fits),
        trial(shared, "everything can be told by ear", usual, by_ear),
        trial(shared, "everything can be read, by day and by night", usual, contrast),
        trial(shared, "browsers name the origin of its forms", usual, origin),
    ]
}

/// Every page there is, one after another.
async fn each_page(world: &World, browser: &Browser, mut look: impl AsyncFnMut(&str)) {
    browser.go(&world.url).await;
    look("first").await;
    browser.write("#address", "ada").await;
    browser.press("form button").await;
    look("first, with an error").await;
    let before = world.outbox.total();
    browser.write("#address", ADA).await;
    browser.press("form button").await;
    let code = world.code_of(before + 1, ADA).await;
    look("second").await;
    world.advance(30);
    browser.reload().await;
    browser.press("#resend").await;
    look("second, sent again").await;
    browser.write("#code", &not(&code)).await;
    browser.press("form button").await;
    look("second, with an error").await;
    browser.write("#code", &code).await;
    browser.press("form button").await;
    assert_eq!(browser.title().await, "You are signed in");
    look("signed in").await;
    world.store.off(true);
    browser.reload().await;
    look("stopped").await;
    world.store.off(false);
    browser.press("main a").await;
    browser.press("form button").await;
    assert_eq!(browser.title().await, "Sign in");
    world.advance(3600);
}

async fn fits(world: &World, browser: &Browser) {
    each_page(world, browser, async |page| {
        let found = browser
            .run(
                "const wrong = [];
                 if (innerWidth !== 360) wrong.push(`the window is ${innerWidth} wide`);
                 if (document.documentElement.scrollWidth > innerWidth) wrong.push('it scrolls sideways');
                 for (const element of document.querySelectorAll('input:not([type=hidden]), button, a')) {
                   const { width, height } = element.getBoundingClientRect();
                   const size = parseFloat(getComputedStyle(element).fontSize);
                   if (width < 44 || height < 44) wrong.push(`${element.outerHTML} is ${width} by ${height}`);
                   if (size < 16) wrong.push(`${element.outerHTML} has letters of ${size}`);
                 }
                 const button = document.querySelector('form button');
                 if (button && button.getBoundingClientRect().bottom > innerHeight) wrong.push('one has to scroll to go on');
                 return wrong",
            )
            .await;
        assert_eq!(found, json!([]), "{page}");
    })
    .await;
}

/// What a screen reader is told: the browser's own tree of roles and names.
async fn by_ear(world: &World, browser: &Browser) {
    each_page(world, browser, async |page| {
        let tree = browser.chromium("Accessibility.getFullAXTree", json!({})).await;
        let nodes: Vec<&Value> = tree["nodes"].as_array().unwrap().iter().collect();
        let role = |role: &'static str| {
            nodes.iter().copied().filter(move |node| node["ignored"] == false && node["role"]["value"] == role)
        };
        let text = |node: &Value, part: &str| node[part]["value"].as_str().unwrap_or_default().to_owned();
        assert_eq!(role("main").count(), 1, "{page}");
        let headings: Vec<_> = role("heading").collect();
        assert_eq!(headings.len(), 1, "{page}");
        assert!(browser.has("html[lang=en]").await && browser.title().await.contains(&text(headings[0], "name")));
        assert_eq!(role("image").count(), 0, "{page}: the picture says nothing");

        let error = browser.has("#error").await;
        assert_eq!(role("alert").count(), usize::from(error), "{page}");
        assert_eq!(browser.title().await.starts_with("Error: "), error, "{page}");
        for field in role("textbox") {
            assert!(["Email address or phone number", "Code"].contains(&text(field, "name").as_str()), "{page}");
            let said = text(field, "description");
            assert!(said.contains("A code is sent") || said.contains("digits, on their way to"), "{page}: {said}");
            if error {
                assert!(said.starts_with(&browser.text("#error").await), "{page}: {said}");
            }
        }
        for button in role("button") {
            let known = ["Send the code", "Sign in", "Send it again", "Sign out"];
            assert!(known.contains(&text(button, "name").as_str()), "{page}: no seconds in {button}");
        }
        let ids = "const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
                   return new Set(ids).size === ids.length && [...document.querySelectorAll('[aria-describedby]')]
                     .every((one) => one.getAttribute('aria-describedby').split(' ').every((id) => ids.includes(id)))";
        assert_eq!(browser.run(ids).await, true, "{page}");
    })
    .await;
}

/// WCAG 2.2, success criteria 1.4.3 and 1.4.11: 4.5 to 1 for texts, 3 to 1 for the edges of fields.
async fn contrast(world: &World, browser: &Browser) {
    for scheme in ["light", "dark"] {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        browser.chromium("Emulation.setEmulatedMedia", features).await;
        each_page(world, browser, async |page| {
            let found = browser
                .run(
                    "const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
                     const light = (color) => {
                       const [r, g, b] = rgb(color).map((part) => part / 255)
                         .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
                       return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                     };
                     const ground = (element) => {
                       for (let one = element; one; one = one.parentElement) {
                         const color = getComputedStyle(one).backgroundColor;
                         if (rgb(color)[3] !== 0) return color;
                       }
                     };
                     const ratio = (one, other) => {
                       const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
                       return (bright + 0.05) / (dark + 0.05);
                     };
                     const wrong = [];
                     for (const element of document.querySelectorAll('main *')) {
                       const style = getComputedStyle(element);
                       const texts = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
                       const text = ratio(style.color, ground(element));
                       if ((texts || element.matches('input')) && text < 4.5) wrong.push(`${element.outerHTML}: ${text}`);
                       const edge = ratio(style.borderTopColor, ground(element.parentElement));
                       if (element.matches('input:not([type=hidden]), button') && edge < 3) wrong.push(`${element.outerHTML}: ${edge}`);
                     }
                     return wrong",
                )
                .await;
            assert_eq!(found, json!([]), "{scheme}: {page}");
        })
        .await;
        let ground = browser.run("return getComputedStyle(document.body).backgroundColor").await;
        assert_eq!(ground == json!("rgb(15, 18, 21)"), scheme == "dark", "{ground}");
    }
}

/// Else old browsers, which say no more of where a form comes from, could not use it.
async fn origin(_: &World, browser: &Browser) {
    let seen = Arc::<Mutex<Vec<_>>>::default();
    let notes = Arc::clone(&seen);
    let note = from_fn(move |request: Request, next: Next| {
        if request.method() == "POST" {
            let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            notes.lock().unwrap().push((header("origin"), header("sec-fetch-site")));
        }
        next.run(request)
    });
    let outbox = Outbox::new();
    let world = World::begin(&[], outbox.clone(), outbox, |router| router.layer(note)).await;
    ask(&world, browser, "ada@example.org").await;
    let expected = (Some(world.url.clone()), Some("same-origin".to_owned()));
    assert_eq!(*seen.lock().unwrap(), [expected]);
}
