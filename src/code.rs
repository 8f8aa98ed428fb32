//! A passcode as a secret: redacted, wiped, compared in constant time, opened by one verb.

use std::fmt;

use subtle::{Choice, ConstantTimeEq};
use zeroize::ZeroizeOnDrop;

use crate::wiped::Wiped;

/// The longest code there is, in characters.
pub const MAX_CODE_LENGTH: u8 = 20;

const PADDED: usize = MAX_CODE_LENGTH as usize;

/// A secret that a person can type: 1 to 20 characters out of `0-9A-Z`.
///
/// It cannot be cloned, printed or serialised; [`expose`](Code::expose) is the only way to read it, which
/// makes every place that does so easy to find. Its memory is wiped when it is dropped.
///
/// ```
/// # use otp_exchange::{Kind, Otp};
/// let code = Otp::new(Kind::Numeric, 6)?.parse(" 123-456 ")?;
/// assert_eq!(code.expose(), "123456");
/// assert_eq!(format!("{code:?}"), "Code(redacted)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Code {
    // Padded, so that comparing takes the same time whatever the length; see `ct_eq`.
    padded: Wiped<[u8; PADDED]>,
    length: u8,
}

impl Code {
    /// The code as text, to be shown to nobody but the person it was made for.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.padded[..self.len()]).unwrap_or_default() // always ASCII: see `from_ascii`
    }

    /// How many characters it has: 1 to 20.
    #[allow(clippy::len_without_is_empty)] // no code is empty
    pub fn len(&self) -> usize {
        usize::from(self.length)
    }

    /// Room for a code of that length (20 at most), its characters still to be written.
    pub(crate) fn blank(length: u8) -> Self {
        Self { padded: Wiped::new([0; PADDED]), length: length.min(MAX_CODE_LENGTH) }
    }

    /// The characters, for writing them.
    pub(crate) fn characters_mut(&mut self) -> &mut [u8] {
        let length = self.len();
        &mut self.padded[..length]
    }

    /// From characters already known to be of an alphabet; `None` if there are none or too many.
    pub(crate) fn from_ascii(characters: &[u8]) -> Option<Self> {
        let fits = (1..=PADDED).contains(&characters.len()) && characters.is_ascii();
        fits.then(|| {
            #[allow(clippy::cast_possible_truncation)] // at most 20
            let mut code = Self::blank(characters.len() as u8);
            code.characters_mut().copy_from_slice(characters);
            code
        })
    }

    /// A second copy, for the few places that need one: the ledger and the receipt, or a folded twin.
    pub(crate) fn duplicate(&self) -> Self {
        Self { padded: self.padded.clone(), length: self.length }
    }

    /// The same code with each character replaced.
    pub(crate) fn map(&self, replace: impl Fn(u8) -> u8) -> Self {
        let mut twin = self.duplicate();
        for character in twin.characters_mut() {
            *character = replace(*character);
        }
        twin
    }

    /// The same as `len`, as it is written in formats.
    pub(crate) fn length(&self) -> u8 {
        self.length
    }
}

impl ZeroizeOnDrop for Code {}

impl ConstantTimeEq for Code {
    /// Compares all 20 places and the length, without an early way out.
    fn ct_eq(&self, other: &Self) -> Choice {
        self.padded.as_slice().ct_eq(other.padded.as_slice()) & self.length.ct_eq(&other.length)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(redacted)")
    }
}

/// How a code is written inside a sealed entry, and only there.
pub(crate) mod sealed {
    use super::Code;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(code: &Code, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(code.expose())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
        let characters = <&str>::deserialize(deserializer)?;
        Code::from_ascii(characters.as_bytes()).ok_or_else(|| D::Error::custom("not a code"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_needs_every_character_and_the_length() {
        let code = |text: &str| Code::from_ascii(text.as_bytes()).unwrap();
        assert!(bool::from(code("000000").ct_eq(&code("000000"))));
        for other in ["00000", "0000000", "000001", "100000", "0"] {
            assert!(!bool::from(code("000000").ct_eq(&code(other))), "{other}");
        }
        // Padding is not part of the code.
        assert!(!bool::from(code("1").ct_eq(&code("1\0"))));
    }

    #[test]
    fn a_code_is_never_printed() {
        assert_eq!(format!("{:?}", Code::from_ascii(b"123456")), "Some(Code(redacted))");
    }

    #[test]
    fn nothing_empty_or_oversized_is_a_code() {
        assert!(Code::from_ascii(b"").is_none());
        assert!(Code::from_ascii(&[b'1'; 21]).is_none());
        assert!(Code::from_ascii(&[b'1'; 20]).is_some());
        assert!(Code::from_ascii(&[0xFF]).is_none());
    }
}
