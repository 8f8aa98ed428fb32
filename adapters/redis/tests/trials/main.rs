//! The store on trial with Redis and with Valkey: what every store goes through, and beyond that bad input,
//! times to live, a cluster, replicas, sentinels and failovers.

mod cluster;
mod failover;
mod input;
mod server;
mod standing;
mod subject;

use otp_exchange_trials::{Trial, main_of_two};
use subject::{Kind, On, Redis, Valkey};

fn trials<K: Kind>() -> Vec<Trial> {
    let program = K::PROGRAM.name;
    let mut trials = input::trials(program);
    trials.extend(standing::trials(program));
    trials.extend(cluster::trials(program));
    trials.extend(failover::trials(program));
    trials
}

fn main() {
    main_of_two::<On<Redis>, On<Valkey>>(trials::<Redis>(), trials::<Valkey>());
}
