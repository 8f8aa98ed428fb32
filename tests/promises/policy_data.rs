//! A policy read from data is the one its setters make, checked as that is, and no error repeats a code.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::common::{recipient, seconds};
use otp_exchange::{
    AtLimit, CodeAlone, DialCode, Kind, MAX_CODE_LIFETIME, Otp, Policy, Quota, TestRecipient, Timestamp,
};
use serde::Deserialize as _;

fn toml(text: &str) -> Result<Policy, String> {
    toml::from_str(text).map_err(|error| error.to_string())
}

fn otp(kind: Kind, length: u8) -> Otp {
    Otp::new(kind, length).unwrap()
}

fn dial_codes<const N: usize>(codes: [&str; N]) -> [DialCode; N] {
    codes.map(|code| DialCode::parse(code).unwrap())
}

/// A setter, the data that does the same, and what both come to.
fn pairs() -> Vec<(&'static str, &'static str, Policy)> {
    let it = Policy::default;
    let minute = |count| Quota::new(count, seconds(60));
    let until = Timestamp::from_unix_millis(1_800_000_000_000);
    let test = |address, code| TestRecipient::new(recipient(address), code, until).unwrap();
    let eight = otp(Kind::Numeric, 8).template("{{CODE}} is it").unwrap();
    let alone = CodeAlone { live_codes: 1_000, ..CodeAlone::default() };
    let long = || it().otp(otp(Kind::Alpha, 20));
    let [one, two] = dial_codes(["32", "1876"]);
    vec![
        ("otp", "otp = { length = 8, template = '{{CODE}} is it' }", it().otp(eight)),
        (
            "allow",
            "allow = [{ type = 'ALPHA', shortest = 6, longest = 9 }, { type = 'NUMERIC', shortest = 7, longest = 7 }]",
            it().allow(Kind::Alpha, 6, 9).allow(Kind::Numeric, 7, 7),
        ),
        ("code_lifetime", "code_lifetime_seconds = 61", it().code_lifetime(seconds(61))),
        ("longest_lifetime", "longest_lifetime_seconds = 604800", it().longest_lifetime(MAX_CODE_LIFETIME)),
        ("attempts", "attempts = 7", it().attempts(7)),
        ("accept_risk", "accept_risk = 2e-4", it().accept_risk(2e-4)),
        (
            "accept_takeovers",
            "accept_takeovers = 0.75\nservice_sends = { count = 100, window_seconds = 60 }",
            it().accept_takeovers(0.75).service_sends(minute(100)),
        ),
        ("longer_codes", "longer_codes = false", it().longer_codes(false)),
        ("failure_limit", "failure_limit = 9", it().failure_limit(9, AtLimit::LongerCodes)),
        (
            "failure_limit",
            "failure_limit = 9\nat_failure_limit = { BLOCK = 60 }",
            it().failure_limit(9, AtLimit::Block(seconds(60))),
        ),
        ("failure_limit", "at_failure_limit = 'DISABLE'", it().failure_limit(100, AtLimit::Disable)),
        (
            "failure_limit",
            "preset = 'psd2'\nat_failure_limit = 'LONGER_CODES'",
            Policy::psd2().failure_limit(5, AtLimit::LongerCodes),
        ),
        ("send_spacing", "send_spacing_seconds = 0", it().send_spacing(Duration::ZERO)),
        ("client_sends", "client_sends = { count = 1, window_seconds = 60 }", it().client_sends(minute(1))),
        ("client_sends", "client_sends = false", it().client_sends(None)),
        (
            "client_checks",
            "client_checks = { count = 2, window_seconds = 60 }",
            it().client_checks(minute(2)),
        ),
        ("client_checks", "client_checks = false", it().client_checks(None)),
        (
            "dial_code_sends",
            "dial_code_sends = { count = 3, window_seconds = 60 }",
            it().dial_code_sends(minute(3)),
        ),
        (
            "service_sends",
            "service_sends = { count = 4, window_seconds = 60 }",
            it().service_sends(minute(4)),
        ),
        (
            "allow_dial_codes",
            "allow_dial_codes = ['+32', '1 876']",
            it().allow_dial_codes([one.clone(), two.clone()]),
        ),
        ("deny_dial_codes", "deny_dial_codes = ['1876', '32']", it().deny_dial_codes([two, one])),
        ("email_signs_in", "email_signs_in = false", it().email_signs_in(false)),
        ("by_recipient", "by_recipient = false", it().by_recipient(false)),
        (
            "code_alone",
            "otp = { type = 'ALPHA', length = 20 }\ncode_alone = {}",
            long().code_alone(CodeAlone::default()),
        ),
        (
            "code_alone",
            "otp = { type = 'ALPHA', length = 20 }\ncode_alone = { live_codes = 1000 }",
            long().code_alone(alone),
        ),
        ("code_alone", "preset = 'slingr'\ncode_alone = false", Policy::slingr().code_alone(None)),
        ("require", "require = ['amount', 'payee']", it().require("amount").require("payee")),
        ("sign_up", "sign_up = false", it().sign_up(false)),
        (
            "test_recipient",
            "[[test_recipient]]\nrecipient = 'ada@example.org'\ncode = '123 456'\nuntil = '2027-01-15T08:00:00Z'\n\
             [[test_recipient]]\nrecipient = '+32412345678'\ncode = '654321'\nuntil = '2027-01-15T09:00:00+01:00'",
            it().test_recipient(test("ada@example.org", "123456"))
                .test_recipient(test("+32412345678", "654321")),
        ),
        ("access_lifetime", "access_lifetime_seconds = 1", it().access_lifetime(seconds(1))),
        ("refresh_idle", "refresh_idle_seconds = 2", it().refresh_idle(seconds(2))),
        ("session_lifetime", "session_lifetime_seconds = 3", it().session_lifetime(seconds(3))),
        ("refresh_grace", "refresh_grace_seconds = 4", it().refresh_grace(seconds(4))),
        (
            "allow_redirect",
            "allow_redirect = ['https://app.example/', 'http://localhost:3000/']",
            it().allow_redirect("https://app.example/").allow_redirect("http://localhost:3000/"),
        ),
    ]
}

#[test]
fn a_field_does_what_its_setter_does() {
    for (setter, text, policy) in pairs() {
        assert_eq!(toml(text).as_ref(), Ok(&policy), "{setter}");
        assert_ne!(policy, Policy::default(), "{setter}: both could have done nothing");
        // And the same as JSON, which has integers where TOML has dates, and a null.
        let value = toml::Table::deserialize(toml::Deserializer::parse(text).unwrap()).unwrap();
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), policy, "{setter}");
    }
}

/// The public functions of `src/policy/mod.rs` that make one policy of another.
fn setters(source: &str) -> BTreeSet<&str> {
    let signatures = source.split("\n    pub fn ").skip(1);
    let setters = signatures.filter(|rest| rest.split('{').next().unwrap().contains("-> Self"));
    setters.map(|rest| rest.split('(').next().unwrap()).collect()
}

#[test]
fn every_setter_has_a_field_and_every_field_a_setter() {
    let setters = setters(include_str!("../../src/policy/mod.rs"));
    let tried: BTreeSet<_> = pairs().into_iter().map(|(setter, ..)| setter).collect();
    assert_eq!(setters, tried, "add the field to src/policy/data.rs, and its pair to this test");
    // Serde lists the fields there are.
    let error = toml("no_such_field = 1").unwrap_err();
    let listed = error.split_once("expected one of ").unwrap().1;
    let fields: BTreeSet<_> =
        listed.split('`').skip(1).step_by(2).map(|name| name.trim_end_matches("_seconds")).collect();
    let expected: BTreeSet<_> = setters.into_iter().chain(["preset", "at_failure_limit"]).collect();
    assert_eq!(fields, expected);
}

#[test]
fn a_setter_without_a_field_is_found() {
    let source = include_str!("../../src/policy/mod.rs");
    let setter = "\n    pub fn new_knob(self, it: u8) -> Self {\n";
    let more = source.replacen("impl Policy {", &format!("impl Policy {{{setter}"), 1);
    assert_eq!(setters(&more).difference(&setters(source)).collect::<Vec<_>>(), [&"new_knob"]);
}

#[test]
fn a_preset_alone_is_that_preset_and_lists_are_added_to_it() {
    let presets = [
        ("nist", Policy::nist()),
        ("psd2", Policy::psd2()),
        ("nomado", Policy::nomado()),
        ("passage", Policy::passage()),
        ("slingr", Policy::slingr()),
    ];
    assert_eq!(toml("").unwrap(), Policy::default());
    for (name, policy) in presets {
        assert_eq!(toml(&format!("preset = '{name}'")).unwrap(), policy, "{name}");
        // The failure limit as the policy's own numbers show it.
        let shown = serde_json::to_value(policy.numbers()).unwrap();
        let again = serde_json::json!({ "preset": name, "at_failure_limit": shown["at_failure_limit"] });
        assert_eq!(serde_json::from_value::<Policy>(again).unwrap(), policy, "{name}");
    }
    let more = "preset = 'nomado'\nallow = [{ type = 'UNAMBIGUOUS', shortest = 8, longest = 8 }]";
    assert_eq!(toml(more).unwrap(), Policy::nomado().allow(Kind::Unambiguous, 8, 8));
    let more = "preset = 'psd2'\nrequire = ['device']\notp = { template = '{{AMOUNT}} {{PAYEE}} {{DEVICE}} {{CODE}}' }";
    let shown = Otp::default().template("{{AMOUNT}} {{PAYEE}} {{DEVICE}} {{CODE}}").unwrap();
    assert_eq!(toml(more).unwrap(), Policy::psd2().otp(shown).require("device"));
}

#[test]
fn the_page_shows_a_policy_that_can_be_read() {
    let page = include_str!("../../docs/policies.md");
    let text = page.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    let policy = Policy::passage()
        .otp(otp(Kind::Numeric, 8))
        .code_lifetime(seconds(180))
        .accept_takeovers(0.001)
        .service_sends(Quota::new(100, seconds(900)))
        .client_checks(Quota::new(50, seconds(900)))
        .failure_limit(50, AtLimit::LongerCodes)
        .allow_dial_codes(dial_codes(["31", "32", "352"]))
        .allow_redirect("https://app.example/");
    assert_eq!(toml(text), Ok(policy));
}

#[test]
fn what_no_exchanger_could_work_by_is_refused_on_reading() {
    for (text, said) in [
        ("attempts = 0", "policy: attempts must be from 1 to 100"),
        ("attempts = 256", "expected u8"),
        ("code_lifetime_seconds = 0", "policy: code_lifetime is 0ns; must be from 1s to 600s"),
        ("code_lifetime_seconds = 601", "code_lifetime"),
        ("code_lifetime_seconds = -1", "code_lifetime_seconds"),
        ("code_lifetime_seconds = 1.5", "code_lifetime_seconds"),
        ("code_lifetime = 300", "unknown field `code_lifetime`"),
        ("longest_lifetime_seconds = 18446744073709551615", "longest_lifetime is 18446744073709551615s"),
        ("session_lifetime_seconds = 18446744073709551616", "session_lifetime_seconds"),
        ("refresh_grace_seconds = 301", "refresh_grace"),
        ("at_failure_limit = { BLOCK = 18446744073709551615 }", "failure_limit is 18446744073709551615s"),
        ("at_failure_limit = { BLOCK = -1 }", "BLOCK"),
        ("at_failure_limit = 'BLOCK'", "at_failure_limit"),
        ("at_failure_limit = 'NOTHING'", "expected one of `LONGER_CODES`, `BLOCK`, `DISABLE`"),
        ("failure_limit = 0", "failure_limit must be"),
        ("accept_risk = 0", "accept_risk needs a probability"),
        ("accept_risk = nan", "accept_risk needs a probability"),
        ("accept_risk = -inf", "accept_risk needs a probability"),
        ("accept_risk = inf", "accept_risk needs a probability"),
        ("accept_risk = 1e4", "accept_risk needs a probability"),
        ("accept_risk = 4e-6", "accept_risk"),
        ("accept_takeovers = 1.0", "needs service_sends"),
        ("accept_takeovers = nan\nservice_sends = { count = 1, window_seconds = 1 }", "a spray takes over"),
        ("otp = { length = 4 }", "a code of 4 Numeric characters and 5 attempts"),
        ("otp = { length = 0 }", "otp: length 0"),
        ("otp = { template = 'none' }", "template"),
        ("otp = { type = 'numeric' }", "expected one of `NUMERIC`"),
        ("allow = [{ type = 'NUMERIC', shortest = 9, longest = 8 }]", "allow needs lengths"),
        ("allow = [{ type = 'NUMERIC', shortest = 8 }]", "longest"),
        ("client_sends = { count = 0, window_seconds = 60 }", "client_sends needs a count"),
        ("client_sends = { count = -1, window_seconds = 60 }", "client_sends"),
        (
            "client_checks = { count = 1, window_seconds = 18446744073709551615 }",
            "client_checks needs a count",
        ),
        ("dial_code_sends = { count = 1, seconds = 60 }", "expected `count` or `window_seconds`"),
        ("service_sends = true", "expected a table, or false for none"),
        ("service_sends = 5", "expected a table, or false for none"),
        ("allow_dial_codes = ['+35']", "policy: allow_dial_codes: dial code: ends inside"),
        ("deny_dial_codes = ['032']", "policy: deny_dial_codes: dial code: begins with 0"),
        ("code_alone = {}", "code_alone needs codes of"),
        ("code_alone = true", "expected a table, or false for none"),
        ("preset = 'slingr'\nclient_checks = false", "code_alone needs client_checks"),
        (
            "preset = 'slingr'\ncode_alone = { live_codes = 18446744073709551615 }",
            "code_alone needs codes of",
        ),
        ("preset = 'slingr'\ncode_alone = { bits = 1 }", "unknown field `bits`"),
        ("require = ['note']", "require asks for note"),
        ("allow_redirect = ['javascript:alert(1)']", "allow_redirect needs https"),
        ("preset = 'NIST'", "expected one of `nist`, `psd2`, `nomado`, `passage`, `slingr`"),
        ("preset = 'nomado'\naccept_risk = 1e-4", "a code of 4 Numeric characters and 3 attempts"),
    ] {
        let error = toml(text).expect_err(text);
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn no_error_repeats_the_code_or_the_address_of_a_test_recipient() {
    let [address, code, until] =
        ["recipient = 'tester@canary.example'", "code = '31415926'", "until = '2027-01-15T08:00:00Z'"];
    let broken = "each test_recipient needs recipient, code and until";
    for (fields, said) in [
        ([address, "code = 31415926", until], broken),
        ([address, "code = 31415926314159263141", until], broken), // more than 64 bits
        ([address, "code = 31415926.31415926", until], broken),
        ([address, "code = ['31415926']", until], broken),
        ([address, "kode = '31415926'", until], broken),
        ([address, "31415926 = '31415926'", until], broken),
        ([address, code, "until = 2027-01-15T08:00:00Z"], broken),
        ([address, code, "until = '31415926'"], broken),
        ([address, code, ""], broken),
        (["recipient = 31415926", code, until], broken),
        (["recipient = 'tester@canary.example '", code, until], "test_recipient: recipient: email"),
        (["recipient = '31415926x'", code, until], "test_recipient: recipient: no @ in it"),
        ([address, "code = '31415926!'", until], "test_recipient: code: a character"),
        ([address, "code = '31415926'", until], "no kind and length that the policy has"),
    ] {
        let fields = fields.into_iter().filter(|field| !field.is_empty()).collect::<Vec<_>>();
        for text in [
            format!("[[test_recipient]]\n{}", fields.join("\n")),
            format!("test_recipient = [{{ {} }}]", fields.join(", ")),
        ] {
            let error = toml(&text).expect_err(&text);
            assert!(error.contains(said), "{text}: {error}");
            assert!(!error.contains("31415926") && !error.contains("canary"), "{error}");
        }
    }
    for json in [
        r#"{"test_recipient": "tester@canary.example 31415926"}"#,
        r#"{"test_recipient": {"tester@canary.example": "31415926"}}"#,
        r#"{"test_recipient": [{"recipient": "tester@canary.example", "code": 31415926}]}"#,
        r#"{"test_recipient": [{"recipient": "tester@canary.example", "code": "31415926"}"#,
        r#"{"test_recipient": [{"recipient": "tester@canary.example", "code": 31415926x}]}"#,
        r#"{"test_recipient": null}"#,
    ] {
        let error = serde_json::from_str::<Policy>(json).unwrap_err();
        for shown in [error.to_string(), format!("{error:?}")] {
            assert!(!shown.contains("31415926") && !shown.contains("canary"), "{shown}");
        }
    }
    // Beside a mistake that is elsewhere, and in a policy that is right.
    let text = format!("attempts = 0\n[[test_recipient]]\n{address}\n{code}\n{until}");
    let error = toml::from_str::<Policy>(&text).unwrap_err();
    assert!(!format!("{error}{error:?}").contains("31415926"), "{error:?}");
    let right =
        toml(&format!("otp = {{ length = 8 }}\n[[test_recipient]]\n{address}\n{code}\n{until}")).unwrap();
    assert!(!format!("{right:?} {right:#?}").contains("31415926"));
}
