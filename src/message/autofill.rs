//! Lines by which phones fill a code in by themselves.

use serde::{Deserialize, Serialize};

use super::sms::{Encoding, Segments};
use crate::recipient::is_domain;
use crate::wiped::SecretText;

/// What an SMS says to the phone it arrives at, so that the code need not be typed.
///
/// - A line for websites, the last one of the message: `@app.example #123456`. Browsers fill the code in on
///   pages of that host only, which keeps it from a look-alike site (WICG *Origin-bound one-time codes
///   delivered via SMS*, section 3). If the form stands in a frame of another host, that one is
///   [embedded](Self::embedded): `@shop.example #123456 @app.example`.
/// - For an Android app, the hash that Play services find it by ([SMS Retriever][retriever]), on a line of
///   its own before that. Such a message may have 140 bytes at most; the hash is left out of a longer one,
///   where it would be of no use.
///
/// ```
/// use otp_exchange::Autofill;
/// let both = Autofill::website("app.example").android_app("FA+9qCX9VSu");
/// ```
///
/// [retriever]: https://developers.google.com/identity/sms-retriever/verify
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Autofill {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    website: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    embedded: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    android_app: Option<String>,
}

impl Autofill {
    /// For pages of that host: a domain name in ASCII, without scheme and port.
    pub fn website(host: impl Into<String>) -> Self {
        Self { website: Some(host.into()), ..Self::default() }
    }

    /// For an Android app of that hash: 11 characters of base64, of the app's package and signing key.
    pub fn android(hash: impl Into<String>) -> Self {
        Self::default().android_app(hash)
    }

    /// The host of the frame that the form stands in, within a page of the website.
    pub fn embedded(self, host: impl Into<String>) -> Self {
        Self { embedded: Some(host.into()), ..self }
    }

    /// Also for an Android app of that hash.
    pub fn android_app(self, hash: impl Into<String>) -> Self {
        Self { android_app: Some(hash.into()), ..self }
    }

    pub(super) fn check(&self) -> Result<(), AutofillError> {
        let mut hosts = self.website.iter().chain(&self.embedded);
        if !hosts.all(|host| is_domain(host)) {
            return Err(AutofillError::Host);
        }
        if self.embedded.is_some() && self.website.is_none() {
            return Err(AutofillError::Embedded);
        }
        let is_hash = |hash: &String| {
            hash.len() == 11 && hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
        };
        if self.android_app.as_ref().is_none_or(is_hash) { Ok(()) } else { Err(AutofillError::AndroidApp) }
    }

    /// The text with its lines behind it.
    pub(super) fn append(&self, text: &str, code: &str) -> SecretText {
        let whole = self.lines(text, code, self.android_app.as_deref());
        if self.android_app.is_some() && !fits_retriever(&whole) {
            return self.lines(text, code, None);
        }
        whole
    }

    /// Whether the text with its lines has room for the hash of the Android app, if there is one.
    pub(super) fn has_room(&self, text: &str, code: &str) -> bool {
        self.android_app.is_none() || fits_retriever(&self.lines(text, code, self.android_app.as_deref()))
    }

    fn lines(&self, text: &str, code: &str, hash: Option<&str>) -> SecretText {
        let mut parts = vec![text, if hash.is_some() || self.website.is_some() { "\n" } else { "" }];
        parts.extend(hash.into_iter().flat_map(|hash| ["\n", hash]));
        // Its place is the last line, so that nothing may follow it.
        parts.extend(self.website.iter().flat_map(|host| ["\n@", host, " #", code]));
        parts.extend(self.embedded.iter().flat_map(|host| [" @", host]));
        SecretText::joined(&parts)
    }
}

/// 140 bytes, which is said of what Play services count; so they must hold the text both as UTF-8 and as it
/// is sent.
fn fits_retriever(text: &str) -> bool {
    let segments = Segments::of(text);
    text.len() <= 140 && (segments.encoding == Encoding::Gsm7 || segments.units <= 70)
}

/// What is wrong with an [`Autofill`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AutofillError {
    /// A host that is none.
    #[error("autofill: a host must be a domain name in ASCII without scheme and port, `app.example` say")]
    Host,
    /// A frame without a page around it.
    #[error("autofill: embedded needs the website it is embedded in")]
    Embedded,
    /// A hash that is none.
    #[error("autofill: the hash of an Android app has 11 characters of base64, `FA+9qCX9VSu` say")]
    AndroidApp,
}
