//! Catalogues as files: what the documentation shows is read, and what is misspelled is not.

use super::*;
use otp_exchange::{Field, Recipient};

/// The example in the documentation of [`Catalogue`].
fn documented() -> String {
    let source = include_str!("../../../src/message/catalogue.rs");
    let (_, rest) = source.split_once("/// ```toml\n").unwrap();
    let (lines, _) = rest.split_once("/// ```\n").unwrap();
    let text = |line: &'static str| line.trim_start_matches("///").trim_start_matches(' ');
    lines.lines().flat_map(|line| [text(line), "\n"]).collect()
}

#[test]
fn the_documented_file_is_a_catalogue() {
    let toml = documented();
    let texts: Catalogue = toml::from_str(&toml).unwrap();
    let shown = |to: &str, locale| {
        texts.preview(&Recipient::parse(to).unwrap(), &Purpose::LOGIN, locale, &[]).unwrap()
    };
    let (sms, email) = (shown("+32470123456", None), shown("ada@example.org", Some("nl-BE")));
    let zeros = "0".repeat(14);
    assert_eq!(sms.language, "nl", "the default");
    assert_eq!(sms.text, format!("{zeros} is uw code van ACME.\n\nFA+9qCX9VSu\n@app.example #{zeros}"));
    assert_eq!(email.subject.as_deref(), Some("Uw code"));
    assert!(
        email.text.starts_with(&format!("Uw code: {zeros}\nOf open https://app.example/code#otp_id=")),
        "{}",
        email.text
    );
    assert_eq!(shown("+32470123456", Some("fr")).language, "fr", "ready texts stand in");

    // The same file with one slip in it.
    for (right, slip, said) in [
        ("most_segments = 3", "most_segments = 1", "at most 1 allowed"),
        ("most_segments", "max_segments", "max_segments"),
        ("website =", "host =", "host"),
        ("[[wording]]", "[[wordings]]", "wordings"),
        ("subject =", "title =", "title"),
        ("{{CODE}} is", "{{Code}} is", "sms in nl: template: has no {{CODE}}"),
        ("locale = \"nl\"\nsms", "locale = \"n l\"\nsms", "\"n l\" is no locale"),
        ("\"nl\"\nlink", "\"xx\"\nlink", "xx, the default"),
        ("https://", "http://", "link must be"),
    ] {
        assert_eq!(toml.matches(right).count(), 1, "{right}");
        let error = toml::from_str::<Catalogue>(&toml.replace(right, slip)).expect_err(slip).to_string();
        assert!(error.contains(said), "{error} does not say {said}");
    }
}

#[test]
fn what_is_unknown_or_of_another_kind_is_refused_everywhere() {
    let read = |json: &str| serde_json::from_str::<CatalogueBuilder>(json).map(|_| ());
    for good in [
        "{}",
        r#"{"wording": [], "longest": {}, "autofill": {}}"#,
        r#"{"longest": {"code": 6, "minutes": 10, "values": {"payee": "ACME"}}}"#,
        r#"{"ready_texts": false, "transliterate": true, "most_segments": 1, "application": "A", "link": "l", "default_locale": "d"}"#,
        r#"{"autofill": {"website": "w", "embedded": "e", "android_app": "a"}}"#,
        r#"{"wording": [{"locale": "l", "purpose": "p", "sms": "s", "subject": "u", "text": "t", "html": "h"}]}"#,
    ] {
        read(good).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    for bad in [
        r#"{"Application": "A"}"#,
        r#"{"words": []}"#,
        r#"{"longest": {"codes": 6}}"#,
        r#"{"longest": {"code": 256}}"#,
        r#"{"longest": {"minutes": -1}}"#,
        r#"{"autofill": {"site": "a"}}"#,
        r#"{"autofill": "app.example"}"#,
        r#"{"wording": [{"locale": "l", "body": "s"}]}"#,
        r#"{"wording": [{"sms": "{{CODE}}"}]}"#,
        r#"{"wording": {"locale": "l"}}"#,
        r#"{"most_segments": -1}"#,
        r#"{"most_segments": "3"}"#,
        r#"{"ready_texts": "no"}"#,
        "[]x",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_builder_survives_being_written_down() {
    let whole = || {
        Catalogue::builder()
            .application("ACME “é”")
            .default_locale("nl-BE")
            .link("https://app.example/code")
            .autofill(Autofill::website("app.example").embedded("pay.example").android_app("FA+9qCX9VSu"))
            .transliterate(true)
            .most_segments(9)
            .longest(Longest::default().code(8).minutes(15).value("payee", "Müller & Söhne"))
            .wording(Wording::new("nl").purpose("login").sms("{{CODE}}\n“{{APP}}”"))
            .wording(Wording::new("nl").email("Code", "{{CODE}}\n{{LINK}}").html("<p>\t{{CODE}}</p>"))
    };
    for builder in [
        Catalogue::builder(),
        whole(),
        whole().ready_texts(false).wording(Wording::new("nl").sms("{{CODE}}")),
    ] {
        let json = serde_json::to_string(&builder).unwrap();
        let again: CatalogueBuilder = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), json);
        let toml: CatalogueBuilder = toml::from_str(&toml::to_string(&builder).unwrap()).unwrap();
        assert_eq!(serde_json::to_string(&toml).unwrap(), json);
        let [first, second, third] = [
            builder.build(),
            again.build(),
            serde_json::from_str::<Catalogue>(&json).map_err(|_| CatalogueError::Link),
        ]
        .map(Result::unwrap);
        for other in [second, third] {
            assert_eq!(other.lint(), first.lint());
            for to in ["+32470123456", "ada@example.org"] {
                for locale in [None, Some("nl"), Some("fr"), Some("zh-TW")] {
                    for bound in [&[][..], &[Field::Amount, Field::Payee]] {
                        let recipient = Recipient::parse(to).unwrap();
                        let shown =
                            |texts: &Catalogue| texts.preview(&recipient, &Purpose::LOGIN, locale, bound);
                        assert_eq!(shown(&other), shown(&first));
                        assert!(shown(&first).is_some());
                    }
                }
            }
        }
    }
}
