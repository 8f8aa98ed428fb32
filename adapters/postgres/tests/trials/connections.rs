//! Connections: what becomes of one whose question nobody waits for any more, and what a question leaves
//! behind on it.

use std::time::Duration;

use otp_exchange::{CodeStore, Name, Sealed, Swap, Timestamp};
use otp_exchange_postgres::{Error, PostgresStore};
use otp_exchange_trials::{Outcome, Trial, free_port, runtime, wait_until};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::Case;
use crate::errors::on_plain_pool;
use crate::laws::{connected, entry, until_waiting};
use crate::server::shared;

const DEADLINE: Duration = Duration::from_secs(20);

/// After that long, nobody on loopback takes a connection any more.
const SHORT: Duration = Duration::from_millis(200);

pub(crate) fn trials() -> Vec<Trial> {
    let trials: [Case; 6] = [
        ("a swap that timed out may be applied, and its connection is closed", timed_out),
        ("a swap that was dropped may be applied, and its connection is closed", dropped),
        ("no answer is ever taken for another's", mixed_up),
        ("a host that is gone is passed over", host_gone),
        ("nothing is left on a connection, as a pooler in transaction mode needs", nothing_left),
        ("a pooler that forgets prepared statements is told as such", forgotten),
    ];
    trials.into_iter().map(|(name, run)| Trial::new(name, run)).collect()
}

fn timed_out() -> Outcome {
    given_up("timed_out", true)
}

fn dropped() -> Outcome {
    given_up("dropped", false)
}

/// Somebody else holds the row; the swap waits for it on the only connection of its pool, and is given up.
fn given_up(database: &str, by_timeout: bool) -> Outcome {
    let server = shared();
    let url = server.database(database);
    let direct = connected(&url)?;
    let ((name, old), new) = (entry(1), entry(2).1);
    runtime().block_on(async {
        assert_eq!(direct.swap(name, None, &old, Timestamp::MAX).await?, Swap::Applied);
        let holder = server.client_of(database).await?;
        holder.batch_execute("BEGIN; SELECT FROM otp_entries FOR UPDATE").await?;
        let (store, pool) = on_plain_pool(&url, 1)?;
        let version = Some(old.version());
        if by_timeout {
            let hasty = store.clone().timeout(Duration::from_millis(300));
            let error = hasty.swap(name, version, &new, Timestamp::MAX).await.unwrap_err();
            assert!(error.may_have_applied() && error.is_transient(), "{error}");
            assert!(matches!(error.cause().downcast_ref(), Some(Error::Timeout)), "{error}");
        } else {
            tokio::select! {
                swap = store.swap(name, version, &new, Timestamp::MAX) => panic!("{swap:?}"),
                waiting = until_waiting(&server, database) => waiting?,
            }
        }
        assert_eq!(pool.status().size, 0, "no connection is left to get the answer of another's question");
        // The next to ask gets a connection at once, while the server still holds on to the swap.
        assert_eq!(store.load(name).await?, Some(old));
        until_waiting(&server, database).await?;
        holder.batch_execute("ROLLBACK").await?;
        let applied = async {
            while store.load(name).await? != Some(new.clone()) {
                tokio::task::yield_now().await;
            }
            Ok(())
        };
        timeout(DEADLINE, applied).await?
    })
}

/// On a single connection, loads and swaps are given up at every moment they have; whoever asks next gets the
/// answer to his own question.
fn mixed_up() -> Outcome {
    let server = shared();
    let url = server.database("mixed_up");
    connected(&url)?;
    let (store, _) = on_plain_pool(&url, 1)?;
    let named = |number: u8| {
        (Name::from_bytes([number; 16]), Sealed::from_bytes([number; 64]).expect("the length of an entry"))
    };
    runtime().block_on(async {
        for number in 0..4 {
            let (name, value) = named(number);
            assert_eq!(store.swap(name, None, &value, Timestamp::MAX).await?, Swap::Applied);
        }
        let (mut given_up, mut answered) = (0, 0);
        for turns in (0..=200).chain(0..=200) {
            let [(asked, its), (other, _)] = [0, 1].map(|more| named((turns + more) % 4));
            let giving_up = async {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                biased;
                _ = store.load(other) => answered += 1,
                () = giving_up => given_up += 1,
            }
            assert_eq!(store.load(asked).await?, Some(its.clone()));
            // A swap that conflicts, between two that ask for something else.
            assert_eq!(store.swap(asked, None, &its, Timestamp::MAX).await?, Swap::Conflict);
        }
        assert!(given_up > 0, "{given_up} were given up, {answered} answered");
        Ok(())
    })
}

fn nothing_left() -> Outcome {
    let server = shared();
    let url = server.database("nothing_left");
    connected(&url)?;
    let (store, pool) = on_plain_pool(&url, 1)?;
    let ((name, old), new) = (entry(1), entry(2).1);
    runtime().block_on(async {
        store.migrate().await?;
        store.check().await?;
        assert_eq!(store.swap(name, None, &old, Timestamp::MAX).await?, Swap::Applied);
        assert_eq!(store.swap(name, Some(old.version()), &new, Timestamp::MAX).await?, Swap::Applied);
        assert_eq!(store.load(name).await?, Some(new));
        store.purge().await?;
        let only = pool.get().await?;
        let left = "SELECT (SELECT count(*) FROM pg_prepared_statements) \
             + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())";
        assert_eq!(only.query_typed_one(left, &[]).await?.get::<_, i64>(0), 0);
        Ok::<_, otp_exchange_trials::BoxError>(())
    })?;
    // And all of it goes away with the store.
    drop((store, pool));
    let gone = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'nothing_left'";
    wait_until("its connections are closed", DEADLINE, || {
        let count = async { server.client().await?.query_one(gone, &[]).await.map_err(Into::into) };
        let row: Result<_, otp_exchange_trials::BoxError> = runtime().block_on(count);
        row.is_ok_and(|row| row.get::<_, i64>(0) == 0)
    });
    Ok(())
}

/// What the next client of a pooler in transaction mode finds: a connection on which nothing is prepared, or
/// something else of the same name.
fn forgotten() -> Outcome {
    let url = shared().database("forgotten");
    connected(&url)?;
    let (unprepared, pool) = on_plain_pool(&url, 1)?;
    let store = unprepared.clone().prepared();
    let ((name, value), another) = (entry(1), Name::from_bytes([9; 16]));
    runtime().block_on(async {
        assert_eq!(store.swap(name, None, &value, Timestamp::MAX).await?, Swap::Applied);
        assert_eq!(store.load(name).await?.as_ref(), Some(&value));
        pool.get().await?.batch_execute("DEALLOCATE ALL").await?;
        let error = store.load(name).await.unwrap_err();
        assert!(matches!(error.cause().downcast_ref(), Some(Error::Pooler)), "{error}");
        // That connection is not used any more.
        assert_eq!(store.load(name).await?.as_ref(), Some(&value));
        assert_eq!(store.swap(name, None, &value, Timestamp::MAX).await?, Swap::Conflict);
        pool.get().await?.batch_execute("DEALLOCATE ALL").await?;
        let error = store.swap(another, None, &value, Timestamp::MAX).await.unwrap_err();
        assert!(matches!(error.cause().downcast_ref(), Some(Error::Pooler)), "{error}");
        assert!(!error.may_have_applied() && error.is_permanent());
        for _ in 0..2 {
            assert_eq!(unprepared.load(name).await?.as_ref(), Some(&value));
            assert_eq!(unprepared.load(another).await?, None);
            pool.get().await?.batch_execute("DEALLOCATE ALL").await?;
        }
        Ok(())
    })
}

/// The first host of the URL takes no connection and refuses none: its queue is full, as it looks from afar
/// where a machine is gone.
fn host_gone() -> Outcome {
    let server = shared();
    let port = free_port();
    runtime().block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(([127, 0, 0, 1], port).into())?;
        let _full = socket.listen(1)?;
        let mut waiting = Vec::new();
        while let Ok(stream) = timeout(SHORT, TcpStream::connect(("127.0.0.1", port))).await {
            waiting.push(stream?);
        }
        let url = format!("postgres://otp@127.0.0.1:{port},127.0.0.1:{}/postgres", server.port());
        PostgresStore::connect(&url).await?;
        Ok(())
    })
}
