//! A text with one place for the code, and places for what else a message may say.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::TemplateError;
use super::form::Form;
use super::html::escaped;
use super::place::{CODE, FIELDS, Place, places};
use super::values::Values;
use super::wording::Part;
use crate::context::{Field, misleads};
use crate::wiped::SecretText;

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

    /// What stands in its places.
    fn filled<'a>(&self, values: &'a Values<'_>) -> impl Iterator<Item = &'a str> {
        self.0.places.iter().map(|(_, place)| values.of(*place))
    }

    /// How many bytes its words have, without its places.
    fn words(&self) -> usize {
        self.0.text.len() - self.0.places.iter().map(|(at, _)| at.len()).sum::<usize>()
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
    pub(crate) fn render(&self, values: &Values<'_>) -> SecretText {
        let length = |value: &str| value.len();
        let mut text = SecretText::with_room(self.words() + self.filled(values).map(length).sum::<usize>());
        for (words, place) in self.pieces() {
            text.push(words);
            text.push(values.of(place));
        }
        text
    }

    /// The same for a text that is HTML: the values are escaped.
    pub(crate) fn render_html(&self, values: &Values<'_>) -> SecretText {
        let length = |value| escaped(value).map(str::len).sum::<usize>();
        let mut html = SecretText::with_room(self.words() + self.filled(values).map(length).sum::<usize>());
        for (words, place) in self.pieces() {
            html.push(words);
            escaped(values.of(place)).for_each(|part| html.push(part));
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

    fn render(template: &Template, code: &Code, context: &Context) -> SecretText {
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
    fn wrong(cases: usize, render: impl Fn(&Template, &Code, &Context) -> SecretText) -> usize {
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
            *text != case.text || text.has_room()
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
            SecretText::from(String::from(text.as_str()))
        });
        assert!(again > 0);
        let grew = wrong(100, |template, code, context| {
            let mut grown = String::from(&*render(template, code, context));
            grown.reserve(1);
            SecretText::from(grown)
        });
        assert!(grew > 0);
    }
}
