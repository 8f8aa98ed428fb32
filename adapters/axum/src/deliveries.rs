//! Messages that go out behind the answer.

use std::fmt;
use std::sync::Arc;

use otp_exchange::{DynExchanger, Outgoing, SendError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use crate::problem::Problem;

/// How many messages may wait or be under way.
const PLACES: usize = 1024;
/// How many are handed over at a time.
const AT_ONCE: usize = 32;

/// A bounded queue of messages that are handed over behind the answer, so that the time a delivery takes tells nothing.
///
/// It is this process's memory: what is in it when the process is killed is lost, and the person asks for the message
/// again. A process that ends in order calls [`finish`](Self::finish). Clones share the queue.
#[derive(Clone)]
pub struct Deliveries {
    otp: Arc<DynExchanger>,
    places: Arc<Semaphore>,
    at_once: Arc<Semaphore>,
    tasks: TaskTracker,
}

/// A place in the queue, for one message.
#[must_use = "a place that is not used is given back"]
#[derive(Debug)]
pub struct Place {
    queue: Deliveries,
    permit: OwnedSemaphorePermit,
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

    /// Takes a place, before a code is made: a request for which there is none is refused while that costs nothing.
    ///
    /// # Errors
    /// A [`Problem`] (503) if the queue is full, or the service is about to end.
    pub fn reserve(&self) -> Result<Place, Problem> {
        let permit = Arc::clone(&self.places).try_acquire_owned();
        permit.map(|permit| Place { queue: self.clone(), permit }).map_err(|_| {
            tracing::warn!(target: "otp_exchange", "the queue of messages is full, or closed");
            Problem::unavailable()
        })
    }

    /// How many messages are waiting or under way.
    pub fn waiting(&self) -> usize {
        self.tasks.len()
    }

    /// Takes no more messages, and waits until all that are there have been handed over. Call it when the server has
    /// answered its last request.
    pub async fn finish(&self) {
        self.places.close();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Place {
    /// Hands the message over, as soon as it is its turn.
    pub fn hand_over(self, outgoing: Outgoing) {
        let Self { queue, permit } = self;
        let Deliveries { otp, at_once, tasks, .. } = queue;
        tasks.spawn(async move {
            let _place = permit;
            let Ok(_turn) = at_once.acquire().await else { return }; // it is never closed
            match otp.hand_over(outgoing).await {
                Ok(_) => {}
                Err(SendError::Undelivered { source, .. } | SendError::Undeliverable(source)) => {
                    tracing::warn!(target: "otp_exchange", error = %source, "a message was not handed over");
                }
                Err(error) => tracing::warn!(target: "otp_exchange", %error, "a message was not handed over"),
            }
        });
    }
}

impl fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliveries").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}
