//! One plain table: each flow beside its floor, memory for each live code, and the longest single call. Ends
//! with 1 if a target is missed.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use otp_exchange::{Exchanger, Keyring, MemoryStore, Request};
use otp_exchange_benches::{Flow, Nowhere, Setting, World, run};

const FILLS: [(&str, usize); 2] = [("1 thousand", 1000), ("1 million", 1_000_000)];
const ROUNDS: usize = 101;
const RUNS: u16 = 200;

/// The targets, at a million live codes.
const MOST_TIMES_FLOOR: f64 = 2.0;
const MOST_TIMES_FLOOR_WITH_EVERYTHING: f64 = 2.5;
const MOST_BYTES: usize = 450;
const LONGEST_CALL: Duration = Duration::from_millis(10);
const AIMED_FLOWS: f64 = 200_000.0;

fn main() -> ExitCode {
    let mut misses = Vec::new();
    println!(
        "{:<14} {:<12} {:<22} {:>8} {:>8} {:>6}",
        "setting", "live codes", "flow", "ns", "floor", "ratio"
    );
    for setting in Setting::ALL {
        for (fill, codes) in FILLS {
            let mut world = World::filled(setting, codes);
            for &flow in Flow::of(setting) {
                let (nanoseconds, floor) = measure(&mut world, flow);
                let (ratio, name) = (nanoseconds / floor, setting.name());
                let row = format!("{name:<14} {fill:<12} {:<22}", flow.name());
                println!("{row} {nanoseconds:>8.0} {floor:>8.0} {ratio:>6.2}");
                if codes == 1_000_000 && most(setting, flow).is_some_and(|most| ratio > most) {
                    misses.push(format!("{} ({name}) takes {ratio:.2} times its floor", flow.name()));
                }
                if flow == Flow::Both {
                    let flows = 1e9 / nanoseconds;
                    let row = format!("{name:<14} {fill:<12} {:<22}", "full flows");
                    println!("{row} {flows:>8.0} per second, aim {AIMED_FLOWS}");
                }
            }
        }
    }
    let longest = (0..5).map(|_| longest_send()).min().unwrap_or_default();
    println!("longest send while filling an empty store to 1 million, best of five: {longest:.1?}");
    if longest > LONGEST_CALL {
        misses.push(format!("the longest send took {longest:.1?}"));
    }
    let bytes = bytes_per_code();
    println!("heap for each live code at 1 million: {bytes} bytes");
    if bytes > MOST_BYTES {
        misses.push(format!("{bytes} bytes of heap for each live code"));
    }
    println!(
        "targets: {MOST_TIMES_FLOOR} times the floor, {MOST_TIMES_FLOOR_WITH_EVERYTHING} with everything on, {LONGEST_CALL:?}, {MOST_BYTES} bytes: {}",
        if misses.is_empty() { "all met" } else { "missed" }
    );
    for miss in &misses {
        println!("missed: {miss}");
    }
    if misses.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How many times its floor a flow may take.
fn most(setting: Setting, flow: Flow) -> Option<f64> {
    let targeted = matches!(flow, Flow::Send | Flow::SendAgain | Flow::Exchange);
    targeted.then_some(match setting {
        Setting::Plain => MOST_TIMES_FLOOR,
        Setting::Everything => MOST_TIMES_FLOOR_WITH_EVERYTHING,
    })
}

/// Nanoseconds of one run of the flow and of its floor. They take turns, so that whatever else the machine
/// does falls on both, and of each it is the batch that is slower than a quarter of them: less than that is
/// luck, more is the rest of the machine.
fn measure(world: &mut World, flow: Flow) -> (f64, f64) {
    let each = |time: Duration| time.as_secs_f64() * 1e9 / f64::from(RUNS);
    let mut round = || (each(flow.time(world, RUNS.into())), each(flow.time_floor(world, RUNS.into())));
    round(); // warms up
    let (flows, floors): (Vec<_>, Vec<_>) = (0..ROUNDS).map(|_| round()).unzip();
    (lower_quartile(flows), lower_quartile(floors))
}

fn lower_quartile(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 4]
}

#[allow(clippy::disallowed_methods)] // measures a span; decides nothing
fn longest_send() -> Duration {
    let keyring = Keyring::new(&[1; 32], &[2; 32]).expect("two keys");
    let store = MemoryStore::new(1_000_000);
    let otp = Exchanger::builder(store.clone(), Nowhere, keyring).build().expect("in range");
    let mut longest = Duration::ZERO;
    for number in 0..store.capacity() {
        let request = Request::login(&Setting::Plain.recipient(number));
        let start = Instant::now();
        let sent = run(otp.send(request));
        longest = longest.max(start.elapsed());
        assert!(sent.is_ok());
    }
    assert_eq!(store.len(), store.capacity());
    longest
}

/// Asked of a program of its own: an allocator that counts would slow down everything measured above.
fn bytes_per_code() -> usize {
    let arguments = ["run", "--quiet", "--release", "--package", "otp-exchange-benches", "--bin", "heap"];
    let heap = Command::new(env!("CARGO")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let printed = heap.expect("cargo is still there").stdout;
    let number = String::from_utf8_lossy(&printed).trim().parse();
    number.expect("`heap` prints a number; run it by itself to see what it says")
}
