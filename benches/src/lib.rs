//! What the benches and the report share: a store full of live codes, the flows on it, and the least each
//! could cost.

mod counts;
mod floor;
mod flows;
mod in_flight;
mod misses;
mod on_cpu;
mod pauses;
mod plot;
mod ports;
mod ranks;
mod setting;
mod threads;
mod world;

pub use counts::Counts;
pub use flows::Flow;
pub use in_flight::{future_bytes, nanoseconds as in_flight};
pub use misses::step;
pub use pauses::{Pauses, pauses};
pub use plot::{Line, Plot};
pub use ports::{Nowhere, run};
pub use ranks::auc;
pub use setting::{Asking, Setting};
pub use threads::flows_per_second;
pub use world::World;
