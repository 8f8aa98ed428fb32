//! Servers and the connections to them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, Pipeline, RedisError, Value, cmd,
};

use crate::error::Error;
use crate::slot::{SLOTS, slot};

/// How many connections to a server there are at most. One is enough until calls wait for replicas: WAIT
/// holds up what comes after it on its connection.
const LANES: usize = 16;

/// Where connections come from.
enum Source {
    Client(Box<Client>),
    #[cfg(feature = "sentinel")]
    Sentinel(Box<tokio::sync::Mutex<redis::sentinel::SentinelClient>>),
}

/// One server, and the connections to it that all share.
///
/// The driver's own reconnecting connections are not used: its `ConnectionManager` stays on a silent socket
/// when replies time out, keeps a failed login for ever, and does not tell "never sent" from "sent"; its
/// cluster connection sends a swap again whose reply was lost, which then conflicts with itself.
pub(crate) struct Node {
    source: Source,
    in_cluster: bool,
    lanes: [tokio::sync::Mutex<Option<Shared>>; LANES],
    turn: AtomicUsize,
}

/// A connection, and whether it has been given up.
#[derive(Clone)]
pub(crate) struct Shared {
    connection: MultiplexedConnection,
    given_up: Arc<AtomicBool>,
}

impl Shared {
    /// Sends all commands at once on this one connection, and returns their replies.
    pub(crate) async fn send(&mut self, commands: &Pipeline) -> Result<Vec<Value>, Error> {
        let replies = self.connection.send_packed_commands(commands, 0, commands.len()).await;
        replies.map_err(|error| {
            self.give_up();
            Error::Lost(error)
        })
    }

    /// Whoever comes next connects anew. Others who wait for a reply on this connection still get it.
    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

impl Node {
    fn new(source: Source, in_cluster: bool) -> Arc<Self> {
        Arc::new(Self { source, in_cluster, lanes: Default::default(), turn: AtomicUsize::new(0) })
    }

    /// A connection, made if there is none: always the same one, or each of `several` in turn. While one
    /// caller connects, the others wait for it.
    pub(crate) async fn connection(&self, several: bool) -> Result<Shared, Error> {
        let lane = if several { self.turn.fetch_add(1, Ordering::Relaxed) % LANES } else { 0 };
        let mut shared = self.lanes[lane].lock().await;
        if let Some(shared) = shared.as_ref().filter(|shared| !shared.given_up.load(Ordering::Relaxed)) {
            return Ok(shared.clone());
        }
        *shared = None;
        let mut connection = self.connect().await.map_err(Error::connecting)?;
        if self.in_cluster {
            // Two servers that do not know each other would each keep half of the entries.
            let slots = cmd("CLUSTER").arg("SLOTS").take();
            match connection.send_packed_command(&slots).await.map_err(Error::connecting)? {
                Value::ServerError(error) if error.code() == "ERR" => return Err(Error::NotCluster),
                Value::ServerError(error) => return Err(Error::replied(error.code(), error.details())),
                _ => {}
            }
        }
        // A server that was demoted would show old entries for as long as nobody writes.
        match connection.send_packed_command(&cmd("ROLE")).await.map_err(Error::connecting)? {
            Value::ServerError(error) => return Err(Error::replied(error.code(), error.details())),
            role if is_primary(&role) => {}
            _ => return Err(Error::Replica),
        }
        let new = Shared { connection, given_up: Arc::default() };
        *shared = Some(new.clone());
        Ok(new)
    }

    async fn connect(&self) -> Result<MultiplexedConnection, RedisError> {
        // No timeouts of the driver's: the store has one for the whole operation.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        match &self.source {
            Source::Client(client) => client.get_multiplexed_async_connection_with_config(&config).await,
            #[cfg(feature = "sentinel")]
            Source::Sentinel(client) => client.lock().await.get_async_connection_with_config(&config).await,
        }
    }

    /// How to connect to another server of the same cluster; not known where this one came from sentinels.
    fn neighbour(&self, host: &str, port: u16) -> Option<ConnectionInfo> {
        let here = match &self.source {
            Source::Client(client) => client.get_connection_info(),
            #[cfg(feature = "sentinel")]
            Source::Sentinel(_) => return None,
        };
        let host = |same: &str| if host.is_empty() { same.to_owned() } else { host.to_owned() };
        let addr = match here.addr() {
            ConnectionAddr::Tcp(same, _) => ConnectionAddr::Tcp(host(same), port),
            ConnectionAddr::TcpTls { host: same, insecure, tls_params, .. } => ConnectionAddr::TcpTls {
                host: host(same),
                port,
                insecure: *insecure,
                tls_params: tls_params.clone(),
            },
            ConnectionAddr::Unix(_) => ConnectionAddr::Tcp(host("localhost"), port),
            _ => return None,
        };
        Some(here.clone().set_addr(addr))
    }
}

/// The servers a store knows: those it was given, and in a cluster those it was sent on to.
pub(crate) struct Nodes {
    given: Vec<Arc<Node>>,
    learned: Mutex<Learned>,
}

#[derive(Default)]
struct Learned {
    nodes: HashMap<(String, u16), Arc<Node>>,
    slots: HashMap<u16, Arc<Node>>,
}

impl Nodes {
    /// One server, or several of one cluster.
    pub(crate) fn of(clients: Vec<Client>) -> Self {
        let in_cluster = clients.len() > 1;
        let given = clients
            .into_iter()
            .map(|client| Node::new(Source::Client(Box::new(client)), in_cluster))
            .collect();
        Self { given, learned: Mutex::default() }
    }

    /// The primary that sentinels name.
    #[cfg(feature = "sentinel")]
    pub(crate) fn behind(client: redis::sentinel::SentinelClient) -> Self {
        let source = Source::Sentinel(Box::new(tokio::sync::Mutex::new(client)));
        Self { given: vec![Node::new(source, false)], learned: Mutex::default() }
    }

    /// Which servers to ask about a key: first the one that has its slot, as far as is known; then all others,
    /// each of which knows.
    pub(crate) fn candidates(&self, key: &[u8]) -> Vec<Arc<Node>> {
        let learned = self.learned();
        // Outside a cluster there is nothing to look up.
        let known = if learned.slots.is_empty() { None } else { learned.slots.get(&slot(key)) };
        let mut nodes: Vec<Arc<Node>> = known.cloned().into_iter().collect();
        for node in self.given.iter().chain(learned.nodes.values()) {
            if !nodes.iter().any(|known| Arc::ptr_eq(known, node)) {
                nodes.push(Arc::clone(node));
            }
        }
        nodes
    }

    /// The server at this address, which `from` spoke of.
    pub(crate) fn at(&self, from: &Node, host: &str, port: u16) -> Result<Arc<Node>, Error> {
        let info = from.neighbour(host, port).ok_or(Error::NotCluster)?;
        let host = match info.addr() {
            ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host.clone(),
            _ => return Err(Error::NotCluster),
        };
        let mut learned = self.learned();
        if let Some(node) = learned.nodes.get(&(host.clone(), port)) {
            return Ok(Arc::clone(node));
        }
        let node = Node::new(Source::Client(Box::new(Client::open(info).map_err(Error::Config)?)), true);
        learned.nodes.insert((host, port), Arc::clone(&node));
        Ok(node)
    }

    /// Whether another one can be asked where one is down.
    pub(crate) fn are_several(&self) -> bool {
        self.given.len() + self.learned().nodes.len() > 1
    }

    /// This server has that slot.
    pub(crate) fn learn(&self, slot: u16, node: &Arc<Node>) {
        self.learned().slots.insert(slot, Arc::clone(node));
    }

    /// This server could not be reached: others may have its slots by now.
    pub(crate) fn forget(&self, node: &Arc<Node>) {
        self.learned().slots.retain(|_, known| !Arc::ptr_eq(known, node));
    }

    fn learned(&self) -> MutexGuard<'_, Learned> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the answer to ROLE is that of a server which takes writes.
fn is_primary(role: &Value) -> bool {
    let name = role.as_sequence().and_then(|role| role.first());
    matches!(name, Some(Value::BulkString(name)) if name == b"master")
        || matches!(name, Some(Value::SimpleString(name)) if name == "master")
}

/// A redirection as a cluster words it: slot, host and port. The host is empty where it is the same one.
pub(crate) fn redirection(detail: &str) -> Option<(u16, &str, u16)> {
    let (slot, address) = detail.split_once(' ')?;
    let (host, port) = address.split(' ').next()?.rsplit_once(':')?;
    let slot = slot.parse().ok().filter(|slot| *slot < SLOTS)?;
    Some((slot, if host == "?" { "" } else { host }, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirections_are_read_or_refused() {
        assert_eq!(redirection("3999 127.0.0.1:6381"), Some((3999, "127.0.0.1", 6381)));
        assert_eq!(redirection("3999 ::1:6381"), Some((3999, "::1", 6381)));
        assert_eq!(redirection("3999 :6381"), Some((3999, "", 6381)));
        assert_eq!(redirection("3999 ?:6381"), Some((3999, "", 6381)));
        for nonsense in ["", "3999", "3999 host", "3999 host:x", "16384 host:1", "x host:1"] {
            assert_eq!(redirection(nonsense), None);
        }
    }
}
