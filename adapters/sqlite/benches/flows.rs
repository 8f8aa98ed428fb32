//! How many flows SQLite carries by way of this store, beside the bare driver doing the same.

#[path = "../tests/trials/subject.rs"]
mod subject;

use std::sync::{Arc, Mutex, PoisonError};

use otp_exchange_sqlite::rusqlite::{Connection, OptionalExtension, params};
use otp_exchange_trials::BoxError;
use otp_exchange_trials::bench::{self, Floor};
use subject::Sqlite;

/// One connection, as durable as the store's, with a transaction for each write; off the executor's threads.
#[derive(Clone)]
struct Driver(Arc<Mutex<Connection>>);

impl Driver {
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, otp_exchange_sqlite::rusqlite::Error> + Send + 'static,
    ) -> Result<T, BoxError> {
        let connection = Arc::clone(&self.0);
        let work = move || work(&connection.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(tokio::task::spawn_blocking(work).await??)
    }
}

impl Floor for Driver {
    type Loaded = Vec<u8>;

    async fn connect(url: &str) -> Result<Self, BoxError> {
        let connection = Connection::open(url.trim_start_matches("sqlite:"))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    async fn load(&self, name: [u8; 16]) -> Result<Option<Vec<u8>>, BoxError> {
        self.blocking(move |connection| {
            let mut select = connection.prepare_cached("SELECT value FROM entry WHERE name = ?1")?;
            select.query_row([name], |row| row.get(0)).optional()
        })
        .await
    }

    async fn create(&self, name: [u8; 16], value: Vec<u8>) -> Result<bool, BoxError> {
        self.blocking(move |connection| {
            let mut insert =
                connection.prepare_cached("INSERT INTO entry VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?;
            Ok(insert.execute(params![name, value, i64::MAX])? == 1)
        })
        .await
    }

    async fn replace(&self, name: [u8; 16], loaded: &Vec<u8>, value: Vec<u8>) -> Result<bool, BoxError> {
        let version = loaded[5..17].to_vec();
        self.blocking(move |connection| {
            let mut update = connection.prepare_cached(
                "UPDATE entry SET value = ?2, forget_after = ?3 WHERE name = ?1 AND substr(value, 6, 12) = ?4",
            )?;
            Ok(update.execute(params![name, value, i64::MAX, version])? == 1)
        })
        .await
    }
}

fn main() {
    bench::main::<Sqlite, Driver>(|store| store)
}
