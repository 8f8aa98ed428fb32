//! Three members: what is lost when one goes (nothing), and what is answered when two go (no verdict).

use std::time::Duration;

use otp_exchange::{CodeStore, Outbox, Recipient, Request, Submission, SystemClock, Timestamp};
use otp_exchange_etcd::{Error, EtcdStore};
use otp_exchange_trials::{
    BoxError, Outcome, SharedClock, Subject, Tally, Trial, exchanger, free_port, runtime, under_load,
    wait_until,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::time::Instant;

use crate::server::{Etcd, PATIENT, fresh};

/// How often a leader goes, in each way.
const ROUNDS: u64 = 12;

/// How long a call may take where members do not answer at all.
const IMPATIENT: Duration = Duration::from_secs(1);

/// How long a new leader may take to be found and to serve.
const RECOVERS_WITHIN: Duration = Duration::from_secs(30);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::new("failover: nothing told is lost when the leader is killed", || {
            lead_changes("killed", Etcd::stop, |member| {
                member.run();
                member.wait_for_leader();
            })
        }),
        Trial::new("failover: nothing told is lost when the leader hangs and comes back", || {
            lead_changes(
                "hung",
                |member| member.process().pause(),
                |member| {
                    member.process().go_on();
                    member.wait_for_leader();
                },
            )
        }),
        Trial::new("a member that is down costs nobody an answer", one_down),
        Trial::new("without a quorum there is no verdict", no_quorum),
    ]
}

struct Cluster(Vec<Etcd>);

impl Cluster {
    fn start() -> Self {
        let peers: Vec<_> = (0..3).map(|_| format!("http://127.0.0.1:{}", free_port())).collect();
        let all: Vec<_> =
            peers.iter().enumerate().map(|(number, peer)| format!("m{number}={peer}")).collect();
        let all = all.join(",");
        let members = peers.iter().enumerate().map(|(number, peer)| {
            let arguments = vec!["--heartbeat-interval=50".to_owned(), "--election-timeout=300".to_owned()];
            Etcd::member(&format!("m{number}"), peer, &all, arguments)
        });
        let cluster = Self(members.collect());
        cluster.0.iter().for_each(Etcd::wait_for_leader);
        cluster
    }

    fn store(&self, timeout: Duration) -> Result<EtcdStore, BoxError> {
        let members: Vec<_> = self.0.iter().map(|member| member.listens().to_string()).collect();
        let url = format!("etcd://{}", members.join(","));
        runtime().block_on(Etcd::connect(&url, SharedClock::new(SystemClock), timeout))
    }

    /// Which member leads, as it says itself.
    fn leader(&self) -> usize {
        let mut found = None;
        wait_until("a member says that it leads", RECOVERS_WITHIN, || {
            found = self.0.iter().position(|member| {
                let status = runtime().block_on(member.client().status());
                status.is_ok_and(|status| {
                    status.header().is_some_and(|header| header.member_id() == status.leader())
                })
            });
            found.is_some()
        });
        found.expect("waited for")
    }
}

/// Codes are issued, guessed at and used while the leader goes, again and again. The others go on without it.
fn lead_changes(how: &str, go: impl Fn(&mut Etcd), come_back: impl Fn(&mut Etcd)) -> Outcome {
    let mut cluster = Cluster::start();
    let store = cluster.store(IMPATIENT)?;
    let mut random = StdRng::seed_from_u64(ROUNDS);
    let (mut sum, mut longest) = (Tally::default(), Duration::ZERO);
    for _ in 0..ROUNDS {
        let moment = random.random_range(Duration::from_millis(20)..Duration::from_millis(120));
        let mut gone_one = 0;
        let journal = under_load(&store, None, || {
            std::thread::sleep(moment);
            gone_one = cluster.leader();
            go(&mut cluster.0[gone_one]);
            let gone = Instant::now();
            wait_until("the others serve", RECOVERS_WITHIN, || {
                runtime().block_on(use_one(store.clone())).is_ok()
            });
            longest = longest.max(gone.elapsed());
        })?;
        come_back(&mut cluster.0[gone_one]);
        sum.add(journal.settle(&store)?);
    }
    println!("leader {how} {ROUNDS} times, served again after at most {} ms: {sum:?}", longest.as_millis());
    if sum.charges.min(sum.wins) < ROUNDS {
        return Err(format!("too little was going on: {sum:?}").into());
    }
    sum.promise()
}

/// A code is sent and accepted, and not accepted again.
async fn use_one(store: EtcdStore) -> Outcome {
    let otp = exchanger(store, Outbox::new());
    let ada = Recipient::parse(&format!("ada-{}@example.org", rand::random::<u64>()))?;
    let sent = otp.send(Request::login(&ada)).await?;
    let right = || Submission::by_id(&sent.otp_id, sent.expose().code).login();
    drop(otp.verify(right()).await?);
    if otp.verify(right()).await.is_ok() { Err("a code won twice".into()) } else { Ok(()) }
}

/// Requests go to members at random; those that find one down are sent to another.
fn one_down() -> Outcome {
    let mut cluster = Cluster::start();
    let store = cluster.store(PATIENT)?;
    let leader = cluster.leader();
    cluster.0[leader].stop();
    wait_until("the others serve", RECOVERS_WITHIN, || runtime().block_on(use_one(store.clone())).is_ok());
    for _ in 0..100 {
        runtime().block_on(use_one(store.clone()))?;
        drop(cluster.store(PATIENT)?); // a new process finds the members as well
    }
    Ok(())
}

/// With two of three gone, calls end in time, in errors that leave open what has happened.
fn no_quorum() -> Outcome {
    let mut cluster = Cluster::start();
    let store = cluster.store(IMPATIENT)?;
    let (name, value) = fresh(100)?;
    let other = fresh(100)?.1;
    let swap = |expected| store.swap(name, expected, &other, Timestamp::MAX);
    let _ = runtime().block_on(store.swap(name, None, &value, Timestamp::MAX))?;
    cluster.0[0].stop();
    cluster.0[1].stop();
    for _ in 0..10 {
        let begun = Instant::now();
        let (load, swap) =
            runtime().block_on(async { (store.load(name).await, swap(Some(value.version())).await) });
        let (Err(load), Err(swap)) = (load, swap) else { return Err("a verdict without a quorum".into()) };
        if begun.elapsed() > 4 * IMPATIENT {
            return Err("it took longer than two calls may".into());
        }
        if load.may_have_applied() || load.is_permanent() || swap.is_permanent() {
            return Err(format!("{load:?}; {swap:?}").into());
        }
    }
    match cluster.store(IMPATIENT) {
        Err(error) if error.is::<Error>() => {}
        other => return Err(format!("connected without a quorum: {other:?}").into()),
    }
    for member in &mut cluster.0[..2] {
        member.run();
    }
    cluster.0.iter().for_each(Etcd::wait_for_leader);
    wait_until("it serves again", RECOVERS_WITHIN, || runtime().block_on(store.load(name)).is_ok());
    let found = runtime().block_on(store.load(name))?;
    if found.as_ref() != Some(&value) && found.as_ref() != Some(&other) {
        return Err(format!("{found:?}").into());
    }
    runtime().block_on(use_one(store))
}
