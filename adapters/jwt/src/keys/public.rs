//! The public part of a key, as JWKS documents have it.

use base64ct::{Base64UrlUnpadded, Encoding};
use jsonwebtoken::crypto::CryptoProvider;
use jsonwebtoken::jwk::{EllipticCurve, ThumbprintHash};
use jsonwebtoken::{DecodingKey, EncodingKey};

use super::Algorithm;
use crate::error::KeyError;

/// The numbers of a public key, none of which the back-ends can stumble over: they slice and parse at
/// checking, some before they have looked at the length.
#[derive(Clone)]
pub(super) enum Public {
    /// Both coordinates of the point.
    P256 { x: [u8; 32], y: [u8; 32] },
    /// The point as RFC 8032 writes it.
    Ed25519 { x: [u8; 32] },
    /// Modulus and exponent, big-endian, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl Public {
    /// The public part of a private key.
    pub(super) fn of(
        provider: &CryptoProvider,
        algorithm: Algorithm,
        key: &EncodingKey,
    ) -> Result<Self, KeyError> {
        let unreadable = || KeyError::Private { algorithm: algorithm.name() };
        let (utils, key) = (&provider.key_utils, key.as_bytes());
        match algorithm {
            Algorithm::Es256 => {
                let (_, x, y) = (utils.ec_pub_components_from_private_key)(key, algorithm.driver())
                    .map_err(|_| unreadable())?;
                Self::p256(&x, &y)
            }
            Algorithm::EdDsa => Self::ed25519(
                &(utils.ed_pub_components_from_private_key)(key, &EllipticCurve::Ed25519)
                    .map_err(|_| unreadable())?,
            ),
            Algorithm::Rs256 => {
                let (n, e) = (utils.rsa_pub_components_from_private_key)(key).map_err(|_| unreadable())?;
                Self::rsa(&n, &e)
            }
            Algorithm::Hs256 => Err(unreadable()), // a secret has no public part
        }
    }

    pub(super) fn p256(x: &[u8], y: &[u8]) -> Result<Self, KeyError> {
        let problem = KeyError::Public { algorithm: "ES256", problem: "x and y must have 32 bytes each" };
        match (x.try_into(), y.try_into()) {
            (Ok(x), Ok(y)) => Ok(Self::P256 { x, y }),
            _ => Err(problem),
        }
    }

    pub(super) fn ed25519(x: &[u8]) -> Result<Self, KeyError> {
        let problem = KeyError::Public { algorithm: "EdDSA", problem: "x must have 32 bytes" };
        Ok(Self::Ed25519 { x: x.try_into().map_err(|_| problem)? })
    }

    pub(super) fn rsa(n: &[u8], e: &[u8]) -> Result<Self, KeyError> {
        let (n, e) = (trimmed(n), trimmed(e));
        let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
        // RustCrypto checks with no modulus beyond 4096 bits, and it bounds what a check costs.
        if !(2048..=4096).contains(&bits) {
            return Err(KeyError::RsaBits { bits });
        }
        // FIPS 186-5 appendix A.1.1: odd and above 2^16; with 1 anybody can sign. Above 2^33 neither
        // back-end takes it.
        if !(3..=4).contains(&e.len()) || e.last().is_none_or(|last| last % 2 == 0) {
            return Err(KeyError::Public {
                algorithm: "RS256",
                problem: "its exponent must be 65537, or odd and above",
            });
        }
        Ok(Self::Rsa { n: n.to_vec(), e: e.to_vec() })
    }

    /// The key as the back-ends take it.
    pub(super) fn driver(&self) -> DecodingKey {
        match self {
            // SEC 1 section 2.3.3, uncompressed.
            Self::P256 { x, y } => DecodingKey::from_ec_der(&[&[4], &x[..], &y[..]].concat()),
            Self::Ed25519 { x } => DecodingKey::from_ed_der(x),
            Self::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
        }
    }

    /// The key's name if it is given no other: its thumbprint (RFC 7638).
    pub(super) fn thumbprint(&self, provider: &CryptoProvider) -> Option<String> {
        // The required members in the order of their names, without spaces: section 3.2; for Ed25519 RFC
        // 8037 section 2.
        let text = match self {
            Self::P256 { x, y } => {
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, encode(x), encode(y))
            }
            Self::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(x)),
            Self::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n)),
        };
        let digest = (provider.key_utils.compute_digest)(text.as_bytes(), ThumbprintHash::SHA256).ok()?;
        Some(encode(&digest))
    }
}

pub(super) fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

fn trimmed(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsa_keys_are_neither_small_nor_everybodys() {
        let modulus = |bytes: usize, first: u8| [&[0, first][..], &vec![0xff; bytes - 1]].concat();
        let bits = |bytes, first| Public::rsa(&modulus(bytes, first), &[1, 0, 1]).map(|_| ());
        assert_eq!(bits(256, 0x7f), Err(KeyError::RsaBits { bits: 2047 }));
        assert_eq!((bits(256, 0x80), bits(512, 0xff)), (Ok(()), Ok(())));
        assert_eq!(bits(513, 0x01), Err(KeyError::RsaBits { bits: 4097 }));
        assert_eq!(Public::rsa(&[], &[1, 0, 1]).map(|_| ()), Err(KeyError::RsaBits { bits: 0 }));
        for exponent in [&[][..], &[0], &[1], &[3], &[1, 0, 0], &[0xff, 0xff], &[1, 0, 0, 0, 1]] {
            assert!(Public::rsa(&modulus(256, 0x80), exponent).is_err(), "{exponent:?}");
        }
    }
}
