//! What a person typed, on its way to being a code.

use subtle::{Choice, ConstantTimeEq};

use crate::code::{Code, MAX_CODE_LENGTH};
use crate::otp::Kind;
use crate::wiped::Wiped;

/// What somebody typed, with everything dropped that people put between the characters: at most 20 of
/// `0-9A-Z`, not yet held against a format.
#[derive(Debug)]
pub(crate) struct Typed(Code);

impl ConstantTimeEq for Typed {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl Typed {
    pub(crate) fn read(typed: &str) -> Result<Self, MalformedCode> {
        let mut kept = Wiped::new([0_u8; MAX_CODE_LENGTH as usize]);
        let mut count = 0;
        for byte in typed.bytes().filter(|byte| !matches!(byte, b' ' | b'-')) {
            if !byte.is_ascii() {
                return Err(MalformedCode::NotAscii);
            }
            if !byte.is_ascii_alphanumeric() {
                return Err(MalformedCode::Character);
            }
            *kept.get_mut(count).ok_or(MalformedCode::Length)? = byte.to_ascii_uppercase();
            count += 1;
        }
        Code::from_ascii(&kept[..count]).map(Self).ok_or(MalformedCode::Empty)
    }

    /// As a code of that kind and a length within those bounds.
    pub(crate) fn fit(&self, kind: Kind, shortest: u8, longest: u8) -> Result<Code, MalformedCode> {
        if !(usize::from(shortest)..=usize::from(longest)).contains(&self.0.len()) {
            return Err(MalformedCode::Length);
        }
        let code = self.as_kind(kind);
        let known = code.expose().bytes().all(|character| kind.alphabet().as_bytes().contains(&character));
        if known { Ok(code) } else { Err(MalformedCode::Character) }
    }

    /// How many characters there are.
    pub(crate) fn length(&self) -> u8 {
        self.0.length()
    }

    /// With the look-alikes of that kind folded, whether or not it then is a code of it.
    pub(crate) fn as_kind(&self, kind: Kind) -> Code {
        self.0.map(|character| kind.fold(character))
    }
}

/// Why a typed text cannot be a code, whichever code was sent. It costs no attempt, and it never holds the
/// text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedCode {
    /// Nothing but spaces and hyphens.
    #[error("code: nothing was typed; type the characters of the message")]
    Empty,
    /// A character that is not ASCII, a full-width or Arabic digit say.
    #[error("code: a character that is not ASCII; type the characters as the message shows them")]
    NotAscii,
    /// A character that no code here has.
    #[error("code: a character that no code has; check it against the message")]
    Character,
    /// Too few or too many characters for any code here.
    #[error("code: too short or too long to be a code; type all of its characters")]
    Length,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::Otp;

    #[test]
    fn typing_is_read_forgivingly_and_nothing_else_is() {
        fn parse(kind: Kind, typed: &str) -> Result<String, MalformedCode> {
            Otp::new(kind, 6).unwrap().parse(typed).map(|code| code.expose().to_owned())
        }
        fn refused(kind: Kind, typed: &str) -> MalformedCode {
            parse(kind, typed).unwrap_err()
        }
        assert_eq!(parse(Kind::Numeric, " 00-12 34 ").as_deref(), Ok("001234"));
        assert_eq!(parse(Kind::Alpha, "ab-cd ef").as_deref(), Ok("ABCDEF"));
        assert_eq!(parse(Kind::Unambiguous, "oOiIlL").as_deref(), Ok("001111"));
        assert_eq!(
            parse(Kind::Alphanumeric, "oOiIlL").as_deref(),
            Ok("OOIILL"),
            "only where they are look-alikes"
        );
        assert_eq!(refused(Kind::Numeric, "12345O"), MalformedCode::Character);
        assert_eq!(refused(Kind::Unambiguous, "12345U"), MalformedCode::Character);
        assert_eq!(refused(Kind::Numeric, "１２３４５６"), MalformedCode::NotAscii);
        assert_eq!(refused(Kind::Numeric, "123456\n"), MalformedCode::Character);
        assert_eq!(refused(Kind::Numeric, "123456\u{a0}"), MalformedCode::NotAscii);
        assert_eq!(refused(Kind::Numeric, "1234567"), MalformedCode::Length);
        assert_eq!(refused(Kind::Numeric, &"1".repeat(1_000_000)), MalformedCode::Length);
        assert_eq!(refused(Kind::Numeric, " - "), MalformedCode::Empty);
        assert_eq!(refused(Kind::Numeric, "[\"1\"]"), MalformedCode::Character);
    }
}
