//! Messages made by a real exchanger, and what a gateway said of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    Accepted, Exchanger, Keyring, MemoryStore, Message, Notifier, NotifyError, Recipient, Request,
};
use otp_exchange_sms::{GatewayError, Http};

pub(crate) const PHONE: &str = "+32412345678";

/// A text with everything that an encoding could trip over.
pub(crate) const HOSTILE: &str = r#"{{CODE}} "it's" \ & = + %41 {to} {text} # ? </b> é 🔑"#;

pub(crate) type Outcome = Result<Accepted, NotifyError>;

/// Passes messages on, and keeps what came of them.
pub(crate) struct Recorder<N> {
    inner: N,
    kept: Mutex<Vec<Kept>>,
}

/// One message and what came of it.
pub(crate) struct Kept {
    pub(crate) outcome: Outcome,
    pub(crate) text: String,
    pub(crate) code: String,
    pub(crate) delivery_id: String,
}

impl<N: Notifier> Recorder<N> {
    pub(crate) fn new(inner: N) -> Arc<Self> {
        Arc::new(Self { inner, kept: Mutex::default() })
    }

    pub(crate) fn kept(&self) -> Vec<Kept> {
        std::mem::take(&mut *self.kept.lock().unwrap())
    }
}

impl<N: Notifier> Notifier for Recorder<N> {
    async fn notify(&self, message: &Message) -> Outcome {
        let outcome = self.inner.notify(message).await;
        let kind = outcome.as_ref().map_or_else(again, |_| Ok(Accepted::new()));
        self.kept.lock().unwrap().push(Kept {
            outcome,
            text: String::from(message.expose_text()),
            code: String::from(message.expose_code()),
            delivery_id: message.delivery_id().to_string(),
        });
        kind
    }
}

/// An error of the same kind, for the exchanger.
fn again(error: &NotifyError) -> Outcome {
    let make = match Kind::of(error) {
        Kind::Permanent => NotifyError::permanent,
        Kind::Transient => NotifyError::transient,
        Kind::Unknown => NotifyError::unknown,
    };
    Err(make("recorded"))
}

/// Sends one code of five minutes to that address, in that text.
pub(crate) async fn send_to(notifier: impl Notifier, address: &str, text: &str) -> Kept {
    let recorder = Recorder::new(notifier);
    let exchanger = Exchanger::builder(MemoryStore::new(10), recorder.clone(), Keyring::generate().unwrap())
        .clock(ManualClock::default())
        .build()
        .unwrap();
    let recipient = Recipient::parse(address).unwrap();
    let request =
        Request::login(&recipient).template(text).lifetime(Duration::from_secs(300)).locale("nl-BE");
    drop(exchanger.send(request).await);
    recorder.kept().pop().expect("the notifier was asked")
}

pub(crate) async fn send(notifier: impl Notifier) -> Kept {
    send_to(notifier, PHONE, "Your code is {{CODE}}.").await
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Permanent,
    Transient,
    Unknown,
}

impl Kind {
    pub(crate) fn of(error: &NotifyError) -> Self {
        match (error.is_permanent(), error.may_have_arrived()) {
            (true, false) => Self::Permanent,
            (false, true) => Self::Unknown,
            (false, false) => Self::Transient,
            (true, true) => panic!("permanent and unknown"),
        }
    }
}

/// The gateway's error, and what kind it is.
pub(crate) fn failure(outcome: &Outcome) -> (Kind, &GatewayError) {
    let error = outcome.as_ref().expect_err("it was taken");
    (Kind::of(error), error.cause().downcast_ref().expect("a gateway's error"))
}

/// Waits hardly at all.
pub(crate) fn impatient() -> Http {
    Http::new().timeout(Duration::from_millis(60))
}
