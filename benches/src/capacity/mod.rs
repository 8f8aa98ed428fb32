//! What a service of many people asks of its store: a model of the load, that load run through the real flows at
//! a small scale, and the formulas that carry the outcome to the full one. `docs/scale.md` is made of it.

mod calls;
mod clock;
mod crowd;
mod hot_key;
mod model;
/// Just as the store for Redis reckons it.
#[path = "../../../adapters/redis/src/slot.rs"]
mod redis_slot;
mod shards;

pub use calls::{Cost, Kind, Sizes};
pub use clock::HandClock;
pub use crowd::{Crowd, Sample, Seen};
pub use hot_key::{HotKey, Rush};
pub use model::{Load, Model};
pub use shards::Spread;
