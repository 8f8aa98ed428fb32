//! Prints how many bytes of heap a memory store takes for each live code: of a million, or of as many as asked.

use std::alloc::System;

use otp_exchange::{Exchanger, Keyring, MemoryStore, Request, Submission};
use otp_exchange_benches::{Nowhere, Setting, run};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let asked = std::env::args().nth(1);
    let codes = asked.map_or(1_000_000, |codes| codes.parse().expect("a number of codes"));
    let keyring = Keyring::new(&[1; 32], &[2; 32]).expect("two keys");
    let region = Region::new(COUNTING);
    let store = MemoryStore::new(codes);
    let otp = Exchanger::builder(store.clone(), Nowhere, keyring).build().expect("in range");
    let mut last = None;
    for number in 0..codes {
        last =
            Some(run(otp.issue(Request::login(&Setting::Plain.recipient(number)))).expect("room for a code"));
    }
    assert_eq!(store.len(), codes);
    let last = last.expect("there were some");
    let held = region.change();
    let bytes = held.bytes_allocated - held.bytes_deallocated;
    let alive = Submission::by_id(&last.otp_id, last.expose().code).login();
    drop(run(otp.verify(alive)).expect("still alive"));
    println!("{}", bytes / codes);
}
