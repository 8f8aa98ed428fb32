//! How a message reads in one language.

use serde::{Deserialize, Serialize};

use super::error::TemplateError;
use super::form::Form;
use super::template::Template;
use crate::context::Field;

/// How a message reads in one language, for codes of one purpose or of any: as an SMS, as an email, or both.
///
/// Each text is a [`Template`]: `{{CODE}}` stands exactly once in the SMS, in the text of the email and in
/// its HTML, and at most once in the subject. SMS, text and HTML may have line breaks, text and HTML tabs. In
/// HTML, values are escaped; its variables stand between tags, and `{{LINK}}` may be the whole of the quoted
/// `href` of an `a`. So that no value can be read as markup, the HTML has to be plain: no scripts, frames,
/// forms' `textarea` and `select`, no SVG, no `<` but before a tag.
///
/// ```
/// use otp_exchange::Wording;
/// let dutch = Wording::new("nl")
///     .sms("{{CODE}} is uw code, {{MINUTES}} min geldig.")
///     .email("Uw code", "Uw code: {{CODE}}\nHij is {{MINUTES}} min geldig.")
///     .html("<p>Uw code: <b>{{CODE}}</b></p>");
/// ```
///
/// As data:
///
/// ```
/// # use otp_exchange::Wording;
/// let dutch: Wording = serde_json::from_str(r#"{"locale": "nl", "purpose": "login", "sms": "{{CODE}} is uw code."}"#)?;
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    pub(super) locale: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) purpose: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sms: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) html: Option<String>,
}

impl Wording {
    /// In the language of that BCP 47 tag, `fr` or `fr-BE` say, for codes of any purpose.
    pub fn new(locale: impl Into<String>) -> Self {
        let locale = locale.into();
        Self { locale, purpose: None, sms: None, subject: None, text: None, html: None }
    }

    /// For codes of that purpose only.
    pub fn purpose(self, purpose: impl Into<String>) -> Self {
        Self { purpose: Some(purpose.into()), ..self }
    }

    /// The whole of an SMS, at most 2,000 bytes. [`Catalogue::lint`](crate::Catalogue::lint) says how many
    /// segments that takes.
    pub fn sms(self, text: impl Into<String>) -> Self {
        Self { sms: Some(text.into()), ..self }
    }

    /// Subject (at most 480 bytes) and plain text (at most 16 KiB) of an email.
    pub fn email(self, subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), text: Some(text.into()), ..self }
    }

    /// The HTML of an email, beside its plain text: a whole document of at most 64 KiB.
    pub fn html(self, html: impl Into<String>) -> Self {
        Self { html: Some(html.into()), ..self }
    }

    /// Whether a subject lacks its text, a text its subject, or HTML both.
    pub(super) fn is_half_an_email(&self) -> bool {
        self.subject.is_some() != self.text.is_some() || (self.html.is_some() && self.text.is_none())
    }

    /// Its SMS, if it has one.
    pub(super) fn checked_sms(&self) -> Result<Option<Template>, (Part, TemplateError)> {
        self.sms.as_deref().map(|text| read(Part::Sms, text)).transpose()
    }

    /// Its email, if it has one.
    pub(super) fn checked_email(&self) -> Result<Option<Email>, (Part, TemplateError)> {
        let (Some(subject), Some(text)) = (&self.subject, &self.text) else { return Ok(None) };
        Ok(Some(Email {
            subject: read(Part::Subject, subject)?,
            text: read(Part::Text, text)?,
            html: self.html.as_deref().map(|html| read(Part::Html, html)).transpose()?,
        }))
    }
}

fn read(part: Part, text: &str) -> Result<Template, (Part, TemplateError)> {
    let lines = text.replace("\r\n", "\n"); // as files come from some editors
    Template::of(Form::Of(part), &lines).map_err(|error| (part, error))
}

/// A part of a [`Wording`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The SMS.
    Sms,
    /// The subject of the email.
    Subject,
    /// The plain text of the email.
    Text,
    /// The HTML of the email.
    Html,
}

impl Part {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Subject => "subject",
            Self::Text => "text",
            Self::Html => "html",
        }
    }
}

/// An email, checked.
#[derive(Clone)]
pub(super) struct Email {
    pub(super) subject: Template,
    pub(super) text: Template,
    pub(super) html: Option<Template>,
}

impl Email {
    /// The fields that any part of it shows.
    pub(super) fn fields(&self) -> impl Iterator<Item = &'static Field> {
        self.parts().flat_map(|(_, part)| part.fields())
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = (Part, &Template)> {
        let html = self.html.as_ref().map(|html| (Part::Html, html));
        [(Part::Subject, &self.subject), (Part::Text, &self.text)].into_iter().chain(html)
    }
}

/// The texts of one message, checked.
#[derive(Clone, Copy)]
pub(crate) enum Chosen<'a> {
    Sms(&'a Template),
    Email(&'a Template, &'a Template, Option<&'a Template>),
}

impl<'a> Chosen<'a> {
    pub(super) fn email(email: &'a Email) -> Self {
        Self::Email(&email.subject, &email.text, email.html.as_ref())
    }

    /// Whether whoever reads the message sees the field, whichever part of it they read.
    pub(crate) fn shows(self, field: &Field) -> bool {
        match self {
            Self::Sms(text) => text.shows(field),
            Self::Email(_, text, html) => text.shows(field) && html.is_none_or(|html| html.shows(field)),
        }
    }
}
