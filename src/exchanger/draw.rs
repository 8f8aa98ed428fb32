//! Random bytes for one flow, fetched in one call: a call to the system costs more than the bytes.

use rand::{TryCryptoRng, TryRng};

use crate::entropy_error::EntropyError;
use crate::ports::Entropy;
use crate::wiped::Wiped;

/// The most that is fetched in one call.
const ROOM: usize = 80;

/// Hands out random bytes of one flow. They come from the entropy port alone, are used once, and are wiped.
pub(super) struct Draw<'a> {
    entropy: &'a dyn Entropy,
    bytes: Wiped<[u8; ROOM]>,
    expected: usize,
    ready: std::ops::Range<usize>,
}

impl<'a> Draw<'a> {
    /// For a flow that will probably want that many bytes. Nothing is fetched before the first are wanted.
    pub(super) fn new(entropy: &'a dyn Entropy, expected: usize) -> Self {
        Self { entropy, bytes: Wiped::new([0; ROOM]), expected: expected.min(ROOM), ready: 0..0 }
    }

    pub(super) fn take<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], EntropyError> {
        let mut taken = [0; COUNT];
        self.try_fill_bytes(&mut taken)?;
        Ok(taken)
    }
}

impl TryRng for Draw<'_> {
    type Error = EntropyError;

    #[inline] // most ask for a number of bytes that is known when this is compiled
    fn try_fill_bytes(&mut self, wanted: &mut [u8]) -> Result<(), EntropyError> {
        if self.ready.len() < wanted.len() && self.expected >= wanted.len() {
            self.entropy.fill(&mut self.bytes[..self.expected])?;
            self.ready = 0..self.expected;
            self.expected = 0; // whatever is wanted beyond that is fetched as it is wanted
        }
        if self.ready.len() < wanted.len() {
            return self.entropy.fill(wanted);
        }
        let end = self.ready.start + wanted.len();
        wanted.copy_from_slice(&self.bytes[self.ready.start..end]);
        self.ready.start = end;
        Ok(())
    }

    fn try_next_u32(&mut self) -> Result<u32, EntropyError> {
        self.take().map(u32::from_le_bytes)
    }

    fn try_next_u64(&mut self) -> Result<u64, EntropyError> {
        self.take().map(u64::from_le_bytes)
    }
}

impl TryCryptoRng for Draw<'_> {}
