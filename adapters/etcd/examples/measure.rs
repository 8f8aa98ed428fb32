//! Swaps a second against the driver alone, and bytes for each entry:
//! `cargo run --release --example measure -- etcd://127.0.0.1:2379`
//!
//! Takes a server that holds nothing else, started with
//! `--auto-compaction-mode=periodic --auto-compaction-retention=5m`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use otp_exchange::{Clock, CodeStore, Name, Sealed, Swap, SystemClock};
use otp_exchange_etcd::EtcdStore;
use otp_exchange_etcd::etcd_client::{Client, CompactionOptions, Compare, CompareOp, Txn, TxnOp};
use tokio::time::Instant;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The size of an entry with one code in it.
const BYTES: usize = 300;

/// How long each measurement takes.
const SPAN: Duration = Duration::from_secs(8);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "etcd://127.0.0.1:2379".to_owned());
    let store = EtcdStore::connect(&url).await?;
    let endpoints = url.replace("etcd://", "");
    let mut client = Client::connect(endpoints.split(',').collect::<Vec<_>>(), None).await?;
    println!("swaps a second, {BYTES} bytes");
    println!("{:>10} {:>10} {:>10}", "in flight", "driver", "store");
    for in_flight in [1, 8, 64] {
        let (client, store) = (client.clone(), store.clone());
        let driver = a_second(in_flight, move || by_driver(client.clone())).await?;
        let store = a_second(in_flight, move || by_store(store.clone())).await?;
        println!("{in_flight:>10} {driver:>10} {store:>10}");
    }
    let before = settled(&mut client).await?;
    let entries = 100_000;
    fill(&store, entries).await?;
    let after = settled(&mut client).await?;
    println!(
        "{} bytes in the database file for each of {entries} entries of {BYTES} bytes",
        (after - before) / entries
    );
    Ok(())
}

/// How often `one` swap after the other succeeds in a second, with so many at once, each on an entry of its
/// own.
async fn a_second<F, S>(in_flight: usize, swaps: F) -> Result<u64, Failure>
where
    F: Fn() -> S,
    S: Swaps + Send + 'static,
{
    let count = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..in_flight)
        .map(|_| {
            let (mut swaps, count) = (swaps(), Arc::clone(&count));
            tokio::spawn(async move {
                while begun.elapsed() < SPAN {
                    swaps.swap().await?;
                    count.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, Failure>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(count.load(Ordering::Relaxed) / SPAN.as_secs())
}

trait Swaps {
    fn swap(&mut self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// What the driver can do at best: one put under the revision that the last one ended in.
struct ByDriver {
    client: Client,
    key: [u8; 16],
    revision: i64,
}

fn by_driver(client: Client) -> ByDriver {
    ByDriver { client, key: rand::random(), revision: 0 }
}

impl Swaps for ByDriver {
    async fn swap(&mut self) -> Result<(), Failure> {
        let unchanged = Compare::mod_revision(self.key, CompareOp::Equal, self.revision);
        let put = TxnOp::put(self.key, value().as_bytes(), None);
        let answer = self.client.txn(Txn::new().when([unchanged]).and_then([put])).await?;
        self.revision = answer.header().ok_or("a header")?.revision();
        if answer.succeeded() { Ok(()) } else { Err("a conflict with nobody".into()) }
    }
}

struct ByStore {
    store: EtcdStore,
    name: Name,
    last: Option<Sealed>,
}

fn by_store(store: EtcdStore) -> ByStore {
    ByStore { store, name: Name::from_bytes(rand::random()), last: None }
}

impl Swaps for ByStore {
    async fn swap(&mut self) -> Result<(), Failure> {
        let (expected, next) = (self.last.as_ref().map(Sealed::version), value());
        let until = SystemClock.now().saturating_add(Duration::from_secs(86_400));
        match self.store.swap(self.name, expected, &next, until).await? {
            Swap::Applied => self.last = Some(next),
            Swap::Conflict => return Err("a conflict with nobody".into()),
        }
        Ok(())
    }
}

fn value() -> Sealed {
    let bytes: Vec<u8> = (0..BYTES).map(|_| rand::random()).collect();
    Sealed::from_bytes(bytes).expect("the length of an entry")
}

/// Writes so many entries, 64 at once.
async fn fill(store: &EtcdStore, entries: i64) -> Result<(), Failure> {
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in (task..entries).step_by(64) {
                    by_store(store.clone()).swap().await?;
                }
                Ok::<_, Failure>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

/// The size of the database file, without history and holes.
async fn settled(client: &mut Client) -> Result<i64, Failure> {
    let revision = client.get("any", None).await?.header().ok_or("a header")?.revision();
    client.compact(revision, Some(CompactionOptions::new().with_physical())).await?;
    client.defragment().await?;
    Ok(client.status().await?.db_size())
}
