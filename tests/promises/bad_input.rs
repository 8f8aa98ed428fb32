//! Bad input at any entry is a typed error that names what is wrong with it; nothing is charged, stored or
//! sent. Requests are in `bad_request`,
//! policies in `bad_policy`.

use crate::common::{
    CONTROLS, House, MISLEADING, NAMING, SEALING, ada, bad_templates, block_on, client, keyring, names,
    recipient, start,
};
use otp_exchange::{
    ContextError, DialCode, DialCodeError, EmailError, ExchangeError, KeyError, Keyring, Kind, MalformedCode,
    Otp, OtpError, PhoneError, Purpose, PurposeError, Recipient, RecipientError, Request, Submission,
    SubmissionError, TestRecipient,
};

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
fn a_dial_code_is_named_and_so_is_a_code_that_is_known_beforehand() {
    for (code, error) in [
        ("", DialCodeError::Length),
        ("+", DialCodeError::Length),
        ("32412345", DialCodeError::Length),
        ("0032", DialCodeError::LeadingZero),
        ("35", DialCodeError::Incomplete),
        ("32\n", DialCodeError::Character),
        ("３２", DialCodeError::Character),
    ] {
        names(DialCode::parse(code), &error, "dial code");
    }
    for (code, error) in [
        ("", MalformedCode::Empty),
        (" - ", MalformedCode::Empty),
        ("12345\0", MalformedCode::Character),
        ("１２３４５６", MalformedCode::NotAscii),
        (&"1".repeat(21), MalformedCode::Length),
    ] {
        names(TestRecipient::new(ada(), code, start()), &error, "code");
    }
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
        (right().login().bind("amount", "much"), ContextError::Amount.into(), "amount"),
        (right().login().bind("device", ""), ContextError::NoValue.into(), "device"),
        (
            (0..17).fold(right().login(), |right, number| right.bind(format!("f{number}"), "x")),
            ContextError::TooMany { fields: 17 }.into(),
            "17 fields",
        ),
        (Submission::by_code(&code).login(), SubmissionError::NoClient, "client()"),
        // Whatever else is wrong with a code alone, it is not held against anything.
        (Submission::by_code(&code).client(client(0)), SubmissionError::NoPurpose, "purpose"),
    ];
    for misleading in MISLEADING {
        let context = ContextError::ControlCharacter;
        cases.push((right().login().bind("x", misleading), context.into(), "bound context"));
    }
    for control in CONTROLS {
        let (text, context) = (format!("a{control}"), ContextError::ControlCharacter);
        cases.push((right().purpose(&text), PurposeError.into(), "purpose"));
        cases.push((right().login().bind(text.as_str(), "x"), context.into(), "bound context"));
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
