//! What can go wrong, and whether anything was written then.

use std::error::Error as _;
use std::time::Duration;

use etcd_client::Error as DriverError;
use otp_exchange::StoreError;
use tonic::{Code, ConnectError, Status};

/// What went wrong with etcd. Inside a [`StoreError`] it is the
/// [cause](otp_exchange::StoreError::cause), for downcasting.
///
/// No text of it contains a password, a key or a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL cannot be used.
    #[error("the URL of etcd cannot be used: {0}")]
    Url(&'static str),
    /// No connection; nothing was sent.
    #[error("etcd cannot be reached; check that it runs and that address and TLS are right ({0})")]
    Unreachable(DriverError),
    /// The user or the password is wrong, the token has expired, or the server wants a user and none was
    /// given.
    #[error("etcd refuses the user; check name and password, and that authentication is enabled ({0})")]
    Login(DriverError),
    /// The user may not read and write the keys.
    #[error(
        "etcd denies permission; grant a role: etcdctl role grant-permission ROLE readwrite --prefix=true PREFIX ({0})"
    )]
    Denied(DriverError),
    /// The space quota is used up (the alarm NOSPACE).
    #[error(
        "etcd is full; compact, defragment every member, then etcdctl alarm disarm, or raise --quota-backend-bytes ({0})"
    )]
    Full(DriverError),
    /// The server is too old, or is no etcd.
    #[error("etcd 3.4 or later is needed; this one calls itself {found:?}")]
    Version {
        /// What it calls itself.
        found: String,
    },
    /// Under the prefix lies what this store did not write.
    #[error("under the prefix lies a key that this store did not write; give it a prefix of its own")]
    Foreign,
    /// Refused for the moment: no leader, too many requests, a member that is just starting.
    #[error("etcd refuses for the moment ({0})")]
    Busy(DriverError),
    /// The lease that the entry was to hang on is gone: revoked by somebody, or lost with older data.
    #[error("etcd no longer knows a lease it granted; leave leases of this store alone ({0})")]
    LeaseGone(DriverError),
    /// Refused for good.
    #[error("etcd refuses the request ({0})")]
    Refused(DriverError),
    /// No answer in time. With a quorum of the members gone, this is what is seen.
    #[error("etcd gave no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// Anything else: a connection lost on the way, a leader that changed, an answer not understood.
    #[error("etcd failed ({0})")]
    Failed(DriverError),
}

impl Error {
    /// Whether it is certain that nothing was written.
    fn wrote_nothing(&self) -> bool {
        // etcd says that it is full also to whoever crossed the line meanwhile, and has then written.
        !matches!(self, Self::Timeout(_) | Self::Failed(_) | Self::Full(_))
    }

    /// Whether trying again is of no use until somebody mends something.
    fn is_permanent(&self) -> bool {
        match self {
            Self::Url(_)
            | Self::Login(_)
            | Self::Denied(_)
            | Self::Full(_)
            | Self::Version { .. }
            | Self::Foreign
            | Self::Refused(_) => true,
            Self::Unreachable(_)
            | Self::Busy(_)
            | Self::LeaseGone(_)
            | Self::Timeout(_)
            | Self::Failed(_) => false,
        }
    }

    /// How long to wait before the same request is sent again, after so many tries; never, if it did harm or
    /// would do no better.
    pub(crate) fn pause(&self, tries: u32, writes: bool) -> Option<Duration> {
        match self {
            // The driver asks a member at random, one that is down as often as the others.
            Self::Unreachable(_) => (tries < MEMBERS_TRIED).then_some(Duration::from_millis(2)),
            Self::Busy(_) => Some(growing(tries)),
            Self::Failed(_) if !writes => Some(growing(tries)),
            _ => None,
        }
    }

    /// Whether the server wants a token of after its users were last changed (with tokens of the kind JWT).
    pub(crate) fn is_old_token(&self) -> bool {
        matches!(self, Self::Busy(DriverError::GRpcStatus(status)) if status.message() == OLD_TOKEN)
    }

    /// As the store answers a request that writes no entry.
    pub(crate) fn without_writing(self) -> StoreError {
        let permanent = self.is_permanent();
        let error = StoreError::not_applied(self);
        if permanent { error.permanent() } else { error }
    }

    /// As the store answers a request that may have written one.
    pub(crate) fn when_writing(self) -> StoreError {
        if self.wrote_nothing() {
            return self.without_writing();
        }
        let permanent = self.is_permanent();
        let error = StoreError::unknown(self);
        if permanent { error.permanent() } else { error }
    }
}

impl From<DriverError> for Error {
    fn from(error: DriverError) -> Self {
        match &error {
            DriverError::InvalidUri(_) => Self::Url("a member's address is none"),
            DriverError::GRpcStatus(status) if was_not_sent(status) => Self::Unreachable(error),
            DriverError::GRpcStatus(status) => kind_of(status)(error),
            _ => Self::Failed(error),
        }
    }
}

/// With one of three members down, one request in 40 million misses both others as often as that.
const MEMBERS_TRIED: u32 = 16;

/// 10 milliseconds, 20, 40, and so on, up to 160.
fn growing(tries: u32) -> Duration {
    Duration::from_millis(5 << tries.min(5))
}

/// What etcd says, word for word, where the code alone does not tell.
const NO_SPACE: &str = "etcdserver: mvcc: database space exceeded";
const TOO_MANY_REQUESTS: &str = "etcdserver: too many requests";
const NO_LEADER: &str = "etcdserver: no leader";
const NOT_CAPABLE: &str = "etcdserver: not capable";
const LEARNER: &str = "etcdserver: rpc not supported for learner";
const NO_LEASE: &str = "etcdserver: requested lease not found";
const OLD_TOKEN: &str = "etcdserver: revision of auth store is old";
const WRONG_PASSWORD: &str = "etcdserver: authentication failed, invalid user ID or password";
const NO_USER: &str = "etcdserver: user name is empty";
const AUTH_OFF: &str = "etcdserver: authentication is not enabled";

/// Only what etcd is known to say before it does anything counts as a refusal. Whatever it says once a
/// proposal is on its way ("leader changed", "request timed out", "server stopped") may have been written all
/// the same.
fn kind_of(status: &Status) -> fn(DriverError) -> Error {
    match (status.code(), status.message()) {
        (Code::ResourceExhausted, NO_SPACE) => Error::Full,
        (Code::ResourceExhausted, TOO_MANY_REQUESTS)
        | (Code::Unavailable, NO_LEADER | NOT_CAPABLE | LEARNER)
        | (Code::InvalidArgument, OLD_TOKEN) => Error::Busy,
        (Code::NotFound, NO_LEASE) => Error::LeaseGone,
        (Code::Unauthenticated, _)
        | (Code::InvalidArgument, WRONG_PASSWORD | NO_USER)
        | (Code::FailedPrecondition, AUTH_OFF) => Error::Login,
        (Code::PermissionDenied, _) => Error::Denied,
        (Code::InvalidArgument, message) if message.starts_with("etcdserver: ") => Error::Refused,
        (Code::Unimplemented, _) => Error::Refused,
        _ => Error::Failed,
    }
}

/// Whether there was no connection to send it on.
fn was_not_sent(status: &Status) -> bool {
    let mut source = status.source();
    while let Some(error) = source {
        if error.is::<ConnectError>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// Whether a server of that version has all that is needed: comparisons over a range, and reads that see
/// every answered write.
pub(crate) fn check_version(version: &str) -> Result<(), Error> {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(major), Some(minor)) if (major, minor) >= (3, 4) => Ok(()),
        _ => Err(Error::Version { found: version.chars().take(40).collect() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: Code, message: &str) -> Error {
        Error::from(DriverError::GRpcStatus(Status::new(code, message)))
    }

    /// How a swap that ended so is answered: may have applied, permanent.
    fn answered(error: Error) -> (bool, bool) {
        let error = error.when_writing();
        assert!(error.cause().is::<Error>());
        (error.may_have_applied(), error.is_permanent())
    }

    const REFUSED: (bool, bool) = (false, false);
    const REFUSED_FOR_GOOD: (bool, bool) = (false, true);
    const UNKNOWN: (bool, bool) = (true, false);

    #[test]
    fn what_etcd_says_once_it_works_on_it_is_unknown() {
        for (code, message) in [
            (Code::Unavailable, "etcdserver: leader changed"),
            (Code::Unavailable, "etcdserver: request timed out"),
            (Code::Unavailable, "etcdserver: request timed out, possibly due to previous leader failure"),
            (Code::Unavailable, "etcdserver: server stopped"),
            (Code::Unavailable, "transport is closing"),
            (Code::Unknown, "raft proposal dropped"),
            (Code::Unknown, "h2 protocol error"),
            (Code::Cancelled, "context canceled"),
            (Code::DeadlineExceeded, "context deadline exceeded"),
            (Code::DataLoss, "etcdserver: corrupt cluster"),
            (Code::Internal, "etcdserver: requested lease not found"),
            (Code::ResourceExhausted, "grpc: received message larger than max"),
            (Code::InvalidArgument, "from who knows whom"),
            (Code::OutOfRange, "decoded message length too large"),
        ] {
            assert_eq!(answered(status(code, message)), UNKNOWN, "{code:?} {message}");
        }
        assert_eq!(answered(Error::Timeout(Duration::from_secs(1))), UNKNOWN);
        let broken = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert_eq!(answered(DriverError::IoError(broken).into()), UNKNOWN);
    }

    #[test]
    fn what_etcd_refuses_beforehand_wrote_nothing() {
        for message in [TOO_MANY_REQUESTS, NO_LEADER, NOT_CAPABLE, LEARNER, OLD_TOKEN] {
            let code = match message {
                TOO_MANY_REQUESTS => Code::ResourceExhausted,
                OLD_TOKEN => Code::InvalidArgument,
                _ => Code::Unavailable,
            };
            let error = status(code, message);
            assert!(error.pause(100, true).is_some(), "{message}");
            assert_eq!(answered(error), REFUSED, "{message}");
        }
        let error = status(Code::NotFound, NO_LEASE);
        assert!(matches!(error, Error::LeaseGone(_)) && error.pause(1, false).is_none());
        assert_eq!(answered(error), REFUSED);
    }

    #[test]
    fn what_somebody_must_mend_is_permanent() {
        let full = status(Code::ResourceExhausted, NO_SPACE);
        assert!(matches!(full, Error::Full(_)) && full.to_string().contains("defragment"), "{full}");
        let denied = status(Code::PermissionDenied, "etcdserver: permission denied");
        assert!(matches!(denied, Error::Denied(_)));
        for error in [
            full,
            denied,
            status(Code::Unauthenticated, "etcdserver: invalid auth token"),
            status(Code::InvalidArgument, WRONG_PASSWORD),
            status(Code::InvalidArgument, NO_USER),
            status(Code::FailedPrecondition, AUTH_OFF),
            status(Code::InvalidArgument, "etcdserver: request is too large"),
            status(Code::Unimplemented, "unknown service etcdserverpb.KV"),
            Error::Foreign,
        ] {
            assert_eq!(error.pause(1, false), None, "{error}");
            let may_have_applied = matches!(error, Error::Full(_));
            assert_eq!(answered(error), (may_have_applied, REFUSED_FOR_GOOD.1));
        }
    }

    #[test]
    fn only_a_read_is_repeated_after_an_unknown_end() {
        let error = || status(Code::Unavailable, "etcdserver: leader changed");
        let pauses: Vec<_> =
            (1..8).filter_map(|tries| error().pause(tries, false)).map(|it| it.as_millis()).collect();
        assert_eq!(pauses, [10, 20, 40, 80, 160, 160, 160]);
        assert_eq!(error().pause(1, true), None);
        assert_eq!(Error::Timeout(Duration::ZERO).pause(1, false), None);
        let error = error().without_writing();
        assert!(!error.may_have_applied() && error.is_transient());
    }

    #[test]
    fn versions_from_3_4_on_will_do() {
        for version in ["3.4.0", "3.4.23", "3.5.16", "3.10.1", "3.6.0-rc.1", "4.0.0"] {
            assert!(check_version(version).is_ok(), "{version}");
        }
        for version in ["3.3.27", "2.3.8", "3", "", "three.four", "3.x", "-3.5"] {
            assert!(matches!(check_version(version), Err(Error::Version { .. })), "{version}");
        }
    }
}
