//! How a catalogue is put together, and what is refused then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::autofill::Autofill;
use super::catalogue::{Catalogue, Texts};
use super::choose::{Entry, Language};
use super::error::CatalogueError;
use super::lint::Longest;
use super::locale::Locale;
use super::ready::READY;
use super::template::Template;
use super::wording::{Email, Part, Wording};
use crate::context::{Field, misleads_beside_others};
use crate::purpose::Purpose;
use crate::url::is_safe_target;

/// How many segments an SMS may take unless the catalogue says otherwise: each of them is paid for.
const MOST_SEGMENTS: usize = 10;

/// The most characters an application's name may have.
const MAX_APPLICATION_CHARACTERS: usize = 64;

/// Puts a [`Catalogue`] together. It begins with the texts that come with the crate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use = "nothing is built until `build`"]
pub struct CatalogueBuilder {
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<String>,
    default_locale: String,
    ready_texts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    autofill: Option<Autofill>,
    transliterate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    most_segments: Option<usize>,
    longest: Longest,
    wording: Vec<Wording>,
}

impl Default for CatalogueBuilder {
    fn default() -> Self {
        Self {
            application: None,
            default_locale: "en".to_owned(),
            ready_texts: true,
            link: None,
            autofill: None,
            transliterate: false,
            most_segments: None,
            longest: Longest::default(),
            wording: Vec::new(),
        }
    }
}

impl CatalogueBuilder {
    /// The application's name, for `{{APP}}`: 1 to 64 characters. The texts that come with the crate then
    /// begin with it.
    pub fn application(self, name: impl Into<String>) -> Self {
        Self { application: Some(name.into()), ..self }
    }

    /// The language of whoever asks for none, or for one there is not; `en` unless set. The nearest there is
    /// to that: of `en-GB` the texts in `en` where there are none for Britain.
    pub fn default_locale(self, locale: impl Into<String>) -> Self {
        Self { default_locale: locale.into(), ..self }
    }

    /// One more wording. It takes the place of the ready text of that language that shows the same fields.
    pub fn wording(mut self, wording: Wording) -> Self {
        self.wording.push(wording);
        self
    }

    /// Whether the texts that come with the crate stand in where no wording does; they do unless this says
    /// no.
    pub fn ready_texts(self, ready_texts: bool) -> Self {
        Self { ready_texts, ..self }
    }

    /// The page of yours that `{{LINK}}` leads to: an absolute `https` URL without a fragment (`http` to this
    /// machine, or a scheme of an app's own). The link is that, `#otp_id=…&code=…`; without `otp_id` if the
    /// code answers to its recipient or to nothing but itself. Ready emails show it once it is set.
    ///
    /// Browsers send no fragment, so whoever fetches the link, a mail scanner say, spends nothing. The page
    /// reads both, takes them out of the address bar, and waits for the person to press a button:
    ///
    /// ```js
    /// const given = new URLSearchParams(location.hash.slice(1));
    /// history.replaceState(null, "", location.pathname + location.search);
    /// form.otp_id.value = given.get("otp_id");
    /// form.code.value = given.get("code"); // and no submit(): some scanners run scripts
    /// ```
    ///
    /// Whoever is sent a link made for somebody else's account would be signed in to that. Bind the code to
    /// the browser that asked, with [`Field::Device`](crate::Field::Device) and a cookie, or say on the page
    /// whose account it is.
    pub fn link(self, page: impl Into<String>) -> Self {
        Self { link: Some(page.into()), ..self }
    }

    /// Lines behind each SMS by which phones fill the code in.
    pub fn autofill(self, autofill: Autofill) -> Self {
        Self { autofill: Some(autofill), ..self }
    }

    /// Whether letters that force an SMS into UCS-2 are spelled in GSM-7 instead, where the whole text then
    /// fits it: `ç` as `c`, `“` as `"`. A segment then holds 160 characters and not 70. Not done unless set;
    /// what a code is bound to is only shown differently.
    pub fn transliterate(self, transliterate: bool) -> Self {
        Self { transliterate, ..self }
    }

    /// The most segments an SMS may take; 10 unless set. A wording that takes more with the
    /// [longest](Self::longest) values in it is an error, and so is a request that would, with what it binds
    /// and its own template. The ready texts count: in scripts that GSM-7 has not they need two with a code
    /// of 20 characters, and three for a payment.
    pub fn most_segments(self, segments: usize) -> Self {
        Self { most_segments: Some(segments), ..self }
    }

    /// The longest values that texts are checked with.
    pub fn longest(self, longest: Longest) -> Self {
        Self { longest, ..self }
    }

    /// Checks everything and builds the catalogue.
    ///
    /// # Errors
    /// [`CatalogueError`] names the wording, and what is wrong with it.
    pub fn build(self) -> Result<Catalogue, CatalogueError> {
        let default = locale(&self.default_locale)?;
        let named = |name: &String| {
            let characters = name.chars().count();
            (1..=MAX_APPLICATION_CHARACTERS).contains(&characters) && !misleads_beside_others(name)
        };
        if !self.application.as_ref().is_none_or(named) {
            return Err(CatalogueError::Application);
        }
        if self.link.as_ref().is_some_and(|page| !is_page(page)) {
            return Err(CatalogueError::Link);
        }
        if let Some(autofill) = &self.autofill {
            autofill.check()?;
        }
        self.longest.check()?;
        let mut texts = Texts {
            application: self.application,
            page: self.link,
            autofill: self.autofill,
            transliterate: self.transliterate,
            longest: self.longest,
            most_segments: self.most_segments.unwrap_or(MOST_SEGMENTS),
            default,
            languages: BTreeMap::new(),
            aliases: BTreeMap::new(),
            defaults: Vec::new(),
        };
        for wording in &self.wording {
            if !texts.add(wording)? {
                let locale = locale(&wording.locale)?.to_string();
                let purpose = wording.purpose.as_deref().and_then(|name| Purpose::parse(name).ok());
                return Err(CatalogueError::Twice { locale, purpose });
            }
        }
        if self.ready_texts {
            let (named, page) = (texts.application.is_some(), texts.page.clone());
            for ready in READY {
                for wording in ready.wordings(named, page.as_deref()) {
                    texts.add(&wording)?; // where there is one already, that one holds
                }
                let keys = ready.aliases.iter().map(|alias| alias.to_ascii_lowercase());
                texts.aliases.extend(keys.map(|alias| (alias, ready.locale.to_ascii_lowercase())));
            }
        }
        texts.defaults = texts.nearest_to_default();
        texts.check_default()?;
        let catalogue = Catalogue(Arc::new(texts));
        let most = catalogue.0.most_segments;
        match catalogue.lint().into_iter().find(|lint| lint.segments.segments > most) {
            Some(lint) => Err(CatalogueError::Segments { lint: Box::new(lint), most }),
            None => Ok(catalogue),
        }
    }
}

/// A page that a link in a message may lead to: what a browser may be sent to, on the web or in an app, with
/// no fragment yet and nobody's name in it.
fn is_page(url: &str) -> bool {
    let (scheme, rest) = url.split_once(':').unwrap_or_default();
    let authority = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?']).next());
    let somewhere = match scheme.to_ascii_lowercase().as_str() {
        "https" | "http" => {
            authority.is_some_and(|authority| !authority.is_empty() && !authority.contains('@'))
        }
        app => app.contains('.'), // as RFC 8252 section 7.1 has it: a domain name turned round
    };
    somewhere && is_safe_target(url) && !url.contains(['#', '{'])
}

impl TryFrom<CatalogueBuilder> for Catalogue {
    type Error = CatalogueError;

    fn try_from(builder: CatalogueBuilder) -> Result<Self, CatalogueError> {
        builder.build()
    }
}

fn locale(tag: &str) -> Result<Locale, CatalogueError> {
    Locale::parse(tag).ok_or_else(|| CatalogueError::Locale { locale: tag.to_owned() })
}

/// A wording that was checked.
struct Checked {
    tag: Locale,
    sms: Option<Entry<Template>>,
    email: Option<Entry<Email>>,
}

impl Texts {
    fn check(&self, wording: &Wording) -> Result<Checked, CatalogueError> {
        let tag = locale(&wording.locale)?;
        let purpose = wording.purpose.as_deref().map(Purpose::parse).transpose();
        let purpose = purpose.map_err(|_| CatalogueError::Purpose { locale: tag.to_string() })?;
        let wrong = |(part, source)| {
            let (locale, purpose) = (tag.to_string(), purpose.clone());
            CatalogueError::Template { locale, purpose, part, source }
        };
        let (sms, email) = (wording.checked_sms().map_err(wrong)?, wording.checked_email().map_err(wrong)?);
        if (sms.is_none() && email.is_none()) || wording.is_half_an_email() {
            return Err(CatalogueError::Incomplete { locale: tag.to_string(), purpose });
        }
        let parts = sms.iter().map(|sms| (Part::Sms, sms)).chain(email.iter().flat_map(Email::parts));
        for (part, template) in parts {
            self.supports(template).map_err(|error| wrong((part, error)))?;
        }
        let sms = sms.map(|text| Entry { purpose: purpose.clone(), shows: in_order(text.fields()), text });
        let email = email.map(|text| Entry { purpose, shows: in_order(text.fields()), text });
        Ok(Checked { tag, sms, email })
    }

    /// Adds a text where there is none yet; whether there was none.
    fn add(&mut self, wording: &Wording) -> Result<bool, CatalogueError> {
        let Checked { tag, sms, email } = self.check(wording)?;
        let language = self
            .languages
            .entry(tag.key().into_owned())
            .or_insert_with(|| Arc::new(Language::new(tag.as_str())));
        let language = Arc::make_mut(language); // nobody else has it yet
        let sms = sms.is_none_or(|entry| add(&mut language.sms, entry));
        let email = email.is_none_or(|entry| add(&mut language.emails, entry));
        Ok(sms && email)
    }

    /// Whoever gets the default has to get something, whatever the purpose and whatever is bound.
    fn check_default(&self) -> Result<(), CatalogueError> {
        fn plain<T>(entries: &[Entry<T>]) -> bool {
            entries.iter().any(|entry| entry.purpose.is_none() && entry.shows.is_empty())
        }
        let sms = self.languages.values().any(|language| !language.sms.is_empty());
        let email = self.languages.values().any(|language| !language.emails.is_empty());
        let default = &self.defaults;
        let lacks = (sms && !default.iter().any(|language| plain(&language.sms)))
            || (email && !default.iter().any(|language| plain(&language.emails)));
        if lacks || !(sms || email) {
            return Err(CatalogueError::NoDefault { locale: self.default.to_string() });
        }
        Ok(())
    }
}

fn in_order(fields: impl Iterator<Item = &'static Field>) -> Vec<&'static Field> {
    fields.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Adds a text unless there is one for the same; whether there was none.
fn add<T>(entries: &mut Vec<Entry<T>>, entry: Entry<T>) -> bool {
    let same = |other: &Entry<T>| (&other.purpose, &other.shows) == (&entry.purpose, &entry.shows);
    let is_new = !entries.iter().any(same);
    if is_new {
        entries.push(entry);
    }
    is_new
}
