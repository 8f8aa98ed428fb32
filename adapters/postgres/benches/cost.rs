//! What one load and one swap cost PostgreSQL: processor, bytes on the wire, in the write-ahead log and on disk.

#[path = "../tests/trials/server.rs"]
#[allow(dead_code)] // the trials use more of it
mod server;

use otp_exchange_postgres::PostgresStore;
use otp_exchange_trials::cost::{self, Figures, Metered};
use otp_exchange_trials::{BoxError, Process, runtime};
use server::Server;

impl Server {
    /// A number that it is asked for.
    fn number(&self, sql: &str) -> i64 {
        let found = runtime().block_on(async {
            let client = self.client().await?;
            Ok::<i64, BoxError>(client.query_one(sql, &[]).await?.get(0))
        });
        found.expect("a server that answers")
    }
}

impl Metered for Server {
    fn process(&self) -> &Process {
        self.process.as_ref().expect("it runs")
    }

    fn figures(&self) -> Figures {
        let log = self.number("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint");
        let kept = self.number("SELECT pg_total_relation_size('otp_entries')");
        Figures { log: log.unsigned_abs(), kept: kept.unsigned_abs() }
    }

    fn settle(&self) {
        self.sql("CHECKPOINT");
    }

    /// Figures of updates come in when a connection has been idle for a while, so they lag behind.
    fn remark(&self) -> String {
        let of = |column| {
            self.number(&format!("SELECT {column} FROM pg_stat_user_tables WHERE relname = 'otp_entries'"))
        };
        format!("{} updates so far, {} of them within their page", of("n_tup_upd"), of("n_tup_hot_upd"))
    }
}

fn main() {
    cost::main::<Server>(PostgresStore::prepared)
}
