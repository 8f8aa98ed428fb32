//! What an SMS costs: how it is encoded and how many segments it takes (3GPP TS 23.038 and TS 23.040).

mod gsm;
pub(crate) mod transliterate;

use std::fmt;

use serde::Serialize;

/// How an SMS is encoded. One character decides for the whole text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Encoding {
    /// The GSM 7-bit default alphabet with its extension table (3GPP TS 23.038, 6.2.1): 160 septets.
    ///
    /// The national language tables of its annex A are left out: few networks and gateways take them.
    #[serde(rename = "GSM-7")]
    Gsm7,
    /// UCS-2 (3GPP TS 23.038, 6.2.3), as UTF-16, which is what handsets read: 70 code units of 16 bits.
    #[serde(rename = "UCS-2")]
    Ucs2,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        })
    }
}

/// How many segments a text takes as an SMS. Networks bill each of them as a message.
///
/// ```
/// use otp_exchange::{Encoding, Segments};
///
/// let english = Segments::of("Your code is 123456.");
/// assert_eq!((english.encoding, english.segments, english.units), (Encoding::Gsm7, 1, 20));
///
/// let french = Segments::of("Votre code reçu : 123456.");
/// assert_eq!((french.encoding, french.forced_by), (Encoding::Ucs2, Some('ç')));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Segments {
    /// How it is encoded: GSM 7-bit whenever every character can be.
    pub encoding: Encoding,
    /// How many segments, at least 1. A network carries at most 255 as one message; that is not checked
    /// here.
    pub segments: usize,
    /// What the characters take together, in the units of the encoding: septets, or 16-bit code units. What
    /// is left free at the end of a segment does not count.
    pub units: usize,
    /// The first character that is not in the GSM alphabet: what made it UCS-2.
    pub forced_by: Option<char>,
}

impl Segments {
    /// Counts the segments of a text: a single one of up to 160 septets or 70 code units, or several of up to
    /// 153 or 67, because each then begins with a header of six octets. A character of two units is never
    /// split between segments (3GPP TS 23.040, 9.2.3.24.1).
    pub fn of(text: &str) -> Self {
        let forced_by = text.chars().find(|character| gsm::septets(*character) == 0);
        let (encoding, (segments, units)) = match forced_by {
            None => (Encoding::Gsm7, count(text.chars().map(gsm::septets), 160, 153)),
            Some(_) => (Encoding::Ucs2, count(text.chars().map(char::len_utf16), 70, 67)),
        };
        Self { encoding, segments, units, forced_by }
    }
}

/// Segments and units of characters of so many units each; a segment takes `alone` units, or `joined` if
/// there are several.
fn count(characters: impl Iterator<Item = usize>, alone: usize, joined: usize) -> (usize, usize) {
    let (mut segments, mut filled, mut total) = (1, 0, 0);
    for units in characters {
        total += units;
        filled += units;
        if filled > joined {
            segments += 1;
            filled = units;
        }
    }
    (if total <= alone { 1 } else { segments }, total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (String, usize, usize, Option<char>) {
        let Segments { encoding, segments, units, forced_by } = Segments::of(text);
        (encoding.to_string(), segments, units, forced_by)
    }

    fn gsm(segments: usize, units: usize) -> (String, usize, usize, Option<char>) {
        ("GSM-7".to_owned(), segments, units, None)
    }

    fn ucs(segments: usize, units: usize, forced_by: char) -> (String, usize, usize, Option<char>) {
        ("UCS-2".to_owned(), segments, units, Some(forced_by))
    }

    #[test]
    fn an_empty_text_is_one_segment_of_nothing() {
        assert_eq!(of(""), gsm(1, 0));
    }

    #[test]
    fn one_segment_takes_160_septets_and_several_take_153_each() {
        for (length, segments) in [(160, 1), (161, 2), (306, 2), (307, 3), (459, 3), (460, 4), (39_015, 255)]
        {
            assert_eq!(of(&"a".repeat(length)), gsm(segments, length));
        }
    }

    #[test]
    fn one_segment_takes_70_code_units_and_several_take_67_each() {
        for (length, segments) in [(70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)] {
            assert_eq!(of(&"я".repeat(length)), ucs(segments, length, 'я'));
        }
    }

    #[test]
    fn an_escape_sequence_moves_whole_to_the_next_segment() {
        // 152 + 2 fit into one segment but not into one of several; what was left free costs a segment.
        let text = |tail| format!("{}€{}", "a".repeat(152), "a".repeat(tail));
        assert_eq!(of(&text(0)), gsm(1, 154));
        assert_eq!(of(&text(6)), gsm(1, 160));
        assert_eq!(of(&text(7)), gsm(2, 161));
        assert_eq!(of(&text(151)), gsm(2, 305));
        assert_eq!(of(&text(152)), gsm(3, 306));
        assert_eq!(of(&"€".repeat(80)), gsm(1, 160));
        assert_eq!(of(&"€".repeat(152)), gsm(2, 304));
        assert_eq!(of(&"€".repeat(153)), gsm(3, 306));
    }

    #[test]
    fn a_surrogate_pair_moves_whole_to_the_next_segment() {
        let text = |tail| format!("{}😀{}", "a".repeat(66), "a".repeat(tail));
        assert_eq!(of(&text(2)), ucs(1, 70, '😀'));
        assert_eq!(of(&text(3)), ucs(2, 71, '😀'));
        assert_eq!(of(&text(65)), ucs(2, 133, '😀'));
        assert_eq!(of(&text(66)), ucs(3, 134, '😀'));
    }

    #[test]
    fn in_ucs_2_a_character_of_the_extension_table_is_one_unit() {
        assert_eq!(of(&format!("{}я", "€".repeat(69))), ucs(1, 70, 'я'));
    }

    #[test]
    fn the_first_character_outside_the_alphabet_is_named() {
        assert_eq!(of("Ça reçoit 😀"), ucs(1, 12, 'ç'));
        assert_eq!(of("`"), ucs(1, 1, '`'));
        assert_eq!(of("a\tb"), ucs(1, 3, '\t'));
        assert_eq!(of("\u{1B}e"), ucs(1, 2, '\u{1B}'));
        assert_eq!(of("e\u{301}"), ucs(1, 2, '\u{301}'));
    }

    /// Each character alone: no larger than a text of two, and whatever is not GSM-7 has forced it.
    #[test]
    fn every_character_there_is_takes_one_or_two_units() {
        for character in '\0'..=char::MAX {
            let (encoding, units, forced_by) = match gsm::septets(character) {
                0 => (Encoding::Ucs2, character.len_utf16(), Some(character)),
                septets => (Encoding::Gsm7, septets, None),
            };
            let text = character.encode_utf8(&mut [0; 4]).to_owned();
            assert_eq!(Segments::of(&text), Segments { encoding, segments: 1, units, forced_by });
        }
    }

    #[test]
    fn an_encoding_is_written_as_people_call_it() {
        for (encoding, name) in [(Encoding::Gsm7, "GSM-7"), (Encoding::Ucs2, "UCS-2")] {
            assert_eq!(encoding.to_string(), name);
            assert_eq!(serde_json::to_value(encoding).unwrap(), name);
        }
    }
}
