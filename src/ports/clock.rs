//! Where time comes from.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::timestamp::Timestamp;

/// A clock: tells what time it is, in Unix time. It may jump; the rules stay safe if it does.
///
/// ```
/// use otp_exchange::{Clock, Timestamp};
///
/// #[derive(Debug)]
/// struct Stopped;
///
/// impl Clock for Stopped {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_unix_millis(0)
///     }
/// }
/// assert_eq!(Stopped.now().to_string(), "1970-01-01T00:00:00Z");
/// ```
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

impl<T: Clock + ?Sized> Clock for Arc<T> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the one place that reads it
    fn now(&self) -> Timestamp {
        let epoch = Timestamp::from_unix_millis(0);
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => epoch.saturating_add(since),
            Err(before) => epoch.saturating_sub(before.duration()),
        }
    }
}
