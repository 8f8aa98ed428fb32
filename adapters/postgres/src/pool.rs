//! The pool, and what is lent from it.

use std::time::Duration;

use deadpool_postgres::{Manager, Object, Pool};
use tokio_postgres::NoTls;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};

use crate::error::Error;

/// How long the hosts of a URL together may take to be reached: less than an operation may, so that one which
/// is gone is passed over in time.
const CONNECTING: Duration = Duration::from_secs(4);

/// How many connections the pool of [`PostgresStore::connect`](crate::PostgresStore::connect) may have.
const CONNECTIONS: usize = 16;

/// After how long without a word a connection is probed, and how long its packets may stay unacknowledged.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// A connection that is being asked something. Unless it is given back, it is closed: whoever stopped waiting
/// for an answer, or got one that ends the session, leaves no connection that is busy or dead to the next.
pub(crate) struct Lent(pub(crate) Option<Object>);

impl Lent {
    pub(crate) fn client(&self) -> &Object {
        self.0.as_ref().expect("only giving it back, which ends it, takes it out")
    }

    pub(crate) fn client_mut(&mut self) -> &mut Object {
        self.0.as_mut().expect("only giving it back, which ends it, takes it out")
    }

    /// The answer was read to its end.
    pub(crate) fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

/// The pool of [`PostgresStore::connect`](crate::PostgresStore::connect).
pub(crate) fn pool(url: &str) -> Result<Pool, Error> {
    let mut config: tokio_postgres::Config = url.parse().map_err(|_| Error::Url)?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(Error::Url);
    }
    if config.get_ssl_mode() == SslMode::Require {
        return Err(Error::TlsConnector);
    }
    if config.get_connect_timeout().is_none() {
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
        config.connect_timeout(CONNECTING / u32::try_from(hosts).unwrap_or(u32::MAX));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(KEEPALIVE);
    }
    config.keepalives_idle(config.get_keepalives_idle().min(KEEPALIVE));
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    Pool::builder(Manager::new(config, NoTls))
        .max_size(CONNECTIONS)
        .build()
        .map_err(|error| Error::Login { why: error.to_string() })
}
