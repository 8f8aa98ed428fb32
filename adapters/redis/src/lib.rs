//! Codes and sessions of [`otp_exchange`] kept in Redis 6 or later, or in Valkey: alone, behind sentinels, or
//! in a cluster.
//!
//! One key per entry, and one short script that swaps it. What a restart or a failover may lose, and the
//! settings that keep it little, are in the README.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use otp_exchange_redis::RedisStore;
//!
//! let store = RedisStore::connect("redis://127.0.0.1:6379").await?;
//! if !store.check().await?.append_only {
//!     eprintln!("Redis runs without appendonly: a restart makes used codes good again");
//! }
//! # Ok(())
//! # }
//! ```

mod asking;
mod error;
mod findings;
mod nodes;
mod scripts;
mod slot;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use otp_exchange::{Clock, CodeStore, Name, Sealed, StoreError, Swap, SystemClock, Timestamp, Version};
use redis::{Client, Cmd, ErrorKind, RedisError, Value, cmd};

use asking::{Ask, Question};
pub use error::Error;
pub use findings::Findings;
use nodes::{Nodes, Shared};
pub use redis;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// A store on Redis or Valkey. Clones share one connection per server (16 with [`replicas`](Self::replicas)),
/// which is made when it is first needed, and anew whenever it broke or stayed silent.
#[derive(Clone)]
pub struct RedisStore {
    nodes: Arc<Nodes>,
    prefix: Arc<[u8]>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    replicas: Option<Replicas>,
}

/// How many replicas a write has to be on, and how long to wait for that.
#[derive(Clone, Copy, Debug)]
struct Replicas {
    needed: u32,
    within: Duration,
}

impl RedisStore {
    /// Connects to one server, and [checks](Self::check) it: `redis://user:password@host:port/database`,
    /// `rediss://…` with the feature `tls`, or `unix:///path?db=0`. A server of a cluster is good too.
    ///
    /// # Errors
    /// [`Error`] if it cannot be reached or used, or if entries would not be safe there.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Self::new(client(url)?).checked().await
    }

    /// Connects to a cluster by several of its servers, any of which may be down, and [checks](Self::check)
    /// all primaries. The others are found by asking these.
    ///
    /// # Errors
    /// As [`connect`](Self::connect); [`Error::NotCluster`] if one of several servers is in none.
    pub async fn connect_cluster(urls: &[&str]) -> Result<Self, Error> {
        let clients = urls.iter().map(|url| client(url)).collect::<Result<Vec<_>, _>>()?;
        Self::cluster(clients).checked().await
    }

    /// Asks sentinels for the primary of that name, connects to it, and [checks](Self::check) it. After a
    /// failover the sentinels are asked again.
    ///
    /// User and password in the URLs are given to the sentinels and to the server, and the database of the
    /// first URL is the server's; `rediss://` holds for both. Where they differ, build a
    /// [`SentinelClient`](redis::sentinel::SentinelClient) and hand it to [`sentinel`](Self::sentinel).
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    #[cfg(feature = "sentinel")]
    pub async fn connect_sentinel(urls: &[&str], service: &str) -> Result<Self, Error> {
        use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
        use redis::{ConnectionAddr, ConnectionInfo, TlsMode};

        let sentinels = urls.iter().map(|url| Ok(client(url)?.get_connection_info().clone()));
        let mut sentinels = sentinels.collect::<Result<Vec<ConnectionInfo>, Error>>()?;
        let Some(first) = sentinels.first() else { return Err(no_url()) };
        let mut server =
            SentinelNodeConnectionInfo::default().set_redis_connection_info(first.redis_settings().clone());
        if let ConnectionAddr::TcpTls { insecure, .. } = first.addr() {
            server = server.set_tls_mode(if *insecure { TlsMode::Insecure } else { TlsMode::Secure });
        }
        for sentinel in &mut sentinels {
            let settings = sentinel.redis_settings().clone().set_db(0); // sentinels have no databases
            *sentinel = sentinel.clone().set_redis_settings(settings);
        }
        let built =
            SentinelClient::build(sentinels, String::from(service), Some(server), SentinelServerType::Master);
        Self::sentinel(built.map_err(Error::Config)?).checked().await
    }

    /// A store on the server of this client. Nothing is connected or [checked](Self::check) yet.
    pub fn new(client: Client) -> Self {
        Self::on(Nodes::of(vec![client]))
    }

    /// A store on a cluster, which is entered by any of these servers. Nothing is connected or
    /// [checked](Self::check) yet.
    ///
    /// There is no way to hand over the driver's own cluster connection: it repeats a write whose reply was
    /// lost, and the repetition conflicts with the write.
    pub fn cluster(clients: impl IntoIterator<Item = Client>) -> Self {
        Self::on(Nodes::of(clients.into_iter().collect()))
    }

    /// A store on the primary that sentinels name, for a client built for
    /// [`Master`](redis::sentinel::SentinelServerType::Master). Nothing is connected or
    /// [checked](Self::check) yet.
    #[cfg(feature = "sentinel")]
    pub fn sentinel(client: redis::sentinel::SentinelClient) -> Self {
        Self::on(Nodes::behind(client))
    }

    fn on(nodes: Nodes) -> Self {
        Self {
            nodes: Arc::new(nodes),
            prefix: Arc::from(*b"otp:"),
            timeout: Duration::from_secs(5),
            clock: Arc::new(SystemClock),
            replicas: None,
        }
    }

    /// How long one load or swap may take, connecting included. 5 seconds unless set.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The clock by which it is told how long an entry has yet to live. The system's unless set; give it the
    /// exchanger's.
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// What every key begins with; the 16 bytes of the entry's name follow. `otp:` unless set.
    ///
    /// In a cluster a prefix with `{…}` in it puts all entries on one server. Braces within a name may form
    /// such a tag as well; that only makes the choice of the server another one, since no request is about
    /// two keys.
    pub fn prefix(self, prefix: impl AsRef<[u8]>) -> Self {
        Self { prefix: Arc::from(prefix.as_ref()), ..self }
    }

    /// Tells no success before so many replicas have the write: each write waits for them with WAIT, and so
    /// does each load for what it shows. When they are too few within that time, the call fails with
    /// [`Error::TooFewReplicas`]. Off unless set.
    ///
    /// A failover then loses a write only if a replica is promoted that was not among them. Each call takes a
    /// round trip to the replicas longer, 16 at once per server; loads become writes. `within` counts in
    /// whole milliseconds, at least 1, and should be well below the [timeout](Self::timeout).
    pub fn replicas(self, needed: u32, within: Duration) -> Self {
        Self { replicas: Some(Replicas { needed, within }), ..self }
    }

    /// Looks whether entries are safe here, and says what it found: each server is Redis 6.0 or later, no
    /// replica, drops no entries when memory runs out, and lets this user do what the store does. A server
    /// without persistence is no error, see [`Findings::append_only`].
    ///
    /// [`connect`](Self::connect) does this by itself. Where INFO is forbidden, or a cache that evicts has to
    /// do, build the store with [`new`](Self::new) instead; nothing else needs INFO.
    ///
    /// # Errors
    /// [`Error`] says what is wrong and how to mend it.
    pub async fn check(&self) -> Result<Findings, Error> {
        let found = self.within_timeout(async |_| self.look_around().await).await?;
        let mut probe = Question { key: [&self.prefix, &b"check"[..]].concat(), ask: Ask::Load };
        self.ask(&probe).await?;
        let write = ["SET", "check", "PX", "1"].map(|part| part.as_bytes().to_vec()).to_vec();
        probe.ask = Ask::Swap { expected: None, write };
        self.ask(&probe).await?;
        Ok(found)
    }

    async fn checked(self) -> Result<Self, Error> {
        self.check().await?;
        Ok(self)
    }

    /// The findings of every server that has entries.
    async fn look_around(&self) -> Result<Findings, Error> {
        let (node, mut connection) = self.reach(&mut self.nodes.candidates(&self.prefix).into_iter()).await?;
        let text = info(&mut connection).await?;
        if !text.contains("cluster_enabled:1") {
            return Findings::read(&text);
        }
        let slots = one(&mut connection, cmd("CLUSTER").arg("SLOTS").take()).await?;
        let mut all: Option<Findings> = None;
        for (host, port) in primaries(&slots).ok_or(Error::Nonsense)? {
            let mut connection = self.link(&self.nodes.at(&node, &host, port)?).await?;
            let found = Findings::read(&info(&mut connection).await?)?;
            all = Some(match all {
                Some(all) => all.and(found),
                None => found,
            });
        }
        all.ok_or(Error::Nonsense)
    }

    fn key(&self, name: Name) -> Vec<u8> {
        [&self.prefix, &name.as_bytes()[..]].concat()
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &String::from_utf8_lossy(&self.prefix))
            .field("timeout", &self.timeout)
            .field("replicas", &self.replicas)
            .finish_non_exhaustive()
    }
}

impl CodeStore for RedisStore {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        let question = Question { key: self.key(name), ask: Ask::Load };
        let answer = self.within_timeout(async |under_way| {
            match self.ask_around(&question, under_way).await {
                // The server was restarted meanwhile; looking twice does no harm.
                Err(Error::Lost(_)) => self.ask_around(&question, under_way).await,
                answer => answer,
            }
        });
        match answer.await? {
            None => Ok(None),
            Some(Value::BulkString(bytes)) => Ok(Some(Sealed::from_bytes(bytes)?)),
            Some(_) => Err(Error::Nonsense.into()),
        }
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let write = scripts::write(value.as_bytes(), self.clock.now(), forget_after);
        let question = Question { key: self.key(name), ask: Ask::Swap { expected, write } };
        match self.ask(&question).await? {
            None => Ok(Swap::Conflict),
            Some(Value::Okay | Value::Int(_)) => Ok(Swap::Applied),
            Some(_) => Err(Error::Nonsense.into()),
        }
    }
}

fn client(url: &str) -> Result<Client, Error> {
    Client::open(url).map_err(Error::Config)
}

fn no_url() -> Error {
    Error::Config(RedisError::from((ErrorKind::InvalidClientConfig, "no URL was given")))
}

/// The text of INFO.
async fn info(connection: &mut Shared) -> Result<String, Error> {
    match one(connection, cmd("INFO")).await? {
        Value::BulkString(bytes) => String::from_utf8(bytes).map_err(|_| Error::Nonsense),
        Value::VerbatimString { text, .. } => Ok(text),
        _ => Err(Error::Nonsense),
    }
}

/// The reply to one command.
async fn one(connection: &mut Shared, command: Cmd) -> Result<Value, Error> {
    match connection.send(redis::pipe().add_command(command)).await?.pop() {
        Some(Value::ServerError(error)) => Err(Error::replied(error.code(), error.details())),
        Some(value) => Ok(value),
        None => Err(Error::Nonsense),
    }
}

/// The primaries in the answer to CLUSTER SLOTS: of each range of slots, the server named first.
fn primaries(slots: &Value) -> Option<Vec<(String, u16)>> {
    let mut found = Vec::new();
    for range in slots.as_sequence()? {
        let [_, _, primary, ..] = range.as_sequence()? else { return None };
        let [host, Value::Int(port), ..] = primary.as_sequence()? else { return None };
        let host = match host {
            Value::BulkString(host) => String::from_utf8(host.clone()).ok()?,
            _ => String::new(), // the one that was asked
        };
        let address = (host, u16::try_from(*port).ok()?);
        if !found.contains(&address) {
            found.push(address);
        }
    }
    Some(found)
}
