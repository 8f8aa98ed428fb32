//! What can go wrong, and whether the recipient is to blame.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use lettre::transport::smtp::Error as DriverError;
use lettre::transport::smtp::response::Response;
use otp_exchange::NotifyError;

/// Why the notifier could not be made, or a message not be handed over. It is also the cause inside a
/// [`NotifyError`]: `error.cause().downcast_ref::<otp_exchange_smtp::Error>()`.
///
/// It holds the numbers of a server's reply, never its words: servers repeat addresses and credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address of the server cannot be used. The text says what to write instead.
    #[error("smtp url: {0}")]
    Url(&'static str),
    /// One of the service's own addresses cannot be used.
    #[error("{header}: {problem}")]
    Mailbox {
        /// The header it is for, `From` say.
        header: &'static str,
        /// What is wrong with it, and what to write instead.
        problem: String,
    },
    /// The recipient is a phone number.
    #[error("smtp: this notifier sends email only; give phone numbers to another one")]
    NotEmail,
    /// An address that the core takes and the driver does not.
    #[error("smtp: the recipient's address is none that can be sent to; ask for another one")]
    Address,
    /// No randomness for the message's name.
    #[error("smtp: the system gave no random bytes to name the message with; nothing was sent")]
    Entropy,
    /// The server said no.
    #[error("smtp: {step} was refused with {reply}")]
    Refused {
        /// To what.
        step: Step,
        /// What it said.
        reply: Reply,
    },
    /// The server said yes in a way that does not belong there, so client and server are out of step.
    #[error("smtp: {step} was answered with {reply}, which does not belong there")]
    Unexpected {
        /// To what.
        step: Step,
        /// What it said.
        reply: Reply,
    },
    /// No connection, no TLS, a connection that ended, or an answer that is not SMTP.
    #[error("smtp: {step} failed: {why}")]
    Broken {
        /// During what.
        step: Step,
        /// What this machine's own system, TLS or driver said.
        why: String,
    },
    /// It took longer than [`timeout`](crate::SmtpNotifier::timeout).
    #[error("smtp: {step} was not done {within:?} after the message was given to the notifier")]
    TimedOut {
        /// During what.
        step: Step,
        /// The time that there was for all steps together.
        within: Duration,
    },
}

/// How far a message had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Step {
    /// Waiting until one of the connections is free.
    Wait,
    /// TCP, implicit TLS, greeting and EHLO.
    Connect,
    /// The upgrade to TLS, and EHLO again.
    StartTls,
    /// Signing in.
    Auth,
    /// `MAIL`, which names the sender.
    Mail,
    /// `RCPT`, which names the recipient.
    Rcpt,
    /// `DATA`, which announces the message.
    Data,
    /// The message itself. From here on it may have been taken.
    Message,
    /// `NOOP`, with which a connection is tried.
    Noop,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wait => "waiting for a free connection",
            Self::Connect => "connecting",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Message => "the message",
            Self::Noop => "NOOP",
        })
    }
}

/// The numbers of a reply: its code (RFC 5321 section 4.2) and, if it has one, its enhanced status code (RFC
/// 3463), `550 5.1.1` say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// From 200 to 559.
    pub code: u16,
    /// Class, subject and detail.
    pub enhanced: Option<(u16, u16, u16)>,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        self.enhanced.map_or(Ok(()), |(class, subject, detail)| write!(f, " {class}.{subject}.{detail}"))
    }
}

impl Error {
    /// What the driver said of a step: of connecting, or of TLS.
    pub(crate) fn of(step: Step, error: &DriverError) -> Self {
        let why = own_words(error).unwrap_or_else(|| "the connection could not be used".to_owned());
        Self::Broken { step, why }
    }

    pub(crate) fn broken(step: Step, why: &str) -> Self {
        Self::Broken { step, why: why.to_owned() }
    }

    /// `Ok` if the server answered just what belongs there. One that says yes otherwise is out of step: what
    /// it says next may be meant for another command.
    pub(crate) fn unless(step: Step, response: &Response, expected: &[u16]) -> Result<(), Self> {
        let code = response.code().into();
        if expected.contains(&code) {
            return Ok(());
        }
        let reply = Reply::new(code, response.first_word());
        Err(if code >= 400 { Self::Refused { step, reply } } else { Self::Unexpected { step, reply } })
    }

    /// Whether the server said no and goes on listening.
    pub(crate) fn leaves_a_session(&self) -> bool {
        matches!(self, Self::Refused { reply, .. } if reply.code != 421)
    }
}

impl Reply {
    fn new(code: u16, first_word: Option<&str>) -> Self {
        Self { code, enhanced: first_word.and_then(enhanced).filter(|(class, ..)| *class == code / 100) }
    }

    /// Whether it says that this recipient can have no mail.
    ///
    /// Only then may the code be voided and the person be told that the address is no good. A sender that is
    /// not allowed, a client that is blocked, a message that is taken for spam are the service's own trouble,
    /// although the server calls them permanent.
    fn blames_recipient(self, step: Step) -> bool {
        match (step, self.enhanced) {
            _ if !(500..600).contains(&self.code) => false,
            // RFC 3463: the address (section 3.2; 7 and 8 speak of the sender, 9 of a relay, and 10, which
            // RFC 7505 added, of the domain), the mailbox, disabled or full (3.3), and the way
            // there (3.5).
            (
                Step::Rcpt | Step::Data | Step::Message,
                Some((_, 1, 1..=6 | 10) | (_, 2, 1 | 2) | (_, 4, 1 | 4)),
            ) => true,
            // Without a word on why: what RFC 5321 section 4.2.3 and RFC 7504 mean by the code. After the
            // message 550 is for reasons of policy (RFC 5321 section 4.3.2).
            (Step::Rcpt, None | Some((_, 0, _) | (_, 1 | 2 | 4, 0))) => {
                matches!(self.code, 550 | 551 | 552 | 553 | 556)
            }
            _ => false,
        }
    }
}

impl From<Error> for NotifyError {
    fn from(error: Error) -> Self {
        match &error {
            Error::NotEmail | Error::Address => Self::permanent(error),
            Error::Refused { step, reply } if reply.blames_recipient(*step) => Self::permanent(error),
            Error::Unexpected { step: Step::Message, .. }
            | Error::Broken { step: Step::Message, .. }
            | Error::TimedOut { step: Step::Message, .. } => Self::unknown(error),
            _ => Self::transient(error),
        }
    }
}

/// `5.1.1` and nothing else.
fn enhanced(word: &str) -> Option<(u16, u16, u16)> {
    let mut parts = word.split('.').map(|part| {
        let number = (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        number.then(|| part.parse().ok()).flatten()
    });
    let found = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(found)
}

/// What the system or the TLS library said underneath: words of this machine, not of the server.
fn own_words(error: &DriverError) -> Option<String> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io.to_string());
        }
        source = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Reply {
        let (code, words) = text.split_once(' ').unwrap_or((text, ""));
        Reply::new(code.parse().unwrap(), words.split(' ').next())
    }

    #[test]
    fn keeps_the_numbers_of_a_reply_and_none_of_its_words() {
        for (text, kept) in [
            ("550 5.1.1 <ada@example.org> unknown", "550 5.1.1"),
            ("550", "550"),
            ("550 ada@example.org", "550"),
            ("550 4.1.1 disagrees with itself", "550"),
            ("550 5.1", "550"),
            ("550 5.1.1.1", "550"),
            ("550 5.1.1234", "550"),
            ("550 5.1.+1", "550"),
            ("550 5.1.", "550"),
            ("421 4.7.0 busy", "421 4.7.0"),
        ] {
            assert_eq!(reply(text).to_string(), kept, "{text}");
        }
    }

    #[test]
    fn only_words_about_the_recipient_blame_the_recipient() {
        let blamed = |step, text| reply(text).blames_recipient(step);
        for text in [
            "550",
            "551",
            "552",
            "553",
            "556 5.1.10",
            "550 5.0.0",
            "550 5.1.1",
            "550 5.1.2",
            "553 5.1.3",
            "550 5.1.6",
            "554 5.1.1",
            "550 5.2.1",
            "552 5.2.2",
            "550 5.4.1",
            "554 5.4.4",
        ] {
            assert!(blamed(Step::Rcpt, text), "{text}");
        }
        for text in [
            "500",
            "501",
            "502",
            "503",
            "504",
            "521",
            "530 5.7.0",
            "534 5.7.9",
            "535 5.7.8",
            "538",
            "554",
            "555",
            "550 5.1.7",
            "550 5.1.8",
            "550 5.3.4",
            "550 5.5.1",
            "550 5.6.0",
            "550 5.7.1",
            "554 5.7.1",
            "550 5.7.25",
            "450",
            "450 4.1.1",
            "452 4.2.2",
            "421",
        ] {
            assert!(!blamed(Step::Rcpt, text), "{text}");
        }
        // What a server knows only after the message; bare codes speak of the message then.
        assert!(blamed(Step::Message, "550 5.1.1") && blamed(Step::Message, "552 5.2.2"));
        assert!(!blamed(Step::Message, "550") && !blamed(Step::Message, "552"));
        assert!(!blamed(Step::Message, "554 5.7.1"));
        // Before the recipient was named nothing can speak of the recipient.
        for step in [Step::Connect, Step::StartTls, Step::Auth, Step::Mail] {
            assert!(!blamed(step, "550 5.1.1") && !blamed(step, "550"), "{step}");
        }
    }
}
