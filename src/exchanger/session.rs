//! Tokens in use: authenticate, refresh, revoke.

use super::draw::Draw;
use super::entries::Step;
use super::{Exchanger, Fault, TokenError};
use crate::crypto::{MalformedToken, NONCE_BYTES, Presented, TokenKind, TokenName};
use crate::ports::{CodeStore, Event, IssuerError, Notifier, Recognised, TokenIssuer};
use crate::rules::{Life, Moment, Refreshed, Session, Subject};
use crate::timestamp::Timestamp;
use crate::tokens::{Claims, SessionId, Tokens};

impl<S: CodeStore, N: Notifier, I: TokenIssuer> Exchanger<S, N, I> {
    /// What an access token says about its holder. One load, nothing is written.
    ///
    /// Tokens are good whatever code they came from: where that matters, look at [`Claims::purpose`].
    ///
    /// # Errors
    /// [`TokenError::Refused`] if it is expired, revoked or unknown.
    pub async fn authenticate(&self, access_token: &str) -> Result<Claims, TokenError> {
        match self.issuer.recognise(access_token).await? {
            Recognised::Unknown => Err(TokenError::Refused),
            Recognised::Claims(claims) => {
                let life = Life { created: claims.issued_at, end: claims.expires_at };
                if life.is_good(self.moment()) { Ok(claims) } else { Err(TokenError::Refused) }
            }
            Recognised::Reference => {
                let presented = Presented::read(access_token)?;
                let TokenName { kind, session: id, generation } = presented.name;
                if kind != TokenKind::Access {
                    return Err(MalformedToken::NotAccess.into());
                }
                let Some((session, _)) = self.load::<Session>(self.vault.session_name(id)).await? else {
                    return Err(TokenError::Refused);
                };
                if !self.vault.is_genuine(&presented, &session.salt) {
                    return Err(TokenError::Refused);
                }
                let life = session.access(self.moment(), generation, self.policy().refresh_grace);
                Ok(claims(id, session, life.ok_or(TokenError::Refused)?))
            }
        }
    }

    /// The same, and refused as well if [all sessions of its subject](Self::revoke_subject) were taken back
    /// since: one more load. For what must not happen in the minutes until an access token runs out.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    pub async fn authenticate_strictly(&self, access_token: &str) -> Result<Claims, TokenError> {
        let claims = self.authenticate(access_token).await?;
        if self.lets(&claims.subject, claims.issued_at).await? {
            Ok(claims)
        } else {
            Err(TokenError::Refused)
        }
    }

    /// Whether what began then has not ended with all sessions of its subject.
    async fn lets(&self, subject: &str, began: Timestamp) -> Result<bool, Fault> {
        let subject = self.load::<Subject>(self.vault.subject_name(subject)).await?;
        Ok(subject.is_none_or(|(subject, _)| subject.lets(began)))
    }

    /// Takes back every session of a subject, also of a recipient that is its own subject (then it is its
    /// canonical address). Their access tokens live on until they run out, 10 minutes at most by default,
    /// except where [`authenticate_strictly`](Self::authenticate_strictly) asks.
    ///
    /// Clocks of processes may be 30 seconds apart, so sessions begun within 30 seconds afterwards end
    /// likewise; whoever signs in later begins one that lasts.
    ///
    /// # Errors
    /// [`Fault`] if the store could not be written.
    pub async fn revoke_subject(&self, subject: &str) -> Result<(), Fault> {
        let mut draw = self.draw(NONCE_BYTES);
        let revoke =
            |before, at: Moment, _: &mut Draw<'_>| Ok(Step::Write(Subject::revoke(before, at.now), ()));
        self.update(self.vault.subject_name(subject), &mut draw, revoke).await?;
        self.observe(|| Event::SubjectRevoked);
        Ok(())
    }

    /// Exchanges a refresh token for the next pair of tokens. It works once; for a short grace the same pair
    /// can be fetched again with it, by a client that lost the reply. Any later use is a theft, and ends
    /// the whole family (RFC 9700 section 4.14.2).
    ///
    /// # Errors
    /// [`TokenError::Refused`] if it is expired, used, revoked or unknown.
    pub async fn refresh(&self, refresh_token: &str) -> Result<Tokens, TokenError> {
        self.refresh_for(refresh_token, &[]).await
    }

    /// The same for a client that names scopes (RFC 6749 section 6). Asked for one that the session does not
    /// hold, it refuses, and the refresh token is not used up. Whoever asks for fewer gets all of them:
    /// [`Claims::scopes`] says which.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh), and [`TokenError::ScopeNotHeld`].
    pub async fn refresh_for(&self, refresh_token: &str, scopes: &[&str]) -> Result<Tokens, TokenError> {
        let presented = Presented::read(refresh_token)?;
        let TokenName { kind, session: id, generation } = presented.name;
        if kind != TokenKind::Refresh {
            return Err(MalformedToken::NotRefresh.into());
        }
        let lacks =
            |session: &Session| scopes.iter().any(|wanted| !session.scopes.iter().any(|held| held == wanted));
        let mut draw = self.draw(NONCE_BYTES);
        let refreshed =
            self.update(self.vault.session_name(id), &mut draw, |session: Option<Session>, at, _| {
                let genuine = session.filter(|session| self.vault.is_genuine(&presented, &session.salt));
                let Some(session) = genuine else { return Ok(Step::Keep((Refreshed::Dead, None))) };
                Ok(match session.refresh(at, generation, self.policy().refresh_grace) {
                    (session, Refreshed::Next | Refreshed::Again) if lacks(&session) => {
                        Step::Keep((Refreshed::Dead, Some(session)))
                    }
                    (session, Refreshed::Again) => Step::Keep((Refreshed::Again, Some(session))),
                    (session, refreshed @ (Refreshed::Next | Refreshed::Replayed)) => {
                        Step::Write(session, (refreshed, None))
                    }
                    (_, Refreshed::Dead) => Step::Keep((Refreshed::Dead, None)),
                })
            });
        let ((refreshed, kept), written) = refreshed.await?;
        if refreshed == Refreshed::Replayed {
            self.observe(|| Event::Reused { session: id });
            return Err(TokenError::Refused); // what was written is a tombstone
        }
        let session = written.or(kept).ok_or(TokenError::Refused)?;
        // After the write, so that whoever took all of the subject's sessions back before this is told is
        // heard. The clock is read again: this process may have slept between judging and writing.
        let let_in = self.lets(&session.subject, session.started()).await?;
        if !let_in || !session.is_refreshable(self.moment()) {
            return Err(TokenError::Refused);
        }
        if lacks(&session) {
            return Err(TokenError::ScopeNotHeld);
        }
        if refreshed == Refreshed::Next {
            self.observe(|| Event::Refreshed { session: id });
        }
        Ok(self.tokens(id, session).await?)
    }

    /// Takes back one token. An access token is dead at once; without its refresh token a session runs out
    /// with its access token. Logging out is [`revoke_family`](Self::revoke_family).
    ///
    /// A token that is unknown or dead already is no error (RFC 7009 section 2.2). A signed access token
    /// cannot be taken back alone; its family is.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] if it is no token in form; [`TokenError::Fault`] if the store could not be
    /// written.
    pub async fn revoke(&self, token: &str) -> Result<(), TokenError> {
        self.revoke_by(token, |session, named| match named {
            Some(TokenName { kind, generation, .. }) => session.revoke(*kind, *generation),
            None => session.revoke_family(),
        })
        .await
    }

    /// Takes back every token of the family this one belongs to, whichever of them it is. Takes expired ones
    /// too.
    ///
    /// # Errors
    /// As [`revoke`](Self::revoke).
    pub async fn revoke_family(&self, token: &str) -> Result<(), TokenError> {
        self.revoke_by(token, |session, _| session.revoke_family()).await
    }

    async fn revoke_by(
        &self,
        token: &str,
        rule: impl Fn(Session, Option<&TokenName>) -> Option<Session>,
    ) -> Result<(), TokenError> {
        // Refresh tokens are always ours in form; an access token may be the issuer's.
        let (id, presented) = match Presented::read(token) {
            Ok(presented) => (presented.name.session, Some(presented)),
            Err(malformed) => match self.issuer.recognise(token).await? {
                Recognised::Claims(claims) => (claims.session, None),
                Recognised::Reference => return Err(malformed.into()),
                Recognised::Unknown => return Ok(()),
            },
        };
        let mut draw = self.draw(NONCE_BYTES);
        let revoked =
            self.update(self.vault.session_name(id), &mut draw, |session: Option<Session>, _, _| {
                let named = presented.as_ref();
                let genuine =
                    |session: &Session| named.is_none_or(|token| self.vault.is_genuine(token, &session.salt));
                let after =
                    session.filter(genuine).and_then(|session| rule(session, named.map(|token| &token.name)));
                Ok(after.map_or(Step::Keep(false), |session| Step::Write(session, true)))
            });
        if revoked.await?.0 {
            self.observe(|| Event::Revoked { session: id });
        }
        Ok(())
    }

    /// The tokens of the session's present generation; computed again they are the same.
    pub(super) async fn tokens(&self, id: SessionId, session: Session) -> Result<Tokens, IssuerError> {
        let token = |kind| {
            let name = TokenName { kind, session: id, generation: session.generation };
            self.vault.token(&name, &session.salt)
        };
        let reference = token(TokenKind::Access);
        let refresh_expires_at = session.refresh_end();
        let refresh = refresh_expires_at.map(|_| token(TokenKind::Refresh));
        let life = Life { created: session.issued, end: session.access_end() };
        let claims = claims(id, session, life);
        let access = self.issuer.issue(&claims, reference).await?;
        let expires_in = self.now().until(life.end);
        Ok(Tokens { access, refresh, expires_in, refresh_expires_at, claims, redirect_url: None })
    }
}

fn claims(id: SessionId, session: Session, life: Life) -> Claims {
    let Session { subject, scopes, purpose, metadata, .. } = session;
    let (issued_at, expires_at) = (life.created, life.end);
    Claims { subject, scopes, purpose, metadata, issued_at, expires_at, session: id }
}
