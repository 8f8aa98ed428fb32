//! What the targets share: an exchanger in which nothing depends on the machine, so that one input always
//! does the same, and texts that are nearly right.

mod house;
pub mod stateful;
mod text;
pub mod texts;

pub use house::{Seeded, ada, house, keyring};
pub use pollster::block_on;
pub use text::{Edit, Text, edited};
