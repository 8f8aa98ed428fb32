//! The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038, 6.2.1 and 6.2.1.1).

/// How many septets a character takes: 1 in the alphabet, 2 (an escape and a septet) in the extension table,
/// 0 in neither.
pub(super) fn septets(character: char) -> usize {
    match ASCII.get(character as usize) {
        Some(septets) => usize::from(*septets),
        None => beyond_ascii(character),
    }
}

/// Not in it: the backtick, and all control characters but line feed, form feed and carriage return. The
/// escape is no character of its own.
static ASCII: [u8; 0x80] = {
    let mut septets = [0; 0x80];
    let mut code = 0;
    while code < 0x80 {
        septets[code as usize] = match code {
            b'`' => 0,
            b'\x0C' | b'[' | b'\\' | b']' | b'^' | b'{' | b'|' | b'}' | b'~' => 2,
            b'\n' | b'\r' | b' '..b'\x7F' => 1,
            _ => 0,
        };
        code += 1;
    }
    septets
};

/// The septet 0x09 is the capital Ç; there is no small one.
fn beyond_ascii(character: char) -> usize {
    match character {
        '¡' | '£' | '¤' | '¥' | '§' | '¿' | 'Ä' | 'Å' | 'Æ' | 'Ç' | 'É' | 'Ñ' | 'Ö' | 'Ø' | 'Ü' | 'ß'
        | 'à' | 'ä' | 'å' | 'æ' | 'è' | 'é' | 'ì' | 'ñ' | 'ò' | 'ö' | 'ø' | 'ù' | 'ü' | 'Γ' | 'Δ' | 'Θ'
        | 'Λ' | 'Ξ' | 'Π' | 'Σ' | 'Φ' | 'Ψ' | 'Ω' => 1,
        '€' => 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The alphabet in the order of its septets, the escape left out, as in the table of 6.2.1.
    const ALPHABET: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                            ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    /// The extension table, likewise.
    const EXTENSION: &str = "\u{C}^{}\\[~]|€";

    #[test]
    fn every_character_there_is_has_the_septets_of_the_tables() {
        assert_eq!((ALPHABET.chars().count(), EXTENSION.chars().count()), (127, 10));
        let (mut one, mut two) = (0, 0);
        for character in '\0'..=char::MAX {
            let expected = match character {
                _ if ALPHABET.contains(character) => 1,
                _ if EXTENSION.contains(character) => 2,
                _ => 0,
            };
            assert_eq!(septets(character), expected, "{character:?}");
            one += usize::from(expected == 1);
            two += usize::from(expected == 2);
        }
        assert_eq!((one, two), (127, 10));
    }
}
