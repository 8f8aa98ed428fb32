//! Bound context: facts a code is tied to, as associated data is to an AEAD.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most that bound context may hold, in bytes of all names and values together.
pub const MAX_CONTEXT_BYTES: usize = 512;

/// The most fields that bound context may have.
const MAX_FIELDS: usize = 16;

/// What a code can be tied to. The first five are known by name: they need a value, and a
/// [`Template`](crate::Template) can show them.
///
/// A field is its name: fields of the same name are equal, and they sort by their names.
///
/// ```
/// use otp_exchange::Field;
/// assert_eq!(Field::from("payee"), Field::Payee);
/// assert_eq!(Field::from("Payee").as_str(), "Payee"); // another name: upper and lower case differ
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Field {
    /// `amount`: how much is paid, as a number and a currency, `12.50 EUR` say. The number has no sign, no
    /// separators and no zeros in front; a point and 1 to 4 digits may follow. The currency is three capital
    /// letters, a code of ISO 4217, whose currencies have at most four decimal places. It is compared as
    /// text: `12.5 EUR` is another amount.
    Amount,
    /// `payee`: who is paid.
    Payee,
    /// `device`: the device that asks.
    Device,
    /// `session`: the session that asks.
    Session,
    /// `tenant`: the customer of yours under whom all of it happens.
    Tenant,
    /// A field of your own, by its name. Its value may be empty, and no template shows it.
    Other(String),
}

impl Field {
    /// The name, as it is bound.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Amount => "amount",
            Self::Payee => "payee",
            Self::Device => "device",
            Self::Session => "session",
            Self::Tenant => "tenant",
            Self::Other(name) => name,
        }
    }

    /// Those that are known by name.
    pub(crate) const KNOWN: [Self; 5] =
        [Self::Amount, Self::Payee, Self::Device, Self::Session, Self::Tenant];

    pub(crate) fn known(name: &str) -> Option<Self> {
        Self::KNOWN.into_iter().find(|field| field.as_str() == name)
    }
}

impl From<&str> for Field {
    fn from(name: &str) -> Self {
        Self::known(name).unwrap_or_else(|| Self::Other(name.to_owned()))
    }
}

impl From<String> for Field {
    fn from(name: String) -> Self {
        Self::known(&name).unwrap_or(Self::Other(name))
    }
}

// By name, not by variant: `Other("amount")` must be no way to bind a second amount.
impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Field {}

impl PartialOrd for Field {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Field {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Field {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

/// Whether a character could break out of its line, or show what surrounds it in another order, so that a
/// payee reads as an amount: control characters, line separators, bidirectional overrides and isolates
/// (Unicode UAX 9 section 2). A message shows bound values to the person who decides by them.
pub(crate) fn misleads(character: char) -> bool {
    let separates = matches!(character, '\u{2028}' | '\u{2029}');
    let reorders = matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    character.is_control() || separates || reorders
}

/// Whether a text could change how those around it read: as [`misleads`] says, or by a mark that turns the
/// direction of its neighbours, by which a payee that ends in 1 lends that to the amount beside it (UAX 9
/// section 2.6), or by beginning with a mark that would be drawn on the character before it.
pub(crate) fn misleads_beside_others(text: &str) -> bool {
    let turns = |character| matches!(character, '\u{200E}' | '\u{200F}' | '\u{61C}');
    let is_mark = |first| {
        matches!(first, '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}')
            || matches!(first, '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
    };
    text.starts_with(is_mark) || text.chars().any(|character| misleads(character) || turns(character))
}

/// Fields and values that must come with the submission just as they came with the request.
#[derive(Clone, Default)]
pub(crate) struct Context(Vec<(Field, String)>);

impl Context {
    pub(crate) fn bind(&mut self, field: Field, value: String) {
        let field = match field {
            Field::Other(name) => name.into(), // a known field spelled out is held to the rules for it
            known => known,
        };
        self.0.push((field, value));
    }

    /// Puts the fields in order of their names, so that the order of the calls does not matter, and checks
    /// them.
    pub(crate) fn check(&mut self) -> Result<(), ContextError> {
        self.0.sort_unstable();
        if self.0.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(ContextError::Repeated);
        }
        if self.0.len() > MAX_FIELDS {
            return Err(ContextError::TooMany { fields: self.0.len() });
        }
        if self.fields().any(|(name, _)| name.is_empty()) {
            return Err(ContextError::NoName);
        }
        let texts = || self.fields().flat_map(|(name, value)| [name, value]);
        if texts().any(misleads_beside_others) {
            return Err(ContextError::ControlCharacter);
        }
        let bytes = texts().map(str::len).sum();
        if bytes > MAX_CONTEXT_BYTES {
            return Err(ContextError::TooLong { bytes });
        }
        if self.0.iter().any(|(field, value)| value.is_empty() && !matches!(field, Field::Other(_))) {
            return Err(ContextError::NoValue);
        }
        if self.value(&Field::Amount).is_none_or(is_amount) { Ok(()) } else { Err(ContextError::Amount) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values, once checked in order of the names.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, value)| (field.as_str(), value.as_str()))
    }

    /// What the field is bound to.
    pub(crate) fn value(&self, field: &Field) -> Option<&str> {
        self.0.iter().find(|(bound, _)| bound == field).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fields().map(|(name, _)| name)).finish()
    }
}

/// As a list of names and values, inside a sealed entry and only there.
impl Serialize for Context {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.fields())
    }
}

impl<'de> Deserialize<'de> for Context {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = Vec::<(String, String)>::deserialize(deserializer)?;
        Ok(Self(pairs.into_iter().map(|(name, value)| (name.into(), value)).collect()))
    }
}

/// What is wrong with the bound context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// A name is bound twice.
    #[error("bound context: a name is bound twice; bind each name once")]
    Repeated,
    /// A name is empty.
    #[error("bound context: a name is empty; name the field, `amount` say")]
    NoName,
    /// A control character in a name or value, or one that shows its surroundings in another order, or a
    /// combining mark at its beginning.
    #[error(
        "bound context: a control character, line break, bidirectional mark or override, or a combining mark at the beginning; remove it"
    )]
    ControlCharacter,
    /// More than 16 fields.
    #[error("bound context: {fields} fields; at most {MAX_FIELDS}")]
    TooMany {
        /// How many there are.
        fields: usize,
    },
    /// More than 512 bytes.
    #[error("bound context: {bytes} bytes of names and values; at most {MAX_CONTEXT_BYTES}")]
    TooLong {
        /// The bytes of all names and values.
        bytes: usize,
    },
    /// An amount, payee, device, session or tenant that is empty.
    #[error(
        "bound context: amount, payee, device, session or tenant is empty; give it a value or leave it out"
    )]
    NoValue,
    /// An amount that is not a number with a currency; see [`Field::Amount`].
    #[error("bound context: the amount is not a number with a currency; write it like `12.50 EUR`")]
    Amount,
}

/// See [`Field::Amount`].
fn is_amount(text: &str) -> bool {
    let Some((number, currency)) = text.split_once(' ') else { return false };
    let (whole, places) = number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && places.is_none_or(|places| digits(places) && places.len() <= 4)
        && currency.len() == 3
        && currency.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn bound(fields: &[(&str, &str)]) -> Context {
        let mut context = Context::default();
        for (name, value) in fields {
            context.bind((*name).into(), (*value).to_owned());
        }
        context
    }

    fn checked(fields: &[(&str, &str)]) -> Result<Context, ContextError> {
        let mut context = bound(fields);
        context.check().map(|()| context)
    }

    #[test]
    fn a_field_is_its_name() {
        for field in Field::KNOWN {
            let name = field.as_str();
            let spelled_out = Field::Other(name.to_owned());
            for same in [Field::from(name), Field::from(name.to_owned())] {
                assert!(!matches!(same, Field::Other(_)), "{name}");
                assert_eq!(same, field);
            }
            assert_eq!(spelled_out, field);
            assert_eq!(spelled_out.cmp(&field), Ordering::Equal);
            assert_eq!(HashSet::from([spelled_out, field.clone()]).len(), 1);
            for other in [name.to_uppercase(), format!("{name} "), String::new()] {
                assert!(matches!(Field::from(&*other), Field::Other(_)), "{other:?}");
                assert_ne!(Field::from(&*other), field);
            }
        }
        let mut fields = vec!["tenant", "z", "amount", "Payee", "b", "payee", "", "é", "session", "device"];
        let mut typed: Vec<_> = fields.iter().copied().map(Field::from).collect();
        fields.sort_unstable();
        typed.sort_unstable();
        assert_eq!(typed.iter().map(Field::as_str).collect::<Vec<_>>(), fields);
    }

    #[test]
    fn a_known_field_spelled_out_is_held_to_its_rules() {
        let spelled_out = |name: &str, value: &str| {
            let mut context = bound(&[("payee", "ACME")]);
            context.bind(Field::Other(name.to_owned()), value.to_owned());
            context.check()
        };
        assert_eq!(spelled_out("amount", "much"), Err(ContextError::Amount));
        assert_eq!(spelled_out("device", ""), Err(ContextError::NoValue));
        assert_eq!(spelled_out("payee", "Eve"), Err(ContextError::Repeated));
    }

    #[test]
    fn an_amount_is_a_number_with_a_currency() {
        let right = ["12.50 EUR", "0 JPY", "0.0 EUR", "0.5 EUR", "7 XAU", "10 EUR", "1.2345 CLF"];
        for amount in right.map(str::to_owned).into_iter().chain([format!("{} EUR", "9".repeat(400))]) {
            assert!(checked(&[("amount", &amount)]).is_ok(), "{amount}");
        }
        let wrong = "12.50|EUR| EUR|12.50 |12.50EUR|12.50  EUR| 12.50 EUR|12.50 EUR |EUR 12.50|12.50 eur|12.50 EU|\
            12.50 EURO|12.50 €|12.50 E1R|12.50 ÉU|12,50 EUR|1,000 EUR|1 000 EUR|1.000.0 EUR|12. EUR|.50 EUR|. EUR|\
            1.23456 EUR|-1 EUR|+1 EUR|00 EUR|01 EUR|00.5 EUR|1e3 EUR|0x1 EUR|NaN EUR|１２ EUR|12.５ EUR|12.50\u{a0}EUR";
        for amount in wrong.split('|') {
            assert_eq!(checked(&[("amount", amount)]).unwrap_err(), ContextError::Amount, "{amount}");
            assert!(checked(&[("Amount", amount)]).is_ok(), "{amount}: a field of another name is free");
        }
    }

    #[test]
    fn only_a_field_of_ones_own_may_be_empty() {
        for field in Field::KNOWN {
            assert_eq!(checked(&[(field.as_str(), "")]).unwrap_err(), ContextError::NoValue, "{field:?}");
        }
        assert!(checked(&[("note", "")]).is_ok());
    }

    #[test]
    fn it_comes_back_as_it_was_stored_and_shows_no_value() {
        let context =
            checked(&[("tenant", "T"), ("note", ""), ("amount", "1 EUR"), ("Zeit", "x"), ("payee", "é")])
                .unwrap();
        let pairs = [("Zeit", "x"), ("amount", "1 EUR"), ("note", ""), ("payee", "é"), ("tenant", "T")];
        assert!(context.fields().eq(pairs), "in order of the names");
        let stored = postcard::to_allocvec(&context).unwrap();
        assert_eq!(stored, postcard::to_allocvec(&pairs.to_vec()).unwrap());
        let back: Context = postcard::from_bytes(&stored).unwrap();
        assert!(back.fields().eq(pairs));
        assert!(back.0.iter().any(|(field, _)| matches!(field, Field::Amount)), "known again");
        assert_eq!(back.value(&Field::Payee), Some("é"));
        assert_eq!(back.value(&"note".into()), Some(""));
        assert_eq!(back.value(&Field::Device), None);
        assert_eq!(format!("{back:?}"), r#"["Zeit", "amount", "note", "payee", "tenant"]"#);
        assert!(
            postcard::from_bytes::<Context>(&postcard::to_allocvec(&bound(&[])).unwrap()).unwrap().is_empty()
        );
    }
}
