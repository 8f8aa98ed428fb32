//! The document with the public keys.

use base64ct::{Base64UrlUnpadded, Encoding};
use jsonwebtoken::crypto::CryptoProvider;
use serde::de::IgnoredAny;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::Algorithm;
use super::public::{Public, encode};
use super::verifying::VerifyingKey;
use crate::error::{JwksError, KeyError};

/// Public keys as a document, a JWK set (RFC 7517 section 5): served as `application/jwk-set+json`, often
/// under `/.well-known/jwks.json`. No secret and no private part is ever in it.
///
/// It serialises as the document, and is read by [`parse`](Self::parse); as an iterator it is the keys.
#[derive(Clone, Debug)]
pub struct Jwks(Vec<VerifyingKey>);

impl Jwks {
    /// Reads an issuer's document, for a [`JwtVerifier`](crate::JwtVerifier). Keys of other kinds, for other
    /// uses or without a name are passed over (RFC 7517 section 5).
    ///
    /// # Errors
    /// [`JwksError`] if it is no JWK set, a key is private, or one for one of [these algorithms](Algorithm)
    /// is malformed or weak.
    pub fn parse(provider: &'static CryptoProvider, json: &str) -> Result<Self, JwksError> {
        let document: Document<Read> = serde_json::from_str(json).map_err(|_| JwksError::Malformed)?;
        let mut keys = Vec::new();
        for (index, key) in document.keys.into_iter().enumerate() {
            if key.d.is_some() || key.k.is_some() {
                return Err(JwksError::Private { index });
            }
            keys.extend(key.understood(provider).map_err(|source| JwksError::Key { index, source })?);
        }
        Ok(Self(keys))
    }

    /// The document.
    #[allow(clippy::missing_panics_doc)] // it cannot fail
    pub fn to_json(&self) -> String {
        // Texts only: JSON has a form for each.
        serde_json::to_string(self).expect("keys are JSON")
    }

    /// Those of the keys that may be seen by anybody.
    pub(crate) fn of(keys: &[VerifyingKey]) -> Self {
        Self(keys.iter().filter(|key| key.published().is_some()).cloned().collect())
    }
}

impl IntoIterator for Jwks {
    type Item = VerifyingKey;
    type IntoIter = std::vec::IntoIter<VerifyingKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Serialize for Jwks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Document { keys: self.0.iter().filter_map(Written::of).collect() }.serialize(serializer)
    }
}

#[derive(Serialize, Deserialize)]
struct Document<K> {
    keys: Vec<K>,
}

/// RFC 7518 section 6, RFC 8037 section 2.
#[derive(Serialize)]
struct Written<'a> {
    kty: &'static str,
    kid: &'a str,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    #[serde(flatten)]
    numbers: Numbers,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Numbers {
    Curve {
        crv: &'static str,
        x: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        y: Option<String>,
    },
    Rsa {
        n: String,
        e: String,
    },
}

impl<'a> Written<'a> {
    fn of(key: &'a VerifyingKey) -> Option<Self> {
        let (kty, numbers) = match key.published()? {
            Public::P256 { x, y } => {
                ("EC", Numbers::Curve { crv: "P-256", x: encode(x), y: Some(encode(y)) })
            }
            Public::Ed25519 { x } => ("OKP", Numbers::Curve { crv: "Ed25519", x: encode(x), y: None }),
            Public::Rsa { n, e } => ("RSA", Numbers::Rsa { n: encode(n), e: encode(e) }),
        };
        Some(Self { kty, kid: key.id(), alg: key.algorithm().name(), usage: "sig", numbers })
    }
}

#[derive(Deserialize)]
struct Read {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    /// The private part of every kind that has one.
    d: Option<IgnoredAny>,
    /// A shared secret.
    k: Option<IgnoredAny>,
}

impl Read {
    /// The key, if it is of a kind that is checked with here. A key that does not say its algorithm is not:
    /// each is for one only (RFC 8725 section 3.1).
    fn understood(self, provider: &'static CryptoProvider) -> Result<Option<VerifyingKey>, KeyError> {
        let Self { kty, kid: Some(id), alg: Some(alg), usage, crv, x, y, n, e, .. } = self else {
            return Ok(None);
        };
        if usage.is_some_and(|usage| usage != "sig") {
            return Ok(None);
        }
        let (algorithm, public) = match (&*kty, &*alg, crv.as_deref()) {
            ("EC", "ES256", Some("P-256")) => (Algorithm::Es256, Public::p256(&number(x), &number(y))?),
            ("OKP", "EdDSA", Some("Ed25519")) => (Algorithm::EdDsa, Public::ed25519(&number(x))?),
            ("RSA", "RS256", _) => (Algorithm::Rs256, Public::rsa(&number(n), &number(e))?),
            _ => return Ok(None),
        };
        VerifyingKey::public(provider, algorithm, id, public).map(Some)
    }
}

/// A number; no bytes, which no key is made of, unless it is there in base64url.
fn number(text: Option<String>) -> Vec<u8> {
    text.and_then(|text| Base64UrlUnpadded::decode_vec(&text).ok()).unwrap_or_default()
}
