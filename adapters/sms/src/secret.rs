//! Texts that are not shown.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error};
use serde_json::Value;
use zeroize::Zeroizing;

/// A password, token or key: redacted in `Debug`, wiped when dropped.
#[derive(Clone, Default, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self(Zeroizing::new(text.into()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Reads a setting that is secret or holds secrets. What is of the wrong type is not repeated, as serde
/// would: a token that is all digits, a key that stands where a list should be.
pub(crate) fn read<'de, D: Deserializer<'de>, T: DeserializeOwned>(settings: D) -> Result<T, D::Error> {
    serde_json::from_value(Value::deserialize(settings)?).map_err(|_| {
        D::Error::custom(
            "sms: a setting that is kept secret has the wrong type; write url as text, headers as names with values \
             that are text, and signing_secrets as a list of texts",
        )
    })
}
