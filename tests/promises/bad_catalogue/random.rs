//! Texts put together by chance, and values by whoever means harm.

use super::html::tags;
use super::*;
use otp_exchange::{Field, Preview, Recipient};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

const PLACES: [&str; 10] = [
    "{{CODE}}",
    "{{MINUTES}}",
    "{{APP}}",
    "{{RECIPIENT}}",
    "{{LINK}}",
    "{{AMOUNT}}",
    "{{PAYEE}}",
    "{{DEVICE}}",
    "{{SESSION}}",
    "{{TENANT}}",
];
const FIELDS: [Field; 5] = [Field::Amount, Field::Payee, Field::Device, Field::Session, Field::Tenant];

/// What texts are made of beside their places.
const WORDS: [&str; 46] = [
    "<p title=it's>",
    "</styles>",
    "<!-->",
    "--!>",
    "<title>",
    "</title>",
    " ",
    "Uw code ",
    "é",
    "€",
    "ж",
    "😀",
    "“",
    "{",
    "}",
    "}}",
    "{ {",
    "CODE",
    "000000",
    "\n",
    "\r\n",
    "&",
    "&lt;",
    "<",
    ">",
    "\"",
    "'",
    "<p>",
    "</p>",
    "<b class='x'>",
    "<b title=\"a > b\">",
    "<a href=\"",
    "\">",
    "</a>",
    "<!-- ",
    " -->",
    "<style>",
    "</style>",
    "<script>",
    "</script>",
    "<br/>",
    "<!doctype html>",
    "=",
    "#",
    "`",
    "@a #",
];
/// What makes nearly every text none.
const HOSTILE: [&str; 9] = ["{{", "{{NAME}}", "{{code}}", "\0", "\r", "\u{202e}", "\u{85}", "{{CODE", "\t"];
const VALUES: [&str; 20] = [
    "{",
    "}",
    "{{",
    "}}",
    "{{CODE}}",
    "{{PAYEE}}",
    "{{LINK}}",
    "CODE",
    "<script>",
    "</p>",
    "\"",
    "'",
    "&",
    "&amp;",
    ">",
    " onclick=",
    "javascript:",
    "é€",
    "#otp_id=",
    "x",
];

fn drawn(rng: &mut StdRng, parts: &[&'static str], most: usize) -> String {
    (0..rng.random_range(0..=most)).map(|_| *parts.choose(rng).unwrap()).collect()
}

/// A text that mostly is a template: the code once, other places here and there.
fn template(rng: &mut StdRng) -> String {
    let places = rng.random_range(1..6);
    let code = rng.random_range(0..places);
    let mut text = drawn(rng, &WORDS, 3);
    for place in 0..places {
        text += if place == code { PLACES[0] } else { PLACES[1..].choose(rng).unwrap() };
        text += &drawn(rng, &WORDS, 3);
        if rng.random_bool(0.02) {
            text += HOSTILE.choose(rng).unwrap();
        }
    }
    text
}

fn escaped(value: &str) -> String {
    let pairs = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&#39;")];
    pairs.iter().fold(value.to_owned(), |value, (special, entity)| value.replace(*special, entity))
}

/// What has to come of a template: each of its places, as they stood before any value was there, filled.
fn filled(template: &str, values: &[String; 10]) -> String {
    let mark = |place: usize| char::from_u32(0xE000 + u32::try_from(place).unwrap()).unwrap();
    let places = PLACES.iter().enumerate();
    let marked = places.fold(template.replace("\r\n", "\n"), |text, (place, name)| {
        text.replace(name, &mark(place).to_string())
    });
    let place = |letter: char| (0..10).find(|place| mark(*place) == letter);
    marked
        .chars()
        .map(|letter| place(letter).map_or(letter.to_string(), |place| values[place].clone()))
        .collect()
}

fn count(text: &str, letter: char) -> usize {
    text.matches(letter).count()
}

/// Everything that one catalogue says, and what it should say.
struct Case {
    wording: [String; 4],
    application: String,
    values: Vec<String>,
}

impl Case {
    fn draw(rng: &mut StdRng) -> Self {
        let bound = FIELDS.map(|field| match field {
            Field::Amount => "12.50 EUR".to_owned(),
            _ => format!("v{}", drawn(rng, &VALUES, 5)),
        });
        let application = format!("A{}", drawn(rng, &VALUES, 3));
        Self { wording: [(); 4].map(|()| template(rng)), application, values: bound.into() }
    }

    fn build(&self) -> Result<Catalogue, CatalogueError> {
        let [sms, subject, text, html] = &self.wording;
        let longest = FIELDS
            .into_iter()
            .zip(&self.values)
            .fold(Longest::default(), |longest, (field, value)| longest.value(field, value));
        let wording = |locale: &str| Wording::new(locale).sms(sms).email(subject, text).html(html);
        // The default is for whoever binds nothing.
        let plain = Wording::new("en").sms("{{CODE}}").email("Code", "{{CODE}}");
        let builder = Catalogue::builder().ready_texts(false).wording(plain).wording(wording("nl"));
        builder.longest(longest).application(&self.application).link("https://app.example/?a=1&b=2").build()
    }

    fn values(&self, recipient: &Recipient) -> [String; 10] {
        let (code, id) = ("0".repeat(20), "A".repeat(87));
        let link = format!("https://app.example/?a=1&b=2#otp_id={id}&code={code}");
        let first =
            [code, "10080".to_owned(), self.application.clone(), recipient.masked().replace('•', "*"), link];
        let all: Vec<_> = first.into_iter().chain(self.values.iter().cloned()).collect();
        all.try_into().unwrap()
    }
}

/// What is wrong with what an accepted catalogue says, if anything is.
fn wrong(case: &Case, recipient: &Recipient, shown: &Preview) -> Option<String> {
    let [sms, subject, text, html] = &case.wording;
    let values = case.values(recipient);
    let is_sms = shown.subject.is_none();
    let differs = |part: &str, found: &str, template: &str, values: &[String; 10]| {
        let expected = filled(template, values);
        (found != expected).then(|| format!("{part}: {found:?} instead of {expected:?}"))
    };
    if is_sms {
        return differs("sms", &shown.text, sms, &values);
    }
    let (found, in_html) =
        (shown.html.as_deref().unwrap_or_default(), values.clone().map(|value| escaped(&value)));
    let opened =
        ['<', '>', '"', '\''].into_iter().find(|letter| count(found, *letter) != count(html, *letter));
    differs("subject", shown.subject.as_deref().unwrap_or_default(), subject, &values)
        .or_else(|| differs("text", &shown.text, text, &values))
        .or_else(|| differs("html", found, html, &in_html))
        .or_else(|| opened.map(|letter| format!("html: a value brought a {letter}: {found:?}")))
        .or_else(|| {
            (tags(found) != tags(&filled(html, &[""; 10].map(str::to_owned))))
                .then(|| format!("html: a value is in a tag: {found:?}"))
        })
}

#[test]
fn whatever_a_catalogue_takes_says_its_words_and_the_values_and_nothing_else() {
    let mut rng = StdRng::seed_from_u64(5);
    let recipients = ["+32470123456", "a'&b@example.org"].map(|to| Recipient::parse(to).unwrap());
    let (mut accepted, mut by_part) = (0, [0; 4]);
    for _ in 0..100_000 {
        let case = Case::draw(&mut rng);
        match case.build() {
            Err(CatalogueError::Template { part, source, .. }) => {
                by_part[part as usize] += 1;
                assert!(!matches!(source, TemplateError::NoPlace | TemplateError::NoLink), "{source}");
            }
            Err(other) => panic!("{other}"),
            Ok(texts) => {
                accepted += 1;
                for recipient in &recipients {
                    let shown = texts.preview(recipient, &Purpose::LOGIN, Some("nl"), &FIELDS).unwrap();
                    assert_eq!(wrong(&case, recipient, &shown), None, "{:?} {:?}", case.wording, case.values);
                }
            }
        }
    }
    assert!(accepted > 10_000 && by_part.iter().all(|count| *count > 1_000), "{accepted} {by_part:?}");
}

/// Texts of no form at all: whatever is not taken is refused and nothing panics.
#[test]
fn any_text_is_taken_or_refused() {
    let mut rng = StdRng::seed_from_u64(6);
    let parts: Vec<_> = WORDS.into_iter().chain(HOSTILE).chain(PLACES).collect();
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..100_000 {
        let texts = [(); 4].map(|()| drawn(&mut rng, &parts, 6));
        let [first, second, third, fourth] = &texts;
        let wording = match rng.random_range(0..3) {
            0 => Wording::new("en").sms(first),
            1 => Wording::new("en").email(second, third),
            _ => Wording::new("en").sms(first).email(second, third).html(fourth),
        };
        let builder =
            Catalogue::builder().ready_texts(false).wording(wording).link(first).application(second);
        *(if builder.build().is_ok() { &mut taken } else { &mut refused }) += 1;
        let words = Catalogue::builder().ready_texts(false).wording(Wording::new(fourth).sms(third));
        *(if words.default_locale(fourth).build().is_ok() { &mut taken } else { &mut refused }) += 1;
        let sms = Catalogue::builder().ready_texts(false).wording(Wording::new("en").sms(first));
        *(if sms.build().is_ok() { &mut taken } else { &mut refused }) += 1;
    }
    assert!(taken > 1_000 && refused > 1_000, "{taken} {refused}");
}

#[test]
fn a_value_that_is_read_again_or_not_escaped_is_found() {
    let case = |html: &str, payee: &str| {
        let words = "{{PAYEE}} {{CODE}}".to_owned();
        let values = ["12.50 EUR", payee, "v", "v", "v"].map(str::to_owned).into();
        Case { wording: [words.clone(), "s".into(), words, html.into()], application: "A".into(), values }
    };
    let to = Recipient::parse("ada@example.org").unwrap();
    let html = "<p title=\"a\">{{PAYEE}}</p> {{CODE}}";
    let right = case(html, "{{CODE}}<b>");
    let zeros = "0".repeat(20);
    let shown = right.build().unwrap().preview(&to, &Purpose::LOGIN, Some("nl"), &FIELDS).unwrap();
    assert_eq!(wrong(&right, &to, &shown), None);
    let mut again = shown.clone();
    again.text = again.text.replace("{{CODE}}", &zeros);
    assert!(wrong(&right, &to, &again).unwrap().starts_with("text: "));
    let mut raw = shown;
    raw.html = raw.html.map(|html| html.replace("&lt;", "<"));
    assert!(wrong(&right, &to, &raw).unwrap().starts_with("html: "));
}
