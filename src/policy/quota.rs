//! How much of something there may be in a window of time.

use std::time::Duration;

use serde::Deserialize;

use super::numbers::whole_seconds;

/// At most so many in every window of that length. Windows follow one another without a gap, the first from
/// 1970-01-01T00:00:00Z on; in two that touch there may be twice as many within the length of one.
///
/// Of messages it counts each code when it is made, decoys and those of test recipients too, and again each
/// time it is sent again; of submissions each that could be a code, right or wrong. Nothing is given back.
///
/// ```
/// use otp_exchange::Quota;
/// use std::time::Duration;
/// let five_in_a_minute = Quota::new(5, Duration::from_secs(60));
/// ```
///
/// As data it is `{ count = 5, window_seconds = 60 }`, here in TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    pub(crate) count: u32,
    #[serde(rename = "window_seconds", deserialize_with = "whole_seconds")]
    pub(crate) window: Duration,
}

impl Quota {
    /// `count` from 1, `window` in whole seconds from 1 s to 24 hours; checked when the exchanger is built.
    pub const fn new(count: u32, window: Duration) -> Self {
        Self { count, window }
    }

    /// How many there may be in a window.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// How long a window is.
    pub const fn window(&self) -> Duration {
        self.window
    }

    /// How many there may be in a day.
    pub(crate) fn per_day(self) -> u64 {
        u64::from(self.count).saturating_mul(86_400u64.div_ceil(self.window.as_secs().max(1)))
    }

    pub(crate) fn is_sane(self) -> bool {
        let whole = self.window.subsec_nanos() == 0;
        self.count > 0 && whole && (1..=86_400).contains(&self.window.as_secs())
    }
}
