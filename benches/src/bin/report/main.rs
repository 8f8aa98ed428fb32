//! Plain tables: each flow beside its floor on ever fuller stores, threads, requests in flight, the longest
//! single calls, and the heap each live code takes. Ends with 1 if a target is missed. `--codes` says how many
//! live codes the fullest store has, ten million say; `--plots` names a folder to draw the tables into.

mod costs;
mod plots;

use std::env;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use otp_exchange_benches::{Pauses, flows_per_second, future_bytes, in_flight, pauses};

use costs::Costs;

/// The targets: of the costs at a million live codes, of the others at however many there are.
const MOST_TIMES_FLOOR: f64 = 1.5;
const MOST_TIMES_FLOOR_WITH_EVERYTHING: f64 = 2.0;
const MOST_BYTES: usize = 400;
const LONGEST_CALL: Duration = Duration::from_millis(10);

const THREADS: [usize; 4] = [1, 2, 4, 8];
const IN_FLIGHT: [usize; 5] = [1, 10, 100, 1000, 10_000];

/// All that was measured.
struct Measured {
    costs: Costs,
    /// Threads, flows a second, floors a second.
    threads: Vec<(usize, f64, f64)>,
    /// Requests in flight, nanoseconds of each flow.
    in_flight: Vec<(usize, f64)>,
    /// Live codes, longest calls.
    pauses: Vec<(usize, Pauses)>,
    /// Live codes, bytes of heap for each.
    heap: Vec<(usize, usize)>,
}

fn main() -> ExitCode {
    let Some((codes, folder)) = asked() else {
        eprintln!("usage: report [--codes 10000000] [--plots docs/plots]");
        return ExitCode::from(2);
    };
    let fills: Vec<_> = (3..=8).map(|power| 10_usize.pow(power)).filter(|fill| *fill <= codes).collect();
    let heap = heap(&fills);
    let costs = Costs::measure(&fills, &heap);
    let threads = threads();
    let in_flight = in_flights();
    let pauses = all_pauses(&fills);
    let measured = Measured { costs, threads, in_flight, pauses, heap };
    if let Some(folder) = folder {
        plots::draw(&folder, &measured);
    }
    judge(&measured)
}

fn asked() -> Option<(usize, Option<PathBuf>)> {
    let (mut codes, mut folder) = (1_000_000, None);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()?) {
            ("--codes", number) => codes = number.parse().ok().filter(|codes| *codes >= 1000)?,
            ("--plots", path) => folder = Some(path.into()),
            _ => return None,
        }
    }
    Some((codes, folder))
}

fn threads() -> Vec<(usize, f64, f64)> {
    println!("\n{:<8} {:>14} {:>14} {:>6}", "threads", "flows/s", "floors/s", "ratio");
    let measure = |threads| {
        // The best of three: anything less is the rest of the machine.
        let each = (0..3).map(|_| flows_per_second(threads));
        let (flows, floors) =
            each.fold((0.0_f64, 0.0_f64), |best, now| (best.0.max(now.0), best.1.max(now.1)));
        println!("{threads:<8} {flows:>14.0} {floors:>14.0} {:>6.2}", floors / flows);
        (threads, flows, floors)
    };
    THREADS.into_iter().map(measure).collect()
}

fn in_flights() -> Vec<(usize, f64)> {
    let (send, exchange) = future_bytes();
    println!("\na request in flight: {send} bytes for `send`, {exchange} bytes for `exchange`");
    println!("{:<10} {:>12}", "in flight", "ns a flow");
    let measure = |requests| {
        let nanoseconds = (0..3).map(|_| in_flight(requests)).fold(f64::MAX, f64::min);
        println!("{requests:<10} {nanoseconds:>12.0}");
        (requests, nanoseconds)
    };
    IN_FLIGHT.into_iter().map(measure).collect()
}

fn all_pauses(fills: &[usize]) -> Vec<(usize, Pauses)> {
    println!("\nlongest call, each the best of three runs");
    let heads = ["live codes", "filling", "send", "exchange", "authenticate", "refresh"];
    println!("{}", heads.map(|head| format!("{head:>13}")).concat());
    let measure = |&codes| {
        let found = pauses(codes);
        let [filling, rest @ ..] = found.all().map(|span| format!("{:>13}", format!("{span:.1?}")));
        println!("{codes:>13}{filling}{}", rest.concat());
        (codes, found)
    };
    fills.iter().map(measure).collect()
}

/// Asked of a program of its own: an allocator that counts would slow down everything else.
fn heap(fills: &[usize]) -> Vec<(usize, usize)> {
    println!("{:<12} {:>22}", "live codes", "bytes of heap for each");
    let measure = |&codes: &usize| {
        let arguments = ["run", "--quiet", "--release", "--package", "otp-exchange-benches", "--bin", "heap"];
        let mut heap = Command::new(env!("CARGO"));
        heap.args(arguments).arg("--").arg(codes.to_string()).current_dir(env!("CARGO_MANIFEST_DIR"));
        let printed = heap.output().expect("cargo is still there").stdout;
        let number = String::from_utf8_lossy(&printed).trim().parse();
        let bytes = number.expect("`heap` prints a number; run it by itself to see what it says");
        println!("{codes:<12} {bytes:>22}");
        (codes, bytes)
    };
    fills.iter().map(measure).collect()
}

fn judge(measured: &Measured) -> ExitCode {
    let mut misses = measured.costs.misses();
    for (codes, pauses) in &measured.pauses {
        let longest = pauses.all().into_iter().max().unwrap_or_default();
        if longest > LONGEST_CALL {
            misses.push(format!("the longest call at {codes} live codes took {longest:.1?}"));
        }
    }
    // Fewer share less of what an empty store takes.
    for (codes, bytes) in measured.heap.iter().filter(|(codes, _)| *codes >= 1_000_000) {
        if *bytes > MOST_BYTES {
            misses.push(format!("{bytes} bytes of heap for each of {codes} live codes"));
        }
    }
    println!(
        "\ntargets: {MOST_TIMES_FLOOR} times the floor, {MOST_TIMES_FLOOR_WITH_EVERYTHING} with everything on, {LONGEST_CALL:?}, {MOST_BYTES} bytes: {}",
        if misses.is_empty() { "all met" } else { "missed" }
    );
    for miss in &misses {
        println!("missed: {miss}");
    }
    if misses.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
