//! How many swaps a server does, and how many bytes an entry takes there:
//! `cargo run --release -p otp-exchange-postgres --example measure -- URL [SECONDS]`.
//!
//! It works in a table of its own, `otp_measure`, which it leaves behind.

use std::future::Future;
use std::time::Duration;

use otp_exchange::{Clock, CodeStore, Name, Sealed, Swap, SystemClock};
use otp_exchange_postgres::PostgresStore;
use otp_exchange_postgres::tokio_postgres::{self, NoTls};
use tokio::time::Instant;

/// How many call at once: as many as the pool has connections.
const TASKS: u64 = 16;

/// How many entries each of them has.
const ENTRIES: u64 = 5_000;

/// About the size of a ledger with one live code.
const BYTES: usize = 300;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("give the URL of a database")?;
    let span = Duration::from_secs(arguments.next().map_or(Ok(10), |text| text.parse())?);
    let store = PostgresStore::connect(&url).await?.table("otp_measure")?;
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute("DROP TABLE IF EXISTS otp_measure, otp_measure_migrations").await?;
    store.migrate().await?;
    for warning in store.check().await? {
        println!("{warning}");
    }

    at_once("creations", |task| create(store.clone(), task)).await?;
    let size = "SELECT pg_total_relation_size('otp_measure')";
    let bytes = |size: i64| size / i64::try_from(TASKS * ENTRIES).unwrap_or(i64::MAX);
    println!("{} bytes for each entry of {BYTES}", bytes(client.query_one(size, &[]).await?.get(0)));
    let end = Instant::now() + span;
    at_once("loads", |task| load(store.clone(), task, end)).await?;
    let end = Instant::now() + span;
    at_once("swaps", |task| swap(store.clone(), task, end)).await?;
    println!("{} bytes for each entry after that", bytes(client.query_one(size, &[]).await?.get(0)));
    Ok(())
}

/// Runs one in each task, and prints how many there were in a second.
async fn at_once<F>(what: &str, one: impl Fn(u64) -> F) -> Result<(), Error>
where
    F: Future<Output = Result<u64, Error>> + Send + 'static,
{
    let started = Instant::now();
    let tasks: Vec<_> = (0..TASKS).map(|task| tokio::spawn(one(task))).collect();
    let mut count = 0;
    for task in tasks {
        count += task.await??;
    }
    println!("{} {what}/s", u128::from(count) * 1000 / started.elapsed().as_millis().max(1));
    Ok(())
}

async fn create(store: PostgresStore, task: u64) -> Result<u64, Error> {
    for index in 0..ENTRIES {
        write(&store, task, index, 0).await?;
    }
    Ok(ENTRIES)
}

async fn load(store: PostgresStore, task: u64, end: Instant) -> Result<u64, Error> {
    let mut count = 0;
    while Instant::now() < end {
        store.load(name(task, count % ENTRIES)).await?.ok_or("an entry is gone")?;
        count += 1;
    }
    Ok(count)
}

async fn swap(store: PostgresStore, task: u64, end: Instant) -> Result<u64, Error> {
    let mut count = 0;
    while Instant::now() < end {
        write(&store, task, count % ENTRIES, 1 + count / ENTRIES).await?;
        count += 1;
    }
    Ok(count)
}

/// Writes an entry for that many times; the first time creates it.
async fn write(store: &PostgresStore, task: u64, index: u64, times: u64) -> Result<(), Error> {
    let before = times.checked_sub(1).map(|before| value(before).version());
    let until = SystemClock.now().saturating_add(Duration::from_secs(3600));
    match store.swap(name(task, index), before, &value(times), until).await? {
        Swap::Applied => Ok(()),
        Swap::Conflict => Err("somebody else writes to this table".into()),
    }
}

/// Spread over the index, as keyed hashes are.
fn name(task: u64, index: u64) -> Name {
    let number = (task * ENTRIES + index).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Name::from_bytes(bytes)
}

/// What is written the so-many-th time.
fn value(times: u64) -> Sealed {
    let mut bytes = [0xA5; BYTES];
    bytes[5..13].copy_from_slice(&times.to_be_bytes());
    Sealed::from_bytes(bytes).expect("the length of an entry")
}
