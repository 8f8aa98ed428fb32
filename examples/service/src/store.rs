//! Where codes and sessions are kept.

use std::time::Duration;

use otp_exchange::{DynStore, MemoryStore};
use otp_exchange_postgres::PostgresStore;
use otp_exchange_redis::RedisStore;
use otp_exchange_sqlite::SqliteStore;

use crate::error::StartError;

/// How many entries the memory store has room for: about 400 bytes each.
const MEMORY_ENTRIES: usize = 1_000_000;

/// How often a store that does not forget by itself is purged.
const PURGE_EVERY: Duration = Duration::from_secs(300);

/// Whether what is kept there outlives the process.
pub(crate) fn is_durable(url: &str) -> bool {
    url != "memory"
}

/// Connects to the store of that URL.
pub(crate) async fn connect(url: &str) -> Result<DynStore, StartError> {
    if !is_durable(url) {
        return Ok(DynStore::new(MemoryStore::new(MEMORY_ENTRIES)));
    }
    let (scheme, _) = url.split_once(':').ok_or(StartError::UnknownStore)?;
    Ok(match scheme {
        "sqlite" => DynStore::new(SqliteStore::connect(url).await.map_err(StartError::store)?),
        "postgres" | "postgresql" => DynStore::new(postgres(url).await?),
        "redis" | "rediss" => {
            let store = RedisStore::connect(url).await.map_err(StartError::store)?;
            let found = store.check().await.map_err(StartError::store)?;
            if !found.append_only {
                tracing::warn!(
                    "redis keeps no append-only file: a restart brings used codes and revoked sessions back"
                );
            }
            DynStore::new(store)
        }
        #[cfg(feature = "etcd")]
        "etcd" => DynStore::new(otp_exchange_etcd::EtcdStore::connect(url).await.map_err(StartError::store)?),
        #[cfg(not(feature = "etcd"))]
        "etcd" => return Err(StartError::NoEtcd),
        _ => return Err(StartError::UnknownStore),
    })
}

async fn postgres(url: &str) -> Result<PostgresStore, StartError> {
    let store = PostgresStore::connect(url).await.map_err(StartError::store)?;
    store.migrate().await.map_err(StartError::store)?;
    for warning in store.check().await.map_err(StartError::store)? {
        tracing::warn!(%warning, "postgres is not set up for what must not be lost");
    }
    let purged = store.clone();
    tokio::spawn(async move {
        let mut every = tokio::time::interval(PURGE_EVERY);
        loop {
            every.tick().await;
            if let Err(error) = purged.purge().await {
                tracing::warn!(%error, "expired entries could not be purged; tried again later");
            }
        }
    });
    Ok(store)
}
