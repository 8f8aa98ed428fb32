//! The laws about time: never too early, and afterwards of one mind.

use std::time::Duration;

use super::ask::{SMALL, fresh_name, fresh_value};
use super::{Laws, Seen};
use crate::crypto::{Name, Sealed};
use crate::ports::{CodeStore, Swap};
use crate::timestamp::Timestamp;

/// How many other entries are written while one must not be evicted.
const OTHERS: usize = 256;

/// How many writes give a store that forgets as it writes the chance to do so.
const STIRRED: usize = 64;

const SECOND: Duration = Duration::from_secs(1);

pub(super) fn nothing_is_forgotten_early<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    let (kept, value) = laws.entry()?;
    for _ in 0..OTHERS {
        laws.entry()?;
    }
    laws.shows("after others were written", kept, Some(&value))?;
    let Some(pass) = &laws.pass else { return Ok(()) };

    // The short-lived entry ends on a second's last millisecond, so that a store which rounds down to seconds
    // is almost a second early; the law looks well before the end, for clocks that differ a little.
    let now = laws.clock.now();
    let second = Timestamp::from_unix_millis(now.unix_millis().div_euclid(1000).saturating_mul(1000));
    let after = |millis| second.saturating_add(Duration::from_millis(millis));
    let (brief, brief_value) = (fresh_name()?, fresh_value(SMALL)?);
    laws.applies_until("creating", brief, None, &brief_value, after(3999))?;

    let (extended, first, second_value) = (fresh_name()?, fresh_value(SMALL)?, fresh_value(SMALL)?);
    laws.applies_until("creating", extended, None, &first, after(2000))?;
    laws.applies("extending an entry", extended, Some(first.version()), &second_value)?;

    pass(now.until(after(3050)));
    laws.shows("in an entry's last second", brief, Some(&brief_value))?;
    stir(laws)?;
    laws.shows("after the time that a later swap had extended", extended, Some(&second_value))?;
    laws.shows("long before its time", kept, Some(&value))?;
    if laws.clock.now() < after(3500) {
        laws.shows("in an entry's last second, after others were written", brief, Some(&brief_value))?;
    }
    laws.applies("swapping an extended entry", extended, Some(second_value.version()), &first)
}

pub(super) fn forgotten_stays_forgotten<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    for (name, value) in expired(laws, 4)? {
        // Where the store still shows it, it is not forgotten, and may be swapped.
        if laws.load(name)?.is_none() {
            let other = fresh_value(SMALL)?;
            laws.conflicts("swapping what load no longer shows", name, Some(value.version()), &other)?;
            laws.shows("after that swap conflicted", name, None)?;
        }
    }
    Ok(())
}

pub(super) fn expired_answers_agree<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    for (index, (name, value)) in expired(laws, 8)?.into_iter().enumerate() {
        let other = fresh_value(SMALL)?;
        match laws.load(name)? {
            None => laws.applies("creating anew what load no longer shows", name, None, &other)?,
            Some(found) if found != value => {
                let when = "after its time";
                return Err(Seen::Load { when, expected: Some(value), found: Some(found) });
            }
            // It may be forgotten at any moment from now on, the next one included. So each answer is checked
            // against the load after it.
            Some(_) => {
                let expected = (index % 2 == 0).then(|| value.version());
                match (laws.swap(name, expected, &other, laws.later())?, expected) {
                    (Swap::Applied, _) => {}
                    (Swap::Conflict, None) => {
                        let found = laws.load(name)?;
                        if found.is_some() {
                            laws.shows("after a creation conflicted", name, Some(&value))?;
                            continue;
                        }
                        laws.applies("creating anew what load no longer shows", name, None, &other)?;
                    }
                    (Swap::Conflict, Some(_)) => {
                        laws.shows("after a swap of what load showed conflicted", name, None)?;
                        laws.applies("creating anew what load no longer shows", name, None, &other)?;
                    }
                }
            }
        }
        laws.shows("after an expired entry was written anew", name, Some(&other))?;
        laws.conflicts("swapping the version before its end", name, Some(value.version()), &value)?;
    }
    Ok(())
}

/// Entries whose time is over, and which the store has had reason to forget.
pub(super) fn expired<S: CodeStore>(laws: &Laws<'_, S>, count: usize) -> Result<Vec<(Name, Sealed)>, Seen> {
    let mut entries = Vec::new();
    for _ in 0..count {
        let (name, value) = (fresh_name()?, fresh_value(SMALL)?);
        laws.applies_until("creating", name, None, &value, soon(laws))?;
        entries.push((name, value));
    }
    if let Some(pass) = &laws.pass {
        pass(3 * SECOND);
    }
    stir(laws)?;
    Ok(entries)
}

/// Writes entries that need not be kept.
fn stir<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    for _ in 0..STIRRED {
        let (name, value) = (fresh_name()?, fresh_value(SMALL)?);
        laws.applies_until("creating a fresh name", name, None, &value, soon(laws))?;
    }
    Ok(())
}

/// A moment that is over after the next pause; without pauses, one that is over already.
fn soon<S: CodeStore>(laws: &Laws<'_, S>) -> Timestamp {
    let now = laws.clock.now();
    if laws.pass.is_some() { now.saturating_add(SECOND) } else { now.saturating_sub(3600 * SECOND) }
}
