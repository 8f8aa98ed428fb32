//! The notifier itself.

use std::fmt::{self, Write};
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::client::Tls;
use otp_exchange::{
    Accepted, DeliveryId, DeliveryIdError, Entropy, Message, Notifier, NotifyError, SystemEntropy,
};

use crate::connections::{Connections, Envelope};
use crate::error::Error;
use crate::letter::Letter;
use crate::mailbox;
use crate::server::Server;

/// How long a message may take unless [`timeout`](SmtpNotifier::timeout) says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How many connections there may be unless [`connections`](SmtpNotifier::connections) says otherwise.
const CONNECTIONS: usize = 10;

/// Carries messages to a mail server that sends them on: a relay, a mail provider's submission server.
///
/// It hands each message over once, and never again by itself. Connections are kept and used again; one that
/// the server has closed meanwhile is replaced before anything of the message is sent. Share it in an `Arc`.
pub struct SmtpNotifier {
    connections: Connections,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    bounces_to: Option<Mailbox>,
    timeout: Duration,
}

impl SmtpNotifier {
    /// A notifier for the server at that URL, which sends as `from`: `ACME <no-reply@acme.example>`, or the
    /// bare address. It connects when the first message goes out; [`check`](Self::check) does it at once.
    ///
    /// | URL | encryption | port unless said |
    /// |---|---|---|
    /// | `smtps://user:password@host` | TLS from the start | 465 |
    /// | `smtp://user:password@host?tls=required` | STARTTLS, or nothing is sent | 587 |
    /// | `smtp://localhost:1025` | none, on this machine | 25 |
    /// | `smtp://host?tls=none` | none, **codes and password can be read on the way** | 25 |
    ///
    /// A host may be written in any language, or in its `xn--` form. User and password are percent-encoded
    /// (`%40` for `@`); it signs in with PLAIN or LOGIN. A path,
    /// `smtps://host/app.acme.example`, is what the client calls itself in EHLO; unless said the domain of
    /// `from`.
    ///
    /// # Errors
    /// [`Error::Url`] and [`Error::Mailbox`] say what to write instead. They repeat neither.
    pub fn connect(url: &str, from: &str) -> Result<Self, Error> {
        let from = mailbox::parse("From", from)?;
        let server = Server::parse(url, from.email.domain())?;
        Ok(Self {
            connections: Connections::new(server, CONNECTIONS),
            from,
            reply_to: None,
            bounces_to: None,
            timeout: TIMEOUT,
        })
    }

    /// Where answers go, if not to the sender.
    ///
    /// # Errors
    /// [`Error::Mailbox`] as [`connect`](Self::connect).
    pub fn reply_to(self, mailbox: &str) -> Result<Self, Error> {
        Ok(Self { reply_to: Some(mailbox::parse("Reply-To", mailbox)?), ..self })
    }

    /// Where bounces go, if not to the sender: the envelope's sender, which receivers also hold SPF against.
    ///
    /// # Errors
    /// [`Error::Mailbox`] as [`connect`](Self::connect).
    pub fn bounces_to(self, address: &str) -> Result<Self, Error> {
        Ok(Self { bounces_to: Some(mailbox::parse("Return-Path", address)?), ..self })
    }

    /// How long a message may take from when the notifier gets it until the server has taken it, waiting for
    /// a free connection included: 30 seconds unless said. [`check`](Self::check) may take as long. If the
    /// host has several addresses, each gets a quarter of it to connect before the next is tried, and a
    /// kept connection gets a quarter to take the sender before a new one is made.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// How many connections there may be at once: 10 unless said, 1 at least. Messages wait for one.
    pub fn connections(self, most: usize) -> Self {
        Self { connections: self.connections.limit(most), ..self }
    }

    /// Other settings for TLS than the URL leads to: a certificate authority of one's own, TLS 1.3 only. It
    /// replaces what the URL says of TLS.
    ///
    /// ```
    /// # use otp_exchange_smtp::SmtpNotifier;
    /// use otp_exchange_smtp::lettre::transport::smtp::client::{Tls, TlsParameters, TlsVersion};
    ///
    /// let parameters =
    ///     TlsParameters::builder("mail.example".to_owned()).set_min_tls_version(TlsVersion::Tlsv13).build()?;
    /// let notifier = SmtpNotifier::connect("smtps://mail.example", "ACME <no-reply@acme.example>")?
    ///     .tls(Tls::Wrapper(parameters));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tls(mut self, tls: Tls) -> Self {
        self.connections.server.tls = tls;
        self
    }

    /// Connects, encrypts, signs in and says `NOOP`: for the start of a service. No message is sent.
    ///
    /// # Errors
    /// [`Error`] with the step that failed.
    pub async fn check(&self) -> Result<(), Error> {
        self.connections.check(self.timeout).await
    }

    async fn deliver(&self, message: &Message) -> Result<Accepted, Error> {
        let to = mailbox::address_of(message.recipient())?;
        let message_id = message_id(message.delivery_id(), self.from.email.domain())?;
        let letter = Letter {
            from: &self.from,
            to: &to,
            reply_to: self.reply_to.as_ref(),
            subject: message.expose_subject(),
            text: message.expose_text(),
            html: message.expose_html(),
            language: message.language(),
            message_id: &message_id,
        };
        let sender = &self.bounces_to.as_ref().unwrap_or(&self.from).email;
        let envelope = Envelope { sender, recipient: &to, message: &letter.to_wire() };
        self.connections.send(envelope, self.timeout).await?;
        Ok(Accepted::under(message_id))
    }
}

impl Notifier for SmtpNotifier {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        Ok(self.deliver(message).await?)
    }
}

impl fmt::Debug for SmtpNotifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpNotifier")
            .field("server", &self.connections.server)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The delivery that a `Message-ID` names, with or without its angle brackets: for bounces, which quote it,
/// and [`Exchanger::report`](otp_exchange::Exchanger::report).
///
/// A `Message-ID` is no secret: mail servers write it into their logs. Whoever knows it can report on that
/// delivery and do nothing else; a code is neither found nor checked by it.
///
/// # Errors
/// [`DeliveryIdError`] if this crate made no such `Message-ID`.
pub fn delivery_id(message_id: &str) -> Result<DeliveryId, DeliveryIdError> {
    let message_id = message_id.trim().trim_start_matches('<');
    message_id.split('.').next().unwrap_or_default().parse()
}

/// `delivery.random@domain`. A code sent again has the same delivery id, and no two messages may have the
/// same `Message-ID` (RFC 5322 section 3.6.4): mail programs would drop the second.
fn message_id(delivery: DeliveryId, domain: &str) -> Result<String, Error> {
    let mut random = [0; 16];
    SystemEntropy.fill(&mut random).map_err(|_| Error::Entropy)?;
    let mut message_id = format!("{delivery}.");
    for byte in random {
        let _ = write!(message_id, "{byte:02x}"); // writing to a string does not fail
    }
    message_id.push('@');
    message_id.push_str(domain);
    Ok(message_id)
}
