//! The trials of every store, and those of this one, on real servers of PostgreSQL.

mod connections;
mod errors;
mod failover;
mod laws;
mod schema;
mod server;

use otp_exchange_trials::Outcome;
use server::Server;

/// A trial: its name, and what is done.
type Case = (&'static str, fn() -> Outcome);

fn main() {
    let more =
        [laws::trials(), schema::trials(), errors::trials(), connections::trials(), failover::trials()];
    otp_exchange_trials::main::<Server>(more.into_iter().flatten());
}
