//! The sign-in page in a real browser: Chromium, through chromedriver. Where they are not installed all of it
//! is skipped.

mod browser;
mod flow;
mod look;
#[path = "../page/world.rs"]
#[allow(dead_code)]
mod world;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use browser::{Browser, Driver, Kind, NEEDS};
use libtest_mimic::{Arguments, Completion, Trial};
use world::World;

/// The driver that all browsers share; started when the first one comes.
type Shared = Arc<Mutex<Option<Arc<Driver>>>>;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(2);
    let shared = Shared::default();
    let trials = flow::trials(&shared).into_iter().chain(look::trials(&shared)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(shared.lock().unwrap_or_else(PoisonError::into_inner).take()); // nothing is dropped at the end of a process
    conclusion.exit_code()
}

/// One story: a world, and a browser of that kind in it.
fn trial(
    shared: &Shared,
    name: &str,
    kind: Kind,
    story: impl AsyncFnOnce(&World, &Browser) + Send + 'static,
) -> Trial {
    let shared = Arc::clone(shared);
    Trial::ignorable_test(name, move || {
        let missing = NEEDS.iter().find(|program| program.path().is_none());
        if let Some(missing) = missing {
            let required = std::env::var_os("OTP_EXCHANGE_REQUIRE_SERVERS").is_some_and(|value| value == "1");
            let reason = missing.to_string();
            return if required {
                Err(format!("{reason} (OTP_EXCHANGE_REQUIRE_SERVERS=1)").into())
            } else {
                Ok(Completion::ignored_with(format!("skipped: {reason}")))
            };
        }
        let driver = {
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(shared.get_or_insert_with(|| Arc::new(Driver::start())))
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        runtime.block_on(async {
            let world = World::start(&[]).await;
            let browser = Browser::open(&driver, kind).await;
            story(&world, &browser).await;
            browser.close().await;
        });
        Ok(Completion::Completed)
    })
}
