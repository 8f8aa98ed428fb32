//! The store's swap once more, and ways to build it wrong.

use std::sync::atomic::Ordering::Relaxed;

use super::super::{Full, Inner, Kept, Shard, lock};
use crate::crypto::{Name, Sealed, Version};
use crate::ports::{StoreError, Swap};
use crate::timestamp::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// None: the swap as it is.
    None,
    /// Looks for room elsewhere without letting go of its own shard.
    HoldsTwoShards,
    /// Counts after it has written.
    CountsAfterwards,
    /// Keeps its place where it could not write after all.
    KeepsThePlace,
    /// Gives back the place of what it clears away before it takes one.
    GivesBackFirst,
    /// Lets go of its shard between comparing and writing.
    ComparesOutside,
    /// Does not compare again after it looked for room.
    ComparesOnce,
    /// Clears away what is still alive.
    ClearsTheLiving,
    /// Clears away without counting.
    CountsNoClearing,
}

/// [`Inner::swap`], line for line, but for the fault.
pub(super) fn swap(
    inner: &Inner,
    fault: Fault,
    name: Name,
    expected: Option<Version>,
    value: &Sealed,
    forget_after: Timestamp,
) -> Result<Swap, StoreError> {
    let now = inner.clock.now();
    let next = inner.next_to_clear.fetch_add(1, Relaxed) % inner.shards.len();
    clear(inner, fault, &mut lock(&inner.shards[next]), now);
    let mut shard = inner.shard_of(name);
    clear(inner, fault, &mut shard, now);
    let cleared = shard.clear_if_expired(name, now);
    inner.count.fetch_sub(usize::from(cleared), Relaxed);
    let version = shard.entries.get(&name).map(|kept| kept.value.version());
    if version != expected {
        return Ok(Swap::Conflict);
    }
    if fault == Fault::ComparesOutside {
        drop(shard);
        shard = inner.shard_of(name);
    }
    let room = || match fault {
        Fault::CountsAfterwards => inner.count.load(Relaxed) < inner.capacity,
        _ => inner.reserve(),
    };
    if version.is_none() && !room() {
        // A lock of its own is not taken twice: that would be found without any order.
        let (held, own) = if fault == Fault::HoldsTwoShards {
            (Some(shard), Some(usize::from(name.as_bytes()[14]) % inner.shards.len()))
        } else {
            drop(shard);
            (None, None)
        };
        if !take_over(inner, fault, own, now) && !room() {
            return Err(StoreError::not_applied(Full { capacity: inner.capacity }));
        }
        drop(held);
        shard = inner.shard_of(name);
        if fault != Fault::ComparesOnce && shard.entries.contains_key(&name) {
            if fault != Fault::KeepsThePlace {
                inner.count.fetch_sub(1, Relaxed);
            }
            return Ok(Swap::Conflict);
        }
    }
    shard.put(name, Kept { forget_after, value: value.clone() });
    if fault == Fault::CountsAfterwards && version.is_none() {
        inner.count.fetch_add(1, Relaxed);
    }
    Ok(Swap::Applied)
}

fn clear(inner: &Inner, fault: Fault, shard: &mut Shard, now: Timestamp) {
    let now = if fault == Fault::ClearsTheLiving { Timestamp::MAX } else { now };
    if fault == Fault::CountsNoClearing {
        shard.clear_one(now);
    } else {
        inner.clear(shard, now);
    }
}

fn take_over(inner: &Inner, fault: Fault, held: Option<usize>, now: Timestamp) -> bool {
    let others = inner.shards.iter().enumerate().filter(|(index, _)| Some(*index) != held);
    let found = others.map(|(_, shard)| shard).any(|shard| lock(shard).clear_one(now));
    if found && fault == Fault::GivesBackFirst {
        inner.count.fetch_sub(1, Relaxed);
        return false;
    }
    found
}
