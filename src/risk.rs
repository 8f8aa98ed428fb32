//! How likely a code is guessed, and how much chance it holds.

use std::fmt;

use crate::otp;

/// A probability, exact in steps of 10⁻¹⁸, so that twenty codes of six digits and five attempts are 10⁻⁴ to
/// the last digit.
///
/// ```
/// use otp_exchange::Risk;
/// assert_eq!(Risk::new(0.0001).to_string(), "1e-4");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Risk(u64);

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

/// An amount of entropy, in tenths of a bit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bits(u32);

impl Bits {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a cast saturates
    pub(crate) fn up(bits: f64) -> Self {
        Self((bits * 10.0).ceil() as u32)
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a cast saturates
    pub(crate) fn down(bits: f64) -> Self {
        Self((bits * 10.0).floor() as u32)
    }
}

impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bits({self})")
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
}
