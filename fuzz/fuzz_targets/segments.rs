//! Any text as an SMS: encoding, units and segments are what a slow count says, which lays the text out segment
//! by segment from the tables of 3GPP TS 23.038. No character of two units is split, none is lost.
#![no_main]

use libfuzzer_sys::fuzz_target;
use otp_exchange::{Encoding, Segments};

/// The default alphabet in the order of its septets, the escape left out (TS 23.038, 6.2.1).
const ALPHABET: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                        ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The extension table, each behind an escape (6.2.1.1).
const EXTENSION: &str = "\u{C}^{}\\[~]|€";

fuzz_target!(|text: &str| {
    let counted = Segments::of(text);
    let forced_by = text.chars().find(|one| !ALPHABET.contains(*one) && !EXTENSION.contains(*one));
    assert_eq!(counted.forced_by, forced_by);
    let (encoding, alone, joined) =
        if forced_by.is_none() { (Encoding::Gsm7, 160, 153) } else { (Encoding::Ucs2, 70, 67) };
    assert_eq!(counted.encoding, encoding);
    let units = |character: char| match encoding {
        Encoding::Gsm7 if EXTENSION.contains(character) => 2,
        Encoding::Gsm7 => 1,
        Encoding::Ucs2 => character.to_string().encode_utf16().count(),
    };
    let of = |part: &str| part.chars().map(units).sum::<usize>();
    assert_eq!(counted.units, of(text));

    let segments = lay_out(text, alone, joined, units);
    assert_eq!(segments.concat(), text);
    assert_eq!(counted.segments, segments.len());
    // Full: what begins the next one had no room left.
    for pair in segments.windows(2) {
        assert!(
            of(pair[0]) <= joined
                && of(pair[0]) + units(pair[1].chars().next().expect("no empty one")) > joined
        );
    }
    // One character more never takes fewer, and never more than one more, of the same encoding.
    let more = Segments::of(&format!("{text}a"));
    assert!((counted.segments..=counted.segments + 1).contains(&more.segments));
});

/// The text as it travels, segment by segment.
fn lay_out(text: &str, alone: usize, joined: usize, units: impl Fn(char) -> usize) -> Vec<&str> {
    if text.chars().map(&units).sum::<usize>() <= alone {
        return vec![text];
    }
    let (mut segments, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let (mut end, mut filled) = (0, 0);
        for (at, character) in rest.char_indices() {
            filled += units(character);
            if filled > joined {
                break;
            }
            end = at + character.len_utf8();
        }
        let (segment, after) = rest.split_at(end);
        segments.push(segment);
        rest = after;
    }
    segments
}
