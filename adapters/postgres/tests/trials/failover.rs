//! What a failover loses. The primary is killed under load and the standby promoted; every verdict that was
//! told is then held against what the standby has.

use std::thread;
use std::time::Duration;

use otp_exchange_postgres::PostgresStore;
use otp_exchange_trials::{BoxError, SharedClock, Subject, Tally, Trial, runtime, under_load, wait_until};

use crate::server::Server;

/// How many primaries are killed for each way to replicate, if `OTP_EXCHANGE_FAILOVERS` says nothing else.
const FAILOVERS: u64 = 3;

/// How long the load goes on before the primary is killed.
const LOAD: Duration = Duration::from_millis(300);

/// Time enough for a whole check of a journal; a call waits no longer for a standby that is gone.
const TIMEOUT: Duration = Duration::from_secs(10);

const DEADLINE: Duration = Duration::from_secs(60);

/// What the standby does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standby {
    /// Follows as fast as it can, and nobody waits for it.
    Asynchronous,
    /// Has fallen behind: for the whole time of the load it is down.
    Behind,
    /// Every commit waits for it.
    Synchronous,
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::new("failover: a standby that fell behind loses what was told", || {
            let tally = fail_over(Standby::Behind)?;
            let lost = tally.lost_charges + tally.lost_wins + tally.lost_codes;
            if lost == 0 { Err(format!("nothing was lost: {tally:?}").into()) } else { Ok(()) }
        }),
        Trial::new("failover: what an asynchronous standby loses, measured", || {
            // It may lose nothing if nothing was under way; so it is only told what it did.
            several(Standby::Asynchronous).map(drop)
        }),
        Trial::new("failover: a synchronous standby loses nothing", || {
            let tally = several(Standby::Synchronous)?;
            if tally.charges.min(tally.wins) == 0 {
                return Err(format!("too little was going on: {tally:?}").into());
            }
            tally.promise()
        }),
    ]
}

fn several(kind: Standby) -> Result<Tally, BoxError> {
    let failovers =
        std::env::var("OTP_EXCHANGE_FAILOVERS").ok().map_or(Ok(FAILOVERS), |text| text.parse())?;
    let mut sum = Tally::default();
    for _ in 0..failovers {
        sum.add(fail_over(kind)?);
    }
    println!("postgres: {failovers} failovers, {kind:?}: {sum:?}");
    Ok(sum)
}

fn fail_over(kind: Standby) -> Result<Tally, BoxError> {
    let mut primary = Server::start();
    let migrated =
        runtime().block_on(async { PostgresStore::connect(&primary.url()).await?.migrate().await });
    migrated?;
    let mut standby = primary.standby("standby");
    match kind {
        Standby::Asynchronous => {}
        Standby::Behind => standby.kill(),
        Standby::Synchronous => {
            primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
            primary.sql("SELECT pg_reload_conf()");
            let is_so = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
            wait_until("the standby is synchronous", DEADLINE, || {
                let count =
                    async { Ok::<_, BoxError>(primary.client().await?.query_one(is_so, &[]).await?.get(0)) };
                runtime().block_on(count).is_ok_and(|count: i64| count == 1)
            });
        }
    }
    // One store for all of it: its URL names both.
    let url = format!("postgres://otp@127.0.0.1:{},127.0.0.1:{}/postgres", primary.port(), standby.port());
    let clock = SharedClock::new(otp_exchange::SystemClock);
    let store = runtime().block_on(Server::connect(&url, clock, TIMEOUT))?;

    let journal = under_load(&store, None, || {
        thread::sleep(LOAD);
        primary.kill();
    })?;
    if kind == Standby::Behind {
        standby.restart();
    }
    standby.promote();
    journal.settle(&store)
}
