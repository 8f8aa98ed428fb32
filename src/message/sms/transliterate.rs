//! Spelling in the GSM alphabet what is not in it: one typographic quote can double what a text costs.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::gsm;

/// The text in GSM-7, if every character that is not has a spelling there; else the text as it was, because
/// one spelled in part would be uglier and no cheaper.
pub(crate) fn transliterate(text: &str) -> Cow<'_, str> {
    if text.chars().all(|character| gsm::septets(character) > 0) {
        return Cow::Borrowed(text);
    }
    // With room for the longest spellings it never grows, and given up it is wiped: no copy of a code is
    // left.
    let mut spelled = Zeroizing::new(String::with_capacity(LONGEST * text.len()));
    let (mut taken, mut base) = (0, ' ');
    for (start, character) in text.char_indices().filter(|(_, character)| gsm::septets(*character) == 0) {
        let known = &text[taken..start];
        base = known.chars().next_back().unwrap_or(base);
        let (known, spelling) = if is_mark(character) {
            match known.strip_suffix(base).zip(composed(base, character)) {
                Some((known, letter)) => (known, Some(letter)),
                // On a digit a mark may strike it out: without it the text would say something else.
                None => (known, base.is_alphabetic().then_some("")),
            }
        } else {
            base = character;
            (known, spelling(character))
        };
        let Some(spelling) = spelling else { return Cow::Borrowed(text) };
        spelled.push_str(known);
        spelled.push_str(spelling);
        taken = start + character.len_utf8();
    }
    spelled.push_str(&text[taken..]);
    Cow::Owned(std::mem::take(&mut *spelled))
}

/// How a character is spelled in GSM-7, with nothing if it cannot be seen. `None` if it is in GSM-7 already,
/// or has no spelling: other scripts, symbols, and a combining mark without its letter.
pub(crate) fn spelling(character: char) -> Option<&'static str> {
    if gsm::septets(character) > 0 { None } else { letter(character).or_else(|| other(character)) }
}

/// No spelling is longer than so many times its character, in bytes.
const LONGEST: usize = 2;

fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36F}')
}

/// A letter of GSM-7 written as its base letter and a mark. With a double acute, ö and ü: see [`other`].
fn composed(base: char, mark: char) -> Option<&'static str> {
    let (bases, letters) = match mark {
        '\u{300}' => ("aeiou", "àèìòù"),
        '\u{301}' => ("eE", "éÉ"),
        '\u{303}' => ("nN", "ñÑ"),
        '\u{308}' => ("aouAOU", "äöüÄÖÜ"),
        '\u{30A}' => ("aA", "åÅ"),
        '\u{30B}' => ("ouOU", "öüÖÜ"),
        '\u{327}' => ("C", "Ç"),
        _ => return None,
    };
    let start = 2 * bases.find(base)?; // every letter here is two bytes
    letters.get(start..start + 2)
}

/// Letters that become one ASCII letter: the first character of a block, and a letter for each from there on.
/// A dash stands for those that are in GSM-7, are spelled by [`other`], or not at all.
static LETTERS: [(char, &str); 3] = [
    (
        'À',
        "AAAA----E-EEIIIID-OOOO---UUU-Y---aaa---c--ee-iiid--ooo----uu-y-y\
         AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi--JjKkkLlLlLl-\
         -LlNnNnNn---OoOo----RrRrRrSsSsSsSsTtTtTtUuUuUuUu--UuWwYyYZzZzZzs\
         bBBb---CcDDDd-EEEFfG---IKkl--Nn-Oo--Pp-----tTtTUu-VYyZz---------\
         -------------AaIiOoUu--------e--Aa--GgGgKkOoOo--j---Gg--Nn------\
         AaAaEeEeIiIiOoOoRrRrUuUuSsTt--HhN---ZzAaEe--OoOoOoYy",
    ),
    ('Ά', "A-EHI-O-Y--AB--EZH-IK-MN-O-P--TY-X--IY"),
    (
        'Ḁ',
        "AaBbBbBb-cDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMm\
         MmMmNnNnNnNnOoOoOoOoPpPpRrRrRrRrSsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVv\
         WwWwWwWwWwXxXxYyZzZzZzhtwyas----AaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEe\
         EeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUuUuYyYyYyYy",
    ),
];

fn letter(character: char) -> Option<&'static str> {
    let (first, letters) = LETTERS.iter().rfind(|(first, _)| *first <= character)?;
    let place = character as usize - *first as usize;
    letters.get(place..=place).filter(|letter| *letter != "-")
}

/// Whatever is not one ASCII letter. Nothing here joins the digits before it: 10² is not 102, nor 1½ 11/2.
fn other(character: char) -> Option<&'static str> {
    Some(match character {
        // Letters whose nearest in GSM-7 has a diacritic of its own; ö and ü are what Hungarians write for ő
        // and ű.
        'Ő' | 'Ȫ' => "Ö",
        'ő' | 'ȫ' => "ö",
        'Ű' | 'Ǖ' | 'Ǘ' | 'Ǚ' | 'Ǜ' => "Ü",
        'ű' | 'ǖ' | 'ǘ' | 'ǚ' | 'ǜ' => "ü",
        'Ǟ' => "Ä",
        'ǟ' => "ä",
        'Ǻ' | '\u{212B}' => "Å",
        'ǻ' => "å",
        'Ǣ' | 'Ǽ' => "Æ",
        'ǣ' | 'ǽ' => "æ",
        'Ǿ' => "Ø",
        'ǿ' => "ø",
        'Ḉ' => "Ç",
        'Ώ' | '\u{2126}' => "Ω",

        // Letters that are spelled with several, and ligatures.
        'Þ' => "Th",
        'þ' => "th",
        'Ĳ' => "IJ",
        'ĳ' => "ij",
        'Ŀ' => "L.",
        'ŀ' => "l.",
        'ŉ' => "'n",
        'Ŋ' => "Ng",
        'ŋ' => "ng",
        'Œ' => "OE",
        'œ' => "oe",
        'ẞ' => "SS",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' | 'ﬆ' => "st",

        // Letters of Hausa and Azerbaijani, far from their capitals.
        'ɓ' => "b",
        'ɗ' => "d",
        'ə' => "e",

        // Spaces, line breaks among them; and what only says where a line may break or which way it runs.
        '\t' | '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{2028}' | '\u{2029}' | '\u{202F}' | '\u{205F}' => " ",
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' => "",

        // Quotes and punctuation.
        '`' | '´' | '\u{2018}'..='\u{201B}' | '‹' | '›' | '′' | '‵' | 'ʼ' | 'ʻ' | 'ʹ' | '΄' => {
            "'"
        }
        '¨' | '«' | '»' | '\u{201C}'..='\u{201F}' | '″' | '‶' => "\"",
        '¯' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '⁃' => "-",
        '·' | '\u{387}' | '․' | '‧' => ".",
        '‥' => "..",
        '…' => "...",
        '¸' => ",",
        '\u{37E}' => ";",
        '¦' => "|",
        '‖' => "||",
        '‗' => "_",
        '•' | '‣' => "*",
        '†' => "+",
        '‡' => "++",
        '‼' => "!!",
        '‽' | '⁈' => "?!",
        '⁇' => "??",
        '⁉' => "!?",
        '÷' | '⁄' => "/",
        '×' => "x",
        '¬' => "~",
        '±' => "+/-",
        '‰' => " o/oo",

        // Signs and numbers.
        'ª' => "a",
        'º' | '°' => "o",
        '¹' => "^1",
        '²' => "^2",
        '³' => "^3",
        '¼' => " 1/4",
        '½' => " 1/2",
        '¾' => " 3/4",
        'µ' => "u",
        '¶' => "P",
        '\u{212A}' => "K",
        '©' => "(c)",
        '®' => "(R)",
        '™' => "TM",
        '№' => "No",
        '¢' => "c",

        // Currencies, by their codes (ISO 4217): an amount must not depend on who reads it.
        '₦' => "NGN",
        '₩' => "KRW",
        '₪' => "ILS",
        '₫' => "VND",
        '₱' => "PHP",
        '₲' => "PYG",
        '₴' => "UAH",
        '₵' => "GHS",
        '₸' => "KZT",
        '₹' => "INR",
        '₺' => "TRY",
        '₽' => "RUB",
        '₾' => "GEL",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::seq::IndexedRandom;
    use rand::{RngExt, SeedableRng};

    use super::*;

    fn is_gsm(text: &str) -> bool {
        text.chars().all(|character| gsm::septets(character) > 0)
    }

    fn unchanged(text: &str) -> bool {
        matches!(transliterate(text), Cow::Borrowed(same) if same == text)
    }

    #[test]
    fn sentences_are_spelled_as_people_do_without_the_letters() {
        let sentences = [
            (
                "Votre code reçu : « 123 »\u{202F}– bientôt périmé…",
                "Votre code recu : \" 123 \" - bientot périmé...",
            ),
            ("L’œuvre, Noël, çà et là, cœur, FRANÇOISE, Ÿ", "L'oeuvre, Noel, cà et là, coeur, FRANÇOISE, Y"),
            ("“Größe” ‘Straße’ GROẞE — „unten“", "\"Größe\" 'Straße' GROSSE - \"unten\""),
            ("Su código está aquí; ¿corazón?", "Su codigo esta aqui; ¿corazon?"),
            ("Seu código não é válido às 10º", "Seu codigo nao é valido às 10o"),
            ("Příliš žluťoučký kůň úpěl ďábelské ódy", "Prilis zlutoucky kun upel dabelské ody"),
            ("Zażółć gęślą jaźń ŁÓDŹ", "Zazolc gesla jazn LODZ"),
            ("Árvíztűrő tükörfúrógép", "Arviztürö tükörfurogép"),
            ("Codul tău de autentificare și țara, ŞŢ", "Codul tau de autentificare si tara, ST"),
            ("Giriş kodunuz ığüşöç İ", "Giris kodunuz igüsöc I"),
            ("Staðfesting þín Þórður Æ æ", "Stadfesting thin Thordur Æ æ"),
            (
                "Đăng nhập: mã của bạn hết hạn sau mười phút, ỹ Ỹ ẞ",
                "Dang nhap: ma cua ban het han sau muoi phut, y Y SS",
            ),
            ("Šifra čeka: đ ž ć Đ", "Sifra ceka: d z c D"),
            ("Jūsų kodas; Ģ ķ ļ ņ ŗ ē", "Jusu kodas; G k l n r e"),
            ("Kod ĳsberg Ĳ coŀlegi ŉ ŋ ſ", "Kod ijsberg IJ col.legi 'n ng s"),
            ("ΚΩΔΙΚΟΣ ΕΙΣΟΔΟΥ, Ά Έ Ή Ί Ό Ύ Ώ Ϊ Ϋ", "KΩΔIKOΣ EIΣOΔOY, A E H I O Y Ω I Y"),
            ("hǎo lǜ Ǚ ǻ Ǽ ȁ ș Ț ȳ Ȳ", "hao lü Ü å Æ a s T y Y"),
            ("ﬁve ﬂats, e\u{AD}mail, no\u{200B}break\u{FEFF}", "five flats, email, nobreak"),
            ("12,50\u{A0}₹ 1½ m² 10³ 5‰ 50¢ ™ №5 ©", "12,50 INR 1 1/2 m^2 10^3 5 o/oo 50c TM No5 (c)"),
            ("`code`\tis −5 × 3 ÷ 2", "'code' is -5 x 3 / 2"),
        ];
        for (text, spelled) in sentences {
            assert_eq!(transliterate(text), spelled);
        }
    }

    #[test]
    fn a_text_in_gsm_7_is_not_touched() {
        let all: String = ('\0'..=char::MAX).filter(|character| gsm::septets(*character) > 0).collect();
        assert_eq!(all.chars().count(), 137);
        for text in ["", "Code 123456\r\n\u{C}[€]", &all] {
            assert!(unchanged(text), "{text}");
        }
    }

    #[test]
    fn a_text_that_cannot_be_spelled_as_a_whole_is_not_touched() {
        for foreign in
            ["Код", "код й", "κωδικός", "验证码", "コード", "رمز", "कोड", "😀", "Ⅷ", "\u{1B}", "\0", "\u{85}"]
        {
            assert!(unchanged(foreign), "{foreign}");
            assert!(unchanged(&format!("“ça” {foreign}")), "{foreign}");
            assert!(unchanged(&format!("{foreign} “ça”")), "{foreign}");
        }
    }

    #[test]
    fn marks_go_with_their_letter_and_with_nothing_else() {
        let spelled = [
            ("cafe\u{301}", "café"),
            ("E\u{301}a\u{300}n\u{303}U\u{308}A\u{30A}C\u{327}o\u{30B}", "ÉàñÜÅÇö"),
            ("c\u{327}a\u{301}e\u{302}E\u{300}", "caeE"),
            ("e\u{302}\u{301}o\u{31B}\u{309}u\u{308}\u{30C}", "eoü"), // as ế, ở and ǚ are
            ("ç\u{301}ł\u{300}\u{36F}œ\u{304}", "cloe"),
            ("é\u{301}", "é"),
        ];
        for (text, expected) in spelled {
            assert_eq!(transliterate(text), expected);
        }
        for text in ["\u{301}", "1\u{338}", "ça 12\u{336}", " \u{301}e", "…\u{301}", "e\u{370}", "e\u{2FF}"]
        {
            assert!(unchanged(text), "{text}");
        }
    }

    #[test]
    fn every_spelling_there_is_keeps_the_rules() {
        let mut spelled = 0;
        for character in '\0'..=char::MAX {
            let Some(spelling) = spelling(character) else { continue };
            spelled += 1;
            assert_eq!(gsm::septets(character), 0, "{character} is in GSM-7 already");
            assert!(is_gsm(spelling), "{character}");
            assert!(!spelling.contains(char::is_control), "{character}");
            assert!(spelling.len() <= LONGEST * character.len_utf8(), "{character}: the text would grow");
            // Numbers stay as they are: a digit in front would join those before it.
            assert!(!spelling.starts_with(|first: char| first.is_ascii_digit()), "{character}");
            assert_eq!(transliterate(&character.to_string()), spelling);
        }
        assert!(spelled > 600, "{spelled}");
        let untouched = ['а'..='я', 'А'..='Я', 'α'..='ω', '一'..='鿿', 'ぁ'..='ヿ', '가'..='힣', '😀'..='🙏'];
        for character in untouched.into_iter().flatten() {
            assert_eq!(spelling(character), None, "{character}");
        }
    }

    #[test]
    fn whole_blocks_are_covered() {
        let blocks = ['\u{A0}'..='\u{17F}', 'Ș'..='ț', 'Ạ'..='ỹ', '\u{2000}'..='\u{2027}'];
        let spelled = |character: &char| gsm::septets(*character) > 0 || spelling(*character).is_some();
        let left: String = blocks.into_iter().flatten().filter(|character| !spelled(character)).collect();
        assert_eq!(left, "");
    }

    #[test]
    fn any_text_becomes_gsm_7_or_stays_as_it_is_and_never_changes_twice() {
        const PARTS: [&str; 24] = [
            "Code ", "7", "é", "e", "ç", "\u{301}", "\u{30B}", "o", "“", "…", "œ", "ș", "ế", "½", "\u{AD}",
            "\n", "€", "^", "₹", "ﬃ", "Ώ", "\u{336}", "й", "😀",
        ];
        let (mut rng, mut spelled, mut kept) = (StdRng::seed_from_u64(1), 0, 0);
        for _ in 0..100_000 {
            // The last two have no spelling: half of the texts go without.
            let parts = &PARTS[..if rng.random_bool(0.5) { 22 } else { 24 }];
            let text: String =
                (0..rng.random_range(0..12)).map(|_| *parts.choose(&mut rng).unwrap()).collect();
            match transliterate(&text) {
                Cow::Borrowed(same) => {
                    assert_eq!(same, text);
                    kept += 1;
                }
                Cow::Owned(new) => {
                    assert!(is_gsm(&new) && !is_gsm(&text), "{text:?}: {new:?}");
                    assert_eq!(new.capacity(), LONGEST * text.len(), "{text:?}: it grew");
                    assert_eq!(new.matches(['\n', '\r']).count(), text.matches(['\n', '\r']).count());
                    assert!(unchanged(&new));
                    spelled += 1;
                }
            }
        }
        assert!(spelled > 10_000 && kept > 10_000, "{spelled} {kept}");
    }
}
