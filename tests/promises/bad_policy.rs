//! A policy that cannot be worked by is refused when the exchanger is built, by an error that names the knob.

use std::time::Duration;

use crate::common::{CONTROLS, ada, keyring, names, recipient, seconds, start};
use otp_exchange::{
    AtLimit, BuildError, CodeAlone, Exchanger, Field, Kind, MAX_CODE_LIFETIME, MAX_TOKEN_LIFETIME,
    MemoryStore, Otp, Outbox, Policy, PolicyError, Quota, Risk, TestRecipient,
};

fn standard() -> Policy {
    Policy::default()
}

fn build(policy: Policy) -> Result<(), BuildError> {
    Exchanger::builder(MemoryStore::new(1), Outbox::new(), keyring()).policy(policy).build().map(|_| ())
}

fn digits(length: u8) -> Otp {
    Otp::new(Kind::Numeric, length).unwrap()
}

#[test]
fn a_policy_names_its_number() {
    let millisecond = Duration::from_millis(1);
    let spans = [
        ("code_lifetime", standard().code_lifetime(Duration::ZERO)),
        ("code_lifetime", standard().code_lifetime(Duration::from_millis(999))),
        ("code_lifetime", standard().code_lifetime(MAX_CODE_LIFETIME + millisecond)),
        ("code_lifetime", standard().code_lifetime(Duration::MAX)),
        ("code_lifetime", standard().code_lifetime(seconds(600) + millisecond)),
        ("code_lifetime", standard().longest_lifetime(seconds(299))),
        ("longest_lifetime", standard().longest_lifetime(Duration::ZERO)),
        ("longest_lifetime", standard().longest_lifetime(MAX_CODE_LIFETIME + millisecond)),
        ("longest_lifetime", standard().longest_lifetime(Duration::MAX)),
        ("failure_limit", standard().failure_limit(5, AtLimit::Block(Duration::ZERO))),
        ("failure_limit", standard().failure_limit(5, AtLimit::Block(seconds(900) + millisecond))),
        ("failure_limit", standard().failure_limit(5, AtLimit::Block(Duration::MAX))),
        ("send_spacing", standard().send_spacing(seconds(900) + millisecond)),
        ("send_spacing", standard().send_spacing(Duration::MAX)),
        ("access_lifetime", standard().access_lifetime(Duration::ZERO)),
        ("access_lifetime", standard().access_lifetime(MAX_TOKEN_LIFETIME + millisecond)),
        ("access_lifetime", standard().access_lifetime(Duration::MAX)),
        ("refresh_idle", standard().refresh_idle(Duration::ZERO)),
        ("refresh_idle", standard().refresh_idle(Duration::MAX)),
        ("session_lifetime", standard().session_lifetime(Duration::ZERO)),
        ("session_lifetime", standard().session_lifetime(Duration::MAX)),
        ("refresh_grace", standard().refresh_grace(seconds(300) + millisecond)),
        ("refresh_grace", standard().refresh_grace(Duration::MAX)),
    ];
    for (knob, policy) in spans {
        let error = build(policy).unwrap_err();
        let named =
            matches!(error, BuildError::Policy(PolicyError::Span { knob: named, .. }) if named == knob);
        assert!(named && error.to_string().contains(knob), "{error}");
    }
    for attempts in [0, 101, 255] {
        names(build(standard().attempts(attempts)), &PolicyError::Attempts.into(), "attempts");
    }
    for (shortest, longest) in [(0, 4), (4, 21), (5, 4), (0, 0), (255, 255)] {
        let policy = standard().allow(Kind::Alpha, shortest, longest);
        names(build(policy), &PolicyError::Format.into(), "allow");
    }
    for url in [
        "",
        "app.example",
        "javascript:alert(1)",
        "JaVaScRiPt:1",
        "data:text/html,x",
        "https://a b/",
        "https://bücher.example/",
    ] {
        names(build(standard().allow_redirect(url)), &PolicyError::Redirect.into(), "allow_redirect");
    }
    for control in CONTROLS {
        let policy = standard().allow_redirect(format!("https://app.example/{control}x"));
        names(build(policy), &PolicyError::Redirect.into(), "allow_redirect");
    }
}

#[test]
fn a_policy_names_its_limit() {
    for limit in [0, 101, 255] {
        for then in [AtLimit::LongerCodes, AtLimit::Disable, AtLimit::Block(seconds(60))] {
            let policy = standard().failure_limit(limit, then);
            names(build(policy), &PolicyError::FailureLimit.into(), "failure_limit must be from 1 to 100");
        }
    }
    let windows = [Duration::ZERO, Duration::from_millis(999), Duration::from_millis(1500), seconds(86_401)];
    let quotas = windows.map(|window| Quota::new(1, window)).into_iter();
    for quota in quotas.chain([Quota::new(0, seconds(60)), Quota::new(1, Duration::MAX)]) {
        let policies = [
            ("client_sends", standard().client_sends(quota)),
            ("client_checks", standard().client_checks(quota)),
            ("dial_code_sends", standard().dial_code_sends(quota)),
            ("service_sends", standard().service_sends(quota)),
        ];
        for (knob, policy) in policies {
            names(build(policy), &PolicyError::Quota { knob }.into(), knob);
        }
    }
    for (code, until) in [("1234", start()), ("1234567", start()), ("ABCDEF", start())] {
        let test = TestRecipient::new(ada(), code, until).unwrap();
        let policy = standard().test_recipient(test);
        names(build(policy), &PolicyError::TestRecipient.into(), "test_recipient");
    }
    // Each has a neighbour that is right.
    let test = TestRecipient::new(recipient("+32412345678"), "123456", start()).unwrap();
    let least = Quota::new(1, seconds(1));
    let most = Quota::new(u32::MAX, seconds(86_400));
    let edges = standard().client_sends(least).client_checks(most).dial_code_sends(most).service_sends(least);
    let edges = edges.failure_limit(1, AtLimit::Block(seconds(900))).test_recipient(test);
    assert_eq!(build(edges), Ok(()));
    let none = standard().client_sends(None).client_checks(None).failure_limit(100, AtLimit::Disable);
    assert_eq!(build(none), Ok(()));
}

#[test]
fn a_policy_whose_codes_are_too_easy_to_guess_names_them_and_both_figures() {
    for probability in [0.0, -1.0, f64::NAN, 1e-19, 1.01, 1e4, f64::INFINITY] {
        let policy = standard().accept_risk(probability);
        names(build(policy), &PolicyError::AcceptedRisk.into(), "accept_risk");
    }
    let too_easy = |length, attempts, risk, accepted| {
        let (risk, accepted) = (Risk::new(risk), Risk::new(accepted));
        PolicyError::Risk { kind: Kind::Numeric, length, attempts, risk, accepted }
    };
    let cases = [
        (standard().otp(digits(4)), too_easy(4, 5, 5e-4, 1e-4), "4 Numeric characters and 5 attempts"),
        (standard().otp(digits(4)), too_easy(4, 5, 5e-4, 1e-4), "guessed with 5e-4, and 1e-4 is accepted"),
        (standard().allow(Kind::Numeric, 5, 9).attempts(11), too_easy(5, 11, 1.1e-4, 1e-4), "lengthen it"),
        (standard().accept_risk(4e-6), too_easy(6, 5, 5e-6, 4e-6), "lower attempts, or accept_risk"),
    ];
    for (policy, error, field) in cases {
        names(build(policy), &error.into(), field);
    }
    assert_eq!(build(standard().otp(digits(4)).accept_risk(5e-4)), Ok(()), "just as much as is accepted");
    assert_eq!(build(standard().otp(digits(5)).attempts(10)), Ok(()));
    let hourly = Quota::new(1000, seconds(3600));
    let policy = |accepted| standard().service_sends(hourly).accept_takeovers(accepted);
    assert_eq!(build(policy(0.12)), Ok(()), "24,000 codes a day, five guesses at each");
    let more =
        |accepted: &str| PolicyError::Takeovers { expected: "1.20e-1".into(), accepted: accepted.into() };
    names(build(policy(0.1)), &more("1.00e-1").into(), "a spray takes over 1.20e-1 recipients a day");
    names(build(policy(f64::NAN)), &more("0.00e0").into(), "lower service_sends or attempts");
    let unlimited = standard().accept_takeovers(1.0);
    names(build(unlimited), &PolicyError::TakeoversUnlimited.into(), "needs service_sends");
    let missing = |field| PolicyError::NotShown { field };
    names(build(standard().require("amount")), &missing(Field::Amount).into(), "require");
    let shown = digits(6).template("{{PAYEE}}: {{CODE}}").unwrap();
    let policy = standard().otp(shown).require("payee");
    assert_eq!(build(policy.clone()), Ok(()));
    names(build(policy.require("amount")), &missing(Field::Amount).into(), "add its variable");
    // No template shows a field of one's own.
    names(build(standard().require("note")), &missing("note".into()).into(), "template");
}

#[test]
fn a_policy_with_codes_alone_needs_bits_and_a_limit_on_guesses() {
    let alone = |length| {
        let otp = Otp::new(Kind::Alphanumeric, length).unwrap();
        standard().otp(otp).longest_lifetime(MAX_CODE_LIFETIME).code_alone(CodeAlone::default())
    };
    assert_eq!(build(alone(16)), Ok(()));
    names(build(alone(16).client_checks(None)), &PolicyError::AloneUnlimited.into(), "client_checks");
    match build(alone(15)) {
        Err(BuildError::Policy(error @ PolicyError::AloneTooShort { .. })) => {
            let text = error.to_string();
            for part in ["code_alone", "needs codes of 81.2 bits", "otp has 77.5", "lengthen otp"] {
                assert!(text.contains(part), "{text}");
            }
        }
        other => panic!("{other:?}"),
    }
    // What shortens the odds enough is named there too.
    assert_eq!(build(alone(15).longest_lifetime(seconds(600)).code_lifetime(seconds(600))), Ok(()));
    for knobs in [
        CodeAlone { guesses_per_second: 10, ..CodeAlone::default() },
        CodeAlone { live_codes: 10_000, ..CodeAlone::default() },
        CodeAlone { margin_bits: 28, ..CodeAlone::default() },
    ] {
        assert_eq!(build(alone(15).code_alone(knobs)), Ok(()), "{knobs:?}");
    }
}
