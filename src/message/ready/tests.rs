//! That every text is as it was meant to be written.

use std::collections::BTreeSet;

use super::*;
use crate::context::misleads;

/// The languages whose script is not in the GSM 7-bit default alphabet: UCS-2, 70 units in one message.
const UCS_2: [&str; 13] = ["ar", "bg", "el", "fa", "he", "hi", "ja", "ko", "ru", "th", "uk", "zh", "zh-Hant"];

/// Those that write an SMS without accents, and one whose SMS for a payment does.
const WITHOUT_ACCENTS: [&str; 5] = ["cs", "lt", "lv", "sk", "vi"];

/// Marks that turn the direction of what is beside them: left to right, right to left, Arabic letter.
const DIRECTION_MARKS: [char; 3] = ['\u{200E}', '\u{200F}', '\u{61C}'];

impl Words {
    fn texts(&self) -> [&'static str; 4] {
        [self.sms, self.subject, self.intro, self.outro]
    }
}

impl Ready {
    fn texts(&self) -> impl Iterator<Item = &'static str> {
        [&self.any, &self.payment].into_iter().flat_map(Words::texts)
    }
}

/// The names of its places in order of the alphabet, and the words between them in order.
fn parts(text: &'static str) -> (Vec<&'static str>, Vec<&'static str>) {
    let mut pieces = text.split("{{");
    let mut words = vec![pieces.next().unwrap()];
    let mut places = Vec::new();
    for piece in pieces {
        let (place, after) = piece.split_once("}}").unwrap_or_else(|| panic!("a place ends: {text}"));
        places.push(place);
        words.push(after);
    }
    places.sort_unstable();
    (places, words)
}

fn filled(text: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(text.to_owned(), |text, (place, value)| text.replace(place, value))
}

/// Length of an SMS in septets, if each of its characters is one of the GSM 7-bit default alphabet.
fn septets(text: &str) -> Option<usize> {
    const BEYOND_ASCII: &str = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤ÄÖÑÜ§¿äöñüà¡";
    let one = |character| match character {
        ' '..='~' => !"[\\]^`{|}~".contains(character),
        other => BEYOND_ASCII.contains(other),
    };
    text.chars().all(one).then(|| text.chars().count())
}

#[test]
fn each_text_has_its_places_and_no_others() {
    for Ready { locale, any, payment, .. } in READY {
        let places = |text| {
            let (places, words) = parts(text);
            assert!(!words.concat().contains(['{', '}']), "{locale}: {text}");
            places
        };
        assert_eq!(
            any.texts().map(places),
            [vec!["CODE", "MINUTES"], vec![], vec![], vec!["MINUTES"]],
            "{locale}"
        );
        let sms = vec!["AMOUNT", "CODE", "MINUTES", "PAYEE"];
        let email = [vec![], vec!["AMOUNT", "PAYEE"], vec!["MINUTES"]];
        assert_eq!(places(payment.sms), sms, "{locale}");
        assert_eq!([payment.subject, payment.intro, payment.outro].map(places), email, "{locale}");
    }
}

#[test]
fn a_payment_shows_amount_and_payee() {
    let values = [("{{AMOUNT}}", "12.50 EUR"), ("{{PAYEE}}", "Shop Ltd.")];
    for Ready { locale, payment, .. } in READY {
        for text in [payment.sms, payment.intro].map(|text| filled(text, &values)) {
            assert!(values.iter().all(|(_, value)| text.contains(value)), "{locale}: {text}");
            assert!(!text.contains(".."), "{locale}: the payee brings its own full stop: {text}");
        }
    }
}

#[test]
fn no_value_runs_into_the_next() {
    for text in READY.iter().flat_map(Ready::texts) {
        let (_, words) = parts(text);
        let between = &words[1..words.len().max(2) - 1];
        assert!(between.iter().all(|words| words.chars().any(char::is_alphabetic)), "{text}");
    }
}

#[test]
fn the_code_stands_near_the_front_of_an_sms() {
    for Ready { locale, right_to_left, any, payment, .. } in READY {
        for sms in [any.sms, payment.sms] {
            let before = sms.split("{{CODE}}").next().unwrap().chars().count();
            assert!(before <= if *right_to_left { 0 } else { 10 }, "{locale}: {sms}");
        }
    }
}

#[test]
fn locales_are_in_order_and_every_tag_is_well_formed_and_there_once() {
    assert!(READY.windows(2).all(|pair| pair[0].locale < pair[1].locale));
    let mut seen = BTreeSet::new();
    for ready in READY {
        for tag in ready.aliases.iter().chain([&ready.locale]) {
            assert!(well_formed(tag), "{tag}");
            assert!(seen.insert(tag), "{tag} twice");
        }
    }
    for tag in ["", "e", "EN", "engl", "pt-br", "pt_BR", "zh-hant", "zh-TW-Hant", "pt-", "es-41"] {
        assert!(!well_formed(tag), "{tag}");
    }
    assert!(well_formed("zh-Hant-TW") && well_formed("es-419"));
}

/// Whether a tag is a language, a script or none and a region or none, each in the case of the registry.
fn well_formed(tag: &str) -> bool {
    let mut subtags = tag.split('-').peekable();
    let language = subtags.next().unwrap();
    let script = |subtag: &&str| {
        let (first, rest) = subtag.split_at(1);
        subtag.len() == 4 && first < "a" && rest.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    let region = |subtag: &&str| {
        let capitals = subtag.len() == 2 && subtag.bytes().all(|byte| byte.is_ascii_uppercase());
        capitals || subtag.len() == 3 && subtag.bytes().all(|byte| byte.is_ascii_digit())
    };
    if subtags.peek().is_some_and(|subtag| subtag.is_empty()) {
        return false;
    }
    subtags.next_if(script);
    subtags.next_if(region);
    (2..=3).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_lowercase())
        && subtags.next().is_none()
}

#[test]
fn each_text_is_one_plain_line_with_spaces_where_they_belong() {
    for text in READY.iter().flat_map(Ready::texts) {
        assert!(!text.is_empty() && text.trim() == text && !text.contains("  "), "{text}");
        assert!(!text.chars().any(|c| misleads(c) || DIRECTION_MARKS.contains(&c)), "{text:?}");
        let mut after_stops = text.split(['.', ',']).skip(1);
        assert!(!after_stops.any(|rest| rest.starts_with(char::is_alphabetic)), "{text}");
    }
}

#[test]
fn what_runs_from_right_to_left_is_marked() {
    for ready in READY {
        // Hebrew, Arabic and the blocks beside them.
        let runs = |text: &str| text.chars().any(|c| matches!(c, '\u{590}'..='\u{8FF}'));
        assert!(ready.texts().all(|text| runs(text) == ready.right_to_left), "{}", ready.locale);
    }
}

#[test]
fn an_sms_in_latin_script_is_one_message_even_with_long_values() {
    const TAIL: &str = "\n\n@accounts.example.com #12345678901234567890";
    let values = [
        ("{{CODE}}", "12345678901234567890"),
        ("{{MINUTES}}", "10080"),
        ("{{AMOUNT}}", "1234567.89 EUR"),
        ("{{PAYEE}}", "A payee of 22 letters."),
    ];
    for Ready { locale, any, payment, .. } in READY.iter().filter(|ready| !UCS_2.contains(&ready.locale)) {
        let length = |sms| {
            let text = format!("ApplicationName12: {}", filled(sms, &values));
            septets(&text).unwrap_or_else(|| panic!("{locale}: not in GSM-7: {text}"))
        };
        let (any, payment) = (length(any.sms) + TAIL.len(), length(payment.sms));
        assert!(any <= 160 && payment <= 160, "{locale}: {any} with the tail, {payment} for a payment");
    }
}

#[test]
fn an_sms_in_another_script_is_one_message_and_two_for_a_payment() {
    let values = [
        ("{{CODE}}", "123456"),
        ("{{MINUTES}}", "10"),
        ("{{AMOUNT}}", "1234567.89 EUR"),
        ("{{PAYEE}}", "A payee of 22 letters."),
    ];
    let mut languages = 0;
    for Ready { locale, any, payment, .. } in READY.iter().filter(|ready| UCS_2.contains(&ready.locale)) {
        let length = |sms| {
            let text = format!("EightLet: {}", filled(sms, &values));
            assert_eq!(septets(&text), None, "{locale}: held to 160 instead: {text}");
            text.encode_utf16().count()
        };
        let (any, payment) = (length(any.sms), length(payment.sms));
        // Of two messages each loses three units to the header that joins them (3GPP TS 23.040,
        // 9.2.3.24.1).
        assert!(any <= 70 && payment <= 2 * 67, "{locale}: {any}, {payment} for a payment");
        languages += 1;
    }
    assert_eq!(languages, UCS_2.len());
}

#[test]
fn an_email_keeps_the_accents_its_sms_leaves_out() {
    for locale in WITHOUT_ACCENTS {
        let ready = READY.iter().find(|ready| ready.locale == locale).unwrap();
        assert!(ready.any.sms.is_ascii() && ready.payment.sms.is_ascii(), "{locale}");
        for Words { subject, intro, outro, .. } in [&ready.any, &ready.payment] {
            assert!([subject, intro, outro].iter().all(|text| !text.is_ascii()), "{locale}");
        }
    }
}

#[test]
fn the_alphabet_of_these_tests_is_that_of_gsm() {
    let all = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡\
               ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    assert_eq!(septets(all), Some(128 - 3), "all but line feed, carriage return and escape");
    let others = "çáíóúâêîôûãõëïœłąęćśźżýčřšžěůőűşğıİățș’“—`[]{}~^|\\€\u{a0}";
    for character in others.chars() {
        assert_eq!(septets(&character.to_string()), None, "{character}");
    }
}
