//! Two doors for the targets in `fuzz/`: what no user of the crate can reach, and nothing else. Built with
//! `--cfg fuzzing` only.

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
    let kinds = [EntryKind::Ledger, EntryKind::Session, EntryKind::Usage, EntryKind::Subject];
    let kind = kinds.into_iter().find(|known| *known as u8 == kind)?;
    let vault = Vault::new(keyring).ok()?;
    vault.seal(kind, name, [7; NONCE_BYTES], &Plain(plain), MAX_ENTRY_BYTES).ok()
}

/// Bytes that are an encoding already: a tuple of bytes is written without its length.
struct Plain<'a>(&'a [u8]);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|byte| tuple.serialize_element(byte))?;
        tuple.end()
    }
}
