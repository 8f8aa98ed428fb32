//! The public name of a challenge.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base64url;

/// Version, key id, nonce, sealed entry name and challenge id, tag: see [`formats`](crate::formats).
pub(crate) const OTP_ID_BYTES: usize = 1 + 4 + 12 + (16 + 16) + 16;
pub(crate) const OTP_ID_CHARACTERS: usize = base64url::characters(OTP_ID_BYTES);

/// The unguessable, unlinkable public name of one challenge: what the application hands to whoever asked for
/// a code and gets back with what they typed.
///
/// It is no secret in itself, tells nothing about the recipient, and two of them for one recipient have
/// nothing in common. As text it is 87 characters of base64url; [`Display`](fmt::Display), [`FromStr`] and
/// serde use that.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OtpId(pub(crate) [u8; OTP_ID_BYTES]);

impl FromStr for OtpId {
    type Err = OtpIdError;

    /// # Errors
    /// [`OtpIdError::Malformed`] if it is not 87 characters of base64url. Whether it is genuine only an
    /// exchanger can tell.
    fn from_str(text: &str) -> Result<Self, OtpIdError> {
        base64url::decode::<OTP_ID_BYTES, OTP_ID_CHARACTERS>(text).map(Self).ok_or(OtpIdError::Malformed)
    }
}

impl fmt::Display for OtpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(&self.0))
    }
}

impl fmt::Debug for OtpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OtpId({self})")
    }
}

impl Serialize for OtpId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OtpId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a text names no challenge here. It says nothing about any recipient: the store has not been asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OtpIdError {
    /// Not 87 characters of base64url: cut short, or something else altogether.
    #[error("otp id: not {OTP_ID_CHARACTERS} characters of base64url; pass it back just as it was received")]
    Malformed,
    /// Made with a key that this keyring does not have.
    #[error("otp id: of another service, or made with a key that was dropped; request a new code")]
    UnknownKey,
    /// Altered, or made in another namespace.
    #[error("otp id: altered, or of another namespace; pass it back just as it was received")]
    Altered,
}
