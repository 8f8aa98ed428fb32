//! What texts come to with the longest values in them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::catalogue::{Catalogue, Parts};
use super::choose::{Entry, Occasion};
use super::error::{CatalogueError, for_purpose};
use super::locale::Locale;
use super::sms::transliterate::{spelling, transliterate};
use super::sms::{Encoding, Segments};
use super::template::Template;
use super::values::Values;
use crate::code::{Code, MAX_CODE_LENGTH};
use crate::context::{Context, Field};
use crate::otp_id::{OTP_ID_BYTES, OtpId};
use crate::purpose::Purpose;
use crate::recipient::{Channel, Recipient};

/// The longest values that texts are checked with. The default is a code of 20 characters that lives 10,080
/// minutes, the amount `1234567.89 EUR`, and 22 letters for payee, device, session and tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Longest {
    code: u8,
    minutes: u64,
    values: BTreeMap<String, String>,
}

impl Default for Longest {
    fn default() -> Self {
        Self { code: MAX_CODE_LENGTH, minutes: 7 * 24 * 60, values: BTreeMap::new() }
    }
}

impl Longest {
    /// Codes have at most that many characters. Policies make codes longer for recipients under attack: 20
    /// characters if they are numeric.
    pub fn code(self, characters: u8) -> Self {
        Self { code: characters, ..self }
    }

    /// Codes live at most that many minutes.
    pub fn minutes(self, minutes: u64) -> Self {
        Self { minutes, ..self }
    }

    /// The longest value of a field that templates show, in the letters it may have: one in Greek makes an
    /// SMS UCS-2.
    pub fn value(mut self, field: impl Into<Field>, value: impl Into<String>) -> Self {
        self.values.insert(field.into().as_str().to_owned(), value.into());
        self
    }

    pub(super) fn check(&self) -> Result<(), CatalogueError> {
        if !(1..=MAX_CODE_LENGTH).contains(&self.code) {
            return Err(CatalogueError::LongestCode);
        }
        for (name, value) in &self.values {
            let Some(field) = Field::known(name) else {
                return Err(CatalogueError::LongestField);
            };
            let mut alone = Context::default();
            alone.bind(field.clone(), value.clone());
            alone.check().map_err(|source| CatalogueError::LongestValue { field, source })?;
        }
        Ok(())
    }

    fn context(&self, is_bound: impl Fn(&Field) -> bool) -> Context {
        let mut context = Context::default();
        for field in Field::KNOWN.into_iter().filter(is_bound) {
            let usual = if field == Field::Amount { "1234567.89 EUR" } else { "MMMMMMMMMMMMMMMMMMMMMM" };
            let value = self.values.get(field.as_str()).map_or(usual, String::as_str).to_owned();
            context.bind(field, value);
        }
        context
    }
}

/// What one SMS of a [`Catalogue`] takes with the longest values in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lint {
    /// Its language.
    pub locale: String,
    /// Its purpose, if it is for one only.
    pub purpose: Option<Purpose>,
    /// The bound fields that it shows.
    pub shows: Vec<Field>,
    /// Encoding and segments, autofill lines included.
    pub segments: Segments,
    /// The characters without which it would be GSM-7, if it then says the same: typographic quotes, say.
    pub reword: Vec<char>,
    /// Whether the hash of an Android app, if there is one, is left out for want of room.
    pub without_android: bool,
}

/// A message of a [`Catalogue`] with the longest values in it, for people who write texts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preview {
    /// The language it is written in.
    pub language: String,
    /// The subject of an email.
    pub subject: Option<String>,
    /// The whole text.
    pub text: String,
    /// The HTML of an email.
    pub html: Option<String>,
}

impl Catalogue {
    /// What each SMS takes with the [longest](Longest) values in it, in order of language and purpose.
    pub fn lint(&self) -> Vec<Lint> {
        let each = self.0.languages.values().flat_map(|language| {
            let mut entries: Vec<_> = language.sms.iter().collect();
            entries.sort_by_key(|entry| (&entry.purpose, &entry.shows));
            entries.into_iter().map(|entry| self.lint_one(&language.tag, entry))
        });
        each.collect()
    }

    fn lint_one(&self, locale: &str, entry: &Entry<Template>) -> Lint {
        let context = self.0.longest.context(|field| entry.shows.contains(&field));
        self.with_longest(&a_phone(), &context, |values| {
            let words = entry.text.render(values);
            let whole = self.0.finish(words.clone(), values);
            let without_android =
                self.0.autofill.as_ref().is_some_and(|lines| !lines.has_room(&words, values.code));
            let segments = Segments::of(&whole);
            let spelled = |letter: &char| spelling(*letter).is_some();
            let reword: BTreeSet<_> = match transliterate(&whole) {
                Cow::Owned(_) => whole.chars().filter(spelled).collect(),
                Cow::Borrowed(_) => BTreeSet::new(),
            };
            let reword = reword.into_iter().collect();
            let shows = entry.shows.iter().map(|field| (*field).clone()).collect();
            Lint {
                locale: locale.to_owned(),
                purpose: entry.purpose.clone(),
                shows,
                segments,
                reword,
                without_android,
            }
        })
    }

    /// What whoever is there reads, with the longest values in it, a code of zeros, and those fields bound;
    /// `None` if there are no texts for the channel.
    pub fn preview(
        &self,
        recipient: &Recipient,
        purpose: &Purpose,
        locale: Option<&str>,
        bound: &[Field],
    ) -> Option<Preview> {
        let locale = locale.and_then(Locale::parse);
        let context = self.0.longest.context(|field| bound.contains(field));
        let (channel, locale) = (recipient.channel(), locale.as_ref());
        let occasion =
            Occasion { template: None, channel, purpose, locale, context: &context, required: &[] };
        self.with_longest(recipient, &context, |values| {
            let Parts { text, subject, html, language } = self.write(&occasion, values);
            Some(Preview {
                language: language?.to_string(),
                subject: subject.map(|subject| subject.to_string()),
                text: text.to_string(),
                html: html.map(|html| html.to_string()),
            })
        })
    }

    pub(super) fn with_longest<T>(
        &self,
        recipient: &Recipient,
        context: &Context,
        then: impl FnOnce(&Values<'_>) -> T,
    ) -> T {
        let longest = &self.0.longest;
        let mut code = Code::blank(longest.code);
        code.characters_mut().fill(b'0');
        let otp_id = OtpId([0; OTP_ID_BYTES]);
        let lifetime = Duration::from_secs(longest.minutes.saturating_mul(60));
        then(&self.values(&code, context, lifetime, recipient, Some(&otp_id)))
    }
}

fn a_phone() -> Recipient {
    Recipient::restore(Channel::Sms, "+999999999999999")
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Segments { encoding, segments, units, forced_by, .. } = self.segments;
        let purpose = for_purpose(self.purpose.as_ref());
        write!(f, "sms in {}{purpose}", self.locale)?;
        for field in &self.shows {
            write!(f, ", with {}", field.as_str())?;
        }
        write!(f, ": {segments} × {encoding}, {units} units")?;
        if let Some(character) = forced_by {
            write!(f, "; `{character}` forces UCS-2")?;
        }
        for character in &self.reword {
            write!(f, "; write `{}` for `{character}`", spelling(*character).unwrap_or_default())?;
        }
        if segments > 1 {
            let one = if encoding == Encoding::Gsm7 { 160 } else { 70 };
            write!(f, "; {} units shorter, it would be one segment", units.saturating_sub(one))?;
        }
        if self.without_android {
            f.write_str("; too long for Android's SMS Retriever, so its hash is left out")?;
        }
        Ok(())
    }
}
