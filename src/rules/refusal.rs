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
    /// This client's last request for this recipient, anybody's last request (unless the client is known), or
    /// the last delivery of this code, is too recent.
    Spacing,
    /// There is no room for one more code: three for this purpose (of strangers together, or of this known
    /// client), or their data is too large; none of them is over 15 minutes old.
    LiveCodes,
    /// The accepted risk of this recipient is spent, and the policy makes no longer codes (nor does it for a
    /// test recipient). The time to wait is the earliest that some of it comes back.
    Risk,
    /// This recipient has had too many failures in a row, and the policy blocks or disables. Where it
    /// disables, waiting is no remedy: prove the owner another way, and call
    /// [`clear_failures`](crate::Exchanger::clear_failures).
    Failures,
    /// This client has used up its quota of messages.
    ClientSends,
    /// This client has used up its quota of submissions.
    ClientChecks,
    /// The numbers of this country calling code have used up their quota of messages.
    DialCodeSends,
    /// The whole service has used up its quota of messages.
    ServiceSends,
}

impl Refusal {
    /// How long to wait from now on.
    pub(crate) fn retry_after(&self, now: Timestamp) -> Duration {
        now.until(self.until)
    }
}
