//! Nomado's SMS resource.

use std::fmt;

use otp_exchange::{Accepted, Encoding, Message, Notifier, NotifyError, Segments};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{RequestBuilder, Url};
use serde_json::{Value, json};

use crate::error::{ConfigError, GatewayError};
use crate::http::{self, Answer, Http, Wire};
use crate::letter::Letter;
use crate::secret::Secret;

/// Sends SMS by the Belgian provider Nomado: `POST https://api.nomado.eu/sms/send`.
///
/// Each call makes one request, and never a second one: the API has no idempotency key.
///
/// The API's public reference (repository `nomadovoip/nomadovoip.github.io`, pages *Send SMS* and
/// *Authentication*) gives the request, the answer to a successful one, and the statuses 400 and 401. It does
/// not say, and so this type is careful:
///
/// - which name a message has: [`Accepted`] has none;
/// - how to learn what became of a message: there are no status notices, and nothing to carry the
///   [`DeliveryId`](otp_exchange::DeliveryId);
/// - what is answered for a number that is refused. `valid_numbers` of 0 is taken at its word, as permanent;
///   a code other than 2xx for the number as refused, which is transient; an answer without either as
///   unknown. A 400 may be about anything, so it is transient;
/// - [`from`](NomadoBuilder::from): the provider's own Node client sends it, the reference does not list it.
pub struct Nomado {
    wire: Wire,
    url: Url,
    user: String,
    password: Secret,
    from: Option<String>,
}

impl Nomado {
    /// Signs in with user name and password, the one way that the reference describes.
    pub fn builder(username: impl Into<String>, password: impl Into<String>) -> NomadoBuilder {
        NomadoBuilder {
            user: username.into(),
            password: password.into().into(),
            from: None,
            base_url: "https://api.nomado.eu".into(),
            http: Http::new(),
        }
    }

    fn request(&self, letter: &Letter<'_>) -> RequestBuilder {
        let unicode = Segments::of(letter.text).encoding == Encoding::Ucs2;
        let mut body = json!({ "to": [letter.digits()], "message": letter.text, "unicode": unicode });
        if let Some(from) = &self.from {
            body["from"] = Value::from(from.as_str());
        }
        let request = self.wire.client.post(self.url.clone());
        request
            .basic_auth(&self.user, Some(self.password.expose()))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(body.to_string())
    }
}

impl Notifier for Nomado {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        let letter = Letter::of(message, "")?;
        let answer = self.wire.ask(self.request(&letter)).await?;
        Ok(read(&answer, letter.digits())?)
    }
}

impl fmt::Debug for Nomado {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nomado")
            .field("url", &self.url.as_str())
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`Nomado`].
#[derive(Debug)]
pub struct NomadoBuilder {
    user: String,
    password: Secret,
    from: Option<String>,
    base_url: Secret,
    http: Http,
}

impl NomadoBuilder {
    /// Who it comes from. Unless set, whatever the account has.
    pub fn from(self, from: impl Into<String>) -> Self {
        Self { from: Some(from.into()), ..self }
    }

    /// Where the API is, for tests.
    pub fn base_url(self, url: impl Into<String>) -> Self {
        Self { base_url: url.into().into(), ..self }
    }

    /// Timeouts and the HTTP client.
    pub fn http(self, http: Http) -> Self {
        Self { http, ..self }
    }

    /// Checks the settings. Nothing is connected yet.
    ///
    /// # Errors
    /// [`ConfigError`] if the credentials or the URL cannot be used.
    pub fn build(self) -> Result<Nomado, ConfigError> {
        if self.user.is_empty() || self.password.expose().is_empty() {
            return Err(ConfigError::setting("credentials", "are empty; give user name and password"));
        }
        if self.user.contains(':') {
            // RFC 7617, section 2: the rest would be read as the beginning of the password.
            return Err(ConfigError::setting("credentials", "have a colon in the user name; take another"));
        }
        let url = http::endpoint(self.base_url.expose(), "sms/send")?;
        Ok(Nomado {
            wire: self.http.wire(&url)?,
            url,
            user: self.user,
            password: self.password,
            from: self.from,
        })
    }
}

/// What an answer about that number means.
fn read(answer: &Answer, digits: &str) -> Result<Accepted, GatewayError> {
    let (status, json) = (answer.status, answer.json());
    let code = http::code(&json["code"]);
    if !answer.is_success() {
        return Err(GatewayError::of_status(status, code));
    }
    // The body repeats the status. Should they differ, the worse one holds.
    if let Some(other) =
        code.and_then(|code| u16::try_from(code).ok()).filter(|code| !(200..300).contains(code))
    {
        return Err(GatewayError::of_status(other, code));
    }
    match http::code(&json["data"][digits]["code"]) {
        Some(200..300) => Ok(Accepted::new()),
        Some(code) => Err(GatewayError::Refused { status, code: Some(code) }),
        None if http::code(&json["valid_numbers"]) == Some(0) => Err(GatewayError::Number { status, code }),
        None => Err(GatewayError::Nonsense { status }),
    }
}
