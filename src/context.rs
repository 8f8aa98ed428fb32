//! Bound context: facts a code is tied to, as associated data is to an AEAD.

use std::fmt;

/// The most that bound context may hold, in bytes of all names and values together.
pub const MAX_CONTEXT_BYTES: usize = 512;

/// Names and values that must come with the submission just as they came with the request.
#[derive(Clone, Default)]
pub(crate) struct Context(Vec<(String, String)>);

impl Context {
    pub(crate) fn bind(&mut self, name: String, value: String) {
        self.0.push((name, value));
    }

    /// Puts the fields in order of their names, so that the order of the calls does not matter, and checks
    /// them.
    pub(crate) fn check(&mut self) -> Result<(), ContextError> {
        self.0.sort_unstable();
        if self.0.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(ContextError::Repeated);
        }
        if self.0.iter().any(|(name, _)| name.is_empty()) {
            return Err(ContextError::NoName);
        }
        let texts = || self.0.iter().flat_map(|(name, value)| [name, value]);
        if texts().any(|text| text.chars().any(char::is_control)) {
            return Err(ContextError::ControlCharacter);
        }
        let bytes = texts().map(String::len).sum();
        if bytes > MAX_CONTEXT_BYTES { Err(ContextError::TooLong { bytes }) } else { Ok(()) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields in order of their names.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// What is wrong with the bound context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// A name is bound twice.
    #[error("bound context: a name is bound twice; bind each name once")]
    Repeated,
    /// A name is empty.
    #[error("bound context: a name is empty; name the field, `amount` say")]
    NoName,
    /// A control character in a name or value.
    #[error("bound context: a control character or line break; remove it")]
    ControlCharacter,
    /// More than 512 bytes.
    #[error("bound context: {bytes} bytes of names and values; at most {MAX_CONTEXT_BYTES}")]
    TooLong {
        /// The bytes of all names and values.
        bytes: usize,
    },
}
