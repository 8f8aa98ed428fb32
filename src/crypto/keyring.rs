//! The server-side secrets.

use std::fmt;

use rand::TryRng;
use zeroize::Zeroizing;

use crate::entropy_error::EntropyError;

/// The fewest bytes a secret may have.
const LEAST_SECRET_BYTES: usize = 32;
const MAX_NAMESPACE_BYTES: usize = 64;

pub(super) type Secret = Zeroizing<Vec<u8>>;

/// The secrets that everything at rest depends on: one *naming* secret, one *sealing* key, and any number of
/// keys that may only open.
///
/// - The naming secret decides under which name an entry lies. It never changes: a rotated one would give
///   every recipient a second, empty ledger.
/// - The sealing key seals new entries. Rotate it in three deployments: add the new key as open-only
///   everywhere, then make it the sealing key and the old one open-only, then drop the old one when the store
///   holds nothing sealed with it: after 31 days, once whatever is past its `forget_after` has been purged
///   (after a year, where a policy disables recipients). An entry that is still there and does not open is an
///   error, and is never overwritten: its recipient could not be sent a code.
/// - The namespace keeps tenants or environments apart on one store with the same secrets: nothing made in
///   one is known in another.
///
/// Each secret is at least 32 bytes from a secure random generator; `openssl rand -hex 32` makes one, to be
/// decoded: pass the bytes, not their text. Keep the naming
/// and sealing secrets in different places from the store: a dump alone, or a key alone, yields nothing.
///
/// ```
/// use otp_exchange::Keyring;
/// # let (naming, last_year, this_year) = ([1; 32], [2; 32], [3; 32]);
/// let keyring = Keyring::new(&naming, &this_year)?.open_only(&last_year)?.namespace("production")?;
/// # Ok::<(), otp_exchange::KeyError>(())
/// ```
pub struct Keyring {
    pub(super) naming: Secret,
    pub(super) sealing: Secret,
    pub(super) open_only: Vec<Secret>,
    pub(super) namespace: String,
}

impl Keyring {
    /// A keyring of a naming secret and a sealing key, in the empty namespace.
    ///
    /// # Errors
    /// [`KeyError::Short`] if one has fewer than 32 bytes, [`KeyError::Repeated`] if they are the same.
    pub fn new(naming: &[u8], sealing: &[u8]) -> Result<Self, KeyError> {
        let (naming, sealing) = (secret(naming)?, secret(sealing)?);
        if naming == sealing {
            return Err(KeyError::Repeated);
        }
        Ok(Self { naming, sealing, open_only: Vec::new(), namespace: String::new() })
    }

    /// Fresh secrets from the operating system, for tests, demos and single processes with a memory store:
    /// they die with the process.
    ///
    /// # Errors
    /// [`EntropyError`] if the system gives no randomness.
    pub fn generate() -> Result<Self, EntropyError> {
        let fresh = || {
            let mut bytes = Zeroizing::new(vec![0; LEAST_SECRET_BYTES]);
            rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(EntropyError::new)?;
            Ok(bytes)
        };
        Ok(Self { naming: fresh()?, sealing: fresh()?, open_only: Vec::new(), namespace: String::new() })
    }

    /// One more key that opens entries but seals none: an older one, or one that another process will seal
    /// with soon.
    ///
    /// # Errors
    /// [`KeyError::Short`] below 32 bytes, [`KeyError::Repeated`] if the keyring has it already.
    pub fn open_only(mut self, key: &[u8]) -> Result<Self, KeyError> {
        let key = secret(key)?;
        if key == self.naming || key == self.sealing || self.open_only.contains(&key) {
            return Err(KeyError::Repeated);
        }
        self.open_only.push(key);
        Ok(self)
    }

    /// The tenant or environment that all entries, otp ids and tokens belong to.
    ///
    /// # Errors
    /// [`KeyError::Namespace`] if it has more than 64 bytes or a control character.
    pub fn namespace(self, namespace: &str) -> Result<Self, KeyError> {
        if namespace.len() > MAX_NAMESPACE_BYTES || namespace.chars().any(char::is_control) {
            return Err(KeyError::Namespace);
        }
        Ok(Self { namespace: namespace.to_owned(), ..self })
    }
}

fn secret(bytes: &[u8]) -> Result<Secret, KeyError> {
    if bytes.len() < LEAST_SECRET_BYTES {
        return Err(KeyError::Short { bytes: bytes.len() });
    }
    Ok(Zeroizing::new(bytes.to_vec()))
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// What is wrong with a secret or the namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Fewer than 32 bytes.
    #[error(
        "key: {bytes} bytes; a secret needs at least {LEAST_SECRET_BYTES}, from `openssl rand -hex 32` say"
    )]
    Short {
        /// How many there were.
        bytes: usize,
    },
    /// Two of the secrets are the same.
    #[error("key: the same secret twice; naming, sealing and open-only keys must all differ")]
    Repeated,
    /// More than 64 bytes, or a control character.
    #[error("namespace: must be at most {MAX_NAMESPACE_BYTES} bytes without control characters")]
    Namespace,
    /// Two keys happen to have the same key id, which four bytes make one in four billion.
    #[error("key: two keys share a key id; replace the newer one by a fresh key")]
    KeyIdTaken,
}
