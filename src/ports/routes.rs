//! Notifiers made of others: by channel, and one after the other.

use super::{Accepted, Notifier, NotifyError};
use crate::message::Message;
use crate::recipient::Channel;

/// Email by one notifier, SMS by the other.
///
/// ```
/// use otp_exchange::{ByChannel, Fallback, Outbox};
/// # let (smtp, gateway, other_gateway) = (Outbox::new(), Outbox::new(), Outbox::new());
/// let notifier = ByChannel::new(smtp, Fallback::new(gateway, other_gateway));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ByChannel<E, S> {
    email: E,
    sms: S,
}

impl<E, S> ByChannel<E, S> {
    /// Messages to email addresses go by the first, messages to phone numbers by the second.
    pub fn new(email: E, sms: S) -> Self {
        Self { email, sms }
    }
}

impl<E: Notifier, S: Notifier> Notifier for ByChannel<E, S> {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        match message.recipient().channel() {
            Channel::Email => self.email.notify(message).await,
            Channel::Sms => self.sms.notify(message).await,
        }
    }
}

/// One notifier and, where it fails at once, another with the same message: two gateways for SMS, say. Where
/// the first may have handed it over, the second is not asked, so that nobody gets two messages. Where both
/// fail, the message counts as one that never will arrive only if both say so.
///
/// For another *address* of the same person, email where an SMS cannot be sent, see
/// [`Request::fallback`](crate::Request::fallback). Neither makes a second code, and neither waits: a
/// notifier that should give up early needs a timeout of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fallback<A, B> {
    first: A,
    second: B,
}

impl<A, B> Fallback<A, B> {
    /// The first, and if that fails, the second, which may be a fallback again.
    pub fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

impl<A: Notifier, B: Notifier> Notifier for Fallback<A, B> {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        match self.first.notify(message).await {
            Err(failed) if !failed.may_have_arrived() => {
                self.second.notify(message).await.map_err(|next| failed.then(next))
            }
            answer => answer,
        }
    }
}
