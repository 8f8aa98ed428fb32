//! What the benches and the report share: a store full of live codes, the flows on it, and the least each
//! could cost.

mod floor;
mod flows;
mod ports;
mod world;

pub use flows::Flow;
pub use ports::{Nowhere, run};
pub use world::{World, address};
