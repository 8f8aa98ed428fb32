//! Any template and any catalogue, from code, JSON or TOML. What is refused is refused when it is built; what is
//! accepted is written for any recipient, purpose and values without a panic, says the values letter by letter and
//! reads none of them as template or HTML, has a subject of one line, and no more segments than are allowed.
#![no_main]

use std::fmt::Write as _;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    Autofill, Catalogue, CatalogueBuilder, Channel, MemoryStore, Outbox, Policy, Recipient, Request,
    SendError, Template, Wording,
};
use otp_exchange_fuzz::{block_on, house};

#[derive(Arbitrary, Debug)]
struct Texts {
    source: Source,
    template: Option<Words>,
    occasion: Occasion,
}

#[derive(Arbitrary, Debug)]
enum Source {
    Ready,
    Json(String),
    Toml(String),
    Built(Built),
}

#[derive(Arbitrary, Debug)]
struct Built {
    application: Option<String>,
    default_locale: Locale,
    ready_texts: bool,
    link: Option<String>,
    autofill: Option<(u8, String)>,
    transliterate: bool,
    most_segments: Option<u8>,
    wordings: Vec<Wordings>,
}

/// One wording.
#[derive(Arbitrary, Debug)]
struct Wordings {
    locale: Locale,
    purpose: Option<u8>,
    sms: Option<Words>,
    email: Option<(Words, Words)>,
    html: Option<Words>,
}

#[derive(Arbitrary, Debug)]
enum Locale {
    Known(u8),
    Any(String),
}

#[derive(Arbitrary, Debug)]
struct Words(Vec<Word>);

#[derive(Arbitrary, Debug)]
enum Word {
    Code,
    Place(u8),
    Tag(u8),
    Text(String),
    Brace,
    Close,
    Line,
    Many(u8),
}

#[derive(Arbitrary, Debug)]
struct Occasion {
    sms: bool,
    purpose: u8,
    locale: Locale,
    values: Vec<(u8, Value)>,
    minutes: u8,
}

#[derive(Arbitrary, Debug)]
enum Value {
    Any(String),
    Markup(u8),
    Many(u8, char),
}

const PLACES: [(&str, &str); 9] = [
    ("{{AMOUNT}}", "amount"),
    ("{{PAYEE}}", "payee"),
    ("{{DEVICE}}", "device"),
    ("{{SESSION}}", "session"),
    ("{{TENANT}}", "tenant"),
    ("{{MINUTES}}", ""),
    ("{{APP}}", ""),
    ("{{RECIPIENT}}", ""),
    ("{{LINK}}", ""),
];

const TAGS: [&str; 18] = [
    "<p>",
    "</p>",
    "<a href=\"{{LINK}}\">",
    "<a href='{{LINK}}'>",
    "</a>",
    "<b>",
    "<!-- ",
    "-->",
    "<title>",
    "</title>",
    "<style>",
    "</style>",
    "<!doctype html>",
    "<br/>",
    "<p title=\"",
    "\">",
    "&amp;",
    "&",
];

const MARKUP: [&str; 12] = [
    "{{CODE}}",
    "{{PAYEE}}",
    "<script>",
    "\"'><b>",
    "&lt;",
    "&",
    "{{",
    "-->",
    "</title>",
    "</style><p>",
    "@app.example #1",
    "\u{202E}",
];

const LOCALES: [&str; 8] = ["en", "nl", "fr-BE", "zh-TW", "el", "no", "x-private", "de"];
const PURPOSES: [&str; 4] = ["login", "register", "payment", "confirm"];
const AMOUNTS: [&str; 3] = ["12.50 EUR", "0 USD", "1234567.8901 JPY"];

fuzz_target!(|texts: Texts| {
    let (built, only) = match &texts.source {
        Source::Ready => (Catalogue::default(), None),
        Source::Json(json) => match serde_json::from_str::<Catalogue>(json) {
            Ok(catalogue) => (catalogue, None),
            Err(_) => return,
        },
        Source::Toml(text) => match toml::from_str::<Catalogue>(text) {
            Ok(catalogue) => (catalogue, None),
            Err(_) => return,
        },
        Source::Built(built) => {
            let builder = built.builder();
            same_as_data(&builder);
            match builder.build() {
                Ok(catalogue) => (catalogue, built.only()),
                Err(_) => return,
            }
        }
    };
    for lint in built.lint() {
        assert!(lint.segments.segments >= 1);
        let _ = lint.to_string();
    }
    let template = texts.template.as_ref().map(Words::text);
    if let Some(text) = &template {
        is_kept(text);
    }
    written(&texts.occasion, built, template, only);
});

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
fn written(occasion: &Occasion, catalogue: Catalogue, template: Option<String>, only: Option<&Wordings>) {
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
        template.iter().fold(request, |request, template| request.template(template))
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
    if let Some(expected) = template.as_ref().and_then(|template| says(template, false)) {
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

impl Built {
    fn builder(&self) -> CatalogueBuilder {
        let mut builder = Catalogue::builder()
            .default_locale(self.default_locale.tag())
            .ready_texts(self.ready_texts)
            .transliterate(self.transliterate);
        if let Some(name) = &self.application {
            builder = builder.application(name);
        }
        if let Some(page) = &self.link {
            builder = builder.link(if page.is_empty() { "https://app.example/code" } else { page });
        }
        if let Some((kind, host)) = &self.autofill {
            let host = if host.is_empty() { "app.example" } else { host };
            builder = builder.autofill(match kind % 4 {
                0 => Autofill::website(host),
                1 => Autofill::website(host).embedded("frame.example"),
                2 => Autofill::android("FA+9qCX9VSu"),
                _ => Autofill::website("app.example").android_app(host),
            });
        }
        if let Some(most) = self.most_segments {
            builder = builder.most_segments(most.into());
        }
        for words in &self.wordings {
            let mut wording = Wording::new(words.locale.tag());
            if let Some(purpose) = words.purpose {
                wording = wording.purpose(PURPOSES[usize::from(purpose) % 4]);
            }
            if let Some(sms) = &words.sms {
                wording = wording.sms(sms.text());
            }
            if let Some((subject, text)) = &words.email {
                wording = wording.email(subject.text(), text.text());
            }
            if let Some(html) = &words.html {
                wording = wording.html(html.text());
            }
            builder = builder.wording(wording);
        }
        builder
    }

    /// The wording that every email is in, if there is only one.
    fn only(&self) -> Option<&Wordings> {
        let [only] = &self.wordings[..] else { return None };
        (!self.ready_texts && only.email.is_some()).then_some(only)
    }
}

impl Locale {
    fn tag(&self) -> &str {
        match self {
            Self::Known(index) => LOCALES[usize::from(*index) % LOCALES.len()],
            Self::Any(tag) => tag,
        }
    }
}

impl Words {
    fn text(&self) -> String {
        let words = self.0.iter().map(|word| match word {
            Word::Code => "{{CODE}}".to_owned(),
            Word::Place(index) => PLACES[usize::from(*index) % PLACES.len()].0.to_owned(),
            Word::Tag(index) => TAGS[usize::from(*index) % TAGS.len()].to_owned(),
            Word::Text(text) => text.clone(),
            Word::Brace => "{".to_owned(),
            Word::Close => "}}".to_owned(),
            Word::Line => "\n".to_owned(),
            Word::Many(count) => "é ".repeat(usize::from(*count)),
        });
        words.collect()
    }

    fn links(&self) -> bool {
        let text = self.text();
        text.contains("{{LINK}}") || text.contains("{{APP}}")
    }
}

impl Occasion {
    fn values(&self) -> Vec<(&'static str, String)> {
        let bound = self.values.iter().map(|(field, value)| match PLACES[usize::from(*field) % 5].1 {
            "amount" => ("amount", AMOUNTS[usize::from(*field) % 3].to_owned()),
            field => (field, value.text()),
        });
        bound.collect()
    }
}

impl Value {
    fn text(&self) -> String {
        match self {
            Self::Any(text) => text.clone(),
            Self::Markup(index) => MARKUP[usize::from(*index) % MARKUP.len()].to_owned(),
            Self::Many(count, character) => character.to_string().repeat(usize::from(*count)),
        }
    }
}
