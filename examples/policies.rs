//! What each ready policy comes to: its numbers, its risk, which clauses it breaks, how it could lock out.
//!
//! ```text
//! cargo run --example policies             # tables, for people
//! cargo run --example policies -- --json   # the same as data
//! ```
//!
//! Everything printed comes from the policy itself; nothing is written down here.

use std::process::ExitCode;
use std::time::Duration;

use otp_exchange::{AtLimit, Deviation, Numbers, Policy, Risk};
use serde::Serialize;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => show(&presets()),
        ["--json"] => match serde_json::to_string_pretty(&presets()) {
            Ok(json) => println!("{json}"),
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        },
        _ => {
            eprintln!("usage: policies [--json]");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// What there is to say about one policy.
#[derive(Serialize)]
struct Preset {
    name: &'static str,
    #[serde(flatten)]
    numbers: Numbers,
    takeover_probability_per_day: f64,
    expected_takeovers_per_million_sends: f64,
    deviations: Vec<Deviation>,
    lockouts: Vec<&'static str>,
}

fn presets() -> Vec<Preset> {
    let named = [
        ("default", Policy::default()),
        ("nist", Policy::nist()),
        ("psd2", Policy::psd2()),
        ("nomado", Policy::nomado()),
        ("passage", Policy::passage()),
        ("slingr", Policy::slingr()),
    ];
    let preset = |(name, policy): (_, Policy)| Preset {
        name,
        numbers: policy.numbers(),
        takeover_probability_per_day: policy.takeover_probability_per_day(),
        expected_takeovers_per_million_sends: policy.expected_takeovers(1_000_000),
        deviations: policy.deviations(),
        lockouts: policy.lockouts(),
    };
    named.map(preset).into()
}

/// A row of the table: what it is called, and what it is for a policy.
type Row = (&'static str, fn(&Preset) -> String);

const ROWS: [Row; 12] = [
    ("", |preset| preset.name.to_owned()),
    ("kind of code", |preset| format!("{:?}", preset.numbers.kind).to_uppercase()),
    ("characters", |preset| preset.numbers.length.to_string()),
    ("a code lives", |preset| span(preset.numbers.code_lifetime)),
    ("and at most", |preset| span(preset.numbers.longest_lifetime)),
    ("an access token lives", |preset| span(preset.numbers.token_lifetime)),
    ("a refresh token may lie unused", |preset| span(preset.numbers.refresh_idle)),
    ("attempts for a code", |preset| preset.numbers.attempts.to_string()),
    ("chance of a takeover in a day", |preset| scientific(preset.takeover_probability_per_day)),
    ("takeovers by a spray of a million", |preset| plain(preset.expected_takeovers_per_million_sends)),
    ("failures in a row", |preset| preset.numbers.failure_limit.to_string()),
    ("and then", |preset| at_limit(preset.numbers.at_failure_limit)),
];

/// One table of the numbers, a column for each policy; then what each of them breaks and how it locks out.
fn show(presets: &[Preset]) {
    let cells = |(what, value): Row| {
        std::iter::once(what.to_owned()).chain(presets.iter().map(value)).collect::<Vec<_>>()
    };
    table(&ROWS.map(cells));
    for preset in presets {
        println!("\n### {}\n", preset.name);
        if preset.deviations.is_empty() {
            println!("Breaks no clause.");
        } else {
            table(&clauses(&preset.deviations));
        }
        if preset.lockouts.is_empty() {
            println!("\nNothing it sets could keep an owner out for more than 15 minutes.");
        } else {
            println!("\nWhat could keep an owner out for longer:\n");
        }
        for lockout in &preset.lockouts {
            println!("- {lockout}");
        }
    }
}

fn clauses(deviations: &[Deviation]) -> Vec<Vec<String>> {
    let heading = ["clause", "what it does otherwise", "what would mend it"].map(str::to_owned).to_vec();
    let row = |one: &Deviation| vec![one.clause.to_owned(), one.breaks.clone(), one.mend.to_owned()];
    std::iter::once(heading).chain(deviations.iter().map(row)).collect()
}

/// A table in Markdown whose first row is its heading.
fn table(rows: &[Vec<String>]) {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..rows[0].len()).map(width).collect();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
        println!("| {} |", cells.join(" | "));
        if index == 0 {
            let rules: Vec<_> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
            println!("|{}|", rules.join("|"));
        }
    }
}

fn at_limit(at_limit: AtLimit) -> String {
    match at_limit {
        AtLimit::LongerCodes => "longer codes".to_owned(),
        AtLimit::Block(length) => format!("blocked for {}", span(length)),
        AtLimit::Disable => "disabled".to_owned(),
    }
}

/// In the largest unit that leaves no rest.
fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [(86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds")];
    let fits = |(length, _): &&(u64, &str)| seconds >= *length && seconds.is_multiple_of(*length);
    match units.iter().find(fits) {
        Some((length, unit)) if seconds == *length => format!("1 {}", unit.trim_end_matches('s')),
        Some((length, unit)) => format!("{} {unit}", seconds / length),
        None => format!("{span:?}"),
    }
}

/// A probability as people write it.
fn scientific(probability: f64) -> String {
    if probability >= 1e-15 { Risk::new(probability).to_string() } else { format!("{probability:.1e}") }
}

/// A number of people: whole where that says something.
fn plain(count: f64) -> String {
    if count >= 1.0 { format!("{count:.0}") } else { scientific(count) }
}
