//! A text with one place for the code.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::code::Code;

/// The longest template, in bytes of UTF-8: it lies in the sealed entry beside the code it is for.
pub const MAX_TEMPLATE_BYTES: usize = 480;

const PLACE: &str = "{{CODE}}";

/// A text in which `{{CODE}}` stands exactly once, for the code. The default is `{{CODE}}`, the bare code.
///
/// It is put together in one pass: what takes the place is never read as template again.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template {
    before: String,
    after: String,
}

impl Template {
    /// Checks a text and takes it as a template.
    ///
    /// # Errors
    /// [`TemplateError`] unless `{{CODE}}` stands in it exactly once, it has no other `{{`, no control
    /// characters, and at most 480 bytes.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > MAX_TEMPLATE_BYTES {
            return Err(TemplateError::TooLong { bytes: text.len() });
        }
        if text.chars().any(char::is_control) {
            return Err(TemplateError::ControlCharacter);
        }
        let (before, after) = text.split_once(PLACE).ok_or(TemplateError::NoPlace)?;
        if after.contains(PLACE) {
            return Err(TemplateError::TwoPlaces);
        }
        if before.contains("{{") || after.contains("{{") {
            return Err(TemplateError::UnknownVariable);
        }
        Ok(Self { before: before.to_owned(), after: after.to_owned() })
    }

    /// Its length in bytes, place included.
    pub(crate) fn len(&self) -> usize {
        self.before.len() + PLACE.len() + self.after.len()
    }

    /// The text with the code in its place.
    pub(crate) fn render(&self, code: &Code) -> Zeroizing<String> {
        let code = code.expose();
        let room = self.before.len() + code.len() + self.after.len();
        let mut text = Zeroizing::new(String::with_capacity(room)); // never grows, so leaves no stale copy
        text.push_str(&self.before);
        text.push_str(code);
        text.push_str(&self.after);
        text
    }
}

impl TryFrom<String> for Template {
    type Error = TemplateError;

    fn try_from(text: String) -> Result<Self, TemplateError> {
        Self::parse(&text)
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.to_string()
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{PLACE}{}", self.before, self.after)
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({:?})", self.to_string())
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
    /// Another `{{`.
    #[error("template: has a {{{{…}}}} other than {{{{CODE}}}}; write the text out")]
    UnknownVariable,
    /// A control character, line breaks included: they could add a header or a second message.
    #[error("template: has a control character or line break; write it as one line")]
    ControlCharacter,
    /// More than 480 bytes.
    #[error("template: {bytes} bytes; at most {MAX_TEMPLATE_BYTES}")]
    TooLong {
        /// Its length in bytes of UTF-8.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_exactly() {
        let refused = |text: &str| Template::parse(text).unwrap_err();
        assert_eq!(refused(""), TemplateError::NoPlace);
        assert_eq!(refused("{CODE}"), TemplateError::NoPlace);
        assert_eq!(refused("{{code}}"), TemplateError::NoPlace);
        assert_eq!(refused("{{CODE}} {{CODE}}"), TemplateError::TwoPlaces);
        assert_eq!(refused("Dear {{NAME}}, {{CODE}}"), TemplateError::UnknownVariable);
        assert_eq!(refused("{{CODE}}\r\nBcc: eve@example.org"), TemplateError::ControlCharacter);
        assert_eq!(refused("\u{85}{{CODE}}"), TemplateError::ControlCharacter);
        assert_eq!(
            refused(&format!("{{{{CODE}}}}{}", "x".repeat(473))),
            TemplateError::TooLong { bytes: 481 }
        );
        assert!(Template::parse(&format!("{{{{CODE}}}}{}", "x".repeat(472))).is_ok());
    }

    #[test]
    fn renders_in_one_pass_and_keeps_its_text() {
        let template = Template::parse("Votre code : {{CODE}} — { ok }").unwrap();
        let code = Code::from_ascii(b"007").unwrap();
        assert_eq!(&*template.render(&code), "Votre code : 007 — { ok }");
        assert_eq!(template.to_string(), "Votre code : {{CODE}} — { ok }");
        assert_eq!(&*Template::default().render(&code), "007");
    }
}
