//! The service in this process, its store, notifier and clock in the hands of the test.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser;
use otp_exchange::testkit::ManualClock;
use otp_exchange::{Accepted, DynNotifier, DynStore, MemoryStore, Message, Notifier, NotifyError, Recipient};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::Value;
use service::{Ports, Service, Settings};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// How long a test waits for what has to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Principals of every scene. `shop` sends SMS and holds two scopes, `dev` issues tokens, `root` has no
/// scopes.
pub(crate) const OPTIONS: [&str; 6] = [
    "--principal",
    "shop:shop-secret-0001:user:orders:read,orders:write",
    "--principal",
    "dev:dev-secret-00002:developer:orders:read,deploy",
    "--admin",
    "root:root-secret-0003",
];
pub(crate) const SHOP: (&str, &str) = ("shop", "shop-secret-0001");
pub(crate) const DEV: (&str, &str) = ("dev", "dev-secret-00002");
pub(crate) const ROOT: (&str, &str) = ("root", "root-secret-0003");

pub(crate) struct Scene {
    pub(crate) clock: ManualClock,
    pub(crate) mailbox: Mailbox,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    server: AbortHandle,
}

/// A message, as somebody got it.
#[derive(Clone)]
pub(crate) struct Mail {
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) address: String,
    pub(crate) locale: Option<String>,
}

/// Keeps messages until they are taken.
#[derive(Clone)]
pub(crate) struct Mailbox {
    kept: Arc<Mutex<HashMap<String, VecDeque<Mail>>>>,
    total: Arc<watch::Sender<u64>>,
}

/// What was answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With further options.
    pub(crate) async fn with(options: &[&str]) -> Self {
        Self::on(options, DynStore::new, DynNotifier::new).await
    }

    /// On a store and a notifier made of those that are usual.
    pub(crate) async fn on(
        options: &[&str],
        store: impl FnOnce(MemoryStore) -> DynStore,
        notifier: impl FnOnce(Mailbox) -> DynNotifier,
    ) -> Self {
        let (clock, mailbox) = (ManualClock::default(), Mailbox::new());
        let settings = ["service"].into_iter().chain(OPTIONS).chain(options.iter().copied());
        let settings = Settings::try_parse_from(settings).unwrap();
        let store = store(MemoryStore::with_clock(100_000, Arc::new(clock.clone())));
        let ports = Ports { store, notifier: notifier(mailbox.clone()), clock: Arc::new(clock.clone()) };
        let service = Service::new(&settings, &ports).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = service.router().into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async { axum::serve(listener, app).await.unwrap() }).abort_handle();
        Self { clock, mailbox, url, http: client(), server }
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.http.post(format!("{}{path}", self.url)).json(body)).await
    }

    /// With name and secret.
    pub(crate) async fn post_as(&self, who: (&str, &str), path: &str, body: &Value) -> Answer {
        answer(self.http.post(format!("{}{path}", self.url)).basic_auth(who.0, Some(who.1)).json(body)).await
    }

    /// With an access token.
    pub(crate) async fn post_by(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.post_with(&format!("Bearer {token}"), path, body).await
    }

    /// With just that `Authorization`.
    pub(crate) async fn post_with(&self, authorization: &str, path: &str, body: &Value) -> Answer {
        answer(self.http.post(format!("{}{path}", self.url)).header(AUTHORIZATION, authorization).json(body))
            .await
    }

    /// The oldest message to that address that was not taken yet.
    pub(crate) async fn mail(&self, address: &str) -> Mail {
        self.mailbox.take(address).await
    }

    /// As much later as makes any limit forget.
    pub(crate) fn later(&self) {
        self.clock.advance(Duration::from_secs(3600));
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default(); // an error: it is there
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.text().await.unwrap() }
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The JSON of an answer that has that status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.json()
    }

    /// A text in it.
    #[track_caller]
    pub(crate) fn text(&self, pointer: &str) -> String {
        let json = self.json();
        let found = json.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text at {pointer}: {json}")).to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// That a problem names that field, with that status.
    #[track_caller]
    pub(crate) fn names(&self, status: u16, field: &str) {
        let json = self.expect(status);
        assert_eq!(json["field"], field, "{json}");
        assert_eq!(json["status"], status, "{json}");
        assert!(json["detail"].as_str().unwrap().starts_with(&format!("{field}: ")), "{json}");
    }
}

impl Mailbox {
    fn new() -> Self {
        Self { kept: Arc::default(), total: Arc::new(watch::Sender::new(0)) }
    }

    pub(crate) fn total(&self) -> u64 {
        *self.total.borrow()
    }

    pub(crate) async fn take(&self, address: &str) -> Mail {
        let canonical = Recipient::parse(address).unwrap().canonical();
        let mut arrivals = self.total.subscribe();
        let arrived = async {
            loop {
                if let Some(mail) =
                    self.kept.lock().unwrap().get_mut(&canonical).and_then(VecDeque::pop_front)
                {
                    return mail;
                }
                arrivals.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, arrived).await.expect("a message")
    }
}

impl Notifier for Mailbox {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        let mail = Mail {
            code: message.expose_code().to_owned(),
            text: message.expose_text().to_owned(),
            address: message.recipient().address().to_owned(),
            locale: message.locale().map(str::to_owned),
        };
        self.kept.lock().unwrap().entry(message.recipient().canonical()).or_default().push_back(mail);
        self.total.send_modify(|total| *total += 1);
        Ok(Accepted::new())
    }
}

/// A code of the same form that is not the one.
pub(crate) fn wrong(code: &str) -> String {
    let other = if code.starts_with('7') { '8' } else { '7' };
    format!("{other}{}", &code[1..])
}
