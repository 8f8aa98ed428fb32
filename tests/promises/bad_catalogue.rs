//! A catalogue with a mistake in it is not built, and the error says which text it is in and what to do. What
//! is built never shows anything but its words and the values in their places.

mod data;
mod html;
mod random;

use otp_exchange::{
    Autofill, AutofillError, Catalogue, CatalogueBuilder, CatalogueError, ContextError, Encoding, Longest,
    Part, Purpose, TemplateError, Wording,
};

fn refused(builder: CatalogueBuilder) -> CatalogueError {
    let error = builder.build().expect_err("a mistake");
    let said = error.to_string();
    assert!(said.starts_with("catalogue: ") || matches!(error, CatalogueError::Autofill(_)), "{said}");
    assert!(!said.chars().any(char::is_control), "{said:?}");
    error
}

fn with(wording: Wording) -> CatalogueBuilder {
    Catalogue::builder().wording(wording)
}

fn purpose(name: &str) -> Purpose {
    Purpose::parse(name).unwrap()
}

/// All of these are in the error's text.
fn says(error: &CatalogueError, parts: &[&str]) {
    let said = error.to_string();
    for part in parts {
        assert!(said.contains(part), "{said} does not say {part}");
    }
}

#[test]
fn the_wording_with_a_mistake_is_named() {
    let bad =
        ["", "fr ", "fr-", "français", "fr\r\nBcc: eve@example.org", "toolongsubtag", &"fr-".repeat(4_000)];
    for locale in bad {
        let error = CatalogueError::Locale { locale: locale.to_owned() };
        assert_eq!(refused(with(Wording::new(locale).sms("{{CODE}}"))), error);
        assert_eq!(refused(Catalogue::builder().default_locale(locale)), error);
        says(&error, &[&format!("{locale:?}"), "BCP 47"]);
    }
    for name in ["", "log in", "login\n", "prüfen", &"p".repeat(65)] {
        let error = refused(with(Wording::new("fr-BE").purpose(name).sms("{{CODE}}")));
        assert_eq!(error, CatalogueError::Purpose { locale: "fr-BE".to_owned() });
        says(&error, &["fr-BE", "purpose", "printable ASCII"]);
    }
    assert!(with(Wording::new("fr-BE").purpose("p".repeat(64)).sms("{{CODE}}")).build().is_ok());
}

type Put = fn(Wording, &str) -> Wording;

#[test]
fn each_text_has_to_be_a_template_and_the_error_says_which_is_none() {
    let email = |wording: Wording| wording.email("Code", "{{CODE}}");
    let forms: [(Part, &str, Put, usize); 4] = [
        (Part::Sms, "sms", |wording, text| wording.sms(text), 2_000),
        (Part::Subject, "subject", |wording, text| wording.email(text, "{{CODE}}"), 480),
        (Part::Text, "text", |wording, text| wording.email("Code", text), 16 * 1024),
        (Part::Html, "html", |wording, text| wording.html(text), 64 * 1024),
    ];
    for (part, name, put, most) in forms {
        let long = |bytes: usize| format!("{{{{CODE}}}}{}", "x".repeat(bytes - 8));
        let longer = long(most + 1);
        let mut cases = vec![
            ("{{CODE}} {{CODE}}", TemplateError::TwoPlaces),
            ("{{CODE}} {{NAME}}", TemplateError::UnknownVariable),
            ("{{CODE}} {{amount}}", TemplateError::UnknownVariable),
            ("{{CODE}} {{", TemplateError::UnknownVariable),
            ("{{CODE}} {{ PAYEE }}", TemplateError::UnknownVariable),
            ("{{CODE}} \0", TemplateError::ControlCharacter),
            ("{{CODE}} \r", TemplateError::ControlCharacter),
            ("{{CODE}} \u{2028}", TemplateError::ControlCharacter),
            ("{{CODE}} \u{202e}", TemplateError::ControlCharacter),
            ("{{CODE}} {{APP}}", TemplateError::NoApplication),
            ("{{CODE}} {{LINK}}", TemplateError::NoLink),
            (&*longer, TemplateError::TooLong { bytes: most + 1, most }),
        ];
        match part {
            Part::Subject => cases.push(("a\n{{CODE}}", TemplateError::ControlCharacter)),
            _ => cases
                .extend(["", "{CODE}", "{{code}}", "no place"].map(|text| (text, TemplateError::NoPlace))),
        }
        match part {
            Part::Sms | Part::Subject => cases.push(("\t{{CODE}}", TemplateError::ControlCharacter)),
            Part::Html => {
                let places = ["<p {{CODE}}>", "<style>{{CODE}}</style>", "<!-- {{CODE}} -->"];
                cases.extend(places.map(|text| (text, TemplateError::WithinTag)));
                let unclear =
                    ["1\n2 < 3 {{CODE}}", "\n<script></script>{{CODE}}", "<p>\n<p class=\"x>{{CODE}}"];
                cases.extend(unclear.map(|text| (text, TemplateError::Html { line: 2 })));
            }
            _ => {}
        }
        for (text, source) in cases {
            for meant in [None, Some("login")] {
                let wording = email(Wording::new("fr_be"));
                let wording = meant.into_iter().fold(wording, Wording::purpose);
                let error = refused(with(put(wording, text)));
                let locale = "fr-be".to_owned();
                assert_eq!(
                    error,
                    CatalogueError::Template { locale, purpose: meant.map(purpose), part, source },
                    "{text}"
                );
                says(&error, &["fr-be", &format!("{name} in "), &source.to_string()]);
                assert_eq!(error.to_string().contains("for login"), meant.is_some());
            }
        }
        for text in [&*long(most), "{{CODE}}", "{CODE} {{CODE}}", "é “{{CODE}}” {{MINUTES}} {{RECIPIENT}} }}"]
        {
            assert!(
                with(put(email(Wording::new("fr-BE")), text)).most_segments(20).build().is_ok(),
                "{name}: {text}"
            );
        }
        if part != Part::Subject {
            assert!(
                with(put(email(Wording::new("fr-BE")), "a\r\nb\n{{CODE}}\r\n")).build().is_ok(),
                "{name}"
            );
        }
        assert_eq!(
            with(put(email(Wording::new("fr-BE")), "\t{{CODE}}")).build().is_ok(),
            matches!(part, Part::Text | Part::Html)
        );
    }
    // In its place the same is a template.
    let shown = with(Wording::new("en").sms("{{APP}} {{LINK}} {{CODE}}"));
    assert!(shown.application("ACME").link("https://app.example/").build().is_ok());
    assert!(
        with(Wording::new("en").email("no code here", "{{CODE}}")).build().is_ok(),
        "a subject needs none"
    );
}

#[test]
fn a_wording_is_whole_and_there_once() {
    let data = |json: &str| with(serde_json::from_str(json).unwrap());
    for half in [
        r#"{"locale": "nl"}"#,
        r#"{"locale": "nl", "subject": "Code"}"#,
        r#"{"locale": "nl", "text": "{{CODE}}"}"#,
        r#"{"locale": "nl", "html": "{{CODE}}"}"#,
        r#"{"locale": "nl", "sms": "{{CODE}}", "subject": "Code"}"#,
        r#"{"locale": "nl", "sms": "{{CODE}}", "html": "{{CODE}}"}"#,
        r#"{"locale": "nl", "subject": "Code", "html": "{{CODE}}"}"#,
    ] {
        let error = refused(data(half));
        assert_eq!(error, CatalogueError::Incomplete { locale: "nl".to_owned(), purpose: None }, "{half}");
        says(&error, &["nl", "sms", "subject and text"]);
    }
    let login = |sms| Wording::new("nl").purpose("login").sms(sms);
    let twice = |purpose| CatalogueError::Twice { locale: "NL".to_owned(), purpose };
    let again = Wording::new("NL").purpose("login").sms("{{CODE}} b");
    let error = refused(with(login("{{CODE}} a")).wording(again));
    assert_eq!(error, twice(Some(purpose("login"))));
    says(&error, &["NL", "for login", "keep one"]);
    let mail = |locale: &str| Wording::new(locale).email("Code", "{{CODE}}");
    assert_eq!(refused(with(mail("nl")).wording(mail("NL"))), twice(None));
    // Each of these differs from the first.
    for other in [
        Wording::new("nl").sms("{{CODE}}"),
        Wording::new("nl").purpose("Login").sms("{{CODE}}"),
        Wording::new("nl-BE").purpose("login").sms("{{CODE}}"),
        login("{{CODE}} {{PAYEE}}"),
        Wording::new("nl").purpose("login").email("Code", "{{CODE}}"),
    ] {
        assert!(with(login("{{CODE}} a")).wording(other).build().is_ok());
    }
}

#[test]
fn what_stands_around_the_texts_is_checked() {
    let named = |name: &str| Catalogue::builder().application(name);
    for good in ["A", &"é".repeat(64), "ACME {{CODE}}", "<b>"] {
        assert!(named(good).build().is_ok(), "{good}");
    }
    for bad in ["", &"é".repeat(65), "AC\nME", "AC\u{202e}ME", "\u{2028}"] {
        assert_eq!(refused(named(bad)), CatalogueError::Application, "{bad:?}");
    }
    assert_eq!(refused(Catalogue::builder().link("http://app.example/")), CatalogueError::Link);
    for (autofill, why) in [
        (Autofill::website("https://app.example"), AutofillError::Host),
        (Autofill::default().embedded("app.example"), AutofillError::Embedded),
        (Autofill::android("short"), AutofillError::AndroidApp),
    ] {
        assert_eq!(refused(Catalogue::builder().autofill(autofill)), CatalogueError::Autofill(why));
    }
    assert_eq!(
        refused(Catalogue::builder().ready_texts(false)),
        CatalogueError::NoDefault { locale: "en".to_owned() }
    );
}

#[test]
fn the_longest_values_are_some_that_a_request_could_have() {
    let checked = |longest: Longest| Catalogue::builder().longest(longest).build().map(|_| ());
    let value = |field: &str, value: &str| checked(Longest::default().value(field, value));
    for code in [1, 6, 20] {
        assert_eq!(checked(Longest::default().code(code)), Ok(()));
    }
    for minutes in [0, 1, u64::MAX] {
        assert_eq!(checked(Longest::default().minutes(minutes)), Ok(()));
    }
    for (field, good) in [
        ("amount", "1 JPY"),
        ("payee", "é"),
        ("device", &"d".repeat(380)),
        ("session", "{{CODE}}"),
        ("tenant", " "),
    ] {
        assert_eq!(value(field, good), Ok(()), "{field}");
    }
    for code in [0, 21] {
        assert_eq!(checked(Longest::default().code(code)), Err(CatalogueError::LongestCode));
    }
    for field in ["Payee", "iban", ""] {
        assert_eq!(value(field, "x"), Err(CatalogueError::LongestField), "{field}");
    }
    for (field, bad, source) in [
        ("amount", "a lot", ContextError::Amount),
        ("amount", "1,000.00 EUR", ContextError::Amount),
        ("payee", "", ContextError::NoValue),
        ("payee", "A\nB", ContextError::ControlCharacter),
        ("payee", "\u{202e}", ContextError::ControlCharacter),
        ("device", &"d".repeat(512), ContextError::TooLong { bytes: 518 }),
    ] {
        let error = CatalogueError::LongestValue { field: field.into(), source };
        assert_eq!(value(field, bad), Err(error.clone()));
        assert!(error.to_string().contains(&format!("longest value of {field}: ")), "{error}");
    }
    // The longest a request may bind, alone.
    assert_eq!(value("payee", &"x".repeat(507)), Ok(()));
}

#[test]
fn an_sms_that_is_too_dear_is_named_with_what_makes_it_so() {
    let says_ = |words: &str| with(Wording::new("nl").purpose("login").sms(words));
    let longest = || Longest::default().code(6);
    let at_most =
        |words: &str, most| says_(words).ready_texts(true).longest(longest()).most_segments(most).build();
    let dear = |words: &str, most| match at_most(words, most).unwrap_err() {
        CatalogueError::Segments { lint, most: told } => {
            assert_eq!(told, most);
            let (lint_, said) = (*lint.clone(), CatalogueError::Segments { lint, most }.to_string());
            (lint_, said)
        }
        other => panic!("{other}"),
    };
    // All ready texts fit into three segments, so that only this one is in question.
    let units = |filler: &str, units: usize| format!("{{{{CODE}}}}{}", filler.repeat(units - 6));
    for (filler, fits) in [("a", 459), ("ж", 201)] {
        assert!(at_most(&units(filler, fits), 3).is_ok());
        let (lint, said) = dear(&units(filler, fits + 1), 3);
        assert_eq!((lint.segments.segments, lint.segments.units), (4, fits + 1));
        assert!(said.contains("nl for login") && said.contains("at most 3 allowed"), "{said}");
        let too_many = fits + 1 - if filler == "a" { 160 } else { 70 };
        assert!(said.contains(&format!("{too_many} units shorter")), "{said}");
    }
    let (lint, said) = dear(&format!("{} “{{{{PAYEE}}}}”", units("a", 180)), 3);
    assert_eq!((lint.locale.as_str(), lint.segments.encoding), ("nl", Encoding::Ucs2));
    assert_eq!(lint.reword, ['“', '”']);
    for part in ["with payee", "4 × UCS-2", "`“` forces UCS-2", "write `\"` for `“`", "write `\"` for `”`"]
    {
        assert!(said.contains(part), "{said} does not say {part}");
    }
    // Reworded as it says, or spelled so by the catalogue, it is cheap.
    assert!(at_most(&format!("{} \"{{{{PAYEE}}}}\"", units("a", 180)), 3).is_ok());
    let spelled = says_(&format!("{} “{{{{PAYEE}}}}”", units("a", 180))).transliterate(true);
    assert!(spelled.longest(longest()).most_segments(3).build().is_ok());
    // Longer values make a text dearer, and so does what stands behind it.
    let short = || says_(&units("a", 459)).longest(longest()).most_segments(3);
    assert!(matches!(refused(short().longest(Longest::default().code(7))), CatalogueError::Segments { .. }));
    let lines = short().autofill(Autofill::website("app.example"));
    assert!(matches!(refused(lines), CatalogueError::Segments { .. }));
}
