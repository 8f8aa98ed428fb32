//! How many flows PostgreSQL carries by way of this store, beside the bare driver doing the same.

#[path = "../tests/trials/server.rs"]
#[allow(dead_code)] // the trials use more of it
mod server;

use deadpool_postgres::{Manager, Pool};
use otp_exchange_postgres::{PostgresStore, deadpool_postgres, tokio_postgres};
use otp_exchange_trials::BoxError;
use otp_exchange_trials::bench::{self, Floor};
use server::Server;
use tokio_postgres::NoTls;

/// As many connections as the store makes for itself.
const CONNECTIONS: usize = 16;

/// A pool, and statements that are prepared once on each connection.
#[derive(Clone)]
struct Driver(Pool);

impl Floor for Driver {
    type Loaded = Vec<u8>;

    async fn connect(url: &str) -> Result<Self, BoxError> {
        let pool = Pool::builder(Manager::new(url.parse()?, NoTls)).max_size(CONNECTIONS).build()?;
        Ok(Self(pool))
    }

    async fn load(&self, name: [u8; 16]) -> Result<Option<Vec<u8>>, BoxError> {
        let client = self.0.get().await?;
        let select = client.prepare_cached("SELECT value FROM otp_entries WHERE name = $1").await?;
        let row = client.query_opt(&select, &[&name.as_slice()]).await?;
        Ok(row.map(|row| row.get(0)))
    }

    async fn create(&self, name: [u8; 16], value: Vec<u8>) -> Result<bool, BoxError> {
        let client = self.0.get().await?;
        let insert = client
            .prepare_cached("INSERT INTO otp_entries VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .await?;
        Ok(client.execute(&insert, &[&name.as_slice(), &value, &i64::MAX]).await? == 1)
    }

    async fn replace(&self, name: [u8; 16], loaded: &Vec<u8>, value: Vec<u8>) -> Result<bool, BoxError> {
        let client = self.0.get().await?;
        let update = client
            .prepare_cached(
                "UPDATE otp_entries SET value = $2, forget_after = $3 \
                 WHERE name = $1 AND substring(value from 6 for 12) = $4",
            )
            .await?;
        Ok(client.execute(&update, &[&name.as_slice(), &value, &i64::MAX, &&loaded[5..17]]).await? == 1)
    }
}

fn main() {
    bench::main::<Server, Driver>(PostgresStore::prepared)
}
