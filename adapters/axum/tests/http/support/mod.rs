//! A service on loopback, its clock moved by hand, and what a test says to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use otp_exchange::testkit::{CountingStore, FaultyStore, ManualClock};
use otp_exchange::{
    DynExchanger, Exchanger, Keyring, MemoryStore, Notifier, Outbox, Policy, Quota, Recipient,
    TracingObserver,
};
use otp_exchange_axum::{Api, ClientAddress, Deliveries};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) type Store = FaultyStore<CountingStore<MemoryStore>>;

pub(crate) const ADA: &str = "ada@example.org";
pub(crate) const CALLER: (&str, &str) = ("gateway", "a-secret-of-16-bytes-or-more");

/// A service that runs, and a client that speaks to it.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) clock: ManualClock,
    pub(crate) store: Store,
    pub(crate) counts: CountingStore<MemoryStore>,
    pub(crate) outbox: Outbox,
    pub(crate) otp: Arc<DynExchanger>,
    pub(crate) deliveries: Deliveries,
    pub(crate) http: Client,
}

/// An answer, all of it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(policy(), |api| api).await
    }

    pub(crate) async fn with(policy: Policy, api: impl FnOnce(Api) -> Api) -> Self {
        let outbox = Outbox::new();
        Self::build(policy, outbox.clone(), outbox, Deliveries::new, api, true).await
    }

    /// With a notifier and queue of the test's own.
    pub(crate) async fn build(
        policy: Policy,
        notifier: impl Notifier + 'static,
        outbox: Outbox,
        deliveries: impl FnOnce(Arc<DynExchanger>) -> Deliveries,
        configure: impl FnOnce(Api) -> Api,
        shows_peers: bool,
    ) -> Self {
        let clock = ManualClock::default();
        let counts = CountingStore::new(MemoryStore::with_clock(100_000, clock.clone()));
        let store = FaultyStore::new(counts.clone());
        let otp = Exchanger::builder(store.clone(), notifier, Keyring::generate().unwrap())
            .policy(policy)
            .clock(clock.clone())
            .observer(TracingObserver)
            .build()
            .unwrap();
        let otp = Arc::new(otp.erase());
        let deliveries = deliveries(otp.clone());
        let api = configure(Api::new(otp.clone(), deliveries.clone()).introspection([CALLER]).unwrap());
        let app: Router = Router::new().nest("/otp", api.router());
        let address = serve(app, shows_peers).await;
        drop(rustls::crypto::ring::default_provider().install_default()); // an error: it is installed already
        let http = Client::builder().no_proxy().build().unwrap();
        Self { address, clock, store, counts, outbox, otp, deliveries, http }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}/otp{path}", self.address))
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.text().await.unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn form(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.send(self.request(Method::POST, path).form(form)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn introspect(&self, token: &str) -> Answer {
        let request = self.request(Method::POST, "/introspect").form(&[("token", token)]);
        self.send(request.basic_auth(CALLER.0, Some(CALLER.1))).await
    }

    /// Requests a code for that address, and waits until its message is out.
    pub(crate) async fn ask(&self, to: &str) -> Answer {
        let answer = self.post("/codes", json!({ "to": to })).await;
        self.settle().await;
        answer
    }

    /// The otp id of a code that is on its way to that address, and the code.
    pub(crate) async fn code(&self, to: &str) -> (String, String) {
        let answer = self.ask(to).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        (answer.text("otp_id"), self.last_code(to))
    }

    pub(crate) fn last_code(&self, to: &str) -> String {
        self.outbox.code_for(&Recipient::parse(to).unwrap()).expect("sent").expose().to_owned()
    }

    /// Tokens for that address.
    pub(crate) async fn log_in(&self, to: &str) -> Answer {
        let (otp_id, code) = self.code(to).await;
        let answer = self.post("/exchange", json!({ "otp_id": otp_id, "code": code })).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    /// Waits until all messages have been handed over.
    pub(crate) async fn settle(&self) {
        while self.deliveries.waiting() > 0 {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Says just those bytes, and reads until the service closes.
    pub(crate) async fn raw(&self, said: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let _ = stream.write_all(said).await; // it may have answered and closed before the end
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard).await;
        String::from_utf8_lossy(&heard).into_owned()
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_else(|| panic!("no {member}: {}", self.body)).to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The fragment of the problem's type.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.body);
        let json = self.json();
        assert_eq!(json["status"], self.status.as_u16());
        json["type"].as_str().unwrap().rsplit('#').next().unwrap().to_owned()
    }

    /// All that an observer can compare, but for when it was.
    pub(crate) fn bytes(&self) -> (u16, Vec<(String, Vec<u8>)>, String) {
        let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            (name.to_string(), value.as_bytes().to_vec())
        };
        let headers = self.headers.iter().filter(|(name, _)| *name != "date").map(header).collect();
        (self.status.as_u16(), headers, self.body.clone())
    }
}

pub(crate) async fn serve(app: Router, shows_peers: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        if shows_peers {
            axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
        } else {
            axum::serve(listener, app).await
        }
    });
    address
}

/// The default, without the limits of a client: everybody here is one.
pub(crate) fn policy() -> Policy {
    Policy::default().client_sends(None).client_checks(None)
}

pub(crate) fn few_sends(count: u32) -> Policy {
    policy().client_sends(Quota::new(count, Duration::from_secs(900)))
}

/// Tells clients apart as one proxy before the service says.
pub(crate) fn behind_a_proxy(api: Api) -> Api {
    api.client_address(ClientAddress::forwarded_for(1))
}

/// Another code of the same form.
pub(crate) fn other_than(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { char::from(digit as u8 + 1) }).collect()
}
