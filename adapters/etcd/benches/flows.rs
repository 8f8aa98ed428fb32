//! How many flows etcd carries by way of this store, beside the bare driver doing the same.

#[path = "../tests/trials/server.rs"]
#[allow(dead_code)] // the trials use more of it
mod server;
#[path = "../tests/trials/subject.rs"]
mod subject;

use otp_exchange_etcd::etcd_client::{Client, Compare, CompareOp, Txn, TxnOp};
use otp_exchange_trials::BoxError;
use otp_exchange_trials::bench::{self, Floor};
use server::Etcd;

/// A client that all share, with one key for each entry, compared by its revision.
#[derive(Clone)]
struct Driver(Client);

impl Floor for Driver {
    type Loaded = i64;

    async fn connect(url: &str) -> Result<Self, BoxError> {
        Ok(Self(Client::connect([url.trim_start_matches("etcd://")], None).await?))
    }

    async fn load(&self, name: [u8; 16]) -> Result<Option<i64>, BoxError> {
        let found = self.0.kv_client().get(name, None).await?;
        Ok(found.kvs().first().map(otp_exchange_etcd::etcd_client::KeyValue::mod_revision))
    }

    async fn create(&self, name: [u8; 16], value: Vec<u8>) -> Result<bool, BoxError> {
        let none = Compare::create_revision(name, CompareOp::Equal, 0);
        let create = Txn::new().when([none]).and_then([TxnOp::put(name, value, None)]);
        Ok(self.0.kv_client().txn(create).await?.succeeded())
    }

    async fn replace(&self, name: [u8; 16], loaded: &i64, value: Vec<u8>) -> Result<bool, BoxError> {
        let same = Compare::mod_revision(name, CompareOp::Equal, *loaded);
        let replace = Txn::new().when([same]).and_then([TxnOp::put(name, value, None)]);
        Ok(self.0.kv_client().txn(replace).await?.succeeded())
    }
}

fn main() {
    bench::main::<Etcd, Driver>(|store| store)
}
