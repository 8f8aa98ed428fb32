//! A message goes out: `hand_over`.

use std::fmt;
use std::sync::Arc;

use super::entries::Step;
use super::letter::Letter;
use super::quotas::Price;
use super::{Exchanger, SendError};
use crate::crypto::{ChallengeId, NONCE_BYTES, Name};
use crate::message::Message;
use crate::otp_id::OtpId;
use crate::ports::{CodeStore, Event, Notifier, NotifyError, TokenIssuer};
use crate::receipt::Receipt;
use crate::rules::{Challenge, Ledger};
use crate::timestamp::Timestamp;
use crate::wiped::SecretText;

/// A delivery that is stored and counted, and whose message was not handed over yet: that is for
/// [`hand_over`](Exchanger::hand_over), once. A decoy's has no message and looks just the same.
///
/// Dropped, it is lost: the code lives, and can be delivered again after the send spacing. Handed over, it goes out whatever
/// has become of its code meanwhile, but for expiry: the store is not asked again.
#[must_use = "the message goes out only when it is handed over"]
pub struct Outgoing(Box<Prepared>);

struct Prepared {
    receipt: Receipt,
    /// For the recipient; none if nothing is to be sent yet.
    message: Option<Message>,
    /// For the fallback if there is one, which is seldom, so that it takes no room where there is none.
    fallback: Option<Box<Message>>,
    /// Whether they go to nobody: written for a decoy, so that it takes as long, and for a test recipient.
    withheld: bool,
    entry: Name,
    id: ChallengeId,
    deliveries: u8,
    price: Price,
    /// Whose it is: the exchangers of one keyring and namespace.
    realm: [u8; 16],
}

impl Outgoing {
    /// What may be answered meanwhile.
    pub fn receipt(&self) -> &Receipt {
        &self.0.receipt
    }

    pub(super) fn into_receipt(self) -> Receipt {
        self.0.receipt
    }

    pub(super) fn entry(&self) -> Name {
        self.0.entry
    }

    /// Which delivery of its code it is, from 1; 0 for none.
    pub(super) fn deliveries(&self) -> u8 {
        self.0.deliveries
    }

    pub(super) fn price(&self) -> Price {
        self.0.price.clone()
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Outgoing").field(&self.0.receipt).finish()
    }
}

impl<S: CodeStore, N: Notifier, I: TokenIssuer> Exchanger<S, N, I> {
    /// Hands the message to the notifier; where that fails at once, the one with the same code for the
    /// [other address](crate::Request::fallback). If neither can ever arrive and nobody can have got the code,
    /// the code is voided. It keeps its place in the ledger, else a failing address would be a way around the
    /// limits, and show that somebody is behind it.
    ///
    /// # Errors
    /// [`SendError::Undelivered`] or [`SendError::Undeliverable`] as the notifier says; [`SendError::Gone`],
    /// and nothing goes out, if it comes so late that the code has expired; [`SendError::Foreign`], and
    /// nothing goes out, if it was prepared under another keyring or namespace.
    pub async fn hand_over(&self, outgoing: Outgoing) -> Result<Receipt, SendError> {
        // It stays where it is: a future that waits for a carrier is kept small.
        let mut prepared = outgoing.0;
        let Prepared { receipt, message, fallback, withheld, entry, id, deliveries, realm, .. } =
            &mut *prepared;
        // Another tenant's carrier must not read it, and could not void it.
        if *realm != self.vault.realm {
            return Err(SendError::Foreign);
        }
        // One that had no time left when it was prepared is of a clock at the end of its range, and did not wait.
        if self.now() >= receipt.expires_at && !receipt.lifetime.is_zero() {
            return Err(SendError::Gone);
        }
        if *withheld {
            return Ok(prepared.receipt);
        }
        let deliveries = *deliveries;
        let mut failed: Option<(NotifyError, &Message)> = None;
        for message in message.iter().chain(fallback.as_deref()) {
            if let Some((error, earlier)) = &failed {
                if error.may_have_arrived() {
                    break;
                }
                self.observe(|| not_handed_over(earlier, false));
            }
            let answer = self.notifier.notify(message).await;
            let error = match answer {
                Err(error) => error,
                Ok(accepted) => {
                    // Events show it, and never a code or a whole address.
                    let message_id = accepted.message_id().filter(|id| !message.is_told_by(id));
                    receipt.message_id = message_id.map(str::to_owned);
                    if failed.is_some() {
                        receipt.replace(Arc::clone(&message.text), message.recipient.channel());
                    }
                    self.observe(|| Event::HandedOver {
                        recipient: message.recipient.masked(),
                        purpose: message.purpose.clone(),
                        deliveries,
                        message_id: receipt.message_id.clone(),
                    });
                    return Ok(prepared.receipt);
                }
            };
            let error = match failed.take() {
                Some((first, _)) => first.then(error),
                None => error,
            };
            failed = Some((error, message));
        }
        let Some((source, message)) = failed else { return Ok(prepared.receipt) };
        let voided = deliveries == 1 && source.is_permanent() && self.void(*entry, *id).await;
        self.observe(|| not_handed_over(message, voided));
        if voided {
            return Err(SendError::Undeliverable(source));
        }
        Err(SendError::Undelivered { receipt: Box::new(prepared.receipt), source })
    }

    /// Whether nothing is right for the challenge any more.
    async fn void(&self, entry: Name, id: ChallengeId) -> bool {
        let mut draw = self.draw(NONCE_BYTES);
        let voided = self.update(entry, &mut draw, |ledger: Option<Ledger>, _, _| {
            Ok(match ledger.and_then(|ledger| ledger.void(&id)) {
                Some(ledger) => Step::Write(ledger, true),
                None => Step::Keep(false),
            })
        });
        matches!(voided.await, Ok((true, _)))
    }

    /// What goes out for a challenge.
    pub(super) fn outgoing(
        &self,
        challenge: &Challenge,
        entry: Name,
        otp_id: OtpId,
        now: Timestamp,
    ) -> Outgoing {
        let letter = Letter::new(challenge, otp_id, now, self.policy(), self.catalogue());
        if challenge.deliveries == 0 {
            return self.unsent(&letter, challenge, entry, otp_id, now);
        }
        let delivery_id = self.vault.delivery_id(entry, &challenge.id);
        let message = letter.message(challenge.recipient.clone(), delivery_id);
        let fallback = challenge.fallback().map(|email| Box::new(letter.message(email, delivery_id)));
        let withheld = challenge.decoy || letter.is_fixed;
        let receipt = self.receipt(&letter, challenge, otp_id, now, Arc::clone(&message.text));
        self.prepared(challenge, entry, receipt, (Some(message), fallback), withheld)
    }

    /// The same, and nothing goes out.
    pub(super) fn unsent(
        &self,
        letter: &Letter<'_>,
        challenge: &Challenge,
        entry: Name,
        otp_id: OtpId,
        now: Timestamp,
    ) -> Outgoing {
        let text = Arc::new(letter.text(&challenge.recipient));
        let receipt = self.receipt(letter, challenge, otp_id, now, text);
        self.prepared(challenge, entry, receipt, (None, None), false)
    }

    fn prepared(
        &self,
        challenge: &Challenge,
        entry: Name,
        receipt: Receipt,
        (message, fallback): (Option<Message>, Option<Box<Message>>),
        withheld: bool,
    ) -> Outgoing {
        let (id, deliveries, realm) = (challenge.id, challenge.deliveries, self.vault.realm);
        let price = if deliveries > 1 {
            self.price_of_message(challenge.client, &challenge.recipient)
        } else {
            Price::new()
        };
        Outgoing(Box::new(Prepared {
            receipt,
            message,
            fallback,
            withheld,
            entry,
            id,
            deliveries,
            price,
            realm,
        }))
    }

    fn receipt(
        &self,
        letter: &Letter<'_>,
        challenge: &Challenge,
        otp_id: OtpId,
        now: Timestamp,
        text: Arc<SecretText>,
    ) -> Receipt {
        Receipt {
            otp_id,
            attempts: challenge.attempts_left,
            lifetime: letter.lifetime,
            expires_at: challenge.life.end,
            resend_at: challenge.redelivery_at(now, self.policy()),
            length: letter.code.length(),
            channel: challenge.recipient.channel(),
            message_id: None,
            total_messages: None,
            code: letter.code.duplicate(),
            text,
        }
    }
}

fn not_handed_over(message: &Message, voided: bool) -> Event {
    Event::NotHandedOver { recipient: message.recipient.masked(), purpose: message.purpose.clone(), voided }
}
