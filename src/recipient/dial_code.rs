//! Country calling codes: ITU-T E.164, where no code begins with another, so the first digits decide.

use super::{Channel, Recipient};

/// The most digits of a [`DialCode`]: a calling code and the first digits after it.
const MOST: usize = 7;

/// The calling codes of two digits. The two of one digit are 1 and 7; all others have three.
///
/// ITU-T, list of E.164 assigned country codes (annex to Operational Bulletin 1114, 15 December 2016). The
/// spare blocks 28, 83 and 89 are set aside for codes of three digits.
#[rustfmt::skip]
const TWO_DIGITS: [&str; 44] = [
    "20", "27",
    "30", "31", "32", "33", "34", "36", "39",
    "40", "41", "43", "44", "45", "46", "47", "48", "49",
    "51", "52", "53", "54", "55", "56", "57", "58",
    "60", "61", "62", "63", "64", "65", "66",
    "81", "82", "84", "86",
    "90", "91", "92", "93", "94", "95", "98",
];

/// How the phone numbers of a country begin, or of a part of it: for lists of what to allow or refuse.
///
/// It is a whole country calling code, alone or with the first digits after it, 1 to 7 digits in all. Some
/// countries share a code: `1` is all of North America and much of the Caribbean, `1 876` one area code of
/// Jamaica. Two dial codes are ordered as text, so `1876` comes before `32`.
///
/// ```
/// use otp_exchange::DialCode;
/// assert_eq!(DialCode::parse("+1 876")?, DialCode::parse("1876")?);
/// assert_eq!(DialCode::parse("+32")?.as_str(), "32");
/// assert!(DialCode::parse("+35").is_err()); // 350 to 359 are ten countries
/// # Ok::<(), otp_exchange::DialCodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialCode(String);

impl DialCode {
    /// Reads digits, with or without `+` in front; spaces and hyphens are dropped.
    ///
    /// # Errors
    /// [`DialCodeError`] unless that leaves 1 to 7 digits that begin with a whole country calling code.
    pub fn parse(code: &str) -> Result<Self, DialCodeError> {
        let mut digits = String::with_capacity(MOST);
        for character in code.strip_prefix('+').unwrap_or(code).chars() {
            match character {
                '0' if digits.is_empty() => return Err(DialCodeError::LeadingZero),
                '0'..='9' if digits.len() == MOST => return Err(DialCodeError::Length),
                '0'..='9' => digits.push(character),
                ' ' | '-' => {}
                _ => return Err(DialCodeError::Character),
            }
        }
        if digits.is_empty() {
            return Err(DialCodeError::Length);
        }
        if digits.len() < length(&digits) {
            return Err(DialCodeError::Incomplete);
        }
        Ok(Self(digits))
    }

    /// The digits, `32` say.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a phone number that begins so. An email address never does.
    pub(crate) fn matches(&self, recipient: &Recipient) -> bool {
        // A local part may begin with `+` and digits too, so the channel decides.
        recipient.channel == Channel::Sms
            && recipient.address.strip_prefix('+').is_some_and(|digits| digits.starts_with(&self.0))
    }
}

/// What is wrong with a dial code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DialCodeError {
    /// A character that does not belong.
    #[error("dial code: may have digits, one + in front, spaces and hyphens only")]
    Character,
    /// Not 1 to 7 digits.
    #[error("dial code: must have 1 to {MOST} digits")]
    Length,
    /// It begins with 0.
    #[error("dial code: begins with 0; begin with the country calling code, +32 say")]
    LeadingZero,
    /// It ends inside a country calling code, and so would match countries that have nothing in common.
    #[error("dial code: ends inside a country calling code; give all of it, +352 rather than +35")]
    Incomplete,
}

/// The country calling code of a canonical number: `+` and 7 to 15 digits.
pub(super) fn of(number: &str) -> &str {
    let digits = &number[1..];
    &digits[..length(digits)]
}

/// How many digits the calling code has that these digits begin with.
fn length(digits: &str) -> usize {
    if digits.starts_with(['1', '7']) {
        1
    } else if TWO_DIGITS.iter().any(|code| digits.starts_with(code)) {
        2
    } else {
        3
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every code that is assigned or reserved for a use: ITU-T as above, and 383, assigned since.
    const ASSIGNED: &str = "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 \
        60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 \
        226 227 228 229 230 231 232 233 234 235 236 237 238 239 240 241 242 243 244 245 246 247 248 249 250 \
        251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268 269 290 291 297 298 299 350 351 \
        352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 379 380 381 382 383 385 386 387 \
        388 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595 596 597 598 599 \
        670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 800 808 850 852 \
        853 855 856 870 875 876 877 878 879 880 881 882 883 886 888 960 961 962 963 964 965 966 967 968 969 \
        970 971 972 973 974 975 976 977 979 991 992 993 994 995 996 998 999";

    #[test]
    fn every_assigned_code_is_found_whatever_follows() {
        for code in ASSIGNED.split(' ') {
            for next in 0..=99 {
                let number = format!("+{code}{next:02}45678");
                assert_eq!(of(&number), code, "{number}");
            }
        }
    }

    #[test]
    fn every_other_beginning_is_a_spare_block_of_three_digit_codes() {
        let assigned: BTreeSet<&str> = ASSIGNED.split(' ').collect();
        let mut short = BTreeSet::new();
        for first in 100..=999 {
            let number = format!("+{first}4567");
            if of(&number).len() < 3 {
                short.insert(of(&number).to_owned());
            }
        }
        assert!(short.iter().all(|code| assigned.contains(&code[..])), "not assigned: {short:?}");
        assert_eq!(short.len(), assigned.iter().filter(|code| code.len() < 3).count());
    }

    #[test]
    fn a_recipient_knows_its_calling_code() {
        let code = |address| Recipient::parse(address).unwrap().dial_code().map(str::to_owned);
        assert_eq!(code("32 (412) 34-56-78").as_deref(), Some("32"));
        assert_eq!(code("+1 876 555 0100").as_deref(), Some("1"));
        assert_eq!(code("+7999999").as_deref(), Some("7"));
        assert_eq!(code("+352999999999999").as_deref(), Some("352"));
        assert_eq!(code("ada@example.org"), None);
        assert_eq!(code("+32412345678@example.org"), None);
    }

    #[test]
    fn one_dial_code_for_every_spelling() {
        for spelling in ["+1876", "1876", "+1 876", "1-876", "+ 1 - 876 "] {
            assert_eq!(DialCode::parse(spelling).as_ref().map(DialCode::as_str), Ok("1876"), "{spelling}");
        }
        for code in ASSIGNED.split(' ') {
            assert!(DialCode::parse(code).is_ok(), "{code}");
        }
        assert!(DialCode::parse("3241234").is_ok());
    }

    #[test]
    fn names_what_is_wrong() {
        let cases = [
            ("", DialCodeError::Length),
            ("+", DialCodeError::Length),
            (" - ", DialCodeError::Length),
            ("32412345", DialCodeError::Length),
            ("0", DialCodeError::LeadingZero),
            ("+0032", DialCodeError::LeadingZero),
            (" 032", DialCodeError::LeadingZero),
            ("3", DialCodeError::Incomplete),
            ("+35", DialCodeError::Incomplete),
            ("99", DialCodeError::Incomplete),
            ("++32", DialCodeError::Character),
            (" +32", DialCodeError::Character),
            ("32+", DialCodeError::Character),
            ("3.2", DialCodeError::Character),
            ("(32)", DialCodeError::Character),
            ("32\n", DialCodeError::Character),
            ("BE", DialCodeError::Character),
            ("٣٢", DialCodeError::Character),
        ];
        for (code, error) in cases {
            assert_eq!(DialCode::parse(code), Err(error), "{code:?}");
        }
    }

    #[test]
    fn matches_numbers_that_begin_so_and_nothing_else() {
        let matches =
            |code, address| DialCode::parse(code).unwrap().matches(&Recipient::parse(address).unwrap());
        assert!(matches("32", "+32412345678"));
        assert!(matches("+32 412", "+32412345678"));
        assert!(matches("1", "+18765550100"));
        assert!(matches("1876", "+18765550100"));
        assert!(matches("3241234", "+3241234")); // the whole of a shortest number
        assert!(!matches("32", "+33412345678"));
        assert!(!matches("32413", "+32412345678"));
        assert!(!matches("412", "+32412345678")); // within, not in front
        assert!(!matches("1876", "+12025550100"));
        assert!(!matches("32", "+32412345678@example.org"));
        assert!(!matches("32", "32412345678@example.org"));
    }
}
