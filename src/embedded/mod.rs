//! Defaults that need no server.

mod memory_store;
mod outbox;
mod sync;
#[cfg(feature = "tracing")]
mod tracing;

pub use memory_store::MemoryStore;
pub use outbox::Outbox;
#[cfg(feature = "tracing")]
pub use tracing::TracingObserver;
