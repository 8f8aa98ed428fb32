//! What happened, told to whoever keeps records.

use std::sync::Arc;
use std::time::Duration;

use crate::delivery::Delivery;
use crate::purpose::Purpose;
use crate::rules::Waiting;
use crate::tokens::SessionId;

/// Learns of what happened to codes and sessions, after the write that made it true. For logs, metrics and
/// alarms.
///
/// It is called in the middle of a flow: it must not block and cannot fail. Hand what takes time to a queue.
///
/// ```
/// use otp_exchange::{Event, Exchanger, Keyring, MemoryStore, Outbox};
/// let otp = Exchanger::builder(MemoryStore::new(10), Outbox::new(), Keyring::generate()?)
///     .observer(|event: &Event| {
///         if let Event::Reused { session } = event {
///             eprintln!("a refresh token of {session} was used twice");
///         }
///     })
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Observer: Send + Sync {
    /// Something happened.
    fn observe(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync> Observer for F {
    fn observe(&self, event: &Event) {
        self(event);
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn observe(&self, event: &Event) {
        (**self).observe(event);
    }
}

/// Something that happened, and why. Recipients are [masked](crate::Recipient::masked); it never holds a code
/// or a token. It tells what no public answer may: decoys, and which limit it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A code was requested and made.
    Requested {
        /// For whom, masked.
        recipient: String,
        /// What for.
        purpose: Purpose,
        /// Who asked on their behalf: the [id](crate::Principal::id) of the principal, masked where it is an
        /// address.
        by: Option<String>,
        /// Whether the same request had come before, so that no new code was made.
        repeated: bool,
        /// Whether the code became longer, because the accepted risk was spent or there were too many
        /// failures.
        lengthened: bool,
        /// Whether it is for somebody who may not have it.
        decoy: bool,
        /// Whether the code is the fixed one of a test recipient.
        fixed: bool,
    },
    /// A code was requested and not made.
    RequestRefused {
        /// For whom, masked.
        recipient: String,
        /// What for.
        purpose: Purpose,
        /// Which limit it was.
        why: Waiting,
        /// For how long.
        retry_after: Duration,
    },
    /// The notifier took a message.
    HandedOver {
        /// To whom, masked.
        recipient: String,
        /// What the code is for.
        purpose: Purpose,
        /// Which delivery of this code it was, from 1.
        deliveries: u8,
        /// What the carrier calls the message, if it said.
        message_id: Option<String>,
    },
    /// The notifier did not take a message, or perhaps not.
    NotHandedOver {
        /// To whom, masked.
        recipient: String,
        /// What the code is for.
        purpose: Purpose,
        /// Whether the code was voided, since the message never can arrive.
        voided: bool,
    },
    /// A carrier said how a delivery went.
    Reported {
        /// Whose code it carried, masked.
        recipient: String,
        /// What the code is for.
        purpose: Purpose,
        /// What it said.
        delivery: Delivery,
    },
    /// A code was to be sent again and was not.
    DeliveryRefused {
        /// Which limit it was.
        why: Waiting,
        /// For how long.
        retry_after: Duration,
    },
    /// A wrong code was submitted, and charged.
    Wrong {
        /// Whose code it was held against, masked.
        recipient: String,
        /// How often that one may still be tried; 0 if it is spent now.
        attempts_left: u8,
    },
    /// A code was submitted where there was none to compare it with: expired, used, spent, never there, for
    /// another purpose, or of a recipient who is blocked.
    NoneLive,
    /// A code was submitted by a client that has used up its quota.
    SubmissionRefused {
        /// Which limit it was.
        why: Waiting,
        /// For how long.
        retry_after: Duration,
    },
    /// A code was right, and is used up.
    Verified {
        /// Whose code it was, masked.
        recipient: String,
        /// What it was for.
        purpose: Purpose,
    },
    /// A session began.
    Exchanged {
        /// Which.
        session: SessionId,
        /// What the code was for; [`Purpose::ISSUED`] if there was none.
        purpose: Purpose,
        /// Who issued its tokens without a code: the [id](crate::Principal::id), masked where it is an
        /// address.
        by: Option<String>,
    },
    /// A refresh token was exchanged for the next pair.
    Refreshed {
        /// Of which session.
        session: SessionId,
    },
    /// A refresh token was used a second time, and its family ended.
    Reused {
        /// Which session ended.
        session: SessionId,
    },
    /// Tokens were taken back.
    Revoked {
        /// Of which session.
        session: SessionId,
    },
    /// All sessions of a subject were taken back.
    SubjectRevoked,
    /// A code was taken back.
    Cancelled,
    /// The failures of a recipient were forgiven.
    FailuresCleared {
        /// Whose, masked.
        recipient: String,
    },
}
