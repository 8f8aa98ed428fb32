//! A text with one place for the code, and places for what else a message may say.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::form::Form;
use super::values::Values;
use super::wording::Part;
use crate::context::{Field, misleads};

/// The longest template of a request, in bytes of UTF-8: it lies in the sealed entry beside the code it is
/// for.
pub const MAX_TEMPLATE_BYTES: usize = 480;

/// A text in which `{{CODE}}` stands exactly once, for the code. The default is `{{CODE}}`, the bare code.
///
/// It may also show, each as often as it likes:
///
/// | variable | what stands there |
/// |---|---|
/// | `{{MINUTES}}` | how many whole minutes the code still lives, at least 1 |
/// | `{{APP}}` | the [application's name](crate::CatalogueBuilder::application) |
/// | `{{RECIPIENT}}` | where the message goes, [masked](crate::Recipient::masked) with asterisks |
/// | `{{LINK}}` | a [link](crate::CatalogueBuilder::link) that fills the code in |
/// | `{{AMOUNT}}`, `{{PAYEE}}`, `{{DEVICE}}`, `{{SESSION}}`, `{{TENANT}}` | what the code is [bound](crate::Request::bind) to; what is shown has to be bound |
///
/// It is put together in one pass: what takes a place is never read as template again, so that a payee named
/// `{{CODE}}` is shown by that name.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template(Arc<Words>);

#[derive(PartialEq, Eq)]
struct Words {
    text: String,
    /// The places in the text, in order: found once, for every message is put together of them.
    places: Vec<(Range<usize>, Place)>,
}

impl Template {
    /// Checks a text of one line and takes it as a template.
    ///
    /// # Errors
    /// [`TemplateError`] unless `{{CODE}}` stands in it exactly once, it has no `{{` but those of its
    /// variables, no control characters, and at most 480 bytes.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::of(Form::Request, text)
    }

    /// The same for another form of text.
    pub(super) fn of(form: Form, text: &str) -> Result<Self, TemplateError> {
        let most = form.most_bytes();
        if text.len() > most {
            return Err(TemplateError::TooLong { bytes: text.len(), most });
        }
        if text.chars().any(|character| misleads(character) && !form.lays_out(character)) {
            return Err(TemplateError::ControlCharacter);
        }
        let last = text.trim_end().rsplit('\n').next().unwrap_or_default();
        if form.is_sms() && last.trim_start().starts_with('@') {
            return Err(TemplateError::OriginBound);
        }
        match text.matches(CODE).count() {
            0 if form.needs_code() => return Err(TemplateError::NoPlace),
            0 | 1 => {}
            _ => return Err(TemplateError::TwoPlaces),
        }
        let template = Self::new(text.to_owned());
        if template.pieces().any(|(words, _)| words.contains("{{")) {
            return Err(TemplateError::UnknownVariable);
        }
        if form == Form::Of(Part::Html) {
            super::html::check(template.pieces())?;
        }
        Ok(template)
    }

    fn new(text: String) -> Self {
        let places = places(&text).collect();
        Self(Arc::new(Words { text, places }))
    }

    /// Back from a sealed entry, where only checked texts lie.
    pub(crate) fn restore<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(text.map(Self::new))
    }

    /// The text from its start to its end, as words and the place that follows them.
    fn pieces(&self) -> impl Iterator<Item = (&str, Place)> {
        let Words { text, places } = &*self.0;
        let end = (text.len()..text.len(), Place::End);
        let mut start = 0;
        places.iter().cloned().chain([end]).map(move |(at, place)| {
            let words = &text[start..at.start];
            start = at.end;
            (words, place)
        })
    }

    /// Its length in bytes, variables included.
    pub(crate) fn len(&self) -> usize {
        self.0.text.len()
    }

    /// Whether it has a place for the field.
    pub(crate) fn shows(&self, field: &Field) -> bool {
        self.fields().any(|shown| shown == field)
    }

    /// The fields it has places for, each once.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &'static Field> {
        let mut shown = [false; FIELDS.len()];
        for (_, place) in &self.0.places {
            if let Place::Field(index) = place {
                shown[*index] = true;
            }
        }
        FIELDS.iter().zip(shown).filter(|(_, shown)| *shown).map(|((_, field), _)| field)
    }

    /// Whether it has that place.
    pub(crate) fn has(&self, place: Place) -> bool {
        self.0.places.iter().any(|(_, found)| *found == place)
    }

    /// The text with the values in their places. A field that is not bound leaves its places empty; callers
    /// refuse such a request before.
    pub(crate) fn render(&self, values: &Values<'_>) -> Zeroizing<String> {
        let texts = || self.pieces().flat_map(|(words, place)| [words, values.of(place)]);
        let room = texts().map(str::len).sum();
        let mut text = Zeroizing::new(String::with_capacity(room)); // never grows, so leaves no stale copy
        texts().for_each(|part| text.push_str(part));
        text
    }

    /// The same for a text that is HTML: the values are escaped.
    pub(crate) fn render_html(&self, values: &Values<'_>) -> Zeroizing<String> {
        let room = self.pieces().map(|(words, place)| {
            words.len() + super::html::escaped(values.of(place)).map(str::len).sum::<usize>()
        });
        let mut html = Zeroizing::new(String::with_capacity(room.sum()));
        for (words, place) in self.pieces() {
            html.push_str(words);
            super::html::escaped(values.of(place)).for_each(|part| html.push_str(part));
        }
        html
    }
}

impl Default for Template {
    fn default() -> Self {
        Self::new(CODE.to_owned())
    }
}

impl TryFrom<String> for Template {
    type Error = TemplateError;

    fn try_from(text: String) -> Result<Self, TemplateError> {
        Self::parse(&text)
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.text)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({:?})", self.0.text)
    }
}

/// What is wrong with a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// `{{CODE}}` is missing.
    #[error("template: has no {{{{CODE}}}}; put it where the code shall stand")]
    NoPlace,
    /// `{{CODE}}` stands more than once.
    #[error("template: has {{{{CODE}}}} more than once; keep one")]
    TwoPlaces,
    /// A `{{` that begins none of the variables there are.
    #[error(
        "template: has a {{{{…}}}} other than {{{{CODE}}}}, {{{{MINUTES}}}}, {{{{APP}}}}, {{{{RECIPIENT}}}}, {{{{LINK}}}}, {{{{AMOUNT}}}}, {{{{PAYEE}}}}, {{{{DEVICE}}}}, {{{{SESSION}}}} and {{{{TENANT}}}}; write the text out"
    )]
    UnknownVariable,
    /// A control character, line breaks included where there is one line only: they could add a header or a
    /// second message. Or one that shows its surroundings in another order.
    #[error(
        "template: has a control character, a bidirectional override, or a line break or tab where none may be; only the SMS, text and HTML of a wording have lines, text and HTML tabs"
    )]
    ControlCharacter,
    /// A last line that begins with `@`: phones would take it for one that binds the code to a website.
    #[error(
        "template: the last line begins with `@`, as one for autofill does; set CatalogueBuilder::autofill instead"
    )]
    OriginBound,
    /// Longer than it may be.
    #[error("template: {bytes} bytes; at most {most}")]
    TooLong {
        /// Its length in bytes of UTF-8.
        bytes: usize,
        /// The most it may have: 480, or of a [`Wording`](crate::Wording) more.
        most: usize,
    },
    /// `{{APP}}`, and the application has no name.
    #[error("template: has {{{{APP}}}}, and the application has no name; set CatalogueBuilder::application")]
    NoApplication,
    /// `{{LINK}}`, and there is no page to link to.
    #[error("template: has {{{{LINK}}}}, and there is no page to link to; set CatalogueBuilder::link")]
    NoLink,
    /// HTML with a variable where escaping may not hold it: within a tag, a comment, a style or a script.
    #[error(
        "template: HTML has a variable within a tag, comment, style or script; put it into the text between tags, and {{{{LINK}}}} as the whole of a quoted href"
    )]
    WithinTag,
    /// HTML that readers of mail could read in different ways, so that a value could become markup: what
    /// browsers call a parse error, and elements whose content is no HTML.
    #[error(
        "template: HTML that may be read in different ways, in line {line}; write a < of the text as &lt; and a & before a variable as &amp;, end every tag, comment, style and title, put values of attributes with other characters than plain ones into quotes, with a space behind and no < within, and leave out <? and <![, scripts, frames, SVG, MathML, templates, selects and text areas"
    )]
    Html {
        /// Where it is, from 1.
        line: usize,
    },
}

const CODE: &str = "{{CODE}}";

static FIELDS: [(&str, Field); 5] = [
    ("{{AMOUNT}}", Field::Amount),
    ("{{PAYEE}}", Field::Payee),
    ("{{DEVICE}}", Field::Device),
    ("{{SESSION}}", Field::Session),
    ("{{TENANT}}", Field::Tenant),
];

const OTHERS: [(&str, Place); 5] = [
    (CODE, Place::Code),
    ("{{MINUTES}}", Place::Minutes),
    ("{{APP}}", Place::Application),
    ("{{RECIPIENT}}", Place::Recipient),
    ("{{LINK}}", Place::Link),
];

/// What stands in a place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Code,
    Minutes,
    Application,
    Recipient,
    Link,
    /// One of `FIELDS`.
    Field(usize),
    End,
}

impl Place {
    /// The field that stands there.
    pub(super) fn field(self) -> Option<&'static Field> {
        match self {
            Self::Field(index) => Some(&FIELDS[index].1),
            _ => None,
        }
    }
}

/// The places in a text. It looks only where a brace is.
fn places(text: &str) -> impl Iterator<Item = (Range<usize>, Place)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        while let Some(brace) = text[start..].find('{') {
            start += brace;
            if let Some((name, place)) = place_at(&text[start..]) {
                let at = start..start + name.len();
                start = at.end;
                return Some((at, place));
            }
            start += 1;
        }
        None
    })
}

/// The place that a text begins with.
fn place_at(text: &str) -> Option<(&'static str, Place)> {
    let fields = FIELDS.iter().enumerate().map(|(index, (name, _))| (*name, Place::Field(index)));
    OTHERS.into_iter().chain(fields).find(|(name, _)| text.starts_with(name))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rand::rngs::StdRng;
    use rand::seq::IndexedRandom;
    use rand::{RngExt, SeedableRng};

    use super::super::catalogue::Catalogue;
    use super::*;
    use crate::code::Code;
    use crate::context::Context;
    use crate::recipient::Recipient;

    fn bound(fields: &[(Field, &str)]) -> Context {
        let mut context = Context::default();
        for (field, value) in fields {
            context.bind(field.clone(), (*value).to_owned());
        }
        context
    }

    fn render(template: &Template, code: &Code, context: &Context) -> Zeroizing<String> {
        let recipient = Recipient::parse("ada@example.org").unwrap();
        template.render(&Catalogue::default().values(
            code,
            context,
            Duration::from_secs(300),
            &recipient,
            None,
        ))
    }

    fn code() -> Code {
        Code::from_ascii(b"007").unwrap()
    }

    #[test]
    fn one_place_exactly() {
        let refused = |text: &str| Template::parse(text).unwrap_err();
        assert_eq!(refused(""), TemplateError::NoPlace);
        assert_eq!(refused("{CODE}"), TemplateError::NoPlace);
        assert_eq!(refused("{{code}}"), TemplateError::NoPlace);
        assert_eq!(refused("{{AMOUNT}}"), TemplateError::NoPlace);
        assert_eq!(refused("{{CODE}} {{CODE}}"), TemplateError::TwoPlaces);
        assert_eq!(refused("{{CODE}}\r\nBcc: eve@example.org"), TemplateError::ControlCharacter);
        assert_eq!(refused("\u{85}{{CODE}}"), TemplateError::ControlCharacter);
        assert_eq!(
            refused(&format!("{{{{CODE}}}}{}", "x".repeat(473))),
            TemplateError::TooLong { bytes: 481, most: 480 }
        );
        assert!(Template::parse(&format!("{{{{CODE}}}}{}", "x".repeat(472))).is_ok());
    }

    #[test]
    fn no_other_braces_than_those_of_its_places() {
        let unknown = [
            "Dear {{NAME}}, {{CODE}}",
            "{{CODE}} {{",
            "{{{{CODE}}}}",
            "{{CODE}}{{amount}}",
            "{{CODE}}{{ PAYEE }}",
            "{{CODE}}{{AMOUNT}",
            "{{OTHER}}{{CODE}}",
            "{{PAY{{PAYEE}}EE}} {{CODE}}",
        ];
        for text in unknown {
            assert_eq!(Template::parse(text).unwrap_err(), TemplateError::UnknownVariable, "{text}");
        }
        let template = Template::parse("{{{CODE}}} { {{{PAYEE}}} }}").unwrap();
        assert_eq!(&*render(&template, &code(), &bound(&[(Field::Payee, "{")])), "{007} { {{} }}");
    }

    #[test]
    fn a_place_is_the_name_of_its_field_in_capitals() {
        for name in ["amount", "payee", "device", "session", "tenant"] {
            let field = Field::from(name);
            let template = Template::parse(&format!("{{{{CODE}}}} {{{{{}}}}}", name.to_uppercase())).unwrap();
            assert!(template.fields().eq([&field]), "{name}");
            assert_eq!(&*render(&template, &code(), &bound(&[(field, "x")])), "007 x");
        }
    }

    #[test]
    fn renders_in_one_pass_and_keeps_its_text() {
        let template = Template::parse("Votre code : {{CODE}} — { ok }").unwrap();
        assert_eq!(&*render(&template, &code(), &bound(&[])), "Votre code : 007 — { ok }");
        assert_eq!(template.to_string(), "Votre code : {{CODE}} — { ok }");
        assert_eq!(&*render(&Template::default(), &code(), &bound(&[])), "007");
        assert_eq!(Template::default(), Template::parse("{{CODE}}").unwrap());

        let text = "{{PAYEE}}: {{AMOUNT}} to {{PAYEE}} with {{CODE}}";
        let template = Template::parse(text).unwrap();
        let context = bound(&[(Field::Payee, "{{CODE}}"), (Field::Amount, "{{PAYEE}}")]);
        assert_eq!(&*render(&template, &code(), &context), "{{CODE}}: {{PAYEE}} to {{CODE}} with 007");
        assert_eq!(template.to_string(), text);
        assert!(template.fields().eq([&Field::Amount, &Field::Payee]), "each once");
        assert!(template.shows(&Field::Payee) && !template.shows(&Field::Device));
        assert!(!template.shows(&"PAYEE".into()) && !template.shows(&"code".into()));
        assert_eq!(
            &*render(&template, &code(), &bound(&[])),
            ":  to  with 007",
            "nothing for what is not bound"
        );
    }

    /// A template put together from words and places, and what has to come of it.
    #[derive(Default)]
    struct Case {
        template: String,
        shown: Vec<Field>,
        context: Context,
        text: String,
    }

    impl Case {
        fn draw(rng: &mut StdRng, code: &Code) -> Self {
            const WORDS: [&str; 10] = ["Pay ", "{ ", "{", "}", "}}", "CODE", "007", "PAYEE}} ", "é€", ""];
            const VALUES: [&str; 9] = ["{", "}", "{{", "}}", "CODE", "{{CODE}}", "{{PAYEE}}", "007", " é"];
            let mut case = Self::default();
            for (_, field) in &FIELDS {
                if rng.random_bool(0.8) {
                    let parts = rng.random_range(0..6);
                    let value = (0..parts).map(|_| *VALUES.choose(rng).unwrap()).collect();
                    case.context.bind(field.clone(), value);
                }
            }
            let places = rng.random_range(1..8);
            let code_place = rng.random_range(0..places);
            for place in 0..=places {
                let words = *WORDS.choose(rng).unwrap();
                case.template.push_str(words);
                case.text.push_str(words);
                if place == code_place {
                    case.template.push_str(CODE);
                    case.text.push_str(code.expose());
                } else if place < places {
                    let (name, field) = FIELDS.choose(rng).unwrap();
                    case.shown.push(field.clone());
                    case.template.push_str(name);
                    case.text.push_str(case.context.value(field).unwrap_or_default());
                }
            }
            case
        }
    }

    /// How many of so many random cases a way to render gets wrong.
    fn wrong(cases: usize, render: impl Fn(&Template, &Code, &Context) -> Zeroizing<String>) -> usize {
        let (mut rng, code) = (StdRng::seed_from_u64(1), code());
        let wrong = (0..cases).filter(|_| {
            let case = Case::draw(&mut rng, &code);
            let template = Template::parse(&case.template).unwrap();
            assert_eq!(template.to_string(), case.template);
            assert_eq!(template.len(), case.template.len());
            for (_, field) in &FIELDS {
                assert_eq!(template.shows(field), case.shown.contains(field), "{field:?}: {}", case.template);
            }
            let text = render(&template, &code, &case.context);
            *text != case.text || text.capacity() != text.len()
        });
        wrong.count()
    }

    #[test]
    fn no_value_is_read_as_template_and_the_code_stands_where_its_place_is() {
        assert_eq!(wrong(100_000, render), 0);
    }

    #[test]
    fn a_value_read_again_and_a_text_that_grew_are_found() {
        let again = wrong(100, |template, code, context| {
            let fill = |text: String, (place, field): &(&str, Field)| {
                text.replace(place, context.value(field).unwrap_or_default())
            };
            let text = FIELDS.iter().fold(template.to_string(), fill).replace(CODE, code.expose());
            Zeroizing::new(text.as_str().into())
        });
        assert!(again > 0);
        let grew = wrong(100, |template, code, context| {
            let mut text = render(template, code, context);
            text.reserve(1);
            text
        });
        assert!(grew > 0);
    }
}
