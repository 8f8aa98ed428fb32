//! Keys that sign.

use std::fmt;

use jsonwebtoken::EncodingKey;
use jsonwebtoken::crypto::CryptoProvider;

use super::Algorithm;
use super::pem;
use super::public::{Public, encode};
use super::verifying::VerifyingKey;
use crate::error::KeyError;

const LEAST_SECRET_BYTES: usize = 32;

/// A key that tokens are signed with. Redacted in `Debug`, wiped when dropped; it does not show its private
/// part to anybody.
///
/// It was tried when it was made: with a key in hand, signing works. A private key is unencrypted PKCS#8, as
/// `openssl genpkey` and [`Pem`](crate::Pem) write it, in PEM or as DER.
///
/// Its name, `kid` in tokens, is its thumbprint (RFC 7638) unless it is [`named`](Self::named).
pub struct SigningKey {
    private: EncodingKey,
    public: VerifyingKey,
}

impl SigningKey {
    /// For ECDSA over P-256: `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`.
    ///
    /// # Errors
    /// [`KeyError`] unless it is such a key, as PKCS#8 in PEM.
    pub fn es256_pem(provider: &'static CryptoProvider, pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::es256_der(provider, pem::decode(Algorithm::Es256, pem.as_ref())?)
    }

    /// The same, as DER.
    ///
    /// # Errors
    /// As [`es256_pem`](Self::es256_pem).
    pub fn es256_der(provider: &'static CryptoProvider, pkcs8: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::new(provider, Algorithm::Es256, EncodingKey::from_ec_der(pkcs8.as_ref()))
    }

    /// For Ed25519: `openssl genpkey -algorithm ED25519`.
    ///
    /// # Errors
    /// [`KeyError`] unless it is such a key, as PKCS#8 in PEM.
    pub fn ed25519_pem(provider: &'static CryptoProvider, pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::ed25519_der(provider, pem::decode(Algorithm::EdDsa, pem.as_ref())?)
    }

    /// The same, as DER.
    ///
    /// # Errors
    /// As [`ed25519_pem`](Self::ed25519_pem).
    pub fn ed25519_der(provider: &'static CryptoProvider, pkcs8: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::new(provider, Algorithm::EdDsa, EncodingKey::from_ed_der(pkcs8.as_ref()))
    }

    /// For RSA, 2048 to 4096 bits: `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072`.
    ///
    /// # Errors
    /// [`KeyError`] unless it is such a key, as PKCS#8 in PEM.
    pub fn rs256_pem(provider: &'static CryptoProvider, pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::rs256_der(provider, pem::decode(Algorithm::Rs256, pem.as_ref())?)
    }

    /// The same, as DER.
    ///
    /// # Errors
    /// As [`rs256_pem`](Self::rs256_pem).
    pub fn rs256_der(provider: &'static CryptoProvider, pkcs8: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let pkcs1 = pem::rsa(pkcs8.as_ref()).ok_or(KeyError::Private { algorithm: "RS256" })?;
        Self::new(provider, Algorithm::Rs256, EncodingKey::from_rsa_der(pkcs1))
    }

    /// A shared secret for HMAC: random bytes, not a password. It is for a service that checks its own tokens
    /// and nobody else's: whoever can check them can make them.
    ///
    /// # Errors
    /// [`KeyError::Secret`] unless it has at least 32 bytes.
    pub fn hs256(provider: &'static CryptoProvider, secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let secret = secret.as_ref();
        if secret.len() < LEAST_SECRET_BYTES {
            return Err(KeyError::Secret { bytes: secret.len() });
        }
        let public = VerifyingKey::secret(provider, String::new(), secret);
        let mut key = Self { private: EncodingKey::from_secret(secret), public };
        // A thumbprint would be an unkeyed hash of the secret. What a token signs has a dot in it, so this
        // is the signature of none.
        let id = key.sign(b"otp-exchange-jwt key id").ok_or(KeyError::Unusable { algorithm: "HS256" })?;
        key.public = VerifyingKey::secret(provider, encode(&id), secret);
        key.tried()
    }

    /// Gives the key a name of your own in place of its thumbprint. Never give two keys the same.
    ///
    /// # Errors
    /// [`KeyError::Id`] unless it is 1 to 64 letters, digits, `-`, `_`, `.` and `~`.
    pub fn named(self, id: impl Into<String>) -> Result<Self, KeyError> {
        Ok(Self { public: self.public.named(id)?, private: self.private })
    }

    /// Its name, `kid` in tokens.
    pub fn id(&self) -> &str {
        self.public.id()
    }

    /// By what it signs.
    pub fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    /// What its tokens are checked with.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.public.clone()
    }

    fn new(
        provider: &'static CryptoProvider,
        algorithm: Algorithm,
        private: EncodingKey,
    ) -> Result<Self, KeyError> {
        let public = Public::of(provider, algorithm, &private)?;
        let id = public.thumbprint(provider).ok_or(KeyError::Unusable { algorithm: algorithm.name() })?;
        Self { private, public: VerifyingKey::public(provider, algorithm, id, public)? }.tried()
    }

    /// The key, if what it signs can be checked, and nothing else can.
    fn tried(self) -> Result<Self, KeyError> {
        let (probe, other) = (b"otp-exchange-jwt probe", b"otp-exchange-jwt other");
        let works = self.sign(probe).is_some_and(|signature| {
            self.public.verifies(probe, &signature) && !self.public.verifies(other, &signature)
        });
        if works { Ok(self) } else { Err(KeyError::Unusable { algorithm: self.algorithm().name() }) }
    }

    /// The signature, unless the back-end fails.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let algorithm = self.algorithm().driver();
        // A factory's product can be sent to no other thread, so it is made for each token.
        let signer = (self.public.provider().signer_factory)(&algorithm, &self.private).ok()?;
        (signer.algorithm() == algorithm).then(|| signer.try_sign(message).ok())?
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}
