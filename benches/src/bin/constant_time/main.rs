//! Whether time tells what is secret: how long it takes to compare codes, to refuse submissions and tokens, for
//! two classes of input that differ in something nobody may learn. As in dudect, the classes come in random
//! order, their input is made before the clock is read, and Welch's t-test judges all times and 100 crops of
//! them, means and spreads. Ends with 1 if a promised comparison has |t| of 5 or more, or if a planted leak has
//! less.
//!
//! What is timed is one call of the public API, from its beginning to its answer, on a store, a clock and a
//! generator that are the same every time. Only the bare comparison of codes is timed 64 at once.
//!
//! That a code is right is told by the answer, so time may tell it too, from the write on that uses the code up.
//! What time may not tell is how wrong a code is, nor of a code that is refused for another reason (a decoy's,
//! or one with another context) that it would have been right. So right and wrong codes are compared there, and
//! bare; what a right code takes in a flow of its own is shown and not judged, as is all else that is no promise.

mod flows;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use otp_exchange::{Kind, Otp};
use otp_exchange_benches::{Compared, compare};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use subtle::ConstantTimeEq;

use flows::Flows;

/// How many times are taken of both classes together, unless the command line says another number.
const SAMPLES: usize = 1_000_000;

/// How many comparisons of codes are timed at once: one is shorter than reading the clock.
const AT_ONCE: u64 = 64;

/// The planted delays, in multiplications of three or four cycles. The longest has to be found.
const DELAYS: [u64; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

/// What a comparison has to show.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Promise {
    /// That the classes cannot be told apart.
    Alike,
    /// That they can: the leak is planted.
    Planted,
    /// Nothing; the classes may differ.
    None,
}

/// Prints a table, and remembers whether anything was not as promised.
struct Table {
    samples: usize,
    missed: bool,
}

impl Table {
    /// Times both classes and prints what came of it. `input` makes the input of a class, `timed` says how many
    /// nanoseconds it took, for as many repetitions as `at_once`.
    fn row<T>(
        &mut self,
        (promise, name): (Promise, &str),
        at_once: u64,
        mut input: impl FnMut(usize) -> T,
        mut timed: impl FnMut(T) -> u64,
    ) -> Compared {
        // Seeded: the order need not be secret, only have nothing to do with anything else.
        let mut order = StdRng::seed_from_u64(1);
        let classes: Vec<usize> = (0..self.samples).map(|_| order.random_range(0..2)).collect();
        for &class in classes.iter().take(self.samples / 100) {
            black_box(timed(input(class))); // to warm up
        }
        let mut times = [Vec::with_capacity(self.samples), Vec::with_capacity(self.samples)];
        for class in classes {
            times[class].push(timed(input(class)));
        }
        let [these, those] = times;
        let compared = compare(these, those);

        let missed = match promise {
            Promise::Alike => compared.differ(),
            Promise::Planted => !compared.differ(),
            Promise::None => false,
        };
        self.missed |= missed;
        let kind = match promise {
            Promise::Alike => "alike",
            Promise::Planted => "planted",
            Promise::None => "no promise",
        };
        #[allow(clippy::cast_precision_loss)] // 1 or 64, and nanoseconds
        let (at_once, median) = (at_once as f64, compared.median as f64);
        let (by, error) = compared.difference;
        let told = format!("{:>8.1} {:>9.3} ± {:<7.3}", median / at_once, by / at_once, error / at_once);
        let ts = format!("{:>9.2} {:>9.2} {:>9.2}", compared.all, compared.cropped, compared.squared);
        println!("{name:<58} {kind:<10} {told} {ts}{}", if missed { "  missed" } else { "" });
        compared
    }
}

fn main() -> ExitCode {
    let samples = std::env::args().nth(1).map_or(Some(SAMPLES), |number| number.parse().ok());
    let Some(samples) = samples.filter(|samples| *samples >= 10_000) else {
        eprintln!("constant_time [samples], at least 10,000");
        return ExitCode::FAILURE;
    };
    let mut table = Table { samples, missed: false };
    println!(
        "{samples} times of two classes in random order; nanoseconds: median, and by how much the second class"
    );
    println!("takes longer in its fastest half, with the standard error; t: all, crops, squares");
    println!(
        "{:<58} {:<10} {:>8} {:>19} {:>9} {:>9} {:>9}",
        "classes", "", "ns", "second longer by", "t", "crops", "squares"
    );
    codes(&mut table);
    let flows = Flows::new();
    flows.promised(&mut table);
    flows.planted(&mut table);
    flows.not_promised(&mut table);
    let found = DELAYS.into_iter().find_map(|delay| flows.delayed(&mut table, delay));
    match found {
        Some(nanoseconds) => println!("the least planted delay that was found: {nanoseconds:.1} ns"),
        None => table.missed = true,
    }
    println!("{}", if table.missed { "missed" } else { "as promised, and every planted leak was found" });
    if table.missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Codes against codes.
fn codes(table: &mut Table) {
    for length in [6_u8, 20] {
        let otp = Otp::new(Kind::Numeric, length).expect("1 to 20");
        let read = |text: &str| otp.parse(text).expect("digits");
        let text = "12345678901234567890"[..length.into()].to_owned();
        let right = read(&text);
        let [first, last] = [0, usize::from(length) - 1].map(|place| wrong_at(&text, place));
        let pairs = [
            ("right, wrong everywhere", [text.clone(), "0".repeat(length.into())]),
            ("wrong in the first place, in the last", [first, last]),
        ];
        for (what, texts) in pairs {
            let input = |class: usize| read(&texts[class]);
            let name = format!("{length} digits: {what}");
            table.row((Promise::Alike, &name), AT_ONCE, input, |typed| {
                repeated(|| right.ct_eq(&typed).into())
            });
            if what.starts_with("wrong") {
                let name = format!("{name}, early exit");
                table.row((Promise::Planted, &name), AT_ONCE, input, |typed| {
                    repeated(|| early_exit(right.expose(), typed.expose()))
                });
            }
        }
    }
}

/// The planted leak: says no at the first character that differs.
#[inline(never)]
fn early_exit(right: &str, typed: &str) -> bool {
    right.bytes().zip(typed.bytes()).all(|(right, typed)| right == typed)
}

/// The text with another digit in that place.
fn wrong_at(text: &str, place: usize) -> String {
    let wrong = |(at, digit)| match (at == place, digit) {
        (false, digit) => digit,
        (true, '9') => '0',
        (true, _) => '9',
    };
    text.chars().enumerate().map(wrong).collect()
}

#[allow(clippy::disallowed_methods)] // measures spans; decides nothing
fn repeated(mut compare: impl FnMut() -> bool) -> u64 {
    let start = Instant::now();
    for _ in 0..AT_ONCE {
        black_box(black_box(&mut compare)());
    }
    since(start)
}

fn since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
