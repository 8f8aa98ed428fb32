//! What can go wrong, and what to do about it. Nothing here holds a key, a token or a secret.

/// A key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is not a private key of that kind.
    #[error(
        "{algorithm} key: no such private key could be read; give it as unencrypted PKCS#8, in PEM `BEGIN PRIVATE KEY` \
         (convert others with `openssl pkcs8 -topk8 -nocrypt`)"
    )]
    Private {
        /// What it was to be a key for, `ES256` say.
        algorithm: &'static str,
    },
    /// A public key that no signature can be checked with.
    #[error("{algorithm} key: the public key is malformed; {problem}")]
    Public {
        /// What it was to be a key for.
        algorithm: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An RSA key that is too small, or too large for some back-end.
    #[error("RS256 key: {bits} bits; must be 2048 to 4096 (RFC 7518 section 3.3), 3072 say")]
    RsaBits {
        /// The length of its modulus.
        bits: usize,
    },
    /// A secret that is too short.
    #[error(
        "HS256 secret: {bytes} bytes; must be at least 32 random ones (RFC 7518 section 3.2), of `openssl rand` say"
    )]
    Secret {
        /// Its length.
        bytes: usize,
    },
    /// The back-end could not sign with the key, or not check what it signed.
    #[error("{algorithm} key: the back-end cannot sign with it and check the signature; make another key")]
    Unusable {
        /// What it is a key for.
        algorithm: &'static str,
    },
    /// A key id that cannot be one.
    #[error("key id: must be 1 to 64 letters, digits, `-`, `_`, `.` and `~`, a date say")]
    Id,
    /// No randomness to make a key of.
    #[error("key: no randomness to make one of: {0}")]
    Entropy(String),
}

/// A document of keys cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwksError {
    /// It is no JWK set.
    #[error("jwks: no JSON object with a list of `keys` (RFC 7517 section 5); is it the issuer's document?")]
    Malformed,
    /// It holds what must never be published.
    #[error(
        "jwks: key {index} is private or a shared secret; publish public keys only, and replace that one"
    )]
    Private {
        /// Which of its keys, counted from 0.
        index: usize,
    },
    /// One of its keys is for signatures that are checked here, and is no good.
    #[error("jwks: key {index}: {source}")]
    Key {
        /// Which of its keys, counted from 0.
        index: usize,
        /// What is wrong with it.
        source: KeyError,
    },
}

/// An issuer or verifier cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A text that goes into every token.
    #[error("{what}: must be 1 to 255 bytes without control characters, a URL say")]
    Text {
        /// Which: `issuer`, `audience`, `client id`.
        what: &'static str,
    },
    /// No key to check a token with.
    #[error(
        "keys: there is none for ES256, EdDSA, RS256 or HS256 that has a `kid`, an `alg` and is for signatures"
    )]
    NoKeys,
    /// Two keys of one name.
    #[error("keys: two have the id {id:?}; leave one out, or name it otherwise")]
    SameId {
        /// The id.
        id: String,
    },
    /// Too much leeway.
    #[error("leeway: at most 60 seconds; rather set the clocks")]
    Leeway,
}

/// No token was made for a session. It is the cause inside an
/// [`IssuerError`](otp_exchange::IssuerError):
/// `error.cause().downcast_ref::<otp_exchange_jwt::IssueError>()`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The session does not say whom its tokens are for.
    #[error(
        "jwt: the session's metadata {metadata:?}, its audience, is missing or not 1 to 255 bytes; set it on requests"
    )]
    Audience {
        /// The name under which it was looked for.
        metadata: String,
    },
    /// A scope that a list separated by spaces cannot hold. The exchanger takes none.
    #[error("jwt: a scope is empty or has a space in it (RFC 6749 section 3.3)")]
    Scope,
    /// More than [`MAX_TOKEN_BYTES`](crate::MAX_TOKEN_BYTES). No grant that the exchanger takes makes one.
    #[error(
        "jwt: the token would have {bytes} bytes; keep what is large under the subject in your own database"
    )]
    TooLong {
        /// How many it would have.
        bytes: usize,
    },
    /// The back-end did not sign.
    #[error(
        "jwt: the back-end did not sign, with a key it signed with before; is its generator out of order?"
    )]
    Unsigned,
}

/// A token that lets nobody in. Say `invalid_token` to whoever presented it (RFC 6750 section 3.1); the rest
/// is for your logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Forged, altered, for another audience, by another issuer or a key that is not known here, or no token.
    #[error("jwt: not a token of this issuer for this audience")]
    Unknown,
    /// Genuine, and over.
    #[error("jwt: expired; refresh it")]
    Expired,
    /// Genuine, and of the future.
    #[error("jwt: issued in the future; set the clocks of issuer and verifier")]
    NotYet,
}
