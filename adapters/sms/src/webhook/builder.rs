//! How a webhook is described.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use otp_exchange::{Clock, SystemClock};
use reqwest::header::{self, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

use super::signature::Signer;
use super::template::Template;
use super::{ID, SIGNATURE, TIMESTAMP, Webhook};
use crate::error::ConfigError;
use crate::http::{self, Http};
use crate::secret::{self, Secret};

/// The most retries that can be asked for.
const MOST_RETRIES: u8 = 5;

/// Settings of a [`Webhook`], built or deserialized:
///
/// ```
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use otp_exchange_sms::WebhookBuilder;
///
/// let settings: WebhookBuilder = serde_json::from_str(
///     r#"{
///         "url": "https://sms.example.org/v2/messages",
///         "method": "POST",
///         "headers": { "Authorization": "Bearer 5f1c…" },
///         "body": { "to": "{to}", "text": "{text}", "ttl": "{lifetime_seconds:number}" },
///         "message_id": "/id",
///         "permanent_statuses": [422],
///         "transient_statuses": [503],
///         "idempotency_key": "Idempotency-Key",
///         "retries": 2,
///         "signing_secrets": ["whsec_…"]
///     }"#,
/// )?;
/// let gateway = settings.build()?;
/// # Ok(())
/// # }
/// ```
///
/// All but `url` and `body` may be left out; an unknown field is an error. Errors repeat no value of `url`,
/// `headers` and `signing_secrets`; but some formats' readers, `toml` say, add the line where it went wrong.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookBuilder {
    #[serde(deserialize_with = "secret::read")]
    url: Secret,
    #[serde(default)]
    method: Method,
    #[serde(default, deserialize_with = "secret::read")]
    headers: BTreeMap<String, Secret>,
    body: Value,
    message_id: Option<String>,
    #[serde(default)]
    permanent_statuses: Vec<u16>,
    #[serde(default)]
    transient_statuses: Vec<u16>,
    idempotency_key: Option<String>,
    retries: Option<u8>,
    #[serde(default, deserialize_with = "secret::read")]
    signing_secrets: Vec<Secret>,
    #[serde(skip)]
    pause: Option<Duration>,
    #[serde(skip)]
    clock: Option<Arc<dyn Clock>>,
    #[serde(skip)]
    http: Http,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Method {
    #[default]
    Post,
    Put,
}

impl WebhookBuilder {
    pub(super) fn new(url: String, body: Value) -> Self {
        Self {
            url: url.into(),
            method: Method::Post,
            headers: BTreeMap::new(),
            body,
            message_id: None,
            permanent_statuses: Vec::new(),
            transient_statuses: Vec::new(),
            idempotency_key: None,
            retries: None,
            signing_secrets: Vec::new(),
            pause: None,
            clock: None,
            http: Http::new(),
        }
    }

    /// `PUT` instead of `POST`.
    pub fn put(self) -> Self {
        Self { method: Method::Put, ..self }
    }

    /// A header to send along, with a value that is kept secret. `Content-Type` is `application/json` unless
    /// set.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into().into());
        self
    }

    /// Where in the answer the gateway names the message: a JSON pointer (RFC 6901) to a number, or a string
    /// of 1 to 255 printable ASCII characters without spaces. A successful answer without it is then taken as
    /// unknown. A name that repeats the code or seven digits in a row of the number is not kept.
    pub fn message_id(self, pointer: impl Into<String>) -> Self {
        Self { message_id: Some(pointer.into()), ..self }
    }

    /// A status, 400 to 599, by which the gateway says that it will never deliver to this number. Only that:
    /// the code is voided.
    pub fn permanent_status(mut self, status: u16) -> Self {
        self.permanent_statuses.push(status);
        self
    }

    /// A status, 400 to 599, by which the gateway says that it has sent nothing, for a reason that is not the
    /// number: 503, if it promises that.
    pub fn transient_status(mut self, status: u16) -> Self {
        self.transient_statuses.push(status);
        self
    }

    /// The header in which the gateway takes a key that makes a request safe to repeat: `Idempotency-Key`,
    /// often. Set it only if the gateway promises so; it turns [retries](Self::retries) on. A header that
    /// HTTP has another use for, such as `Authorization`, is refused.
    pub fn idempotency_key(self, header: impl Into<String>) -> Self {
        Self { idempotency_key: Some(header.into()), ..self }
    }

    /// How often a request is made again, 0 to 5. 2 unless set. Each try has the whole timeout.
    pub fn retries(self, retries: u8) -> Self {
        Self { retries: Some(retries), ..self }
    }

    /// How long to wait before the first retry; before each later one twice as long. 250 ms unless set.
    pub fn pause(self, pause: Duration) -> Self {
        Self { pause: Some(pause), ..self }
    }

    /// Signs requests: `whsec_` and 24 to 64 bytes in base64. Called twice, requests bear both signatures,
    /// while one key replaces the other.
    pub fn signing_secret(mut self, secret: impl Into<String>) -> Self {
        self.signing_secrets.push(secret.into().into());
        self
    }

    /// The clock for signatures. The system's unless set.
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Some(Arc::new(clock)), ..self }
    }

    /// Timeouts and the HTTP client.
    pub fn http(self, http: Http) -> Self {
        Self { http, ..self }
    }

    /// Checks the settings. Nothing is connected yet.
    ///
    /// # Errors
    /// [`ConfigError`] says which setting cannot be used.
    pub fn build(self) -> Result<Webhook, ConfigError> {
        let url = http::url("URL", self.url.expose())?;
        let headers = headers(&self.headers)?;
        let idempotency_key = self.idempotency_key.map(|name| own_header(&name, &headers)).transpose()?;
        if self.message_id.as_deref().is_some_and(|pointer| !is_pointer(pointer)) {
            return Err(ConfigError::setting("message_id", "is no JSON pointer; write /messages/0/id, say"));
        }
        let (permanent, transient) = (self.permanent_statuses, self.transient_statuses);
        if permanent.iter().chain(&transient).any(|status| !(400..600).contains(status)) {
            return Err(ConfigError::setting("statuses", "are not all errors; name such from 400 to 599"));
        }
        if permanent.iter().any(|status| transient.contains(status)) {
            return Err(ConfigError::setting("statuses", "are permanent and transient; name each once"));
        }
        let retries = match (&idempotency_key, self.retries) {
            (None, None | Some(0)) => 0,
            (None, Some(_)) => {
                return Err(ConfigError::setting(
                    "retries",
                    "need an idempotency key: without one each could be a second message",
                ));
            }
            (Some(_), retries) => retries.unwrap_or(2),
        };
        if retries > MOST_RETRIES {
            return Err(ConfigError::setting("retries", "are too many; at most 5"));
        }
        Ok(Webhook {
            wire: self.http.wire(&url)?,
            method: match self.method {
                Method::Post => reqwest::Method::POST,
                Method::Put => reqwest::Method::PUT,
            },
            url,
            headers,
            body: Template::parse(self.body)?,
            message_id: self.message_id,
            permanent,
            transient,
            signer: Signer::new(&self.signing_secrets)?,
            idempotency_key,
            retries,
            pause: self.pause.unwrap_or(Duration::from_millis(250)),
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
        })
    }
}

impl fmt::Debug for WebhookBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookBuilder")
            .field("method", &self.method)
            .field("headers", &self.headers)
            .field("idempotency_key", &self.idempotency_key)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

fn headers(given: &BTreeMap<String, Secret>) -> Result<HeaderMap, ConfigError> {
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    for (name, value) in given {
        let name = header_name(name)?;
        let value = HeaderValue::from_str(value.expose());
        let mut value = value.map_err(|_| {
            ConfigError::setting("header", "has a value with control characters; write it as one line")
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// A header that is sent with a value of ours, so nobody else may set it.
fn own_header(name: &str, given: &HeaderMap) -> Result<HeaderName, ConfigError> {
    let name = header_name(name)?;
    if given.contains_key(&name) {
        return Err(ConfigError::setting("idempotency_key", "is a header that is set already; name another"));
    }
    if is_of_http(name.as_str()) {
        return Err(ConfigError::setting(
            "idempotency_key",
            "is a header that HTTP has another use for; name the one in the gateway's reference",
        ));
    }
    Ok(name)
}

/// Whether HTTP gives that header a meaning of its own in requests: a key there would stand in for
/// credentials, or change how the request or its answer is read.
fn is_of_http(name: &str) -> bool {
    let families = ["accept", "access-control-", "content-", "if-", "proxy-", "sec-"];
    let others = "authorization cache-control cookie date expect forwarded from keep-alive max-forwards origin \
                  pragma range referer te trailer upgrade user-agent via";
    families.iter().any(|family| name.starts_with(family)) || others.split(' ').any(|other| other == name)
}

fn header_name(name: &str) -> Result<HeaderName, ConfigError> {
    let name = HeaderName::try_from(name)
        .map_err(|_| ConfigError::setting("header", "has a name that is none (RFC 9110, 5.1)"))?;
    let ours = [
        header::HOST,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::CONNECTION,
        TIMESTAMP,
        SIGNATURE,
        ID,
    ];
    if ours.contains(&name) {
        return Err(ConfigError::setting("header", "is one that is made for each request; leave it out"));
    }
    Ok(name)
}

/// RFC 6901, section 3.
fn is_pointer(text: &str) -> bool {
    let escaped = || text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    (text.is_empty() || text.starts_with('/')) && escaped()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn good() -> WebhookBuilder {
        Webhook::builder("https://sms.example.org/x", json!({ "to": "{to}", "text": "{text}" }))
    }

    #[test]
    fn what_is_wrong_is_said_when_built() {
        assert!(good().build().is_ok());
        assert!(good().permanent_status(400).transient_status(599).message_id("").build().is_ok());
        assert!(good().idempotency_key("X-Key").retries(5).message_id("/a~0b/0~1").build().is_ok());
        for (bad, setting) in [
            (good().header("a b", "x"), "header"),
            (good().header("Host", "x"), "header"),
            (good().header("content-length", "1"), "header"),
            (good().header("webhook-signature", "x"), "header"),
            (good().header("X-Key", "a\r\nb: c"), "header"),
            (good().header("X-Key", "x").idempotency_key("x-key"), "idempotency_key"),
            (good().idempotency_key("webhook-id"), "header"),
            (good().idempotency_key(""), "header"),
            (good().retries(1), "retries"),
            (good().idempotency_key("X-Key").retries(6), "retries"),
            (good().message_id("id"), "message_id"),
            (good().message_id("/a~2"), "message_id"),
            (good().message_id("/a~"), "message_id"),
            (good().permanent_status(399), "statuses"),
            (good().transient_status(600), "statuses"),
            (good().permanent_status(422).transient_status(422), "statuses"),
            (good().signing_secret("whsec_c2hvcnQ="), "signing secret"),
            (Webhook::builder("http://sms.example.org", json!("{to}{text}")), "URL"),
            (Webhook::builder("https://sms.example.org", json!("{to}")), "body"),
        ] {
            match bad.build() {
                Err(ConfigError::Setting { setting: named, .. }) => assert_eq!(named, setting),
                other => panic!("{setting}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_key_takes_the_place_of_no_other_header() {
        let key = |header: &str| good().idempotency_key(header).build();
        for header in ["Idempotency-Key", "X-Request-Id", "Message-Id", "Token", "Fromage"] {
            assert!(key(header).is_ok(), "{header}");
        }
        for (header, named) in [
            ("Host", "header"),
            ("Content-Length", "header"),
            ("Transfer-Encoding", "header"),
            ("Connection", "header"),
            ("Authorization", "idempotency_key"),
            ("Proxy-Authorization", "idempotency_key"),
            ("Accept", "idempotency_key"),
            ("accept-encoding", "idempotency_key"),
            ("Content-Type", "idempotency_key"),
            ("Content-Encoding", "idempotency_key"),
            ("If-None-Match", "idempotency_key"),
            ("COOKIE", "idempotency_key"),
            ("Expect", "idempotency_key"),
            ("Range", "idempotency_key"),
            ("User-Agent", "idempotency_key"),
            ("Via", "idempotency_key"),
        ] {
            match key(header) {
                Err(ConfigError::Setting { setting, .. }) => assert_eq!(setting, named, "{header}"),
                other => panic!("{header}: {other:?}"),
            }
        }
    }

    #[test]
    fn settings_can_be_read() {
        let read = |settings: Value| serde_json::from_value::<WebhookBuilder>(settings);
        let least = json!({ "url": "https://sms.example.org", "body": ["{to}", "{text}"] });
        assert!(read(least.clone()).unwrap().build().is_ok());
        let whole = json!({
            "url": "https://sms.example.org", "body": ["{to}", "{text}"], "method": "PUT",
            "headers": { "Authorization": "Bearer x" }, "message_id": "/id", "permanent_statuses": [422],
            "transient_statuses": [503], "idempotency_key": "Idempotency-Key", "retries": 3,
            "signing_secrets": ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
        });
        let webhook = read(whole).unwrap().build().unwrap();
        assert_eq!((webhook.method, webhook.retries), (reqwest::Method::PUT, 3));
        for (field, value) in [("methd", json!("PUT")), ("method", json!("GET")), ("clock", json!(1))] {
            let mut bad = least.clone();
            bad[field] = value;
            assert!(read(bad).is_err(), "{field}");
        }
    }
}
