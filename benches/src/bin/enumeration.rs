//! Whether time tells who has an account: how long `issue` takes for somebody who may have a code and for
//! somebody who may not, and a wrong code held against either. Prints how well the times tell them apart,
//! beside decoys with a planted leak. Ends with 1 if they can be told apart, or the leak is not found.

use std::process::ExitCode;
use std::time::Instant;

use otp_exchange::{
    CodeStore, MemoryStore, Name, Receipt, Sealed, StoreError, Swap, SystemClock, Timestamp, Version,
};
use otp_exchange_benches::{Asking, Setting, auc, run};
use rand::TryRng;
use rand::rngs::SysRng;

/// How many of each.
const TIMES: usize = 30_000;

/// How far from one half the chance may be to tell a decoy by its time. By luck alone it is 0.0024 off in one
/// run of three.
const MOST_OFF: f64 = 0.02;

/// A decoy that saves itself the work: what should be written is forgotten.
#[derive(Clone, Debug)]
struct Lazy(MemoryStore);

impl CodeStore for Lazy {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.0.load(name).await
    }

    async fn swap(&self, _: Name, _: Option<Version>, _: &Sealed, _: Timestamp) -> Result<Swap, StoreError> {
        Ok(Swap::Applied)
    }
}

/// Nanoseconds, for real codes and for decoys.
#[derive(Default)]
struct Times {
    real: Vec<u64>,
    decoy: Vec<u64>,
}

impl Times {
    fn add(&mut self, is_decoy: bool, start: Instant) {
        let took = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if is_decoy { self.decoy.push(took) } else { self.real.push(took) }
    }

    /// The chance that a decoy takes longer than a real one.
    fn auc(&self) -> f64 {
        auc(&self.decoy, &self.real)
    }
}

/// A code, who may submit to it, and what it is.
struct Issued {
    asking: Asking,
    receipt: Receipt,
    is_decoy: bool,
}

fn main() -> ExitCode {
    println!("{TIMES} times of each, real and decoy in random order, none trimmed; medians in ns, and the");
    println!("chance that a decoy takes longer, which has to be 0.5 ± {MOST_OFF}");
    println!("{:<14} {:<14} {:<24} {:>8} {:>8} {:>7}", "setting", "decoys", "flow", "real", "decoy", "AUC");
    let mut missed = false;
    for setting in Setting::ALL {
        for planted in [false, true] {
            let [issue, verify] = measure(setting, planted);
            for (flow, times) in [("issue", issue), ("verify, wrong code", verify)] {
                let (auc, leaks) = (times.auc(), (times.auc() - 0.5).abs() > MOST_OFF);
                let decoys = if planted { "planted leak" } else { "as they are" };
                let (real, decoy) = (median(times.real), median(times.decoy));
                let verdict = if leaks == planted { "" } else { "  missed" };
                println!(
                    "{:<14} {decoys:<14} {flow:<24} {real:>8} {decoy:>8} {auc:>7.4}{verdict}",
                    setting.name()
                );
                missed |= leaks != planted;
            }
        }
    }
    println!("targets: {}", if missed { "missed" } else { "all met, and every planted leak was found" });
    if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Times of `issue`, and of `verify` of a wrong code.
#[allow(clippy::disallowed_methods)] // measures spans; decides nothing
fn measure(setting: Setting, planted: bool) -> [Times; 2] {
    // Room for what clients use up of their quotas too.
    let store = MemoryStore::new(8 * TIMES);
    let otp = setting.builder(store.clone(), SystemClock).build().expect("in range");
    let lazy = setting.builder(Lazy(store), SystemClock).build().expect("in range");
    let leaks = |is_decoy| planted && is_decoy;
    let [mut issue, mut verify] = [Times::default(), Times::default()];

    let mut kinds = [vec![false; TIMES], vec![true; TIMES]].concat();
    shuffle(&mut kinds);
    let mut all = Vec::with_capacity(kinds.len());
    for is_decoy in kinds {
        let asking = setting.asking(all.len());
        let request = || setting.request(&asking).account_exists(!is_decoy);
        let asked = request();
        let start = Instant::now();
        let receipt = if leaks(is_decoy) { run(lazy.issue(asked)) } else { run(otp.issue(asked)) };
        issue.add(is_decoy, start);
        let receipt =
            receipt.and_then(|told| if leaks(is_decoy) { run(otp.issue(request())) } else { Ok(told) });
        all.push(Issued { receipt: receipt.expect("room for a code"), asking, is_decoy });
    }

    shuffle(&mut all);
    for Issued { asking, receipt, is_decoy } in &all {
        let wrong = if receipt.expose().code == "000000" { "000001" } else { "000000" };
        let submission = setting.submission(&asking.client, &receipt.otp_id, wrong);
        let start = Instant::now();
        let refused =
            if leaks(*is_decoy) { run(lazy.verify(submission)) } else { run(otp.verify(submission)) };
        verify.add(*is_decoy, start);
        assert!(refused.is_err(), "a wrong code");
    }
    [issue, verify]
}

fn shuffle<T>(items: &mut [T]) {
    for last in (1..items.len()).rev() {
        let drawn = SysRng.try_next_u64().expect("the system has randomness");
        let index = drawn % (last as u64 + 1); // as good as uniform: 2^64 is so much more
        items.swap(last, usize::try_from(index).expect("below the length"));
    }
}

fn median(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times[times.len() / 2]
}
