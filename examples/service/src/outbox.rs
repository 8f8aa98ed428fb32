//! Messages written down instead of sent: for development.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use otp_exchange::{Accepted, Channel, Message, Notifier, NotifyError};
use serde::Serialize;
use zeroize::Zeroizing;

/// A file, or standard output, that gets one line of JSON for each message.
///
/// Whoever reads it signs in as anybody.
pub(crate) struct OutboxFile(Mutex<Box<dyn Write + Send>>);

#[derive(Serialize)]
struct Line<'a> {
    to: &'a str,
    channel: &'static str,
    subject: Option<&'a str>,
    text: &'a str,
}

impl OutboxFile {
    /// Appends to that file, which is made if it is not there; `-` is standard output.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let sink: Box<dyn Write + Send> =
            if path == Path::new("-") { Box::new(io::stdout()) } else { Box::new(append(path)?) };
        Ok(Self(Mutex::new(sink)))
    }
}

fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

impl Notifier for OutboxFile {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        let line = Line {
            to: message.recipient().address(),
            channel: match message.recipient().channel() {
                Channel::Email => "email",
                Channel::Sms => "sms",
            },
            subject: message.expose_subject(),
            text: message.expose_text(),
        };
        let mut json = Zeroizing::new(serde_json::to_vec(&line).map_err(NotifyError::permanent)?);
        json.push(b'\n');
        let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One write for one line, so that the lines of several processes do not mix.
        sink.write_all(&json).and_then(|()| sink.flush()).map_err(NotifyError::unknown)?;
        Ok(Accepted::new())
    }
}
