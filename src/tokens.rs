//! What an exchange hands out, and what a token says.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base64url;
use crate::purpose::Purpose;
use crate::timestamp::Timestamp;
use crate::wiped::SecretText;

/// A bearer token: whoever has it is let in. Redacted in `Debug`, wiped when dropped, opened by
/// [`expose`](Token::expose).
pub struct Token(SecretText);

impl Token {
    /// Takes a text as a token: what a [`TokenIssuer`](crate::TokenIssuer) makes.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// The token as text, for the one it was issued to.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(redacted)")
    }
}

/// What an exchange or a refresh hands out. The token type is `Bearer` (RFC 6750).
#[derive(Debug)]
#[non_exhaustive]
pub struct Tokens {
    /// What lets the holder in: pass it to [`authenticate`](crate::Exchanger::authenticate).
    pub access: Token,
    /// What fetches the next pair, once: pass it to [`refresh`](crate::Exchanger::refresh). Not every grant
    /// has one.
    pub refresh: Option<Token>,
    /// How long the access token still lives.
    pub expires_in: Duration,
    /// When the refresh token stops working if it is not used before.
    pub refresh_expires_at: Option<Timestamp>,
    /// What the access token says: subject, scopes, purpose, metadata and life.
    pub claims: Claims,
    /// Where to send the person now, if the request said so. Only an exchange has it, not a refresh.
    pub redirect_url: Option<String>,
}

/// What an access token says about who holds it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who: the subject named when the code was requested, else the recipient's canonical address.
    pub subject: String,
    /// What they may do.
    pub scopes: Vec<String>,
    /// What the code was for that began the session.
    pub purpose: Purpose,
    /// The facts the request gave along.
    pub metadata: BTreeMap<String, String>,
    /// When the token was issued.
    pub issued_at: Timestamp,
    /// From when on it is dead.
    pub expires_at: Timestamp,
    /// The session, or token family, it belongs to.
    pub session: SessionId,
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The subject is often a whole address, and metadata is the application's: neither belongs in a log.
        f.debug_struct("Claims")
            .field("scopes", &self.scopes)
            .field("purpose", &self.purpose)
            .field("issued_at", &self.issued_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// The name of a session: 16 random bytes, 22 characters of base64url as text. No secret: without its tokens
/// it opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub(crate) [u8; 16]);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(&self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for SessionId {
    type Err = SessionIdError;

    /// # Errors
    /// [`SessionIdError`] if it is not 22 characters of base64url.
    fn from_str(text: &str) -> Result<Self, SessionIdError> {
        base64url::decode::<16, { base64url::characters(16) }>(text).map(Self).ok_or(SessionIdError)
    }
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The text names no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("session: not 22 characters of base64url; pass it back just as it was received")]
pub struct SessionIdError;
