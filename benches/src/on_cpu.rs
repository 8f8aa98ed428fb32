//! Time that this thread was at work, so that what the machine did for others meanwhile does not count.

use std::time::Duration;

/// How long this thread worked for something.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = so_far();
    let done = work();
    (done, so_far().saturating_sub(start))
}

/// How long this thread has worked so far, time in the system for it included.
///
/// # Panics
/// If the system's clock for that is before its beginning.
#[cfg(unix)]
fn so_far() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.try_into().expect("not before the thread began")
}

/// Where no clock for that is at hand: since whenever.
#[cfg(not(unix))]
#[allow(clippy::disallowed_methods)] // measures a span; decides nothing
fn so_far() -> Duration {
    static BEGINNING: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    BEGINNING.elapsed()
}
