//! A store on trial, with the server it needs.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use otp_exchange::{Clock, CodeStore, Timestamp};

use crate::Program;

/// Any error, as a store's own `connect` gives it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// By whose clock entries are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgetsBy {
    /// By the server's, which no test can move.
    Server,
    /// By the one the store was given, when it is told to purge.
    Store,
}

/// A clock that can be handed on.
#[derive(Clone)]
pub struct SharedClock(Arc<dyn Clock>);

impl SharedClock {
    /// That clock.
    pub fn new(clock: impl Clock + 'static) -> Self {
        Self(Arc::new(clock))
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

impl std::fmt::Debug for SharedClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedClock")
    }
}

/// A store on trial: the running server it needs, and how to connect to it.
pub trait Subject: Sized + Send + Sync + 'static {
    /// The store.
    type Store: CodeStore + Clone + 'static;

    /// What it is called in the names of its trials.
    const NAME: &'static str;

    /// By whose clock it forgets.
    const FORGETS_BY: ForgetsBy;

    /// What must be on the `PATH`.
    const NEEDS: &'static [Program];

    /// Whether there is a server, and a wire to it. Where there is none, the processes that use the store are
    /// killed instead.
    const HAS_SERVER: bool = true;

    /// Whether its protocol is one of questions and answers, so that a proxy can count round trips.
    const ASKS_AND_ANSWERS: bool = true;

    /// Starts a server of its own on loopback, as durable as in production, and waits until it answers.
    fn start() -> Self;

    /// The URL to connect to it.
    fn url(&self) -> String;

    /// The URL by way of a proxy; none where there is no server.
    fn url_by(&self, proxy: SocketAddr) -> Option<String>;

    /// Where it listens; none where there is no server.
    fn address(&self) -> Option<SocketAddr>;

    /// Connects as a user would, with that clock and that timeout for each operation, and sets up what has to
    /// be.
    fn connect(
        url: &str,
        clock: SharedClock,
        timeout: Duration,
    ) -> impl Future<Output = Result<Self::Store, BoxError>> + Send;

    /// Forgets all that may be forgotten; nothing where the server does so by itself.
    fn purge(store: &Self::Store) -> impl Future<Output = ()> + Send;

    /// Kills the server as `kill -9` does.
    fn kill(&mut self);

    /// Starts it again with the same data on the same port, and waits until it answers.
    fn restart(&mut self);
}
