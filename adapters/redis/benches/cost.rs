//! What one load and one swap cost Redis: processor, bytes on the wire, in the append-only file and in memory.

#[path = "../tests/trials/server.rs"]
#[allow(dead_code)] // the trials use more of it
mod server;

#[path = "../tests/trials/subject.rs"]
#[allow(dead_code)] // the trials run on Valkey too
mod subject;

use otp_exchange_trials::Process;
use otp_exchange_trials::cost::{self, Figures, Metered};
use subject::{On, Redis};

impl Metered for On<Redis> {
    fn process(&self) -> &Process {
        &self.server.process
    }

    fn figures(&self) -> Figures {
        let info = self.server.ask("INFO all");
        let figure = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|value| value.trim().parse().ok()).unwrap_or_else(|| panic!("no {name}: {info}"))
        };
        Figures { log: figure("aof_current_size"), kept: figure("used_memory") }
    }

    /// From now on the append-only file only grows.
    fn settle(&self) {
        self.server.ask("CONFIG SET auto-aof-rewrite-percentage 0");
    }
}

fn main() {
    cost::main::<On<Redis>>(|store| store)
}
