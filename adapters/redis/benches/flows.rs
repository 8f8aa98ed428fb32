//! How many flows Redis carries by way of this store, beside the bare driver doing the same.

#[path = "../tests/trials/server.rs"]
#[allow(dead_code)] // the trials use more of it
mod server;

#[path = "../tests/trials/subject.rs"]
#[allow(dead_code)] // the trials run on Valkey too
mod subject;

use otp_exchange_redis::redis;
use otp_exchange_trials::BoxError;
use otp_exchange_trials::bench::{self, Floor};
use redis::aio::MultiplexedConnection;
use subject::{On, Redis};

/// One connection that all share, and the least script that compares.
#[derive(Clone)]
struct Driver {
    connection: MultiplexedConnection,
    swap: redis::Script,
}

const SWAP: &str = "
    local found = redis.call('GET', KEYS[1])
    if (found and string.sub(found, 6, 17) or '') ~= ARGV[1] then return 0 end
    redis.call('SET', KEYS[1], ARGV[2], 'PX', 3600000)
    return 1";

impl Driver {
    async fn swap(&self, name: [u8; 16], expected: &[u8], value: Vec<u8>) -> Result<bool, BoxError> {
        let mut connection = self.connection.clone();
        let mut swap = self.swap.key(&name[..]);
        Ok(swap.arg(expected).arg(value).invoke_async(&mut connection).await?)
    }
}

impl Floor for Driver {
    type Loaded = Vec<u8>;

    async fn connect(url: &str) -> Result<Self, BoxError> {
        let connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
        Ok(Self { connection, swap: redis::Script::new(SWAP) })
    }

    async fn load(&self, name: [u8; 16]) -> Result<Option<Vec<u8>>, BoxError> {
        let mut connection = self.connection.clone();
        Ok(redis::cmd("GET").arg(&name[..]).query_async(&mut connection).await?)
    }

    async fn create(&self, name: [u8; 16], value: Vec<u8>) -> Result<bool, BoxError> {
        self.swap(name, &[], value).await
    }

    async fn replace(&self, name: [u8; 16], loaded: &Vec<u8>, value: Vec<u8>) -> Result<bool, BoxError> {
        self.swap(name, &loaded[5..17], value).await
    }
}

fn main() {
    bench::main::<On<Redis>, Driver>(|store| store)
}
