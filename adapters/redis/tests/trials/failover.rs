//! Replicas: what they lose when they take over, and what they cannot lose.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use otp_exchange::{CodeStore, Outbox, Recipient, Request, Submission, Swap};
use otp_exchange_redis::{Error, RedisStore};
use otp_exchange_trials::{
    BoxError, Outcome, Tally, Trial, exchanger, free_port, fresh, in_an_hour, runtime, under_load, wait_until,
};

use crate::input::{connect, unchecked, works};
use crate::server::{DEADLINE, Server};

/// How often a primary is lost in each trial, if nobody says otherwise.
const FAILOVERS: u64 = 4;

/// How long everything takes from the primary to its replica, as between two data centres.
const LAG: Duration = Duration::from_millis(5);

pub(crate) fn trials(program: &'static str) -> Vec<Trial> {
    vec![
        Trial::new("failover: sentinels lead to the new primary", move || sentinels(program)),
        Trial::new("failover: nothing is told while the replica stands still", move || {
            standing_still(program)
        }),
        Trial::new("failover: without waiting for the replica, what was told is lost", move || {
            let (failovers, tally) = fail_over_again_and_again(program, false)?;
            println!("{program}: {failovers} failovers, without waiting: {tally:?}");
            if tally.promise().is_ok() { Err(format!("nothing was lost: {tally:?}").into()) } else { Ok(()) }
        }),
        Trial::new("failover: waiting for the replica, nothing told is lost", move || {
            let (failovers, tally) = fail_over_again_and_again(program, true)?;
            println!("{program}: {failovers} failovers, waiting for the replica: {tally:?}");
            if tally.charges < failovers {
                return Err(format!("too little was going on: {tally:?}").into());
            }
            tally.promise()
        }),
    ]
}

fn sentinels(program: &'static str) -> Outcome {
    let mut primary = Server::start(program, &[]);
    let replica = Server::replica_of(program, primary.port);
    let sentinel = Server::start(program, &["--sentinel"]);
    for command in [
        format!("MONITOR main 127.0.0.1 {} 1", primary.port),
        "SET main down-after-milliseconds 300".to_owned(),
        "SET main failover-timeout 3000".to_owned(),
    ] {
        assert!(sentinel.ask(&format!("SENTINEL {command}")).starts_with("+OK"), "{command}");
    }
    let known = replica.port.to_string();
    wait_until("the sentinel knows the replica", DEADLINE, || {
        sentinel.ask("SENTINEL REPLICAS main").contains(&known)
    });

    let urls = [format!("redis://127.0.0.1:{}", free_port()), sentinel.url()];
    let urls = [&*urls[0], &*urls[1]];
    assert!(runtime().block_on(RedisStore::connect_sentinel(&urls, "another")).is_err());
    let store = runtime().block_on(RedisStore::connect_sentinel(&urls, "main"))?;
    let store = store.timeout(Duration::from_secs(2)).replicas(1, Duration::from_secs(1));
    let (name, value) = fresh();
    assert_eq!(runtime().block_on(store.swap(name, None, &value, in_an_hour()))?, Swap::Applied);
    primary.kill();
    // The new primary has no replica.
    let store = store.replicas(0, Duration::from_secs(1));
    wait_until("the sentinel has promoted the replica", DEADLINE, || {
        runtime().block_on(store.load(name)).is_ok()
    });
    assert_eq!(runtime().block_on(store.load(name))?.as_ref(), Some(&value));
    works(&store)
}

/// The replica stops for a while: no call tells a success, whoever asks and however often; afterwards all
/// goes on.
fn standing_still(program: &'static str) -> Outcome {
    let primary = Server::start(program, &[]);
    let replica = Server::replica_of(program, primary.port);
    // While all is well a busy machine may take its time; once the replica stands still, nobody waits long.
    let patient = unchecked(&primary.url()).replicas(1, Duration::from_secs(4));
    let waiting = || unchecked(&primary.url()).replicas(1, Duration::from_millis(50));
    let store = waiting();
    runtime().block_on(patient.check())?;
    let otp = exchanger(store.clone(), Outbox::new());
    let patiently = exchanger(patient.clone(), Outbox::new());
    let ada = Recipient::parse("ada@example.org")?;
    let first = runtime().block_on(patiently.send(Request::login(&ada)))?;
    let right = Submission::by_id(&first.otp_id, first.expose().code).login();
    let tokens = runtime().block_on(patiently.exchange(right))?;
    let second = runtime().block_on(patiently.send(Request::login(&ada)))?;
    let code = second.expose().code.to_owned();
    let wrong = if code.starts_with('1') { code.replacen('1', "2", 1) } else { format!("1{}", &code[1..]) };
    let submit =
        |typed: &str| runtime().block_on(otp.verify(Submission::by_id(&second.otp_id, typed).login()));
    let too_few = |error: otp_exchange::StoreError| {
        let cause = error.cause().downcast_ref::<Error>();
        assert!(matches!(cause, Some(Error::TooFewReplicas { needed: 1, reached: 0 })), "{error:?}");
        assert!(error.may_have_applied() && error.is_transient());
    };
    let ((name, value), (_, later)) = (fresh(), fresh());
    let swap = |expected, value| runtime().block_on(store.swap(name, expected, value, in_an_hour()));
    assert_eq!(runtime().block_on(patient.swap(name, None, &value, in_an_hour()))?, Swap::Applied);

    replica.process.pause();
    assert!(runtime().block_on(otp.send(Request::login(&ada))).is_err());
    // The verdict on a wrong guess is not told. It is charged, at most as often as it was made.
    for _ in 0..2 {
        let told = submit(&wrong).map(drop);
        assert!(matches!(told, Err(otp_exchange::ExchangeError::Fault(_))), "{told:?}");
    }
    // Taken back on the primary by the first call; but the second one may not call that done.
    for _ in 0..2 {
        assert!(runtime().block_on(otp.revoke_family(tokens.access.expose())).is_err());
        assert!(runtime().block_on(otp.authenticate(tokens.access.expose())).is_err());
    }
    too_few(swap(Some(value.version()), &later).expect_err("on the primary alone"));
    // The exchanger would now repeat it, and load.
    assert_eq!(swap(Some(value.version()), &later)?, Swap::Conflict);
    too_few(runtime().block_on(store.load(name)).expect_err("what it shows is on the primary alone"));
    // So too on a connection that has written nothing, for which WAIT alone would be content at once.
    too_few(runtime().block_on(waiting().load(name)).expect_err("what it shows is on the primary alone"));
    // It is there, for whoever does not mind.
    assert_eq!(runtime().block_on(connect(&primary.url())?.load(name))?.as_ref(), Some(&later));
    // What is absent needs no replica.
    assert_eq!(runtime().block_on(store.load(fresh().0))?, None);

    replica.process.go_on();
    wait_until("the replica is back in step", DEADLINE, || runtime().block_on(patient.load(name)).is_ok());
    assert_eq!(runtime().block_on(patient.load(name))?.as_ref(), Some(&later));
    let right = Submission::by_id(&second.otp_id, &code).login();
    drop(runtime().block_on(patiently.verify(right))?);
    runtime().block_on(patiently.revoke_family(tokens.access.expose()))?;
    assert!(runtime().block_on(patiently.authenticate(tokens.access.expose())).is_err());
    works(&patient)
}

fn fail_over_again_and_again(program: &'static str, waiting: bool) -> Result<(u64, Tally), BoxError> {
    let failovers =
        std::env::var("OTP_EXCHANGE_FAILOVERS").ok().map_or(Ok(FAILOVERS), |text| text.parse())?;
    let mut sum = Tally::default();
    for round in 0..failovers {
        // At another moment each time.
        sum.add(fail_over(program, waiting, Duration::from_millis(40 + round * 17 % 60))?);
    }
    Ok((failovers, sum))
}

/// The machine of the primary is gone at that moment under load, with all that was on its way; the replica
/// takes over.
fn fail_over(program: &'static str, waiting: bool, moment: Duration) -> Result<Tally, BoxError> {
    let mut primary = Server::start(program, &[]);
    let line = Line::to(primary.address());
    let replica = Server::replica_of(program, line.address.port());
    let store = connect(&primary.url())?.timeout(Duration::from_secs(1));
    let store = if waiting { store.replicas(1, Duration::from_millis(500)) } else { store };
    let journal = under_load(&store, None, || {
        // With waiting everything takes longer.
        thread::sleep(if waiting { moment * 4 } else { moment });
        line.cut();
        primary.kill();
    })?;
    assert!(replica.ask("REPLICAOF NO ONE").starts_with("+OK"));
    journal.settle(&connect(&replica.url())?)
}

/// A long line to a server: everything takes a while on it, and what is on it when it is cut never arrives.
struct Line {
    address: SocketAddr,
    is_cut: Arc<AtomicBool>,
}

impl Line {
    fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", free_port())).expect("a port that was free");
        let (address, is_cut) =
            (listener.local_addr().expect("it is bound"), Arc::new(AtomicBool::new(false)));
        let line = Self { address, is_cut: Arc::clone(&is_cut) };
        thread::spawn(move || {
            for here in listener.incoming().map_while(Result::ok) {
                let Ok(there) = TcpStream::connect(server) else { return };
                let pairs = [(here.try_clone(), there.try_clone()), (Ok(there), Ok(here))];
                for (from, to) in pairs {
                    let (from, to) = (from.expect("a handle"), to.expect("a handle"));
                    carry(from, to, Arc::clone(&is_cut));
                }
            }
        });
        line
    }

    fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
    }
}

/// Carries what one side says to the other, a while later.
#[allow(clippy::disallowed_methods)] // a line takes real time
fn carry(mut from: TcpStream, mut to: TcpStream, is_cut: Arc<AtomicBool>) {
    let _ = to.set_nodelay(true);
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut piece = [0; 8 * 1024];
        while let Ok(length @ 1..) = from.read(&mut piece) {
            if sender.send((Instant::now() + LAG, piece[..length].to_vec())).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (due, piece) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if is_cut.load(Ordering::SeqCst) || to.write_all(&piece).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
}
