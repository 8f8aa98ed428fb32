//! What can go wrong, and what it says about a write.

use std::time::Duration;

use otp_exchange::StoreError;
use redis::{ErrorKind, RedisError};

/// What went wrong between the store and its servers.
///
/// Inside a [`StoreError`] it is the cause: `error.cause().downcast_ref::<otp_exchange_redis::Error>()`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL, or what the client was built with, cannot be used.
    #[error(
        "redis: not the URL of a server ({0}); write redis://host:port, rediss://host:port (feature `tls`) \
         or unix:///path"
    )]
    Config(#[source] RedisError),
    /// No connection could be made, so nothing was sent.
    #[error("redis: cannot connect ({0}); see that the server runs and can be reached from here")]
    Unreachable(#[source] RedisError),
    /// The server wants a password, or another one.
    #[error("redis: the server refuses this user or password; mend the credentials")]
    Login,
    /// The user may not do this.
    #[error("redis: the user may not do this ({0}); allow it the commands and keys listed in the README")]
    NotAllowed(String),
    /// A request was sent, and the connection broke before the answer came.
    #[error("redis: the connection broke before the answer came ({0})")]
    Lost(#[source] RedisError),
    /// The operation took longer than the store's timeout.
    #[error("redis: no answer within {} ms; look at the server's load and the network", within.as_millis())]
    Timeout {
        /// The timeout.
        within: Duration,
        /// Whether a request was under way that the server may still carry out.
        sent: bool,
    },
    /// This server is a replica. After a failover the next call may find the new primary.
    #[error("redis: this server is a replica and takes no writes; connect to the primary")]
    Replica,
    /// The server has no memory left and may not evict.
    #[error("redis: the server is out of memory (maxmemory); give it more")]
    Full,
    /// A key under the store's prefix is no string.
    #[error(
        "redis: a key under the store's prefix is no entry; find out who writes there, or take another prefix"
    )]
    ForeignKey,
    /// The server refused before doing anything, with this code: loading, busy, cluster down, too few
    /// replicas for its own `min-replicas-to-write`.
    #[error("redis: refused for now: {code} {detail}")]
    Refused {
        /// The code, such as `LOADING`.
        code: String,
        /// What the server said.
        detail: String,
    },
    /// The server answered with an error of which it is not known what happened before it.
    #[error("redis: the server answered with the error {code}")]
    Failed {
        /// The code; the text is left out, since servers repeat arguments in it.
        code: String,
    },
    /// The answer is none that a Redis server gives to this request.
    #[error("redis: the answer makes no sense; see that this is a Redis or Valkey server")]
    Nonsense,
    /// The write is on fewer replicas than it has to be, so far.
    #[error(
        "redis: on {reached} replicas in time instead of {needed}; see that the replicas run and keep up"
    )]
    TooFewReplicas {
        /// How many it has to be on.
        needed: u32,
        /// How many had confirmed it in time.
        reached: u32,
    },
    /// The cluster sent the request from server to server without end.
    #[error("redis: the cluster redirected too often; look at its slots with CLUSTER NODES")]
    Redirected,
    /// Several servers were given, and this one belongs to no cluster.
    #[error("redis: a server that belongs to no cluster; give one URL only, or those of a cluster")]
    NotCluster,
    /// The server is too old.
    #[error("redis: the server is version {0}; Redis 6.0 or later, or any Valkey, is needed")]
    Old(String),
    /// The server may throw entries away.
    #[error(
        "redis: maxmemory-policy is {0}, so the server may drop entries: used codes would be usable again; set it \
         to noeviction"
    )]
    Evicts(String),
}

impl Error {
    /// What a failed attempt to connect means.
    pub(crate) fn connecting(error: RedisError) -> Self {
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Login,
            ErrorKind::InvalidClientConfig => Self::Config(error),
            _ => match error.code() {
                Some("WRONGPASS" | "NOAUTH") => Self::Login,
                _ => Self::Unreachable(error),
            },
        }
    }

    /// What an error reply means.
    pub(crate) fn replied(code: &str, detail: Option<&str>) -> Self {
        let detail = || detail.unwrap_or_default().to_owned();
        match code {
            "READONLY" => Self::Replica,
            "OOM" => Self::Full,
            "WRONGTYPE" => Self::ForeignKey,
            "NOAUTH" | "WRONGPASS" => Self::Login,
            "NOPERM" => Self::NotAllowed(detail()),
            // What NOPERM is called within a script, by Redis 7 and by Redis 6.
            "ERR"
                if ["ACL failure in script", "The user executing the script can't"]
                    .iter()
                    .any(|words| detail().starts_with(words)) =>
            {
                Self::NotAllowed(detail())
            }
            "LOADING" | "BUSY" | "TRYAGAIN" | "CLUSTERDOWN" | "MASTERDOWN" | "NOREPLICAS" | "MISCONF" => {
                Self::Refused { code: code.to_owned(), detail: detail() }
            }
            _ => Self::Failed { code: code.to_owned() },
        }
    }

    /// Whether the server may have written, or may still write, what it was asked to.
    fn may_have_applied(&self) -> bool {
        match self {
            Self::Lost(_) | Self::Failed { .. } | Self::Nonsense | Self::TooFewReplicas { .. } => true,
            Self::Timeout { sent, .. } => *sent,
            _ => false,
        }
    }

    /// Whether somebody has to mend something. A replica is none of it: a failover ends that by itself.
    fn is_permanent(&self) -> bool {
        matches!(
            self,
            Self::Config(_)
                | Self::Login
                | Self::NotAllowed(_)
                | Self::ForeignKey
                | Self::NotCluster
                | Self::Old(_)
                | Self::Evicts(_)
        )
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let (unknown, permanent) = (error.may_have_applied(), error.is_permanent());
        let error = if unknown { Self::unknown(error) } else { Self::not_applied(error) };
        if permanent { error.permanent() } else { error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_error_reply_says_of_the_write() {
        for (code, may_have_applied, permanent) in [
            ("READONLY", false, false),
            ("OOM", false, false),
            ("LOADING", false, false),
            ("BUSY", false, false),
            ("TRYAGAIN", false, false),
            ("CLUSTERDOWN", false, false),
            ("MASTERDOWN", false, false),
            ("NOREPLICAS", false, false),
            ("MISCONF", false, false),
            ("WRONGTYPE", false, true),
            ("NOAUTH", false, true),
            ("WRONGPASS", false, true),
            ("NOPERM", false, true),
            // A proxy in between answers so when it lost its server's reply; so does WAIT when its server
            // was demoted meanwhile.
            ("ERR", true, false),
            ("UNBLOCKED", true, false),
        ] {
            let error = StoreError::from(Error::replied(code, None));
            assert_eq!(error.may_have_applied(), may_have_applied, "{code}");
            assert_eq!(error.is_permanent(), permanent, "{code}");
        }
    }

    #[test]
    fn an_error_repeats_no_argument() {
        let said = "unknown command 'EVALSHA', with args beginning with: 'secret'";
        assert!(!Error::replied("ERR", Some(said)).to_string().contains("secret"));
    }
}
