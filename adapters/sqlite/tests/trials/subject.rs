//! The file on trial.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use otp_exchange_sqlite::SqliteStore;
use otp_exchange_trials::{BoxError, ForgetsBy, Program, SharedClock, Subject};
use tempfile::TempDir;

/// A file that is not there before somebody connects. There is no server: whoever is killed is a process that
/// has it open.
pub(crate) struct Sqlite(TempDir);

impl Sqlite {
    fn path(&self) -> PathBuf {
        self.0.path().join("codes.db")
    }
}

impl Subject for Sqlite {
    type Store = SqliteStore;

    const NAME: &'static str = "sqlite";
    const FORGETS_BY: ForgetsBy = ForgetsBy::Store;
    const NEEDS: &'static [Program] = &[];
    const HAS_SERVER: bool = false;

    fn start() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    fn url_by(&self, _: SocketAddr) -> Option<String> {
        None
    }

    fn address(&self) -> Option<SocketAddr> {
        None
    }

    async fn connect(url: &str, clock: SharedClock, timeout: Duration) -> Result<SqliteStore, BoxError> {
        Ok(SqliteStore::connect(url).await?.clock(clock).timeout(timeout))
    }

    async fn purge(store: &SqliteStore) {
        store.purge().await.expect("a database that nobody keeps locked");
    }

    fn kill(&mut self) {}

    fn restart(&mut self) {}
}
