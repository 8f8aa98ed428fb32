//! What the targets share: an exchanger in which nothing depends on the machine, so that one input always
//! does the same, and texts that are nearly right.

mod codes;
mod house;
mod sessions;
mod text;

pub use codes::{Asked, Code, Codes, Told};
pub use house::{Seeded, ada, house, keyring};
pub use pollster::block_on;
pub use sessions::{Refreshed, Session};
pub use text::{Edit, Text, edited};

/// In milliseconds.
pub const MINUTE: i64 = 60_000;
