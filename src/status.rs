//! How a challenge stands.

use std::fmt;

use crate::delivery::Delivery;
use crate::otp_id::OtpId;
use crate::purpose::Purpose;
use crate::timestamp::Timestamp;

/// How a live challenge stands: looking at it spends nothing and changes nothing. A decoy looks like any
/// other.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// A name of it. Each challenge has many, no two alike.
    pub otp_id: OtpId,
    /// What its code is for.
    pub purpose: Purpose,
    /// How often its code may still be tried.
    pub attempts_left: u8,
    /// When it was issued.
    pub created_at: Timestamp,
    /// From when on its code is dead.
    pub expires_at: Timestamp,
    /// How many characters its code has.
    pub length: u8,
    /// How often it was delivered.
    pub deliveries: u8,
    /// When it may be sent again, once it has been delivered.
    pub resend_at: Timestamp,
    pub(crate) delivery: Option<Delivery>,
}

impl Status {
    /// What a carrier has said of its last delivery, if anything was [reported](crate::Exchanger::report).
    ///
    /// A decoy has no carrier, and so nothing is ever heard of it: **keep this from whoever may not learn
    /// whether there is an account**. For support, for the person's own session, for alarms.
    pub fn expose_delivery(&self) -> Option<Delivery> {
        self.delivery
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Status")
            .field("otp_id", &self.otp_id)
            .field("purpose", &self.purpose)
            .field("attempts_left", &self.attempts_left)
            .field("created_at", &self.created_at)
            .field("expires_at", &self.expires_at)
            .field("length", &self.length)
            .field("deliveries", &self.deliveries)
            .field("resend_at", &self.resend_at)
            .finish_non_exhaustive()
    }
}
