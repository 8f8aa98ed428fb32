//! What carriers say of a message they took, and the name they say it under.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base64url;
use crate::otp_id::{OTP_ID_BYTES, OTP_ID_CHARACTERS};

/// What a carrier says of a message it took, in its own words *queued*, *sent*, *delivered*, *undelivered*,
/// *bounced* and so on.
///
/// Notices come late, twice and in the wrong order; of two about one code the greater holds, and
/// `Sent < Failed < Delivered`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// It is on its way to the person's own carrier or mail server.
    Sent,
    /// It has not arrived and will not.
    Failed,
    /// It has arrived at the phone or in the mailbox.
    Delivered,
}

/// What a carrier knows a message by, so that its notices find the code: see
/// [`Exchanger::report`](crate::Exchanger::report).
///
/// A carrier reads the code; with the [otp id](crate::OtpId) it could also use it. With this it can say how
/// the delivery went and nothing else. It is unguessable, the same for every delivery of one code (until the
/// sealing key is rotated; then there is a second), and tells nothing about the recipient. As text it is 87
/// characters of base64url; [`Display`](fmt::Display), [`FromStr`] and serde use that.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeliveryId(pub(crate) [u8; OTP_ID_BYTES]);

impl FromStr for DeliveryId {
    type Err = DeliveryIdError;

    /// # Errors
    /// [`DeliveryIdError`] if it is not 87 characters of base64url. Whether it is genuine only an exchanger
    /// can tell.
    fn from_str(text: &str) -> Result<Self, DeliveryIdError> {
        base64url::decode::<OTP_ID_BYTES, OTP_ID_CHARACTERS>(text).map(Self).ok_or(DeliveryIdError)
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(&self.0))
    }
}

impl fmt::Debug for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeliveryId({self})")
    }
}

impl Serialize for DeliveryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DeliveryId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The text names no delivery of this exchanger: cut short, altered, made under other keys, or something else
/// altogether.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("delivery id: none of this exchanger's; pass it back just as the notifier was handed it")]
pub struct DeliveryIdError;
