//! What a code risks: the chance that somebody who does not have it guesses it.
//!
//! One guess at one code is right with a chance of 1 in as many codes as there are of its kind and length. So
//!
//! ```text
//! risk of one code     = attempts / alphabet ^ length
//! takeover in 24 hours ≤ the sum over all guesses at one recipient's codes ≤ the accepted risk
//! takeovers of a spray ≤ sends × attempts / alphabet ^ length
//! ```

use std::time::Duration;

use serde::Deserialize;

use super::Policy;
use crate::otp::{self, Otp};

const DAY: Duration = Duration::from_secs(86_400);

/// What a policy that takes codes alone, with no name beside them, reckons with. Each guess is then a guess
/// at every live code at once, so
///
/// ```text
/// P ≤ guesses per second × lifetime × live codes / alphabet ^ length
/// ```
///
/// With the defaults and a lifetime of 24 hours that is 78.3 bits, of 7 days 81.1: sixteen alphanumeric
/// characters.
///
/// As data it has these fields; what is left out takes the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CodeAlone {
    /// How many guesses a second the whole service can answer, at the most. Default 1,000.
    pub guesses_per_second: u64,
    /// How many such codes are alive at once, at the most. Default 1,000,000.
    pub live_codes: u64,
    /// The accepted chance that any of them is ever guessed, as the `n` of 2⁻ⁿ. Default 32.
    pub margin_bits: u32,
}

impl Default for CodeAlone {
    fn default() -> Self {
        Self { guesses_per_second: 1_000, live_codes: 1_000_000, margin_bits: 32 }
    }
}

impl CodeAlone {
    /// How many bits a code needs that lives so long: 64 at the least (NIST SP 800-63B-4 section 3.1.3.2).
    pub fn needed_bits(&self, lifetime: Duration) -> f64 {
        #[allow(clippy::cast_precision_loss)] // a logarithm is taken
        let guesses = self.guesses_per_second as f64 * self.live_codes as f64 * lifetime.as_secs_f64();
        (guesses.max(1.0).log2() + f64::from(self.margin_bits)).max(64.0)
    }

    /// How many of that many live codes are guessed in such a span, on average and at the most.
    fn hits(&self, span: Duration, live_codes: u64, otp: &Otp) -> f64 {
        #[allow(clippy::cast_precision_loss)] // an average
        let guesses = self.guesses_per_second as f64 * live_codes as f64 * span.as_secs_f64();
        guesses / codes(otp)
    }
}

impl Policy {
    /// The chance that somebody who guesses at one recipient's codes for 24 hours, asking for as many codes
    /// as they can, is ever right. The ledger keeps it: see [`accept_risk`](Self::accept_risk). Where codes
    /// may answer to nothing but themselves, the chance that any such code is guessed that day, as
    /// [`CodeAlone`] reckons, is added.
    pub fn takeover_probability_per_day(&self) -> f64 {
        let one = |otp: &Otp| f64::from(self.attempts) / codes(otp);
        // Guesses at codes alone have no attempts to use up.
        let alone = self.code_alone.map_or(0.0, |alone| alone.hits(DAY, alone.live_codes, &self.otp));
        if self.formats().any(|otp| !otp.is_unguessable()) {
            return (self.accepted_risk.probability() + alone).min(1.0);
        }
        // No budget is spent, so as many codes as the spacing lets through.
        let spacing = self.send_spacing.max(Duration::from_millis(1));
        let sends = DAY.as_secs_f64() / spacing.as_secs_f64();
        let named = self.formats().map(|otp| one(&otp) * sends).fold(0.0, f64::max);
        (named + alone).min(1.0)
    }

    /// How many recipients a spray takes over, on average and at the most: an attacker who has that many
    /// codes sent, to as many people as they like, and tries each as often as it may be tried; codes alone
    /// for as long as they live.
    pub fn expected_takeovers(&self, sends: u64) -> f64 {
        #[allow(clippy::cast_precision_loss)] // an average
        let guesses = sends as f64 * f64::from(self.attempts);
        let named = self.formats().map(|otp| guesses / codes(&otp)).fold(0.0, f64::max);
        let alone = self.code_alone.map_or(0.0, |alone| alone.hits(self.longest_lifetime, sends, &self.otp));
        named.max(alone)
    }

    /// The same for a day in which the whole service sends as much as [`service_sends`](Self::service_sends)
    /// lets it; `None` without that quota.
    pub fn expected_takeovers_per_day(&self) -> Option<f64> {
        self.service_sends.map(|quota| self.expected_takeovers(quota.per_day()))
    }

    /// Every form a code may have by this policy that is easiest to guess among those of its kind.
    pub(crate) fn formats(&self) -> impl Iterator<Item = Otp> {
        self.accepted().filter_map(|format| Otp::new(format.kind, format.shortest).ok())
    }
}

/// How many codes of that form there are.
fn codes(otp: &Otp) -> f64 {
    #[allow(clippy::cast_precision_loss)] // a quotient is taken
    let codes = otp::count(otp.kind(), otp.length()) as f64;
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_alone_needs_its_bits() {
        let needs = |days: u64| CodeAlone::default().needed_bits(Duration::from_secs(days * 86_400));
        assert!((needs(1) - 78.30).abs() < 0.01, "{}", needs(1));
        assert!((needs(7) - 81.10).abs() < 0.01, "{}", needs(7));
        assert!(
            (Policy::default().expected_takeovers(1_000_000) - 5.0).abs() < f64::EPSILON,
            "to the last digit"
        );
        // Whoever guesses at codes alone has as many guesses as the service answers, not five a code.
        let slingr = Policy::slingr();
        assert_eq!(format!("{:.2e}", slingr.takeover_probability_per_day()), "1.09e-11");
        assert_eq!(format!("{:.2e}", slingr.expected_takeovers(1_000_000)), "7.60e-11");
        let none = CodeAlone { guesses_per_second: 0, ..CodeAlone::default() };
        assert!((none.needed_bits(Duration::from_secs(1)) - 64.0).abs() < 1e-9);
    }
}
