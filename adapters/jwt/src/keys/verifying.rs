//! Keys that check.

use std::fmt;

use jsonwebtoken::DecodingKey;
use jsonwebtoken::crypto::CryptoProvider;

use super::Algorithm;
use super::public::Public;
use super::signing::SigningKey;
use crate::error::KeyError;

/// A key that tokens are checked with: the public part of a [`SigningKey`], one of a [`Jwks`](crate::Jwks),
/// or a secret.
#[derive(Clone)]
pub struct VerifyingKey {
    provider: &'static CryptoProvider,
    algorithm: Algorithm,
    id: String,
    key: DecodingKey,
    public: Option<Public>,
}

impl VerifyingKey {
    /// A secret, as for [`SigningKey::hs256`]. Whoever has it can make tokens, too.
    ///
    /// # Errors
    /// [`KeyError::Secret`] unless it has at least 32 bytes.
    pub fn hs256(provider: &'static CryptoProvider, secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        SigningKey::hs256(provider, secret).map(Self::from)
    }

    /// Gives the key another name, that which its issuer gave it.
    ///
    /// # Errors
    /// [`KeyError::Id`] unless it is 1 to 64 letters, digits, `-`, `_`, `.` and `~`.
    pub fn named(self, id: impl Into<String>) -> Result<Self, KeyError> {
        let id = id.into();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        let is_id = (1..=64).contains(&id.len()) && id.bytes().all(plain);
        if is_id { Ok(Self { id, ..self }) } else { Err(KeyError::Id) }
    }

    /// The name by which tokens say that they are signed with it: `kid`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// By what it is checked.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn public(
        provider: &'static CryptoProvider,
        algorithm: Algorithm,
        id: String,
        public: Public,
    ) -> Result<Self, KeyError> {
        let key = Self { provider, algorithm, id, key: public.driver(), public: Some(public) };
        // Where the back-end parses the key first, one that it cannot read is found now.
        let problem =
            KeyError::Public { algorithm: algorithm.name(), problem: "the back-end cannot read it" };
        (provider.verifier_factory)(&algorithm.driver(), &key.key).map_err(|_| problem)?;
        Ok(key)
    }

    pub(super) fn secret(provider: &'static CryptoProvider, id: String, secret: &[u8]) -> Self {
        let key = DecodingKey::from_secret(secret);
        Self { provider, algorithm: Algorithm::Hs256, id, key, public: None }
    }

    pub(super) fn provider(&self) -> &'static CryptoProvider {
        self.provider
    }

    /// What may be published of it: nothing of a secret.
    pub(super) fn published(&self) -> Option<&Public> {
        self.public.as_ref()
    }

    /// Whether the signature is this key's, of just that.
    pub(crate) fn verifies(&self, signed: &[u8], signature: &Vec<u8>) -> bool {
        let algorithm = self.algorithm.driver();
        // A factory's product can be sent to no other thread, so it is made for each token.
        (self.provider.verifier_factory)(&algorithm, &self.key).is_ok_and(|verifier| {
            verifier.algorithm() == algorithm && verifier.verify(signed, signature).is_ok()
        })
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl From<SigningKey> for VerifyingKey {
    /// Its public part; the private one is wiped.
    fn from(key: SigningKey) -> Self {
        key.verifying_key()
    }
}
