//! A notifier that keeps what it is given.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use crate::code::Code;
use crate::message::Message;
use crate::ports::{Accepted, Notifier, NotifyError};
use crate::recipient::Recipient;

/// How many messages are kept; older ones are dropped.
const KEPT: usize = 1000;

/// Keeps the newest 1,000 messages instead of sending them, and hands out the code for a recipient: for tests
/// and demos. Clones share what they keep.
///
/// ```
/// # use otp_exchange::{Exchanger, Keyring, MemoryStore, Outbox, Recipient, Request};
/// # pollster::block_on(async {
/// let outbox = Outbox::new();
/// let otp = Exchanger::builder(MemoryStore::new(100), outbox.clone(), Keyring::generate()?).build()?;
/// let ada = Recipient::parse("ada@example.org")?;
/// otp.send(Request::login(&ada).template("Your code: {{CODE}}")).await?;
///
/// let code = outbox.code_for(&ada).expect("a message was sent");
/// assert_eq!(outbox.text_for(&ada).expect("a message was sent").as_str(), format!("Your code: {}", code.expose()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct Outbox(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    total: u64,
    newest: VecDeque<Message>,
}

impl Outbox {
    /// An empty outbox.
    pub fn new() -> Self {
        Self::default()
    }

    /// The code of the newest message to that recipient.
    pub fn code_for(&self, recipient: &Recipient) -> Option<Code> {
        self.read(recipient, |message| message.code.duplicate())
    }

    /// The text of the newest message to that recipient.
    pub fn text_for(&self, recipient: &Recipient) -> Option<Zeroizing<String>> {
        self.read(recipient, |message| Zeroizing::new(message.text.to_string()))
    }

    /// What is read from the newest message to that recipient: its subject, its delivery id.
    pub fn read<T>(&self, recipient: &Recipient, read: impl FnOnce(&Message) -> T) -> Option<T> {
        self.kept().newest.iter().rev().find(|message| message.recipient == *recipient).map(read)
    }

    /// How many messages there were, those no longer kept included.
    pub fn total(&self) -> u64 {
        self.kept().total
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notifier for Outbox {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        let mut kept = self.kept();
        kept.total += 1;
        if kept.newest.len() == KEPT {
            kept.newest.pop_front();
        }
        kept.newest.push_back(message.duplicate());
        Ok(Accepted::new())
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("total", &self.total()).finish_non_exhaustive()
    }
}
