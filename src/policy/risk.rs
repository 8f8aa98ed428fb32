//! What a code risks: the chance that somebody who does not have it guesses it.
//!
//! One guess at one code is right with a chance of 1 in as many codes as there are of its kind and length. So
//!
//! ```text
//! risk of one code     = attempts / alphabet ^ length
//! takeover in 24 hours ≤ the sum over all guesses at one recipient's codes ≤ the accepted risk
//! takeovers of a spray ≤ sends × attempts / alphabet ^ length
//! ```

use std::fmt;
use std::time::Duration;

use super::Policy;
use crate::otp::{self, Otp};

/// A probability, exact in steps of 10⁻¹⁸, so that twenty codes of six digits and five attempts are 10⁻⁴ to
/// the last digit.
///
/// ```
/// use otp_exchange::Risk;
/// assert_eq!(Risk::new(0.0001).to_string(), "1e-4");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Risk(u64);

const DAY: Duration = Duration::from_secs(86_400);

/// How many steps make certainty.
const CERTAIN: u64 = 1_000_000_000_000_000_000;

impl Risk {
    /// The nearest one to that probability; what is below 0 or no number is 0, what is above 1 is 1.
    pub fn new(probability: f64) -> Self {
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        // both ends are clamped, and a cast of NaN is 0
        Self((probability.clamp(0.0, 1.0) * CERTAIN as f64).round() as u64)
    }

    /// As a number from 0 to 1.
    pub fn probability(self) -> f64 {
        #[allow(clippy::cast_precision_loss)] // shown to people
        let steps = self.0 as f64;
        steps / 1e18
    }

    /// The risk of that many guesses at one code of that form. Codes of 64 bits or more cost nothing: NIST SP
    /// 800-63B-4 section 3.1.3.2 asks for no throttling there.
    pub(crate) fn of_guesses(guesses: u8, kind: otp::Kind, length: u8) -> Self {
        let codes = otp::count(kind, length);
        if codes >= otp::UNGUESSABLE {
            return Self(0);
        }
        let one = u128::from(CERTAIN).div_ceil(codes);
        Self(u64::try_from(one).unwrap_or(CERTAIN).saturating_mul(u64::from(guesses)))
    }

    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(crate) const fn steps(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_steps(steps: u64) -> Self {
        Self(steps)
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Three digits are enough for people.
        let shown = format!("{:.2e}", self.probability());
        let (digits, exponent) = shown.split_once('e').unwrap_or((&shown, "0"));
        write!(f, "{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl fmt::Debug for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Risk({self})")
    }
}

/// What a policy that takes codes alone, with no name beside them, reckons with. Each guess is then a guess
/// at every live code at once, so
///
/// ```text
/// P ≤ guesses per second × lifetime × live codes / alphabet ^ length
/// ```
///
/// With the defaults and a lifetime of 24 hours that is 78.3 bits, of 7 days 81.1: sixteen alphanumeric
/// characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// How many bits a code needs that lives so long.
    pub fn needed_bits(&self, lifetime: Duration) -> f64 {
        #[allow(clippy::cast_precision_loss)] // a logarithm is taken
        let guesses = self.guesses_per_second as f64 * self.live_codes as f64 * lifetime.as_secs_f64();
        guesses.max(1.0).log2() + f64::from(self.margin_bits)
    }

    /// How many of that many live codes are guessed in such a span, on average and at the most.
    fn hits(&self, span: Duration, live_codes: u64, otp: &Otp) -> f64 {
        #[allow(clippy::cast_precision_loss)] // an average
        let guesses = self.guesses_per_second as f64 * live_codes as f64 * span.as_secs_f64();
        guesses * otp.entropy_bits().exp2().recip()
    }
}

impl Policy {
    /// The chance that somebody who guesses at one recipient's codes for 24 hours, asking for as many codes
    /// as they can, is ever right. The ledger keeps it: see [`accept_risk`](Self::accept_risk).
    pub fn takeover_probability_per_day(&self) -> f64 {
        let one = |otp: &Otp| otp.entropy_bits().exp2().recip() * f64::from(self.attempts);
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
    /// codes sent, to as many people as they like, and tries each as often as it may be tried.
    pub fn expected_takeovers(&self, sends: u64) -> f64 {
        #[allow(clippy::cast_precision_loss)] // an average
        let guesses = sends as f64 * f64::from(self.attempts);
        let named = self.formats().map(|otp| guesses * otp.entropy_bits().exp2().recip()).fold(0.0, f64::max);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::Kind;

    #[test]
    fn twenty_codes_of_six_digits_and_five_attempts_are_the_default_to_the_last_digit() {
        let one = Risk::of_guesses(5, Kind::Numeric, 6);
        let twenty = (0..20).fold(Risk::NONE, |sum, _| sum.plus(one));
        assert_eq!(twenty, Risk::new(1e-4));
        assert_eq!(twenty.to_string(), "1e-4");
        assert_eq!(Risk::of_guesses(3, Kind::Numeric, 4).to_string(), "3e-4");
    }

    #[test]
    fn a_risk_is_rounded_up_and_none_from_64_bits_on() {
        let letters = Risk::of_guesses(1, Kind::Alpha, 3);
        assert!(letters.probability() >= 1.0 / 17_576.0);
        assert_eq!(Risk::of_guesses(1, Kind::Numeric, 18), Risk(1));
        assert_eq!(Risk::of_guesses(1, Kind::Numeric, 19), Risk(1), "63.1 bits");
        assert_eq!(Risk::of_guesses(255, Kind::Numeric, 20), Risk(0), "66.4 bits");
        assert_eq!(Risk::of_guesses(1, Kind::Unambiguous, 12), Risk(1), "60 bits");
        assert_eq!(Risk::of_guesses(1, Kind::Unambiguous, 13), Risk(0), "65 bits");
        assert_eq!(Risk::of_guesses(255, Kind::Numeric, 1).plus(Risk(u64::MAX)), Risk(u64::MAX));
    }

    #[test]
    fn what_is_no_probability_becomes_one() {
        let clamped = [f64::NAN, -1.0, f64::NEG_INFINITY, 2.0, f64::INFINITY].map(|p| Risk::new(p).0);
        assert_eq!(clamped, [0, 0, 0, CERTAIN, CERTAIN]);
    }

    #[test]
    fn a_code_alone_needs_its_bits() {
        let needs = |days: u64| CodeAlone::default().needed_bits(Duration::from_secs(days * 86_400));
        assert!((needs(1) - 78.33).abs() < 0.01, "{}", needs(1));
        assert!((needs(7) - 81.14).abs() < 0.01, "{}", needs(7));
        // Whoever guesses at codes alone has as many guesses as the service answers, not five a code.
        let slingr = Policy::slingr();
        assert_eq!(format!("{:.2e}", slingr.takeover_probability_per_day()), "1.09e-11");
        assert_eq!(format!("{:.2e}", slingr.expected_takeovers(1_000_000)), "7.60e-11");
        let none = CodeAlone { guesses_per_second: 0, ..CodeAlone::default() };
        assert!((none.needed_bits(Duration::from_secs(1)) - 32.0).abs() < 1e-9);
    }
}
