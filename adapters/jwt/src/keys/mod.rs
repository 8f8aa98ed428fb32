//! Keys: each with its back-end, its one algorithm and its name.

mod jwks;
mod pem;
mod public;
mod signing;
mod verifying;

pub use jwks::Jwks;
pub use pem::Pem;
pub use signing::SigningKey;
pub use verifying::VerifyingKey;

use jsonwebtoken as driver;

/// What a key signs by. It is the key's own, never the token's to choose (RFC 8725 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA over P-256 with SHA-256 (RFC 7518 section 3.4). Every library has it: the one to take.
    Es256,
    /// Ed25519 (RFC 8037 section 3.1).
    EdDsa,
    /// RSA PKCS #1 v1.5 with SHA-256 (RFC 7518 section 3.3): for verifiers that know nothing newer.
    Rs256,
    /// HMAC with SHA-256 (RFC 7518 section 3.2): whoever can check a token can make one, too.
    Hs256,
}

impl Algorithm {
    /// What `alg` says in headers and JWKS documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }

    fn driver(self) -> driver::Algorithm {
        match self {
            Self::Es256 => driver::Algorithm::ES256,
            Self::EdDsa => driver::Algorithm::EdDSA,
            Self::Rs256 => driver::Algorithm::RS256,
            Self::Hs256 => driver::Algorithm::HS256,
        }
    }
}
