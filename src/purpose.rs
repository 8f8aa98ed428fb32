//! What a code is for. A code made for one purpose is nothing to any other.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// What a code is for: logging in, registering, or something the application names, `payment` say.
///
/// 1 to 64 printable ASCII characters without spaces; upper and lower case differ.
///
/// ```
/// use otp_exchange::Purpose;
/// assert_eq!(Purpose::parse("login")?, Purpose::LOGIN);
/// assert!(Purpose::parse("two words").is_err());
/// # Ok::<(), otp_exchange::PurposeError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Purpose(Cow<'static, str>);

impl Purpose {
    /// Logging in to an account that exists.
    pub const LOGIN: Self = Self(Cow::Borrowed("login"));
    /// Proving an address for an account to be made.
    pub const REGISTER: Self = Self(Cow::Borrowed("register"));

    /// Proving that an address of an account that exists can be reached.
    pub const CONFIRM: Self = Self(Cow::Borrowed("confirm"));
    /// Getting back into an account.
    pub const RECOVER: Self = Self(Cow::Borrowed("recover"));
    /// What tokens are for that were issued without a code.
    pub const ISSUED: Self = Self(Cow::Borrowed("issued"));

    /// Checks a name and takes it as a purpose.
    ///
    /// # Errors
    /// [`PurposeError`] unless it is 1 to 64 printable ASCII characters without spaces.
    pub fn parse(name: &str) -> Result<Self, PurposeError> {
        match name {
            "login" => Ok(Self::LOGIN),
            "register" => Ok(Self::REGISTER),
            "confirm" => Ok(Self::CONFIRM),
            "recover" => Ok(Self::RECOVER),
            _ if (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(Self(Cow::Owned(name.to_owned())))
            }
            _ => Err(PurposeError),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Purpose {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Purpose({})", self.0)
    }
}

impl<'de> Deserialize<'de> for Purpose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        // A visitor, so that no text is made only to be read: an entry holds a purpose, mostly a known one.
        impl Visitor<'_> for Name {
            type Value = Purpose;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a purpose")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Purpose, E> {
                Purpose::parse(name).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Name)
    }
}

/// The name cannot be a purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("purpose: must be 1 to 64 printable ASCII characters without spaces, `payment` say")]
pub struct PurposeError;
