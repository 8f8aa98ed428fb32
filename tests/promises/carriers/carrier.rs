//! Carriers that answer as they are told, what they were handed, and what has to be told of it.

use std::sync::{Arc, Mutex};

use otp_exchange::{Accepted, Message, Notifier, NotifyError, Receipt, SendError};

/// What a carrier does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Takes,
    Permanent,
    Transient,
    /// It does not arrive, but nobody can know that.
    RequestLost,
    /// It arrives, but nobody can know that.
    ReplyLost,
}

impl Answer {
    pub(crate) const ALL: [Self; 5] =
        [Self::Takes, Self::Permanent, Self::Transient, Self::RequestLost, Self::ReplyLost];

    /// Whether the message certainly did not arrive, so that another carrier may have it.
    pub(crate) fn failed_at_once(self) -> bool {
        matches!(self, Self::Permanent | Self::Transient)
    }
}

/// One message as a carrier was handed it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Handed {
    pub(crate) by: &'static str,
    pub(crate) to: String,
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) subject: Option<String>,
    pub(crate) html: Option<String>,
    pub(crate) delivery_id: String,
    pub(crate) answer: Answer,
}

/// All that carriers were handed, in order.
#[derive(Clone, Default)]
pub(crate) struct Book(Arc<Mutex<Vec<Handed>>>);

impl Book {
    /// What is in it; it is empty then.
    pub(crate) fn take(&self) -> Vec<Handed> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Writes down what it is handed; its errors have its name for a cause, and so have the names it gives
/// messages.
#[derive(Clone)]
pub(crate) struct Carrier {
    name: &'static str,
    book: Book,
    answer: Arc<dyn Fn() -> Answer + Send + Sync>,
}

impl Carrier {
    pub(crate) fn new(
        name: &'static str,
        book: &Book,
        answer: impl Fn() -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self { name, book: book.clone(), answer: Arc::new(answer) }
    }

    pub(crate) fn always(name: &'static str, book: &Book, answer: Answer) -> Self {
        Self::new(name, book, move || answer)
    }
}

impl Notifier for Carrier {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        let answer = (self.answer)();
        self.book.0.lock().unwrap().push(Handed {
            by: self.name,
            to: message.recipient().address().to_owned(),
            code: message.expose_code().to_owned(),
            text: message.expose_text().to_owned(),
            subject: message.expose_subject().map(str::to_owned),
            html: message.expose_html().map(str::to_owned),
            delivery_id: message.delivery_id().to_string(),
            answer,
        });
        match answer {
            Answer::Takes => Ok(Accepted::under(self.name)),
            Answer::Permanent => Err(NotifyError::permanent(self.name)),
            Answer::Transient => Err(NotifyError::transient(self.name)),
            Answer::RequestLost | Answer::ReplyLost => Err(NotifyError::unknown(self.name)),
        }
    }
}

/// How a delivery ended, and the name of the carrier it was told to be of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Sent {
        by: Option<String>,
    },
    /// The code lives; the message did not arrive.
    Failed {
        by: String,
    },
    /// The code lives; the message never will arrive.
    NeverWill {
        by: String,
    },
    /// The code lives; the message may have arrived.
    InDoubt {
        by: String,
    },
    /// The message never will arrive, and the code is void.
    Voided {
        by: String,
    },
}

impl Outcome {
    pub(crate) fn of(answer: &Result<Receipt, SendError>) -> Self {
        match answer {
            Ok(receipt) => Self::Sent { by: receipt.expose().message_id.map(str::to_owned) },
            Err(SendError::Undeliverable(source)) => {
                assert!(source.is_permanent() && !source.may_have_arrived());
                Self::Voided { by: source.cause().to_string() }
            }
            Err(SendError::Undelivered { source, .. }) => {
                let by = source.cause().to_string();
                match (source.is_permanent(), source.may_have_arrived()) {
                    (false, false) => Self::Failed { by },
                    (true, false) => Self::NeverWill { by },
                    (false, true) => Self::InDoubt { by },
                    (true, true) => panic!("it cannot be both: {source:?}"),
                }
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    /// How it has to end where the carriers were asked in that order: as the last one says, but for one that
    /// says never where another might yet. The code is void where none ever will and none was asked before.
    pub(crate) fn expected(route: &[Handed], is_first: bool) -> Self {
        let Some(last) = route.last() else { return Self::Sent { by: None } };
        let by = last.by.to_owned();
        match last.answer {
            Answer::Takes => Self::Sent { by: Some(by) },
            Answer::RequestLost | Answer::ReplyLost => Self::InDoubt { by },
            Answer::Permanent | Answer::Transient => {
                match route.iter().rev().find(|one| one.answer == Answer::Transient) {
                    Some(hope) => Self::Failed { by: hope.by.to_owned() },
                    None if is_first => Self::Voided { by: route[0].by.to_owned() },
                    None => Self::NeverWill { by: route[0].by.to_owned() },
                }
            }
        }
    }
}
