//! Callers with a name and a secret.

use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64ct::{Base64, Base64Unpadded, Encoding};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What a caller sent as `Authorization: Basic` (RFC 7617): a name and a secret.
pub struct BasicCredentials {
    name: String,
    secret: Zeroizing<String>,
}

impl BasicCredentials {
    /// Reads them, if there is exactly one `Authorization` header and it holds them.
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let encoded = authorization(headers, "Basic")?;
        let decoded = Base64::decode_vec(encoded).or_else(|_| Base64Unpadded::decode_vec(encoded)).ok()?;
        let decoded = Zeroizing::new(String::from_utf8(decoded).ok()?);
        let (name, secret) = decoded.split_once(':')?;
        Some(Self { name: name.to_owned(), secret: Zeroizing::new(secret.to_owned()) })
    }

    /// The name. It has proven nothing yet.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// Whether the secret is that one, in constant time.
    pub fn is(&self, secret: &str) -> bool {
        let digest = |text: &str| Sha256::digest(text.as_bytes());
        digest(&self.secret).ct_eq(&digest(secret)).into()
    }
}

impl fmt::Debug for BasicCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BasicCredentials").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What follows the scheme in the one `Authorization` header; schemes are not case-sensitive (RFC 9110
/// section 11.1).
pub(crate) fn authorization<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    let (found, rest) = value.split_once(' ')?;
    let rest = rest.trim();
    (values.next().is_none() && found.eq_ignore_ascii_case(scheme) && !rest.is_empty()).then_some(rest)
}
