//! Which policies make sense.

use std::time::Duration;

use super::{AtLimit, MAX_ATTEMPTS, MAX_CODE_LIFETIME, MAX_PUBLIC_LIFETIME, MAX_SEND_SPACING, Policy};
use crate::context::Field;
use crate::grant::MAX_TOKEN_LIFETIME;
use crate::otp::{Kind, Otp};
use crate::risk::{Bits, Risk};
use crate::url::is_safe_target;

impl Policy {
    /// Whether an exchanger can work by it.
    ///
    /// # Errors
    /// [`PolicyError`] names the knob, with the figures.
    pub fn check(&self) -> Result<(), PolicyError> {
        self.check_spans()?;
        self.check_formats()?;
        self.check_limits()?;
        self.check_alone()?;
        self.check_takeovers()?;
        if self.redirects.iter().all(|url| is_safe_target(url)) { Ok(()) } else { Err(PolicyError::Redirect) }
    }

    fn check_spans(&self) -> Result<(), PolicyError> {
        let second = Duration::from_secs(1);
        let block = match self.at_failure_limit {
            AtLimit::Block(block) => block,
            AtLimit::LongerCodes | AtLimit::Disable => second,
        };
        let spans = [
            ("longest_lifetime", self.longest_lifetime, second, MAX_CODE_LIFETIME),
            ("code_lifetime", self.code_lifetime, second, self.longest_lifetime),
            ("send_spacing", self.send_spacing, Duration::ZERO, MAX_SEND_SPACING),
            ("failure_limit", block, second, MAX_PUBLIC_LIFETIME),
            ("access_lifetime", self.access_lifetime, second, MAX_TOKEN_LIFETIME),
            ("refresh_idle", self.refresh_idle, second, MAX_TOKEN_LIFETIME),
            ("session_lifetime", self.session_lifetime, second, MAX_TOKEN_LIFETIME),
            ("refresh_grace", self.refresh_grace, Duration::ZERO, Duration::from_secs(300)),
        ];
        for (knob, given, least, most) in spans {
            if !(least..=most).contains(&given) {
                return Err(PolicyError::Span { knob, given, least, most });
            }
        }
        Ok(())
    }

    fn check_formats(&self) -> Result<(), PolicyError> {
        if !(1..=MAX_ATTEMPTS).contains(&self.attempts) {
            return Err(PolicyError::Attempts);
        }
        for format in &self.formats {
            let lengths = Otp::new(format.kind, format.shortest).and(Otp::new(format.kind, format.longest));
            if lengths.is_err() || format.shortest > format.longest {
                return Err(PolicyError::Format);
            }
        }
        if self.accepted_risk == Risk::NONE {
            return Err(PolicyError::AcceptedRisk);
        }
        for otp in self.formats() {
            let (kind, length) = (otp.kind(), otp.length());
            let risk = Risk::of_guesses(self.attempts, kind, length);
            if risk > self.accepted_risk {
                let accepted = self.accepted_risk;
                return Err(PolicyError::Risk { kind, length, attempts: self.attempts, risk, accepted });
            }
        }
        for field in &self.required {
            // No template has a place for a field of one's own; without one the catalogue has to show it.
            let shown = match self.otp.message_template() {
                Some(template) => template.shows(field),
                None => !matches!(field, Field::Other(_)),
            };
            if !shown {
                return Err(PolicyError::NotShown { field: field.clone() });
            }
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), PolicyError> {
        if !(1..=MAX_ATTEMPTS).contains(&self.failure_limit) {
            return Err(PolicyError::FailureLimit);
        }
        let quotas = [
            ("client_sends", self.client_sends),
            ("client_checks", self.client_checks),
            ("dial_code_sends", self.dial_code_sends),
            ("service_sends", self.service_sends),
        ];
        for (knob, quota) in quotas {
            if quota.is_some_and(|quota| !quota.is_sane()) {
                return Err(PolicyError::Quota { knob });
            }
        }
        for test in &self.test_recipients {
            let fits =
                |format: super::Format| test.code().fit(format.kind, format.shortest, format.longest).is_ok();
            if !self.accepted().any(fits) {
                return Err(PolicyError::TestRecipient);
            }
            // A code of any kind that a request may choose stands for the fixed one.
            let (length, attempts, accepted) = (test.code().length(), self.attempts, self.accepted_risk);
            for super::Format { kind, .. } in self.accepted() {
                let risk = Risk::of_guesses(attempts, kind, length);
                if risk > accepted {
                    return Err(PolicyError::Risk { kind, length, attempts, risk, accepted });
                }
            }
        }
        Ok(())
    }

    fn check_takeovers(&self) -> Result<(), PolicyError> {
        let Some(millionths) = self.accepted_takeovers else { return Ok(()) };
        #[allow(clippy::cast_precision_loss)] // compared with an average
        let accepted = millionths as f64 / 1e6;
        let expected = self.expected_takeovers_per_day().ok_or(PolicyError::TakeoversUnlimited)?;
        if expected > accepted {
            let (expected, accepted) = (format!("{expected:.2e}"), format!("{accepted:.2e}"));
            return Err(PolicyError::Takeovers { expected, accepted });
        }
        Ok(())
    }

    fn check_alone(&self) -> Result<(), PolicyError> {
        let Some(alone) = self.code_alone else { return Ok(()) };
        if self.client_checks.is_none() {
            return Err(PolicyError::AloneUnlimited);
        }
        let (needed, has) = (alone.needed_bits(self.longest_lifetime), self.otp.entropy_bits());
        if has < needed {
            return Err(PolicyError::AloneTooShort { needed: Bits::up(needed), has: Bits::down(has) });
        }
        Ok(())
    }
}

/// A policy that cannot be worked by: which knob, the figures, and what would mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// A span of time.
    #[error("policy: {knob} is {given:?}; must be from {least:?} to {most:?}")]
    Span {
        /// Which.
        knob: &'static str,
        /// What it is.
        given: Duration,
        /// The least it may be.
        least: Duration,
        /// The most it may be.
        most: Duration,
    },
    /// Attempts per code.
    #[error("policy: attempts must be from 1 to {MAX_ATTEMPTS}")]
    Attempts,
    /// An allowed format.
    #[error("policy: allow needs lengths from 1 to 20, the shortest first")]
    Format,
    /// The accepted risk.
    #[error("policy: accept_risk needs a probability above 0, at most 1")]
    AcceptedRisk,
    /// One code is easier to guess than what is accepted for a whole day.
    #[error(
        "policy: a code of {length} {kind:?} characters and {attempts} attempts is guessed with {risk}, and {accepted} is accepted; lengthen it with otp or allow, lower attempts, or accept_risk"
    )]
    Risk {
        /// The kind of code.
        kind: Kind,
        /// Its length.
        length: u8,
        /// How often it may be tried.
        attempts: u8,
        /// How likely it is guessed.
        risk: Risk,
        /// How likely it may be for one recipient and day.
        accepted: Risk,
    },
    /// More takeovers by a spray than are accepted.
    #[error(
        "policy: a spray takes over {expected} recipients a day, and {accepted} are accepted; lower service_sends or attempts, lengthen otp and what allow has, or raise accept_takeovers"
    )]
    Takeovers {
        /// How many there may be, on average.
        expected: String,
        /// How many are accepted.
        accepted: String,
    },
    /// Accepted takeovers, and no bound on sends.
    #[error("policy: accept_takeovers needs service_sends, which bounds a spray")]
    TakeoversUnlimited,
    /// The failure limit.
    #[error("policy: failure_limit must be from 1 to {MAX_ATTEMPTS}")]
    FailureLimit,
    /// A quota.
    #[error("policy: {knob} needs a count from 1 and a window of whole seconds up to 24 hours")]
    Quota {
        /// Which.
        knob: &'static str,
    },
    /// Codes alone without a limit on guesses.
    #[error("policy: code_alone needs client_checks, which limits guesses")]
    AloneUnlimited,
    /// Codes alone that are too easy to guess.
    #[error(
        "policy: code_alone needs codes of {needed} bits for its longest_lifetime, and otp has {has}; lengthen otp, or lower longest_lifetime, guesses_per_second or live_codes"
    )]
    AloneTooShort {
        /// How many bits they need.
        needed: Bits,
        /// How many they have.
        has: Bits,
    },
    /// A field that has to be shown and is not.
    #[error(
        "policy: require asks for {}, which the otp's template does not show, or the catalogue for no purpose in every language; add its variable",
        field.as_str()
    )]
    NotShown {
        /// Which.
        field: Field,
    },
    /// The code of a test recipient.
    #[error(
        "policy: the code of a test_recipient is of no kind and length that the policy has; change it, or allow that form"
    )]
    TestRecipient,
    /// An allowed redirect URL.
    #[error(
        "policy: allow_redirect needs https://…, http:// to localhost, or a scheme of an app's own, in printable ASCII; give https://app.example/ say"
    )]
    Redirect,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Quota;

    #[test]
    fn every_number_has_its_range() {
        let span = Duration::from_secs;
        let standard = Policy::default;
        assert_eq!(standard().check(), Ok(()));
        let refused = [
            standard().code_lifetime(Duration::ZERO),
            standard().code_lifetime(span(601)),
            standard().longest_lifetime(MAX_CODE_LIFETIME + span(1)),
            standard().longest_lifetime(span(299)),
            standard().failure_limit(0, AtLimit::LongerCodes),
            standard().failure_limit(101, AtLimit::LongerCodes),
            standard().failure_limit(5, AtLimit::Block(Duration::ZERO)),
            standard().failure_limit(5, AtLimit::Block(MAX_PUBLIC_LIFETIME + span(1))),
            standard().accept_risk(0.0),
            standard().accept_risk(f64::NAN),
            standard().accept_risk(4.9e-6),
            standard().client_sends(Quota::new(0, span(60))),
            standard().client_checks(Quota::new(1, Duration::ZERO)),
            standard().dial_code_sends(Quota::new(1, Duration::from_millis(1500))),
            standard().service_sends(Quota::new(1, span(86_401))),
            standard().require("note"),
            standard().code_lifetime(Duration::MAX),
            standard().attempts(0),
            standard().attempts(101),
            standard().send_spacing(span(901)),
            standard().access_lifetime(Duration::ZERO),
            standard().access_lifetime(MAX_TOKEN_LIFETIME + span(1)),
            standard().refresh_idle(Duration::ZERO),
            standard().session_lifetime(Duration::MAX),
            standard().refresh_grace(span(301)),
            standard().allow(Kind::Alpha, 0, 4),
            standard().allow(Kind::Alpha, 4, 21),
            standard().allow(Kind::Alpha, 5, 4),
            standard().allow_redirect(""),
            standard().allow_redirect("javascript:alert(1)"),
            standard().allow_redirect("https://app.example/\r\nSet-Cookie: a=b"),
        ];
        for policy in refused {
            assert!(policy.check().is_err(), "{policy:?}");
        }
        let edges = standard()
            .longest_lifetime(MAX_CODE_LIFETIME)
            .code_lifetime(MAX_CODE_LIFETIME)
            .attempts(100)
            .failure_limit(1, AtLimit::Block(MAX_PUBLIC_LIFETIME))
            .client_sends(Quota::new(1, span(1)))
            .service_sends(Quota::new(u32::MAX, span(86_400)))
            .send_spacing(span(900));
        assert_eq!(edges.allow(Kind::Alpha, 6, 20).allow_redirect("https://app.example/").check(), Ok(()));
        let hundred_a_minute = standard().service_sends(Quota::new(100, span(60)));
        assert_eq!(hundred_a_minute.clone().accept_takeovers(0.72).check(), Ok(()), "144,000 x 5 / 10^6");
        let error = hundred_a_minute.accept_takeovers(0.71).check().unwrap_err();
        assert!(error.to_string().contains("7.20e-1"), "{error}");
        assert_eq!(standard().accept_takeovers(1.0).check(), Err(PolicyError::TakeoversUnlimited));
        let certain = standard().otp(Otp::new(Kind::Numeric, 1).unwrap()).attempts(100).accept_risk(1.0);
        assert!(certain.check().is_err(), "a hundred guesses at ten codes are ten takeovers");
        assert_eq!(certain.attempts(10).check(), Ok(()));
    }
}
