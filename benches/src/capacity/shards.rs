//! How evenly names spread over the shards of a store.

use otp_exchange::Name;

use super::redis_slot as redis;

/// What keys begin with unless the Redis store is told otherwise.
const PREFIX: &[u8] = b"otp:";

/// How many slots a Redis cluster has.
pub(crate) const SLOTS: usize = redis::SLOTS as usize;

/// The slot of an entry in a Redis cluster.
pub(crate) fn slot(name: Name) -> usize {
    usize::from(redis::slot(&[PREFIX, name.as_bytes()].concat()))
}

/// How much the busiest of several shards has, beside the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// How many shards.
    pub shards: usize,
    /// The busiest over the mean, in slots dealt out in equal runs, as Redis clusters are made.
    pub slots: f64,
    /// The same by the first byte of the name modulo the number of shards.
    pub first_byte: f64,
}

impl Spread {
    /// Of entries, over that many shards.
    pub fn of(names: &[Name], shards: usize) -> Self {
        let by = |shard: &dyn Fn(&Name) -> usize| {
            let mut counts = vec![0; shards];
            for name in names {
                counts[shard(name)] += 1;
            }
            busiest_over_mean(&counts)
        };
        Self {
            shards,
            slots: by(&|name| slot(*name) * shards / SLOTS),
            first_byte: by(&|name| usize::from(name.as_bytes()[0]) % shards),
        }
    }

    /// Of calls that were counted by slot, over that many shards.
    pub(crate) fn of_slots(by_slot: &[u64], shards: usize) -> f64 {
        let mut counts = vec![0; shards];
        for (slot, calls) in by_slot.iter().enumerate() {
            counts[slot * shards / SLOTS] += calls;
        }
        busiest_over_mean(&counts)
    }
}

#[allow(clippy::cast_precision_loss)] // counts
fn busiest_over_mean(counts: &[u64]) -> f64 {
    let (most, sum) = (counts.iter().copied().max().unwrap_or(0), counts.iter().sum::<u64>());
    most as f64 * counts.len() as f64 / sum.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_on_one_shard_is_as_uneven_as_can_be() {
        let names = vec![Name::from_bytes([7; 16]); 10];
        let spread = Spread::of(&names, 8);
        assert_eq!(
            (spread.slots.to_bits(), spread.first_byte.to_bits()),
            (8.0_f64.to_bits(), 8.0_f64.to_bits())
        );
    }
}
