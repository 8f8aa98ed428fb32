//! Open connections, and one message over one of them.
//!
//! The driver's own pool is not used. It parks a connection whose message was given up halfway, by a deadline
//! or a caller that went away, and the next message then reads the answers to that one: it is told that it
//! was accepted when it was not. Here a connection is parked only once its last answer has been read.

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt, Rset};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use crate::error::{Error, Step};
use crate::server::Server;

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
    connection: AsyncSmtpConnection,
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
            let mut connection = self.server.open(within / 4, &mut step).await?;
            step = Step::Noop;
            command(&mut connection, step, Noop, &[250]).await?;
            self.park(connection);
            Ok(())
        });
        checked.await.unwrap_or(Err(Error::TimedOut { step, within }))
    }

    async fn carry(&self, envelope: Envelope<'_>, within: Duration, step: &mut Step) -> Result<(), Error> {
        // Fails only when closed, which it never is.
        let _place = self.free.acquire().await;
        let mut connection = self.begin(envelope.sender, within, step).await?;
        let answer = hand_over(&mut connection, envelope, step).await;
        match &answer {
            Ok(()) => self.park(connection),
            // Refused addresses are common; each with a new connection would be slow.
            Err(error) if error.leaves_a_session() => {
                if *step == Step::Message || command(&mut connection, *step, Rset, &[250]).await.is_ok() {
                    self.park(connection);
                }
            }
            Err(_) => {}
        }
        answer
    }

    /// A connection that has taken the sender.
    ///
    /// A parked one may have been closed meanwhile, or its server may be weary of it. Nothing was sent then,
    /// so whatever goes wrong there is tried again with a new one.
    async fn begin(
        &self,
        sender: &Address,
        within: Duration,
        step: &mut Step,
    ) -> Result<AsyncSmtpConnection, Error> {
        let mail = Mail::new(Some(sender.clone()), vec![]);
        if let Some(mut connection) = self.parked() {
            *step = Step::Mail;
            let answer = timeout(within / 4, command(&mut connection, *step, mail.clone(), &[250])).await;
            if let Ok(Ok(())) = answer {
                return Ok(connection);
            }
        }
        let mut connection = self.server.open(within / 4, step).await?;
        *step = Step::Mail;
        command(&mut connection, *step, mail, &[250]).await?;
        Ok(connection)
    }

    /// The connection used last, if it is fit for use.
    fn parked(&self) -> Option<AsyncSmtpConnection> {
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        parked.retain(|parked| parked.since.elapsed() < KEPT);
        parked.pop().map(|parked| parked.connection)
    }

    fn park(&self, connection: AsyncSmtpConnection) {
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        parked.push(Parked { connection, since: Instant::now() });
    }
}

async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    envelope: Envelope<'_>,
    step: &mut Step,
) -> Result<(), Error> {
    *step = Step::Rcpt;
    let rcpt = Rcpt::new(envelope.recipient.clone(), vec![]);
    command(connection, *step, rcpt, &[250, 251, 252]).await?;
    *step = Step::Data;
    command(connection, *step, Data, &[354]).await?;
    *step = Step::Message;
    command(connection, *step, stuffed(envelope.message), &[250]).await
}

/// The message with its end, and with a dot before each that begins a line (RFC 5321 section 4.5.2).
///
/// In one piece: the driver writes the end by itself, which then waits until the server's system has
/// acknowledged what came before, 40 ms on Linux.
fn stuffed(message: &str) -> String {
    let mut stuffed = message.replace("\r\n.", "\r\n..");
    stuffed.push_str("\r\n.\r\n");
    stuffed
}

async fn command(
    connection: &mut AsyncSmtpConnection,
    step: Step,
    command: impl Display,
    expected: &[u16],
) -> Result<(), Error> {
    let answer = connection.command(command).await.map_err(|error| Error::of(step, &error))?;
    Error::unless(step, &answer, expected)
}

impl std::fmt::Debug for Parked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parked").field("since", &self.since).finish_non_exhaustive()
    }
}
