//! The verifier: for services that check tokens and make none.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use otp_exchange::{Claims, Clock, SystemClock};

use crate::audience::Audience;
use crate::check::Check;
use crate::error::{BuildError, VerifyError};
use crate::keys::VerifyingKey;

/// How far the issuer's clock may be ahead; the exchanger's own slack.
const CLOCK_SLACK: Duration = Duration::from_secs(30);
const MOST_LEEWAY: Duration = Duration::from_secs(60);

/// Checks access tokens of a [`JwtIssuer`](crate::JwtIssuer), without asking it. Cheap to clone.
///
/// A revoked session shows only when its token runs out: after 10 minutes at most, by default.
#[derive(Clone)]
pub struct JwtVerifier {
    check: Arc<Check>,
    clock: Arc<dyn Clock>,
    leeway: Duration,
}

impl JwtVerifier {
    /// A verifier of tokens by that issuer, for that audience, signed with one of these keys: a
    /// [`Jwks`](crate::Jwks), or [`VerifyingKey::hs256`].
    ///
    /// When the issuer publishes other keys, build another verifier.
    ///
    /// The audience is a text, the verifier's own name: one that the token may name itself would let the
    /// tokens of every other application in (RFC 8725 section 3.9).
    pub fn builder(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        keys: impl IntoIterator<Item = VerifyingKey>,
    ) -> VerifierBuilder {
        VerifierBuilder {
            issuer: issuer.into(),
            audience: Audience::from(audience),
            keys: keys.into_iter().collect(),
            clock: Arc::new(SystemClock),
            leeway: Duration::ZERO,
        }
    }

    /// What a token says about its holder.
    ///
    /// # Errors
    /// [`VerifyError::Unknown`] unless all of signature, algorithm, type, issuer and audience are as they
    /// should be and no claim is missing; [`VerifyError::Expired`] and [`VerifyError::NotYet`] if it is
    /// genuine and not of now.
    pub fn verify(&self, token: &str) -> Result<Claims, VerifyError> {
        let claims = self.check.read(token).ok_or(VerifyError::Unknown)?;
        let now = self.clock.now();
        if claims.expires_at.saturating_add(self.leeway) <= now {
            Err(VerifyError::Expired)
        } else if claims.issued_at.saturating_sub(self.leeway.max(CLOCK_SLACK)) > now {
            Err(VerifyError::NotYet)
        } else {
            Ok(claims)
        }
    }
}

impl fmt::Debug for JwtVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtVerifier")
            .field("check", &self.check)
            .field("leeway", &self.leeway)
            .finish_non_exhaustive()
    }
}

/// Puts a [`JwtVerifier`] together.
#[must_use]
pub struct VerifierBuilder {
    issuer: String,
    audience: Audience,
    keys: Vec<VerifyingKey>,
    clock: Arc<dyn Clock>,
    leeway: Duration,
}

impl VerifierBuilder {
    /// How long a token is still taken after it has run out, for clocks that are apart: 0 unless said, at
    /// most 60 seconds. That the issuer's clock is up to 30 seconds ahead is allowed for always.
    pub fn leeway(self, leeway: Duration) -> Self {
        Self { leeway, ..self }
    }

    /// Where time comes from, unless from the system.
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// The verifier.
    ///
    /// # Errors
    /// [`BuildError`] if issuer or audience is not 1 to 255 bytes without control characters, there is no
    /// key, two have the same id, or the leeway is more than 60 seconds.
    pub fn build(self) -> Result<JwtVerifier, BuildError> {
        let Self { issuer, audience, keys, clock, leeway } = self;
        if leeway > MOST_LEEWAY {
            return Err(BuildError::Leeway);
        }
        Ok(JwtVerifier { check: Arc::new(Check::new(keys, issuer, audience)?), clock, leeway })
    }
}

impl fmt::Debug for VerifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, audience, keys, leeway, .. } = self;
        f.debug_struct("VerifierBuilder")
            .field("issuer", issuer)
            .field("audience", audience)
            .field("keys", keys)
            .field("leeway", leeway)
            .finish_non_exhaustive()
    }
}
