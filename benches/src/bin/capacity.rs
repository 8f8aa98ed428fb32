//! What 10^8 users ask of a store: a thousandth of them on the real flows, beside what the formulas say, and what
//! follows for all of them. It ends with 1 if the two do not agree. `docs/scale.md` says what is made of it.

use std::process::exit;

use otp_exchange_benches::capacity::{Crowd, HandClock, HotKey, Kind, Model, Rush, Sample, Seen, Spread};

/// How large a part of the people is run.
const SCALE: f64 = 1e-3;

/// Longer than anything is kept but what is used again.
const DAYS: i64 = 35;

const HOURS: f64 = 3_600_000.0;

fn main() {
    let model = Model::default();
    println!("{model:#?}");
    let small = model.scaled(SCALE);
    let clock = HandClock::at(0);
    let seen = Crowd::new(small, clock.clone(), clock).live(DAYS);
    let agrees = alive(&seen.samples);
    flows(&seen);
    for kind in Kind::ALL {
        let sizes = &seen.sizes[&kind];
        let [half, most, all] = [0.5, 0.99, 1.0].map(|part| sizes.quantile(part));
        println!("{kind:?}: {} at the peak; bytes p50 {half}, p99 {most}, at most {all}", sizes.count());
    }
    println!(
        "\n| shards | entries, by slot | entries, by first byte | calls at the peak, by slot |\n|---|---|---|---|"
    );
    for (Spread { shards, slots, first_byte }, (_, calls)) in seen.entries.iter().zip(&seen.calls) {
        println!("| {shards} | {slots:.3} | {first_byte:.3} | {calls:.3} |");
    }
    paper(model, &seen);
    hot_key();
    if !agrees {
        eprintln!("the entries alive are not those of the formulas");
        exit(1);
    }
}

/// Prints how many entries there are, beside the formulas; whether they agree.
fn alive(samples: &[Sample]) -> bool {
    println!(
        "\n| hours | ledgers, paper | run | sessions, paper | run | quotas, paper | run | in the store, paper | run |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for Sample { since, paper, alive, held } in samples {
        #[allow(clippy::cast_precision_loss)] // days
        let hours = *since as f64 / HOURS;
        println!(
            "| {hours:.1} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {held:.0} |",
            paper.ledgers,
            alive.ledgers,
            paper.sessions,
            alive.sessions,
            paper.usages,
            alive.usages,
            paper.total()
        );
    }
    println!();
    samples.iter().all(Sample::agrees)
}

#[allow(clippy::cast_precision_loss)] // counts
fn flows(seen: &Seen) {
    println!("| flow | runs | loads | swaps | bytes written |\n|---|---|---|---|---|");
    for (flow, cost) in &seen.costs {
        let [loads, swaps, written] =
            [cost.loads, cost.swaps, cost.written].map(|sum| sum as f64 / cost.runs as f64);
        println!("| {flow} | {} | {loads:.3} | {swaps:.3} | {written:.0} |", cost.runs);
    }
    println!();
}

/// What follows for all of the people, by the formulas and the cost of each flow as it was counted.
#[allow(clippy::cast_precision_loss)] // counts
fn paper(model: Model, seen: &Seen) {
    let each = |flow: &str| {
        let cost = seen.costs[flow];
        [cost.loads, cost.swaps, cost.written].map(|sum| sum as f64 / cost.runs as f64)
    };
    let online = model.online * model.people();
    let mut sums = [[0.0; 3]; 2];
    println!(
        "\n| at the peak | a second | loads/s | swaps/s | MB/s of values written |\n|---|---|---|---|---|"
    );
    for (flow, rate, of_codes) in [
        ("send", model.peak, true),
        ("deliver again", model.peak * model.again, true),
        ("exchange, wrong", model.peak * model.wrong, true),
        ("exchange", model.peak * model.right, true),
        ("refresh", online / 600.0, false),
        ("authenticate", online * model.requests, false),
    ] {
        let [loads, swaps, written] = each(flow).map(|cost| cost * rate);
        println!("| {flow} | {rate:.0} | {loads:.0} | {swaps:.0} | {:.1} |", written / 1e6);
        for (sum, more) in sums[usize::from(!of_codes)].iter_mut().zip([loads, swaps, written]) {
            *sum += more;
        }
    }
    for (what, [loads, swaps, written]) in ["by codes", "by tokens"].into_iter().zip(sums) {
        println!("| {what} | | {loads:.0} | {swaps:.0} | {:.1} |", written / 1e6);
    }
    println!(
        "\n| active | codes each in 30 days | codes/s, mean | ledgers | sessions | quotas at the peak | in all |"
    );
    println!("|---|---|---|---|---|---|---|");
    let day = 24 * 3_600_000;
    for (active, codes_each) in [(0.3, 4.0), (0.6, 1.0), (0.6, 4.0), (0.6, 30.0), (1.0, 4.0)] {
        let model = Model { active, codes_each, ..model };
        // At the end of the first whole window of the peak, after 60 days of the same.
        let load = model.alive(60 * day + 899_000, Some(899_000));
        println!(
            "| {:.0} % | {codes_each} | {:.0} | {:.3e} | {:.3e} | {:.2e} | {:.3e} |",
            active * 100.0,
            model.mean(),
            load.ledgers,
            load.sessions,
            load.usages,
            load.total()
        );
    }
}

/// What becomes of the one entry that a quota for the whole service is.
#[allow(clippy::cast_precision_loss)] // counts
fn hot_key() {
    println!(
        "\n| in the window | messages/s | sent | gave up | swaps/s applied | conflicts for each | its share of calls | p50 ms | p99 ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let (first, last) = (1_000, 871_000);
    for (into, rate, millis) in [
        (first, 1_000, 10_000),
        (first, 10_000, 2_000),
        (first, 50_000, 2_000),
        (last, 100, 10_000),
        (last, 300, 10_000),
        (last, 500, 5_000),
        (last, 800, 5_000),
        (last, 1_000, 5_000),
        (last, 2_000, 2_000),
        (last, 50_000, 200),
    ] {
        let rush = Rush { rate, millis, into, processes: 50, quota: rate * 900 / 4 * 5, round_trip: 1000 };
        let HotKey { sent, busy, loads, swaps, conflicts, calls, lasted, half, most } = rush.run();
        let seconds = lasted as f64 / 1e6;
        let applied = swaps - conflicts;
        println!(
            "| {} | {rate} | {sent} | {busy} | {:.0} | {:.2} | {:.1} % | {:.1} | {:.1} |",
            if into == first { "its beginning" } else { "last 30 s" },
            applied as f64 / seconds,
            conflicts as f64 / applied.max(1) as f64,
            100.0 * (loads + swaps) as f64 / calls as f64,
            half as f64 / 1000.0,
            most as f64 / 1000.0,
        );
    }
}
