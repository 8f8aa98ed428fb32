//! The server in the trials: how it is started, connected to and killed.

use std::net::SocketAddr;
use std::time::Duration;

use otp_exchange_etcd::EtcdStore;
use otp_exchange_trials::{BoxError, ForgetsBy, Program, SharedClock, Subject};

use crate::server::Etcd;

impl Subject for Etcd {
    type Store = EtcdStore;

    const NAME: &'static str = "etcd";
    const FORGETS_BY: ForgetsBy = ForgetsBy::Server;
    const NEEDS: &'static [Program] = &[Program { name: "etcd", install: "apt-get install etcd-server" }];
    const ASKS_AND_ANSWERS: bool = false;

    fn start() -> Self {
        Self::alone(&[])
    }

    fn url(&self) -> String {
        format!("etcd://{}", self.listens())
    }

    fn url_by(&self, proxy: SocketAddr) -> Option<String> {
        Some(format!("etcd://{proxy}"))
    }

    fn address(&self) -> Option<SocketAddr> {
        Some(self.listens())
    }

    async fn connect(url: &str, clock: SharedClock, timeout: Duration) -> Result<EtcdStore, BoxError> {
        Ok(EtcdStore::connect(url).await?.clock(clock).timeout(timeout))
    }

    async fn purge(_: &EtcdStore) {}

    fn kill(&mut self) {
        self.stop();
    }

    fn restart(&mut self) {
        self.run();
        self.wait_for_leader();
    }
}
