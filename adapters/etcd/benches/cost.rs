//! What one load and one swap cost etcd: processor, bytes on the wire, in its log and in its database.

#[path = "../tests/trials/server.rs"]
#[allow(dead_code)] // the trials use more of it
mod server;
#[path = "../tests/trials/subject.rs"]
mod subject;

use otp_exchange_trials::Process;
use otp_exchange_trials::cost::{self, Figures, Metered};
use server::Etcd;

impl Metered for Etcd {
    fn process(&self) -> &Process {
        Self::process(self)
    }

    fn figures(&self) -> Figures {
        let figure = |name| self.figure(name).unwrap_or_else(|| panic!("no {name}"));
        let (log, kept) = ("etcd_disk_wal_write_bytes_total", "etcd_mvcc_db_total_size_in_use_in_bytes");
        Figures { log: figure(log), kept: figure(kept) }
    }

    /// How much memory it holds.
    fn remark(&self) -> String {
        let bytes = self.figure("process_resident_memory_bytes").unwrap_or_default();
        format!("{} MB of memory", bytes / 1_000_000)
    }
}

fn main() {
    cost::main::<Etcd>(|store| store)
}
