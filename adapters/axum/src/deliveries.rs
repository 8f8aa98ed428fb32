//! Messages that go out behind the answer.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use otp_exchange::{DynExchanger, OtpId, Outgoing, Receipt, Request, SendError};
use tokio::sync::{Semaphore, oneshot};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

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

    /// Makes a code, gives what `told` makes of its receipt, and hands the message over behind that, as soon as it
    /// is its turn.
    ///
    /// All of it happens whether or not whoever asked stays for the answer. Else a client that hangs up could leave
    /// a code behind that is stored as sent and never was, and that asking again with the same idempotency key leads
    /// to.
    ///
    /// # Errors
    /// A [`Problem`]: 503 if the queue is full or the service is about to end, and then no code was made; else as
    /// [`prepare`](DynExchanger::prepare) ends.
    pub async fn send<T: Send + 'static>(
        &self,
        request: Request,
        told: impl FnOnce(&Receipt) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let otp = Arc::clone(&self.otp);
        self.deliver(async move { otp.prepare(request).await }, told).await
    }

    /// The same for a code that is there.
    ///
    /// # Errors
    /// As [`send`](Self::send), or as [`prepare_again`](DynExchanger::prepare_again) ends.
    pub async fn send_again<T: Send + 'static>(
        &self,
        otp_id: &OtpId,
        told: impl FnOnce(&Receipt) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let (otp, otp_id) = (Arc::clone(&self.otp), *otp_id);
        self.deliver(async move { otp.prepare_again(&otp_id).await }, told).await
    }

    /// How many messages are waiting or under way, those included whose code is being made.
    pub fn waiting(&self) -> usize {
        self.tasks.len()
    }

    /// Takes no more messages, and waits until all that were asked for have been handed over. Call it when the
    /// server has stopped taking requests.
    pub async fn finish(&self) {
        self.places.close();
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn deliver<T: Send + 'static>(
        &self,
        prepared: impl Future<Output = Result<Outgoing, SendError>> + Send + 'static,
        told: impl FnOnce(&Receipt) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::warn!(target: "otp_exchange", "the queue of messages is full, or closed");
            return Err(Problem::unavailable());
        };
        let (answer, answered) = oneshot::channel();
        let Self { otp, at_once, tasks, .. } = self.clone();
        let sending = async move {
            let _place = place;
            match prepared.await {
                Err(error) => drop(answer.send(Err(error))),
                Ok(outgoing) => {
                    drop(answer.send(Ok(told(outgoing.receipt())))); // whoever asked may have hung up
                    // Else this thread would begin with the message, of which a decoy has none, and answer after.
                    tokio::task::yield_now().await;
                    let Ok(_turn) = at_once.acquire().await else { return }; // it is never closed
                    hand_over(&otp, outgoing).await;
                }
            }
        };
        tasks.spawn(sending.in_current_span()); // what is logged of it belongs to the request
        match answered.await {
            Ok(answer) => answer.map_err(Problem::from),
            Err(_) => Err(Problem::fault("the task that makes a code has panicked")),
        }
    }
}

async fn hand_over(otp: &DynExchanger, outgoing: Outgoing) {
    match otp.hand_over(outgoing).await {
        Ok(_) => {}
        Err(SendError::Undelivered { source, .. } | SendError::Undeliverable(source)) => {
            tracing::warn!(target: "otp_exchange", error = %source, "a message was not handed over");
        }
        Err(error) => tracing::warn!(target: "otp_exchange", %error, "a message was not handed over"),
    }
}

impl fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliveries").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use otp_exchange::{Exchanger, Keyring, MemoryStore, Outbox, Recipient};

    use super::*;

    /// A queue, what it sends, and a code that is made only when it is let.
    struct Scene {
        deliveries: Deliveries,
        outbox: Outbox,
        prepared: Option<oneshot::Receiver<Outgoing>>,
        go: Option<(oneshot::Sender<Outgoing>, Outgoing)>,
    }

    impl Scene {
        async fn set() -> Self {
            let (outbox, keyring) = (Outbox::new(), Keyring::generate().unwrap());
            let otp = Exchanger::builder(MemoryStore::new(10), outbox.clone(), keyring).build().unwrap();
            let otp = Arc::new(otp.erase());
            let ada = Recipient::parse("ada@example.org").unwrap();
            let outgoing = otp.prepare(Request::login(&ada)).await.unwrap();
            let (go, prepared) = oneshot::channel();
            Self {
                deliveries: Deliveries::new(otp),
                outbox,
                prepared: Some(prepared),
                go: Some((go, outgoing)),
            }
        }

        /// Asks, and does not get an answer before [`Self::go`].
        async fn ask(&mut self) -> tokio::task::JoinHandle<Result<u8, Problem>> {
            let prepared = self.prepared.take().unwrap();
            let deliveries = self.deliveries.clone();
            let prepared = async move { prepared.await.map_err(|_| SendError::Gone) };
            let asked =
                tokio::spawn(async move { deliveries.deliver(prepared, |receipt| receipt.length).await });
            while self.deliveries.waiting() == 0 {
                tokio::task::yield_now().await;
            }
            asked
        }

        fn go(&mut self) {
            let (go, outgoing) = self.go.take().unwrap();
            drop(go.send(outgoing));
        }
    }

    #[tokio::test]
    async fn whoever_hangs_up_gets_the_message_all_the_same() {
        let mut scene = Scene::set().await;
        let asked = scene.ask().await;
        asked.abort(); // as a server does with a handler whose connection is gone
        assert!(asked.await.unwrap_err().is_cancelled());
        assert_eq!((scene.outbox.total(), scene.deliveries.waiting()), (0, 1));
        scene.go();
        scene.deliveries.finish().await;
        assert_eq!(scene.outbox.total(), 1);
    }

    #[tokio::test]
    async fn the_end_waits_for_a_code_that_is_being_made() {
        let mut scene = Scene::set().await;
        let asked = scene.ask().await;
        let deliveries = scene.deliveries.clone();
        let finish = tokio::spawn(async move { deliveries.finish().await });
        while !scene.deliveries.places.is_closed() {
            tokio::task::yield_now().await;
        }
        assert!(!finish.is_finished());
        scene.go();
        finish.await.unwrap();
        assert_eq!((asked.await.unwrap().unwrap(), scene.outbox.total()), (6, 1));
    }
}
