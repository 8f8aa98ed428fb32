//! What is wrong with a catalogue.

use super::autofill::AutofillError;
use super::lint::Lint;
use super::template::TemplateError;
use super::wording::Part;
use crate::context::{ContextError, Field};
use crate::purpose::Purpose;

/// What is wrong with a catalogue, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// A tag that is none.
    #[error(
        "catalogue: {locale:?} is no locale; write a BCP 47 tag of at most 35 letters, digits and hyphens, `fr-BE` say"
    )]
    Locale {
        /// What stands in its place.
        locale: String,
    },
    /// A purpose that is none.
    #[error(
        "catalogue: the purpose of a wording in {locale} must be 1 to 64 printable ASCII characters without spaces"
    )]
    Purpose {
        /// Its language.
        locale: String,
    },
    /// The application's name.
    #[error(
        "catalogue: application must have 1 to 64 characters, no control characters, line breaks or bidirectional overrides"
    )]
    Application,
    /// The page that links lead to.
    #[error("catalogue: link must be an absolute URL in ASCII, https://app.example/code say, without `#`")]
    Link,
    /// The lines for autofill.
    #[error(transparent)]
    Autofill(#[from] AutofillError),
    /// The longest code.
    #[error("catalogue: longest code must have 1 to 20 characters")]
    LongestCode,
    /// The longest value of a field that no template shows.
    #[error("catalogue: longest values are for amount, payee, device, session and tenant; leave others out")]
    LongestField,
    /// A longest value that no request could bind.
    #[error("catalogue: longest value of {}: {source}", field.as_str())]
    LongestValue {
        /// Of which field.
        field: Field,
        /// What is wrong with it.
        source: ContextError,
    },
    /// One of a wording's texts.
    #[error("catalogue: {} in {locale}{}: {source}", part.name(), for_purpose(purpose.as_ref()))]
    Template {
        /// Its language.
        locale: String,
        /// Its purpose, if it is for one only.
        purpose: Option<Purpose>,
        /// Which text.
        part: Part,
        /// What is wrong with it.
        source: TemplateError,
    },
    /// A wording that lacks a part.
    #[error("catalogue: the wording in {locale}{} needs sms, or subject and text; html only beside text", for_purpose(purpose.as_ref()))]
    Incomplete {
        /// Its language.
        locale: String,
        /// Its purpose, if it is for one only.
        purpose: Option<Purpose>,
    },
    /// Two wordings of one language and purpose that show the same fields.
    #[error("catalogue: two wordings in {locale}{}; keep one", for_purpose(purpose.as_ref()))]
    Twice {
        /// Their language.
        locale: String,
        /// Their purpose, if it is one only.
        purpose: Option<Purpose>,
    },
    /// The default language lacks a text.
    #[error(
        "catalogue: {locale}, the default, needs a wording for any purpose, for each of SMS and email that other wordings are for; add it, or let ready_texts stand in"
    )]
    NoDefault {
        /// The default language.
        locale: String,
    },
    /// An SMS takes more segments than are allowed.
    #[error(
        "catalogue: {lint}; at most {most} allowed: reword it, set `longest` to what your policy has, or leave the ready_texts out"
    )]
    Segments {
        /// Which it is, and what to do.
        lint: Box<Lint>,
        /// How many are allowed.
        most: usize,
    },
}

pub(super) fn for_purpose(purpose: Option<&Purpose>) -> String {
    purpose.map(|purpose| format!(" for {}", purpose.as_str())).unwrap_or_default()
}
