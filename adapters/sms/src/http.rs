//! The HTTP client all gateways go through, and its limits.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use otp_exchange::Accepted;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, Url, redirect, retry};
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls_platform_verifier::BuilderVerifierExt;
use serde_json::Value;

use crate::error::{ConfigError, GatewayError};

/// The longest answer that is read. Those of the gateways here are below 2 KiB.
const MOST_BYTES: usize = 64 * 1024;

/// How gateways are spoken to: timeouts, and the client if you want to change it.
///
/// By itself the client is HTTP/1.1 with rustls and ring, trusts what the platform trusts (on Linux
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` hold), goes through the proxy of `HTTPS_PROXY`, and reuses connections.
/// Redirections are never followed: they would carry text and credentials to somebody else. It needs a Tokio
/// runtime when it sends.
#[derive(Default)]
pub struct Http {
    timeout: Option<Duration>,
    connect_timeout: Option<Duration>,
    tls: Option<ClientConfig>,
    change: Option<Change>,
}

type Change = Box<dyn FnOnce(ClientBuilder) -> ClientBuilder + Send + Sync>;

impl Http {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long one request may take, from connecting to the end of the answer. 10 seconds unless set.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// How long connecting may take, TLS included. 5 seconds unless set; let it be less than the
    /// [timeout](Self::timeout), because then nothing was sent for certain.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        Self { connect_timeout: Some(timeout), ..self }
    }

    /// Other TLS settings: an authority of your own, a client certificate.
    pub fn tls(self, settings: ClientConfig) -> Self {
        Self { tls: Some(settings), ..self }
    }

    /// Changes the client in all else: a proxy, an address to send from, name resolution. TLS settings made
    /// here do not hold; redirections and reqwest's own retries stay off.
    ///
    /// ```
    /// # fn example() -> Result<(), reqwest::Error> {
    /// # use otp_exchange_sms::{Http, reqwest};
    /// let proxy = reqwest::Proxy::https("http://proxy.internal:3128")?;
    /// let http = Http::new().client(|client| client.proxy(proxy));
    /// # Ok(())
    /// # }
    /// ```
    pub fn client(self, change: impl FnOnce(ClientBuilder) -> ClientBuilder + Send + Sync + 'static) -> Self {
        Self { change: Some(Box::new(change)), ..self }
    }

    /// What speaks to that URL.
    pub(crate) fn wire(self, url: &Url) -> Result<Wire, ConfigError> {
        let timeout = self.timeout.unwrap_or(Duration::from_secs(10));
        let connect_timeout = self.connect_timeout.unwrap_or(Duration::from_secs(5));
        if timeout.is_zero() || connect_timeout.is_zero() {
            return Err(ConfigError::setting("timeout", "is zero; give the gateway some time"));
        }
        let tls = self.tls.map_or_else(platform_tls, Ok)?;
        let mut client = Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .default_headers(HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]));
        if let Some(change) = self.change {
            client = change(client);
        }
        if url.scheme() == "http" {
            client = client.no_proxy(); // loopback: a proxy would see the text, and reach another machine
        }
        let client = client
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .connect_timeout(connect_timeout)
            .tls_backend_preconfigured(tls) // here, since reqwest panics where it finds no provider
            .build();
        let client = client.map_err(|error| ConfigError::Client(error.without_url().into()))?;
        Ok(Wire { client, timeout })
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .finish_non_exhaustive()
    }
}

/// Reads a URL that texts and credentials may be sent to: `https`, or `http` on this machine.
pub(crate) fn url(setting: &'static str, text: &str) -> Result<Url, ConfigError> {
    let wrong = |problem| ConfigError::setting(setting, problem);
    let url = Url::parse(text).map_err(|_| wrong("is no URL; write https://host/path"))?;
    let Some(host) = url.host_str() else { return Err(wrong("has no host; write https://host/path")) };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("has user or password in it; give them as credentials or headers"));
    }
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => Ok(url),
        "http" if here => Ok(url),
        _ => Err(wrong("is not https; plain http is for this machine only")),
    }
}

/// The URL of that path under a base URL, which may have a path of its own.
pub(crate) fn endpoint(base: &str, path: &str) -> Result<Url, ConfigError> {
    let mut url = url("base URL", base)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(ConfigError::setting("base URL", "has a query or fragment; write https://host"));
    }
    url.set_path(&format!("{}/{path}", url.path().trim_end_matches('/')));
    Ok(url)
}

/// rustls with ring, whatever other providers are compiled in or installed, and the platform's roots.
fn platform_tls() -> Result<ClientConfig, ConfigError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier);
    Ok(config.map_err(|error| ConfigError::Client(error.into()))?.with_no_client_auth())
}

/// A client and how long it waits.
pub(crate) struct Wire {
    pub(crate) client: Client,
    timeout: Duration,
}

impl Wire {
    /// Sends a request, once, and reads the answer.
    pub(crate) async fn ask(&self, request: RequestBuilder) -> Result<Answer, GatewayError> {
        let response = request.timeout(self.timeout).send().await.map_err(|error| {
            let error = error.without_url();
            if error.is_connect() || error.is_builder() {
                GatewayError::Unreachable(error) // first: a timeout to connect is a timeout as well
            } else if error.is_timeout() {
                GatewayError::Timeout { within: self.timeout }
            } else {
                GatewayError::Lost(error)
            }
        })?;
        Ok(Answer { status: response.status().as_u16(), body: read(response).await })
    }
}

/// What a gateway answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `None` if it was cut short or too long.
    body: Option<Vec<u8>>,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body, if it is JSON; otherwise null, in which nothing is found.
    pub(crate) fn json(&self) -> Value {
        self.body.as_deref().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default()
    }
}

/// A message that was taken under that name; `None` if this is no name.
pub(crate) fn accepted(name: &Value) -> Option<Accepted> {
    let taken = match name {
        Value::String(name) => Accepted::under(name),
        Value::Number(name) => Accepted::under(name.to_string()),
        _ => return None,
    };
    taken.message_id().is_some().then_some(taken)
}

/// A code, which some gateways write as a string.
pub(crate) fn code(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

async fn read(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > MOST_BYTES {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_this_machine() {
        for good in [
            "https://api.example.org",
            "https://api.example.org:8443/v1?key=1",
            "http://127.0.0.1:80",
            "http://127.9.9.9/x",
            "http://[::1]:80",
            "http://localhost:8080",
        ] {
            assert!(url("url", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "api.example.org",
            "http://api.example.org",
            "http://127.0.0.1.example.org",
            "http://localhost.example.org",
            "http://10.0.0.1",
            "http://[::2]",
            "ftp://localhost",
            "file:///etc/passwd",
            "data:text/plain,x",
            "https://user@example.org",
            "https://:password@example.org",
        ] {
            assert!(url("url", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_under_a_base() {
        for base in ["https://a.example", "https://a.example/", "https://a.example//"] {
            assert_eq!(endpoint(base, "x/y").unwrap().as_str(), "https://a.example/x/y");
        }
        assert_eq!(endpoint("https://a.example/api/", "x").unwrap().as_str(), "https://a.example/api/x");
        assert!(endpoint("https://a.example?q", "x").is_err());
        assert!(endpoint("https://a.example#f", "x").is_err());
    }

    #[test]
    fn no_time_at_all_is_refused() {
        let here = Url::parse("http://127.0.0.1").unwrap();
        assert!(Http::new().timeout(Duration::ZERO).wire(&here).is_err());
        assert!(Http::new().connect_timeout(Duration::ZERO).wire(&here).is_err());
        assert!(Http::new().wire(&here).is_ok());
    }

    #[test]
    fn names_for_logs_only() {
        let name = |text: &str| {
            let taken = accepted(&serde_json::from_str(text).unwrap())?;
            taken.message_id().map(str::to_owned)
        };
        assert_eq!(name("\"SM1\"").as_deref(), Some("SM1"));
        assert_eq!(name("17").as_deref(), Some("17"));
        assert_eq!(name(&format!("\"{}\"", "a".repeat(255))).map(|id| id.len()), Some(255));
        assert_eq!(name("\"!a/b~\"").as_deref(), Some("!a/b~"));
        let long = "a".repeat(256);
        for bad in ["", " ", "a b", "a\\nb", "a\\u007f", "é", &long].map(|text| format!("\"{text}\"")) {
            assert_eq!(name(&bad), None, "{bad}");
        }
        for bad in ["null", "true", "[]", "{}"] {
            assert_eq!(name(bad), None, "{bad}");
        }
    }
}
