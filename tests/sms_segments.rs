//! The segments of an SMS are counted as other people's programs count them; `sms_segments/README.md` says
//! whose.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use otp_exchange::Segments;
use serde_json::{Value, json};

/// Encoding, segments and units.
type Answer = (String, usize, usize);

/// A text and what the others say of it.
struct Known {
    text: String,
    answer: Answer,
    forced_by: Option<char>,
    differ: BTreeMap<String, Answer>,
}

fn corpus() -> Vec<Known> {
    let line = |line: &str| {
        type Line = (Vec<Value>, String, usize, usize, Option<char>, BTreeMap<String, Answer>);
        let (pieces, encoding, segments, units, forced_by, differ): Line =
            serde_json::from_str(line).unwrap();
        let piece = |piece: &[Value]| {
            piece[0].as_str().unwrap().repeat(usize::try_from(piece[1].as_u64().unwrap()).unwrap())
        };
        let text = pieces.chunks(2).map(piece).collect();
        Known { text, answer: (encoding, segments, units), forced_by, differ }
    };
    include_str!("sms_segments/corpus.jsonl").split_terminator('\n').map(line).collect()
}

#[test]
fn every_text_takes_what_the_others_say() {
    for Known { text, answer, forced_by, .. } in corpus() {
        let ours = Segments::of(&text);
        assert_eq!((ours.encoding.to_string(), ours.segments, ours.units), answer, "{text:?}");
        assert_eq!(ours.forced_by, forced_by, "{text:?}");
    }
}

/// The alphabet and its extension table, as in the tables of 3GPP TS 23.038, 6.2.1 and 6.2.1.1.
const ALPHABET: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                        ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION: &str = "\u{C}^{}\\[~]|€";

/// A counter that can be told to be wrong.
struct Counter {
    alphabet: String,
    extension: &'static str,
    /// Units of a segment of several, in GSM-7 and in UCS-2.
    joined: [usize; 2],
    /// Whether characters are split where a segment ends.
    splits: bool,
    units: fn(char) -> usize,
}

impl Counter {
    fn right() -> Self {
        let alphabet = ALPHABET.to_owned();
        Self { alphabet, extension: EXTENSION, joined: [153, 67], splits: false, units: char::len_utf16 }
    }

    fn answer(&self, text: &str) -> Answer {
        let extended = |character| self.extension.contains(character).then_some(2);
        let septets =
            |character| extended(character).or_else(|| self.alphabet.contains(character).then_some(1));
        let gsm: Option<Vec<usize>> = text.chars().map(septets).collect();
        let (name, alone, joined, characters) = match gsm {
            Some(characters) => ("GSM-7", 160, self.joined[0], characters),
            None => ("UCS-2", 70, self.joined[1], text.chars().map(self.units).collect()),
        };
        let units = characters.iter().sum();
        let split = if self.splits { vec![1; units] } else { characters };
        let mut segments = vec![0];
        for units in split {
            match segments.last_mut() {
                Some(filled) if *filled + units <= joined => *filled += units,
                _ => segments.push(units),
            }
        }
        (name.to_owned(), if units <= alone { 1 } else { segments.len() }, units)
    }
}

#[test]
fn a_wrong_counter_is_found() {
    let corpus = corpus();
    let wrong =
        |counter: &Counter| corpus.iter().filter(|known| counter.answer(&known.text) != known.answer).count();
    assert_eq!(wrong(&Counter::right()), 0);
    let also = |character| Counter { alphabet: format!("{ALPHABET}{character}"), ..Counter::right() };
    let without = |character| Counter { alphabet: ALPHABET.replace(character, ""), ..Counter::right() };
    for (fault, counter) in [
        ("escape sequences and surrogate pairs are split", Counter { splits: true, ..Counter::right() }),
        ("characters for code units", Counter { units: |_| 1, ..Counter::right() }),
        ("bytes for code units", Counter { units: char::len_utf8, ..Counter::right() }),
        ("160 for 153", Counter { joined: [160, 67], ..Counter::right() }),
        ("152 for 153: the longer header", Counter { joined: [152, 67], ..Counter::right() }),
        ("70 for 67", Counter { joined: [153, 70], ..Counter::right() }),
        ("66 for 67: the longer header", Counter { joined: [153, 66], ..Counter::right() }),
        ("no form feed", Counter { extension: "^{}\\[~]|€", ..Counter::right() }),
        ("no euro", Counter { extension: "\u{C}^{}\\[~]|", ..Counter::right() }),
        ("the small ç", also('ç')),
        ("the small ç for the capital", Counter { alphabet: ALPHABET.replace('Ç', "ç"), ..Counter::right() }),
        ("the backtick", also('`')),
        ("the escape", also('\u{1B}')),
        ("the tab", also('\t')),
        ("the no-break space", also('\u{A0}')),
        ("the small alpha", also('α')),
        ("no at sign", without('@')),
        ("no carriage return", without('\r')),
        ("no currency sign", without('¤')),
    ] {
        assert!(wrong(&counter) > 0, "not found: {fault}");
    }
}

/// Every character of two units that has only characters of one before it, and how many.
fn places(corpus: &[Known]) -> BTreeSet<(char, usize)> {
    let place = |known: &Known| {
        let gsm = known.answer.0 == "GSM-7";
        let wide =
            |character: char| if gsm { EXTENSION.contains(character) } else { character.len_utf16() == 2 };
        known
            .text
            .chars()
            .enumerate()
            .find(|(_, character)| wide(*character))
            .map(|(place, wide)| (wide, place))
    };
    corpus.iter().filter_map(place).collect()
}

#[test]
fn the_corpus_has_what_it_is_meant_to_have() {
    let corpus = corpus();
    let texts: BTreeSet<&str> = corpus.iter().map(|known| known.text.as_str()).collect();
    assert!(texts.len() >= 10_000 && texts.len() == corpus.len(), "{}", texts.len());

    let alphabet: BTreeSet<char> = ALPHABET.chars().chain(EXTENSION.chars()).collect();
    assert_eq!(alphabet.len(), 137);
    for character in &alphabet {
        for count in [1, 2, 153, 154, 160, 161] {
            assert!(texts.contains(character.to_string().repeat(count).as_str()), "{character:?} × {count}");
        }
    }

    // Where it ends just in the segment, where it has to move, and where it begins the next one.
    let places = places(&corpus);
    for character in EXTENSION.chars() {
        let ends = (1..=7).map(|segment| 153 * segment).chain([160]);
        for place in ends.flat_map(|end| [end - 2, end - 1, end]) {
            assert!(places.contains(&(character, place)), "{character:?} after {place}");
        }
    }
    for character in ['😀', '𠮷', '👩', '🇧'] {
        let ends = (1..=4).map(|segment| 67 * segment).chain([70]);
        for place in ends.flat_map(|end| [end - 2, end - 1, end]) {
            assert!(places.contains(&(character, place)), "{character:?} after {place}");
        }
    }

    let having = |part: &str| texts.iter().filter(|text| text.contains(part)).count();
    for part in [
        "👩\u{200D}💻",
        "🏳\u{FE0F}\u{200D}🌈",
        "👍🏽",
        "🇧🇪",
        "1\u{FE0F}\u{20E3}",
        "e\u{301}",
        "q\u{307}\u{323}",
    ] {
        assert!(having(part) >= 100, "{part}: {}", having(part));
    }
    let words = [
        "código",
        "reçu",
        "Prüfcode",
        "wygaśnie",
        "bạn",
        "ΚΩΔΙΚΟΣ",
        "κωδικός",
        "Никому",
        "Нікому",
        "הקוד",
        "رمزك",
        "आपका",
        "আপনার",
        "உங்கள்",
        "รหัส",
        "លេខ",
        "თქვენი",
        "Ձեր",
        "ኮድዎ",
        "验证码",
        "認証コード",
        "인증번호",
    ];
    for word in words {
        assert!(having(word) >= 12, "{word}: {}", having(word));
    }
    for (encoding, at_least) in [("GSM-7", 5_000), ("UCS-2", 5_000)] {
        let texts = corpus.iter().filter(|known| known.answer.0 == encoding).count();
        assert!(texts >= at_least, "{texts} in {encoding}");
    }
}

#[test]
fn the_others_differ_among_themselves_only_where_it_is_explained() {
    let mut differ = BTreeMap::new();
    for known in corpus() {
        for (name, answer) in known.differ {
            let reason = match (name.as_str(), known.text.as_str()) {
                ("smsutil", "") => "empty",
                ("smsutil", text) if text.contains('\u{1B}') => "escape",
                // The same encoding and units: only where it is split.
                ("sms-segments-calculator", _)
                    if (&answer.0, answer.2) == (&known.answer.0, known.answer.2) =>
                {
                    assert_eq!(answer.0, "UCS-2", "{:?}", known.text);
                    if answer.1 > known.answer.1 { "more" } else { "fewer" }
                }
                (name, text) => panic!("{name} says {answer:?} of {text:?}"),
            };
            *differ.entry(reason).or_insert(0) += 1;
        }
    }
    let explained = [("empty", 1), ("escape", 32), ("fewer", 3), ("more", 183)];
    assert_eq!(differ, explained.into(), "the README has other numbers");
}

/// What the example prints for this input.
fn printed(input: &[u8]) -> Output {
    let mut path = std::env::current_exe().unwrap();
    path.pop(); // the test's own name
    path.pop(); // deps
    let path: PathBuf = path.join("examples/segments").with_extension(std::env::consts::EXE_EXTENSION);
    assert!(path.exists(), "not built: run `cargo build --examples` or the whole `cargo test`");
    let mut command = Command::new(path);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // It may stop reading early, at a line it refuses.
        scope.spawn(move || stdin.write_all(input).ok());
        child.wait_with_output().unwrap()
    })
}

#[test]
fn the_example_prints_one_object_for_each_line() {
    let corpus = corpus();
    let input: String = corpus.iter().map(|known| json!(known.text).to_string() + "\n").collect();
    let output = printed(input.as_bytes());
    assert!(output.status.success() && output.stderr.is_empty());
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(!printed.contains(['\u{85}', '\u{2028}', '\u{2029}']), "they end a line to some");
    let lines: Vec<_> = printed.split_terminator('\n').collect();
    assert_eq!(lines.len(), corpus.len());
    for (line, Known { text, answer: (encoding, segments, units), forced_by, .. }) in
        lines.iter().zip(&corpus)
    {
        let expected =
            json!({"encoding": encoding, "segments": segments, "units": units, "forced_by": forced_by});
        assert_eq!(serde_json::from_str::<Value>(line).unwrap(), expected, "{text:?}");
    }
    assert_eq!(lines[1], r#"{"encoding":"GSM-7","segments":1,"units":1,"forced_by":null}"#);
}

#[test]
fn the_example_names_a_line_that_is_no_string_and_never_quotes_it() {
    let secret: [&[u8]; 9] = [
        b"123456",
        b"[\"123456\"]",
        b"\"123456",
        b"123456\"",
        b"\"123456\" \"x\"",
        b"\"123456\\ud83d\"",
        b"\"\xFF123456\"",
        b"",
        b"{\"123456\":null}",
    ];
    for line in secret {
        let output = printed(&[b"\"a\\u2028b\"\n\"\xE2\x80\xA9\"\n", line, b"\n\"later\"\n"].concat());
        assert_eq!(output.status.code(), Some(1), "{line:?}");
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.starts_with("line 3: ") && errors.lines().count() == 1, "{errors}");
        assert!(!errors.contains("123456"), "{errors}");
        assert_eq!(output.stdout.split(|byte| *byte == b'\n').count() - 1, 2);
    }
    for (input, lines) in [("", 0), ("\n", 0), ("\"a\"", 1), ("\"a\"\n\n", 1), ("\"a\"\r\n\"b\"\r\n", 2)] {
        let output = printed(input.as_bytes());
        assert_eq!(output.status.code(), Some(0), "{input:?}");
        assert_eq!(output.stdout.split(|byte| *byte == b'\n').count() - 1, lines, "{input:?}");
    }
}
