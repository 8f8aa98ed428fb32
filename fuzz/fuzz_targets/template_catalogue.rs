//! Any template and any catalogue, from code, JSON or TOML. What is refused is refused when it is built; what is
//! accepted is written for any recipient, purpose and values without a panic, says the values letter by letter and
//! reads none of them as template or HTML, has a subject of one line, and no more segments than are allowed.
#![no_main]

use std::fmt::Write as _;

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    Catalogue, CatalogueBuilder, Channel, MemoryStore, Outbox, Policy, Recipient, Request, SendError,
    Template,
};
use otp_exchange_fuzz::texts::{Draft, Locale, Occasion, PLACES, PURPOSES, Source, Texts, Value, Words};
use otp_exchange_fuzz::{block_on, house};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = str::from_utf8(bytes) {
        is_kept(text);
        as_data(text);
    }
    let mut unstructured = Unstructured::new(bytes);
    let Ok(texts) = Texts::arbitrary(&mut unstructured) else { return };
    let (catalogue, only) = match &texts.source {
        Source::Ready => (Catalogue::default(), None),
        Source::Built(built) => {
            let builder = built.builder();
            same_as_data(&builder);
            match builder.build() {
                Ok(catalogue) => (catalogue, built.only()),
                Err(_) => return,
            }
        }
    };
    linted(&catalogue);
    let template = texts.template.as_ref().map(Words::text);
    if let Some(text) = &template {
        is_kept(text);
    }
    written(&texts.occasion, catalogue, template.as_deref(), only);
});

/// JSON begins with a brace, TOML with none. Without that word there are forty languages in it, which take a while.
fn as_data(text: &str) {
    if !text.contains("ready_texts") {
        return;
    }
    let read = if text.trim_start().starts_with('{') {
        serde_json::from_str::<Catalogue>(text).ok()
    } else {
        toml::from_str::<Catalogue>(text).ok()
    };
    let Some(catalogue) = read else { return };
    linted(&catalogue);
    for (number, sms) in (0..).zip([false, true, false, true]) {
        let values = if number < 2 {
            Vec::new()
        } else {
            (0..5).map(|field| (field, Value::Markup(field + 1))).collect()
        };
        let occasion =
            Occasion { sms, purpose: number, locale: Locale::Known(number), values, minutes: number };
        written(&occasion, catalogue.clone(), None, None);
    }
}

fn linted(catalogue: &Catalogue) {
    for lint in catalogue.lint() {
        assert!(lint.segments.segments >= 1);
        assert!(!lint.to_string().is_empty());
    }
}

/// Written as JSON or TOML and read again, it is the same catalogue, or refused just so.
fn same_as_data(builder: &CatalogueBuilder) {
    let built = builder.clone().build();
    let json = serde_json::to_string(builder).expect("texts");
    let read = serde_json::from_str::<CatalogueBuilder>(&json).expect("as written").build();
    match (&built, &read) {
        (Ok(built), Ok(read)) => assert_eq!(built.lint(), read.lint()),
        (Err(built), Err(read)) => assert_eq!(built, read),
        (built, read) => panic!("{built:?} was built, {read:?} read"),
    }
    let toml = toml::to_string(builder).expect("texts");
    let read = toml::from_str::<CatalogueBuilder>(&toml).expect("as written").build();
    assert_eq!(read.err(), built.err(), "{toml}");
}

/// A template is one line with one code, and its text stays as it is.
fn is_kept(text: &str) {
    let Ok(template) = Template::parse(text) else { return };
    assert_eq!(template.to_string(), text);
    assert_eq!(text.matches("{{CODE}}").count(), 1);
    assert!(text.len() <= 480 && !text.chars().any(char::is_control));
    assert_eq!(Template::parse(&template.to_string()), Ok(template));
}

/// One message with the values, and one with plain ones instead.
fn written(occasion: &Occasion, catalogue: Catalogue, template: Option<&str>, only: Option<&Draft>) {
    let clock = ManualClock::default();
    let store = MemoryStore::with_clock(16, clock.clone());
    let policy = Policy::default().send_spacing(std::time::Duration::ZERO);
    let (builder, outbox) = house(store, "fuzz", policy, &clock);
    let otp = builder.catalogue(catalogue).build().expect("a policy without a template of its own");
    let ada =
        Recipient::parse(if occasion.sms { "+32412345678" } else { "ada@example.org" }).expect("an address");
    let request = |values: &[(&'static str, String)]| {
        let mut request = Request::new(PURPOSES[usize::from(occasion.purpose) % 4], &ada);
        request = request.locale(occasion.locale.tag());
        request =
            request.lifetime(std::time::Duration::from_secs(60 * u64::from(occasion.minutes % 10) + 30));
        for (field, value) in values {
            request = request.bind(*field, value);
        }
        template.iter().fold(request, |request, template| request.template(*template))
    };
    let values = occasion.values();
    let sent = match block_on(otp.send(request(&values))) {
        Ok(sent) => sent,
        Err(SendError::Request(_)) => return,
        Err(other) => panic!("{other:?}"),
    };
    let code = sent.expose().code.to_owned();
    let message = Message::read(&outbox, &ada);
    message.is_one();
    assert!(message.text.contains(&code));
    if let (Channel::Sms, Some(segments)) = (ada.channel(), message.segments) {
        assert_eq!(sent.total_messages(), segments);
    }
    // What this template, or the only wording there is, says with those values in it.
    let says = |text: &str, html: bool| filled(text, &code, &values, occasion.minutes % 10, &ada, html);
    if let Some(expected) = template.and_then(|template| says(template, false)) {
        assert!(message.text.starts_with(&expected), "{:?} and not {expected:?}", message.text);
    }
    if let (Some(only), None, Channel::Email) = (only, &template, ada.channel()) {
        let (subject, text) = only.email.as_ref().expect("it was accepted for email");
        assert_eq!(
            says(&subject.text(), false).as_ref(),
            message.subject.as_ref().filter(|_| !subject.links())
        );
        assert!(text.links() || says(&text.text(), false).as_deref() == Some(&message.text));
        let html = only.html.as_ref().filter(|html| !html.links()).and_then(|html| says(&html.text(), true));
        assert!(html.is_none() || html == message.html, "{html:?} and not {:?}", message.html);
    }
    // The markup around any values is the markup around plain ones.
    let plain = values
        .iter()
        .map(|(field, value)| (*field, if *field == "amount" { value.clone() } else { "x".into() }));
    let sent = block_on(otp.send(request(&plain.collect::<Vec<_>>())));
    if let (Ok(_), Some(html)) = (sent, message.html) {
        let plain = Message::read(&outbox, &ada).html.expect("the same wording");
        for mark in ["<", ">", "\"", "'"] {
            assert_eq!(html.matches(mark).count(), plain.matches(mark).count(), "{mark} in {html}");
        }
    }
}

struct Message {
    subject: Option<String>,
    text: String,
    html: Option<String>,
    segments: Option<usize>,
}

impl Message {
    fn read(outbox: &Outbox, recipient: &Recipient) -> Self {
        let read = outbox.read(recipient, |message| Self {
            subject: message.expose_subject().map(str::to_owned),
            text: message.expose_text().to_owned(),
            html: message.expose_html().map(str::to_owned),
            segments: message.segments().map(|segments| segments.segments),
        });
        read.expect("it was sent")
    }

    fn is_one(&self) {
        if let Some(subject) = &self.subject {
            assert!(!subject.chars().any(char::is_control), "{subject:?}");
        }
        let lays_out = |one: char| one == '\n' || (one == '\t' && self.subject.is_some());
        assert!(!self.text.chars().any(|one| one.is_control() && !lays_out(one)), "{:?}", self.text);
        // More than 255 no network carries, and the builder's most is what the target sets, or ten.
        assert!(self.segments.is_none_or(|segments| segments <= 255));
    }
}

/// A template with its values, put together character by character; `None` if it has a link, which is another
/// in every message, or the name of an application.
fn filled(
    text: &str,
    code: &str,
    values: &[(&'static str, String)],
    minutes: u8,
    recipient: &Recipient,
    html: bool,
) -> Option<String> {
    if text.contains("{{LINK}}") || text.contains("{{APP}}") {
        return None;
    }
    let (mut rest, mut whole) = (text, String::new());
    while let Some(first) = rest.chars().next() {
        let place = PLACES.iter().chain([&("{{CODE}}", "")]).find(|(place, _)| rest.starts_with(place));
        let Some((place, field)) = place else {
            whole.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        let value = match *place {
            "{{CODE}}" => code.to_owned(),
            "{{MINUTES}}" => minutes.max(1).to_string(),
            "{{RECIPIENT}}" => recipient.masked().replace('•', "*"),
            _ => values
                .iter()
                .find(|(bound, _)| bound == field)
                .map(|(_, value)| value.clone())
                .unwrap_or_default(),
        };
        for one in value.chars() {
            match one {
                '&' | '<' | '>' | '"' if html => {
                    let name = [('&', "amp"), ('<', "lt"), ('>', "gt"), ('"', "quot")]
                        .into_iter()
                        .find(|(of, _)| *of == one);
                    write!(whole, "&{};", name.expect("one of them").1).expect("into a string");
                }
                '\'' if html => whole.push_str("&#39;"),
                _ => whole.push(one),
            }
        }
        rest = &rest[place.len()..];
    }
    Some(whole)
}
