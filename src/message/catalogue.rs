//! All the texts of a service: by language, purpose and channel.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::autofill::Autofill;
use super::build::CatalogueBuilder;
use super::choose::{Lack, Language, Occasion};
use super::error::TemplateError;
use super::lint::Longest;
use super::locale::{Locale, ranges};
use super::place::Place;
use super::sms::Segments;
use super::sms::transliterate::transliterate;
use super::template::Template;
use super::values::{Values, Written};
use super::wording::Chosen;
use crate::code::Code;
use crate::context::{Context, Field};
use crate::otp_id::OtpId;
use crate::recipient::{Channel, Recipient};
use crate::tally::tally;
use crate::wiped::SecretText;
use serde::Deserialize;

/// What messages say: [wordings](crate::Wording) by language, purpose and channel, and what stands in all of
/// them. The default has texts in forty languages, for codes of any purpose and for payments.
///
/// The language is the most particular that there is: for `fr-BE` that, then `fr`, then the default. A
/// language that nobody wrote for, or a tag that is none, gets the default, never an error. Some tags lead to
/// another: `no` to `nb`, `iw` to `he`, `zh-TW` to `zh-Hant`. In one language, a wording that shows what the
/// code is not [bound](crate::Request::bind) to is passed over; of the others, one written for the purpose
/// holds before one for any, then the one that shows the most, then the first. So the ready texts for
/// payments stand wherever amount and payee are bound.
///
/// ```
/// use otp_exchange::{Autofill, Catalogue, Wording};
/// # use otp_exchange::{Exchanger, Keyring, MemoryStore, Outbox};
/// let texts = Catalogue::builder()
///     .application("ACME")
///     .wording(Wording::new("en").purpose("login").sms("{{APP}}: sign in with {{CODE}}"))
///     .autofill(Autofill::website("app.example"))
///     .most_segments(3)
///     .build()?;
/// let otp = Exchanger::builder(MemoryStore::new(100_000), Outbox::new(), Keyring::generate()?).catalogue(texts).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It can be read from any data that serde reads; this is TOML:
///
/// ```toml
/// application = "ACME"
/// default_locale = "nl"
/// link = "https://app.example/code"
/// most_segments = 3
///
/// [autofill]
/// website = "app.example"
/// android_app = "FA+9qCX9VSu"
///
/// [longest]
/// code = 14
/// minutes = 10
/// values = { payee = "Stichting Rekenkamer" }
///
/// [[wording]]
/// locale = "nl"
/// sms = "{{CODE}} is uw code van {{APP}}."
/// subject = "Uw code"
/// text = """
/// Uw code: {{CODE}}
/// Of open {{LINK}}
/// """
/// ```
#[derive(Clone, Deserialize)]
#[serde(try_from = "CatalogueBuilder")]
pub struct Catalogue(pub(super) Arc<Texts>);

pub(super) struct Texts {
    pub(super) application: Option<String>,
    pub(super) page: Option<String>,
    pub(super) autofill: Option<Autofill>,
    pub(super) transliterate: bool,
    pub(super) longest: Longest,
    pub(super) most_segments: usize,
    pub(super) default: Locale,
    pub(super) languages: BTreeMap<String, Arc<Language>>,
    /// Other keys that people's devices send for some of them.
    pub(super) aliases: BTreeMap<String, String>,
    /// Those to look into where none is asked for, or none of what is asked for has what is needed.
    pub(super) defaults: Vec<Arc<Language>>,
}

/// All that is written for a message.
pub(crate) struct Parts {
    pub(crate) text: SecretText,
    pub(crate) subject: Option<SecretText>,
    pub(crate) html: Option<SecretText>,
    pub(crate) language: Option<Arc<str>>,
}

impl Catalogue {
    /// Begins a catalogue with the texts that come with the crate.
    pub fn builder() -> CatalogueBuilder {
        CatalogueBuilder::default()
    }

    /// What a message says on that occasion, and in which language.
    pub(crate) fn choose<'a>(&self, occasion: &Occasion<'a>) -> Result<(&Arc<str>, Chosen<'_>), Lack<'a>> {
        let Occasion { template, channel, purpose, locale, context, required } = *occasion;
        let required = if template.is_some() { &[] } else { required };
        let is_bound = |field: &Field| context.value(field).is_some();
        let mut lack = Lack::Text;
        let chosen = self.0.nearest(locale, |language| {
            match language.choose(channel, Some(purpose), is_bound, required) {
                Ok(chosen) => return Some((&language.tag, chosen)),
                Err(Lack::Text) => {}
                Err(other) => lack = other,
            }
            None
        });
        chosen.ok_or(lack)
    }

    /// Whether there is a text for that channel, whatever the purpose and whatever is bound: the default language
    /// has one if any has.
    pub(crate) fn speaks(&self, channel: Channel) -> bool {
        self.0.defaults.iter().any(|language| match channel {
            Channel::Sms => !language.sms.is_empty(),
            Channel::Email => !language.emails.is_empty(),
        })
    }

    /// Whether the name and the page that a template shows are there.
    pub(crate) fn supports(&self, template: &Template) -> Result<(), TemplateError> {
        self.0.supports(template)
    }

    /// What a message may say of a code.
    pub(crate) fn values<'a>(
        &'a self,
        code: &'a Code,
        context: &'a Context,
        lifetime: Duration,
        recipient: &'a Recipient,
        otp_id: Option<&'a OtpId>,
    ) -> Values<'a> {
        let application = self.0.application.as_deref().unwrap_or_default();
        let page = self.0.page.as_deref().unwrap_or_default();
        let (code, written) = (code.expose(), Written::default());
        Values { code, context, lifetime, recipient, otp_id, application, page, written }
    }

    /// One of those fields that codes bound to them all do not show in the default language, whatever their
    /// purpose.
    pub(crate) fn hides(&self, fields: &[Field]) -> Option<Field> {
        let own = self.0.languages.values().flat_map(|language| {
            let sms = language.sms.iter().map(|entry| entry.purpose.as_ref());
            sms.chain(language.emails.iter().map(|entry| entry.purpose.as_ref()))
        });
        // And a purpose that nobody wrote for.
        let purposes: BTreeSet<_> = own.chain([None]).collect();
        let hidden = |purpose| {
            [Channel::Sms, Channel::Email].into_iter().find_map(|channel| {
                let choose = |language: &Language| {
                    language.choose(channel, purpose, |field| fields.contains(field), fields).err()
                };
                let lacks: Option<Vec<_>> = self.0.defaults.iter().map(|language| choose(language)).collect();
                let lacking = lacks?.into_iter().find(|lack| !matches!(lack, Lack::Text))?;
                let Lack::Shown(field) = lacking else { return fields.first().cloned() };
                Some(field.clone())
            })
        };
        let hidden: Option<Vec<_>> = purposes.into_iter().map(hidden).collect();
        hidden.and_then(|hidden| hidden.into_iter().next())
    }

    /// The languages there are texts in, as BCP 47 tags in order.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.0.languages.values().map(|language| &*language.tag)
    }

    /// The whole text of a message.
    pub(crate) fn text(&self, occasion: &Occasion<'_>, values: &Values<'_>) -> SecretText {
        let chosen = if occasion.template.is_some() { None } else { self.choose(occasion).ok() };
        self.text_of(occasion, chosen.map(|(_, chosen)| chosen), values)
    }

    /// The whole text of a message, and what stands around it.
    pub(crate) fn write(&self, occasion: &Occasion<'_>, values: &Values<'_>) -> Parts {
        let ours = occasion.template.is_none();
        let is_bare = !ours && occasion.channel == Channel::Sms;
        let chosen = if is_bare { None } else { self.choose(occasion).ok() };
        let text = self.text_of(occasion, chosen.map(|(_, chosen)| chosen), values);
        let (subject, html) = match chosen {
            Some((_, Chosen::Email(subject, _, html))) => {
                tally!(message_texts);
                (Some(subject.render(values)), html)
            }
            _ => (None, None),
        };
        // Beside another text, HTML and language would be those of the catalogue's.
        let html = html.filter(|_| ours).map(|html| {
            tally!(message_texts);
            html.render_html(values)
        });
        let language = chosen.filter(|_| ours).map(|(language, _)| Arc::clone(language));
        Parts { text, subject, html, language }
    }

    fn text_of(
        &self,
        occasion: &Occasion<'_>,
        chosen: Option<Chosen<'_>>,
        values: &Values<'_>,
    ) -> SecretText {
        tally!(message_texts);
        let ours = chosen.map(|(Chosen::Sms(text) | Chosen::Email(_, text, _))| text);
        match occasion.template.or(ours) {
            Some(template) => self.0.finish(template.render(values), values),
            None => Template::default().render(values), // refused when it was asked for
        }
    }

    /// How many segments that template takes with those values bound and the [longest](Longest) code and
    /// life, if that is more than are allowed.
    pub(crate) fn too_many_segments(
        &self,
        template: &Template,
        recipient: &Recipient,
        context: &Context,
    ) -> Option<TooMany> {
        let segments = self.with_longest(recipient, context, |values| {
            Segments::of(&self.0.finish(template.render(values), values)).segments
        });
        let most = self.0.most_segments;
        (segments > most).then_some(TooMany { segments, most })
    }
}

/// More segments than are allowed.
pub(crate) struct TooMany {
    pub(crate) segments: usize,
    pub(crate) most: usize,
}

impl Texts {
    /// Looks into one language after the other, the nearest first, until something is found.
    pub(super) fn nearest<'a, T>(
        &'a self,
        locale: Option<&Locale>,
        mut look: impl FnMut(&'a Language) -> Option<T>,
    ) -> Option<T> {
        let asked = locale.and_then(|locale| self.near(&locale.key()).find_map(|language| look(language)));
        asked.or_else(|| self.defaults.iter().find_map(|language| look(language)))
    }

    /// The languages near to one, the nearest first.
    fn near(&self, key: &str) -> impl Iterator<Item = &Arc<Language>> {
        // What its aliases lead to may have texts of the service's own, so it is looked up anew.
        let alias = |range| self.aliases.get(range).and_then(|key| self.languages.get(key));
        ranges(key).flat_map(move |range| self.languages.get(range).into_iter().chain(alias(range)))
    }

    /// The languages near to the default, which is what `defaults` is to be.
    pub(super) fn nearest_to_default(&self) -> Vec<Arc<Language>> {
        self.near(&self.default.key()).cloned().collect()
    }

    pub(super) fn supports(&self, template: &Template) -> Result<(), TemplateError> {
        if self.application.is_none() && template.has(Place::Application) {
            return Err(TemplateError::NoApplication);
        }
        if self.page.is_none() && template.has(Place::Link) { Err(TemplateError::NoLink) } else { Ok(()) }
    }

    /// What an SMS gets beside its words.
    pub(super) fn finish(&self, text: SecretText, values: &Values<'_>) -> SecretText {
        if values.recipient.channel() != Channel::Sms {
            return text;
        }
        let spelled = self.transliterate.then(|| transliterate(&text));
        let text = match spelled {
            Some(Cow::Owned(spelled)) => SecretText::from(spelled),
            _ => text,
        };
        match &self.autofill {
            None => text,
            Some(autofill) => autofill.append(&text, values.code),
        }
    }
}

impl Default for Catalogue {
    /// The texts that come with the crate, of an application without a name.
    fn default() -> Self {
        static READY: LazyLock<Catalogue> = LazyLock::new(|| {
            // They are the same in every program, and a test builds them.
            Catalogue::builder().build().unwrap_or_else(|error| unreachable!("ready texts: {error}"))
        });
        READY.clone()
    }
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let languages = self.0.languages.values().map(|language| &language.tag);
        f.debug_struct("Catalogue").field("languages", &languages.collect::<Vec<_>>()).finish_non_exhaustive()
    }
}
