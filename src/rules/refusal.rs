//! Why something has to wait, and until when.

use std::time::Duration;

use crate::timestamp::Timestamp;

/// Why something has to wait, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) why: Waiting,
    pub(crate) until: Timestamp,
}

/// Which limit a request or a submission ran into. For the application's own logs: a public answer must not
/// say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// This client's last request for this recipient, the last message to it, or the last one with this code,
    /// is too recent.
    Spacing,
    /// This recipient has as many live codes for this purpose as it may, none of them over 15 minutes old.
    LiveCodes,
    /// The accepted risk of this recipient is spent, and the policy makes no longer codes (nor does it for a
    /// test recipient). The time to wait is the earliest that some of it comes back.
    Risk,
    /// This recipient has had too many failures in a row, and the policy blocks or disables.
    Failures,
    /// This client has had its messages for now.
    ClientSends,
    /// This client has had its submissions for now.
    ClientChecks,
    /// The numbers of this country calling code have had their messages for now.
    DialCodeSends,
    /// The whole service has sent its messages for now.
    ServiceSends,
}

impl Refusal {
    /// How long to wait from now on.
    pub(crate) fn retry_after(&self, now: Timestamp) -> Duration {
        now.until(self.until)
    }
}
