//! The numbers of a policy, to be read and shown.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{AtLimit, Policy};
use crate::otp::Kind;
use crate::risk::Risk;

/// The main numbers of a [`Policy`], as they were set: to show them, to write them down. What follows from
/// them, [`Policy::takeover_probability_per_day`], [`Policy::deviations`] and the like tell.
///
/// As data, spans are in seconds, under names that say so, and the accepted risk is a number from 0 to 1.
///
/// ```
/// use otp_exchange::{Kind, Policy};
/// let numbers = Policy::default().numbers();
/// assert_eq!((numbers.kind, numbers.length, numbers.attempts), (Kind::Numeric, 6, 5));
/// assert_eq!(numbers.code_lifetime.as_secs(), 300);
///
/// let data = serde_json::to_value(numbers)?;
/// assert_eq!(data["kind"], "NUMERIC");
/// assert_eq!(data["code_lifetime_seconds"], 300);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Numbers {
    /// The alphabet of a code, unless a request chooses another that is allowed.
    pub kind: Kind,
    /// How many characters a code has, unless a request chooses otherwise, or the accepted risk is spent.
    pub length: u8,
    /// How long a code lives, unless a request says otherwise.
    #[serde(rename = "code_lifetime_seconds", serialize_with = "seconds")]
    pub code_lifetime: Duration,
    /// The longest life that a request may ask for.
    #[serde(rename = "longest_lifetime_seconds", serialize_with = "seconds")]
    pub longest_lifetime: Duration,
    /// How long an access token lives, unless its grant says otherwise.
    #[serde(rename = "token_lifetime_seconds", serialize_with = "seconds")]
    pub token_lifetime: Duration,
    /// How long a refresh token may lie unused.
    #[serde(rename = "refresh_idle_seconds", serialize_with = "seconds")]
    pub refresh_idle: Duration,
    /// How often a code may be tried, unless a request asks for fewer.
    pub attempts: u8,
    /// How likely a takeover of one recipient may be, for somebody who guesses for 24 hours.
    #[serde(serialize_with = "probability")]
    pub accepted_risk: Risk,
    /// How many failures in a row one recipient may have.
    pub failure_limit: u8,
    /// What happens after that. As data `LONGER_CODES`, `DISABLE`, or `BLOCK` with its seconds.
    #[serde(serialize_with = "AtLimitData::serialize")]
    pub at_failure_limit: AtLimit,
    /// How long after a request the next one may come, before that span grows.
    #[serde(rename = "send_spacing_seconds", serialize_with = "seconds")]
    pub send_spacing: Duration,
}

impl Policy {
    /// Its numbers, as they were set.
    pub fn numbers(&self) -> Numbers {
        Numbers {
            kind: self.otp.kind(),
            length: self.otp.length(),
            code_lifetime: self.code_lifetime,
            longest_lifetime: self.longest_lifetime,
            token_lifetime: self.access_lifetime,
            refresh_idle: self.refresh_idle,
            attempts: self.attempts,
            accepted_risk: self.accepted_risk,
            failure_limit: self.failure_limit,
            at_failure_limit: self.at_failure_limit,
            send_spacing: self.send_spacing,
        }
    }
}

/// Whole where it is whole, as it nearly always is.
fn seconds<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    if span.subsec_nanos() == 0 {
        serializer.serialize_u64(span.as_secs())
    } else {
        serializer.serialize_f64(span.as_secs_f64())
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn probability<S: Serializer>(risk: &Risk, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(risk.probability())
}

pub(super) fn whole_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_secs)
}

/// [`AtLimit`] as data.
#[derive(Serialize, Deserialize)]
#[serde(remote = "AtLimit", rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum AtLimitData {
    LongerCodes,
    Block(#[serde(serialize_with = "seconds", deserialize_with = "whole_seconds")] Duration),
    Disable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_is_what_is_read() {
        let span = Duration::from_millis;
        let policy = Policy::default()
            .code_lifetime(span(1_500))
            .longest_lifetime(span(2_000))
            .access_lifetime(span(3_000))
            .refresh_idle(span(4_000))
            .send_spacing(span(6_000))
            .attempts(7)
            .accept_risk(0.5)
            .failure_limit(8, AtLimit::Block(span(9_000)));
        let numbers = policy.numbers();
        let spans =
            [numbers.code_lifetime, numbers.longest_lifetime, numbers.token_lifetime, numbers.refresh_idle];
        assert_eq!(spans, [1_500, 2_000, 3_000, 4_000].map(span));
        let data = serde_json::to_string(&numbers).unwrap();
        assert_eq!(
            data,
            r#"{"kind":"NUMERIC","length":6,"code_lifetime_seconds":1.5,"longest_lifetime_seconds":2,"token_lifetime_seconds":3,"refresh_idle_seconds":4,"attempts":7,"accepted_risk":0.5,"failure_limit":8,"at_failure_limit":{"BLOCK":9},"send_spacing_seconds":6}"#
        );
    }
}
