//! The laws that one caller alone can see kept.

use super::ask::{SMALL, fresh_name, fresh_value, sealed};
use super::{Laws, Seen};
use crate::crypto::{MAX_ENTRY_BYTES, Name, Sealed};
use crate::ports::{CodeStore, Entropy, SystemEntropy};

/// The smallest entry: header and tag.
const LEAST: usize = 33;

/// Where the version lies in a value.
const VERSION: std::ops::Range<usize> = 5..17;

pub(super) fn absent_is_none<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    let name = fresh_name()?;
    laws.shows("for a name never used", name, None)?;
    laws.shows("for a name only ever loaded", name, None)
}

pub(super) fn bytes_are_kept<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    // Each value both creates an entry of its own and overwrites the one before it, larger and smaller ones
    // in turn.
    let name = fresh_name()?;
    let mut last = None;
    for value in telling_values()? {
        let own = fresh_name()?;
        laws.applies("creating", own, None, &value)?;
        laws.shows("after creating", own, Some(&value))?;
        laws.applies("overwriting", name, last, &value)?;
        laws.shows("after overwriting", name, Some(&value))?;
        last = Some(value.version());
    }
    Ok(())
}

/// Values that a store may mangle: at both ends of the size, of every byte value, and of one byte value
/// alone.
fn telling_values() -> Result<Vec<Sealed>, Seen> {
    let mut values = vec![fresh_value(MAX_ENTRY_BYTES)?, fresh_value(LEAST)?];
    let every_byte = (0..=u8::MAX).cycle().take(1024);
    values.push(with_fresh_version(every_byte.collect())?);
    // Zeros end a C string, spaces are trimmed, high bytes alone are no UTF-8.
    for byte in [0, b' ', b'\\', 0xff] {
        values.push(with_fresh_version(vec![byte; LEAST])?);
        values.push(with_fresh_version(vec![byte; 4096])?);
    }
    values.push(fresh_value(MAX_ENTRY_BYTES)?);
    Ok(values)
}

fn with_fresh_version(mut bytes: Vec<u8>) -> Result<Sealed, Seen> {
    SystemEntropy.fill(&mut bytes[VERSION])?;
    sealed(bytes)
}

pub(super) fn none_never_overwrites<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    let (name, value) = laws.entry()?;
    let other = fresh_value(SMALL)?;
    laws.conflicts("creating a name that is there", name, None, &other)?;
    laws.shows("after a second creation conflicted", name, Some(&value))?;
    laws.applies("swapping the present version", name, Some(value.version()), &other)?;
    laws.conflicts("creating a name that was swapped", name, None, &value)?;
    laws.shows("after a late creation conflicted", name, Some(&other))
}

pub(super) fn some_never_creates<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    let name = fresh_name()?;
    let (value, other) = (fresh_value(SMALL)?, fresh_value(SMALL)?);
    laws.conflicts("swapping a name never used", name, Some(other.version()), &value)?;
    laws.conflicts("swapping a name never used for the same version", name, Some(value.version()), &value)?;
    laws.shows("after only swaps that expected a version", name, None)?;
    laws.applies("creating what such swaps left alone", name, None, &value)
}

pub(super) fn stale_conflicts<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    let (name, first) = laws.entry()?;
    let (_, elsewhere) = laws.entry()?;
    let (second, late) = (fresh_value(SMALL)?, fresh_value(SMALL)?);
    laws.applies("swapping the present version", name, Some(first.version()), &second)?;
    laws.conflicts("swapping the version before", name, Some(first.version()), &late)?;
    laws.conflicts("swapping another entry's version", name, Some(elsewhere.version()), &late)?;
    // A version compared in part, or as text, shows where it differs from the present one in one bit.
    for byte in VERSION {
        for bit in 0..8 {
            let mut bytes = second.as_bytes().to_vec();
            bytes[byte] ^= 1 << bit;
            let near = sealed(bytes)?.version();
            laws.conflicts("swapping a version that differs in one bit", name, Some(near), &late)?;
        }
    }
    laws.shows("after only stale swaps", name, Some(&second))?;
    laws.applies("swapping the present version after stale ones", name, Some(second.version()), &late)?;
    laws.shows("after that", name, Some(&late))
}

pub(super) fn repeat_conflicts<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    let (name, first) = laws.entry()?;
    laws.conflicts("repeating the creation", name, None, &first)?;
    laws.shows("after the creation was repeated", name, Some(&first))?;
    let second = fresh_value(SMALL)?;
    let expected = Some(first.version());
    laws.applies("swapping the present version", name, expected, &second)?;
    laws.conflicts("repeating the swap", name, expected, &second)?;
    laws.shows("after the swap was repeated", name, Some(&second))
}

pub(super) fn names_are_independent<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    // A letter for those that fold case, a high byte for those that read text, a zero for those that end
    // there; the rest is fresh.
    let mut base = *fresh_name()?.as_bytes();
    (base[4], base[7], base[10]) = (b'a', 0xe9, 0);
    let mut names = vec![Name::from_bytes(base)];
    for bit in 0..128 {
        let mut near = base;
        near[bit / 8] ^= 1 << (bit % 8);
        names.push(Name::from_bytes(near));
    }
    let mut entries = Vec::new();
    for name in names {
        let value = fresh_value(SMALL)?;
        laws.shows("for a name never used, next to one that was", name, None)?;
        laws.applies("creating a name next to another", name, None, &value)?;
        entries.push((name, value));
    }
    let (name, value) = entries.swap_remove(0);
    let other = fresh_value(SMALL)?;
    laws.applies("swapping one of many near names", name, Some(value.version()), &other)?;
    laws.shows("after swapping one of many near names", name, Some(&other))?;
    entries
        .iter()
        .try_for_each(|(name, value)| laws.shows("after a near name was swapped", *name, Some(value)))
}
