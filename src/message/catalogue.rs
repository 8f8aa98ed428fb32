//! All the texts of a service: by language, purpose and channel.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::autofill::Autofill;
use super::build::CatalogueBuilder;
use super::lint::Longest;
use super::locale::{Locale, ranges};
use super::sms::transliterate::transliterate;
use super::template::{Place, Template, TemplateError};
use super::values::{Values, Written};
use super::wording::{Chosen, Email};
use crate::code::Code;
use crate::context::{Context, Field};
use crate::otp_id::OtpId;
use crate::purpose::Purpose;
use crate::recipient::{Channel, Recipient};

/// What messages say: [wordings](crate::Wording) by language, purpose and channel, and what stands in all of
/// them. The default has texts in forty languages, for codes of any purpose and for payments.
///
/// The language is the most particular that there is: for `fr-BE` that, then `fr`, then the default. A language
/// that nobody wrote for, or a tag that is none, gets the default, never an error. Some tags lead to another:
/// `no` to `nb`, `iw` to `he`, `zh-TW` to `zh-Hant`. In one language, a wording that shows what the code is not
/// [bound](crate::Request::bind) to is passed over; of the others, one written for the purpose holds before one
/// for any, then the one that shows the most, then the first. So the ready texts for payments stand wherever
/// amount and payee are bound.
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
    pub(super) default: Locale,
    pub(super) languages: BTreeMap<String, Language>,
    /// Other keys that people's devices send for some of them.
    pub(super) aliases: BTreeMap<String, String>,
}

/// The texts in one language.
#[derive(Clone)]
pub(super) struct Language {
    pub(super) tag: Arc<str>,
    pub(super) sms: Vec<Entry<Template>>,
    pub(super) emails: Vec<Entry<Email>>,
}

/// A text for a purpose or for any.
#[derive(Clone)]
pub(super) struct Entry<T> {
    pub(super) purpose: Option<Purpose>,
    /// What has to be bound for it, in order.
    pub(super) shows: Vec<&'static Field>,
    pub(super) text: T,
}

impl Language {
    pub(super) fn new(tag: &str) -> Self {
        Self { tag: tag.into(), sms: Vec::new(), emails: Vec::new() }
    }

    fn choose(
        &self,
        channel: Channel,
        purpose: Option<&Purpose>,
        is_bound: impl Fn(&Field) -> bool,
    ) -> Result<Chosen<'_>, Lack> {
        match channel {
            Channel::Sms => fitting(&self.sms, purpose, is_bound).map(Chosen::Sms),
            Channel::Email => fitting(&self.emails, purpose, is_bound).map(Chosen::email),
        }
    }
}

/// Of those that show nothing which is not bound: what was written for the purpose before what was written
/// for any, and then what shows the most.
fn fitting<'a, T>(
    entries: &'a [Entry<T>],
    purpose: Option<&Purpose>,
    is_bound: impl Fn(&Field) -> bool,
) -> Result<&'a T, Lack> {
    let meant = entries.iter().filter(|entry| entry.purpose.is_none() || entry.purpose.as_ref() == purpose);
    let mut lack = Lack::Text;
    let mut best: Option<&Entry<T>> = None;
    for entry in meant {
        let rank = |entry: &Entry<T>| (entry.purpose.is_some(), entry.shows.len());
        match entry.shows.iter().find(|field| !is_bound(field)) {
            Some(field) => lack = Lack::Bound(field),
            None if best.is_none_or(|best| rank(best) < rank(entry)) => best = Some(entry),
            None => {}
        }
    }
    best.map(|entry| &entry.text).ok_or(lack)
}

/// Why there is nothing to say.
#[derive(Clone, Copy)]
pub(crate) enum Lack {
    /// No text for the channel.
    Text,
    /// What there is shows a field that is not bound.
    Bound(&'static Field),
}

/// What stands around the text of a message.
pub(crate) struct Around {
    pub(crate) subject: Option<Zeroizing<String>>,
    pub(crate) html: Option<Zeroizing<String>>,
    pub(crate) language: Option<Arc<str>>,
}

impl Catalogue {
    /// Begins a catalogue with the texts that come with the crate.
    pub fn builder() -> CatalogueBuilder {
        CatalogueBuilder::default()
    }

    /// What a message by that channel, for a code of that purpose and bound to that, says in that language.
    pub(crate) fn choose(
        &self,
        channel: Channel,
        purpose: &Purpose,
        locale: Option<&Locale>,
        context: &Context,
    ) -> Result<(&Arc<str>, Chosen<'_>), Lack> {
        let mut lack = Lack::Text;
        for language in self.0.nearest(locale) {
            match language.choose(channel, Some(purpose), |field| context.value(field).is_some()) {
                Ok(chosen) => return Ok((&language.tag, chosen)),
                Err(Lack::Text) => {}
                Err(bound) => lack = bound,
            }
        }
        Err(lack)
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
        let written = Written::default();
        Values { code, context, lifetime, recipient, otp_id, application, page, written }
    }

    /// The first of those fields that codes bound to them all do not show, by some channel in some language,
    /// whatever their purpose.
    pub(crate) fn hides<'a>(&self, fields: &'a [Field]) -> Option<&'a Field> {
        let languages = || self.0.languages.values();
        let purposes = languages().flat_map(|language| {
            let sms = language.sms.iter().map(|entry| entry.purpose.as_ref());
            sms.chain(language.emails.iter().map(|entry| entry.purpose.as_ref()))
        });
        // And one that nobody wrote for.
        let purposes: BTreeSet<_> = purposes.chain([None]).collect();
        let hidden = |purpose: Option<&Purpose>| {
            let chosen = languages().flat_map(|language| {
                let choose = |channel| language.choose(channel, purpose, |field| fields.contains(field)).ok();
                [Channel::Sms, Channel::Email].map(choose).into_iter().flatten()
            });
            let chosen: Vec<_> = chosen.collect();
            fields.iter().find(|field| !chosen.iter().all(|chosen| chosen.shows(field)))
        };
        let hidden: Option<Vec<_>> = purposes.into_iter().map(hidden).collect();
        hidden.and_then(|hidden| hidden.into_iter().next())
    }

    /// The languages there are texts in, as BCP 47 tags in order.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.0.languages.values().map(|language| &*language.tag)
    }

    /// The whole text of a message, of that template or else of the catalogue.
    pub(crate) fn text(
        &self,
        template: Option<&Template>,
        purpose: &Purpose,
        locale: Option<&Locale>,
        values: &Values<'_>,
    ) -> Zeroizing<String> {
        let channel = values.recipient.channel();
        let chosen = || self.choose(channel, purpose, locale, values.context).ok();
        let template = template.or_else(|| match chosen()?.1 {
            Chosen::Sms(text) | Chosen::Email(_, text, _) => Some(text),
        });
        let Some(template) = template else {
            return Template::default().render(values); // refused when it was asked for
        };
        self.0.finish(template.render(values), values)
    }

    /// What stands around the text of a message.
    pub(crate) fn around(
        &self,
        template: Option<&Template>,
        purpose: &Purpose,
        locale: Option<&Locale>,
        values: &Values<'_>,
    ) -> Around {
        let chosen = self.choose(values.recipient.channel(), purpose, locale, values.context).ok();
        let (subject, html) = match chosen {
            Some((_, Chosen::Email(subject, _, html))) => (Some(subject.render(values)), html),
            _ => (None, None),
        };
        if template.is_some() {
            // HTML and language are those of the catalogue's text, not of this one.
            return Around { subject, html: None, language: None };
        }
        let language = chosen.map(|(language, _)| Arc::clone(language));
        Around { subject, html: html.map(|html| html.render_html(values)), language }
    }
}

impl Texts {
    /// The languages to look into, the nearest first.
    pub(super) fn nearest(&self, locale: Option<&Locale>) -> Vec<&Language> {
        let mut found = Vec::with_capacity(4);
        for key in locale.into_iter().chain([&self.default]).map(Locale::key) {
            for range in ranges(&key) {
                found.extend(self.languages.get(range));
                // What its aliases lead to may have texts of the service's own, so it is looked up anew.
                found.extend(self.aliases.get(range).and_then(|key| self.languages.get(key)));
            }
        }
        found
    }

    pub(super) fn supports(&self, template: &Template) -> Result<(), TemplateError> {
        if self.application.is_none() && template.has(Place::Application) {
            return Err(TemplateError::NoApplication);
        }
        if self.page.is_none() && template.has(Place::Link) { Err(TemplateError::NoLink) } else { Ok(()) }
    }

    /// What an SMS gets beside its words.
    pub(super) fn finish(&self, text: Zeroizing<String>, values: &Values<'_>) -> Zeroizing<String> {
        if values.recipient.channel() != Channel::Sms {
            return text;
        }
        let spelled = self.transliterate.then(|| transliterate(&text));
        let text = match spelled {
            Some(Cow::Owned(spelled)) => Zeroizing::new(spelled),
            _ => text,
        };
        match &self.autofill {
            None => text,
            Some(autofill) => autofill.append(&text, values.code.expose()),
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
