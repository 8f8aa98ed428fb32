//! Phone numbers: ITU-T E.164, forgivingly read.

/// The fewest digits a reachable number has; E.164 itself names no minimum.
const FEWEST: usize = 7;
/// E.164 section 6: at most 15 digits, country code included.
const MOST: usize = 15;

/// The number as `+` and its digits.
pub(super) fn canonical(typed: &str) -> Result<String, PhoneError> {
    let digits_of = typed.strip_prefix('+').unwrap_or(typed);
    let mut number = String::with_capacity(1 + MOST);
    number.push('+');
    let mut open = false; // inside parentheses
    let mut opened_here = false; // nothing but separators since the parenthesis opened
    for character in digits_of.chars() {
        match character {
            '0' if opened_here => return Err(PhoneError::TrunkZero),
            '0'..='9' if number.len() > MOST => return Err(PhoneError::Length),
            '0'..='9' => {
                number.push(character);
                opened_here = false;
            }
            ' ' | '.' | '-' => {}
            '(' if !open => (open, opened_here) = (true, true),
            ')' if open => (open, opened_here) = (false, false),
            _ => return Err(PhoneError::Character),
        }
    }
    if open {
        return Err(PhoneError::Character);
    }
    if number[1..].starts_with('0') {
        return Err(PhoneError::LeadingZero);
    }
    if number.len() <= FEWEST {
        return Err(PhoneError::Length);
    }
    Ok(number)
}

/// What is wrong with a phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PhoneError {
    /// A character that does not belong.
    #[error("number may have digits, one + in front, spaces, dots, hyphens and paired parentheses only")]
    Character,
    /// Not 7 to 15 digits.
    #[error("number must have {FEWEST} to {MOST} digits, country code included")]
    Length,
    /// It begins with 0.
    #[error("number begins with 0; begin with the country code, +32 say")]
    LeadingZero,
    /// As in `+44 (0)20 …`: dialled inside the country only.
    #[error("number has a trunk zero in parentheses; leave the zero out")]
    TrunkZero,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_for_every_spelling() {
        for spelling in
            ["+32412345678", "32412345678", "+32 412 34 56 78", "32.412.345.678", "+32 (412) 34-56-78"]
        {
            assert_eq!(canonical(spelling).as_deref(), Ok("+32412345678"), "{spelling}");
        }
        assert!(canonical("+1234567").is_ok());
        assert!(canonical("+123456789012345").is_ok());
    }

    #[test]
    fn names_what_is_wrong() {
        let cases = [
            ("", PhoneError::Length),
            ("+", PhoneError::Length),
            ("123456", PhoneError::Length),
            ("1234567890123456", PhoneError::Length),
            ("0412345678", PhoneError::LeadingZero),
            ("+0412345678", PhoneError::LeadingZero),
            ("0032412345678", PhoneError::LeadingZero),
            ("+44 (0)20 7946 0958", PhoneError::TrunkZero),
            ("+44 ( 0 20) 7946 0958", PhoneError::TrunkZero),
            ("++32412345678", PhoneError::Character),
            ("32+412345678", PhoneError::Character),
            ("+32412345678\n", PhoneError::Character),
            ("+32412345678\0", PhoneError::Character),
            ("+3241234567x", PhoneError::Character),
            ("+٣٢٤١٢٣٤٥٦٧٨", PhoneError::Character),
            ("+32 ((412)) 345678", PhoneError::Character),
            ("+32 (412 345678", PhoneError::Character),
            ("+32 412) 345678", PhoneError::Character),
        ];
        for (typed, error) in cases {
            assert_eq!(canonical(typed), Err(error), "{typed:?}");
        }
    }
}
