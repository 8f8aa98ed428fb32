//! That there was no randomness.

use std::fmt;

/// The generator of random bytes failed; nothing was made. Try again, or look at the operating system.
#[derive(thiserror::Error)]
#[error("no entropy: the random generator failed, and nothing was made")]
pub struct EntropyError {
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl EntropyError {
    /// Keeps what the generator said, as text: its type need not be `Send`, and it holds nothing secret.
    pub fn new(source: impl fmt::Display) -> Self {
        Self { source: source.to_string().into() }
    }
}

impl fmt::Debug for EntropyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntropyError({})", self.source)
    }
}
