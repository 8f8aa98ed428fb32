//! How a message reaches a person.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::{Boxed, Source};
use crate::message::Message;

/// Carries one message to one person: an SMTP client, an SMS gateway, a queue.
///
/// It decides nothing: text, address and life of the code are in the [`Message`]. It must not retry where the
/// first try may have arrived; the exchanger sends the same code again when it is asked to.
///
/// ```
/// use otp_exchange::{Accepted, Channel, Message, Notifier, NotifyError};
/// # async fn sms_gateway(_to: &str, _text: &str) -> Result<u16, std::io::Error> { Ok(202) }
///
/// #[derive(Debug)]
/// struct Gateway;
///
/// impl Notifier for Gateway {
///     async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
///         if message.recipient().channel() != Channel::Sms {
///             return Err(NotifyError::permanent("this gateway sends SMS only"));
///         }
///         match sms_gateway(message.recipient().address(), message.expose_text()).await {
///             Ok(200..300) => Ok(Accepted::new()),
///             Ok(400..500) => Err(NotifyError::permanent("the gateway refused the number")),
///             Ok(_) => Err(NotifyError::transient("the gateway is busy")),
///             Err(lost) => Err(NotifyError::unknown(lost)),
///         }
///     }
/// }
/// ```
pub trait Notifier: Send + Sync {
    /// Hands the message over.
    ///
    /// # Errors
    /// [`NotifyError`] says whether it may have arrived and whether trying again is of use. It must not hold
    /// the text, the code or the whole address.
    fn notify(&self, message: &Message) -> impl Future<Output = Result<Accepted, NotifyError>> + Send;
}

impl<N: Notifier + ?Sized> Notifier for Arc<N> {
    fn notify(&self, message: &Message) -> impl Future<Output = Result<Accepted, NotifyError>> + Send {
        (**self).notify(message)
    }
}

/// Any notifier behind one type, shared by cloning.
#[derive(Clone)]
pub struct DynNotifier(Arc<dyn Erased>);

impl DynNotifier {
    /// Wraps a notifier.
    pub fn new(notifier: impl Notifier + 'static) -> Self {
        Self(Arc::new(notifier))
    }
}

impl fmt::Debug for DynNotifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DynNotifier")
    }
}

impl Notifier for DynNotifier {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        self.0.notify(message).await
    }
}

/// The twin of [`Notifier`] that can be a trait object.
trait Erased: Send + Sync {
    fn notify<'a>(&'a self, message: &'a Message) -> Boxed<'a, Result<Accepted, NotifyError>>;
}

impl<N: Notifier> Erased for N {
    fn notify<'a>(&'a self, message: &'a Message) -> Boxed<'a, Result<Accepted, NotifyError>> {
        Box::pin(Notifier::notify(self, message))
    }
}

/// A carrier took a message: it is on its way. Whether it arrives, the carrier may say later; see
/// [`Exchanger::report`](crate::Exchanger::report).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    message_id: Option<String>,
}

impl Accepted {
    /// Taken, under no name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Taken, under the carrier's own name for the message: what its support and its later notices call it.
    /// It goes into logs, so what is not 1 to 255 printable ASCII characters without spaces is no name.
    pub fn under(message_id: impl Into<String>) -> Self {
        let message_id = Some(message_id.into());
        let is_name =
            |id: &String| (1..=255).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        Self { message_id: message_id.filter(is_name) }
    }

    /// The carrier's own name for the message.
    pub fn message_id(&self) -> Option<&str> {
        self.message_id.as_deref()
    }
}

/// A message was not handed over, or perhaps not.
#[derive(Debug)]
pub struct NotifyError {
    source: Source,
    failure: Failure,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    Permanent,
    Transient,
    Unknown,
}

impl NotifyError {
    /// It did not arrive and never will: no such number, address refused. On the first delivery the code is
    /// voided.
    pub fn permanent(source: impl Into<Source>) -> Self {
        Self { source: source.into(), failure: Failure::Permanent }
    }

    /// It did not arrive, but may later: busy, throttled, not reachable. The code lives on.
    pub fn transient(source: impl Into<Source>) -> Self {
        Self { source: source.into(), failure: Failure::Transient }
    }

    /// It may have arrived: a timeout, a cut connection. The code lives on.
    pub fn unknown(source: impl Into<Source>) -> Self {
        Self { source: source.into(), failure: Failure::Unknown }
    }

    /// Whether it never will arrive.
    pub fn is_permanent(&self) -> bool {
        self.failure == Failure::Permanent
    }

    /// Whether it may have arrived all the same.
    pub fn may_have_arrived(&self) -> bool {
        self.failure == Failure::Unknown
    }

    /// What is to be said where this way failed and the next one after it, which nobody takes while the
    /// message may have arrived by this one: it never will arrive only if it never will by either.
    pub(crate) fn then(self, next: Self) -> Self {
        if next.is_permanent() { self } else { next }
    }

    /// What went wrong underneath, for downcasting.
    pub fn cause(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.source
    }
}

impl fmt::Display for NotifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "notifier: {}", self.source)
    }
}

impl std::error::Error for NotifyError {
    /// The cause of the cause: the cause itself is in the text already, as with `std::io::Error`.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.source()
    }
}
