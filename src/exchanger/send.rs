//! A code goes out: `issue` makes it, `deliver` sends it, now or again.

use super::draw::Draw;
use super::entries::Step;
use super::letter::Letter;
use super::quotas::Price;
use super::{Exchanger, Fault, SendError};
use crate::crypto::{ChallengeId, NONCE_BYTES, Name};
use crate::grant::Principal;
use crate::message::Message;
use crate::otp_id::{OtpId, OtpIdError};
use crate::ports::{Accepted, CodeStore, Event, Notifier, NotifyError, Swap, TokenIssuer};
use crate::purpose::Purpose;
use crate::receipt::Receipt;
use crate::recipient::Recipient;
use crate::request::{AnswersTo, Request, RequestError};
use crate::rules::{Challenge, Draft, Drawn, Ledger, Moment, Refusal};
use crate::timestamp::Timestamp;

/// A challenge as it was stored, on its way out.
struct Outgoing {
    receipt: Receipt,
    /// For the recipient, and for the fallback if there is one; none if there is nothing to send (yet).
    messages: [Option<Message>; 2],
    entry: Name,
    id: ChallengeId,
    deliveries: u8,
    price: Price,
}

/// What became of a request.
struct Admitted {
    outgoing: Box<Outgoing>,
    /// To be stored in an entry of its own.
    alone: Option<Box<Challenge>>,
    /// Whether the same request came before.
    repeated: bool,
    lengthened: bool,
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
        if request.answers_to == AnswersTo::Code {
            return Err(RequestError::AloneIsSent.into());
        }
        Ok(self.admit(request, false).await?.receipt)
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
    /// [`SendError::OtpId`] and [`SendError::Gone`] if there is no such code, [`SendError::NotAgain`] if it
    /// answers to nothing but itself, else as [`send`](Self::send).
    pub async fn deliver(&self, otp_id: &OtpId) -> Result<Receipt, SendError> {
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
        let price = |outgoing: &Result<Box<Outgoing>, SendError>| match outgoing {
            Ok(outgoing) if outgoing.deliveries > 1 => outgoing.price.clone(),
            _ => Price::new(),
        };
        let refused = |refusal, now| Err(wait(refusal, now));
        let outgoing = self.update_paid(entry, &mut draw, rule, price, refused).await?;
        if let Err(SendError::Wait { why, retry_after }) = outgoing {
            self.observe(|| Event::DeliveryRefused { why, retry_after });
        }
        self.hand_over(outgoing?).await
    }

    /// Admits a request to its recipient's ledger, its first delivery claimed or not.
    async fn admit(&self, mut request: Request, claimed: bool) -> Result<Box<Outgoing>, SendError> {
        let client = request.client.take().map(|client| self.client_tag(&client));
        let key = request.idempotency_key.clone();
        let by = request.principal.as_ref().map(Principal::masked);
        let mut draft = Draft::check(request, self.policy(), self.catalogue())?;
        draft.client = client;
        let made_for = match key {
            None => None,
            Some(key) => Some(self.vault.request_digest(&draft.identity(&key)).map_err(|_| Fault::TooLarge)?),
        };
        let entry = self.vault.ledger_name(&draft.recipient);
        let context = self.vault.context_digest(&draft.context);
        let price = self.price_of_message(client, &draft.recipient);
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
            let admitted = match ledger.admit(at, &draft, self.policy()) {
                Err(refusal) => return Ok(Step::Keep(Err(wait(refusal, at.now)))),
                Ok(admitted) => admitted,
            };
            let id = draw.take()?;
            let nonce = draw.take()?;
            let code = admitted.otp.generate(draw)?;
            let lengthened = admitted.otp.length() > draft.otp.length();
            let alone = draft.answers_to == AnswersTo::Code;
            let home = if alone { self.vault.code_name(&code) } else { entry };
            let drawn = Drawn { id, code, kind: admitted.otp.kind(), context, made_for };
            let mut challenge = Challenge::new(&draft, drawn, at.now);
            if claimed {
                challenge.deliver(at.now);
            }
            let otp_id = self.vault.otp_id(home, &id, nonce);
            let outgoing = self.outgoing(&challenge, home, otp_id, at.now);
            let (ledger, alone) = if alone {
                (admitted.without(), Some(Box::new(challenge)))
            } else {
                (admitted.with(challenge), None)
            };
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
        if let Some(challenge) = alone {
            let ledger = Ledger::of_one(*challenge);
            // Better no code than one that two people have.
            if self.write(outgoing.entry, None, draw.take()?, &ledger).await? == Swap::Conflict {
                return Err(Fault::Repeated.into());
            }
        }
        self.observe(|| {
            let Draft { recipient, purpose, decoy, .. } = draft;
            let (channel, address) = (recipient.channel(), recipient.address());
            let fixed = self.policy().fixed_code(channel, address, self.now()).is_some();
            Event::Requested {
                recipient: recipient.masked(),
                purpose,
                by,
                repeated,
                lengthened,
                decoy,
                fixed,
            }
        });
        Ok(outgoing)
    }

    /// What goes out for a challenge.
    fn outgoing(&self, challenge: &Challenge, entry: Name, otp_id: OtpId, now: Timestamp) -> Box<Outgoing> {
        let letter = Letter::new(challenge, otp_id, now, self.policy(), self.catalogue());
        let mut outgoing = self.unsent(&letter, challenge, entry, otp_id, now);
        if challenge.deliveries > 0 {
            let delivery_id = self.vault.delivery_id(entry, &challenge.id);
            if !challenge.decoy && !letter.is_fixed {
                let text = outgoing.receipt.text.clone();
                let fallback = challenge.fallback().map(|email| (letter.text(&email), email));
                outgoing.messages = [Some((text, challenge.recipient())), fallback]
                    .map(|one| one.map(|(text, recipient)| letter.message(recipient, text, delivery_id)));
            }
        }
        outgoing
    }

    /// The same, and nothing goes out.
    fn unsent(
        &self,
        letter: &Letter<'_>,
        challenge: &Challenge,
        entry: Name,
        otp_id: OtpId,
        now: Timestamp,
    ) -> Box<Outgoing> {
        let recipient = challenge.recipient();
        let price = if challenge.deliveries > 1 {
            self.price_of_message(challenge.client, &recipient)
        } else {
            Price::new()
        };
        let receipt = Receipt {
            otp_id,
            attempts: challenge.attempts_left,
            lifetime: letter.lifetime,
            expires_at: challenge.life.end,
            resend_at: challenge.redelivery_at(now, self.policy()),
            length: letter.code.length(),
            channel: recipient.channel(),
            message_id: None,
            total_messages: None,
            code: letter.code.duplicate(),
            text: letter.text(&recipient),
        };
        let (id, deliveries) = (challenge.id, challenge.deliveries);
        Box::new(Outgoing { receipt, messages: [None, None], entry, id, deliveries, price })
    }

    /// Hands the message to the notifier; where that fails at once, the one with the same code for the other
    /// address. If neither can ever arrive and nobody can have got the code, the code is voided. It keeps
    /// its place in the ledger, else a failing address would be a way around the limits, and show that
    /// somebody is behind it.
    async fn hand_over(&self, outgoing: Box<Outgoing>) -> Result<Receipt, SendError> {
        let Outgoing { mut receipt, messages, entry, id, deliveries, .. } = *outgoing;
        let mut failed: Option<(NotifyError, Recipient, Purpose)> = None;
        for message in messages.into_iter().flatten() {
            if let Some((error, recipient, purpose)) = &failed {
                if error.may_have_arrived() {
                    break;
                }
                let (recipient, purpose) = (recipient.masked(), purpose.clone());
                self.observe(|| Event::NotHandedOver { recipient, purpose, voided: false });
            }
            let answer = self.notifier.notify(&message).await;
            // Events show it, and never a code or a whole address.
            let name = |accepted: Accepted| {
                accepted.message_id().filter(|id| !message.is_told_by(id)).map(str::to_owned)
            };
            let answer = answer.map(name);
            let Message { recipient, purpose, text, .. } = message;
            let error = match answer {
                Err(error) => error,
                Ok(message_id) => {
                    receipt.message_id.clone_from(&message_id);
                    if failed.is_some() {
                        receipt.replace(text, recipient.channel());
                    }
                    let recipient = recipient.masked();
                    self.observe(|| Event::HandedOver { recipient, purpose, deliveries, message_id });
                    return Ok(receipt);
                }
            };
            let error = match failed.take() {
                Some((first, ..)) => first.then(error),
                None => error,
            };
            failed = Some((error, recipient, purpose));
        }
        let Some((source, recipient, purpose)) = failed else { return Ok(receipt) };
        let voided = deliveries == 1 && source.is_permanent() && self.void(entry, id).await;
        self.observe(|| Event::NotHandedOver { recipient: recipient.masked(), purpose, voided });
        if voided {
            return Err(SendError::Undeliverable(source));
        }
        Err(SendError::Undelivered { receipt: Box::new(receipt), source })
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
        matches!(voided.await, Ok(true))
    }
}

fn wait(refusal: Refusal, now: Timestamp) -> SendError {
    let Refusal { why, .. } = refusal;
    SendError::Wait { why, retry_after: refusal.retry_after(now) }
}
