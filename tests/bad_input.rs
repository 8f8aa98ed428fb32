//! Bad input at any entry is a typed error that names what is wrong with it; nothing is charged, stored or
//! sent.

mod common;

use std::time::Duration;

use common::{House, NAMING, SEALING, ada, block_on, keyring, names, recipient, seconds};
use otp_exchange::{
    BuildError, ContextError, EmailError, ExchangeError, Exchanger, Grant, KeyError, Keyring, Kind,
    MAX_CODE_LIFETIME, MAX_TOKEN_LIFETIME, MalformedCode, MemoryStore, Otp, OtpError, Outbox, PhoneError,
    Policy, PolicyError, Principal, Purpose, PurposeError, Recipient, RecipientError, Request, RequestError,
    SendError, Submission, SubmissionError, TemplateError,
};

/// Characters that end a line or hide something.
const CONTROLS: [&str; 7] = ["\0", "\n", "\r", "\r\n", "\t", "\u{7f}", "\u{85}"];

fn day() -> Duration {
    seconds(24 * 3600)
}

#[test]
fn a_format_names_its_length_or_template() {
    for length in [0, 21, 100, 255] {
        names(Otp::new(Kind::Numeric, length), &OtpError::Length { length }, "length");
        let data = format!(r#"{{"type": "NUMERIC", "length": {length}}}"#);
        let error = serde_json::from_str::<Otp>(&data).unwrap_err().to_string();
        assert!(error.contains("length"), "{error}");
    }
    for data in [
        r#"{"length": -1}"#,
        r#"{"length": 256}"#,
        r#"{"length": 6.5}"#,
        r#"{"length": "6"}"#,
        r#"{"type": "numeric"}"#,
        r#"{"type": "HEX"}"#,
        r#"{"type": 1}"#,
        r#"{"template": "no place"}"#,
        r#"{"template": "{{CODE}}{{CODE}}"}"#,
        r#"{"template": 5}"#,
        "[]",
        "6",
    ] {
        assert!(serde_json::from_str::<Otp>(data).is_err(), "{data}");
    }
    assert_eq!(serde_json::from_str::<Otp>("{}").unwrap(), Otp::default());
    for (text, error) in bad_templates() {
        names(Otp::default().template(&text), &OtpError::Template(error), "template");
        let data = serde_json::json!({ "template": text }).to_string();
        let error = serde_json::from_str::<Otp>(&data).unwrap_err().to_string();
        assert!(error.contains("template"), "{error}");
    }
    for length in [1, 20] {
        assert!(Otp::new(Kind::Alpha, length).is_ok());
    }
}

fn bad_templates() -> Vec<(String, TemplateError)> {
    let mut cases = vec![
        (String::new(), TemplateError::NoPlace),
        ("no place".to_owned(), TemplateError::NoPlace),
        ("{{ CODE }}".to_owned(), TemplateError::NoPlace),
        ("{{code}}".to_owned(), TemplateError::NoPlace),
        ("{{CODE}} {{CODE}}".to_owned(), TemplateError::TwoPlaces),
        ("{{CODE}}{{CODE}}{{CODE}}".to_owned(), TemplateError::TwoPlaces),
        ("{{NAME}} {{CODE}}".to_owned(), TemplateError::UnknownVariable),
        ("{{CODE}} {{".to_owned(), TemplateError::UnknownVariable),
        (format!("{{{{CODE}}}}{}", "x".repeat(473)), TemplateError::TooLong { bytes: 481 }),
    ];
    cases
        .extend(CONTROLS.map(|control| (format!("a{control}{{{{CODE}}}}"), TemplateError::ControlCharacter)));
    cases
}

#[test]
fn a_recipient_names_its_part() {
    let email = |error| RecipientError::Email(error);
    let phone = |error| RecipientError::Phone(error);
    let cases = [
        ("", RecipientError::Empty, "empty"),
        ("+", phone(PhoneError::Length), "number"),
        ("hello", phone(PhoneError::Character), "number"),
        ("+0123456789", phone(PhoneError::LeadingZero), "number"),
        ("1234567890123456", phone(PhoneError::Length), "number"),
        ("@", email(EmailError::Local), "local part"),
        ("ada@", email(EmailError::Domain), "domain"),
        ("ada@bücher.example", email(EmailError::DomainNotAscii), "domain"),
        ("ada\u{ff20}@example.org", email(EmailError::Local), "local part"),
    ];
    for (address, error, part) in cases {
        names(Recipient::parse(address), &error, part);
    }
    for control in CONTROLS {
        for address in [format!("a{control}b@example.org"), format!("ada@example.org{control}")] {
            names(Recipient::parse(&address), &email(EmailError::ControlCharacter), "control character");
        }
        names(Recipient::parse(&format!("+3241234567{control}")), &phone(PhoneError::Character), "number");
    }
}

#[test]
fn a_purpose_is_named() {
    let long = "p".repeat(65);
    for bad in ["", " ", "two words", "zahlung-für", "a\0", "a\n", long.as_str()] {
        names(Purpose::parse(bad), &PurposeError, "purpose");
        assert!(serde_json::from_value::<Purpose>(bad.into()).is_err());
    }
    assert!(Purpose::parse(&long[..64]).is_ok());
}

#[test]
fn a_keyring_names_its_key_or_namespace() {
    for bytes in [0, 1, 31] {
        let short = &NAMING[..bytes];
        names(Keyring::new(short, &SEALING), &KeyError::Short { bytes }, "key");
        names(Keyring::new(&NAMING, short), &KeyError::Short { bytes }, "key");
        names(keyring().open_only(short), &KeyError::Short { bytes }, "key");
    }
    names(Keyring::new(&NAMING, &NAMING), &KeyError::Repeated, "key");
    for repeated in [&NAMING, &SEALING] {
        names(keyring().open_only(repeated), &KeyError::Repeated, "key");
    }
    names(keyring().open_only(&[7; 32]).unwrap().open_only(&[7; 32]), &KeyError::Repeated, "key");
    for control in CONTROLS {
        names(keyring().namespace(&format!("a{control}")), &KeyError::Namespace, "namespace");
    }
    names(keyring().namespace(&"n".repeat(65)), &KeyError::Namespace, "namespace");
    assert!(keyring().namespace(&"n".repeat(64)).is_ok());
}

#[test]
fn a_policy_names_its_number() {
    let standard = Policy::default;
    let millisecond = Duration::from_millis(1);
    let spans = [
        ("code_lifetime", standard().code_lifetime(Duration::ZERO)),
        ("code_lifetime", standard().code_lifetime(Duration::from_millis(999))),
        ("code_lifetime", standard().code_lifetime(MAX_CODE_LIFETIME + millisecond)),
        ("code_lifetime", standard().code_lifetime(Duration::MAX)),
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
    let build = |policy| {
        Exchanger::builder(MemoryStore::new(1), Outbox::new(), keyring()).policy(policy).build().map(|_| ())
    };
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

/// Every wrong request, its error, and the field that error names.
fn bad_requests() -> Vec<(Request, RequestError, &'static str)> {
    let ada = ada();
    let login = || Request::login(&ada);
    let grant = |grant: Grant| login().grant(grant);
    let mut cases = vec![
        (Request::new("", &ada), PurposeError.into(), "purpose"),
        (Request::new("two words", &ada), PurposeError.into(), "purpose"),
        (
            login().otp(Otp::new(Kind::Numeric, 4).unwrap()),
            RequestError::FormatNotAllowed { kind: Kind::Numeric, length: 4 },
            "otp",
        ),
        (
            login().otp(Otp::new(Kind::Alpha, 6).unwrap()),
            RequestError::FormatNotAllowed { kind: Kind::Alpha, length: 6 },
            "otp",
        ),
        (
            login().otp(Otp::new(Kind::Numeric, 20).unwrap()),
            RequestError::FormatNotAllowed { kind: Kind::Numeric, length: 20 },
            "otp",
        ),
        (login().lifetime(Duration::ZERO), RequestError::Lifetime { given: Duration::ZERO }, "lifetime"),
        (
            login().lifetime(Duration::from_millis(999)),
            RequestError::Lifetime { given: Duration::from_millis(999) },
            "lifetime",
        ),
        (
            login().lifetime(7 * day() + Duration::from_nanos(1)),
            RequestError::Lifetime { given: 7 * day() + Duration::from_nanos(1) },
            "lifetime",
        ),
        (login().lifetime(Duration::MAX), RequestError::Lifetime { given: Duration::MAX }, "lifetime"),
        (login().attempts(0), RequestError::Attempts { given: 0 }, "attempts"),
        (login().attempts(101), RequestError::Attempts { given: 101 }, "attempts"),
        (login().attempts(255), RequestError::Attempts { given: 255 }, "attempts"),
        (login().bind("a", "1").bind("a", "1"), ContextError::Repeated.into(), "bound context"),
        (login().bind("", "1"), ContextError::NoName.into(), "bound context"),
        (login().bind("a", "x".repeat(512)), ContextError::TooLong { bytes: 513 }.into(), "bound context"),
        (grant(Grant::for_subject("")), RequestError::Subject, "subject"),
        (grant(Grant::for_subject("s".repeat(256))), RequestError::Subject, "subject"),
        (grant(Grant::new().token_lifetime(Duration::ZERO)), RequestError::TokenLifetime, "token lifetime"),
        (grant(Grant::new().token_lifetime(Duration::MAX)), RequestError::TokenLifetime, "token lifetime"),
        (
            grant(Grant::new().token_lifetime(Duration::from_millis(1500))),
            RequestError::TokenLifetime,
            "token lifetime",
        ),
        (
            grant(Grant::new().token_lifetime(30 * day() + seconds(1))),
            RequestError::TokenLifetime,
            "token lifetime",
        ),
        (grant(Grant::new().redirect_to("https://eve.example/")), RequestError::Redirect, "redirect"),
        (grant(Grant::new().redirect_to("https://app.example/../")), RequestError::Redirect, "redirect"),
        (grant(Grant::new().redirect_to("HTTPS://app.example/")), RequestError::Redirect, "redirect"),
        (grant(Grant::new().redirect_to("")), RequestError::Redirect, "redirect"),
        (grant(Grant::new().metadata("", "x")), RequestError::Metadata, "metadata"),
        (
            grant(Grant::new().metadata("x", "y".repeat(1020))),
            RequestError::GrantTooLarge { bytes: 1025 },
            "1025",
        ),
        (
            grant(Grant::new().scope("admin")).requested_by(Principal::new("till").scope("read")),
            RequestError::ScopeNotHeld,
            "scope",
        ),
    ];
    let many = (0..400).fold(Grant::new(), |grant, _| grant.scope("a"));
    cases.push((grant(many), RequestError::GrantTooLarge { bytes: 1200 }, "1200"));
    for scope in ["", "two words", "quo\"te", "back\\slash", "ümlaut"] {
        cases.push((grant(Grant::new().scope(scope)), RequestError::Scope, "scope"));
    }
    for locale in
        ["", "-", "fr-", "-fr", "fr--BE", "fr_BE", "fr BE", "français", "abcdefghi", "../../etc", "{{CODE}}"]
    {
        cases.push((login().locale(locale), RequestError::Locale, "locale"));
    }
    cases.push((login().locale("abcdefg-".repeat(5) + "a"), RequestError::Locale, "locale"));
    for (text, error) in bad_templates() {
        cases.push((login().template(text), error.into(), "template"));
    }
    for control in CONTROLS {
        let text = format!("a{control}b");
        let context = ContextError::ControlCharacter;
        cases.extend([
            (Request::new(&text, &ada), PurposeError.into(), "purpose"),
            (login().locale(&text), RequestError::Locale, "locale"),
            (login().bind(&text, "x"), context.into(), "bound context"),
            (login().bind("x", &text), context.into(), "bound context"),
            (grant(Grant::for_subject(&text)), RequestError::Subject, "subject"),
            (grant(Grant::new().scope(&text)), RequestError::Scope, "scope"),
            (grant(Grant::new().redirect_to(&text)), RequestError::Redirect, "redirect"),
            (grant(Grant::new().metadata(&text, "x")), RequestError::Metadata, "metadata"),
            (grant(Grant::new().metadata("x", &text)), RequestError::Metadata, "metadata"),
        ]);
    }
    cases
}

#[test]
fn a_request_names_its_field_and_nothing_is_stored_or_sent() {
    let house = House::with(Policy::default().allow_redirect("https://app.example/"));
    for (request, expected, field) in bad_requests() {
        for issue_only in [false, true] {
            let request = request.clone();
            let shown = format!("{request:?}");
            let answer = if issue_only {
                block_on(house.otp.issue(request))
            } else {
                block_on(house.otp.send(request))
            };
            match answer {
                Err(SendError::Request(error)) => {
                    assert_eq!(error, expected, "{shown}");
                    assert!(error.to_string().contains(field), "{error} does not name {field}");
                }
                other => panic!("{shown}: {other:?}, not {expected:?}"),
            }
        }
    }
    assert_eq!((house.calls(), house.outbox.total()), ((0, 0), 0));
    // The same fields at the edge of what is right.
    let edges = Request::new("p".repeat(64), &ada())
        .lifetime(MAX_CODE_LIFETIME)
        .attempts(100)
        .locale("abcdefgh-12345678-abcdefgh-12345678")
        .template(format!("{{{{CODE}}}}{}", "x".repeat(472)))
        .bind("a", "x".repeat(511))
        .grant(
            Grant::for_subject("s".repeat(255))
                .token_lifetime(MAX_TOKEN_LIFETIME)
                .redirect_to("https://app.example/")
                .metadata("x", "y".repeat(1024 - 257 - 22 - 2 - 3)),
        );
    block_on(house.otp.send(edges)).unwrap();
}

#[test]
fn a_submission_names_its_field_and_nothing_is_charged() {
    let house = House::new();
    let ada = ada();
    let sent = block_on(house.otp.send(Request::login(&ada))).unwrap();
    let code = house.code(&ada);
    let before = house.calls();
    let right = || Submission::by_id(&sent.otp_id, &code);
    let long = "p".repeat(65);
    let mut cases = vec![
        (right(), SubmissionError::NoPurpose, "purpose"),
        (right().purpose(""), PurposeError.into(), "purpose"),
        (right().purpose(&long), PurposeError.into(), "purpose"),
        (right().login().purpose("two words"), PurposeError.into(), "purpose"),
        (right().login().bind("a", "1").bind("a", "2"), ContextError::Repeated.into(), "bound context"),
        (right().login().bind("", "1"), ContextError::NoName.into(), "bound context"),
        (
            right().login().bind("a", "x".repeat(512)),
            ContextError::TooLong { bytes: 513 }.into(),
            "bound context",
        ),
    ];
    for control in CONTROLS {
        let (text, context) = (format!("a{control}"), ContextError::ControlCharacter);
        cases.push((right().purpose(&text), PurposeError.into(), "purpose"));
        cases.push((right().login().bind(&text, "x"), context.into(), "bound context"));
        cases.push((right().login().bind("x", &text), context.into(), "bound context"));
    }
    for (submission, expected, field) in cases {
        for error in [
            block_on(house.otp.verify(submission.clone())).err(),
            block_on(house.otp.exchange(submission)).err(),
        ] {
            match error {
                Some(ExchangeError::Submission(error)) => {
                    assert_eq!(error, expected);
                    assert!(error.to_string().contains(field), "{error} does not name {field}");
                }
                other => panic!("{other:?}, not {expected:?}"),
            }
        }
    }
    for (typed, expected) in [
        ("", MalformedCode::Empty),
        ("12345", MalformedCode::Length),
        ("1234567", MalformedCode::Length),
        ("12345O", MalformedCode::Character),
        ("12345\0", MalformedCode::Character),
        ("١٢٣٤٥٦", MalformedCode::NotAscii),
    ] {
        let error = block_on(house.otp.verify(Submission::by_id(&sent.otp_id, typed).login())).unwrap_err();
        assert!(matches!(error, ExchangeError::NotACode(found) if found == expected), "{typed:?}: {error:?}");
        assert!(error.to_string().contains("code"), "{error}");
    }
    assert_eq!(house.calls(), before, "the store was not asked");
    assert!(block_on(house.otp.verify(right().login())).is_ok());
}

#[test]
fn a_purpose_that_was_never_asked_for_is_refused_without_a_charge() {
    let house = House::new();
    let (ada, bob) = (ada(), recipient("bob@example.org"));
    let sent = block_on(house.otp.send(Request::login(&ada))).unwrap();
    let code = house.code(&ada);
    let swaps = house.store.swaps();
    for submission in [
        Submission::by_id(&sent.otp_id, &code).purpose("refund"),
        Submission::by_id(&sent.otp_id, &code).register(),
        Submission::by_recipient(&ada, &code).login(),
        Submission::by_recipient(&bob, &code).login(),
    ] {
        let answer = block_on(house.otp.verify(submission));
        assert!(matches!(answer, Err(ExchangeError::Refused(_))), "{answer:?}");
    }
    assert_eq!(house.store.swaps(), swaps);
    assert!(block_on(house.otp.verify(Submission::by_id(&sent.otp_id, &code).login())).is_ok());
}
