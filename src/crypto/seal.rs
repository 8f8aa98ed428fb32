//! The form of everything that lies in a store.

use std::fmt;

use crate::otp_id::OtpIdError;

/// The largest entry a store is ever handed, in bytes.
pub const MAX_ENTRY_BYTES: usize = 16 * 1024;

pub(super) const FORMAT: u8 = 1;
pub(super) const KEY_ID: usize = 4;
pub(crate) const NONCE_BYTES: usize = 12;
pub(super) const HEADER: usize = 1 + KEY_ID + NONCE_BYTES;
pub(super) const TAG: usize = 16;

/// The name under which an entry lies in a store: 16 bytes that look random.
///
/// It is a keyed hash, or random; nobody without the naming secret can tell whose it is, and stores may shard
/// by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(pub(crate) [u8; 16]);

impl Name {
    /// The name with these bytes: for stores that list what they hold, and for tests.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Name(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// Which writing of an entry this is: the random nonce it was sealed with. It can only be compared.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version([u8; NONCE_BYTES]);

impl Version {
    /// Its bytes, for stores that keep the version in a column of its own.
    pub const fn as_bytes(&self) -> &[u8; NONCE_BYTES] {
        &self.0
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// One entry as it lies in a store: opaque bytes, 33 to 16,384 of them, with their version inside.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Box<[u8]>);

impl Sealed {
    /// Takes back bytes that a store kept.
    ///
    /// # Errors
    /// [`MalformedEntry`] if they cannot be an entry by their length; a store answers it as a permanent
    /// error, for which `?` is enough. Whether they were altered shows when they are opened.
    pub fn from_bytes(bytes: impl Into<Box<[u8]>>) -> Result<Self, MalformedEntry> {
        let bytes = bytes.into();
        if (HEADER + TAG..=MAX_ENTRY_BYTES).contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            Err(MalformedEntry { bytes: bytes.len() })
        }
    }

    /// The bytes to keep.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The version of this writing: bytes 5 to 16, counted from 0.
    pub fn version(&self) -> Version {
        let mut version = [0; NONCE_BYTES];
        version.copy_from_slice(&self.0[1 + KEY_ID..HEADER]); // never shorter: see `from_bytes`
        Version(version)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes, {:?})", self.0.len(), self.version())
    }
}

/// What an entry or id is, bound into its seal so that none can stand for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum EntryKind {
    Ledger = 1,
    Session = 2,
    OtpId = 3,
    Usage = 4,
    CodeAlone = 5,
    Subject = 6,
    DeliveryId = 7,
}

/// Bytes from a store that cannot be an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("entry: {bytes} bytes; an entry has {} to {MAX_ENTRY_BYTES}, so the store altered it", HEADER + TAG)]
pub struct MalformedEntry {
    /// How many there were.
    pub bytes: usize,
}

/// Why an entry in the store does not open. It is never taken for an absent one, and never overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A format this version of the crate does not know.
    #[error("entry: written by another version of this crate; deploy the newer one everywhere first")]
    Format,
    /// Sealed with a key that is not in the keyring.
    #[error("entry: sealed with a key that is not in the keyring; add that key as open-only")]
    UnknownKey,
    /// Altered, or moved from another name, kind or namespace.
    #[error("entry: altered or moved in the store; find out who writes to it")]
    Altered,
}

impl From<OpenError> for OtpIdError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::UnknownKey => Self::UnknownKey,
            OpenError::Format | OpenError::Altered => Self::Altered,
        }
    }
}

/// The value would be larger than entries of its kind may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SealError;
