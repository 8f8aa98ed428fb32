//! What is wrong with a catalogue or a template.

use super::autofill::AutofillError;
use super::lint::Lint;
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
