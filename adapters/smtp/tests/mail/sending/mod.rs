//! Codes sent to the server on loopback, and how that went.

use otp_exchange::{Exchanger, Keyring, MemoryStore, Notifier, NotifyError, Recipient, Request, SendError};
use otp_exchange_smtp::SmtpNotifier;
use otp_exchange_smtp::lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};

use crate::sink::Sink;

pub(crate) const FROM: &str = "ACME <no-reply@acme.example>";

pub(crate) fn notifier(sink: &Sink) -> SmtpNotifier {
    let notifier = SmtpNotifier::connect(&sink.url(), FROM).unwrap();
    let trusted = || {
        let certificate = Certificate::from_der(sink.certificate.clone()).unwrap();
        TlsParameters::builder("localhost".to_owned()).add_root_certificate(certificate).build().unwrap()
    };
    match &sink.url()[..] {
        url if url.starts_with("smtps:") => notifier.tls(Tls::Wrapper(trusted())),
        url if url.contains("tls=required") => notifier.tls(Tls::Required(trusted())),
        _ => notifier,
    }
}

/// Sends one code and says how that went.
pub(crate) async fn send(notifier: &(impl Notifier + ?Sized)) -> Result<(), NotifyError> {
    send_to(notifier, "ada.canary@example.org").await
}

pub(crate) async fn send_to<N: Notifier + ?Sized>(notifier: &N, address: &str) -> Result<(), NotifyError> {
    let store = MemoryStore::new(10);
    let otp = Exchanger::builder(store, Borrowed(notifier), Keyring::generate().unwrap()).build().unwrap();
    match otp.send(Request::login(&Recipient::parse(address).unwrap())).await {
        Ok(_) => Ok(()),
        Err(SendError::Undelivered { source, .. } | SendError::Undeliverable(source)) => Err(source),
        Err(other) => panic!("{other}"),
    }
}

struct Borrowed<'a, N: ?Sized>(&'a N);

impl<N: Notifier + ?Sized> Notifier for Borrowed<'_, N> {
    async fn notify(&self, message: &otp_exchange::Message) -> Result<otp_exchange::Accepted, NotifyError> {
        self.0.notify(message).await
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Permanent,
    Transient,
    Unknown,
}

pub(crate) fn kind(error: &NotifyError) -> Kind {
    match (error.is_permanent(), error.may_have_arrived()) {
        (true, false) => Kind::Permanent,
        (false, false) => Kind::Transient,
        (false, true) => Kind::Unknown,
        (true, true) => panic!("{error}"),
    }
}

/// No address, no code, no credentials, in any form an error can be looked at.
pub(crate) fn assert_clean(error: &NotifyError) {
    let mut texts = vec![format!("{error} {error:?} {} {:?}", error.cause(), error.cause())];
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        texts.push(format!("{error} {error:?}"));
        source = error.source();
    }
    for text in texts {
        for canary in ["canary", "hunter2", "ada", "shop", "example.org"] {
            assert!(!text.contains(canary), "{canary} in {text}");
        }
        let digits = text.split(|character: char| !character.is_ascii_digit()).map(str::len).max();
        assert!(digits < Some(6), "a code in {text}?");
    }
}
