//! A code goes out: `issue` makes it, `deliver` sends it, now or again.

use super::entries::Step;
use super::{Exchanger, Fault, SendError};
use crate::crypto::{ChallengeId, NONCE_BYTES, Name};
use crate::message::Message;
use crate::otp_id::{OtpId, OtpIdError};
use crate::ports::{CodeStore, Notifier, TokenIssuer};
use crate::recipient::Recipient;
use crate::request::{Receipt, Request};
use crate::rules::{Challenge, Draft, Ledger, Refusal};
use crate::timestamp::Timestamp;

/// A challenge as it was stored, on its way out.
struct Outgoing {
    receipt: Receipt,
    /// `None` if there is nothing to send (yet).
    message: Option<Message>,
    entry: Name,
    id: ChallengeId,
    first: bool,
}

impl<S: CodeStore, N: Notifier, I: TokenIssuer> Exchanger<S, N, I> {
    /// Makes a code and sends it: [`issue`](Self::issue), then [`deliver`](Self::deliver), in one load and
    /// one swap.
    ///
    /// # Errors
    /// [`SendError`]. If the message was not handed over but the code lives, the error carries the receipt.
    pub async fn send(&self, request: Request) -> Result<Receipt, SendError> {
        let outgoing = self.admit(request, true).await?;
        self.hand_over(outgoing).await
    }

    /// Makes a code and stores it; nothing is sent yet. A public endpoint answers after this, and delivers
    /// behind the answer, so that the time a delivery takes tells nothing.
    ///
    /// # Errors
    /// [`SendError::Request`], [`SendError::Wait`] or [`SendError::Fault`]; then there is no new code.
    pub async fn issue(&self, request: Request) -> Result<Receipt, SendError> {
        Ok(self.admit(request, false).await?.receipt)
    }

    /// Sends the code of that otp id, from any process that has the keyring and the store. The first delivery
    /// of an issued code is paid for. Each later one sends the same code again; it waits for the send
    /// spacing after the one before, then for twice that, and so on to 15 minutes. Sending again neither
    /// prolongs the code's life nor gives fresh attempts.
    ///
    /// For a decoy all of it happens but the message, and likewise for a code that was voided because its
    /// first message never can arrive.
    ///
    /// # Errors
    /// [`SendError::OtpId`] and [`SendError::Gone`] if there is no such code, else as [`send`](Self::send).
    pub async fn deliver(&self, otp_id: &OtpId) -> Result<Receipt, SendError> {
        let (entry, id) = self.vault.open_otp_id(otp_id).map_err(OtpIdError::from)?;
        let mut draw = self.draw(NONCE_BYTES);
        let claimed = self.update(entry, &mut draw, |ledger: Option<Ledger>, at| {
            let view = |challenge: &Challenge| self.outgoing(challenge, entry, *otp_id, at.now);
            Ok(match ledger.and_then(|ledger| ledger.claim_delivery(at, &id, self.policy(), view)) {
                None => Step::Keep(Err(SendError::Gone)),
                Some(Err(refusal)) => Step::Keep(Err(wait(refusal, at.now))),
                Some(Ok((ledger, outgoing))) => Step::Write(ledger, Ok(outgoing)),
            })
        });
        let outgoing = claimed.await??;
        self.hand_over(outgoing).await
    }

    /// How many wrong submissions there were for this recipient since the last right one, whatever codes they
    /// were for; forgotten 30 days after the last. New codes do not reset it.
    ///
    /// # Errors
    /// [`Fault`] if the store cannot be read.
    pub async fn consecutive_failures(&self, recipient: &Recipient) -> Result<u32, Fault> {
        let ledger = self.load::<Ledger>(self.vault.ledger_name(recipient)).await?;
        Ok(ledger.map_or(0, |(ledger, _)| ledger.consecutive_failures(self.now())))
    }

    /// Admits a request to its recipient's ledger, its first delivery claimed or not.
    async fn admit(&self, request: Request, claimed: bool) -> Result<Outgoing, SendError> {
        let draft = Draft::check(request, self.policy())?;
        let entry = self.vault.ledger_name(&draft.recipient);
        let context = self.vault.context_digest(&draft.context);
        // Challenge id, two nonces, and a byte for each character of the code with a few for those that are
        // rejected.
        let bytes = 16 + 2 * NONCE_BYTES + usize::from(draft.otp.length()) + 4;
        let mut draw = self.draw(bytes);
        let id = draw.take()?;
        let otp_id = self.vault.otp_id(entry, &id, draw.take()?);
        let code = draft.otp.generate(&mut draw)?;
        let admitted = self.update(entry, &mut draw, |ledger: Option<Ledger>, at| {
            let mut challenge = Challenge::new(&draft, id, code.duplicate(), context, at.now);
            if claimed {
                challenge.deliver(at.now);
            }
            let outgoing = self.outgoing(&challenge, entry, otp_id, at.now);
            Ok(match ledger.unwrap_or_default().admit(at, challenge, self.policy()) {
                Err(refusal) => Step::Keep(Err(wait(refusal, at.now))),
                Ok(ledger) => Step::Write(ledger, Ok(outgoing)),
            })
        });
        admitted.await?
    }

    /// What goes out for a challenge.
    fn outgoing(&self, challenge: &Challenge, entry: Name, otp_id: OtpId, now: Timestamp) -> Outgoing {
        let template = challenge.template.as_ref().unwrap_or(self.policy().otp.message_template());
        let receipt = Receipt {
            otp_id,
            attempts: challenge.attempts_left,
            lifetime: now.until(challenge.life.end),
            expires_at: challenge.life.end,
            resend_at: challenge.redelivery_at(now, self.policy()),
            code: challenge.code.duplicate(),
            text: template.render(&challenge.code),
        };
        let goes_out = challenge.deliveries > 0 && !challenge.decoy;
        let message = goes_out.then(|| Message {
            recipient: challenge.recipient(),
            text: receipt.text.clone(),
            code: challenge.code.duplicate(),
            purpose: challenge.purpose.clone(),
            locale: challenge.locale.clone(),
            lifetime: receipt.lifetime,
        });
        Outgoing { receipt, message, entry, id: challenge.id, first: challenge.deliveries == 1 }
    }

    /// Hands the message to the notifier. If it never can arrive and nobody can have got the code, the code
    /// is voided. It keeps its place in the ledger, else a failing address would be a way around the
    /// limits, and show that somebody is behind it.
    async fn hand_over(&self, outgoing: Outgoing) -> Result<Receipt, SendError> {
        let Outgoing { receipt, message, entry, id, first } = outgoing;
        let Some(message) = message else { return Ok(receipt) };
        let Err(source) = self.notifier.notify(&message).await else { return Ok(receipt) };
        let void = first && source.is_permanent();
        if void && self.void(entry, id).await {
            return Err(SendError::Undeliverable(source));
        }
        Err(SendError::Undelivered { receipt: Box::new(receipt), source })
    }

    /// Whether nothing is right for the challenge any more.
    async fn void(&self, entry: Name, id: ChallengeId) -> bool {
        let mut draw = self.draw(NONCE_BYTES);
        let voided = self.update(entry, &mut draw, |ledger: Option<Ledger>, _| {
            Ok(match ledger.and_then(|ledger| ledger.void(&id)) {
                Some(ledger) => Step::Write(ledger, true),
                None => Step::Keep(false),
            })
        });
        matches!(voided.await, Ok(true))
    }
}

fn wait(refusal: Refusal, now: Timestamp) -> SendError {
    SendError::Wait { why: refusal.why, retry_after: refusal.retry_after(now) }
}
