//! Redis and Valkey, as every store's trials and benches take a server.

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::time::Duration;

use otp_exchange_redis::{RedisStore, redis};
use otp_exchange_trials::{BoxError, ForgetsBy, Program, SharedClock, Subject};

use crate::server::{self, Server};

/// Which of the two servers.
pub(crate) trait Kind: Send + Sync + 'static {
    const NAME: &'static str;
    const PROGRAM: Program;
}

pub(crate) struct Redis;
pub(crate) struct Valkey;

impl Kind for Redis {
    const NAME: &'static str = "redis";
    const PROGRAM: Program = server::REDIS;
}

impl Kind for Valkey {
    const NAME: &'static str = "valkey";
    const PROGRAM: Program = server::VALKEY;
}

pub(crate) struct On<K> {
    pub(crate) server: Server,
    kind: PhantomData<K>,
}

impl<K: Kind> Subject for On<K> {
    type Store = RedisStore;

    const NAME: &'static str = K::NAME;
    const FORGETS_BY: ForgetsBy = ForgetsBy::Server;
    const NEEDS: &'static [Program] = &[K::PROGRAM];

    fn start() -> Self {
        Self { server: Server::start(K::PROGRAM.name, &[]), kind: PhantomData }
    }

    fn url(&self) -> String {
        self.server.url()
    }

    fn url_by(&self, proxy: SocketAddr) -> Option<String> {
        Some(format!("redis://{proxy}"))
    }

    fn address(&self) -> Option<SocketAddr> {
        Some(self.server.address())
    }

    async fn connect(url: &str, clock: SharedClock, timeout: Duration) -> Result<RedisStore, BoxError> {
        let store = RedisStore::new(redis::Client::open(url)?).clock(clock).timeout(timeout);
        store.check().await?;
        Ok(store)
    }

    async fn purge(_store: &RedisStore) {}

    fn kill(&mut self) {
        self.server.kill();
    }

    fn restart(&mut self) {
        self.server.restart();
    }
}
