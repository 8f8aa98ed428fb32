//! How evenly names spread over the shards of a store.

use otp_exchange::Name;

/// How many slots a Redis cluster has.
pub(crate) const SLOTS: usize = 16_384;

/// What keys begin with unless the Redis store is told otherwise.
const PREFIX: &[u8] = b"otp:";

/// The slot of an entry in a Redis cluster: CRC-16/XMODEM of its key, or of what stands in the first braces of it,
/// which a random name has now and then.
pub fn slot(name: Name) -> usize {
    let key = [PREFIX, name.as_bytes()].concat();
    let open = key.iter().position(|byte| *byte == b'{').map(|at| at + 1);
    let close = open.and_then(|from| key[from..].iter().position(|byte| *byte == b'}'));
    let hashed = match open.zip(close) {
        Some((from, length)) if length > 0 => &key[from..from + length],
        _ => &key[..],
    };
    usize::from(crc16(hashed)) % SLOTS
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            (crc << 1) ^ if crc >> 15 == 1 { 0x1021 } else { 0 }
        })
    })
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
    fn the_checksum_is_that_of_redis_clusters() {
        assert_eq!(crc16(b"123456789"), 0x31c3); // as the cluster specification gives it
    }

    #[test]
    fn braces_in_a_name_are_a_hash_tag() {
        let name = |bytes: &[u8; 16]| Name::from_bytes(*bytes);
        assert_eq!(slot(name(b"0{ab}...........")), slot(name(b"zzzzz{ab}zzzzzzz")));
        assert_ne!(slot(name(b"0{}ab...........")), slot(name(b"zzzzz{}abzzzzzzz")), "an empty one is none");
    }

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
