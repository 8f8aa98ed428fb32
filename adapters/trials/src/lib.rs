//! What every store of otp-exchange goes through before anybody relies on it: the laws, alone and over
//! several processes; a thousand clients at once; lost replies, dead and shaky wires; servers and clients
//! killed at any moment. On real servers, which the trials start and stop themselves.
//!
//! A store joins by implementing [`Subject`] in a test without harness, whose `main` calls [`main`]:
//!
//! ```text
//! fn main() {
//!     otp_exchange_trials::main::<MyServer>(Vec::new());
//! }
//! ```
//!
//! `OTP_EXCHANGE_REQUIRE_SERVERS=1` makes a missing server a failure; `OTP_EXCHANGE_KILLS` says how often
//! servers are killed, instead of 200 times.

pub mod bench;
pub mod cost;
mod flows;
mod process;
mod proxy;
mod remembering;
mod subject;
mod trials;
mod worker;

use std::process::exit;
use std::sync::{Arc, Mutex, PoisonError};

pub use flows::{Journal, Otp, Tally, exchanger, keyring, sends_freely, under_load};
use libtest_mimic::{Arguments, Completion};
pub use process::{Process, Program, free_port, wait_until};
pub use proxy::{Proxy, Wire};
pub use subject::{BoxError, ForgetsBy, SharedClock, Subject};
pub use trials::{Blind, Hasty, fresh, in_an_hour, runtime};
pub use worker::{Processes, Verdict, Worker};

/// How a trial ends: well, or with what went wrong.
pub type Outcome = Result<(), BoxError>;

/// One trial of a store: a name, and what is done.
pub struct Trial {
    name: String,
    run: Box<dyn FnOnce() -> Outcome + Send>,
}

impl Trial {
    /// A trial of that name.
    pub fn new(name: impl Into<String>, run: impl FnOnce() -> Outcome + Send + 'static) -> Self {
        Self { name: name.into(), run: Box::new(run) }
    }
}

impl std::fmt::Debug for Trial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Trial").field(&self.name).finish()
    }
}

/// How many trials run at once: most of the time each of them waits for a disk or a server.
const THREADS: usize = 4;

/// The `main` of a test of one store: all trials there are, and more that this store alone goes through.
pub fn main<S: Subject>(more: impl IntoIterator<Item = Trial>) -> ! {
    worker::serve_if_asked::<S>();
    let ran = run::<S>(more.into_iter().collect());
    exit(i32::from(!ran))
}

/// The same for several servers that one store works with.
pub fn main_of_two<A: Subject, B: Subject>(more_a: Vec<Trial>, more_b: Vec<Trial>) -> ! {
    worker::serve_if_asked::<A>();
    worker::serve_if_asked::<B>();
    let ran = run::<A>(more_a) & run::<B>(more_b);
    exit(i32::from(!ran))
}

/// Runs the trials of one subject; whether none failed.
fn run<S: Subject>(more: Vec<Trial>) -> bool {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let missing: Vec<Program> = S::NEEDS.iter().copied().filter(|program| program.path().is_none()).collect();
    let shared: Server<S> = Arc::default();
    let trials = trials::all::<S>(&shared).into_iter().chain(more);
    let trials = trials.map(|trial| {
        let missing = missing.clone();
        libtest_mimic::Trial::ignorable_test(format!("{}::{}", S::NAME, trial.name), move || {
            if missing.is_empty() {
                (trial.run)()?;
                return Ok(Completion::Completed);
            }
            Ok(Completion::ignored_with(skipped(&missing, required())?))
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    drop(shared.lock().unwrap_or_else(PoisonError::into_inner).take()); // nothing is dropped by `exit`
    !conclusion.has_failed()
}

/// Whether a missing server is a failure.
fn required() -> bool {
    std::env::var_os("OTP_EXCHANGE_REQUIRE_SERVERS").is_some_and(|value| value == "1")
}

/// Why a trial is skipped where a server is missing; or why it fails, if servers are required.
fn skipped(missing: &[Program], required: bool) -> Result<String, String> {
    let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let reason = missing.join("; ");
    if required {
        Err(format!("{reason} (OTP_EXCHANGE_REQUIRE_SERVERS=1)"))
    } else {
        Ok(format!("skipped: {reason}"))
    }
}

/// The server that all trials share which do it no harm; started when the first one comes.
type Server<S> = Arc<Mutex<Option<Arc<S>>>>;

#[cfg(test)]
mod tests {
    use super::{Program, skipped};

    const MISSING: [Program; 1] = [Program { name: "no-such-server", install: "apt-get install no-such" }];

    #[test]
    fn a_missing_server_is_skipped_and_how_to_get_it_is_said() {
        let said = skipped(&MISSING, false).unwrap();
        assert!(said.contains("no-such-server") && said.contains("apt-get install no-such"), "{said}");
        assert_eq!(MISSING[0].path(), None);
        assert!(Program { name: "sh", install: "" }.path().is_some());
    }

    #[test]
    fn a_missing_server_is_a_failure_where_servers_are_required() {
        let failed = skipped(&MISSING, true).unwrap_err();
        assert!(failed.contains("apt-get install no-such"));
    }
}
