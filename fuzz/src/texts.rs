//! Catalogues, templates and values that are nearly right.

use arbitrary::Arbitrary;
use otp_exchange::{Autofill, Catalogue, CatalogueBuilder, Wording};

#[derive(Arbitrary, Debug)]
pub struct Texts {
    pub source: Source,
    pub template: Option<Words>,
    pub occasion: Occasion,
}

#[derive(Arbitrary, Debug)]
pub enum Source {
    Ready,
    Built(Built),
}

#[derive(Arbitrary, Debug)]
pub struct Built {
    pub application: Option<String>,
    pub default_locale: Locale,
    /// Rarely: forty languages take a while.
    pub ready_texts: u8,
    pub link: Option<String>,
    pub autofill: Option<(u8, String)>,
    pub transliterate: bool,
    pub most_segments: Option<u8>,
    pub wordings: Vec<Draft>,
}

/// One wording, right or wrong.
#[derive(Arbitrary, Debug)]
pub struct Draft {
    pub locale: Locale,
    pub purpose: Option<u8>,
    pub sms: Option<Words>,
    pub email: Option<(Words, Words)>,
    pub html: Option<Words>,
}

#[derive(Arbitrary, Debug)]
pub enum Locale {
    Known(u8),
    Any(String),
}

#[derive(Arbitrary, Debug)]
pub struct Words(Vec<Word>);

#[derive(Arbitrary, Debug)]
pub enum Word {
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
pub struct Occasion {
    pub sms: bool,
    pub purpose: u8,
    pub locale: Locale,
    pub values: Vec<(u8, Value)>,
    pub minutes: u8,
}

#[derive(Arbitrary, Debug)]
pub enum Value {
    Any(String),
    Markup(u8),
    Many(u8, char),
}

pub const PLACES: [(&str, &str); 9] = [
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

pub const TAGS: [&str; 18] = [
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

pub const MARKUP: [&str; 12] = [
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

pub const LOCALES: [&str; 8] = ["en", "nl", "fr-BE", "zh-TW", "el", "no", "x-private", "de"];
pub const PURPOSES: [&str; 4] = ["login", "register", "payment", "confirm"];
pub const AMOUNTS: [&str; 3] = ["12.50 EUR", "0 USD", "1234567.8901 JPY"];

impl Built {
    pub fn builder(&self) -> CatalogueBuilder {
        let mut builder = Catalogue::builder()
            .default_locale(self.default_locale.tag())
            .ready_texts(self.has_ready_texts())
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

    fn has_ready_texts(&self) -> bool {
        self.ready_texts % 16 == 15
    }

    /// The wording that every email is in, if there is only one.
    #[must_use]
    pub fn only(&self) -> Option<&Draft> {
        let [only] = &self.wordings[..] else { return None };
        (!self.has_ready_texts() && only.email.is_some()).then_some(only)
    }
}

impl Locale {
    #[must_use]
    pub fn tag(&self) -> &str {
        match self {
            Self::Known(index) => LOCALES[usize::from(*index) % LOCALES.len()],
            Self::Any(tag) => tag,
        }
    }
}

impl Words {
    #[must_use]
    pub fn text(&self) -> String {
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

    #[must_use]
    pub fn links(&self) -> bool {
        let text = self.text();
        text.contains("{{LINK}}") || text.contains("{{APP}}")
    }
}

impl Occasion {
    #[must_use]
    pub fn values(&self) -> Vec<(&'static str, String)> {
        let bound = self.values.iter().map(|(field, value)| match PLACES[usize::from(*field) % 5].1 {
            "amount" => ("amount", AMOUNTS[usize::from(*field) % 3].to_owned()),
            field => (field, value.text()),
        });
        bound.collect()
    }
}

impl Value {
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Any(text) => text.clone(),
            Self::Markup(index) => MARKUP[usize::from(*index) % MARKUP.len()].to_owned(),
            Self::Many(count, character) => character.to_string().repeat(usize::from(*count)),
        }
    }
}
