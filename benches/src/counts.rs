//! The operations that cost something.

use std::ops::Sub;

/// How many of each operation there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Loads of an entry.
    pub loads: u64,
    /// Swaps of an entry.
    pub swaps: u64,
    /// HMAC-SHA-256 computations.
    pub hmacs: u64,
    /// AES-256-GCM-SIV encryptions.
    pub seals: u64,
    /// AES-256-GCM-SIV decryptions.
    pub opens: u64,
    /// Tokens and ids read from their text, in constant time.
    pub texts_read: u64,
    /// Tokens and ids written as text, in constant time.
    pub texts_written: u64,
    /// Texts of messages put together: an email has three.
    pub message_texts: u64,
    /// Random bytes.
    pub random_bytes: u64,
    /// Calls for random bytes.
    pub random_calls: u64,
}

impl Sub for Counts {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            loads: self.loads - before.loads,
            swaps: self.swaps - before.swaps,
            hmacs: self.hmacs - before.hmacs,
            seals: self.seals - before.seals,
            opens: self.opens - before.opens,
            texts_read: self.texts_read - before.texts_read,
            texts_written: self.texts_written - before.texts_written,
            message_texts: self.message_texts - before.message_texts,
            random_bytes: self.random_bytes - before.random_bytes,
            random_calls: self.random_calls - before.random_calls,
        }
    }
}
