//! A cluster: laws, slots that move, servers that fall.

use std::time::Duration;

use otp_exchange::testkit::laws::Laws;
use otp_exchange::{CodeStore, Name, Sealed, Swap, SystemClock};
use otp_exchange_redis::{Error, RedisStore, redis};
use otp_exchange_trials::{Outcome, Trial, free_port, fresh, in_an_hour, runtime, wait_until};

use crate::input::{connect, works};
use crate::server::{DEADLINE, Server};

const NAME: Name = Name::from_bytes(*b"0123456789abcdef");
const KEY: &str = "otp:0123456789abcdef";

pub(crate) fn trials(program: &'static str) -> Vec<Trial> {
    vec![
        Trial::new("cluster: every law, entered by one server", move || {
            let cluster = Cluster::start(program);
            let store = connect(&cluster.servers[1].url())?;
            let found = runtime().block_on(store.check())?;
            assert!(found.in_cluster && found.servers == 3 && found.append_only, "{found:?}");
            Ok(Laws::new(&store, &SystemClock, |work| runtime().block_on(work)).all()?)
        }),
        Trial::new("cluster: an entry that moves is followed", move || moved(program)),
        Trial::new("cluster: a replica takes over", move || taken_over(program)),
        Trial::new("cluster: servers that are in none are not taken for one", move || {
            strangers(program);
            Ok(())
        }),
    ]
}

struct Cluster {
    servers: Vec<Server>,
}

impl Cluster {
    /// Three primaries.
    fn start(program: &'static str) -> Self {
        let cluster = Self { servers: (0..3).map(|_| node(program)).collect() };
        for (server, (epoch, slots)) in
            cluster.servers.iter().zip([(1, "0 5460"), (2, "5461 10922"), (3, "10923 16383")])
        {
            assert!(server.ask(&format!("CLUSTER SET-CONFIG-EPOCH {epoch}")).starts_with("+OK"));
            assert!(server.ask(&format!("CLUSTER ADDSLOTSRANGE {slots}")).starts_with("+OK"));
        }
        for server in &cluster.servers[1..] {
            meet(server, &cluster.servers[0]);
        }
        wait_until("the cluster stands", DEADLINE, || {
            let stands = |server: &Server| {
                let info = server.ask("CLUSTER INFO");
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            };
            cluster.servers.iter().all(stands)
        });
        cluster
    }

    /// Which has the slot of the key, and another one.
    fn owner(&self) -> (&Server, &Server) {
        let has = |server: &&Server| !server.ask(&format!("GET {KEY}")).starts_with("-MOVED");
        let owner = self.servers.iter().find(has).expect("every slot has a server");
        let other = self.servers.iter().find(|server| !has(server)).expect("the others have it not");
        (owner, other)
    }
}

fn node(program: &'static str) -> Server {
    let bus = free_port().to_string();
    let settings = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-port", &bus];
    Server::start(program, &[&settings[..], &["--cluster-replica-validity-factor", "0"]].concat())
}

fn meet(server: &Server, other: &Server) {
    let bus = other.ask("CONFIG GET cluster-port");
    let bus = bus.lines().rfind(|line| line.parse::<u16>().is_ok()).expect("a port").to_owned();
    assert!(server.ask(&format!("CLUSTER MEET 127.0.0.1 {} {bus}", other.port)).starts_with("+OK"));
}

fn id(server: &Server) -> String {
    server.ask("CLUSTER MYID").lines().nth(1).expect("an id").to_owned()
}

fn number(answer: &str) -> &str {
    answer.lines().next().and_then(|line| line.strip_prefix(':')).expect("a number")
}

fn moved(program: &'static str) -> Outcome {
    let cluster = Cluster::start(program);
    let store = connect(&cluster.servers[0].url())?;
    let settling = store.clone().replicas(0, Duration::from_millis(100));
    let ((_, first), (_, second), (_, third)) = (fresh(), fresh(), fresh());
    let swap = |expected, value: &Sealed| runtime().block_on(store.swap(NAME, expected, value, in_an_hour()));
    assert_eq!(swap(None, &first)?, Swap::Applied);
    let (from, to) = cluster.owner();
    let slot = from.ask(&format!("CLUSTER KEYSLOT {KEY}"));
    let slot = number(&slot);
    let ok = |server: &Server, command: String| assert!(server.ask(&command).starts_with("+OK"), "{command}");

    // The slot is on its way, its key not yet.
    ok(to, format!("CLUSTER SETSLOT {slot} IMPORTING {}", id(from)));
    ok(from, format!("CLUSTER SETSLOT {slot} MIGRATING {}", id(to)));
    assert_eq!(runtime().block_on(store.load(NAME))?.as_ref(), Some(&first));
    // The key has moved, the slot not yet: asked for it, the old server says ASK.
    ok(from, format!("MIGRATE 127.0.0.1 {} {KEY} 0 5000", to.port));
    assert!(from.ask(&format!("GET {KEY}")).starts_with("-ASK"));
    // Without the script there, on top.
    to.ask("SCRIPT FLUSH");
    assert_eq!(swap(None, &third)?, Swap::Conflict);
    assert_eq!(swap(Some(first.version()), &second)?, Swap::Applied);
    for store in [&store, &settling] {
        assert_eq!(runtime().block_on(store.load(NAME))?.as_ref(), Some(&second));
    }
    // The slot has moved.
    for server in [to, from] {
        ok(server, format!("CLUSTER SETSLOT {slot} NODE {}", id(to)));
    }
    assert!(from.ask(&format!("GET {KEY}")).starts_with("-MOVED"));
    assert_eq!(swap(Some(first.version()), &third)?, Swap::Conflict);
    assert_eq!(swap(Some(second.version()), &third)?, Swap::Applied);
    assert_eq!(runtime().block_on(store.load(NAME))?, Some(third));
    Ok(())
}

/// One primary falls, its replica takes over; the store is entered by the one that fell and by one that was
/// never there.
fn taken_over(program: &'static str) -> Outcome {
    let mut cluster = Cluster::start(program);
    let replica = node(program);
    meet(&replica, &cluster.servers[0]);
    // Before it knows which slots are whose, it would not take over.
    wait_until("all know each other", DEADLINE, || {
        cluster.servers.iter().chain([&replica]).all(|server| {
            let info = server.ask("CLUSTER INFO");
            info.contains("cluster_known_nodes:4") && info.contains("cluster_slots_ok:16384")
        })
    });
    let (owner, _) = cluster.owner();
    let (fallen, primary) = (owner.port, id(owner));
    wait_until("the replica is one", DEADLINE, || {
        replica.ask(&format!("CLUSTER REPLICATE {primary}")).starts_with("+OK")
    });
    wait_until("the replica is in step", DEADLINE, || {
        replica.ask("INFO replication").contains("link_status:up")
    });
    let urls = [format!("redis://127.0.0.1:{}", free_port()), owner.url()];
    let store = runtime().block_on(RedisStore::connect_cluster(&[&urls[0], &urls[1]]))?;
    let store = store.replicas(0, Duration::from_millis(100)).timeout(Duration::from_secs(2));
    let (_, value) = fresh();
    assert_eq!(runtime().block_on(store.swap(NAME, None, &value, in_an_hour()))?, Swap::Applied);
    wait_until("the replica has it", DEADLINE, || replica.ask("DBSIZE").starts_with(":1"));

    let index = cluster.servers.iter().position(|server| server.port == fallen).expect("it is there");
    cluster.servers[index].kill();
    let mut found = None;
    wait_until("the replica has taken over", DEADLINE, || {
        // Until then every error says that nothing was there to be asked.
        runtime().block_on(store.load(NAME)).map(|loaded| found = loaded).is_ok()
    });
    assert_eq!(found.as_ref(), Some(&value));
    // The other primaries may hear of it a little later.
    wait_until("the cluster is whole again", DEADLINE, || works(&store).is_ok());
    Ok(())
}

fn strangers(program: &'static str) {
    let (one, other) = (Server::start(program, &[]), Server::start(program, &[]));
    let (one, other) = (one.url(), other.url());
    assert!(matches!(
        runtime().block_on(RedisStore::connect_cluster(&[&one, &other])),
        Err(Error::NotCluster)
    ));
    let clients = [one, other].map(|url| redis::Client::open(url).expect("a URL"));
    let error = runtime().block_on(RedisStore::cluster(clients).load(NAME)).expect_err("no cluster");
    assert!(error.is_permanent());
}
