//! Twilio's Messages resource.

use std::fmt;

use otp_exchange::{Accepted, Delivery, Message, Notifier, NotifyError};
use reqwest::{RequestBuilder, Url};

use crate::error::{ConfigError, GatewayError};
use crate::http::{self, Answer, Http, Wire};
use crate::letter::Letter;
use crate::secret::Secret;

/// The statuses whose codes may speak of the number: of a request refused for what is in it, and of a message
/// that was created and failed. Where credentials, rate or place are refused, nobody looked at the number.
const SPEAKS_OF_THE_NUMBER: [u16; 2] = [400, 201];

/// Codes that speak of the number, so that no later message to it will arrive either.
///
/// Source: Twilio's error dictionary. All others speak of the account, the sender, the text or the network,
/// among them 21408 (country not enabled), 21608 (trial account), 21612 (not with this sender), 30003 (phone
/// switched off), 30007 (filtered) and 30008 (unknown).
const OF_THE_NUMBER: [u64; 11] = [
    21211, // invalid
    21214, // cannot be reached
    21217, // does not seem to be valid
    21265, // a short code
    21266, // the sender itself
    21610, // has opted out (STOP)
    21614, // no mobile number
    21635, // a landline
    30004, // blocked from receiving
    30005, // unknown
    30006, // a landline, or a carrier that cannot be reached
];

/// Sends SMS by Twilio's [Messages resource](https://www.twilio.com/docs/messaging/api/message-resource).
///
/// - Each call makes one request, and never a second one: the resource has no idempotency key, so after a
///   lost answer nobody can tell whether a second request would be a second message.
/// - `ValidityPeriod` is what is left of the code's life, 1 second to 10 hours: a code that waits in Twilio's
///   queue until it is dead is not sent any more.
/// - `SmartEncoded=false`: the text goes out as it was written, character for character.
/// - The message SID is the [`Accepted::message_id`].
///
/// # Status notices
///
/// With [`status_callback`](TwilioBuilder::status_callback) Twilio reports what became of a message. Its
/// notice is a form: pass the field `MessageStatus` through [`Twilio::delivery`], and that with the query
/// parameter `delivery_id` of the URL to [`Exchanger::report`](otp_exchange::Exchanger::report).
///
/// `X-Twilio-Signature` is not checked here. It covers the URL as Twilio saw it, which only the web server
/// in front of you knows, and every field of the form. Without the check a forged notice has to name a
/// delivery id, which nobody can guess and only Twilio was told; it could say that a message has failed or
/// arrived, and nothing more. Check the signature in your web framework if that is too much.
pub struct Twilio {
    wire: Wire,
    url: Url,
    user: String,
    password: Secret,
    from: Option<String>,
    messaging_service: Option<String>,
    status_callback: Option<Url>,
}

impl Twilio {
    /// Signs in with the account's SID (`AC…`) and its auth token.
    pub fn with_auth_token(account_sid: impl Into<String>, auth_token: impl Into<String>) -> TwilioBuilder {
        let account = account_sid.into();
        TwilioBuilder::new(account.clone(), account, auth_token.into().into())
    }

    /// Signs in to the account (`AC…`) with the SID (`SK…`) and secret of an API key, which can be withdrawn
    /// by itself and be limited to sending.
    pub fn with_api_key(
        account_sid: impl Into<String>,
        key_sid: impl Into<String>,
        secret: impl Into<String>,
    ) -> TwilioBuilder {
        TwilioBuilder::new(account_sid.into(), key_sid.into(), secret.into().into())
    }

    /// What a `MessageStatus` says of the delivery; `None` while it says nothing yet, and for a status that
    /// is not known here.
    ///
    /// ```
    /// # use otp_exchange::Delivery;
    /// # use otp_exchange_sms::Twilio;
    /// assert_eq!(Twilio::delivery("undelivered"), Some(Delivery::Failed));
    /// assert_eq!(Twilio::delivery("queued"), None);
    /// ```
    pub fn delivery(message_status: &str) -> Option<Delivery> {
        match message_status {
            "sent" => Some(Delivery::Sent),
            "delivered" | "read" => Some(Delivery::Delivered),
            "failed" | "undelivered" | "canceled" => Some(Delivery::Failed),
            _ => None,
        }
    }

    fn request(&self, letter: &Letter<'_>) -> RequestBuilder {
        let life = letter.lifetime.as_secs().clamp(1, 36_000).to_string(); // what Twilio takes
        let callback = self.status_callback.clone().map(|mut url| {
            url.query_pairs_mut().append_pair("delivery_id", letter.delivery_id);
            url
        });
        let mut form = vec![
            ("To", letter.to),
            ("Body", letter.text),
            ("ValidityPeriod", life.as_str()),
            ("SmartEncoded", "false"),
        ];
        form.extend(self.from.as_deref().map(|from| ("From", from)));
        form.extend(self.messaging_service.as_deref().map(|sid| ("MessagingServiceSid", sid)));
        form.extend(callback.as_ref().map(|url| ("StatusCallback", url.as_str())));
        let request = self.wire.client.post(self.url.clone());
        request.basic_auth(&self.user, Some(self.password.expose())).form(&form)
    }
}

impl Notifier for Twilio {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        let delivery_id = message.delivery_id().to_string();
        let letter = Letter::of(message, &delivery_id)?;
        Ok(read(&self.wire.ask(self.request(&letter)).await?)?)
    }
}

impl fmt::Debug for Twilio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twilio")
            .field("url", &self.url.as_str())
            .field("from", &self.from)
            .field("messaging_service", &self.messaging_service)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`Twilio`].
#[derive(Debug)]
pub struct TwilioBuilder {
    account: String,
    user: String,
    password: Secret,
    from: Option<String>,
    messaging_service: Option<String>,
    status_callback: Option<Secret>,
    base_url: Secret,
    http: Http,
}

impl TwilioBuilder {
    fn new(account: String, user: String, password: Secret) -> Self {
        Self {
            account,
            user,
            password,
            from: None,
            messaging_service: None,
            status_callback: None,
            base_url: "https://api.twilio.com".into(),
            http: Http::new(),
        }
    }

    /// Who it comes from: a number of the account (E.164), a short code, or an alphanumeric sender id.
    pub fn from(self, from: impl Into<String>) -> Self {
        Self { from: Some(from.into()), ..self }
    }

    /// The SID (`MG…`) of a messaging service that chooses the sender, from those of [`from`](Self::from) if
    /// that is set too.
    pub fn messaging_service(self, sid: impl Into<String>) -> Self {
        Self { messaging_service: Some(sid.into()), ..self }
    }

    /// Where Twilio reports what became of a message: an `https` URL of yours, to which the query parameter
    /// `delivery_id` is added. Its host must have no underscores.
    pub fn status_callback(self, url: impl Into<String>) -> Self {
        Self { status_callback: Some(url.into().into()), ..self }
    }

    /// Where the API is, for a region of Twilio's or for tests: `https://api.dublin.ie1.twilio.com`, say.
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
    /// [`ConfigError`] if a SID, secret, sender or URL cannot be used, or if there is no sender.
    pub fn build(self) -> Result<Twilio, ConfigError> {
        for (setting, sid) in [("account SID", &self.account), ("key SID", &self.user)] {
            if sid.is_empty() || !sid.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                return Err(ConfigError::setting(setting, "is none; copy it from Twilio's console"));
            }
        }
        if self.password.expose().is_empty() {
            return Err(ConfigError::setting("auth token", "is empty; copy it from Twilio's console"));
        }
        let senders = [&self.from, &self.messaging_service];
        if senders.iter().all(|sender| sender.is_none()) || senders.contains(&&Some(String::new())) {
            return Err(ConfigError::setting("sender", "is missing; set from or messaging_service"));
        }
        let status_callback =
            self.status_callback.map(|url| http::url("status callback", url.expose())).transpose()?;
        if status_callback.as_ref().and_then(Url::host_str).is_some_and(|host| host.contains('_')) {
            return Err(ConfigError::setting(
                "status callback",
                "has an underscore in its host; take another",
            ));
        }
        let path = format!("2010-04-01/Accounts/{}/Messages.json", self.account);
        let url = http::endpoint(self.base_url.expose(), &path)?;
        Ok(Twilio {
            wire: self.http.wire(&url)?,
            url,
            user: self.user,
            password: self.password,
            from: self.from,
            messaging_service: self.messaging_service,
            status_callback,
        })
    }
}

/// What an answer about that letter means.
fn read(answer: &Answer) -> Result<Accepted, GatewayError> {
    let (status, json) = (answer.status, answer.json());
    let refused = |code: Option<u64>| match code {
        Some(number) if SPEAKS_OF_THE_NUMBER.contains(&status) && OF_THE_NUMBER.contains(&number) => {
            GatewayError::Number { status, code }
        }
        _ => GatewayError::Refused { status, code },
    };
    if !answer.is_success() {
        let error = GatewayError::of_status(status, http::code(&json["code"]));
        return Err(if error.may_have_arrived() { error } else { refused(error.code()) });
    }
    // Created all the same. Unless it says why it failed, nobody knows how far it came.
    if json["status"].as_str().and_then(Twilio::delivery) == Some(Delivery::Failed) {
        let code = http::code(&json["error_code"]);
        return Err(if code.is_some() { refused(code) } else { GatewayError::Failed { status, code } });
    }
    http::accepted(&json["sid"]).ok_or(GatewayError::Nonsense { status })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn form(letter: &Letter<'_>) -> String {
        let twilio = Twilio::with_auth_token("AC1", "token").from("Shop").build().unwrap();
        let request = twilio.request(letter).build().unwrap();
        String::from_utf8(request.body().unwrap().as_bytes().unwrap().to_vec()).unwrap()
    }

    const LETTER: Letter<'static> = Letter {
        to: "+32412345678",
        text: "1\r\n2\t\0&From=Bank",
        delivery_id: "abc",
        lifetime: Duration::from_secs(300),
        locale: None,
        purpose: "login",
    };

    #[test]
    fn a_text_of_several_lines_is_one_field() {
        assert!(form(&LETTER).contains("&Body=1%0D%0A2%09%00%26From%3DBank&"), "{}", form(&LETTER));
    }

    #[test]
    fn the_life_of_a_code_in_the_queue_is_what_twilio_takes() {
        for (millis, seconds) in
            [(0, 1), (999, 1), (1_999, 1), (36_000_000, 36_000), (36_001_000, 36_000), (u64::MAX, 36_000)]
        {
            let form = form(&Letter { lifetime: Duration::from_millis(millis), ..LETTER });
            assert!(form.contains(&format!("&ValidityPeriod={seconds}&")), "{form}");
        }
    }
}
