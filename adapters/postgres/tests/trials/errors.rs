//! Everything that goes wrong around a server: told as what it is, with what to do, and without secrets.

use std::time::Duration;

use otp_exchange::{CodeStore, Name, Sealed, StoreError, Swap, Timestamp};
use otp_exchange_postgres::deadpool_postgres::{Manager, Pool};
use otp_exchange_postgres::tokio_postgres::error::SqlState;
use otp_exchange_postgres::tokio_postgres::{Config, NoTls};
use otp_exchange_postgres::{Error, PostgresStore, Warning};
use otp_exchange_trials::{BoxError, Outcome, Subject, Trial, free_port, runtime, wait_until};

use crate::Case;
use crate::laws::{connected, entry, until_waiting};
use crate::server::{PASSWORD, Server, shared};

pub(crate) fn trials() -> Vec<Trial> {
    let trials: [Case; 13] = [
        ("error: a URL that is none", wrong_url),
        ("error: a URL that demands TLS", tls_demanded),
        ("error: nobody there", nobody_there),
        ("error: wrong user, password, database", wrong_login),
        ("error: a database that is read-only", read_only),
        ("error: a standby", standby),
        ("error: the pool is empty, or closed", pool_empty),
        ("error: a statement that takes too long for the server", statement_timeout),
        ("error: a session that is ended while it swaps", terminated),
        ("error: a disk that is full", disk_full),
        ("error: too many connections", too_many),
        ("error: a row the server would not take", broken_row),
        ("settings that may lose swaps are told", warnings),
    ];
    trials.into_iter().map(|(name, run)| Trial::new(name, run)).collect()
}

fn connect(url: &str) -> Result<PostgresStore, Error> {
    runtime().block_on(PostgresStore::connect(url))
}

/// A store on a pool that asks nothing of the server, as a user may build it.
pub(crate) fn on_plain_pool(url: &str, size: usize) -> Result<(PostgresStore, Pool), BoxError> {
    let config: Config = url.parse()?;
    let pool = Pool::builder(Manager::new(config, NoTls)).max_size(size).build()?;
    Ok((PostgresStore::new(pool.clone()), pool))
}

/// The typed cause of an error that says for sure that nothing was written.
#[track_caller]
fn not_applied(answer: Result<Swap, StoreError>, permanent: bool) -> StoreError {
    let error = answer.expect_err("it cannot have gone well");
    assert!(!error.may_have_applied() && error.is_permanent() == permanent, "{error:?}");
    error
}

fn cause(error: &StoreError) -> &Error {
    error.cause().downcast_ref().expect("the typed one")
}

#[allow(clippy::unnecessary_wraps)] // as all trials have it
fn wrong_url() -> Outcome {
    for url in [
        "",
        "postgres://",
        "mysql://u:hunter2@h/d",
        "postgres//u:hunter2@h/d?x=y",
        "postgres://u:hunter2@h:port/d",
        "postgres://u:hunter2@h/d?sslmode=verify-full",
        "postgres://u:hunter2@h/d?no_such_option=hunter2",
        "user=u password=hunter2",
        "host",
    ] {
        let error = connect(url).expect_err("it is no URL");
        assert!(matches!(error, Error::Url) && error.is_permanent(), "{url}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        assert!(std::error::Error::source(&error).is_none(), "the driver's error may quote the URL");
    }
    Ok(())
}

fn tls_demanded() -> Outcome {
    let error = connect("postgres://u:hunter2@127.0.0.1/d?sslmode=require").unwrap_err();
    assert!(matches!(error, Error::TlsConnector) && error.to_string().contains("PostgresStore::new"));
    // Where the server demands it, it lets nobody in without.
    let server = shared();
    let url = server.database("tls_demanded");
    let (store, _) = on_plain_pool(&format!("{}?sslmode=require", &*url), 1)?;
    let error = runtime().block_on(store.check()).unwrap_err();
    assert!(matches!(error, Error::Login { .. }) && error.to_string().contains("TLS"), "{error}");
    Ok(())
}

fn nobody_there() -> Outcome {
    let port = free_port();
    for host in ["127.0.0.1", "no-such-host.invalid", "%2Fno%2Fsuch%2Ffolder"] {
        let url = format!("postgres://u:hunter2@{host}:{port}/d");
        let error = connect(&url).unwrap_err();
        assert!(matches!(error, Error::Connect { .. }) && !error.is_permanent(), "{error}");
        assert!(!error.to_string().contains("hunter2"));
        let (store, _) = on_plain_pool(&url, 1)?;
        let (name, value) = entry(1);
        let error = not_applied(runtime().block_on(store.swap(name, None, &value, Timestamp::MAX)), false);
        assert!(matches!(cause(&error), Error::Connect { .. }), "{error}");
    }
    Ok(())
}

fn wrong_login() -> Outcome {
    let server = Server::locked();
    let url = server.url();
    connect(&url)?;
    for wrong in [
        url.replace(PASSWORD, "hunter2"),
        url.replace("otp:", "nobody:"),
        url.replace("/postgres", "/nowhere").replace("nowhere://", "postgres://"),
        url.replace(&format!(":{PASSWORD}"), ""),
    ] {
        assert_ne!(wrong, url);
        let error = connect(&wrong).unwrap_err();
        assert!(matches!(error, Error::Login { .. }) && error.is_permanent(), "{wrong}: {error:?}");
        let text = format!("{error} {error:?}");
        assert!(!text.contains("hunter2") && !text.contains(PASSWORD), "{text}");
        let (store, _) = on_plain_pool(&wrong, 1)?;
        let (name, value) = entry(1);
        not_applied(runtime().block_on(store.swap(name, None, &value, Timestamp::MAX)), true);
    }
    let debug = format!("{:?}", connect(&url)?);
    assert!(!debug.contains(PASSWORD), "{debug}");
    Ok(())
}

/// Neither connected to, nor written to by way of a pool that does not look.
fn refuses_writes(url: &str, name: Name, value: &Sealed) -> Outcome {
    let error = connect(url).unwrap_err();
    assert!(matches!(error, Error::ReadOnly) && error.is_permanent(), "{error:?}");
    let (store, _) = on_plain_pool(url, 1)?;
    runtime().block_on(async {
        assert!(matches!(store.check().await, Err(Error::ReadOnly)));
        for expected in [None, Some(value.version())] {
            let error = not_applied(store.swap(name, expected, value, Timestamp::MAX).await, true);
            assert!(matches!(cause(&error), Error::ReadOnly), "{error}");
        }
        assert!(matches!(store.purge().await, Err(Error::ReadOnly)));
        Ok(())
    })
}

fn read_only() -> Outcome {
    let server = shared();
    let url = server.database("read_only");
    connected(&url)?;
    server.sql("ALTER DATABASE read_only SET default_transaction_read_only = on");
    let (name, value) = entry(1);
    refuses_writes(&url, name, &value)
}

fn standby() -> Outcome {
    let primary = Server::start();
    let store = connected(&primary.url())?;
    let (name, value) = entry(1);
    assert_eq!(runtime().block_on(store.swap(name, None, &value, Timestamp::MAX))?, Swap::Applied);
    let standby = primary.standby("standby");
    refuses_writes(&standby.url(), name, &value)?;
    // With both named, the store finds the primary, whichever comes first.
    let both = format!("postgres://otp@127.0.0.1:{},127.0.0.1:{}/postgres", standby.port(), primary.port());
    let store = connect(&both)?;
    assert_eq!(runtime().block_on(store.check())?, []);
    assert_eq!(runtime().block_on(store.load(name))?, Some(value));
    Ok(())
}

fn pool_empty() -> Outcome {
    let server = shared();
    let url = server.database("pool_empty");
    connected(&url)?;
    let (store, pool) = on_plain_pool(&url, 1)?;
    let store = store.timeout(Duration::from_millis(50));
    let (name, value) = entry(1);
    runtime().block_on(async {
        let only = pool.get().await?;
        let error = not_applied(store.swap(name, None, &value, Timestamp::MAX).await, false);
        assert!(matches!(cause(&error), Error::Busy), "{error}");
        drop(only);
        assert_eq!(store.swap(name, None, &value, Timestamp::MAX).await?, Swap::Applied);
        pool.close();
        let error = not_applied(store.swap(name, None, &value, Timestamp::MAX).await, true);
        assert!(matches!(cause(&error), Error::Closed), "{error}");
        Ok(())
    })
}

/// A database in which one entry lies, and a connection that holds its row.
async fn held(
    server: &Server,
    database: &str,
) -> Result<otp_exchange_postgres::tokio_postgres::Client, BoxError> {
    let client = server.client_of(database).await?;
    client.batch_execute("BEGIN; SELECT FROM otp_entries FOR UPDATE").await?;
    Ok(client)
}

fn statement_timeout() -> Outcome {
    let server = shared();
    let url = server.database("statement_timeout");
    let store = connected(&url)?;
    let ((name, old), new) = (entry(1), entry(2).1);
    runtime().block_on(async {
        assert_eq!(store.swap(name, None, &old, Timestamp::MAX).await?, Swap::Applied);
        server
            .client()
            .await?
            .batch_execute("ALTER DATABASE statement_timeout SET statement_timeout = '50ms'")
            .await?;
        let holder = held(&server, "statement_timeout").await?;
        let (store, pool) = on_plain_pool(&url, 1)?;
        let swap = store.swap(name, Some(old.version()), &new, Timestamp::MAX).await;
        let error = not_applied(swap, false);
        let Error::Refused { code, .. } = cause(&error) else { panic!("{error}") };
        assert_eq!(*code, SqlState::QUERY_CANCELED);
        assert_eq!(pool.status().size, 1, "the connection is as good as before");
        holder.batch_execute("ROLLBACK").await?;
        assert_eq!(store.load(name).await?, Some(old.clone()));
        assert_eq!(store.swap(name, Some(old.version()), &new, Timestamp::MAX).await?, Swap::Applied);
        Ok(())
    })
}

fn terminated() -> Outcome {
    let server = shared();
    let url = server.database("terminated");
    let store = connected(&url)?;
    let ((name, old), new) = (entry(1), entry(2).1);
    runtime().block_on(async {
        assert_eq!(store.swap(name, None, &old, Timestamp::MAX).await?, Swap::Applied);
        let holder = held(&server, "terminated").await?;
        let (store, pool) = on_plain_pool(&url, 1)?;
        let swapping = {
            let (store, new) = (store.clone(), new.clone());
            tokio::spawn(async move { store.swap(name, Some(old.version()), &new, Timestamp::MAX).await })
        };
        until_waiting(&server, "terminated").await?;
        let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = 'terminated' AND wait_event_type = 'Lock'";
        server.client().await?.batch_execute(terminate).await?;
        let error = swapping.await?.expect_err("its session was ended");
        assert!(error.may_have_applied() && error.is_transient(), "{error}");
        assert!(matches!(cause(&error), Error::Connection { .. }), "{error}");
        assert_eq!(pool.status().size, 0, "a connection that is over is not given back");
        holder.batch_execute("ROLLBACK").await?;
        assert_eq!(store.load(name).await?, Some(entry(1).1));
        Ok::<_, BoxError>(())
    })?;
    // A shutdown by an administrator, and what comes after it.
    let mut server = Server::start();
    let store = connected(&server.url())?;
    server.shut_down();
    let down = runtime().block_on(store.swap(name, None, &new, Timestamp::MAX)).unwrap_err();
    assert!(down.is_transient(), "{down}");
    server.restart();
    wait_until("the store works again", Duration::from_secs(20), || {
        runtime().block_on(store.swap(name, None, &new, Timestamp::MAX)).is_ok()
    });
    assert_eq!(runtime().block_on(store.load(name))?, Some(new));
    Ok(())
}

/// A trigger says what the server would say.
fn disk_full() -> Outcome {
    let server = shared();
    let url = server.database("disk_full");
    let store = connected(&url)?;
    let (name, value) = entry(1);
    runtime().block_on(async {
        let client = server.client_of("disk_full").await?;
        let full = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$; \
             CREATE TRIGGER full_disk BEFORE INSERT ON otp_entries FOR EACH ROW EXECUTE FUNCTION full_disk()";
        client.batch_execute(full).await?;
        let error = not_applied(store.swap(name, None, &value, Timestamp::MAX).await, false);
        let Error::Refused { code, .. } = cause(&error) else { panic!("{error}") };
        assert_eq!(*code, SqlState::DISK_FULL);
        client.batch_execute("DROP TRIGGER full_disk ON otp_entries").await?;
        assert_eq!(store.swap(name, None, &value, Timestamp::MAX).await?, Swap::Applied);
        Ok(())
    })
}

fn too_many() -> Outcome {
    let server = shared();
    let url = server.database("too_many").replace("//otp:", "//lonely:");
    server.sql("CREATE ROLE lonely LOGIN CONNECTION LIMIT 1");
    let (store, pool) = on_plain_pool(&url, 2)?;
    let (name, value) = entry(1);
    runtime().block_on(async {
        let only = pool.get().await?;
        let error = not_applied(store.swap(name, None, &value, Timestamp::MAX).await, false);
        assert!(matches!(cause(&error), Error::Connect { why } if why.contains("53300")), "{error}");
        drop(only);
        assert!(store.check().await.is_err_and(|error| matches!(error, Error::Table { .. })));
        Ok(())
    })
}

/// A row that breaks a constraint is quoted by the server; the error does not.
fn broken_row() -> Outcome {
    let server = shared();
    let url = server.database("broken_row");
    let store = connected(&url)?;
    let (name, value) = entry(0xAB);
    runtime().block_on(async {
        let client = server.client_of("broken_row").await?;
        client.batch_execute("ALTER TABLE otp_entries ADD CHECK (forget_after < 0)").await?;
        let error = not_applied(store.swap(name, None, &value, Timestamp::MAX).await, true);
        let text = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
        assert!(text.contains("23514") && !text.contains("abab"), "{text}");
        Ok(())
    })
}

fn warnings() -> Outcome {
    let server = shared();
    let url = server.database("warnings");
    let store = connected(&url)?;
    assert_eq!(runtime().block_on(store.check())?, []);
    server.sql("ALTER DATABASE warnings SET synchronous_commit = off");
    assert_eq!(runtime().block_on(connected(&url)?.check())?, [Warning::SynchronousCommitOff]);
    let server = Server::with(&["fsync=off", "full_page_writes=off"]);
    let warnings = runtime().block_on(connected(&server.url())?.check())?;
    assert_eq!(warnings, [Warning::FsyncOff, Warning::FullPageWritesOff]);
    for (commit, told) in [("local", true), ("remote_write", true), ("off", true), ("on", false)] {
        let setting = format!("synchronous_commit={commit}");
        let server = Server::with(&[&setting]);
        connected(&server.url())?; // makes the tables while nobody has to be waited for
        server.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        server.sql("SELECT pg_reload_conf()");
        wait_until("the server has read it", Duration::from_secs(20), || {
            let shown = async {
                let row = server.client().await?.query_one("SHOW synchronous_standby_names", &[]).await?;
                Ok::<String, BoxError>(row.get(0))
            };
            runtime().block_on(shown).is_ok_and(|shown| shown == "nobody")
        });
        let found =
            runtime().block_on(async { PostgresStore::connect(&server.url()).await?.check().await })?;
        assert_eq!(!found.is_empty(), told, "{commit}: {found:?}");
        assert_eq!(found.contains(&Warning::StandbyNotWaitedFor), told && commit != "off", "{commit}");
    }
    Ok(())
}
