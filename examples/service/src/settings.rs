//! What the service is told when it starts: by options, or by the environment.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use axum::http::HeaderName;
use clap::Parser;
use otp_exchange::Role;
use otp_exchange_axum::ClientAddress;
use zeroize::Zeroizing;

use crate::error::StartError;

/// A passwordless sign-in service: a page at `/`, a JSON API at `/otp`, and the APIs of three services that people know.
///
/// Without options it keeps codes in memory and writes messages to standard output: to try it, not to run it.
#[derive(Clone, Debug, Parser)]
#[command(name = "service", version)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "OTP_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// What browsers call this service, `https://login.example` say: behind a proxy that speaks TLS. Unless said,
    /// http:// and the address it listens at.
    #[arg(long, env = "OTP_ORIGIN", value_name = "URL")]
    pub origin: Option<Origin>,

    /// What messages call it.
    #[arg(long, env = "OTP_APPLICATION", value_name = "NAME")]
    pub application: Option<String>,

    /// Where codes and sessions are kept: memory, sqlite:PATH, `postgres://…`, `redis://…`, or `etcd://…` (built with
    /// --features etcd). All but memory need --key-file and --jwt-key.
    #[arg(long, env = "OTP_STORE", value_name = "URL", default_value = "memory", hide_env_values = true)]
    pub store: Secret,

    /// The mail server: `smtps://user:password@host`, or `smtp://…?tls=required`.
    #[arg(long, env = "OTP_SMTP", value_name = "URL", requires = "from", hide_env_values = true)]
    pub smtp: Option<Secret>,

    /// Who mails are from: "ACME <no-reply@acme.example>".
    #[arg(long, env = "OTP_FROM", value_name = "MAILBOX")]
    pub from: Option<String>,

    /// For development: a file that gets one line of JSON for each message that goes nowhere else; - is standard output,
    /// and the default without --smtp. Whoever reads it signs in as anybody.
    #[arg(long, env = "OTP_OUTBOX", value_name = "FILE")]
    pub outbox: Option<PathBuf>,

    /// An application of the Passage API, and where it sends people who have signed in; may be repeated. Without any,
    /// every id is one.
    #[arg(long = "app", env = "OTP_APPS", value_name = "ID=REDIRECT_URL", value_delimiter = ' ')]
    pub apps: Vec<App>,

    /// Who may use the Nomado and Slingr APIs: role is admin, developer or user, scopes are separated by commas; may be
    /// repeated, in the environment separated by spaces. A secret holds neither space nor colon; let it be long and random.
    #[arg(
        long = "principal",
        env = "OTP_PRINCIPALS",
        value_name = "NAME:SECRET:ROLE:SCOPES",
        value_delimiter = ' ',
        hide_env_values = true
    )]
    pub principals: Vec<Secret>,

    /// The same for an administrator without scopes.
    #[arg(
        long = "admin",
        env = "OTP_ADMINS",
        value_name = "NAME:SECRET",
        value_delimiter = ' ',
        hide_env_values = true
    )]
    pub administrators: Vec<Secret>,

    /// The keys that codes and sessions are sealed with; made at the first start. Keep it apart from the store.
    #[arg(long, env = "OTP_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,

    /// The key that access tokens of the Passage API are signed with; made at the first start.
    #[arg(long, env = "OTP_JWT_KEY", value_name = "FILE")]
    pub jwt_key: Option<PathBuf>,

    /// The users of the Passage and Slingr APIs, a line of JSON for each who has proven their address. Without it they
    /// are forgotten when the service ends.
    #[arg(long, env = "OTP_USERS", value_name = "FILE")]
    pub users: Option<PathBuf>,

    /// A header that your proxy sets to the address of the client, x-real-ip say.
    #[arg(long, env = "OTP_CLIENT_HEADER", value_name = "NAME", conflicts_with = "proxies")]
    pub client_header: Option<HeaderName>,

    /// How many proxies of yours append to X-Forwarded-For.
    #[arg(long, env = "OTP_PROXIES", value_name = "COUNT")]
    pub proxies: Option<usize>,

    /// How to log: text or json, to standard error; `RUST_LOG` says what.
    #[arg(long, env = "OTP_LOG", value_name = "FORMAT", default_value = "text")]
    pub log: LogFormat,
}

/// How to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// A line of JSON for each event.
    Json,
}

impl Settings {
    /// What browsers call this service.
    pub fn origin(&self) -> Origin {
        self.origin.clone().unwrap_or_else(|| Origin(format!("http://{}", self.listen)))
    }

    /// Where the address of a client is taken from.
    pub fn client_address(&self) -> ClientAddress {
        match (&self.client_header, self.proxies) {
            (Some(name), _) => ClientAddress::header(name.clone()),
            (None, Some(proxies)) if proxies > 0 => ClientAddress::forwarded_for(proxies),
            _ => ClientAddress::peer(),
        }
    }

    /// Everybody who may use the Nomado and Slingr APIs. They are read here and not by clap, which would show a value that
    /// is wrong, with the secret in it.
    ///
    /// # Errors
    /// [`StartError::Principal`] and [`StartError::Administrator`] say what each has to look like.
    pub fn callers(&self) -> Result<Vec<Caller>, StartError> {
        let principals = self.principals.iter().map(|text| Caller::parse(text).ok_or(StartError::Principal));
        let administrators = self.administrators.iter();
        let administrators =
            administrators.map(|text| Caller::administrator(text).ok_or(StartError::Administrator));
        principals.chain(administrators).collect()
    }
}

/// What a browser calls a service: scheme, host and port (RFC 6454).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// As text, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether browsers come by TLS.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// The host, without scheme and port.
    pub fn host(&self) -> &str {
        let authority = self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest);
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        }
    }
}

impl FromStr for Origin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase();
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        match rest {
            Some(authority) if !authority.is_empty() && authority.bytes().all(plain) => Ok(Self(text)),
            _ => Err("must be http:// or https://, a host and perhaps a port, and nothing behind that"),
        }
    }
}

/// Something that may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Opens it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// An application of the Passage API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Its id, as in the path.
    pub id: String,
    /// Where it sends people who have signed in.
    pub redirect_url: String,
}

impl FromStr for App {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((id, redirect_url)) if crate::is_app_id(id) && !redirect_url.is_empty() => {
                Ok(Self { id: id.to_owned(), redirect_url: redirect_url.to_owned() })
            }
            _ => Err("must be ID=REDIRECT_URL, the id 1 to 64 letters, digits, - and _"),
        }
    }
}

/// Somebody who may use the Nomado and Slingr APIs.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The name they call themselves by: 1 to 64 letters, digits, `.`, `-` and `_`, so that it is no address.
    pub name: String,
    /// What proves it.
    pub secret: Secret,
    /// What they may do beside asking for codes.
    pub role: Role,
    /// What they may have codes and tokens made for.
    pub scopes: Vec<String>,
}

impl Caller {
    fn parse(text: &Secret) -> Option<Self> {
        let mut parts = text.expose().splitn(4, ':');
        let (name, secret, role, scopes) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let role = match role {
            "admin" => Role::Administrator,
            "developer" => Role::Developer,
            "user" => Role::User,
            _ => return None,
        };
        Self::new(name, secret, role, scopes)
    }

    fn administrator(text: &Secret) -> Option<Self> {
        let (name, secret) = text.expose().split_once(':')?;
        Self::new(name, secret, Role::Administrator, "")
    }

    fn new(name: &str, secret: &str, role: Role, scopes: &str) -> Option<Self> {
        let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let is_name = (1..=64).contains(&name.len()) && name.bytes().all(in_name);
        // RFC 6749 section 3.3.
        let in_scopes = |byte: u8| byte.is_ascii_graphic() && !b"\"\\".contains(&byte);
        let is_secret = !secret.is_empty() && !secret.contains(':');
        if !is_name || !is_secret || !scopes.bytes().all(in_scopes) {
            return None;
        }
        let scopes = scopes.split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
        Some(Self { name: name.to_owned(), secret: secret.into(), role, scopes })
    }
}
