//! Private keys as text, and new ones.

use std::fmt;

use base64ct::{Base64, Encoding};
use jsonwebtoken::EncodingKey;
use jsonwebtoken::crypto::CryptoProvider;
use otp_exchange::Entropy;
use zeroize::Zeroizing;

use super::Algorithm;
use super::public::Public;
use crate::error::KeyError;

/// A private key as text, to be kept where only the service can read it: unencrypted PKCS#8 in PEM (RFC 7468
/// section 10). Redacted in `Debug`, wiped when dropped, opened by [`expose`](Self::expose).
///
/// ```
/// # #[cfg(feature = "rust_crypto")] {
/// use otp_exchange::SystemEntropy;
/// use otp_exchange_jwt::{Pem, SigningKey, rust_crypto};
///
/// let pem = Pem::new_es256(rust_crypto(), &SystemEntropy)?;
/// assert!(pem.expose().starts_with("-----BEGIN PRIVATE KEY-----\n"));
/// let key = SigningKey::es256_pem(rust_crypto(), pem.expose())?;
/// # }
/// # Ok::<(), otp_exchange_jwt::KeyError>(())
/// ```
pub struct Pem(Zeroizing<String>);

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

impl Pem {
    /// A new key for [`SigningKey::es256_pem`](crate::SigningKey::es256_pem).
    ///
    /// # Errors
    /// [`KeyError::Entropy`] if there is no randomness, [`KeyError::Unusable`] if the back-end takes no key
    /// that is made of it.
    pub fn new_es256(provider: &'static CryptoProvider, entropy: &impl Entropy) -> Result<Self, KeyError> {
        // A scalar is right unless it is 0 or not below the order of the group, less than once in 2^32
        // times; then another one is drawn (FIPS 186-5 appendix A.2.2).
        for _ in 0..4 {
            let scalar = draw(entropy)?;
            let bare = Zeroizing::new([P256_BARE, &scalar[..]].concat());
            let key = EncodingKey::from_ec_der(&bare);
            if let Ok(Public::P256 { x, y }) = Public::of(provider, Algorithm::Es256, &key) {
                let whole = [P256, &scalar[..], P256_POINT, &x, &y].concat();
                return Ok(Self::of(&Zeroizing::new(whole)));
            }
        }
        Err(KeyError::Unusable { algorithm: "ES256" })
    }

    /// A new key for [`SigningKey::ed25519_pem`](crate::SigningKey::ed25519_pem).
    ///
    /// # Errors
    /// [`KeyError::Entropy`] if there is no randomness.
    pub fn new_ed25519(entropy: &impl Entropy) -> Result<Self, KeyError> {
        // RFC 8032 section 5.1.5: any 32 bytes.
        Ok(Self::of(&Zeroizing::new([ED25519, &draw(entropy)?[..]].concat())))
    }

    /// The text, for the file it is kept in.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// PKCS#8 as text.
    fn of(pkcs8: &[u8]) -> Self {
        let base64 = Zeroizing::new(Base64::encode_string(pkcs8));
        // With room for all of it, so that no copy is left behind.
        let mut text = Zeroizing::new(String::with_capacity(base64.len() + base64.len() / 64 + 64));
        text.push_str(BEGIN);
        text.push('\n');
        let mut rest = base64.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(64));
            text.push_str(line);
            text.push('\n');
            rest = after;
        }
        text.push_str(END);
        text.push('\n');
        Self(text)
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pem(redacted)")
    }
}

/// The PKCS#8 in a text that holds one private key. Done here, because the driver leaves copies unwiped.
pub(super) fn decode(algorithm: Algorithm, pem: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let body = || {
        let (_, after) = std::str::from_utf8(pem).ok()?.split_once(BEGIN)?;
        let (body, after) = after.split_once(END)?;
        (!after.contains(BEGIN)).then_some(body)
    };
    let unreadable = KeyError::Private { algorithm: algorithm.name() };
    let body = body().ok_or(unreadable.clone())?;
    let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
    base64.extend(body.chars().filter(|char| !char.is_ascii_whitespace()));
    Base64::decode_vec(&base64).map(Zeroizing::new).map_err(|_| unreadable)
}

/// The PKCS#1 inside a PKCS#8, for RSA, which is what both back-ends take.
pub(super) fn rsa(pkcs8: &[u8]) -> Option<&[u8]> {
    let content = whole(0x30, pkcs8)?;
    whole(0x04, content.strip_prefix(RSA)?)
}

/// What a value of that type holds which is all of `der`. No RSA key is so short that its length has another
/// form.
fn whole(tag: u8, der: &[u8]) -> Option<&[u8]> {
    let [found, 0x82, high, low, content @ ..] = der else { return None };
    let length = u16::from_be_bytes([*high, *low]);
    (*found == tag && content.len() == usize::from(length)).then_some(content)
}

fn draw(entropy: &impl Entropy) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let mut bytes = Zeroizing::new([0; 32]);
    entropy.fill(&mut *bytes).map_err(|error| KeyError::Entropy(error.to_string()))?;
    Ok(bytes)
}

// PKCS#8 (RFC 5208 section 5) up to the 32 bytes of the key, as DER. All lengths are fixed.

/// Version 0, ecPublicKey on prime256v1 (RFC 5480 section 2.1), and in it an `ECPrivateKey` (RFC 5915 section
/// 3) that ends with the scalar.
const P256_BARE: &[u8] = b"\x30\x41\x02\x01\x00\
    \x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\
    \x04\x27\x30\x25\x02\x01\x01\x04\x20";
/// The same, with room for the public key.
const P256: &[u8] = b"\x30\x81\x87\x02\x01\x00\
    \x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\
    \x04\x6d\x30\x6b\x02\x01\x01\x04\x20";
/// `publicKey`, which follows the scalar: an uncompressed point.
const P256_POINT: &[u8] = b"\xa1\x44\x03\x42\x00\x04";
/// Version 0, rsaEncryption (RFC 8017 appendix A.1), between the two lengths.
const RSA: &[u8] = b"\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
/// Version 0, id-Ed25519 (RFC 8410 section 7).
const ED25519: &[u8] = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
