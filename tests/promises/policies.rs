//! The ready policies come to what their page says, keep the clauses they claim, and do what the services do
//! that they are named after.

mod services;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use crate::common::{keyring, memory};
use otp_exchange::{BuildError, CodeAlone, Exchanger, Kind, Otp, Outbox, Policy, PolicyError};
use serde_json::Value;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn presets() -> [(&'static str, Policy); 6] {
    [
        ("default", Policy::default()),
        ("nist", Policy::nist()),
        ("psd2", Policy::psd2()),
        ("nomado", Policy::nomado()),
        ("passage", Policy::passage()),
        ("slingr", Policy::slingr()),
    ]
}

/// Runs the example, which `cargo test` builds beside this test.
fn example(arguments: &[&str]) -> Output {
    let mut path = std::env::current_exe().unwrap();
    path.pop(); // the test's own name
    path.pop(); // deps
    path.extend(["examples", "policies"]);
    path.set_extension(std::env::consts::EXE_EXTENSION);
    assert!(path.exists(), "not built: run `cargo build --examples` or the whole `cargo test`");
    Command::new(path).args(arguments).output().unwrap()
}

fn printed(arguments: &[&str]) -> String {
    let output = example(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_example_prints_the_six_as_data() {
    let json: Vec<Value> = serde_json::from_str(&printed(&["--json"])).unwrap();
    let row = |one: &Value| {
        let number = |field: &str| one[field].as_u64().unwrap();
        (
            one["name"].as_str().unwrap().to_owned(),
            one["kind"].as_str().unwrap().to_owned(),
            [number("length"), number("code_lifetime_seconds"), number("token_lifetime_seconds")],
            number("attempts"),
            format!("{:.2e}", one["takeover_probability_per_day"].as_f64().unwrap()),
        )
    };
    let expected = [
        ("default", "NUMERIC", [6, 300, 600], 5, "1.00e-4"),
        ("nist", "NUMERIC", [6, 600, 600], 5, "1.00e-4"),
        ("psd2", "NUMERIC", [6, 300, 300], 5, "1.00e-4"),
        ("nomado", "ALPHANUMERIC", [4, 7_200, 600], 3, "1.00e-3"),
        ("passage", "NUMERIC", [6, 300, 600], 5, "1.00e-4"),
        ("slingr", "ALPHANUMERIC", [16, 86_400, 2_592_000], 5, "1.09e-11"),
    ];
    let expected = expected.map(|(name, kind, numbers, attempts, risk)| {
        (name.to_owned(), kind.to_owned(), numbers, attempts, risk.to_owned())
    });
    assert_eq!(json.iter().map(row).collect::<Vec<_>>(), expected);
    for (one, (name, policy)) in json.iter().zip(presets()) {
        assert_eq!(one["deviations"], serde_json::to_value(policy.deviations()).unwrap(), "{name}");
        assert_eq!(one["lockouts"], serde_json::to_value(policy.lockouts()).unwrap(), "{name}");
        for deviation in one["deviations"].as_array().unwrap() {
            let text = |field: &str| deviation[field].as_str().is_some_and(|text| !text.is_empty());
            assert!(["clause", "breaks", "mend"].into_iter().all(text), "{name}: {deviation}");
        }
    }
    assert_eq!(example(&["--yaml"]).status.code(), Some(2));
}

#[test]
fn the_page_shows_what_the_example_prints() {
    const BEGIN: &str = "<!-- what the example prints: begin -->\n";
    const END: &str = "<!-- what the example prints: end -->\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policies.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    let current = format!("\n{}\n", printed(&[]));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, [before, BEGIN, &current, END, after].concat()).unwrap();
        return;
    }
    assert!(
        shown == current,
        "docs/policies.md is out of date: run `cargo build --example policies` and `UPDATE=1 cargo test --test \
         promises policies::`, and look at what changed\n{current}"
    );
}

#[test]
fn each_breaks_these_clauses_and_no_others() {
    const EMAIL: [&str; 2] = ["NIST SP 800-63B-4 3.1.3.1", "OWASP ASVS 5.0 6.3.6 (level 3)"];
    const LENGTH: [&str; 2] = ["NIST SP 800-63B-4 3.1.3.2 (length)", "OWASP ASVS 5.0 6.5.4"];
    const LIFETIME: [&str; 2] = ["NIST SP 800-63B-4 3.1.3.2 (lifetime)", "OWASP ASVS 5.0 6.5.5"];
    const DISABLING: &str = "NIST SP 800-63B-4 3.2.2";
    const BOUND: &str = "OWASP ASVS 5.0 6.6.2";
    const GUESSING: &str = "OWASP ASVS 5.0 6.6.3";
    const REPLAY: &str = "OWASP ASVS 5.0 10.4.5";
    let expected: [(&str, &[&str]); 6] = [
        ("default", &[EMAIL[0], EMAIL[1], DISABLING, BOUND, REPLAY]),
        ("nist", &[]),
        ("psd2", &[EMAIL[0], EMAIL[1], DISABLING, REPLAY]),
        (
            "nomado",
            &[
                EMAIL[0],
                EMAIL[1],
                LENGTH[0],
                LENGTH[1],
                LIFETIME[0],
                LIFETIME[1],
                DISABLING,
                BOUND,
                GUESSING,
                REPLAY,
            ],
        ),
        ("passage", &[EMAIL[0], EMAIL[1], DISABLING, REPLAY]),
        ("slingr", &[EMAIL[0], EMAIL[1], LIFETIME[0], LIFETIME[1], BOUND, REPLAY]),
    ];
    for ((name, policy), (same_name, clauses)) in presets().into_iter().zip(expected) {
        assert_eq!(name, same_name);
        let found: Vec<_> = policy.deviations().into_iter().map(|one| one.clause).collect();
        assert_eq!(found, clauses, "{name}");
        let knobs: Vec<_> = policy.lockouts().into_iter().filter_map(|what| what.split(':').next()).collect();
        let expected: &[&str] = match name {
            "nist" | "psd2" => &["failure_limit"],
            "default" | "nomado" => &["by_recipient"],
            _ => &[],
        };
        assert_eq!(knobs, expected, "{name}");
    }
}

/// Why no exchanger works by that policy.
fn no_exchanger(policy: Policy) -> String {
    match Exchanger::builder(memory(), Outbox::new(), keyring()).policy(policy).build() {
        Err(error @ BuildError::Policy(PolicyError::AloneTooShort { .. } | PolicyError::Risk { .. })) => {
            error.to_string()
        }
        other => panic!("built, or refused for something else: {other:?}"),
    }
}

#[test]
fn twenty_digits_alone_are_too_easy_to_guess() {
    let twenty_digits = || Otp::new(Kind::Numeric, 20).unwrap();
    let day = Policy::slingr().longest_lifetime(DAY).otp(twenty_digits());
    for (policy, figures) in
        [(day, ["78.3 bits", "66.4"]), (Policy::slingr().otp(twenty_digits()), ["81.2 bits", "66.4"])]
    {
        let why = no_exchanger(policy);
        let knobs = ["code_alone", "otp", "longest_lifetime", "guesses_per_second", "live_codes"];
        assert!(figures.into_iter().chain(knobs).all(|part| why.contains(part)), "{why}");
    }
    let few = CodeAlone { guesses_per_second: 10, live_codes: 1_000, ..CodeAlone::default() };
    assert_eq!(Policy::slingr().otp(twenty_digits()).code_alone(few).check(), Ok(()), "61.2 bits");
}

#[test]
fn a_code_above_the_accepted_risk_is_refused_with_the_figures() {
    let four_digits = || Otp::new(Kind::Numeric, 4).unwrap();
    let policies = [
        (
            Policy::default().otp(four_digits()),
            "4 Numeric characters and 5 attempts is guessed with 5e-4",
            "1e-4",
        ),
        (
            Policy::default().allow(Kind::Alpha, 3, 8),
            "3 Alpha characters and 5 attempts is guessed with 2.84e-4",
            "1e-4",
        ),
        (
            Policy::default().accept_risk(4.9e-6),
            "6 Numeric characters and 5 attempts is guessed with 5e-6",
            "4.9e-6",
        ),
    ];
    for (policy, risk, accepted) in policies {
        let why = no_exchanger(policy);
        let accepted = format!("{accepted} is accepted");
        for part in [risk, &accepted, "otp", "allow", "attempts", "accept_risk"] {
            assert!(why.contains(part), "{part}: {why}");
        }
    }
    assert_eq!(Policy::default().otp(four_digits()).attempts(1).check(), Ok(()), "1e-4, to the last digit");
}
