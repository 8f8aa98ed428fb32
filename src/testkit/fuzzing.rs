//! Doors for the targets in `fuzz/`: what no user of the crate can reach, and nothing else. Built with
//! `--cfg fuzzing` only.

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeTuple, Serializer};

use crate::crypto::{EntryKind, Keyring, MAX_ENTRY_BYTES, NONCE_BYTES, Name, Sealed, Vault};
use crate::rules;

/// Does to one recipient's codes what those bytes choose, and to a plain reference as well.
///
/// # Errors
/// How they differ, and all that was done before.
pub fn compare_with_reference(choices: &[u8]) -> Result<(), String> {
    rules::compare_with_reference(choices)
}

/// An entry that opens, and holds those bytes: what somebody with the keys, or another version of the crate,
/// could have written. The kind is the number that [`formats`](crate::formats) gives it. `None` if there is
/// no such kind of entry, or the bytes are too many.
pub fn sealed(keyring: &Keyring, kind: u8, name: Name, plain: &[u8]) -> Option<Sealed> {
    let vault = Vault::new(keyring).ok()?;
    vault.seal(kind_of(kind)?, name, [7; NONCE_BYTES], &Plain(plain.to_vec()), MAX_ENTRY_BYTES).ok()
}

/// What an entry that opens holds.
pub fn plain(keyring: &Keyring, kind: u8, name: Name, sealed: &Sealed) -> Option<Vec<u8>> {
    let vault = Vault::new(keyring).ok()?;
    vault.open(kind_of(kind)?, name, sealed).ok().map(|Plain(bytes)| bytes)
}

fn kind_of(number: u8) -> Option<EntryKind> {
    let kinds = [EntryKind::Ledger, EntryKind::Session, EntryKind::Usage, EntryKind::Subject];
    kinds.into_iter().find(|kind| *kind as u8 == number)
}

/// Bytes that are an encoding already: a tuple of bytes is written without its length.
struct Plain(Vec<u8>);

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|byte| tuple.serialize_element(byte))?;
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ToTheEnd;

        impl<'de> Visitor<'de> for ToTheEnd {
            type Value = Plain;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut bytes: A) -> Result<Plain, A::Error> {
                let next = std::iter::from_fn(|| bytes.next_element().ok().flatten()); // an error is the end
                Ok(Plain(next.collect()))
            }
        }

        deserializer.deserialize_tuple(MAX_ENTRY_BYTES, ToTheEnd)
    }
}
