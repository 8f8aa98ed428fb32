//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};
use std::sync::Once;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName};
use otp_exchange::ClientKey;

use crate::problem::Problem;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Where the address of a client is taken from; limits on messages and guesses count by it.
///
/// **Trust a header only if every request comes through a proxy that sets it itself**: else each client is as
/// many as it likes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientAddress(Source);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Source {
    #[default]
    Peer,
    Header(HeaderName),
    Forwarded(usize),
}

impl ClientAddress {
    /// The address at the other end of the connection: for a service without a proxy in front of it.
    pub fn peer() -> Self {
        Self::default()
    }

    /// The one address in that header, `x-real-ip` or `cf-connecting-ip` say, which the proxy overwrites.
    pub fn header(name: HeaderName) -> Self {
        Self(Source::Header(name))
    }

    /// What the outermost of so many proxies of yours appended to `X-Forwarded-For`: with one proxy the last
    /// address, with two the last but one. What stands before it anybody can write. 0 counts as 1.
    pub fn forwarded_for(proxies: usize) -> Self {
        Self(Source::Forwarded(proxies.max(1)))
    }

    /// The client a request comes from. Without the header, or if it holds no address, the other end of the
    /// connection counts: then all that comes so is one client.
    ///
    /// # Errors
    /// A [`Problem`] (500) if the service was not started with
    /// `into_make_service_with_connect_info::<SocketAddr>()`.
    pub fn of(&self, headers: &HeaderMap, extensions: &Extensions) -> Result<ClientKey, Problem> {
        let named = match &self.0 {
            Source::Peer => None,
            Source::Header(name) => single(headers, name).and_then(address),
            Source::Forwarded(proxies) => forwarded(headers, *proxies).and_then(address),
        };
        if let Some(address) = named {
            return Ok(ClientKey::ip(address));
        }
        let Some(ConnectInfo(peer)) = extensions.get::<ConnectInfo<SocketAddr>>() else {
            tracing::error!(target: "otp_exchange",
                "the address of clients is not known: serve with into_make_service_with_connect_info::<SocketAddr>()");
            return Err(Problem::internal());
        };
        if self.0 == Source::Peer && headers.contains_key(X_FORWARDED_FOR) {
            static SAID: Once = Once::new();
            SAID.call_once(|| {
                tracing::warn!(target: "otp_exchange",
                    "a proxy seems to stand in front, and everybody who comes through it is one client: see ClientAddress");
            });
        }
        Ok(ClientKey::ip(peer.ip()))
    }

    /// The same, of a request's head.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn of_parts(&self, parts: &Parts) -> Result<ClientKey, Problem> {
        self.of(&parts.headers, &parts.extensions)
    }
}

/// The value of a header that is there once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// The n-th address from the end, over all lines of the header. What stands before it need not be text.
fn forwarded(headers: &HeaderMap, proxies: usize) -> Option<&str> {
    let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
    let mut parts = lines.flat_map(|line| line.as_bytes().rsplit(|&byte| byte == b','));
    std::str::from_utf8(parts.nth(proxies - 1)?).ok()
}

/// An address, perhaps with a port, IPv6 perhaps in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}
