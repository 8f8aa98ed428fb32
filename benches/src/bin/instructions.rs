//! How many instructions each flow takes: a figure that does not depend on how fast the machine is or what
//! else it does. Runs itself under valgrind, prints each flow beside its floor and its budget, and ends with 1
//! if a flow takes over 5 % more than `budget.txt` allows it. `--record` writes that file.
//!
//! Valgrind knows AES instructions but none for SHA-256, so HMACs weigh more here than they do in time.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use otp_exchange_benches::{Flow, Setting, World};

const CODES: usize = 1000;
const RUNS: u64 = 200;

/// How far a flow may be from its budget, in percent.
const SLACK: f64 = 5.0;

/// What the program is asked to be where its instructions are counted.
const INSIDE: &str = "--inside";

/// What valgrind is told: to count within the one function, and to write down the count after the other,
/// which calls it. Of two patterns that begin alike it would follow one only.
const ORDERS: [&str; 2] = ["--toggle-collect=*measured*", "--dump-after=*timed*"];

/// One flow, in instructions for each run.
struct Row {
    name: String,
    flow: f64,
    floor: f64,
}

fn main() -> ExitCode {
    let asked: Vec<_> = env::args().skip(1).collect();
    match asked.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [INSIDE] => {
            run_all();
            ExitCode::SUCCESS
        }
        [] => outside(false),
        ["--record"] => outside(true),
        _ => {
            eprintln!("usage: instructions [--record]");
            ExitCode::from(2)
        }
    }
}

/// What is measured, in this order: each flow, then its floor.
fn flows() -> impl Iterator<Item = (Setting, Flow)> {
    Setting::ALL.into_iter().flat_map(|setting| Flow::of(setting).iter().map(move |&flow| (setting, flow)))
}

fn run_all() {
    for setting in Setting::ALL {
        let mut world = World::filled(setting, CODES);
        for &flow in Flow::of(setting) {
            flow.time(&mut world, RUNS);
            flow.time_floor(&mut world, RUNS);
        }
    }
}

fn outside(record: bool) -> ExitCode {
    let rows = match count() {
        Ok(rows) => rows,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            eprintln!("skipped: valgrind is not on the PATH; apt-get install valgrind");
            let required = env::var("OTP_EXCHANGE_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
            return if required { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
        Err(error) => {
            eprintln!("valgrind: {error}");
            return ExitCode::FAILURE;
        }
    };
    let budget = budget_path();
    if record {
        let written = fs::write(&budget, recorded(&rows));
        written.expect("the folder of the sources can be written to");
    }
    let text = fs::read_to_string(&budget).unwrap_or_default();
    judge(&rows, &read(&text))
}

/// Prints the table and what is off; fails if a flow takes more than it may.
fn judge(rows: &[Row], budgets: &BTreeMap<&str, f64>) -> ExitCode {
    println!(
        "{:<40} {:>12} {:>8} {:>6} {:>8} {:>7}",
        "flow", "instructions", "floor", "ratio", "budget", "off"
    );
    let (mut over, mut notes) = (false, Vec::new());
    for Row { name, flow, floor } in rows {
        let row = format!("{name:<40} {flow:>12.0} {floor:>8.0} {:>6.2}", flow / floor);
        let Some(budget) = budgets.get(name.as_str()) else {
            println!("{row}");
            notes.push(format!("{name} has no budget; --record gives it one"));
            over = true;
            continue;
        };
        let off = (flow / budget - 1.0) * 100.0;
        println!("{row} {budget:>8.0} {off:>+6.1}%");
        if off > SLACK {
            over = true;
            notes.push(format!("{name} is {off:.1} % over its budget"));
        } else if off < -SLACK {
            notes.push(format!("{name} is {:.1} % under its budget: lower the budget, with --record", -off));
        }
    }
    println!("{}", if over { "over budget" } else { "all within budget" });
    notes.iter().for_each(|note| println!("{note}"));
    if over { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Runs this program under valgrind, which writes a file for each time it leaves the function measured.
fn count() -> io::Result<Vec<Row>> {
    let folder = env::temp_dir().join(format!("otp-exchange-instructions-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let counted = run_under_valgrind(&folder).and_then(|()| totals(&folder));
    fs::remove_dir_all(&folder)?;
    let counted = counted?;
    let rows: Vec<_> = flows().collect();
    if counted.len() != 2 * rows.len() {
        let said = format!("{} measurements of {}; is the program stripped?", counted.len(), 2 * rows.len());
        return Err(io::Error::other(said));
    }
    let each = |total: u64| total as f64 / RUNS as f64;
    let row = |((setting, flow), pair): ((Setting, Flow), &[u64])| Row {
        name: format!("{}, {}", setting.name(), flow.name()),
        flow: each(pair[0]),
        floor: each(pair[1]),
    };
    Ok(rows.into_iter().zip(counted.chunks(2)).map(row).collect())
}

fn run_under_valgrind(folder: &Path) -> io::Result<()> {
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .args(ORDERS)
        .arg(format!("--callgrind-out-file={}", folder.join("counted").display()))
        .arg(env::current_exe()?)
        .arg(INSIDE)
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// The totals of all files but the last, which is of what was left at the end.
fn totals(folder: &Path) -> io::Result<Vec<u64>> {
    let mut totals = Vec::new();
    for number in 1.. {
        let Ok(text) = fs::read_to_string(folder.join(format!("counted.{number}"))) else { break };
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
        let total = total.and_then(|total| total.trim().parse().ok());
        totals.push(total.ok_or_else(|| io::Error::other("callgrind writes files of another form"))?);
    }
    Ok(totals)
}

fn budget_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("budget.txt")
}

fn recorded(rows: &[Row]) -> String {
    let head =
        "# Instructions for each run of a flow, under callgrind: what `instructions --record` counted.\n";
    rows.iter().fold(head.to_owned(), |mut text, row| {
        writeln!(text, "{} = {:.0}", row.name, row.flow).expect("a string takes anything");
        text
    })
}

fn read(text: &str) -> BTreeMap<&str, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(" = "))
        .filter_map(|(name, count)| Some((name, count.parse().ok()?)))
        .collect()
}
