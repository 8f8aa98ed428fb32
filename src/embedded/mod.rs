//! Defaults that need no server.

mod memory_store;
mod outbox;

pub use memory_store::MemoryStore;
pub use outbox::Outbox;
