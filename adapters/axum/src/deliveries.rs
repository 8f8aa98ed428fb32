//! Messages that go out behind the answer.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use otp_exchange::{DynExchanger, Outgoing, Receipt, SendError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::problem::Problem;

/// How many messages may wait or be under way.
const PLACES: usize = 1024;
/// How many are handed over at a time.
const AT_ONCE: usize = 32;

/// A bounded queue of messages that are handed over behind the answer, so that the time a delivery takes
/// tells nothing.
///
/// A decoy gives its place back when it is its turn, a message when its carrier is done. So whoever fills all places but one,
/// while the carrier is slow, learns from the next answer whether the last went to an account: give it more places than
/// clients can fill within their quotas.
///
/// It is this process's memory: what is in it when the process is killed is lost, and the person asks for the
/// message again. A process that ends in order calls [`finish`](Self::finish). Clones share the queue.
#[derive(Clone)]
pub struct Deliveries {
    otp: Arc<DynExchanger>,
    places: Arc<Semaphore>,
    at_once: Arc<Semaphore>,
    tasks: TaskTracker,
}

/// A place in the queue, for one message.
#[must_use = "a place that is not used is given back"]
pub struct Place {
    otp: Arc<DynExchanger>,
    at_once: Arc<Semaphore>,
    held: (OwnedSemaphorePermit, TaskTrackerToken),
}

impl Deliveries {
    /// A queue for 1,024 messages, 32 of which are handed over at a time.
    pub fn new(otp: Arc<DynExchanger>) -> Self {
        Self::with_room(otp, PLACES, AT_ONCE)
    }

    /// A queue for so many messages, those that are being handed over included; at least 1 each.
    pub fn with_room(otp: Arc<DynExchanger>, places: usize, at_once: usize) -> Self {
        let semaphore = |count: usize| Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS)));
        Self { otp, places: semaphore(places), at_once: semaphore(at_once), tasks: TaskTracker::new() }
    }

    /// Takes a place, before a code is made: a request for which there is none is refused while that costs
    /// nothing.
    ///
    /// # Errors
    /// A [`Problem`] (503) if the queue is full, or the service is about to end.
    pub fn reserve(&self) -> Result<Place, Problem> {
        let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::warn!(target: "otp_exchange", "the queue of messages is full, or closed");
            return Err(Problem::unavailable());
        };
        let held = (permit, self.tasks.token());
        Ok(Place { otp: Arc::clone(&self.otp), at_once: Arc::clone(&self.at_once), held })
    }

    /// How many messages are waiting or under way, those included whose place is only reserved.
    pub fn waiting(&self) -> usize {
        self.tasks.len()
    }

    /// Takes no more messages, and waits until all that have a place have been handed over. Call it when the
    /// server has stopped taking requests.
    pub async fn finish(&self) {
        self.places.close();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Place {
    /// Makes a code with `prepared` ([`prepare`](otp_exchange::Exchanger::prepare) or
    /// [`prepare_again`](otp_exchange::Exchanger::prepare_again)), gives what `told` makes of its receipt,
    /// and hands the message over behind that, as soon as it is its turn.
    ///
    /// Both happen whether or not whoever asked stays for the answer. Else a client that hangs up could leave
    /// a code behind that is stored as sent and never was, and that asking again with the same
    /// idempotency key leads to.
    ///
    /// # Errors
    /// What `prepared` ends with, as a [`Problem`].
    pub async fn send<T: Send + 'static>(
        self,
        prepared: impl Future<Output = Result<Outgoing, SendError>> + Send + 'static,
        told: impl FnOnce(&Receipt) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let (answer, answered) = oneshot::channel();
        tokio::spawn(async move {
            match prepared.await {
                Err(error) => drop(answer.send(Err(error))),
                Ok(outgoing) => {
                    drop(answer.send(Ok(told(outgoing.receipt())))); // whoever asked may have hung up
                    // Else this thread would begin with the message, for a decoy there is none, and answer after.
                    tokio::task::yield_now().await;
                    self.carry(outgoing).await;
                }
            }
        });
        match answered.await {
            Ok(answer) => answer.map_err(Problem::from),
            Err(_) => Err(Problem::fault("the task that makes a code has panicked")),
        }
    }

    /// Hands the message over, as soon as it is its turn.
    pub fn hand_over(self, outgoing: Outgoing) {
        tokio::spawn(self.carry(outgoing));
    }

    async fn carry(self, outgoing: Outgoing) {
        let Self { otp, at_once, held: _held } = self;
        let Ok(_turn) = at_once.acquire().await else { return }; // it is never closed
        match otp.hand_over(outgoing).await {
            Ok(_) => {}
            Err(SendError::Undelivered { source, .. } | SendError::Undeliverable(source)) => {
                tracing::warn!(target: "otp_exchange", error = %source, "a message was not handed over");
            }
            Err(error) => tracing::warn!(target: "otp_exchange", %error, "a message was not handed over"),
        }
    }
}

impl fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliveries").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}
