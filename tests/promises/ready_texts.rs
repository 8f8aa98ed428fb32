//! The texts that come with the crate: what each costs is what its page says, and one segment wherever the
//! alphabet allows.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use otp_exchange::{
    Catalogue, CatalogueError, Encoding, Field, Lint, Longest, Purpose, Recipient, Segments, Wording,
};

/// Languages in Latin script: one segment of GSM-7.
const LATIN: [&str; 27] = [
    "ca", "cs", "da", "de", "en", "es", "et", "fi", "fr", "hr", "hu", "id", "it", "lt", "lv", "ms", "nb",
    "nl", "pl", "pt", "pt-BR", "ro", "sk", "sl", "sv", "tr", "vi",
];
/// Those in another script: UCS-2, one segment, and two for a payment.
const OTHERS: [&str; 13] =
    ["ar", "bg", "el", "fa", "he", "hi", "ja", "ko", "ru", "th", "uk", "zh", "zh-Hant"];

const PAYMENT: [Field; 2] = [Field::Amount, Field::Payee];

/// Six digits, ten minutes, a payee of 22 letters.
fn usual() -> Longest {
    Longest::default().code(6).minutes(10)
}

fn lint(longest: Longest) -> Vec<Lint> {
    Catalogue::builder().longest(longest).build().unwrap().lint()
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/messages.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_page_is_what_the_example_prints() {
    let mut path = std::env::current_exe().unwrap();
    path.pop(); // the test's own name
    path.pop(); // deps
    path.extend(["examples", "messages"]);
    path.set_extension(std::env::consts::EXE_EXTENSION);
    assert!(path.exists(), "not built: run `cargo build --examples` or the whole `cargo test`");
    let output = Command::new(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        page() == printed,
        "docs/messages.md is out of date: run `cargo run --example messages > docs/messages.md`, and look at what \
         changed\n{printed}"
    );
}

#[test]
fn the_page_s_table_says_what_each_text_takes() {
    let page = page();
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| ")).map(cells).collect();
    let (usual, longest) = (lint(usual()), lint(Longest::default()));
    for locale in LATIN.iter().chain(&OTHERS) {
        let row = rows.iter().find(|row| row[1] == *locale).unwrap_or_else(|| panic!("{locale} has no row"));
        let told = |lints: &[Lint], shows: &[Field]| {
            let found = lints.iter().find(|lint| lint.locale == *locale && lint.shows == shows).unwrap();
            let Segments { encoding, segments, units, .. } = found.segments;
            format!("{encoding}: {segments} ({units})")
        };
        let figures =
            [told(&usual, &[]), told(&longest, &[]), told(&usual, &PAYMENT), told(&longest, &PAYMENT)];
        assert_eq!(row[3..7], figures, "{locale}");
    }
    let also = |locale: &str| rows.iter().find(|row| row[1] == locale).map(|row| row[2].clone());
    assert_eq!(also("nb").as_deref(), Some("nn, no"));
    assert_eq!(also("zh-Hant").as_deref(), Some("yue, zh-HK, zh-MO, zh-TW"));
    assert_eq!(also("en").as_deref(), Some(""));
}

#[test]
fn the_page_s_file_is_a_catalogue() {
    let page = page();
    let toml = page.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    let texts: Catalogue = toml::from_str(toml).unwrap();
    let phone = Recipient::parse("+32470123456").unwrap();
    let shown = |purpose: &str, bound: &[Field]| {
        texts.preview(&phone, &Purpose::parse(purpose).unwrap(), Some("nl-BE"), bound).unwrap().text
    };
    assert_eq!(shown("login", &[]), "000000 is uw code van ACME, 10 min geldig.");
    let payment = "000000 om ACME Payments Ltd. 1234567.89 EUR te betalen. Niets betaald? Gebruik hem niet.";
    assert_eq!(shown("payment", &PAYMENT), payment);
    let dearer = toml.replace("Niets betaald?", &"x".repeat(400));
    assert!(toml::from_str::<Catalogue>(&dearer).is_err());
}

/// What breaks the promise, if anything does.
fn dear(lints: &[Lint]) -> Vec<String> {
    let keeps = |lint: &&Lint| {
        let Segments { encoding, segments, .. } = lint.segments;
        let most = match (lint.shows.as_slice(), encoding) {
            (_, Encoding::Gsm7) | ([], Encoding::Ucs2) => 1,
            (_, Encoding::Ucs2) => 2,
        };
        let latin = LATIN.contains(&&*lint.locale);
        segments <= most && latin == (encoding == Encoding::Gsm7) && lint.reword.is_empty()
    };
    lints.iter().filter(|lint| !keeps(lint)).map(Lint::to_string).collect()
}

#[test]
fn every_language_in_latin_script_is_one_segment_of_gsm_7() {
    let lints = lint(usual());
    assert_eq!(dear(&lints), Vec::<String>::new());
    let found: BTreeSet<_> = lints.iter().map(|lint| &*lint.locale).collect();
    let known: BTreeSet<_> = LATIN.into_iter().chain(OTHERS).collect();
    assert_eq!(found, known, "each is in one of the two lists");
    for locale in known {
        let shows: Vec<_> =
            lints.iter().filter(|lint| lint.locale == locale).map(|lint| &*lint.shows).collect();
        assert_eq!(shows, [&[][..], &PAYMENT], "{locale}: for any code, and for payments");
    }
    // With the longest values all but the payments in other scripts keep to it, too.
    let all = lint(Longest::default());
    assert_eq!(
        dear(&all.iter().filter(|lint| LATIN.contains(&&*lint.locale)).cloned().collect::<Vec<_>>()),
        Vec::<String>::new()
    );
}

#[test]
fn a_text_that_breaks_it_is_found() {
    let with = |sms: &str| {
        let builder = Catalogue::builder().wording(Wording::new("nl").sms(sms)).longest(usual());
        dear(&builder.build().unwrap().lint())
    };
    let filler = |count| "a".repeat(count);
    assert_eq!(with(&format!("{{{{CODE}}}}{}", filler(154))), Vec::<String>::new());
    assert_eq!(with(&format!("{{{{CODE}}}}{}", filler(155))).len(), 1);
    assert_eq!(with("“{{CODE}}”").len(), 1, "UCS-2 for want of a plain quote");
    assert_eq!(with("{{CODE}} ж").len(), 1);
    // A letter in the payee's name can cost as much, and whoever says which letters there are is told so.
    let greek = lint(usual().value("payee", "Ά".repeat(22)));
    let english = greek.iter().find(|lint| lint.locale == "en" && lint.shows == PAYMENT).unwrap();
    assert_eq!((english.segments.encoding, english.segments.forced_by), (Encoding::Ucs2, Some('Ά')));
    let most = Catalogue::builder().longest(usual()).most_segments(1).build();
    assert!(matches!(most, Err(CatalogueError::Segments { .. })), "payments in other scripts take two");
    assert!(Catalogue::builder().longest(usual()).most_segments(2).build().is_ok());
}
