//! Keys, names and seals. Nothing outside this floor touches a key.

pub mod formats;
mod keyring;
mod seal;
mod token;
mod vault;
#[cfg(test)]
mod vectors;

pub use keyring::{KeyError, Keyring};
pub(crate) use seal::{EntryKind, NONCE_BYTES};
pub use seal::{MAX_ENTRY_BYTES, MalformedEntry, Name, OpenError, Sealed, Version};
pub use token::MalformedToken;
pub(crate) use token::{Presented, TokenKind, TokenName};
pub(crate) use vault::{ChallengeId, ContextDigest, NO_CONTEXT, RequestDigest, Scope, Vault};
