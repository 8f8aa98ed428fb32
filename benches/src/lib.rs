//! What the benches and the report share: a store full of live codes, the flows on it, and the least each
//! could cost.

mod counts;
mod floor;
mod flows;
mod ports;
mod ranks;
mod setting;
mod slot;

mod welch;
mod world;

pub use counts::Counts;
pub use flows::Flow;
pub use ports::{Nowhere, run};
pub use ranks::auc;
pub use setting::{Asking, Setting};
pub use slot::{Slot, Stopped};
pub use welch::{Compared, DIFFERS, compare};
pub use world::World;
