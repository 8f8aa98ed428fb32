//! A service of the tests' own, on a free port of loopback, with a clock that is moved by hand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use clap::Parser;
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    CodeStore, DynNotifier, DynStore, MemoryStore, Name, Notifier, Outbox, Recipient, Sealed, StoreError,
    Swap, Timestamp, Version,
};
use service::{Ports, Service, Settings};
use tokio::net::TcpListener;

/// How long anything here may take that takes a moment.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) outbox: Outbox,
    pub(crate) clock: ManualClock,
    pub(crate) store: Switch,
    server: tokio::task::JoinHandle<()>,
}

impl World {
    /// With these options.
    pub(crate) async fn start(options: &[&str]) -> Self {
        let outbox = Outbox::new();
        Self::begin(options, outbox.clone(), outbox, |router| router).await
    }

    /// With that notifier, and something around the router.
    pub(crate) async fn begin(
        options: &[&str],
        notifier: impl Notifier + 'static,
        outbox: Outbox,
        around: impl FnOnce(Router) -> Router,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let settings = Settings::parse_from(
            ["service", "--listen", &address].into_iter().chain(options.iter().copied()),
        );
        let clock = ManualClock::default();
        let store = Switch::new(MemoryStore::with_clock(100_000, clock.clone()));
        let ports = Ports {
            store: DynStore::new(store.clone()),
            notifier: DynNotifier::new(notifier),
            clock: Arc::new(clock.clone()),
        };
        let router = around(Service::new(&settings, &ports).unwrap().router());
        let app = router.into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url: format!("http://{address}"), outbox, clock, store, server }
    }

    /// The code in the newest of so many messages, once that many were sent: they go out behind the answer.
    pub(crate) async fn code_of(&self, messages: u64, address: &str) -> String {
        let sent = async {
            while self.outbox.total() < messages {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, sent).await.expect("a message");
        assert_eq!(self.outbox.total(), messages, "no more messages than that");
        let code = self.outbox.code_for(&Recipient::parse(address).unwrap());
        code.expect("a message to that address").expose().to_owned()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Six digits that are not those.
pub(crate) fn not(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { '9' }).collect()
}

/// A store that can be switched off.
#[derive(Clone)]
pub(crate) struct Switch {
    store: Arc<MemoryStore>,
    is_off: Arc<AtomicBool>,
}

#[derive(Debug, thiserror::Error)]
#[error("switched off by a test")]
struct Off;

impl Switch {
    fn new(store: MemoryStore) -> Self {
        Self { store: Arc::new(store), is_off: Arc::default() }
    }

    pub(crate) fn off(&self, is_off: bool) {
        self.is_off.store(is_off, Ordering::SeqCst);
    }

    fn answers(&self) -> Result<(), StoreError> {
        if self.is_off.load(Ordering::SeqCst) { Err(StoreError::not_applied(Off)) } else { Ok(()) }
    }
}

impl CodeStore for Switch {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.answers()?;
        self.store.load(name).await
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        self.answers()?;
        self.store.swap(name, expected, value, forget_after).await
    }
}
