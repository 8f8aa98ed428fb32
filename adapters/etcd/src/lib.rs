//! One-time passcodes kept in [etcd](https://etcd.io): a store for [`otp_exchange`] that loses nothing on
//! failover. An answered swap lies on the disks of a majority before it is answered, and every read sees it.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use otp_exchange::{Exchanger, Keyring, Outbox};
//! use otp_exchange_etcd::EtcdStore;
//!
//! let store = EtcdStore::connect("etcd://10.0.0.1,10.0.0.2,10.0.0.3").await?;
//! let otp = Exchanger::builder(store, Outbox::new(), Keyring::generate()?).build()?;
//! # Ok(())
//! # }
//! ```
//!
//! # How entries lie in etcd
//!
//! A key is the prefix, the 16 bytes of the name, and the 12 bytes of the entry's version; the value is the
//! entry. So "is this version there?" is a question about a key, which etcd can ask itself within a
//! transaction: a swap deletes the key of the expected version and puts that of the new one, if the first is
//! there; a creation puts one, if there is none that begins with the name. Both are one request, without a
//! read before, whichever process loaded the entry. A load is a read over the keys that begin with the name,
//! of which there is at most one.
//!
//! Entries hang on leases, shared by all that may be forgotten at about the same time: at most 16 are alive
//! for each doubling of the time left, so about 200 for each process whose entries live for up to 30 days. An
//! entry lives a minute longer than asked for, and up to a sixteenth of its time. The lifetime of a lease is
//! reckoned with the store's own [`Clock`], and runs on the server's.

mod error;
mod lease;
mod url;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub use error::Error;
pub use etcd_client;
use etcd_client::{
    Client, Compare, CompareOp, ConnectOptions, Error as DriverError, GetOptions, PutOptions, Txn, TxnOp,
};
use lease::{Instants, Leases};
use otp_exchange::{Clock, CodeStore, Name, Sealed, StoreError, Swap, SystemClock, Timestamp, Version};
use tokio::time::{Instant, sleep, timeout_at};

/// What keys begin with if nothing else is said.
const PREFIX: &[u8] = b"otp/";

/// How long an operation may take if nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Codes in etcd. Clones share the connections and the leases.
///
/// What certainly wrote nothing is asked again while there is time: a read that failed, a request to a member
/// that has no leader; and one that found no connection, 16 times in a row. What may have been written is
/// never sent twice.
#[derive(Clone)]
pub struct EtcdStore {
    client: Client,
    leases: Arc<Leases>,
    prefix: Vec<u8>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

impl EtcdStore {
    /// Connects, and [checks](Self::check) that everything is as it must be.
    ///
    /// The URL is `etcd://user:password@host:port,host:port/prefix`, of which only one host is needed: the
    /// port is 2379 if not said, the prefix `otp/`. What is no letter or digit in user and password is
    /// percent-encoded. `http://` means the same; `https://` needs the feature `tls`, and trusts the roots of the system.
    ///
    /// The client is one that renews its token, demands a leader, and notices within 10 seconds of silence
    /// that a member is gone. For anything else, such as client certificates, make a client and use
    /// [`new`](Self::new).
    ///
    /// # Errors
    /// [`Error`] says what is wrong and what to do, after 10 seconds at most.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        let target = url::parse(url)?;
        let client = Client::connect(target.endpoints, Some(options())).await?; // opens no connection yet
        let mut store = Self::new(client);
        store.prefix = target.prefix.unwrap_or(store.prefix);
        if target.user.is_some() {
            store
                .ask(store.deadline(), Kind::Harmless, || {
                    let (mut client, user) = (store.client.clone(), target.user.clone());
                    async move { client.update_user(user).await }
                })
                .await?;
        }
        store.check().await?;
        Ok(store)
    }

    /// A store by way of a client that somebody else made; asks the server nothing yet.
    ///
    /// If the client has a user, make it with
    /// [`with_auto_token_refresh(true)`](ConnectOptions::with_auto_token_refresh), or it is locked out when
    /// its token has expired, after five minutes. With several members, also
    /// [`with_require_leader(true)`](ConnectOptions::with_require_leader): a member cut off from the others
    /// then says so at once, and another is asked.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            leases: Arc::default(),
            prefix: PREFIX.to_vec(),
            timeout: TIMEOUT,
            clock: Arc::new(SystemClock),
        }
    }

    /// What every key begins with; by default `otp/`. Keep nothing else under it.
    pub fn prefix(self, prefix: impl Into<Vec<u8>>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// How long one operation may take, retries included; by default 5 seconds.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Where time comes from; by default the operating system.
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Asks the server whether it is of a version that will do, and whether this user may write under the
    /// prefix, with a quorum there and space left. Writes nothing.
    ///
    /// # Errors
    /// [`Error`] says what is wrong and what to do.
    pub async fn check(&self) -> Result<(), Error> {
        let deadline = self.deadline();
        let status = self
            .ask(deadline, Kind::Harmless, || {
                let mut maintenance = self.client.maintenance_client();
                async move { maintenance.status().await }
            })
            .await?;
        error::check_version(status.version())?;
        // No key was created before the first revision: everything is checked as for a write, and none is
        // made.
        let key = self.keys(Name::from_bytes([0; 16]));
        let never = Compare::create_revision(key.clone(), CompareOp::Less, 0);
        let write = Txn::new().when([never]).and_then([TxnOp::put(key, [0; 33], None)]);
        self.send(deadline, Kind::Harmless, &write).await.map(|_| ())
    }

    /// What all keys of that name begin with.
    fn keys(&self, name: Name) -> Vec<u8> {
        [&self.prefix[..], name.as_bytes()].concat()
    }

    /// The key of that version.
    fn key(&self, name: Name, version: Version) -> Vec<u8> {
        [&self.prefix[..], name.as_bytes(), version.as_bytes()].concat()
    }

    fn deadline(&self) -> Instant {
        from_now(self.timeout)
    }

    /// The lease for an entry that may be forgotten then, granted before if need be.
    async fn lease(&self, deadline: Instant, forget_after: Timestamp) -> Result<i64, Error> {
        let now = Instants { by_clock: self.clock.now(), running: Instant::now() };
        let lease = self.leases.until(forget_after, now, |seconds| async move {
            // A second grant does no harm: it runs out by itself.
            let granted = self.ask(deadline, Kind::Harmless, || {
                let mut leases = self.client.lease_client();
                async move { leases.grant(seconds, None).await }
            });
            granted.await.map(|granted| granted.id())
        });
        timeout_at(deadline, lease).await.unwrap_or(Err(Error::Timeout(self.timeout)))
    }

    /// Puts the new version's key in the place of the expected one's.
    fn transaction(&self, name: Name, expected: Option<Version>, value: &Sealed, lease: i64) -> Txn {
        let new = self.key(name, value.version());
        let options = PutOptions::new().with_lease(lease);
        let put = TxnOp::put(new.clone(), value.as_bytes(), Some(options));
        let Some(version) = expected else {
            let none = Compare::create_revision(self.keys(name), CompareOp::Equal, 0).with_prefix();
            return Txn::new().when([none]).and_then([put]);
        };
        let old = self.key(name, version);
        let there = Compare::create_revision(old.clone(), CompareOp::Greater, 0);
        // etcd refuses to touch a key twice.
        let replaces = if old == new { vec![put] } else { vec![TxnOp::delete(old, None), put] };
        Txn::new().when([there]).and_then(replaces)
    }

    /// Sends a transaction; whether its comparison held.
    async fn send(&self, deadline: Instant, kind: Kind, txn: &Txn) -> Result<bool, Error> {
        let answer = self.ask(deadline, kind, || {
            let (mut kv, txn) = (self.client.kv_client(), txn.clone());
            async move { kv.txn(txn).await }
        });
        answer.await.map(|answer| answer.succeeded())
    }

    /// One request, and again for as long as there is time and it certainly did nothing.
    async fn ask<T, F>(&self, deadline: Instant, kind: Kind, request: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, DriverError>>,
    {
        for tries in 1.. {
            // A member that hangs does not get all the time there is: another may answer.
            let end = match kind {
                Kind::Harmless => deadline.min(from_now(self.timeout / 4)),
                Kind::Write => deadline,
            };
            let error = match timeout_at(end, request()).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => Error::from(error),
                Err(_) if end < deadline => continue,
                Err(_) => break,
            };
            let pause = error.pause(tries, kind == Kind::Write);
            let Some(pause) = pause.filter(|pause| Instant::now() + *pause < deadline) else {
                return Err(error);
            };
            if error.is_old_token() {
                // If this fails, the request is refused again, and that says why.
                let _ = timeout_at(deadline, self.client.refresh_token()).await;
            }
            sleep(pause).await;
        }
        Err(Error::Timeout(self.timeout))
    }
}

/// What a request does to the entries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing: it can be sent any number of times.
    Harmless,
    /// It may write one.
    Write,
}

/// The moment after that time, or in 34 years if it lies beyond all reckoning.
fn from_now(span: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(span).unwrap_or(now + Duration::from_secs(1 << 30))
}

/// How the driver is to connect.
fn options() -> ConnectOptions {
    let options = ConnectOptions::new()
        .with_auto_token_refresh(true)
        .with_require_leader(true)
        .with_connect_timeout(Duration::from_secs(2))
        // etcd hangs up on who asks more often than every 5 seconds, or while nothing is under way.
        .with_keep_alive(Duration::from_secs(6), Duration::from_secs(4))
        .with_keep_alive_while_idle(false);
    #[cfg(feature = "tls")]
    let options = options.with_tls(etcd_client::TlsOptions::new().with_enabled_roots());
    options
}

impl CodeStore for EtcdStore {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        let keys = self.keys(name);
        let found = self.ask(self.deadline(), Kind::Harmless, || {
            let (mut kv, keys) = (self.client.kv_client(), keys.clone());
            async move { kv.get(keys, Some(GetOptions::new().with_prefix().with_limit(2))).await }
        });
        let mut found = found.await.map_err(Error::without_writing)?.take_kvs().into_iter();
        let (Some(entry), other) = (found.next(), found.next()) else { return Ok(None) };
        let (key, value) = entry.into_key_value();
        let value = Sealed::from_bytes(value)?;
        if other.is_some() || key != self.key(name, value.version()) {
            return Err(Error::Foreign.without_writing());
        }
        Ok(Some(value))
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let deadline = self.deadline();
        let mut granted_anew = false;
        loop {
            let lease = self.lease(deadline, forget_after).await.map_err(Error::without_writing)?;
            let txn = self.transaction(name, expected, value, lease);
            match self.send(deadline, Kind::Write, &txn).await {
                Ok(true) => return Ok(Swap::Applied),
                Ok(false) => return Ok(Swap::Conflict),
                Err(Error::LeaseGone(_)) if !granted_anew => {
                    self.leases.forget(lease).await;
                    granted_anew = true;
                }
                Err(error) => return Err(error.when_writing()),
            }
        }
    }
}

impl fmt::Debug for EtcdStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = self.prefix.escape_ascii().to_string();
        f.debug_struct("EtcdStore")
            .field("prefix", &prefix)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The example of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
