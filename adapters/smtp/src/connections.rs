//! Open connections, and one message over one of them.
//!
//! The driver's own pool is not used. It parks a connection whose message was given up halfway, by a deadline
//! or a caller that went away, and the next message then reads the answers to that one: it is told that it
//! was accepted when it was not. Here a connection is parked only once its last answer has been read.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt, Rset};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use crate::error::{Error, Step};
use crate::server::Server;
use crate::wire::Wire;

/// How long an unused connection is kept. Servers must wait five minutes (RFC 5321 section 4.5.3.2.7), the
/// networks between often forget it sooner.
const KEPT: Duration = Duration::from_secs(60);

/// The connections to one server.
#[derive(Debug)]
pub(crate) struct Connections {
    pub(crate) server: Server,
    free: Semaphore,
    parked: Mutex<Vec<Parked>>,
}

struct Parked {
    wire: Wire,
    /// Whether a message was begun on it and refused before its end.
    begun: bool,
    since: Instant,
}

/// Who writes to whom, and what.
pub(crate) struct Envelope<'a> {
    pub(crate) sender: &'a Address,
    pub(crate) recipient: &'a Address,
    /// In lines that end with CRLF but for the last, and begins with a header.
    pub(crate) message: &'a str,
}

impl Connections {
    /// At most `most` at once.
    pub(crate) fn new(server: Server, most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        Self { server, free: Semaphore::new(most), parked: Mutex::default() }
    }

    /// The same, with another limit or server.
    pub(crate) fn limit(self, most: usize) -> Self {
        Self::new(self.server, most)
    }

    /// Sends one message, once, within that time.
    pub(crate) async fn send(&self, envelope: Envelope<'_>, within: Duration) -> Result<(), Error> {
        let mut step = Step::Wait;
        let sent = timeout(within, self.carry(envelope, within, &mut step)).await;
        sent.unwrap_or(Err(Error::TimedOut { step, within }))
    }

    /// Tries whether the server can be reached and lets the client in, over a new connection.
    pub(crate) async fn check(&self, within: Duration) -> Result<(), Error> {
        let mut step = Step::Wait;
        let checked = timeout(within, async {
            let _place = self.free.acquire().await;
            let mut wire = self.server.open(within / 4, &mut step).await?;
            step = Step::Noop;
            wire.command(step, Noop, &[250]).await?;
            self.park(wire, false);
            Ok(())
        });
        checked.await.unwrap_or(Err(Error::TimedOut { step, within }))
    }

    async fn carry(&self, envelope: Envelope<'_>, within: Duration, step: &mut Step) -> Result<(), Error> {
        // Fails only when closed, which it never is.
        let _place = self.free.acquire().await;
        let mut wire = self.begin(envelope.sender, within, step).await?;
        let answer = hand_over(&mut wire, envelope, step).await;
        match &answer {
            Ok(()) => self.park(wire, false),
            // Refused addresses are common; each with a new connection would be slow.
            Err(error) if error.leaves_a_session() => self.park(wire, *step != Step::Message),
            Err(_) => {}
        }
        answer
    }

    /// A connection that has taken the sender.
    ///
    /// A parked one may have been closed meanwhile, or its server may be weary of it. Nothing was sent then,
    /// so whatever goes wrong there is tried again with a new one.
    async fn begin(&self, sender: &Address, within: Duration, step: &mut Step) -> Result<Wire, Error> {
        let mail = Mail::new(Some(sender.clone()), vec![]);
        if let Some(parked) = self.parked() {
            *step = Step::Mail;
            let again = timeout(within / 4, parked.begin(mail.clone())).await;
            if let Ok(Ok(wire)) = again {
                return Ok(wire);
            }
        }
        let mut wire = self.server.open(within / 4, step).await?;
        *step = Step::Mail;
        wire.command(*step, mail, &[250]).await?;
        Ok(wire)
    }

    /// The connection used last, if it is fit for use.
    fn parked(&self) -> Option<Parked> {
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        parked.retain(|parked| parked.since.elapsed() < KEPT);
        parked.pop()
    }

    fn park(&self, wire: Wire, begun: bool) {
        if !wire.is_ahead() {
            let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
            parked.push(Parked { wire, begun, since: Instant::now() });
        }
    }
}

impl Parked {
    /// Resets only now: a server that is slow at it must not keep back the answer that was known before.
    async fn begin(mut self, mail: Mail) -> Result<Wire, Error> {
        if self.begun {
            self.wire.command(Step::Mail, Rset, &[250]).await?;
        }
        self.wire.command(Step::Mail, mail, &[250]).await?;
        Ok(self.wire)
    }
}

async fn hand_over(wire: &mut Wire, envelope: Envelope<'_>, step: &mut Step) -> Result<(), Error> {
    *step = Step::Rcpt;
    let rcpt = Rcpt::new(envelope.recipient.clone(), vec![]);
    wire.command(*step, rcpt, &[250, 251, 252]).await?;
    *step = Step::Data;
    wire.command(*step, Data, &[354]).await?;
    *step = Step::Message;
    wire.command(*step, stuffed(envelope.message), &[250]).await?;
    Ok(())
}

/// The message with its end, and with a dot before each that begins a line (RFC 5321 section 4.5.2).
///
/// In one piece: an end that is sent by itself waits until the server's system has acknowledged what came
/// before, 40 ms on Linux.
fn stuffed(message: &str) -> String {
    let mut stuffed = message.replace("\r\n.", "\r\n..");
    stuffed.push_str("\r\n.\r\n");
    stuffed
}

impl std::fmt::Debug for Parked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parked").field("since", &self.since).finish_non_exhaustive()
    }
}
