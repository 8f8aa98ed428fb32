//! What one access costs that misses the caches.

use std::hint::black_box;
use std::time::Instant;

use rand::TryRng;
use rand::rngs::SysRng;

/// Bytes of a cache line.
const LINE: usize = 64;
const STEPS: u32 = 5_000;

/// Nanoseconds for each step along a chain of cache lines in random order, which lie in so many bytes: what
/// one access costs that depends on the one before, in a store as large as that.
///
/// # Panics
/// If the system has no randomness.
#[allow(clippy::disallowed_methods)] // measures a span; decides nothing
pub fn step(bytes: usize) -> f64 {
    let chain = chain((bytes / LINE).max(2));
    let run = |from: usize| (0..STEPS).fold(from, |at, _| chain[at][0]);
    let mut at = black_box(run(0));
    // Whatever else the machine does only adds to it.
    let mut least = f64::MAX;
    for _ in 0..200 {
        let start = Instant::now();
        at = black_box(run(at));
        least = least.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(STEPS));
    }
    least
}

/// In each line the number of the next; one circle through all of them (Sattolo's algorithm).
fn chain(lines: usize) -> Vec<[usize; LINE / size_of::<usize>()]> {
    let mut next: Vec<_> = (0..lines).map(|line| [line; LINE / size_of::<usize>()]).collect();
    for last in (1..lines).rev() {
        let drawn = SysRng.try_next_u64().expect("the system has randomness");
        let other = usize::try_from(drawn % last as u64).expect("below the length");
        next.swap(last, other);
    }
    next
}
