//! The laws where PostgreSQL makes a difference: under other isolation levels, on a partitioned table, and
//! held against statements that look as good as ours and are not.

use otp_exchange::testkit::ManualClock;
use otp_exchange::testkit::laws::{Law, Laws};
use otp_exchange::{Clock, CodeStore, Name, Sealed, StoreError, Swap, SystemClock, Timestamp, Version};
use otp_exchange_postgres::PostgresStore;
use otp_exchange_postgres::deadpool_postgres::{Manager, Pool};
use otp_exchange_postgres::tokio_postgres::types::Type;
use otp_exchange_postgres::tokio_postgres::{Config, NoTls};
use otp_exchange_trials::{BoxError, Outcome, Trial, runtime};

use crate::server::{Server, shared};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = ["repeatable read", "serializable"]
        .map(|level| Trial::new(format!("every law where {level} is the default"), move || under(level)))
        .into();
    trials.extend([
        Trial::new("every law on a partitioned table", partitioned),
        Trial::new("every law, with prepared statements", || {
            let url = shared().database("prepared");
            all_laws(connected(&url)?.prepared())
        }),
        Trial::new("the laws find an upsert", || found(Wrong::Upsert, "wrong_upsert")),
        Trial::new("the laws find a conditional upsert", || {
            found(Wrong::ConditionalUpsert, "wrong_conditional")
        }),
        Trial::new("the laws find a load beside the swap in one statement", || {
            found(Wrong::Cte, "wrong_cte")
        }),
        Trial::new("an upsert revives a used code", upsert_revives),
        Trial::new("a lost race shows a stale row to the same statement", stale_row),
    ]);
    trials
}

pub(crate) fn connected(url: &str) -> Result<PostgresStore, BoxError> {
    runtime().block_on(async {
        let store = PostgresStore::connect(url).await?;
        store.migrate().await?;
        Ok(store)
    })
}

/// All laws, with a clock moved by hand and a purge whenever time passes.
fn all_laws(store: PostgresStore) -> Outcome {
    let clock = ManualClock::at(SystemClock.now());
    let store = store.clock(clock.clone());
    let laws = Laws::new(&store, &clock, |work| runtime().block_on(work));
    let purge = |span| {
        clock.advance(span);
        runtime().block_on(store.purge()).expect("the server is there");
    };
    Ok(laws.time_passes(purge).all()?)
}

fn under(level: &str) -> Outcome {
    let server = shared();
    let name = level.replace(' ', "_");
    let url = server.database(&name);
    server.sql(&format!("ALTER DATABASE {name} SET default_transaction_isolation = '{level}'"));
    let is_so = runtime().block_on(async {
        let row = server.client_of(&name).await?.query_one("SHOW transaction_isolation", &[]).await?;
        Ok::<_, BoxError>(row.get::<_, String>(0) == level)
    })?;
    if !is_so {
        return Err("the isolation level is another".into());
    }
    lost_race_conflicts(&server, &name, &url)?;
    all_laws(connected(&url)?)
}

/// Where the server rolls the loser of a race back, instead of comparing anew: a conflict still, and no
/// error.
fn lost_race_conflicts(server: &Server, database: &str, url: &str) -> Outcome {
    let store = connected(url)?;
    let ((name, old), new) = (entry(1), entry(2).1);
    let at = i64::MAX;
    runtime().block_on(async {
        let winner = server.client_of(database).await?;
        for expected in [None, Some(old.version())] {
            winner.batch_execute("BEGIN").await?;
            let name_bytes = name.as_bytes().as_slice();
            match &expected {
                None => winner.execute(UPSERT, &[&name_bytes, &old.as_bytes(), &at]).await?,
                Some(version) => {
                    let version = version.as_bytes().as_slice();
                    winner.execute(UPDATE, &[&name_bytes, &new.as_bytes(), &at, &version]).await?
                }
            };
            let swapping = {
                let (store, late) = (store.clone(), entry(3).1);
                tokio::spawn(async move { store.swap(name, expected, &late, Timestamp::MAX).await })
            };
            until_waiting(server, database).await?;
            winner.batch_execute("COMMIT").await?;
            assert_eq!(swapping.await??, Swap::Conflict);
        }
        assert_eq!(store.load(name).await?, Some(new));
        winner.batch_execute("DELETE FROM otp_entries").await?;
        Ok(())
    })
}

/// The statements of the README.
fn partitioned() -> Outcome {
    let readme = include_str!("../../README.md");
    let sql = readme.split("```sql\n").nth(1).and_then(|rest| rest.split("```").next()).ok_or("no SQL")?;
    let server = shared();
    let url = server.database("partitioned");
    let parts: i64 = runtime().block_on(async {
        let client = server.client_of("partitioned").await?;
        client.batch_execute(sql).await?;
        let count = "SELECT count(*) FROM pg_partition_tree('otp_entries') WHERE isleaf";
        Ok::<_, BoxError>(client.query_one(count, &[]).await?.get(0))
    })?;
    if parts != 16 {
        return Err(format!("{parts} partitions").into());
    }
    all_laws(connected(&url)?)?;
    // The table is the partitioned one still, with all that was kept in it.
    runtime().block_on(async {
        let client = server.client_of("partitioned").await?;
        let used = "SELECT count(DISTINCT otp_entries.tableoid), min(relkind::text) FROM otp_entries, pg_class \
                    WHERE pg_class.oid = 'otp_entries'::regclass";
        let row = client.query_one(used, &[]).await?;
        match (row.get::<_, i64>(0), row.get::<_, &str>(1)) {
            (16, "p") => Ok(()),
            other => Err(format!("{other:?}").into()),
        }
    })
}

/// Statements that other stores are built of.
#[derive(Clone, Copy)]
enum Wrong {
    /// Creating overwrites what is there.
    Upsert,
    /// One statement for both: what is there is overwritten if it is of the expected version, and made if it
    /// is not there.
    ConditionalUpsert,
    /// The swap, and what lies there now, in one statement: who finds his own bytes there has won.
    Cte,
}

/// A store built of them, on a table of its own.
#[derive(Clone)]
struct WrongStore {
    pool: Pool,
    wrong: Wrong,
}

impl WrongStore {
    fn make(url: &str, wrong: Wrong) -> Result<Self, BoxError> {
        connected(url)?;
        let config: Config = url.parse()?;
        let pool = Pool::builder(Manager::new(config, NoTls)).max_size(16).build()?;
        Ok(Self { pool, wrong })
    }
}

const UPSERT: &str = "INSERT INTO otp_entries (name, value, forget_after) VALUES ($1, $2, $3) \
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, forget_after = excluded.forget_after";

const CONDITIONAL: &str = "INSERT INTO otp_entries AS old (name, value, forget_after) VALUES ($1, $2, $3) \
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, forget_after = excluded.forget_after \
     WHERE substring(old.value from 6 for 12) = $4";

const UPDATE: &str = "UPDATE otp_entries SET value = $2, forget_after = $3 \
     WHERE name = $1 AND substring(value from 6 for 12) = $4";

/// Answers the value that is there afterwards, or so it looks.
const CTE: &str = "WITH swapped AS (UPDATE otp_entries SET value = $2, forget_after = $3 \
     WHERE name = $1 AND substring(value from 6 for 12) = $4 RETURNING value) \
     SELECT value, true FROM swapped \
     UNION ALL SELECT value, false FROM otp_entries WHERE name = $1 AND NOT EXISTS (SELECT FROM swapped)";

impl CodeStore for WrongStore {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        let client = self.pool.get().await.map_err(StoreError::unknown)?;
        let name = name.as_bytes().as_slice();
        let select = "SELECT value FROM otp_entries WHERE name = $1";
        let row =
            client.query_typed_opt(select, &[(&name, Type::BYTEA)]).await.map_err(StoreError::unknown)?;
        row.map(|row| Ok(Sealed::from_bytes(row.get::<_, Vec<u8>>(0))?)).transpose()
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let client = self.pool.get().await.map_err(StoreError::unknown)?;
        let (name, value) = (name.as_bytes().as_slice(), value.as_bytes());
        let (until, none) = (forget_after.unix_millis(), [0; 12]);
        let version = expected.as_ref().map_or(&none, Version::as_bytes).as_slice();
        let written = [(&name as _, Type::BYTEA), (&value as _, Type::BYTEA), (&until as _, Type::INT8)];
        let compared = [&written[..], &[(&version as _, Type::BYTEA)]].concat();
        let create = "INSERT INTO otp_entries (name, value, forget_after) VALUES ($1, $2, $3) \
             ON CONFLICT (name) DO NOTHING";
        let applied = match (self.wrong, expected) {
            (Wrong::Upsert, None) => client.execute_typed(UPSERT, &written).await,
            (Wrong::Upsert, Some(_)) => client.execute_typed(UPDATE, &compared).await,
            (Wrong::ConditionalUpsert, _) => client.execute_typed(CONDITIONAL, &compared).await,
            (Wrong::Cte, None) => client.execute_typed(create, &written).await,
            // A conflict shows what is there. Where that is what was expected, the store believes it must
            // have been its own doing, repeated.
            (Wrong::Cte, Some(_)) => client.query_typed_opt(CTE, &compared).await.map(|row| {
                let shown = row.as_ref().map(|row| (row.get::<_, &[u8]>(0), row.get::<_, bool>(1)));
                u64::from(shown.is_some_and(|(there, swapped)| swapped || &there[5..17] == version))
            }),
        };
        match applied.map_err(StoreError::unknown)? {
            0 => Ok(Swap::Conflict),
            _ => Ok(Swap::Applied),
        }
    }
}

fn found(wrong: Wrong, database: &str) -> Outcome {
    let server = shared();
    let store = WrongStore::make(&server.database(database), wrong)?;
    let laws = Laws::new(&store, &SystemClock, |work| runtime().block_on(work));
    let law = match wrong {
        Wrong::Upsert => Law::NoneNeverOverwrites,
        Wrong::ConditionalUpsert => Law::SomeNeverCreates,
        Wrong::Cte => Law::OneWriterWins,
    };
    if laws.check(Law::BytesAreKept).is_err() {
        return Err("it is so wrong that it shows nothing".into());
    }
    match laws.check(law) {
        Err(_) => Ok(()),
        Ok(()) => Err(format!("went unnoticed by: {law}").into()),
    }
}

/// The slow writer of a used code: it expects a version that was deleted since, and makes it anew.
fn upsert_revives() -> Outcome {
    let server = shared();
    let url = server.database("upsert_revives");
    let store = connected(&url)?;
    let wrong = WrongStore::make(&url, Wrong::ConditionalUpsert)?;
    let (name, value) = entry(1);
    let later = SystemClock.now().saturating_add(std::time::Duration::from_secs(3600));
    runtime().block_on(async {
        assert_eq!(store.swap(name, None, &value, later).await?, Swap::Applied);
        server.client_of("upsert_revives").await?.batch_execute("DELETE FROM otp_entries").await?;
        let (expected, revived) = (Some(value.version()), entry(2).1);
        assert_eq!(store.swap(name, expected, &revived, later).await?, Swap::Conflict);
        assert_eq!(store.load(name).await?, None);
        assert_eq!(wrong.swap(name, expected, &revived, later).await?, Swap::Applied);
        assert_eq!(store.load(name).await?, Some(revived));
        Ok(())
    })
}

/// Two connections: one holds the row while the other's statement waits for it. The wait ends with the row
/// changed; the waiting statement compares anew and swaps nothing, but what else it reads is from before.
fn stale_row() -> Outcome {
    let server = shared();
    let url = server.database("stale_row");
    let store = connected(&url)?;
    let later = Timestamp::MAX;
    let (name, old) = entry(1);
    let new = entry(2).1;
    runtime().block_on(async {
        assert_eq!(store.swap(name, None, &old, later).await?, Swap::Applied);
        let (first, second) = (server.client_of("stale_row").await?, server.client_of("stale_row").await?);
        let (name_bytes, late) = (name.as_bytes().to_vec(), entry(3).1.as_bytes().to_vec());
        let (new_bytes, version) = (new.as_bytes().to_vec(), old.version().as_bytes().to_vec());
        let at: i64 = later.unix_millis();
        first.batch_execute("BEGIN").await?;
        let swapped = first.execute(UPDATE, &[&name_bytes, &new_bytes, &at, &version]).await?;
        assert_eq!(swapped, 1);
        let waiting =
            tokio::spawn(async move { second.query(CTE, &[&name_bytes, &late, &at, &version]).await });
        until_waiting(&server, "stale_row").await?;
        first.batch_execute("COMMIT").await?;
        let rows = waiting.await??;
        let (there, mine): (&[u8], bool) = (rows[0].get(0), rows[0].get(1));
        assert!(!mine, "it lost the race");
        assert_eq!(there, old.as_bytes(), "and yet shows the row as it was before");
        assert_eq!(store.load(name).await?, Some(new), "while a statement of its own shows what is");
        Ok(())
    })
}

/// Until somebody waits for a lock in that database.
pub(crate) async fn until_waiting(server: &Server, database: &str) -> Outcome {
    let client = server.client().await?;
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'";
    let deadline = std::time::Duration::from_secs(20);
    let waits = async {
        while client.query_one(waiting, &[&database]).await?.get::<_, i64>(0) == 0 {
            tokio::task::yield_now().await;
        }
        Ok(())
    };
    tokio::time::timeout(deadline, waits).await?
}

/// An entry that lies under one name, in the version of that number.
pub(crate) fn entry(number: u8) -> (Name, Sealed) {
    (Name::from_bytes([7; 16]), Sealed::from_bytes([number; 64]).expect("the length of an entry"))
}
