//! Any gateway that takes JSON, described by settings.

mod builder;
mod signature;
mod template;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use otp_exchange::{Accepted, Clock, Entropy, Message, Notifier, NotifyError, SystemEntropy};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Url};

use crate::error::GatewayError;
use crate::http::{self, Answer, Wire};
use crate::letter::Letter;
pub use builder::WebhookBuilder;
use signature::Signer;
use template::Template;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// Hands SMS to any HTTP endpoint that takes JSON: a provider without an adapter, or a service of yours.
///
/// ```
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use otp_exchange_sms::Webhook;
/// use serde_json::json;
///
/// let body = json!({ "to": ["{to_digits}"], "message": "{text}", "reference": "{delivery_id}" });
/// let gateway = Webhook::builder("https://sms.example.org/v2/messages", body)
///     .header("Authorization", "Bearer 5f1c…")
///     .message_id("/messages/0/id")
///     .idempotency_key("Idempotency-Key")
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// # Body
///
/// JSON of any shape. In its strings (not in the names of fields) these stand for what the message is:
///
/// | placeholder | value |
/// |---|---|
/// | `{to}`, `{to_digits}` | the number in E.164, with and without its `+` |
/// | `{text}` | the whole text, code included |
/// | `{delivery_id}` | what to name the delivery by in status notices; see [`DeliveryId`](otp_exchange::DeliveryId) |
/// | `{lifetime_seconds}` | how much longer the code lives, at least 1 |
/// | `{locale}` | the language of the text or else of the request (BCP 47); `und` if neither is known |
/// | `{purpose}` | what the code is for |
/// | `{segments}`, `{encoding}`, `{unicode}` | how many segments the text takes, `GSM-7` or `UCS-2`, and whether it is the latter |
///
/// A string that is `{lifetime_seconds:number}`, `{segments:number}` or `{unicode:boolean}` and nothing else
/// becomes a number or truth value. `{{` and `}}` are braces. `{text}` and a number have to be there. Values
/// are never read as template again.
///
/// # Answer
///
/// | status | means |
/// |---|---|
/// | 2xx | taken; if a [`message_id`](WebhookBuilder::message_id) is to be there and is not, unknown |
/// | one of [`permanent_status`](WebhookBuilder::permanent_status) | never to this number; permanent |
/// | one of [`transient_status`](WebhookBuilder::transient_status), other 4xx, 307, 308 | refused; transient |
/// | anything else, timeouts, cut connections | unknown |
///
/// # Retries
///
/// Only with an [`idempotency_key`](WebhookBuilder::idempotency_key): then a request whose outcome is
/// unknown, or that could not connect, is made again with the same key, twice by default. Each call has a key
/// of its own: a code sent again because the person asked for it is a new message. Once an outcome was
/// unknown, only success makes it known.
///
/// # Signature
///
/// With a [`signing_secret`](WebhookBuilder::signing_secret) requests are signed by the
/// [Standard Webhooks](https://www.standardwebhooks.com) specification: `webhook-id` (random, one for each call,
/// and the idempotency key if there is one), `webhook-timestamp` (of each try) and `webhook-signature`.
pub struct Webhook {
    wire: Wire,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Template,
    message_id: Option<String>,
    permanent: Vec<u16>,
    transient: Vec<u16>,
    signer: Signer,
    idempotency_key: Option<HeaderName>,
    retries: u8,
    pause: Duration,
    clock: Arc<dyn Clock>,
}

impl Webhook {
    /// Begins to describe a gateway: its URL, and what its body looks like. The same can be deserialized, see
    /// [`WebhookBuilder`].
    pub fn builder(url: impl Into<String>, body: serde_json::Value) -> WebhookBuilder {
        WebhookBuilder::new(url.into(), body)
    }

    async fn carry(&self, letter: &Letter<'_>) -> Result<Accepted, GatewayError> {
        let body = self.body.fill(letter).to_string();
        let id = call_id()?;
        let (mut again, mut doubt) = (0, None);
        loop {
            let answer = self.wire.ask(self.request(body.clone(), &id)).await;
            let error = match answer.and_then(|answer| self.read(&answer)) {
                Ok(accepted) => return Ok(accepted),
                Err(error) => error,
            };
            let unsure = error.may_have_arrived();
            let retried = unsure || matches!(error, GatewayError::Unreachable(_));
            let error = doubt.take().filter(|_| !unsure).unwrap_or(error);
            if !retried || again == self.retries {
                return Err(error);
            }
            doubt = Some(error).filter(GatewayError::may_have_arrived);
            tokio::time::sleep(self.pause * 2_u32.pow(again.into())).await;
            again += 1;
        }
    }

    fn request(&self, body: String, id: &str) -> RequestBuilder {
        let name = HeaderValue::from_str(id).expect("hexadecimal and hyphens");
        let mut headers = self.headers.clone();
        if !self.signer.is_empty() {
            let now = self.clock.now().unix_millis().div_euclid(1000);
            let signature = self.signer.sign(id, now, body.as_bytes());
            headers.insert(SIGNATURE, HeaderValue::from_str(&signature).expect("base64, commas and spaces"));
            headers.insert(TIMESTAMP, now.into());
            headers.insert(ID, name.clone());
        }
        if let Some(header) = &self.idempotency_key {
            headers.insert(header, name);
        }
        self.wire.client.request(self.method.clone(), self.url.clone()).headers(headers).body(body)
    }

    fn read(&self, answer: &Answer) -> Result<Accepted, GatewayError> {
        let (status, code) = (answer.status, None);
        if self.permanent.contains(&status) {
            return Err(GatewayError::Number { status, code });
        }
        if self.transient.contains(&status) {
            return Err(GatewayError::Refused { status, code });
        }
        if status == 409 && self.idempotency_key.is_some() {
            // A request with this key is still being worked on (draft-ietf-httpapi-idempotency-key-header).
            return Err(GatewayError::Failed { status, code });
        }
        if !answer.is_success() {
            return Err(GatewayError::of_status(status, code));
        }
        let Some(pointer) = &self.message_id else { return Ok(Accepted::new()) };
        let json = answer.json();
        let name = json.pointer(pointer).and_then(http::accepted);
        name.ok_or(GatewayError::Nonsense { status })
    }
}

impl Notifier for Webhook {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        let delivery_id = message.delivery_id().to_string();
        Ok(self.carry(&Letter::of(message, &delivery_id)?).await?)
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Path and query may be secret, as with gateways that put a token there.
        f.debug_struct("Webhook")
            .field("host", &self.url.host_str())
            .field("idempotency_key", &self.idempotency_key)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

/// A name for one call, whatever code it carries: a random UUID (RFC 9562, version 4), which is what gateways
/// ask for.
fn call_id() -> Result<String, GatewayError> {
    let mut bytes = [0; 16];
    SystemEntropy.fill(&mut bytes).map_err(GatewayError::Entropy)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}
