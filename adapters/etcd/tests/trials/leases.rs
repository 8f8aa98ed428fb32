//! How many requests and leases it takes, and that leases last.

use std::time::Duration;

use otp_exchange::testkit::ManualClock;
use otp_exchange::{Clock, CodeStore, Outbox, Recipient, Request, Submission, Swap, SystemClock, Timestamp};
use otp_exchange_etcd::EtcdStore;
use otp_exchange_etcd::etcd_client::LeaseTimeToLiveOptions;
use otp_exchange_trials::{BoxError, Outcome, SharedClock, Subject, Trial, exchanger, runtime};

use crate::server::{Etcd, PATIENT, fresh};

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::new("a verification is one read and one transaction", round_trips),
        Trial::new("entries share leases, and many at once wait for one", leases_are_shared),
        Trial::new("every lease outlives its entries, whatever the clock does", leases_last),
        Trial::new("a lease that is gone is granted anew", a_lease_is_revoked),
        Trial::new("a version can be written over itself", same_version),
    ]
}

/// How often the server was asked for this.
fn asked(server: &Etcd, service: &str, method: &str) -> u64 {
    let labels =
        format!("grpc_method=\"{method}\",grpc_service=\"etcdserverpb.{service}\",grpc_type=\"unary\"");
    server.figure(&format!("grpc_server_started_total{{{labels}}}")).unwrap_or(0)
}

fn round_trips() -> Outcome {
    let server = Etcd::start();
    let counts = || {
        [asked(&server, "KV", "Range"), asked(&server, "KV", "Txn"), asked(&server, "Lease", "LeaseGrant")]
    };
    let otp = exchanger(server.store(), Outbox::new());
    // Another process, to which what the first one has loaded is of no use.
    let elsewhere = exchanger(server.store(), Outbox::new());
    let send = |number: u64| {
        let ada = Recipient::parse(&format!("ada-{number}@example.org"))?;
        Ok::<_, BoxError>(runtime().block_on(otp.send(Request::login(&ada)))?)
    };
    let asks = |what: &str, expected: [u64; 3], act: &dyn Fn() -> Outcome| -> Outcome {
        let before = counts();
        act()?;
        let after = counts();
        let asked: Vec<_> = after.iter().zip(before).map(|(after, before)| after - before).collect();
        if asked == expected {
            Ok(())
        } else {
            Err(format!("{what}: {asked:?} instead of {expected:?}").into())
        }
    };
    let first = send(0)?;
    drop(
        runtime()
            .block_on(elsewhere.exchange(Submission::by_id(&first.otp_id, first.expose().code).login()))?,
    ); // leases
    let (one, two) = (send(1)?, send(2)?);
    asks("verify", [1, 1, 0], &|| {
        drop(
            runtime()
                .block_on(elsewhere.verify(Submission::by_id(&one.otp_id, one.expose().code).login()))?,
        );
        Ok(())
    })?;
    asks("exchange", [1, 2, 0], &|| {
        drop(
            runtime()
                .block_on(elsewhere.exchange(Submission::by_id(&two.otp_id, two.expose().code).login()))?,
        );
        Ok(())
    })?;
    Ok(())
}

fn leases_are_shared() -> Outcome {
    let server = Etcd::start();
    let store = server.store();
    let later = SystemClock.now().saturating_add(DAY);
    let swaps: Vec<_> = (0..200)
        .map(|number| {
            let store = store.clone();
            runtime().spawn(async move {
                let (name, value) = fresh(100).map_err(|error| error.to_string())?;
                let until = later.saturating_add(Duration::from_millis(number));
                let swap = store.swap(name, None, &value, until).await;
                swap.map(drop).map_err(|error| error.to_string())
            })
        })
        .collect();
    swaps.into_iter().try_for_each(|swap| runtime().block_on(swap)?.map_err(BoxError::from))?;
    let leases = || runtime().block_on(server.client().leases()).map(|leases| leases.leases().len());
    // Two, if the end of a bucket lay among them.
    if leases()? > 2 {
        return Err(format!("{} leases for one moment", leases()?).into());
    }
    // Every quarter of an hour for 30 days.
    for quarter in 0..30 * 24 * 4 {
        let (name, value) = fresh(33)?;
        let until = SystemClock.now().saturating_add(Duration::from_secs(quarter * 900));
        let _ = runtime().block_on(store.swap(name, None, &value, until))?;
    }
    println!("{} leases for {} moments within 30 days", leases()?, 30 * 24 * 4);
    if leases()? > 230 { Err(format!("{} leases", leases()?).into()) } else { Ok(()) }
}

fn leases_last() -> Outcome {
    let server = Etcd::start();
    let clock = ManualClock::default();
    let store = runtime().block_on(Etcd::connect(&server.url(), SharedClock::new(clock.clone()), PATIENT))?;
    let start = clock.now();
    let spans =
        [Duration::ZERO, Duration::from_secs(30), Duration::from_secs(1000), DAY, 30 * DAY, 4000 * DAY];
    let fixed = start.saturating_add(30 * DAY);
    for shift in [0, 0, 1, 3600, -3600, -2 * 86_400, 40 * 86_400, -80 * 86_400_i64] {
        clock.set(start.saturating_add(Duration::from_secs(shift.max(0).unsigned_abs())));
        clock.rewind(Duration::from_secs(shift.min(0).unsigned_abs()));
        let now = clock.now();
        for until in spans.map(|span| now.saturating_add(span)).into_iter().chain([fixed]) {
            let (needed, left) = (now.until(until), left_of(&server, &store, until)?);
            let left = left.ok_or("there is no lease")?;
            // What was granted before the clock was set on is longer by that.
            let most = needed + needed / 16 + Duration::from_secs(130 + shift.max(0).unsigned_abs());
            if left < needed + Duration::from_secs(25) || left > most {
                return Err(format!("after {shift} s, a lease has {left:?} left for {needed:?}").into());
            }
        }
    }
    for (moment, has_lease) in
        [(Timestamp::MIN, true), (Timestamp::from_unix_millis(0), true), (Timestamp::MAX, false)]
    {
        if left_of(&server, &store, moment)?.is_some() != has_lease {
            return Err(format!("a lease or none for {moment}").into());
        }
    }
    Ok(())
}

/// Writes an entry that may be forgotten then; how long its lease still has, as the server says.
fn left_of(server: &Etcd, store: &EtcdStore, until: Timestamp) -> Result<Option<Duration>, BoxError> {
    let (name, value) = fresh(33)?;
    let swap = runtime().block_on(store.swap(name, None, &value, until))?;
    if swap != Swap::Applied || runtime().block_on(store.load(name))? != Some(value.clone()) {
        return Err("it is not there".into());
    }
    // Once more, so that it hangs on the lease of its second writing.
    let second = fresh(33)?.1;
    let _ = runtime().block_on(store.swap(name, Some(value.version()), &second, until))?;
    let key = [b"otp/", &name.as_bytes()[..], second.version().as_bytes()].concat();
    let mut client = server.client();
    runtime().block_on(async move {
        let lease = client.get(key.clone(), None).await?.kvs().first().ok_or("its key is not there")?.lease();
        if lease == 0 {
            return Ok(None);
        }
        let options = LeaseTimeToLiveOptions::new().with_keys();
        let answer = client.lease_time_to_live(lease, Some(options)).await?;
        if !answer.keys().contains(&key) {
            return Err("it does not hang on it".into());
        }
        Ok(Some(Duration::from_secs(answer.ttl().unsigned_abs())))
    })
}

fn a_lease_is_revoked() -> Outcome {
    let server = Etcd::start();
    let (store, mut client) = (server.store(), server.client());
    let later = SystemClock.now().saturating_add(DAY);
    let (name, value) = fresh(100)?;
    let _ = runtime().block_on(store.swap(name, None, &value, later))?;
    for _ in 0..3 {
        runtime().block_on(async {
            for lease in client.leases().await?.leases() {
                client.lease_revoke(lease.id()).await?;
            }
            Ok::<_, BoxError>(())
        })?;
        // etcd forgets at once what hung on it; the store writes on.
        if runtime().block_on(store.load(name))?.is_some() {
            return Err("etcd kept what hung on a revoked lease".into());
        }
        let conflict = runtime().block_on(store.swap(name, Some(value.version()), &fresh(100)?.1, later))?;
        let applied = runtime().block_on(store.swap(name, None, &value, later))?;
        if (conflict, applied) != (Swap::Conflict, Swap::Applied) {
            return Err(format!("{conflict:?}, {applied:?}").into());
        }
    }
    Ok(())
}

fn same_version() -> Outcome {
    let server = Etcd::start();
    let store = server.store();
    let (name, value) = fresh(100)?;
    let swap = |expected| runtime().block_on(store.swap(name, expected, &value, Timestamp::MAX));
    let ends = [swap(Some(value.version()))?, swap(None)?, swap(Some(value.version()))?, swap(None)?];
    if ends != [Swap::Conflict, Swap::Applied, Swap::Applied, Swap::Conflict] {
        return Err(format!("{ends:?}").into());
    }
    if runtime().block_on(store.load(name))? == Some(value) { Ok(()) } else { Err("it is not there".into()) }
}
