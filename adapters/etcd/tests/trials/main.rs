//! What the store in etcd goes through, on servers of its own: everything that each store does, and what only
//! etcd can do to it.

mod cluster;
mod errors;
mod leases;
mod logins;
mod server;
mod subject;

use server::Etcd;

fn main() {
    let mut more = cluster::trials();
    more.extend(errors::trials());
    more.extend(leases::trials());
    more.extend(logins::trials());
    otp_exchange_trials::main::<Etcd>(more);
}
