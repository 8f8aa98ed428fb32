//! How a challenge stands.

use crate::otp_id::OtpId;
use crate::purpose::Purpose;
use crate::timestamp::Timestamp;

/// How a live challenge stands: looking at it spends nothing and changes nothing. A decoy looks like any
/// other.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}
