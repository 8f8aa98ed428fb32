//! How many instructions each flow takes: a figure that does not depend on how fast the machine is or what
//! else it does. Runs itself under valgrind, prints each flow beside its floor and its budget, and ends with 1
//! if a flow takes over 5 % more than `budget.txt` allows it. `--record` writes that file; `--misses` counts
//! instead how many lines of memory a flow fetches from beyond the caches, on a small store and on a large one.
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

/// What it is told beside for `--misses`: to have caches, the last of 1 MiB, which a thousand live codes fit
/// into and a hundred thousand do not.
const CACHES: [&str; 4] = ["--cache-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64", "--LL=1048576,16,64"];
const MANY_CODES: usize = 100_000;

/// One flow and its floor, in instructions or misses for each run.
struct Row {
    name: String,
    flow: f64,
    floor: f64,
}

fn main() -> ExitCode {
    let asked: Vec<_> = env::args().skip(1).collect();
    match asked.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [INSIDE, codes] => {
            run_all(codes.parse().expect("a number of codes"));
            ExitCode::SUCCESS
        }
        [] => finish(
            count().map(|rows| judge(&rows, &read(&fs::read_to_string(budget_path()).unwrap_or_default()))),
        ),
        ["--record"] => finish(count().and_then(|rows| {
            fs::write(budget_path(), recorded(&rows))?;
            Ok(ExitCode::SUCCESS)
        })),
        ["--misses"] => finish(print_misses()),
        _ => {
            eprintln!("usage: instructions [--record | --misses]");
            ExitCode::from(2)
        }
    }
}

/// Says what went wrong. Where there is no valgrind, nothing did unless it is required.
fn finish(done: io::Result<ExitCode>) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            eprintln!("skipped: valgrind is not on the PATH; apt-get install valgrind");
            let required = env::var("OTP_EXCHANGE_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
            if required { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(error) => {
            eprintln!("valgrind: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What is measured, in this order: each flow, then its floor.
fn flows() -> impl Iterator<Item = (Setting, Flow)> {
    Setting::ALL.into_iter().flat_map(|setting| Flow::of(setting).iter().map(move |&flow| (setting, flow)))
}

fn run_all(codes: usize) {
    for setting in Setting::ALL {
        let mut world = World::filled(setting, codes);
        for &flow in Flow::of(setting) {
            flow.time(&mut world, RUNS);
            flow.time_floor(&mut world, RUNS);
        }
    }
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
    for note in &notes {
        println!("{note}");
    }
    if over { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn count() -> io::Result<Vec<Row>> {
    under_valgrind(CODES, &[], |events| events.iter().take(1).sum())
}

/// Prints how many lines each flow fetches on a small store and on a large one.
fn print_misses() -> io::Result<ExitCode> {
    // Ir Dr Dw I1mr D1mr D1mw ILmr, and then what missed the last cache: DLmr DLmw.
    let misses = |codes| under_valgrind(codes, &CACHES, |events| events.iter().skip(7).sum());
    let (few, many) = (misses(CODES)?, misses(MANY_CODES)?);
    println!(
        "{:<40} {:>15} {:>15} {:>13}",
        "lines fetched from beyond 1 MiB, at", CODES, MANY_CODES, "grown"
    );
    for (few, many) in few.iter().zip(&many) {
        let pair = |row: &Row| format!("{:>7.1} {:>7.1}", row.flow, row.floor);
        let (flow, floor) = (many.flow - few.flow, many.floor - few.floor);
        println!("{:<40} {} {} {flow:>6.1} {floor:>6.1}", few.name, pair(few), pair(many));
    }
    println!("of each pair, the flow first and then its floor");
    Ok(ExitCode::SUCCESS)
}

/// Runs this program under valgrind, which writes a file for each time it leaves the function measured.
fn under_valgrind(codes: usize, beside: &[&str], figure: impl Fn(&[u64]) -> u64) -> io::Result<Vec<Row>> {
    let folder = env::temp_dir().join(format!("otp-exchange-instructions-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let counted = run_under_valgrind(&folder, codes, beside).and_then(|()| totals(&folder));
    fs::remove_dir_all(&folder)?;
    let counted = counted?;
    let rows: Vec<_> = flows().collect();
    if counted.len() != 2 * rows.len() {
        let said = format!("{} measurements of {}; is the program stripped?", counted.len(), 2 * rows.len());
        return Err(io::Error::other(said));
    }
    #[allow(clippy::cast_precision_loss)] // some millions
    let each = |events: &[u64]| figure(events) as f64 / RUNS as f64;
    let row = |((setting, flow), pair): ((Setting, Flow), &[Vec<u64>])| Row {
        name: format!("{}, {}", setting.name(), flow.name()),
        flow: each(&pair[0]),
        floor: each(&pair[1]),
    };
    Ok(rows.into_iter().zip(counted.chunks(2)).map(row).collect())
}

fn run_under_valgrind(folder: &Path, codes: usize, beside: &[&str]) -> io::Result<()> {
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .args(ORDERS)
        .args(beside)
        .arg(format!("--callgrind-out-file={}", folder.join("counted").display()))
        .arg(env::current_exe()?)
        .args([INSIDE, &codes.to_string()])
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// The totals of all files but the last, which is of what was left at the end.
fn totals(folder: &Path) -> io::Result<Vec<Vec<u64>>> {
    let mut totals = Vec::new();
    for number in 1.. {
        let Ok(text) = fs::read_to_string(folder.join(format!("counted.{number}"))) else { break };
        let line = text.lines().find_map(|line| line.strip_prefix("totals: "));
        let numbers = line.map(|line| line.split_whitespace().filter_map(|word| word.parse().ok()).collect());
        totals.push(
            numbers
                .filter(|numbers: &Vec<u64>| !numbers.is_empty())
                .ok_or_else(|| io::Error::other("callgrind writes files of another form"))?,
        );
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
