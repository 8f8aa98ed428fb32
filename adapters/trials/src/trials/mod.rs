//! The trials that every store goes through.

mod broken;
mod input;
mod kills;
mod laws;
mod races;
mod wire;

use std::sync::{Arc, OnceLock, PoisonError};
use std::time::Duration;

pub use broken::{Blind, Hasty};
use otp_exchange::{Clock, DynStore, Name, Sealed, SystemClock, Timestamp};
use tokio::runtime::{Builder, Runtime};

use crate::subject::{BoxError, SharedClock, Subject};
use crate::{Server, Trial};

/// How long one call may take where nothing is meant to go wrong.
const PATIENT: Duration = Duration::from_secs(10);

/// How long one call may take where the wire is dead.
const IMPATIENT: Duration = Duration::from_millis(500);

/// The runtime that drives every store here.
///
/// # Panics
/// If the system gives no threads.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads and a poller")
    })
}

/// A name and a value that nobody else has; the value is of about the length of most entries.
///
/// # Panics
/// Never: an entry may have that length.
pub fn fresh() -> (Name, Sealed) {
    let mut value = [0; 300];
    rand::fill(&mut value);
    (Name::from_bytes(rand::random()), Sealed::from_bytes(value).expect("the length of an entry"))
}

/// When most entries of the trials may be forgotten.
pub fn in_an_hour() -> Timestamp {
    SystemClock.now().saturating_add(Duration::from_secs(3600))
}

/// All of them.
pub(crate) fn all<S: Subject>(server: &Server<S>) -> Vec<Trial> {
    let mut trials = kills::trials(server); // which take the longest
    trials.extend(laws::trials(server));
    trials.extend(races::trials(server));
    trials.extend(wire::trials(server));
    trials.extend(input::trials(server));
    trials
}

/// The shared server, started if it is the first time.
fn shared<S: Subject>(server: &Server<S>) -> Arc<S> {
    let mut server = server.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(server.get_or_insert_with(|| Arc::new(S::start())))
}

/// A connection as most trials use it.
fn connected<S: Subject>(url: &str, timeout: Duration) -> Result<DynStore, BoxError> {
    let store = runtime().block_on(S::connect(url, SharedClock::new(SystemClock), timeout))?;
    Ok(DynStore::new(store))
}

/// A trial with the shared server.
fn on_shared<S: Subject>(
    server: &Server<S>,
    name: &str,
    run: impl FnOnce(&S) -> crate::Outcome + Send + 'static,
) -> Trial {
    let server = Arc::clone(server);
    Trial::new(name, move || run(&shared(&server)))
}
