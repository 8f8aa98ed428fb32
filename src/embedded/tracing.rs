//! An observer that writes events down with `tracing`.

use std::time::Duration;

use tracing::{info, warn};

use crate::ports::{Event, Observer};

/// Writes each [`Event`] down as one event of the `tracing` crate, under the target `otp_exchange`.
///
/// The field `event` is the name of the variant; the others are the variant's own, spans in milliseconds.
/// What somebody may have to look at is a warning: a refresh token used twice, a code whose attempts are
/// spent, a message that was not delivered, and whatever a limit refused. All else is information.
///
/// It holds no more than the event: recipients and ids are masked there.
///
/// ```
/// use otp_exchange::{Exchanger, Keyring, MemoryStore, Outbox, TracingObserver};
/// let otp = Exchanger::builder(MemoryStore::new(10), Outbox::new(), Keyring::generate()?)
///     .observer(TracingObserver)
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingObserver;

const TARGET: &str = "otp_exchange";

impl Observer for TracingObserver {
    fn observe(&self, event: &Event) {
        match event {
            Event::Requested { recipient, purpose, by, repeated, lengthened, decoy, fixed } => {
                let (purpose, by) = (purpose.as_str(), by.as_deref());
                info!(target: TARGET, event = "Requested", %recipient, purpose, by, repeated, lengthened, decoy,
                    fixed, "a code was requested");
            }
            Event::RequestRefused { recipient, purpose, why, retry_after } => {
                let (purpose, retry_after_ms) = (purpose.as_str(), millis(*retry_after));
                warn!(target: TARGET, event = "RequestRefused", %recipient, purpose, ?why, retry_after_ms,
                    "a request for a code was refused");
            }
            Event::HandedOver { recipient, purpose, deliveries, message_id } => {
                let (purpose, message_id) = (purpose.as_str(), message_id.as_deref());
                info!(target: TARGET, event = "HandedOver", %recipient, purpose, deliveries, message_id,
                    "a message was handed over");
            }
            Event::Reported { recipient, purpose, delivery } => {
                info!(target: TARGET, event = "Reported", %recipient, purpose = purpose.as_str(), ?delivery,
                    "a carrier said how a delivery went");
            }
            Event::NotHandedOver { recipient, purpose, voided } => {
                warn!(target: TARGET, event = "NotHandedOver", %recipient, purpose = purpose.as_str(), voided,
                    "a message was not delivered, or perhaps not");
            }
            Event::DeliveryRefused { why, retry_after } => {
                let retry_after_ms = millis(*retry_after);
                warn!(target: TARGET, event = "DeliveryRefused", ?why, retry_after_ms, "a delivery was refused");
            }
            Event::Wrong { recipient, attempts_left: 0 } => {
                warn!(target: TARGET, event = "Wrong", %recipient, attempts_left = 0_u8,
                    "a wrong code was submitted, and the attempts are spent");
            }
            Event::Wrong { recipient, attempts_left } => {
                info!(target: TARGET, event = "Wrong", %recipient, attempts_left, "a wrong code was submitted");
            }
            Event::NoneLive => {
                info!(target: TARGET, event = "NoneLive", "a code was submitted where there is none");
            }
            Event::SubmissionRefused { why, retry_after } => {
                let retry_after_ms = millis(*retry_after);
                warn!(target: TARGET, event = "SubmissionRefused", ?why, retry_after_ms,
                    "a submission was refused");
            }
            Event::Verified { recipient, purpose } => {
                info!(target: TARGET, event = "Verified", %recipient, purpose = purpose.as_str(),
                    "a right code was submitted");
            }
            Event::Exchanged { session, purpose, by } => {
                let (purpose, by) = (purpose.as_str(), by.as_deref());
                info!(target: TARGET, event = "Exchanged", %session, purpose, by, "a session began");
            }
            Event::Refreshed { session } => {
                info!(target: TARGET, event = "Refreshed", %session, "a session was refreshed");
            }
            Event::Reused { session } => {
                warn!(target: TARGET, event = "Reused", %session,
                    "a refresh token was used twice, and its session ended");
            }
            Event::Revoked { session } => {
                info!(target: TARGET, event = "Revoked", %session, "tokens were taken back");
            }
            Event::SubjectRevoked => {
                info!(target: TARGET, event = "SubjectRevoked", "all sessions of a subject were taken back");
            }
            Event::Cancelled => info!(target: TARGET, event = "Cancelled", "a code was taken back"),
            Event::FailuresCleared { recipient } => {
                info!(target: TARGET, event = "FailuresCleared", %recipient, "failures were forgiven");
            }
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
