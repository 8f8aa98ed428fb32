//! Why the service does not start: each error names the option that is wrong, and never a secret in it.

use std::io;

use otp_exchange::{AutofillError, BuildError, CatalogueError, KeyError};

use crate::keys::KeyFileError;
use crate::tokens::JwtKeyError;
use crate::users::UsersError;

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A store that this service does not know.
    #[error("--store: must be memory, sqlite:PATH, postgres://…, redis://… or etcd://…")]
    UnknownStore,
    /// etcd's driver needs protoc, so it is not built in unless asked for.
    #[error(
        "--store: built without etcd; install protoc and run with `cargo run -p service --features etcd`"
    )]
    NoEtcd,
    /// The store does not answer, or is not as it has to be.
    #[error("--store: {0}")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Codes that outlive the process need keys that do.
    #[error(
        "--key-file: a store that outlives the service needs keys that do; name a file, which is made at the first start"
    )]
    NoKeyFile,
    /// The same for tokens.
    #[error(
        "--jwt-key: a store that outlives the service needs a key that does; name a file, which is made at the first start"
    )]
    NoJwtKey,
    /// The key file.
    #[error("--key-file: {0}")]
    KeyFile(#[source] KeyFileError),
    /// Its keys.
    #[error("--key-file: {0}")]
    Key(#[from] KeyError),
    /// The key that tokens are signed with.
    #[error("--jwt-key: {0}")]
    JwtKey(#[from] JwtKeyError),
    /// The mail server.
    #[error("--smtp: {0}")]
    Smtp(#[source] otp_exchange_smtp::Error),
    /// The outbox.
    #[error("--outbox: {0}")]
    Outbox(#[source] io::Error),
    /// The address that messages name.
    #[error("--origin: {0}")]
    Autofill(#[from] AutofillError),
    /// What messages are made of.
    #[error("--application: {0}")]
    Catalogue(#[from] CatalogueError),
    /// An application.
    #[error("--app: an id is there twice; keep one")]
    AppTwice,
    /// A principal.
    #[error(
        "--principal: each must be NAME:SECRET:ROLE:SCOPES, the name of letters, digits, dots, - and _, no colon or space in the secret, the role admin, developer or user, scopes separated by commas or none"
    )]
    Principal,
    /// An administrator.
    #[error(
        "--admin: each must be NAME:SECRET, the name of letters, digits, dots, - and _, no colon or space in the secret"
    )]
    Administrator,
    /// Two of one name.
    #[error("--principal, --admin: a name is there twice; keep one")]
    PrincipalTwice,
    /// The file of users.
    #[error("--users: {0}")]
    Users(#[source] UsersError),
    /// The policy of one of the APIs.
    #[error("--app: {0}")]
    Build(#[from] BuildError),
}

impl StartError {
    pub(crate) fn store(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Store(Box::new(error))
    }
}
