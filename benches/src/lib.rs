//! What the benches and the report share: a store full of live codes, the flows on it, and the least each
//! could cost.

mod biased;
pub mod capacity;
mod counts;
mod fairness;
mod floor;
mod flows;
mod in_flight;
mod misses;
mod on_cpu;
mod p_values;
mod pauses;
mod plot;
mod ports;
mod ranks;
mod setting;
mod slot;
mod threads;
mod welch;
mod world;

pub use biased::{Biased, Fault};
pub use counts::Counts;
pub use fairness::{characters_to_find_remainder, examine};
pub use flows::Flow;
pub use in_flight::{future_bytes, nanoseconds as in_flight};
pub use misses::step;
pub use p_values::{Judged, PValue, PValues};
pub use pauses::{Pauses, pauses};
pub use plot::{Line, Plot};
pub use ports::{Nowhere, run};
pub use ranks::auc;
pub use setting::{Asking, Setting};
pub use slot::{Slot, Stopped};
pub use threads::flows_per_second;
pub use welch::{Compared, DIFFERS, compare};
pub use world::World;

#[cfg(doctest)]
#[doc = include_str!("../../docs/scale.md")]
struct Scale;
