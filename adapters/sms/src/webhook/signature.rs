//! Signatures by the Standard Webhooks specification, version 1 (HMAC-SHA-256).

use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::ConfigError;
use crate::secret::Secret;

/// The keys that a request is signed with, each in its turn: two while one replaces the other.
pub(super) struct Signer(Vec<Hmac<Sha256>>);

impl Signer {
    /// Reads `whsec_` and 24 to 64 bytes in base64, as the specification writes keys.
    pub(super) fn new(secrets: &[Secret]) -> Result<Self, ConfigError> {
        let keys = secrets.iter().map(|secret| {
            let text = secret.expose();
            let bytes = Base64::decode_vec(text.strip_prefix("whsec_").unwrap_or(text)).ok();
            let bytes = bytes.map(zeroize::Zeroizing::new).filter(|bytes| (24..=64).contains(&bytes.len()));
            let key = bytes.and_then(|bytes| Hmac::new_from_slice(&bytes).ok());
            key.ok_or(ConfigError::setting(
                "signing secret",
                "is none; write whsec_ and 24 to 64 random bytes in base64",
            ))
        });
        Ok(Self(keys.collect::<Result<_, _>>()?))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of `webhook-signature` for that `webhook-id` and `webhook-timestamp`.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let signatures = self.0.iter().map(|key| {
            let mac = key.clone().chain_update(format!("{id}.{timestamp}.")).chain_update(body);
            format!("v1,{}", Base64::encode_string(&mac.finalize().into_bytes()))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    /// The vector of the specification's own libraries (`libraries/rust/src/lib.rs`, `test_sign`).
    #[test]
    fn the_published_vector() {
        let signer = Signer::new(&[SECRET.into()]).unwrap();
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        assert_eq!(
            signer.sign("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553, body),
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="
        );
    }

    #[test]
    fn two_keys_make_two_signatures() {
        let other = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
        let both = Signer::new(&[SECRET.into(), other.into()]).unwrap().sign("id", 1, b"{}");
        let each = [SECRET, other].map(|key| Signer::new(&[key.into()]).unwrap().sign("id", 1, b"{}"));
        assert_eq!(both, each.join(" "));
        assert_ne!(each[0], each[1]);
    }

    #[test]
    fn keys_of_24_to_64_bytes() {
        for (bytes, good) in [(0, false), (23, false), (24, true), (64, true), (65, false)] {
            let key = Base64::encode_string(&vec![7; bytes]);
            assert_eq!(Signer::new(&[format!("whsec_{key}").into()]).is_ok(), good, "{bytes}");
            assert_eq!(Signer::new(&[key.into()]).is_ok(), good, "{bytes} without prefix");
        }
        assert!(Signer::new(&["whsec_not base64 at all, but long enough".into()]).is_err());
    }
}
