//! The trials of every store, on files.

mod subject;

use otp_exchange::{CodeStore, Name, Sealed, Swap, Timestamp};
use otp_exchange_trials::{Outcome, Subject, Trial, Worker, runtime};
use subject::Sqlite;

fn main() {
    otp_exchange_trials::main::<Sqlite>([Trial::new("eight processes make the file at once", made_at_once)]);
}

/// None fails, and all of them have the same file: one of them creates an entry, the others conflict.
fn made_at_once() -> Outcome {
    for round in 0..10 {
        let subject = Sqlite::start();
        let workers: Vec<_> = (0..8).map(|_| Worker::start::<Sqlite>(&subject.url())).collect();
        let name = Name::from_bytes([round; 16]);
        let swaps: Vec<_> = workers
            .into_iter()
            .enumerate()
            .map(|(index, worker)| {
                runtime().spawn(async move {
                    let value = Sealed::from_bytes([u8::try_from(index).unwrap_or(u8::MAX); 64])?;
                    worker.swap(name, None, &value, Timestamp::MAX).await
                })
            })
            .collect();
        let mut applied = 0;
        for swap in swaps {
            applied += u8::from(runtime().block_on(swap)?? == Swap::Applied);
        }
        if applied != 1 {
            return Err(format!("{applied} of eight created one entry").into());
        }
    }
    Ok(())
}
