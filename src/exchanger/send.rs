//! A code is made, and its delivery counted: `prepare`, `issue`; `prepare_again` for one that is there.

use super::draw::Draw;
use super::entries::Step;
use super::letter::Letter;
use super::outgoing::Outgoing;
use super::quotas::Price;
use super::{Exchanger, Fault, SendError};
use crate::crypto::{ContextDigest, NONCE_BYTES, RequestDigest};
use crate::grant::Principal;
use crate::otp_id::{OtpId, OtpIdError};
use crate::ports::{CodeStore, Event, Notifier, Swap, TokenIssuer};
use crate::receipt::Receipt;
use crate::request::{AnswersTo, Request, RequestError};
use crate::rules::{Challenge, Draft, Drawn, Ledger, Moment, Refusal};
use crate::timestamp::Timestamp;

/// A request that was checked, and what stands for parts of it.
struct Asked {
    draft: Draft,
    /// The principal who asks, masked.
    by: Option<String>,
    made_for: Option<RequestDigest>,
    context: ContextDigest,
}

/// What became of a request.
struct Admitted {
    outgoing: Outgoing,
    /// To be stored in an entry of its own.
    alone: Option<Box<Ledger>>,
    /// Whether the same request came before.
    repeated: bool,
    lengthened: bool,
}

impl<S: CodeStore, N: Notifier, I: TokenIssuer> Exchanger<S, N, I> {
    /// Makes a code and sends it: [`prepare`](Self::prepare), then [`hand_over`](Self::hand_over).
    ///
    /// # Errors
    /// [`SendError`]. If the message was not handed over but the code lives, the error carries the receipt.
    pub async fn send(&self, request: Request) -> Result<Receipt, SendError> {
        let outgoing = {
            let asked = self.ask(request)?;
            self.admit(&asked, true).await?
        };
        self.hand_over(outgoing).await
    }

    /// Makes a code and stores it as sent, in one load and one swap; its message is yours to
    /// [hand over](Self::hand_over). A public endpoint answers after this, and hands over behind the answer,
    /// so that the time a delivery takes tells nothing.
    ///
    /// # Errors
    /// [`SendError::Request`], [`SendError::Wait`] or [`SendError::Fault`]; then there is no new code.
    pub async fn prepare(&self, request: Request) -> Result<Outgoing, SendError> {
        let asked = self.ask(request)?;
        self.admit(&asked, true).await
    }

    /// Makes a code and stores it; nothing is sent yet. Whoever has the keyring and the store, another process
    /// say, [delivers](Self::deliver) it by its otp id.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub async fn issue(&self, request: Request) -> Result<Receipt, SendError> {
        if request.answers_to == AnswersTo::Code {
            return Err(RequestError::AloneIsSent.into());
        }
        let asked = self.ask(request)?;
        Ok(self.admit(&asked, false).await?.into_receipt())
    }

    /// Sends the code of that otp id, from any process that has the keyring and the store. The first delivery
    /// of an issued code is paid for. Each later one sends the same code again; it waits for the send
    /// spacing after the one before, then for twice that, and so on to 15 minutes, and counts as a message
    /// of whoever asked for the code. Sending again neither prolongs the code's life nor gives fresh
    /// attempts.
    ///
    /// For a decoy all of it happens but the message, and likewise for a test recipient, and for a code that
    /// is worth nothing any more: its first message never can arrive, or another of its purpose was
    /// right.
    ///
    /// # Errors
    /// As [`prepare_again`](Self::prepare_again), and as [`send`](Self::send).
    pub async fn deliver(&self, otp_id: &OtpId) -> Result<Receipt, SendError> {
        let outgoing = self.prepare_again(otp_id).await?;
        self.hand_over(outgoing).await
    }

    /// The first half of [`deliver`](Self::deliver): the delivery is counted, and its message yours to
    /// [hand over](Self::hand_over).
    ///
    /// # Errors
    /// [`SendError::OtpId`] and [`SendError::Gone`] if there is no such code, [`SendError::NotAgain`] if it
    /// answers to nothing but itself, [`SendError::Wait`] or [`SendError::Fault`].
    pub async fn prepare_again(&self, otp_id: &OtpId) -> Result<Outgoing, SendError> {
        let (entry, id) = self.vault.open_otp_id(otp_id).map_err(OtpIdError::from)?;
        let mut draw = self.draw(NONCE_BYTES);
        let rule = |ledger: Option<Ledger>, at: Moment, _: &mut Draw<'_>| {
            let view = |challenge: &Challenge| self.outgoing(challenge, entry, *otp_id, at.now);
            if ledger.as_ref().is_some_and(|ledger| ledger.is_sent_once(&id)) {
                return Ok(Step::Keep(Err(SendError::NotAgain)));
            }
            Ok(match ledger.and_then(|ledger| ledger.claim_delivery(at, &id, self.policy(), view)) {
                None => Step::Keep(Err(SendError::Gone)),
                Some(Err(refusal)) => Step::Keep(Err(wait(refusal, at.now))),
                Some(Ok((ledger, outgoing))) => Step::Write(ledger, Ok(outgoing)),
            })
        };
        let price = |outgoing: &Result<Outgoing, SendError>| match outgoing {
            Ok(outgoing) if outgoing.deliveries() > 1 => outgoing.price(),
            _ => Price::new(),
        };
        let refused = |refusal, now| Err(wait(refusal, now));
        let outgoing = self.update_paid(entry, &mut draw, rule, price, refused).await?;
        if let Err(SendError::Wait { why, retry_after }) = outgoing {
            self.observe(|| Event::DeliveryRefused { why, retry_after });
        }
        outgoing
    }

    /// Checks a request, and makes what stands for parts of it.
    fn ask(&self, mut request: Request) -> Result<Asked, SendError> {
        let client = request.client.take().map(|client| self.client_tag(&client));
        let key = request.idempotency_key.clone();
        let by = request.principal.as_ref().map(Principal::masked);
        let mut draft = Draft::check(request, self.policy(), self.catalogue())?;
        draft.client = client;
        let made_for = match key {
            None => None,
            Some(key) => Some(self.vault.request_digest(&draft.identity(&key)).map_err(|_| Fault::TooLarge)?),
        };
        let context = self.vault.context_digest(&draft.context);
        Ok(Asked { draft, by, made_for, context })
    }

    /// Admits a request to its recipient's ledger, its first delivery claimed or not.
    async fn admit(&self, asked: &Asked, claimed: bool) -> Result<Outgoing, SendError> {
        let Asked { draft, by, made_for, context } = asked;
        let entry = self.vault.ledger_name(&draft.recipient);
        let price = self.price_of_message(draft.client, &draft.recipient);
        // Challenge id, nonces, and a byte for each character of the code with a few for those that are
        // rejected.
        let nonces = if draft.answers_to == AnswersTo::Code { 3 } else { 2 };
        let mut draw = self.draw(16 + nonces * NONCE_BYTES + usize::from(draft.otp.length()) + 4);
        let rule = |ledger: Option<Ledger>, at: Moment, draw: &mut Draw<'_>| {
            let ledger = ledger.unwrap_or_default();
            if let Some(challenge) = made_for.as_ref().and_then(|digest| ledger.made_for(at, digest)) {
                let otp_id = self.vault.otp_id(entry, &challenge.id, draw.take()?);
                let letter = Letter::new(challenge, otp_id, at.now, self.policy(), self.catalogue());
                let outgoing = self.unsent(&letter, challenge, entry, otp_id, at.now);
                return Ok(Step::Keep(Ok(Admitted {
                    outgoing,
                    alone: None,
                    repeated: true,
                    lengthened: false,
                })));
            }
            let admitted = match ledger.admit(at, draft, self.policy()) {
                Err(refusal) => return Ok(Step::Keep(Err(wait(refusal, at.now)))),
                Ok(admitted) => admitted,
            };
            let id = draw.take()?;
            let nonce = draw.take()?;
            let code = admitted.otp.generate(draw)?;
            let lengthened = admitted.otp.length() > draft.otp.length();
            let mut ledger = admitted.ledger;
            let mut alone = (draft.answers_to == AnswersTo::Code).then(Box::<Ledger>::default);
            let home = if alone.is_some() { self.vault.code_name(&code) } else { entry };
            let kind = admitted.otp.kind();
            let drawn = Drawn { id, code, kind, context: *context, made_for: *made_for };
            let challenge = Challenge::new(draft, drawn, at.now);
            let challenge = alone.as_deref_mut().unwrap_or(&mut ledger).hold(challenge);
            if claimed {
                challenge.deliver(at.now);
            }
            let otp_id = self.vault.otp_id(home, &id, nonce);
            let outgoing = self.outgoing(challenge, home, otp_id, at.now);
            Ok(Step::Write(ledger, Ok(Admitted { outgoing, alone, repeated: false, lengthened })))
        };
        let refused = |refusal, now| Err(wait(refusal, now));
        let admitted = self.update_paid(entry, &mut draw, rule, |_| price.clone(), refused).await?;
        if let Err(SendError::Wait { why, retry_after }) = admitted {
            let (recipient, purpose) = (&draft.recipient, &draft.purpose);
            self.observe(|| Event::RequestRefused {
                recipient: recipient.masked(),
                purpose: purpose.clone(),
                why,
                retry_after,
            });
        }
        let Admitted { outgoing, alone, repeated, lengthened } = admitted?;
        if let Some(ledger) = alone {
            // Better no code than one that two people have.
            if self.write(outgoing.entry(), None, draw.take()?, &*ledger).await? == Swap::Conflict {
                return Err(Fault::Repeated.into());
            }
        }
        self.observe(|| {
            let Draft { recipient, purpose, decoy, .. } = draft;
            Event::Requested {
                recipient: recipient.masked(),
                purpose: purpose.clone(),
                by: by.clone(),
                repeated,
                lengthened,
                decoy: *decoy,
                fixed: self.policy().fixed_code(recipient, self.now()).is_some(),
            }
        });
        Ok(outgoing)
    }
}

fn wait(refusal: Refusal, now: Timestamp) -> SendError {
    let Refusal { why, .. } = refusal;
    SendError::Wait { why, retry_after: refusal.retry_after(now) }
}
