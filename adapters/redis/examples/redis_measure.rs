//! What an entry costs in memory, and how many swaps there are in a second, beside the bare driver's SET.
//!
//! `cargo run --release -p otp-exchange-redis --example redis_measure -- redis://127.0.0.1:6390` on an empty
//! server.

use std::time::{Duration, Instant};

use otp_exchange::{Clock, CodeStore, Entropy, Name, Sealed, SystemClock, SystemEntropy};
use otp_exchange_redis::{RedisStore, redis};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How many entries, and how many swaps.
const ENTRIES: usize = 100_000;

/// The size of an entry with one live code.
const BYTES: usize = 300;

/// How many call at once.
const TASKS: usize = 64;

#[tokio::main]
async fn main() -> Outcome<()> {
    let url = std::env::args().nth(1).ok_or("which server? Name its URL")?;
    let client = redis::Client::open(url.as_str())?;
    let store = RedisStore::connect(&url).await?;
    let before = used_memory(&client).await?;
    timed("creations", &store, create).await?;
    let each = (used_memory(&client).await? - before) / ENTRIES;
    println!("{each} bytes of memory for each entry of {BYTES} bytes");
    timed("loads", &store, load).await?;

    let waiting = store.replicas(0, Duration::from_secs(1));
    timed("creations with WAIT 0", &waiting, create).await?;
    timed("loads with WAIT 0", &waiting, load).await?;

    let connection = client.get_multiplexed_async_connection().await?;
    timed("SETs by the bare driver", &connection, set).await
}

async fn create(store: RedisStore) -> Outcome<()> {
    let (name, value) = fresh()?;
    let later = SystemClock.now().saturating_add(Duration::from_secs(3600));
    let _ = store.swap(name, None, &value, later).await?;
    Ok(())
}

async fn load(store: RedisStore) -> Outcome<()> {
    store.load(fresh()?.0).await?;
    Ok(())
}

async fn set(mut connection: redis::aio::MultiplexedConnection) -> Outcome<()> {
    let (name, value) = fresh()?;
    let mut set = redis::cmd("SET");
    set.arg(name.as_bytes()).arg(value.as_bytes()).arg("PX").arg(3_600_000);
    Ok(set.exec_async(&mut connection).await?)
}

fn fresh() -> Outcome<(Name, Sealed)> {
    let mut bytes = [0; 16 + BYTES];
    SystemEntropy.fill(&mut bytes)?;
    let (name, value) = bytes.split_at(16);
    Ok((Name::from_bytes(name.try_into()?), Sealed::from_bytes(value)?))
}

#[allow(clippy::disallowed_methods)] // it is real time that is measured
async fn timed<C: Clone + Send + 'static, F: Future<Output = Outcome<()>> + Send + 'static>(
    what: &str,
    context: &C,
    call: fn(C) -> F,
) -> Outcome<()> {
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..TASKS {
        let context = context.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..ENTRIES / TASKS {
                call(context.clone()).await?;
            }
            Outcome::Ok(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    let taken = begun.elapsed();
    println!("{:.0} {what} a second", f64::from(u32::try_from(ENTRIES)?) / taken.as_secs_f64());
    Ok(())
}

async fn used_memory(client: &redis::Client) -> Outcome<usize> {
    let mut connection = client.get_multiplexed_async_connection().await?;
    let info: String = redis::cmd("INFO").arg("memory").query_async(&mut connection).await?;
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:")).ok_or("no used_memory")?;
    Ok(used.trim().parse()?)
}
