//! Whether codes of every kind and length are fair: drawn from the system's generator, from a seeded one, and by
//! the flows, codes made longer by the policy included. So many are drawn that a single character which comes up
//! 1 % too often at a single place of a single length is found. Ends with 1 if codes are not fair, or if planted
//! faults are not found; fair codes fail once in a million runs.

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use otp_exchange::{
    EntropyError, Exchanger, Keyring, Kind, MAX_CODE_LENGTH, Otp, Policy, Recipient, Request, Submission,
};
use otp_exchange_benches::{
    Biased, Fault, Nowhere, PValues, Slot, Stopped, characters_to_find_remainder, examine, run,
};
use rand::rngs::{StdRng, SysRng};
use rand::{SeedableRng, TryCryptoRng, TryRng};

/// How many codes are drawn of each format for each character of its alphabet but one. A character that comes up
/// 1 % too often adds 150 to the chi-square of its place.
const CODES: u32 = 1_500_000;

/// How many codes of each format are made by a flow.
const BY_FLOWS: u32 = 1_000_000;

/// Where planted faults are put.
const LENGTH: u8 = 6;

/// The system's generator, asked for much at a time: a call costs more than the bytes.
struct Buffered {
    bytes: Vec<u8>,
    used: usize,
}

impl Buffered {
    fn new() -> Self {
        Self { bytes: vec![0; 1 << 16], used: 1 << 16 }
    }
}

impl TryRng for Buffered {
    type Error = EntropyError;

    fn try_fill_bytes(&mut self, wanted: &mut [u8]) -> Result<(), EntropyError> {
        if self.bytes.len() - self.used < wanted.len() {
            SysRng.try_fill_bytes(&mut self.bytes).map_err(EntropyError::new)?;
            self.used = 0;
        }
        wanted.copy_from_slice(&self.bytes[self.used..self.used + wanted.len()]);
        self.used += wanted.len();
        Ok(())
    }

    fn try_next_u32(&mut self) -> Result<u32, EntropyError> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, EntropyError> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }
}

impl TryCryptoRng for Buffered {}

/// Prints what was found; whether it is as it should be.
fn told(what: &str, tests: &PValues, fair: bool) -> bool {
    let judged = tests.judge();
    let as_it_should = judged.fails() != fair;
    println!(
        "{what:<44} {:>6} {:>9.1e} {:>9.1e}  {}{}",
        judged.tests,
        judged.least.p,
        judged.spread,
        judged.least.name,
        if as_it_should { "" } else { "  missed" }
    );
    as_it_should
}

fn main() -> ExitCode {
    let codes = std::env::args().nth(1).map_or(Some(CODES), |number| number.parse().ok());
    let Some(codes) = codes.filter(|codes| (10_000..=100_000_000).contains(codes)) else {
        eprintln!("statistics [codes of each format for each character], 10,000 to 100,000,000");
        return ExitCode::FAILURE;
    };
    println!(
        "{codes} codes of each format for each character but one; p: of the most remarkable test, for as many"
    );
    println!("tests as there are, and of the spread of all that are independent; either fails below 5e-7");
    println!("{:<44} {:>6} {:>9} {:>9}  most remarkable", "codes", "tests", "p", "p spread");
    // Two at a time.
    let [by_system, by_seed] = thread::scope(|scope| {
        let system = scope.spawn(|| Kind::ALL.map(|kind| drawn(kind, codes, Buffered::new())));
        let seeded = Kind::ALL.map(|kind| drawn(kind, codes, StdRng::seed_from_u64(1)));
        [system.join().expect("as the other one"), seeded]
    });
    let mut good = true;
    let mut all = PValues::default();
    for (generator, found) in [("the system's generator", by_system), ("a seeded generator", by_seed)] {
        for (kind, tests) in Kind::ALL.into_iter().zip(found) {
            good &= told(&format!("{kind:?}, 1 to 20, {generator}"), &tests, true);
            all.extend(tests);
        }
    }
    for kind in Kind::ALL {
        for lengthened in [false, true] {
            let (length, tests) = by_flows(kind, lengthened);
            let made = if lengthened { "issued, made longer" } else { "issued" };
            good &= told(&format!("{kind:?}, {length}, {made}"), &tests, true);
            all.extend(tests);
        }
    }
    good &= told("all of them", &all, true);
    println!(
        "\nplanted in codes of {LENGTH}, which has to be found (the small ones only in {CODES} codes or more)"
    );
    for kind in Kind::ALL {
        for fault in Fault::ALL
            .into_iter()
            .filter(|fault| fault.applies(kind) && (codes >= CODES || !fault.is_small()))
        {
            let mut biased = Biased::new(fault, 2);
            let draw = |otp: &Otp, code: &mut [u8]| biased.draw(otp.kind(), code);
            let tests = examine(kind, LENGTH..=LENGTH, times(codes, kind), draw);
            good &= told(&format!("{kind:?}, {fault:?}"), &tests, false);
        }
    }
    println!("\nremainders that are not fair, and about how many characters it takes to find that");
    for bits in [8, 12, 16, 32] {
        for kind in Kind::ALL {
            let symbols = u32::try_from(kind.alphabet().len()).expect("at most 36");
            let needed = characters_to_find_remainder(bits, symbols);
            println!("{bits:>2} bits % {symbols}: {needed:.1e}");
        }
    }
    println!("{}", if good { "fair, and every planted fault was found" } else { "missed" });
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// So many for each character but one.
fn times(codes: u32, kind: Kind) -> u32 {
    let symbols = u32::try_from(kind.alphabet().len()).expect("at most 36");
    codes.saturating_mul(symbols - 1)
}

/// Codes of every length from that generator.
fn drawn(kind: Kind, codes: u32, mut generator: impl TryCryptoRng) -> PValues {
    examine(kind, 1..=MAX_CODE_LENGTH, times(codes, kind), |otp, code| {
        let drawn = otp.generate(&mut generator).expect("the generator works");
        code.copy_from_slice(drawn.expose().as_bytes());
    })
}

/// Codes as `issue` makes them, of six characters or, after a hundred failures, of 64 bits; and how long they are.
fn by_flows(kind: Kind, lengthened: bool) -> (u8, PValues) {
    let store = Arc::new(Slot::default());
    let keyring = Keyring::new(&[1; 32], &[2; 32]).expect("two keys");
    let policy = Policy::default().otp(Otp::new(kind, LENGTH).expect("1 to 20")).send_spacing(Duration::ZERO);
    let otp = Exchanger::builder(Arc::clone(&store), Nowhere, keyring)
        .policy(policy)
        .clock(Stopped)
        .entropy(Mutex::new(StdRng::seed_from_u64(3)))
        .build()
        .expect("in range");
    let ada = Recipient::parse("ada@example.org").expect("an address");
    let issue = || run(otp.issue(Request::login(&ada))).expect("nothing is spaced");
    let mut issued = issue();
    while lengthened && issued.length == LENGTH {
        let right = issued.expose().code.bytes().next();
        let wrong = kind
            .alphabet()
            .chars()
            .find(|other| right.map(char::from) != Some(*other))
            .expect("more than one");
        let wrong = wrong.to_string().repeat(LENGTH.into());
        for _ in 0..issued.attempts {
            assert!(run(otp.verify(Submission::by_id(&issued.otp_id, &wrong).login())).is_err(), "wrong");
        }
        issued = issue();
    }
    // Whatever is issued from now on is issued to the same state.
    store.freeze(true);
    let length = issued.length;
    let tests = examine(kind, length..=length, BY_FLOWS, |_, code| {
        code.copy_from_slice(issue().expose().code.as_bytes());
    });
    (length, tests)
}
