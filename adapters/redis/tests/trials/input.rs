//! What a server, or whoever set it up, may do to the store.

use std::thread;
use std::time::Duration;

use otp_exchange::{CodeStore, Name, StoreError, Swap};
use otp_exchange_redis::{Error, RedisStore, redis};
use otp_exchange_trials::{Outcome, Trial, fresh, in_an_hour, runtime, wait_until};

use crate::server::{DEADLINE, Server};

/// What the README says a user of the server has to be allowed.
const ALLOWED: &str =
    "~otp:* +get +set +del +setrange +eval +evalsha +info +role +wait +asking +cluster|slots";

pub(crate) fn trials(program: &'static str) -> Vec<Trial> {
    let trial = |name: &str, run: fn(&'static str) -> Outcome| Trial::new(name, move || run(program));
    vec![
        trial("input: what is no URL is refused, and not repeated", |_| urls()),
        trial("input: a wrong password is told as such", passwords),
        trial("input: a replica is refused, until it is promoted", replica),
        trial("input: a server that evicts is refused", evicting),
        trial("input: a full server writes nothing, and says so", full),
        trial("input: foreign keys are errors, and stay", foreign),
        trial("input: a user with few rights", rights),
        trial("input: a server busy with a script, or short of replicas, refuses", refusing),
        trial("input: a server forgets its scripts", flushed),
        trial("input: by unix socket", socket),
        trial("input: calls that are dropped answer nobody else", dropped),
    ]
}

pub(crate) fn connect(url: &str) -> Result<RedisStore, Error> {
    runtime().block_on(RedisStore::connect(url))
}

/// A store that nobody checks.
pub(crate) fn unchecked(url: &str) -> RedisStore {
    RedisStore::new(redis::Client::open(url).expect("a URL"))
}

pub(crate) fn create(store: &RedisStore) -> Result<Swap, StoreError> {
    let (name, value) = fresh();
    runtime().block_on(store.swap(name, None, &value, in_an_hour()))
}

pub(crate) fn works(store: &RedisStore) -> Outcome {
    let (name, value) = fresh();
    let swap = runtime().block_on(store.swap(name, None, &value, in_an_hour()))?;
    let found = runtime().block_on(store.load(name))?;
    if swap == Swap::Applied && found.as_ref() == Some(&value) {
        Ok(())
    } else {
        Err(format!("{swap:?}").into())
    }
}

/// The error inside, and that nothing was written.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>, permanent: bool, expected: fn(&Error) -> bool) {
    let error = result.expect_err("refused");
    let cause = error.cause().downcast_ref::<Error>().expect("the store's own error");
    assert!(expected(cause), "{cause:?}");
    assert!(!error.may_have_applied(), "{cause:?} is certain");
    assert_eq!(error.is_permanent(), permanent, "{cause:?}");
}

fn urls() -> Outcome {
    for url in [
        "",
        "redis",
        "http://:secret@127.0.0.1",
        "redis://:secret@",
        "redis://:secret@127.0.0.1:99999",
        "redis://:secret@127.0.0.1/database",
        #[cfg(not(feature = "tls"))]
        "rediss://:secret@127.0.0.1",
    ] {
        let Err(error @ Error::Config(_)) = connect(url) else {
            return Err(format!("{url:?} was taken").into());
        };
        let text = format!("{error} {error:?}");
        assert!(!text.contains("secret"), "{text}");
    }
    assert!(matches!(runtime().block_on(RedisStore::connect_cluster(&[])), Err(Error::Config(_))));
    assert!(matches!(connect("unix:///nowhere/at/all"), Err(Error::Unreachable(_))));
    Ok(())
}

fn passwords(program: &'static str) -> Outcome {
    let server = Server::start(program, &["--requirepass", "right"]);
    let url = |login: &str| format!("redis://{login}127.0.0.1:{}", server.port);
    for wrong in ["", ":wrong@", "nobody:right@"] {
        assert!(matches!(connect(&url(wrong)), Err(Error::Login)), "{wrong}");
        let store = unchecked(&url(wrong));
        refused(create(&store), true, |error| matches!(error, Error::Login));
        refused(runtime().block_on(store.load(fresh().0)), true, |error| matches!(error, Error::Login));
    }
    let store = connect(&url(":right@"))?;
    assert!(!format!("{store:?}").contains("right"));
    works(&store)
}

fn replica(program: &'static str) -> Outcome {
    let primary = Server::start(program, &[]);
    let replica = Server::replica_of(program, primary.port);
    assert!(matches!(connect(&replica.url()), Err(Error::Replica)));
    let store = unchecked(&replica.url());
    refused(create(&store), false, |error| matches!(error, Error::Replica));
    assert_eq!(runtime().block_on(connect(&primary.url())?.check())?.replicas, 1);
    replica.ask("REPLICAOF NO ONE");
    works(&store)
}

fn evicting(program: &'static str) -> Outcome {
    for policy in ["allkeys-lru", "volatile-ttl"] {
        let server = Server::start(program, &["--maxmemory", "50mb", "--maxmemory-policy", policy]);
        match connect(&server.url()) {
            Err(Error::Evicts(found)) if found == policy => {}
            other => return Err(format!("{policy}: {other:?}").into()),
        }
        works(&unchecked(&server.url()))?; // by choice
        server.ask("CONFIG SET maxmemory 0");
        works(&connect(&server.url())?)?;
    }
    Ok(())
}

fn full(program: &'static str) -> Outcome {
    let server = Server::start(program, &[]);
    let store = connect(&server.url())?;
    let (name, value) = fresh();
    let swap = runtime().block_on(store.swap(name, None, &value, in_an_hour()))?;
    assert_eq!(swap, Swap::Applied);
    server.ask("CONFIG SET maxmemory 1");
    refused(create(&store), false, |error| matches!(error, Error::Full));
    let (new, later) = fresh();
    let swap = runtime().block_on(store.swap(name, Some(value.version()), &later, in_an_hour()));
    refused(swap, false, |error| matches!(error, Error::Full));
    assert_eq!(runtime().block_on(store.load(name))?, Some(value));
    assert_eq!(runtime().block_on(store.load(new))?, None);
    server.ask("CONFIG SET maxmemory 0");
    works(&store)
}

fn foreign(program: &'static str) -> Outcome {
    let server = Server::start(program, &[]);
    let store = connect(&server.url())?;
    let name = Name::from_bytes(*b"0123456789abcdef");
    let (_, value) = fresh();
    let swap = |expected| runtime().block_on(store.swap(name, expected, &value, in_an_hour()));
    let settling = store.clone().replicas(0, Duration::from_millis(100));
    server.ask("LPUSH otp:0123456789abcdef x");
    for expected in [None, Some(value.version())] {
        refused(swap(expected), true, |error| matches!(error, Error::ForeignKey));
    }
    for store in [&store, &settling] {
        refused(runtime().block_on(store.load(name)), true, |error| matches!(error, Error::ForeignKey));
    }
    assert!(server.ask("TYPE otp:0123456789abcdef").contains("list"));
    // Too short for an entry, and for a version; also where an absent entry is expected, which has none.
    for short in ["''", "abc", "abcdef"] {
        server.ask("DEL otp:0123456789abcdef");
        server.ask(&format!("SET otp:0123456789abcdef {short}"));
        for expected in [None, Some(value.version())] {
            assert_eq!(swap(expected)?, Swap::Conflict, "{short}");
        }
        for store in [&store, &settling] {
            assert!(runtime().block_on(store.load(name)).expect_err("no entry").is_permanent());
        }
        assert!(server.ask("GET otp:0123456789abcdef").contains(short.trim_matches('\'')));
    }
    // Another prefix is another store.
    works(&store.prefix("other:"))
}

fn rights(program: &'static str) -> Outcome {
    let server = Server::start(program, &[]);
    let user = |name: &str, rights: &str| {
        assert!(server.ask(&format!("ACL SETUSER {name} on >pass {rights}")).starts_with("+OK"));
        format!("redis://{name}:pass@127.0.0.1:{}", server.port)
    };
    let enough = user("enough", ALLOWED);
    works(&connect(&enough)?)?;
    works(&connect(&enough)?.replicas(0, Duration::from_millis(100)))?;
    let uninformed = user("uninformed", &format!("{ALLOWED} -info"));
    match connect(&uninformed) {
        Err(Error::NotAllowed(what)) if what.contains("info") => {}
        other => return Err(format!("{other:?}").into()),
    }
    works(&unchecked(&uninformed))?; // nothing else needs it
    for lacking in ["-evalsha", "-set", "-get", "resetkeys ~other:*"] {
        let poor = user("poor", &format!("reset on >pass {ALLOWED} {lacking}"));
        assert!(matches!(connect(&poor), Err(Error::NotAllowed(_))), "{lacking}: {:?}", connect(&poor));
        refused(create(&unchecked(&poor)), true, |error| matches!(error, Error::NotAllowed(_)));
    }
    Ok(())
}

fn refusing(program: &'static str) -> Outcome {
    let server = Server::start(program, &["--lua-time-limit", "20"]);
    let store = connect(&server.url())?;
    server.ask("CONFIG SET min-replicas-to-write 1");
    refused(
        create(&store),
        false,
        |error| matches!(error, Error::Refused { code, .. } if code == "NOREPLICAS"),
    );
    server.ask("CONFIG SET min-replicas-to-write 0");
    thread::scope(|scope| {
        scope.spawn(|| server.ask("EVAL 'while true do end' 0"));
        wait_until("the server is busy", DEADLINE, || server.ask("PING").starts_with("-BUSY"));
        refused(
            create(&store),
            false,
            |error| matches!(error, Error::Refused { code, .. } if code == "BUSY"),
        );
        server.ask("SCRIPT KILL");
    });
    works(&store)
}

fn flushed(program: &'static str) -> Outcome {
    let server = Server::start(program, &[]);
    let store = connect(&server.url())?;
    for store in [store.clone(), store.replicas(0, Duration::from_millis(100))] {
        server.ask("SCRIPT FLUSH");
        works(&store)?;
    }
    Ok(())
}

fn socket(program: &'static str) -> Outcome {
    let server = Server::start(program, &[]);
    works(&connect(&format!("unix://{}/socket", server.folder().display()))?)
}

/// All share one connection, so a reply that nobody waits for any more must not be taken for the next one.
fn dropped(program: &'static str) -> Outcome {
    let server = Server::start(program, &[]);
    let store = connect(&server.url())?;
    let entries: Vec<_> = (0..64).map(|_| fresh()).collect();
    for (name, value) in &entries {
        assert_eq!(runtime().block_on(store.swap(*name, None, value, in_an_hour()))?, Swap::Applied);
    }
    let mut cut = 0;
    runtime().block_on(async {
        for round in 0..50_usize {
            for (index, (name, value)) in entries.iter().enumerate() {
                let yields = (index + round) % 4;
                let given_up = async {
                    for _ in 0..yields {
                        tokio::task::yield_now().await;
                    }
                };
                tokio::select! {
                    biased;
                    () = given_up, if yields > 0 => cut += 1,
                    found = store.load(*name) => assert_eq!(found.expect("loaded").as_ref(), Some(value)),
                }
            }
        }
    });
    assert!(cut > 1000, "only {cut} calls were dropped half-way");
    works(&store)
}
