//! A moment, as milliseconds since the Unix epoch, with arithmetic that saturates instead of wrapping.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX time).
///
/// All arithmetic saturates, so that a clock at either end of the range makes a code dead, never immortal.
/// Shown and serialised for people as RFC 3339 in UTC, in binary formats as the integer.
///
/// ```
/// use otp_exchange::Timestamp;
/// let t = Timestamp::from_unix_millis(1_700_000_000_000);
/// assert_eq!(t.to_string(), "2023-11-14T22:13:20Z");
/// assert_eq!(time::OffsetDateTime::from(t).year(), 2023);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest moment there is.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest moment there is.
    pub const MAX: Self = Self(i64::MAX);

    /// The moment that many milliseconds after the Unix epoch (before it, if negative).
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down: what JWT's `NumericDate` wants.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment moved later; the latest moment there is if that would overflow.
    pub fn saturating_add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// This moment moved earlier; the earliest moment there is if that would overflow.
    pub fn saturating_sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// How long from this moment until `later`; zero if that is not later.
    pub fn until(self, later: Self) -> Duration {
        // At most 2^64 - 1 when `later` is the greater one, so the difference is exact in u64.
        if later.0 <= self.0 { Duration::ZERO } else { Duration::from_millis(later.0.abs_diff(self.0)) }
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

impl From<Timestamp> for OffsetDateTime {
    /// The same moment in UTC; moments outside the years ±9999 become the nearest one inside.
    fn from(moment: Timestamp) -> Self {
        let least = OffsetDateTime::new_utc(time::Date::MIN, time::Time::MIDNIGHT);
        let greatest = OffsetDateTime::new_utc(time::Date::MAX, time::Time::MAX);
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(moment.0) * 1_000_000)
            .unwrap_or(if moment.0 < 0 { least } else { greatest })
    }
}

impl From<OffsetDateTime> for Timestamp {
    /// The same moment, rounded down to the millisecond.
    fn from(moment: OffsetDateTime) -> Self {
        let millis = moment.unix_timestamp_nanos().div_euclid(1_000_000);
        Self(i64::try_from(millis).unwrap_or(if millis < 0 { i64::MIN } else { i64::MAX }))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // RFC 3339 has no form for years before 0 or after 9999.
        match OffsetDateTime::from(*self).format(&Rfc3339) {
            Ok(text) => f.write_str(&text),
            Err(_) => write!(f, "{} ms since 1970", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

// The binary form is that of entries; it is worth being part of what reads and writes them.
impl Serialize for Timestamp {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return i64::deserialize(deserializer).map(Self);
        }
        let text = String::deserialize(deserializer)?;
        let moment = OffsetDateTime::parse(&text, &Rfc3339).map_err(serde::de::Error::custom)?;
        Ok(moment.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_wraps_at_either_end() {
        assert_eq!(Timestamp::MAX.saturating_add(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.saturating_sub(Duration::MAX), Timestamp::MIN);
        assert_eq!(Timestamp::MIN.until(Timestamp::MAX), Duration::from_millis(u64::MAX));
        assert_eq!(Timestamp::MAX.until(Timestamp::MIN), Duration::ZERO);
        for edge in [Timestamp::MIN, Timestamp::MAX, Timestamp(0), Timestamp(-1)] {
            assert!(!edge.to_string().is_empty());
            let _ = OffsetDateTime::from(edge);
        }
    }

    #[test]
    fn text_form_is_rfc_3339_and_comes_back() {
        let moment = Timestamp(1_700_000_000_123);
        let text = serde_json::to_string(&moment).unwrap();
        assert_eq!(text, r#""2023-11-14T22:13:20.123Z""#);
        assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), moment);
        assert_eq!(Timestamp::from(OffsetDateTime::from(moment)), moment);
        assert_eq!(Timestamp(-1).unix_seconds(), -1);
        let before_1970 = OffsetDateTime::UNIX_EPOCH - Duration::from_nanos(1);
        assert_eq!(Timestamp::from(before_1970), Timestamp(-1), "rounded down, not to zero");
    }
}
