//! Looking at challenges and taking them back.

use super::draw::Draw;
use super::entries::Step;
use super::{Exchanger, Fault, ReportError, StatusError};
use crate::crypto::{NONCE_BYTES, Name};
use crate::delivery::{Delivery, DeliveryId, DeliveryIdError};
use crate::otp_id::{OtpId, OtpIdError};
use crate::ports::{CodeStore, Event, Notifier, TokenIssuer};
use crate::recipient::Recipient;
use crate::rules::{Challenge, Ledger, Moment};
use crate::status::Status;
use crate::timestamp::Timestamp;

impl<S: CodeStore, N: Notifier, I: TokenIssuer> Exchanger<S, N, I> {
    /// How the challenge of that otp id stands. One load, nothing is written.
    ///
    /// # Errors
    /// [`StatusError::Gone`] if its code has expired, was used or spent.
    pub async fn status(&self, otp_id: &OtpId) -> Result<Status, StatusError> {
        let (entry, id) = self.vault.open_otp_id(otp_id).map_err(OtpIdError::from)?;
        let ledger = self.load::<Ledger>(entry).await?;
        let at = self.moment();
        let found = ledger.as_ref().and_then(|(ledger, _)| ledger.live(at).find(|one| one.id == id));
        found.map(|challenge| self.status_of(challenge, *otp_id, at.now)).ok_or(StatusError::Gone)
    }

    /// Takes back the code of that otp id: nothing is right for it any more. One that is dead already is no
    /// error. What was guessed at it stays paid for.
    ///
    /// # Errors
    /// [`StatusError::OtpId`] and [`StatusError::Fault`].
    pub async fn cancel(&self, otp_id: &OtpId) -> Result<(), StatusError> {
        let (entry, id) = self.vault.open_otp_id(otp_id).map_err(OtpIdError::from)?;
        if self.change(entry, |ledger| ledger.cancel(&id)).await? {
            self.observe(|| Event::Cancelled);
        }
        Ok(())
    }

    /// Takes down what a carrier says of a message it was handed under that delivery id: its status callback,
    /// a bounce. The [status](Self::status) shows it until the code is delivered again. Nothing else comes of
    /// it: a code that is said to have failed stays as it is, for the notice may be of another delivery, or
    /// not be the carrier's. What is late, repeated or of a dead code is no error.
    ///
    /// # Errors
    /// [`ReportError`].
    pub async fn report(&self, delivery_id: &DeliveryId, heard: Delivery) -> Result<(), ReportError> {
        let (entry, id) = self.vault.open_delivery_id(delivery_id).map_err(|_| DeliveryIdError)?;
        let mut draw = self.draw(NONCE_BYTES);
        let rule = |ledger: Option<Ledger>, at: Moment, _: &mut Draw<'_>| {
            let reported = ledger.and_then(|ledger| ledger.report(at, &id, heard));
            Ok(match reported {
                None => Step::Keep(None),
                Some((ledger, recipient, purpose)) => Step::Write(ledger, Some((recipient, purpose))),
            })
        };
        if let (Some((recipient, purpose)), _) = self.update(entry, &mut draw, rule).await? {
            self.observe(|| Event::Reported { recipient: recipient.masked(), purpose, delivery: heard });
        }
        Ok(())
    }

    /// How the recipient's live challenges stand, but for those that answer to nothing but their code. One
    /// that is worth nothing any more looks like any other. For support and account pages; a stranger
    /// must not see it.
    ///
    /// # Errors
    /// [`Fault`] if the store cannot be read.
    pub async fn live_codes(&self, recipient: &Recipient) -> Result<Vec<Status>, Fault> {
        let entry = self.vault.ledger_name(recipient);
        let Some((ledger, _)) = self.load::<Ledger>(entry).await? else { return Ok(Vec::new()) };
        let at = self.moment();
        let mut draw = self.draw(NONCE_BYTES);
        let status = |challenge: &Challenge| {
            let otp_id = self.vault.otp_id(entry, &challenge.id, draw.take()?);
            Ok(self.status_of(challenge, otp_id, at.now))
        };
        ledger.live(at).map(status).collect()
    }

    /// How many wrong submissions there were for this recipient since the last right one, whatever codes they
    /// were for; forgotten 30 days after the last; once the limit is reached, when the block has run out,
    /// or after a year where the policy disables. New codes do not reset it.
    ///
    /// # Errors
    /// [`Fault`] if the store cannot be read.
    pub async fn consecutive_failures(&self, recipient: &Recipient) -> Result<u32, Fault> {
        let ledger = self.load::<Ledger>(self.vault.ledger_name(recipient)).await?;
        Ok(ledger.map_or(0, |(ledger, _)| ledger.consecutive_failures(self.now(), self.policy())))
    }

    /// Forgives a recipient's failures, after they have proven themselves in another way (NIST SP 800-63B-4
    /// section 3.2.2 calls it rebinding). Guesses stay paid for: the accepted risk holds all the same.
    ///
    /// # Errors
    /// [`Fault`] if the store could not be written.
    pub async fn clear_failures(&self, recipient: &Recipient) -> Result<(), Fault> {
        if self.change(self.vault.ledger_name(recipient), Ledger::clear_failures).await? {
            self.observe(|| Event::FailuresCleared { recipient: recipient.masked() });
        }
        Ok(())
    }

    /// Applies a change to a ledger; whether there was anything to change.
    async fn change(&self, entry: Name, change: impl Fn(Ledger) -> Option<Ledger>) -> Result<bool, Fault> {
        let mut draw = self.draw(NONCE_BYTES);
        let rule = |ledger: Option<Ledger>, _: Moment, _: &mut Draw<'_>| {
            Ok(ledger.and_then(&change).map_or(Step::Keep(false), |ledger| Step::Write(ledger, true)))
        };
        Ok(self.update(entry, &mut draw, rule).await?.0)
    }

    fn status_of(&self, challenge: &Challenge, otp_id: OtpId, now: Timestamp) -> Status {
        Status {
            otp_id,
            purpose: challenge.purpose.clone(),
            attempts_left: challenge.attempts_left,
            created_at: challenge.life.created,
            expires_at: challenge.life.end,
            length: challenge.length(self.policy(), now),
            deliveries: challenge.deliveries,
            resend_at: challenge.redelivery_at(now, self.policy()),
            delivery: challenge.reported,
        }
    }
}
