//! Whatever a policy is read from, as TOML, as JSON or made up field by field: no panic; and what is accepted
//! keeps its promises, and a code sent under it is right once.
//!
//! ```text
//! cargo +nightly fuzz run policy
//! ```
#![no_main]

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    AtLimit, BuildError, Catalogue, ExchangeError, Exchanger, Keyring, MemoryStore, Outbox, Policy,
    PolicyError, Principal, Purpose, Recipient, Request, Submission, Timestamp,
};
use std::sync::LazyLock;
use toml::{Table, Value};

/// Texts that have everything a template may ask for.
static TEXTS: LazyLock<Catalogue> = LazyLock::new(|| {
    let named = Catalogue::builder().application("ACME").link("https://app.example/code");
    named.build().expect("the ready texts, named")
});

const BOUND: [(&str, &str); 5] =
    [("amount", "12.50 EUR"), ("payee", "p"), ("device", "d"), ("session", "s"), ("tenant", "t")];

fuzz_target!(|data: &[u8]| {
    if let Some(data) = data.strip_prefix(&[0]) {
        let given = made(&mut Unstructured::new(data)).unwrap_or_default();
        if let Ok(policy) = given.clone().try_into::<Policy>() {
            keeps_its_promises(policy, &given);
        }
    } else if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(policy) = toml::from_str::<Policy>(text) {
            keeps_its_promises(policy, &toml::from_str(text).expect("it was TOML just now"));
        }
        if let Ok(policy) = serde_json::from_str::<Policy>(text) {
            // What JSON has and TOML has not, a null say, leaves nothing to compare with.
            keeps_its_promises(policy, &serde_json::from_str(text).unwrap_or_default());
        }
    }
});

fn keeps_its_promises(policy: Policy, given: &Table) {
    assert_eq!(policy.check(), Ok(()), "it is checked on reading");
    let (numbers, deviations, lockouts) = (policy.numbers(), policy.deviations(), policy.lockouts());
    serde_json::to_string(&(&numbers, &deviations)).expect("both are data");
    let names = |what: &str| lockouts.iter().any(|lockout| lockout.starts_with(what));
    assert_eq!(names("failure_limit"), numbers.at_failure_limit != AtLimit::LongerCodes);

    // One code fits into the accepted risk, and so does the day. Codes of 64 bits cost nothing of it: 100
    // attempts at one in each millisecond of a day are less than 10^-9.
    let codes = (numbers.kind.alphabet().len() as f64).powi(i32::from(numbers.length));
    let (one, accepted) = (f64::from(numbers.attempts) / codes, numbers.accepted_risk.probability());
    assert!(accepted > 0.0 && accepted <= 1.0);
    assert!(one <= accepted * (1.0 + 1e-9) || codes >= 2f64.powi(64), "{numbers:?}");
    let day = policy.takeover_probability_per_day();
    assert!((0.0..=1.0).contains(&day));
    let alone = deviations.iter().any(|deviation| deviation.breaks.contains("nothing but themselves"));
    assert!(alone || day <= accepted.max(1e-9), "{day:e} > {accepted:e}");

    for sends in [0, 1, 1_000_000, u64::MAX] {
        let expected = policy.expected_takeovers(sends);
        assert!(expected.is_finite() && expected >= sends as f64 * one * (1.0 - 1e-9), "{sends}: {expected}");
    }
    let accepted_takeovers = given.get("accept_takeovers").map(number);
    if let Some(most) = accepted_takeovers {
        let expected = policy.expected_takeovers_per_day().expect("there is a quota, or it is refused");
        assert!(expected <= most, "{expected:e} > {most:e}");
    }
    works_once(policy);
}

fn works_once(policy: Policy) {
    let keyring = Keyring::new(&[1; 32], &[2; 32]).expect("two keys");
    let clock = ManualClock::at(Timestamp::from_unix_millis(1_700_000_000_000));
    let builder =
        Exchanger::builder(MemoryStore::with_clock(10, clock.clone()), Outbox::new(), keyring).clock(clock);
    let otp = match builder.catalogue(TEXTS.clone()).policy(policy).build() {
        Ok(otp) => otp,
        // Only now is there a catalogue to hold it against.
        Err(BuildError::Policy(PolicyError::NotShown { .. })) => return,
        Err(error) => panic!("{error}"),
    };
    // By email for confirming: what every policy allows. A principal may ask for the longest life.
    let ada = Recipient::parse("ada@otp.example").expect("an address");
    let request = Request::new(Purpose::CONFIRM, &ada).requested_by(Principal::new("clerk"));
    let request = BOUND.into_iter().fold(request, |request, (field, value)| request.bind(field, value));
    pollster::block_on(async {
        let sent = otp.send(request).await.expect("the first one");
        let submission = || {
            let typed = Submission::by_id(&sent.otp_id, sent.expose().code).purpose(Purpose::CONFIRM);
            BOUND.into_iter().fold(typed, |typed, (field, value)| typed.bind(field, value))
        };
        let proof = otp.verify(submission()).await.expect("the right code");
        assert_eq!(proof.recipient(), &ada);
        let again = otp.verify(submission()).await;
        assert!(matches!(again, Err(ExchangeError::Refused(_))), "{again:?}");
    });
}

/// As serde reads it into a float.
fn number(value: &Value) -> f64 {
    value.as_float().or(value.as_integer().map(|whole| whole as f64)).expect("it was a number just now")
}

type Make = fn(&mut Unstructured<'_>) -> Result<Value>;

const FIELDS: [(&str, Make); 32] = [
    ("preset", |data| Ok(data.choose(&["nist", "psd2", "nomado", "passage", "slingr"]).copied()?.into())),
    ("otp", |data| table(data, &[("type", kind), ("length", integer), ("template", template)])),
    ("allow", |data| {
        list(data, |data| table(data, &[("type", kind), ("shortest", integer), ("longest", integer)]))
    }),
    ("code_lifetime_seconds", integer),
    ("longest_lifetime_seconds", integer),
    ("attempts", integer),
    ("accept_risk", float),
    ("accept_takeovers", float),
    ("longer_codes", boolean),
    ("failure_limit", integer),
    ("at_failure_limit", |data| table(data, &[("BLOCK", integer)])),
    ("at_failure_limit", |data| Ok(data.choose(&["LONGER_CODES", "DISABLE", "BLOCK"]).copied()?.into())),
    ("send_spacing_seconds", integer),
    ("client_sends", quota),
    ("client_checks", quota),
    ("dial_code_sends", quota),
    ("service_sends", quota),
    ("allow_dial_codes", texts),
    ("deny_dial_codes", texts),
    ("email_signs_in", boolean),
    ("by_recipient", boolean),
    ("code_alone", |data| {
        table(data, &[("guesses_per_second", integer), ("live_codes", integer), ("margin_bits", integer)])
    }),
    ("code_alone", boolean),
    ("require", |data| list(data, |data| Ok(data.choose(&BOUND)?.0.into()))),
    ("sign_up", boolean),
    ("test_recipient", |data| {
        list(data, |data| table(data, &[("recipient", text), ("code", text), ("until", text)]))
    }),
    ("access_lifetime_seconds", integer),
    ("refresh_idle_seconds", integer),
    ("session_lifetime_seconds", integer),
    ("refresh_grace_seconds", integer),
    ("allow_redirect", texts),
    ("client_checks", boolean),
];

/// A few fields, nearly all of the kind that belongs there.
fn made(data: &mut Unstructured<'_>) -> Result<Table> {
    let mut given = Table::new();
    while !data.is_empty() && given.len() < 10 {
        let (name, make) = *data.choose(&FIELDS)?;
        let other = data.ratio(1, 50)?;
        let value = if other { data.choose(&FIELDS)?.1(data)? } else { make(data)? };
        given.insert(name.to_owned(), value);
    }
    Ok(given)
}

fn integer(data: &mut Unstructured<'_>) -> Result<Value> {
    const EDGES: [i64; 14] =
        [-1, 0, 1, 20, 60, 100, 300, 600, 900, 86_400, 604_800, 2_592_000, i64::MAX, i64::MIN];
    Ok(match data.int_in_range(0..=2)? {
        0 => *data.choose(&EDGES)?,
        1 => data.arbitrary::<u8>()?.into(),
        _ => data.arbitrary()?,
    }
    .into())
}

fn float(data: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match data.int_in_range(0..=2)? {
        0 => 10f64.powi(-data.int_in_range(0..=20)?),
        1 => *data.choose(&[0.0, -0.0, 1.0, 2.0, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE])?,
        _ => data.arbitrary()?,
    }
    .into())
}

fn boolean(data: &mut Unstructured<'_>) -> Result<Value> {
    Ok(data.arbitrary::<bool>()?.into())
}

fn kind(data: &mut Unstructured<'_>) -> Result<Value> {
    Ok(data.choose(&["NUMERIC", "ALPHA", "ALPHANUMERIC", "UNAMBIGUOUS"]).copied()?.into())
}

fn template(data: &mut Unstructured<'_>) -> Result<Value> {
    let texts =
        ["{{CODE}}", "{{APP}}: {{CODE}} {{LINK}}", "{{AMOUNT}} {{PAYEE}} {{CODE}} {{DEVICE}}", "{{MINUTES}}"];
    Ok(data.choose(&texts).copied()?.into())
}

fn text(data: &mut Unstructured<'_>) -> Result<Value> {
    let texts = [
        "+32",
        "1 876",
        "+32412345678",
        "ada@otp.example",
        "123456",
        "2030-01-01T00:00:00Z",
        "https://app.example/",
    ];
    Ok(if data.ratio(1, 4)? { data.arbitrary::<&str>()? } else { *data.choose(&texts)? }.into())
}

fn texts(data: &mut Unstructured<'_>) -> Result<Value> {
    list(data, text)
}

fn quota(data: &mut Unstructured<'_>) -> Result<Value> {
    table(data, &[("count", integer), ("window_seconds", integer)])
}

fn list(data: &mut Unstructured<'_>, make: Make) -> Result<Value> {
    let length = data.int_in_range(0..=3)?;
    (0..length).map(|_| make(data)).collect::<Result<Vec<_>>>().map(Value::Array)
}

/// With a field now and then left out.
fn table(data: &mut Unstructured<'_>, fields: &[(&str, Make)]) -> Result<Value> {
    let mut made = Table::new();
    for (name, make) in fields {
        if data.ratio(9, 10)? {
            made.insert((*name).to_owned(), make(data)?);
        }
    }
    Ok(made.into())
}
