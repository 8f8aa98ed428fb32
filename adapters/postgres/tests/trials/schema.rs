//! Making the tables, and clearing them.

use std::sync::Arc;
use std::time::Duration;

use otp_exchange::testkit::ManualClock;
use otp_exchange::{Clock, CodeStore, Name, Swap, SystemClock, Timestamp};
use otp_exchange_postgres::{Error, PostgresStore};
use otp_exchange_trials::{BoxError, Outcome, Trial, runtime};

use crate::Case;
use crate::laws::{connected, entry, until_waiting};
use crate::server::shared;

const MINUTE: Duration = Duration::from_secs(60);

pub(crate) fn trials() -> Vec<Trial> {
    let trials: [Case; 9] = [
        ("migrate: again and at once does it once", migrate_at_once),
        ("migrate: waits for whoever is at it", migrate_waits),
        ("migrate: a table of a newer version is refused", newer_table),
        ("migrate: a user who may only read and write can do the rest", few_privileges),
        ("a table of another name and schema", other_table),
        ("a missing table is told", missing_table),
        ("what is no entry does not get into the table", lengths_are_checked),
        ("purge: what is over since a minute, all of it and nothing else", purge_at_the_minute),
        ("purge: an entry that is being extended stays", purge_beside_swap),
    ];
    trials.into_iter().map(|(name, run)| Trial::new(name, run)).collect()
}

fn migrate_at_once() -> Outcome {
    let server = shared();
    let url = server.database("migrate_at_once");
    // Each with a pool of its own, as in processes of their own; then all once more, over what is there.
    runtime().block_on(async {
        for _ in 0..2 {
            let all: Vec<_> = (0..8)
                .map(|_| {
                    let url = url.to_owned();
                    tokio::spawn(async move { PostgresStore::connect(&url).await?.migrate().await })
                })
                .collect();
            for one in all {
                one.await??;
            }
        }
        let store = PostgresStore::connect(&url).await?;
        let (name, value) = entry(1);
        assert_eq!(store.swap(name, None, &value, Timestamp::MAX).await?, Swap::Applied);
        store.migrate().await?;
        assert_eq!(store.load(name).await?, Some(value));
        assert_eq!(store.check().await?, []);
        let client = server.client_of("migrate_at_once").await?;
        let made = "SELECT array_agg(version), (SELECT attstorage::text FROM pg_attribute \
             WHERE attrelid = 'otp_entries'::regclass AND attname = 'value') FROM otp_entries_migrations";
        let row = client.query_one(made, &[]).await?;
        assert_eq!((row.get::<_, Vec<i32>>(0), row.get::<_, &str>(1)), (vec![1], "e"));
        Ok(())
    })
}

fn migrate_waits() -> Outcome {
    let server = shared();
    let url = server.database("migrate_waits");
    runtime().block_on(async {
        let other = server.client_of("migrate_waits").await?;
        let lock = "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended( \
             'otp-exchange \"otp_entries_migrations\"', 0))";
        other.batch_execute(lock).await?;
        let store = PostgresStore::connect(&url).await?;
        let migrating = {
            let store = store.clone();
            tokio::spawn(async move { store.migrate().await })
        };
        until_waiting(&server, "migrate_waits").await?;
        assert!(matches!(store.check().await, Err(Error::Table { .. })), "nothing is there yet");
        other.batch_execute("COMMIT").await?;
        migrating.await??;
        assert_eq!(store.check().await?, []);
        Ok(())
    })
}

fn newer_table() -> Outcome {
    let server = shared();
    let url = server.database("newer_table");
    let store = connected(&url)?;
    runtime().block_on(async {
        let client = server.client_of("newer_table").await?;
        client.batch_execute("INSERT INTO otp_entries_migrations VALUES (2)").await?;
        for told in [store.check().await.map(drop), store.migrate().await] {
            assert!(matches!(told, Err(Error::NewerTable { found: 2, known: 1, .. })), "{told:?}");
        }
        client.batch_execute("DELETE FROM otp_entries_migrations").await?;
        assert!(matches!(store.check().await, Err(Error::Table { .. })));
        Ok(())
    })
}

fn few_privileges() -> Outcome {
    let server = shared();
    let url = server.database("few_privileges");
    let store = connected(&url)?;
    runtime().block_on(async {
        let client = server.client_of("few_privileges").await?;
        let grant = "CREATE ROLE few LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON otp_entries TO few; \
             GRANT SELECT ON otp_entries_migrations TO few";
        client.batch_execute(grant).await?;
        let few = PostgresStore::connect(&url.replace("//otp:", "//few:")).await?;
        few.migrate().await?;
        assert_eq!(few.check().await?, []);
        let ((name, value), next) = (entry(1), entry(2).1);
        assert_eq!(few.swap(name, None, &value, Timestamp::MIN).await?, Swap::Applied);
        let version = Some(value.version());
        assert_eq!(few.swap(name, version, &next, Timestamp::MIN).await?, Swap::Applied);
        assert_eq!(few.purge().await?, 1);
        assert_eq!(store.load(name).await?, None);
        // Without them, it is told as what it is, and for good.
        client.batch_execute("REVOKE UPDATE ON otp_entries FROM few").await?;
        let error = few.swap(name, version, &next, Timestamp::MIN).await.unwrap_err();
        assert!(error.is_permanent() && !error.may_have_applied(), "{error}");
        assert!(error.to_string().contains("permission denied"), "{error}");
        Ok(())
    })
}

fn other_table() -> Outcome {
    let server = shared();
    let url = server.database("other_table");
    let usual = connected(&url)?;
    let other = usual.clone().table("auth.Codes")?;
    runtime().block_on(async {
        let error = other.migrate().await.unwrap_err();
        assert!(matches!(&error, Error::Table { .. }) && error.to_string().contains("auth"), "{error}");
        server.client_of("other_table").await?.batch_execute("CREATE SCHEMA auth").await?;
        other.migrate().await?;
        assert_eq!(other.check().await?, []);
        let (name, value) = entry(1);
        assert_eq!(other.swap(name, None, &value, Timestamp::MIN).await?, Swap::Applied);
        assert_eq!(usual.load(name).await?, None);
        assert_eq!(usual.purge().await?, 0);
        assert_eq!(other.purge().await?, 1);
        Ok(())
    })
}

fn missing_table() -> Outcome {
    let server = shared();
    let url = server.database("missing_table");
    runtime().block_on(async {
        let store = PostgresStore::connect(&url).await?;
        let (name, value) = entry(1);
        let errors = [
            store.load(name).await.map(drop),
            store.swap(name, None, &value, Timestamp::MAX).await.map(drop),
            store.swap(name, Some(value.version()), &value, Timestamp::MAX).await.map(drop),
        ];
        for error in errors {
            let error = error.unwrap_err();
            assert!(error.is_permanent() && !error.may_have_applied(), "{error}");
            assert!(matches!(error.cause().downcast_ref(), Some(Error::Table { .. })), "{error}");
            assert!(error.to_string().contains("call `migrate`"), "{error}");
        }
        assert!(matches!(store.purge().await, Err(Error::Table { .. })));
        assert!(matches!(store.check().await, Err(Error::Table { .. })));
        // A table by that name, but not ours.
        let client = server.client_of("missing_table").await?;
        client.batch_execute("CREATE TABLE otp_entries (name bytea, value text, until bigint)").await?;
        for expected in [None, Some(value.version())] {
            let error = store.swap(name, expected, &value, Timestamp::MAX).await.unwrap_err();
            assert!(error.is_permanent() && !error.may_have_applied(), "{error}");
            assert!(matches!(error.cause().downcast_ref(), Some(Error::Table { .. })), "{error}");
        }
        client.batch_execute("INSERT INTO otp_entries VALUES (decode(repeat('07', 16), 'hex'), 'x')").await?;
        let error = store.load(name).await.unwrap_err();
        assert!(matches!(error.cause().downcast_ref(), Some(Error::Table { .. })), "{error}");
        Ok(())
    })
}

fn lengths_are_checked() -> Outcome {
    let server = shared();
    connected(&server.database("lengths"))?;
    runtime().block_on(async {
        let client = server.client_of("lengths").await?;
        let insert = "INSERT INTO otp_entries VALUES ($1, $2, 0) ON CONFLICT (name) DO NOTHING";
        for (name, value, fits) in [
            (16, 33, true),
            (16, 16_384, true),
            (15, 33, false),
            (17, 33, false),
            (16, 32, false),
            (16, 16_385, false),
        ] {
            let done = client.execute(insert, &[&vec![9_u8; name], &vec![9_u8; value]]).await;
            assert_eq!(done.is_ok(), fits, "{name} and {value} bytes");
        }
        Ok(())
    })
}

/// Entries enough for several batches; the clock decides, to the millisecond.
fn purge_at_the_minute() -> Outcome {
    let server = shared();
    let url = server.database("purge_at_the_minute");
    let now = SystemClock.now();
    let clock = ManualClock::at(now);
    let store = connected(&url)?.clock(clock.clone());
    let (value, other) = (entry(1).1, entry(2).1);
    runtime().block_on(async {
        let client = server.client_of("purge_at_the_minute").await?;
        let many = "INSERT INTO otp_entries SELECT decode(md5(i::text), 'hex'), $1, $2 FROM generate_series(1, 12345) i";
        client.execute(many, &[&value.as_bytes(), &i64::MIN]).await?;
        let times = [
            (1, now.saturating_sub(MINUTE + Duration::from_millis(1)), false),
            (2, now.saturating_sub(MINUTE), true),
            (3, now, true),
            (4, Timestamp::MAX, true),
        ];
        for (number, until, _) in times {
            let name = Name::from_bytes([number; 16]);
            assert_eq!(store.swap(name, None, &value, Timestamp::MIN).await?, Swap::Applied);
            assert_eq!(store.swap(name, Some(value.version()), &other, until).await?, Swap::Applied);
        }
        assert_eq!(store.purge().await?, 12_346);
        for (number, _, stays) in times {
            let there = store.load(Name::from_bytes([number; 16])).await?.is_some();
            assert_eq!(there, stays, "entry {number}");
        }
        assert_eq!(store.purge().await?, 0);
        clock.advance(Duration::from_millis(1));
        assert_eq!(store.purge().await?, 1);
        // At the ends of time nothing overflows.
        let at_the_end = store.clone().clock(ManualClock::at(Timestamp::MAX));
        let at_the_start = store.clone().clock(ManualClock::at(Timestamp::MIN));
        assert_eq!(at_the_start.purge().await?, 0);
        assert_eq!(at_the_end.purge().await?, 1);
        assert!(store.load(Name::from_bytes([4; 16])).await?.is_some());
        Ok(())
    })
}

/// Two connections. One extends an expired entry and has not committed yet: the purge neither waits nor
/// deletes it. A delete that looks first and then deletes by name waits, and deletes what was extended.
fn purge_beside_swap() -> Outcome {
    let server = shared();
    let url = server.database("purge_beside_swap");
    let store = connected(&url)?;
    let (name, value) = entry(1);
    runtime().block_on(async {
        let mut client = server.client_of("purge_beside_swap").await?;
        let other = Arc::new(server.client_of("purge_beside_swap").await?);
        let extend = "UPDATE otp_entries SET forget_after = $1";
        for careful in [true, false] {
            assert_eq!(store.swap(name, None, &value, Timestamp::MIN).await?, Swap::Applied);
            let transaction = client.transaction().await?;
            assert_eq!(transaction.execute(extend, &[&i64::MAX]).await?, 1);
            if careful {
                assert_eq!(store.purge().await?, 0);
                transaction.commit().await?;
                assert_eq!(store.purge().await?, 0);
                assert_eq!(store.load(name).await?, Some(value.clone()));
                // The other way round: while a purge has it, a swap waits, and then finds it gone.
                server_purging(&store, &other, name, &server).await?;
            } else {
                let purging = {
                    let other = Arc::clone(&other);
                    let naive = "DELETE FROM otp_entries WHERE name = ANY (ARRAY( \
                         SELECT name FROM otp_entries WHERE forget_after < 0))";
                    tokio::spawn(async move { other.execute(naive, &[]).await })
                };
                until_waiting(&server, "purge_beside_swap").await?;
                transaction.commit().await?;
                assert_eq!(purging.await??, 1, "the naive purge deletes what was extended");
            }
        }
        Ok(())
    })
}

async fn server_purging(
    store: &PostgresStore,
    other: &Arc<otp_exchange_postgres::tokio_postgres::Client>,
    name: Name,
    server: &crate::server::Server,
) -> Result<(), BoxError> {
    let (old, new) = (entry(1).1, entry(2).1);
    other.batch_execute("BEGIN; DELETE FROM otp_entries").await?;
    let swapping = {
        let (store, new) = (store.clone(), new.clone());
        tokio::spawn(async move { store.swap(name, Some(old.version()), &new, Timestamp::MAX).await })
    };
    until_waiting(server, "purge_beside_swap").await?;
    other.batch_execute("COMMIT").await?;
    assert_eq!(swapping.await??, Swap::Conflict);
    assert_eq!(store.load(name).await?, None);
    Ok(())
}
