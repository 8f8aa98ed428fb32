//! One connection: commands out, replies in.
//!
//! The driver's own connection is not used. It keeps what it has read ahead when TLS begins, so that somebody
//! on the way can slip in replies to commands that are yet to come; it reads a line to its end before it
//! looks how long it is; and a blank line in the reply to EHLO makes it panic. Here a reply is bounded, and
//! nothing may lie behind it.

use std::fmt::Display;
use std::time::Duration;

use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use lettre::transport::smtp::client::TlsParameters;
use lettre::transport::smtp::commands::Ehlo;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;

use crate::error::{Error, Step};

/// The longest reply, in bytes, all of its lines together. A line may have 512 (RFC 5321 section 4.5.3.1.5),
/// and replies to EHLO, the longest there are, have some ten short ones.
const LONGEST_REPLY: usize = 8 * 1024;

/// The driver's stream, the only thing that its settings for TLS can be used with.
#[allow(deprecated)] // it was not meant to be public, and nothing is in its place
type Stream = lettre::transport::smtp::client::AsyncNetworkStream;

/// A connection to a server.
pub(crate) struct Wire {
    stream: Stream,
    /// What was read and belongs to no reply yet.
    unread: Vec<u8>,
}

impl Wire {
    /// Connects, over TLS if there are settings for it, and reads the greeting. `patience` is for each of the
    /// host's addresses.
    pub(crate) async fn connect(
        address: (&str, u16),
        patience: Duration,
        tls: Option<TlsParameters>,
    ) -> Result<Self, Error> {
        let stream = Stream::connect_tokio1(address, Some(patience), tls, None).await;
        let stream = stream.map_err(|error| Error::of(Step::Connect, &error))?;
        let mut wire = Self { stream, unread: Vec::new() };
        wire.reply(Step::Connect, &[220]).await?;
        Ok(wire)
    }

    /// Begins TLS, once the server has agreed to it. Nothing is unread then: what came with its reply would
    /// have been refused, and what came later is read as TLS.
    pub(crate) async fn encrypt(&mut self, parameters: TlsParameters) -> Result<(), Error> {
        let begun = self.stream.upgrade_tls(parameters).await;
        begun.map_err(|error| Error::of(Step::StartTls, &error))
    }

    /// Says who the client is, and hears what the server offers.
    pub(crate) async fn hello(&mut self, step: Step, name: &ClientId) -> Result<Response, Error> {
        self.command(step, Ehlo::new(name.clone()), &[250]).await
    }

    /// Sends a command, or a whole message, and reads the reply to it, which must have one of these codes.
    pub(crate) async fn command(
        &mut self,
        step: Step,
        command: impl Display,
        expected: &[u16],
    ) -> Result<Response, Error> {
        let command = command.to_string();
        let sent = self.stream.write_all(command.as_bytes()).await;
        sent.map_err(|error| Error::broken(step, &error.to_string()))?;
        self.stream.flush().await.map_err(|error| Error::broken(step, &error.to_string()))?;
        self.reply(step, expected).await
    }

    /// Whether the server has said more than it was asked. The next reply would not be one to the next
    /// command.
    pub(crate) fn is_ahead(&self) -> bool {
        !self.unread.is_empty()
    }

    async fn reply(&mut self, step: Step, expected: &[u16]) -> Result<Response, Error> {
        let text = self.text(step).await?;
        let reply = text.parse().map_err(|_| Error::broken(step, "the server's answer is not SMTP"))?;
        Error::unless(step, &reply, expected)?;
        // A message that was taken was taken, whatever else the server had to say.
        if self.is_ahead() && step != Step::Message {
            return Err(Error::broken(step, "the server said more than it was asked"));
        }
        Ok(reply)
    }

    /// All lines of a reply. Its words may be in any encoding: only its numbers are looked at.
    async fn text(&mut self, step: Step) -> Result<String, Error> {
        let mut chunk = [0; 1024];
        loop {
            if let Some(length) = reply_length(&self.unread) {
                let reply: Vec<u8> = self.unread.drain(..length).collect();
                return Ok(String::from_utf8_lossy(&reply).into_owned());
            }
            if self.unread.len() >= LONGEST_REPLY {
                return Err(Error::broken(step, "the server's answer has no end"));
            }
            let room = chunk.len().min(LONGEST_REPLY - self.unread.len());
            match self.stream.read(&mut chunk[..room]).await {
                Ok(0) => return Err(Error::broken(step, "the server closed the connection")),
                Ok(read) => self.unread.extend_from_slice(&chunk[..read]),
                Err(error) => return Err(Error::broken(step, &error.to_string())),
            }
        }
    }
}

/// The rest of the first line of a reply that begins with that word, which is in capitals: what a server
/// offers after EHLO.
pub(crate) fn offered<'a>(reply: &'a Response, word: &str) -> Option<Vec<&'a str>> {
    reply.message().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        words.next().filter(|first| first.eq_ignore_ascii_case(word)).map(|_| words.collect())
    })
}

/// How long the reply is that these bytes begin with, if all of it is there. Its last line is the first
/// without a hyphen after the code (RFC 5321 section 4.2.1).
fn reply_length(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    loop {
        let line = bytes.get(start..)?;
        let length = line.windows(2).position(|pair| pair == b"\r\n")?;
        start += length + 2;
        if line.get(3) != Some(&b'-') {
            return Some(start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_ends_with_its_last_line_and_not_before() {
        for whole in ["250 ok\r\n", "250-a\r\n250 b\r\n", "250-\r\n250-a\nb\r\n250 \r\n", "250\r\n", "\r\n"] {
            for end in 0..whole.len() {
                assert_eq!(reply_length(&whole.as_bytes()[..end]), None, "{whole:?} to {end}");
            }
            for more in ["", "2", "250 next\r\n"] {
                let bytes = format!("{whole}{more}");
                assert_eq!(reply_length(bytes.as_bytes()), Some(whole.len()), "{bytes:?}");
            }
        }
    }

    #[test]
    fn an_offer_is_a_whole_word() {
        let reply: Response =
            "250-mail STARTTLS\r\n250-  \r\n250-auth PLAIN\tLOGIN\r\n250 STARTTLSX\r\n".parse().unwrap();
        assert_eq!(offered(&reply, "STARTTLS"), None);
        assert_eq!(offered(&reply, "AUTH"), Some(vec!["PLAIN", "LOGIN"]));
    }
}
