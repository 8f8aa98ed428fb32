//! What a code looks like: kind, length and template.

use rand::TryCryptoRng;
use serde::{Deserialize, Serialize};

use crate::code::{Code, MAX_CODE_LENGTH};
use crate::entropy_error::EntropyError;
use crate::message::{Template, TemplateError};
use crate::typed::{MalformedCode, Typed};
use crate::wiped::Wiped;

/// The alphabet of a code.
///
/// Serialised under the names `NUMERIC`, `ALPHA`, `ALPHANUMERIC` and `UNAMBIGUOUS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    /// The digits `0`–`9`: 3.32 bits a character.
    Numeric,
    /// The letters `A`–`Z`: 4.70 bits a character.
    Alpha,
    /// Digits and letters, `0`–`9` and `A`–`Z`: 5.17 bits a character.
    Alphanumeric,
    /// Crockford's base 32, digits and letters without `I`, `L`, `O` and `U`: 5 bits a character. Read back
    /// forgivingly: `O` is taken for `0`, `I` and `L` for `1`.
    Unambiguous,
}

impl Kind {
    /// Every kind there is.
    pub const ALL: [Self; 4] = [Self::Numeric, Self::Alpha, Self::Alphanumeric, Self::Unambiguous];

    /// The characters codes of this kind are made of, in ASCII order.
    pub const fn alphabet(self) -> &'static str {
        match self {
            Self::Numeric => "0123456789",
            Self::Alpha => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Self::Alphanumeric => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Self::Unambiguous => "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
        }
    }

    /// The character of this alphabet that a typed one stands for: case and, where the alphabet has none of
    /// its own, look-alikes folded.
    pub(crate) fn fold(self, typed: u8) -> u8 {
        match (self, typed.to_ascii_uppercase()) {
            (Self::Unambiguous, b'O') => b'0',
            (Self::Unambiguous, b'I' | b'L') => b'1',
            (_, upper) => upper,
        }
    }
}

/// What a code looks like: its [`Kind`], its length (1 to 20 characters) and the text it is sent in.
///
/// The default is six digits in the words of the exchanger's [catalogue](crate::Catalogue). As data it is
/// `{"type": "NUMERIC", "length": 6}`, with a `"template"` if it has one; what is left out takes the default.
///
/// ```
/// use otp_exchange::{Kind, Otp};
/// let otp = Otp::new(Kind::Numeric, 4)?.template("Your verification code is {{CODE}}")?;
/// let code = otp.generate(&mut rand::rngs::SysRng)?;
/// assert_eq!(code.len(), 4);
/// assert!((otp.entropy_bits() - 13.29).abs() < 0.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "OtpData")]
pub struct Otp {
    #[serde(rename = "type")]
    kind: Kind,
    length: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<Template>,
}

impl Otp {
    /// Codes of this kind and length, sent in the words of the exchanger's [catalogue](crate::Catalogue)
    /// unless a [`template`](Self::template) is set.
    ///
    /// # Errors
    /// [`OtpError::Length`] unless `length` is 1 to 20.
    pub fn new(kind: Kind, length: u8) -> Result<Self, OtpError> {
        if !(1..=MAX_CODE_LENGTH).contains(&length) {
            return Err(OtpError::Length { length });
        }
        Ok(Self { kind, length, template: None })
    }

    /// The text the code is sent in, in place of the catalogue's: `{{CODE}}` standing exactly once for the
    /// code; at most 480 bytes.
    ///
    /// # Errors
    /// [`OtpError::Template`] says what is wrong with the text.
    pub fn template(self, template: &str) -> Result<Self, OtpError> {
        Ok(Self { template: Some(Template::parse(template)?), ..self })
    }

    /// The alphabet.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The number of characters, 1 to 20.
    pub fn length(&self) -> u8 {
        self.length
    }

    /// The text the code is sent in, if it is not the catalogue's.
    pub fn message_template(&self) -> Option<&Template> {
        self.template.as_ref()
    }

    /// How much chance a code holds, in bits: length × log2(size of the alphabet). Six digits are 19.93; NIST
    /// SP 800-63B-4 section 3.1.3.2 asks for six digits or the equivalent, and for throttling below 64
    /// bits.
    pub fn entropy_bits(&self) -> f64 {
        #[allow(clippy::cast_precision_loss)] // at most 36
        let symbols = self.kind.alphabet().len() as f64;
        f64::from(self.length) * symbols.log2()
    }

    /// Whether guessing at it is hopeless however often one may: 64 bits or more (NIST SP 800-63B-4 section
    /// 3.1.3.2).
    pub(crate) fn is_unguessable(&self) -> bool {
        count(self.kind, self.length) >= UNGUESSABLE
    }

    /// The same, of the same kind, so long that guessing at it is hopeless.
    pub(crate) fn lengthened(&self) -> Self {
        let length = (self.length..MAX_CODE_LENGTH).find(|length| count(self.kind, *length) >= UNGUESSABLE);
        Self { length: length.unwrap_or(MAX_CODE_LENGTH), ..self.clone() }
    }

    /// Draws a code: every code of the kind and length equally likely, leading zeros kept.
    ///
    /// # Errors
    /// [`EntropyError`] if the generator fails; then there is no code.
    pub fn generate<R: TryCryptoRng + ?Sized>(&self, generator: &mut R) -> Result<Code, EntropyError> {
        let alphabet = self.kind.alphabet().as_bytes();
        // A byte is used only below the greatest multiple of the alphabet's size, so that no character comes
        // up more often than another (the `% 10` of CVE-2021-23451).
        let bound = 256 - 256 % alphabet.len();
        let mut drawn = Wiped::new([0_u8; MAX_CODE_LENGTH as usize]);
        let mut code = Code::blank(self.length);
        let mut places = code.characters_mut().iter_mut();
        while places.len() > 0 {
            let fresh = &mut drawn[..places.len()];
            generator.try_fill_bytes(fresh).map_err(EntropyError::new)?;
            let fair = fresh.iter().map(|&byte| usize::from(byte)).filter(|&byte| byte < bound);
            for (byte, place) in fair.zip(&mut places) {
                *place = alphabet[byte % alphabet.len()];
            }
        }
        Ok(code)
    }

    /// Reads what a person typed: spaces and hyphens dropped wherever they stand, ASCII case folded,
    /// look-alikes folded for [`Kind::Unambiguous`].
    ///
    /// # Errors
    /// [`MalformedCode`] if what is left is not a code of this kind and length. Total: any text is either a
    /// code or an error.
    pub fn parse(&self, typed: &str) -> Result<Code, MalformedCode> {
        let typed = Typed::read(typed)?;
        typed.fit(self.kind, self.length, self.length)
    }
}

/// How many codes make guessing hopeless: 64 bits of them.
pub(crate) const UNGUESSABLE: u128 = 1 << 64;

/// How many codes there are of that kind and length.
pub(crate) fn count(kind: Kind, length: u8) -> u128 {
    (kind.alphabet().len() as u128).saturating_pow(length.into())
}

impl Default for Otp {
    fn default() -> Self {
        Self { kind: Kind::Numeric, length: 6, template: None }
    }
}

/// `Otp` as it comes in, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OtpData {
    #[serde(rename = "type")]
    kind: Option<Kind>,
    length: Option<u8>,
    template: Option<String>,
}

impl TryFrom<OtpData> for Otp {
    type Error = OtpError;

    fn try_from(data: OtpData) -> Result<Self, OtpError> {
        let standard = Self::default();
        let otp = Self::new(data.kind.unwrap_or(standard.kind), data.length.unwrap_or(standard.length))?;
        match data.template {
            Some(template) => otp.template(&template),
            None => Ok(otp),
        }
    }
}

/// Why a code format is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OtpError {
    /// The length is not 1 to 20.
    #[error("otp: length {length}; a code has 1 to 20 characters")]
    Length {
        /// The length that was asked for.
        length: u8,
    },
    /// The template is not one.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io;

    use rand::{TryCryptoRng, TryRng};

    use super::*;

    /// Gives those bytes one after the other, then nothing.
    struct Bytes(VecDeque<u8>);

    impl TryRng for Bytes {
        type Error = io::Error;

        fn try_next_u32(&mut self) -> io::Result<u32> {
            unreachable!("codes are drawn from bytes")
        }

        fn try_next_u64(&mut self) -> io::Result<u64> {
            unreachable!("codes are drawn from bytes")
        }

        fn try_fill_bytes(&mut self, room: &mut [u8]) -> io::Result<()> {
            room.iter_mut().try_for_each(|byte| {
                *byte = self.0.pop_front().ok_or(io::ErrorKind::UnexpectedEof)?;
                Ok(())
            })
        }
    }

    impl TryCryptoRng for Bytes {}

    fn generated(kind: Kind, length: u8, bytes: &[u8]) -> Option<String> {
        let code = Otp::new(kind, length).unwrap().generate(&mut Bytes(bytes.iter().copied().collect()));
        code.ok().map(|code| code.expose().to_owned())
    }

    #[test]
    fn a_byte_is_used_only_where_each_character_has_as_many() {
        for (kind, bound) in Kind::ALL.into_iter().zip([250, 234, 252, 256_usize]) {
            let alphabet = kind.alphabet();
            // The last byte that is used is the alphabet's last character; the next is drawn again.
            let last = alphabet.chars().next_back().map(String::from);
            assert_eq!(generated(kind, 1, &[u8::try_from(bound - 1).unwrap()]), last);
            for rejected in bound..256 {
                let rejected = u8::try_from(rejected).unwrap();
                assert_eq!(generated(kind, 1, &[rejected]), None);
                assert_eq!(generated(kind, 1, &[rejected, 1]), Some(alphabet[1..2].to_owned()));
            }
            for (place, character) in alphabet.chars().enumerate() {
                assert_eq!(generated(kind, 1, &[u8::try_from(place).unwrap()]), Some(character.to_string()));
            }
        }
        // Just as many are drawn again as were rejected.
        assert_eq!(generated(Kind::Numeric, 4, &[255, 250, 249, 0, 13, 9]).as_deref(), Some("9039"));
        assert_eq!(generated(Kind::Numeric, 4, &[255, 250, 249, 0, 13]), None);
    }

    #[test]
    fn what_is_typed_is_a_code_of_that_kind_and_length_or_an_error() {
        let read = |kind, length, typed: &str| {
            Otp::new(kind, length).unwrap().parse(typed).ok().map(|code| code.expose().to_owned())
        };
        assert_eq!(read(Kind::Numeric, 6, " 12-34 56").as_deref(), Some("123456"));
        assert_eq!(read(Kind::Alpha, 3, "aBc").as_deref(), Some("ABC"));
        assert_eq!(read(Kind::Unambiguous, 4, "oiL0").as_deref(), Some("0110"));
        for (kind, length, typed) in [
            (Kind::Numeric, 6, "12345"),
            (Kind::Numeric, 6, "1234567"),
            (Kind::Numeric, 6, ""),
            (Kind::Numeric, 6, "12345a"),
            (Kind::Alpha, 3, "AB1"),
            (Kind::Unambiguous, 1, "U"),
        ] {
            assert_eq!(read(kind, length, typed), None, "{typed}");
        }
    }

    #[test]
    fn the_template_is_the_last_one_set() {
        let otp = Otp::new(Kind::Alpha, 9).unwrap();
        assert_eq!(otp.message_template(), None);
        let otp = otp.template("a {{CODE}}").unwrap().template("b {{CODE}}").unwrap();
        assert_eq!((otp.kind(), otp.length()), (Kind::Alpha, 9));
        assert_eq!(otp.message_template(), Some(&Template::parse("b {{CODE}}").unwrap()));
        assert!(matches!(otp.template("no place"), Err(OtpError::Template(_))));
    }

    #[test]
    fn a_code_has_one_to_twenty_characters() {
        for length in [0, 21, 255] {
            assert_eq!(Otp::new(Kind::Alpha, length), Err(OtpError::Length { length }));
        }
        assert!(Otp::new(Kind::Alpha, 1).is_ok() && Otp::new(Kind::Alpha, 20).is_ok());
    }

    #[test]
    fn data_has_the_names_of_the_field_and_is_checked() {
        let read = serde_json::from_str::<Otp>;
        let given = r#"{"type":"NUMERIC","length":4,"template":"Your verification code is {{CODE}}"}"#;
        let otp = read(given).unwrap();
        assert_eq!(
            otp,
            Otp::new(Kind::Numeric, 4).unwrap().template("Your verification code is {{CODE}}").unwrap()
        );
        assert_eq!(serde_json::to_string(&otp).unwrap(), given);
        assert_eq!(read("{}").unwrap(), Otp::default());
        let names = Kind::ALL.map(|kind| serde_json::to_string(&kind).unwrap());
        assert_eq!(names, [r#""NUMERIC""#, r#""ALPHA""#, r#""ALPHANUMERIC""#, r#""UNAMBIGUOUS""#]);
        for bad in
            [r#"{"length":0}"#, r#"{"length":21}"#, r#"{"type":"numeric"}"#, r#"{"template":"no place"}"#]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_lengthened_code_has_64_bits_and_not_a_character_more() {
        let lengths = Kind::ALL.map(|kind| Otp::new(kind, 4).unwrap().lengthened());
        assert_eq!(lengths.each_ref().map(Otp::length), [20, 14, 13, 13]);
        assert!(lengths.iter().all(Otp::is_unguessable));
        let long = Otp::new(Kind::Alphanumeric, 16).unwrap();
        assert_eq!(long.lengthened(), long);
    }

    #[test]
    fn bits_are_length_times_log_of_the_alphabet() {
        let bits = |kind, length| Otp::new(kind, length).unwrap().entropy_bits();
        for (kind, expected) in Kind::ALL.into_iter().zip([3.32, 4.70, 5.17, 5.0]) {
            assert!((bits(kind, 1) - expected).abs() < 0.005);
            assert!((bits(kind, 20) - 20.0 * bits(kind, 1)).abs() < 1e-9);
        }
    }
}
