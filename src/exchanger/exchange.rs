//! A code comes back: `verify` proves it, `grant` turns the proof into tokens.

use super::draw::Draw;
use super::entries::Step;
use super::{ExchangeError, Exchanger, Fault, IssueTokensError};
use crate::crypto::NONCE_BYTES;
use crate::grant::{Grant, Principal, Role};
use crate::otp_id::OtpIdError;
use crate::ports::{CodeStore, Event, Notifier, Swap, TokenIssuer};
use crate::purpose::Purpose;
use crate::request::{AnswersTo, RequestError};
use crate::rules::{Attempt, Challenge, Ledger, Session, Verdict, checked_grant};
use crate::submission::{Named, Proof, Refused, Submission, SubmissionError};
use crate::tokens::{SessionId, Tokens};

/// A session's name and salt.
const SESSION_BYTES: usize = 16 + 16;

impl<S: CodeStore, N: Notifier, I: TokenIssuer> Exchanger<S, N, I> {
    /// Checks a submission and hands out tokens: [`verify`](Self::verify), then [`grant`](Self::grant).
    ///
    /// The tokens let their holder in whatever the code was for; [`Claims::purpose`](crate::Claims::purpose)
    /// says what it was. For a step-up, a payment say, use [`verify`](Self::verify) alone, which begins
    /// no session.
    ///
    /// # Errors
    /// [`ExchangeError::Refused`] for a wrong, expired, spent or unknown code; the others say what else was
    /// wrong.
    pub async fn exchange(&self, submission: Submission) -> Result<Tokens, ExchangeError> {
        let mut draw = self.draw(NONCE_BYTES + SESSION_BYTES + NONCE_BYTES);
        let proof = self.verify_with(submission, &mut draw).await?;
        self.grant_with(proof, &mut draw).await
    }

    /// Checks a submission. The attempt is charged, or the code used up, before the verdict is known to
    /// anybody.
    ///
    /// A right code makes every other one of the same recipient and purpose worth nothing, but for codes
    /// alone. Those that others asked for keep looking alive. So give each of several
    /// transactions at a time a purpose of its own.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    pub async fn verify(&self, submission: Submission) -> Result<Proof, ExchangeError> {
        self.verify_with(submission, &mut self.draw(NONCE_BYTES)).await
    }

    /// Turns a proof into tokens, and so into a session.
    ///
    /// # Errors
    /// [`ExchangeError::ForeignProof`], [`ExchangeError::Issuer`] or [`ExchangeError::Fault`]; the code is
    /// used up then.
    pub async fn grant(&self, proof: Proof) -> Result<Tokens, ExchangeError> {
        self.grant_with(proof, &mut self.draw(SESSION_BYTES + NONCE_BYTES)).await
    }

    async fn verify_with(&self, submission: Submission, draw: &mut Draw<'_>) -> Result<Proof, ExchangeError> {
        let Submission { named, typed, purposes, mut context, client } = submission;
        let purposes: Vec<_> =
            purposes.into_iter().collect::<Result<_, _>>().map_err(SubmissionError::from)?;
        if purposes.is_empty() {
            return Err(SubmissionError::NoPurpose.into());
        }
        context.check().map_err(SubmissionError::from)?;
        let typed = &self.policy().read(&typed)?;
        let (entry, id, named) = match named {
            Named::Recipient(recipient) => (self.vault.ledger_name(&recipient), None, AnswersTo::Recipient),
            Named::OtpId(otp_id) => {
                let opened = self.vault.open_otp_id(&otp_id).map_err(OtpIdError::from);
                let (entry, id) = opened.map_err(SubmissionError::from)?;
                (entry, Some(id), AnswersTo::OtpId)
            }
            Named::Code if client.is_none() => return Err(SubmissionError::NoClient.into()),
            Named::Code => {
                let code = typed.as_kind(self.policy().otp.kind());
                (self.vault.code_name(&code), None, AnswersTo::Code)
            }
        };
        if let Some(refusal) = self.pay(self.price_of_check(client.as_ref())).await? {
            let (why, retry_after) = (refusal.why, refusal.retry_after(self.now()));
            self.observe(|| Event::SubmissionRefused { why, retry_after });
            return Err(ExchangeError::Wait { why, retry_after });
        }
        let context = self.vault.context_digest(&context);
        let attempt = Attempt { id, named, typed, purposes: &purposes, context };
        let verdict = self.update(entry, draw, |ledger: Option<Ledger>, at, _| {
            let Some(ledger) = ledger else { return Ok(Step::Keep(Verdict::NoneLive)) };
            Ok(match ledger.submit(at, &attempt, self.policy()) {
                (_, Verdict::NoneLive) => Step::Keep(Verdict::NoneLive),
                (ledger, verdict) => Step::Write(ledger, verdict),
            })
        });
        let (verdict, _) = verdict.await?;
        // Read again: this process may have slept between judging and writing, and the code died meanwhile.
        let now = self.now();
        let verdict = match verdict {
            Verdict::Right(challenge) if !challenge.life.contains(now) => Verdict::NoneLive,
            verdict => verdict,
        };
        self.observe(|| seen(&verdict));
        let attempts_left = match verdict {
            Verdict::Right(challenge) => return Ok(self.prove(*challenge)),
            Verdict::Wrong { attempts_left, life, .. } if life.contains(now) => attempts_left,
            Verdict::Wrong { .. } | Verdict::NoneLive => 0,
        };
        Err(Refused { attempts_left: id.map(|_| attempts_left) }.into())
    }

    fn prove(&self, challenge: Challenge) -> Proof {
        let recipient = challenge.recipient.clone();
        let subject = challenge.grant.subject.clone().unwrap_or_else(|| recipient.canonical());
        Proof {
            subject,
            recipient,
            purpose: challenge.purpose,
            grant: challenge.grant,
            realm: self.vault.realm,
        }
    }

    async fn grant_with(&self, proof: Proof, draw: &mut Draw<'_>) -> Result<Tokens, ExchangeError> {
        if proof.realm != self.vault.realm {
            return Err(ExchangeError::ForeignProof);
        }
        let Proof { subject, purpose, mut grant, .. } = proof;
        let redirect_url = grant.redirect_url.take();
        let (id, session) = self.begin(subject, purpose, grant, None, draw).await?;
        Ok(Tokens { redirect_url, ..self.tokens(id, session).await? })
    }

    /// Issues tokens for a subject without any code, on behalf of an administrator or developer: for support,
    /// for service accounts, for tests. The session's [purpose](crate::Claims::purpose) is
    /// [`Purpose::ISSUED`].
    ///
    /// It has nothing to do with codes, and no submission, whatever it lacks, leads here. The grant names its
    /// subject, and every scope it shall have: none is taken from the principal, who has to hold each.
    ///
    /// # Errors
    /// [`IssueTokensError::Request`] if the principal may not, or something about the grant is wrong; the
    /// others say what failed.
    pub async fn issue_tokens(&self, acting: &Principal, grant: Grant) -> Result<Tokens, IssueTokensError> {
        if acting.role == Role::User {
            return Err(RequestError::NotAdministrator.into());
        }
        // A grant without scopes would take all of the principal's, who is somebody else here.
        let holder = Some(acting).filter(|_| !grant.scopes.is_empty());
        let mut grant = checked_grant(grant, holder, self.policy())?;
        let redirect_url = grant.redirect_url.take();
        let subject = grant.subject.clone().ok_or(RequestError::Subject)?;
        let mut draw = self.draw(SESSION_BYTES + NONCE_BYTES);
        let (id, session) = self.begin(subject, Purpose::ISSUED, grant, Some(acting), &mut draw).await?;
        Ok(Tokens { redirect_url, ..self.tokens(id, session).await? })
    }

    /// Begins a session.
    async fn begin(
        &self,
        subject: String,
        purpose: Purpose,
        grant: Grant,
        by: Option<&Principal>,
        draw: &mut Draw<'_>,
    ) -> Result<(SessionId, Session), Fault> {
        let (id, salt) = (SessionId(draw.take()?), draw.take()?);
        let session = Session::start(salt, subject, purpose, grant, self.policy(), self.now());
        // Better no session than one that is shared.
        if self.write(self.vault.session_name(id), None, draw.take()?, &session).await? == Swap::Conflict {
            return Err(Fault::Repeated);
        }
        self.observe(|| Event::Exchanged {
            session: id,
            purpose: session.purpose.clone(),
            by: by.map(Principal::masked),
        });
        Ok((id, session))
    }
}

/// What an observer learns of a verdict.
fn seen(verdict: &Verdict) -> Event {
    match verdict {
        Verdict::NoneLive => Event::NoneLive,
        Verdict::Wrong { attempts_left, recipient, .. } => {
            Event::Wrong { recipient: recipient.masked(), attempts_left: *attempts_left }
        }
        Verdict::Right(challenge) => {
            Event::Verified { recipient: challenge.recipient.masked(), purpose: challenge.purpose.clone() }
        }
    }
}
