//! The HTML. What is put into it is escaped, by [`maud`].

use base64ct::{Base64UrlUnpadded, Encoding};
use maud::{DOCTYPE, Markup, html};
use otp_exchange::{Channel, Entropy, Status, SystemEntropy, Timestamp};

use super::cookies::Pending;
use super::trouble::{Trouble, left};

/// The pages there are.
pub(super) struct Views {
    application: Option<String>,
}

impl Views {
    pub(super) fn new(application: Option<&str>) -> Self {
        Self { application: application.map(str::to_owned) }
    }

    /// The form for an address. A browser that waits for a code finds its way back to that.
    pub(super) fn address(&self, typed: &str, is_pending: bool, trouble: Option<&Trouble>) -> Markup {
        let content = html! {
            (alert(trouble))
            form method="post" action="/sign-in" {
                @if let Some(key) = key() { input type="hidden" name="key" value=(key) autocomplete="off"; }
                label for="address" { "Email address or phone number" }
                p #hint { "A code is sent there. A number begins with + and the country code." }
                input #address name="address" value=(typed) type="text" inputmode="email" autocomplete="email"
                    autocapitalize="none" autocorrect="off" spellcheck="false" autofocus
                    aria-describedby=(described(trouble)) aria-invalid=[invalid(trouble)];
                button { "Send the code" }
            }
            @if is_pending { p { a href="/code" { "I have a code already" } } }
        };
        self.page("Sign in", trouble, &content)
    }

    /// The form for a code.
    pub(super) fn code(
        &self,
        pending: &Pending,
        status: &Status,
        now: Timestamp,
        trouble: Option<&Trouble>,
    ) -> Markup {
        let wait = now.until(status.resend_at).as_millis().div_ceil(1000);
        let is_sms = pending.recipient.channel() == Channel::Sms;
        let content = html! {
            (alert(trouble))
            @if trouble.is_none() && status.deliveries > 1 {
                p #again role="status" { "The same code is on its way once more." }
            }
            form method="post" action="/code" {
                label for="code" { "Code" }
                p #hint {
                    (status.length) " digits, on their way to " strong { (pending.recipient.address()) } ". They work for about "
                    (left(now.until(status.expires_at))) "."
                }
                input #code name="code" type="text" inputmode="numeric" autocomplete="one-time-code"
                    autocapitalize="none" autocorrect="off" spellcheck="false" autofocus
                    data-length=(status.length) data-sms[is_sms]
                    aria-describedby=(described(trouble)) aria-invalid=[invalid(trouble)];
                button { "Sign in" }
            }
            form method="post" action="/resend" {
                button #resend .quiet data-seconds=(wait) { "Send it again" span aria-hidden="true" {} }
                p #ready role="status" {}
            }
            p { a href="/" { "Use another address" } }
        };
        self.page("Enter the code", trouble, &content)
    }

    /// Who is signed in.
    pub(super) fn signed_in(&self, subject: &str) -> Markup {
        let content = html! {
            p { "As " strong { (subject) } "." }
            form method="post" action="/sign-out" { button { "Sign out" } }
        };
        self.page("You are signed in", None, &content)
    }

    /// No form, but a way back.
    pub(super) fn stopped(&self, trouble: &Trouble, back: &str) -> Markup {
        let content = html! {
            (alert(Some(trouble)))
            p { a href=(back) { "Try again" } }
        };
        self.page("That did not work", Some(trouble), &content)
    }

    fn page(&self, heading: &str, trouble: Option<&Trouble>, content: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title {
                        @if trouble.is_some() { "Error: " }
                        (heading)
                        @if let Some(name) = &self.application { " – " (name) }
                    }
                    link rel="icon" type="image/svg+xml" href="/page.svg";
                    link rel="stylesheet" href="/page.css";
                    script src="/page.js" defer {}
                }
                body {
                    main {
                        p .name {
                            img src="/page.svg" alt="" width="32" height="32";
                            @if let Some(name) = &self.application { (name) }
                        }
                        h1 { (heading) }
                        (content)
                    }
                }
            }
        }
    }
}

/// What went wrong, above everything else: read out at once, and again with the field that gets the focus.
fn alert(trouble: Option<&Trouble>) -> Markup {
    html! { @if let Some(trouble) = trouble { p #error role="alert" { (trouble.text) } } }
}

fn described(trouble: Option<&Trouble>) -> &'static str {
    if trouble.is_some() { "error hint" } else { "hint" }
}

fn invalid(trouble: Option<&Trouble>) -> Option<&'static str> {
    trouble.filter(|trouble| trouble.is_typed).map(|_| "true")
}

/// A key for one form: pressed twice, its button leads to one code. Without randomness there is none.
fn key() -> Option<String> {
    let mut bytes = [0; 16];
    SystemEntropy.fill(&mut bytes).ok()?;
    Some(Base64UrlUnpadded::encode_string(&bytes))
}
