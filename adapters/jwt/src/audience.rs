//! Whom tokens are for.

use otp_exchange::Claims;

use crate::error::BuildError;

/// Whom tokens are for: the `aud` claim. A service takes only tokens that are for itself (RFC 8725 section
/// 3.9).
///
/// One text for all of them, or, where one issuer serves many applications, what each session's metadata
/// says under some name:
///
/// ```
/// use otp_exchange_jwt::Audience;
/// let everybody = Audience::from("https://api.example");
/// let by_application = Audience::from_metadata("app"); // `Grant::metadata("app", "shop")` on the request
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(Source);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Fixed(String),
    Metadata(String),
}

impl Audience {
    /// What the session's metadata says under this name, 1 to 255 bytes. A session without it gets no token,
    /// and its code is used up all the same: set it on every request.
    pub fn from_metadata(name: impl Into<String>) -> Self {
        Self(Source::Metadata(name.into()))
    }

    /// Whom a token with these claims is for, if that can be told.
    pub(crate) fn of<'a>(&'a self, claims: &'a Claims) -> Option<&'a str> {
        match &self.0 {
            Source::Fixed(audience) => Some(audience),
            Source::Metadata(name) => {
                claims.metadata.get(name).map(String::as_str).filter(|text| is_name(text))
            }
        }
    }

    pub(crate) fn check(&self) -> Result<(), BuildError> {
        let (Source::Fixed(text) | Source::Metadata(text)) = &self.0;
        named("audience", text)
    }

    /// The name of the metadata that it is looked for in.
    pub(crate) fn metadata(&self) -> &str {
        match &self.0 {
            Source::Fixed(_) => "",
            Source::Metadata(name) => name,
        }
    }
}

impl<T: Into<String>> From<T> for Audience {
    fn from(audience: T) -> Self {
        Self(Source::Fixed(audience.into()))
    }
}

pub(crate) fn named(what: &'static str, text: &str) -> Result<(), BuildError> {
    if is_name(text) { Ok(()) } else { Err(BuildError::Text { what }) }
}

/// With it in three claims, escaped, and the largest grant, a token is below what is read.
fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len()) && !text.chars().any(char::is_control)
}
