//! Where randomness comes from.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::SysRng;
use rand::{TryCryptoRng, TryRng};

use crate::entropy_error::EntropyError;

/// A cryptographic source of random bytes that may fail.
///
/// A generator of the `rand` crate behind a [`Mutex`] is one:
///
/// ```
/// use std::sync::Mutex;
/// use otp_exchange::Entropy;
/// use rand::{SeedableRng, rngs::StdRng};
///
/// let seeded = Mutex::new(StdRng::seed_from_u64(7)); // for tests: the same codes every time
/// let mut bytes = [0; 4];
/// seeded.fill(&mut bytes)?;
/// # Ok::<(), otp_exchange::EntropyError>(())
/// ```
///
/// Of one's own:
///
/// ```
/// use otp_exchange::{Entropy, EntropyError};
/// # fn read_from_device(bytes: &mut [u8]) -> std::io::Result<()> { bytes.fill(4); Ok(()) }
///
/// #[derive(Debug)]
/// struct Device;
///
/// impl Entropy for Device {
///     fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
///         read_from_device(bytes).map_err(EntropyError::new)
///     }
/// }
/// # assert!(Device.fill(&mut [0; 4]).is_ok());
/// ```
pub trait Entropy: Send + Sync {
    /// Fills all of `bytes`.
    ///
    /// # Errors
    /// [`EntropyError`] if that cannot be done; `bytes` are then not used.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        SysRng.try_fill_bytes(bytes).map_err(EntropyError::new)
    }
}

impl<T: Entropy + ?Sized> Entropy for Arc<T> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        (**self).fill(bytes)
    }
}

impl<R: TryCryptoRng + Send> Entropy for Mutex<R> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let mut generator = self.lock().unwrap_or_else(PoisonError::into_inner);
        generator.try_fill_bytes(bytes).map_err(EntropyError::new)
    }
}
