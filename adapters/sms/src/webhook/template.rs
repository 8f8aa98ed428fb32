//! The body of a webhook: JSON whose strings have places for what a message is.

use std::borrow::Cow;

use otp_exchange::{Encoding, Segments};
use serde_json::{Map, Value};

use crate::error::ConfigError;
use crate::letter::Letter;

/// A body that was checked. It is filled in one pass: a value is never read as template again, so that a text
/// with `{to}` in it arrives as it is.
#[derive(Debug)]
pub(super) struct Template(Node);

#[derive(Debug)]
enum Node {
    Literal(Value),
    Text(Vec<Piece>),
    /// A string that is one `{place:number}` or `{place:boolean}`.
    Typed(Place),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

#[derive(Debug)]
enum Piece {
    Words(String),
    Place(Place),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    To,
    ToDigits,
    Text,
    DeliveryId,
    LifetimeSeconds,
    Locale,
    Purpose,
    Segments,
    Encoding,
    Unicode,
}

impl Template {
    pub(super) fn parse(body: Value) -> Result<Self, ConfigError> {
        let mut places = Vec::new();
        let root = node(body, &mut places)?;
        let wrong = |problem| Err(ConfigError::setting("body", problem));
        if !places.contains(&Place::Text) {
            return wrong("has no {text}; put it where the gateway wants the message");
        }
        if !places.contains(&Place::To) && !places.contains(&Place::ToDigits) {
            return wrong("has neither {to} nor {to_digits}; put one where the gateway wants the number");
        }
        Ok(Self(root))
    }

    pub(super) fn fill(&self, letter: &Letter<'_>) -> Value {
        self.0.fill(letter)
    }
}

impl Node {
    fn fill(&self, letter: &Letter<'_>) -> Value {
        match self {
            Self::Literal(value) => value.clone(),
            Self::Text(pieces) => Value::String(pieces.iter().map(|piece| piece.of(letter)).collect()),
            Self::Typed(place) => place.typed(letter).unwrap_or_default(),
            Self::List(nodes) => nodes.iter().map(|node| node.fill(letter)).collect(),
            Self::Object(fields) => {
                Value::Object(fields.iter().map(|(key, node)| (key.clone(), node.fill(letter))).collect())
            }
        }
    }
}

impl Piece {
    fn of<'a>(&'a self, letter: &Letter<'a>) -> Cow<'a, str> {
        match self {
            Self::Words(words) => Cow::Borrowed(words),
            Self::Place(place) => place.text(letter),
        }
    }
}

impl Place {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "to" => Self::To,
            "to_digits" => Self::ToDigits,
            "text" => Self::Text,
            "delivery_id" => Self::DeliveryId,
            "lifetime_seconds" => Self::LifetimeSeconds,
            "locale" => Self::Locale,
            "purpose" => Self::Purpose,
            "segments" => Self::Segments,
            "encoding" => Self::Encoding,
            "unicode" => Self::Unicode,
            _ => return None,
        })
    }

    fn text<'a>(self, letter: &Letter<'a>) -> Cow<'a, str> {
        match self {
            Self::To => Cow::Borrowed(letter.to),
            Self::ToDigits => Cow::Borrowed(letter.digits()),
            Self::Text => Cow::Borrowed(letter.text),
            Self::DeliveryId => Cow::Borrowed(letter.delivery_id),
            Self::Locale => Cow::Borrowed(letter.locale.unwrap_or("und")), // undetermined: RFC 5646, 4.1
            Self::Purpose => Cow::Borrowed(letter.purpose),
            Self::Encoding => Cow::Owned(Segments::of(letter.text).encoding.to_string()),
            Self::LifetimeSeconds | Self::Segments | Self::Unicode => {
                Cow::Owned(self.typed(letter).unwrap_or_default().to_string())
            }
        }
    }

    /// The value as a number or truth value, of places that are one.
    fn typed(self, letter: &Letter<'_>) -> Option<Value> {
        Some(match self {
            Self::LifetimeSeconds => letter.lifetime.as_secs().max(1).into(),
            Self::Segments => Segments::of(letter.text).segments.into(),
            Self::Unicode => (Segments::of(letter.text).encoding == Encoding::Ucs2).into(),
            _ => return None,
        })
    }

    fn kind(self) -> &'static str {
        match self {
            Self::LifetimeSeconds | Self::Segments => "number",
            Self::Unicode => "boolean",
            _ => "string",
        }
    }
}

fn node(value: Value, places: &mut Vec<Place>) -> Result<Node, ConfigError> {
    Ok(match value {
        Value::String(text) => match typed(&text)? {
            Some(place) => Node::Typed(place),
            None => Node::Text(pieces(&text, places)?),
        },
        Value::Array(values) => {
            Node::List(values.into_iter().map(|value| node(value, places)).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => Node::Object(object(fields, places)?),
        literal => Node::Literal(literal),
    })
}

fn object(fields: Map<String, Value>, places: &mut Vec<Place>) -> Result<Vec<(String, Node)>, ConfigError> {
    fields.into_iter().map(|(key, value)| Ok((key, node(value, places)?))).collect()
}

/// A whole string `{place:number}` or `{place:boolean}`.
fn typed(text: &str) -> Result<Option<Place>, ConfigError> {
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let Some((name, kind)) = inner.and_then(|inner| inner.split_once(':')) else { return Ok(None) };
    if !is_name(name) || !is_name(kind) {
        return Ok(None);
    }
    match Place::named(name).filter(|place| kind != "string" && place.kind() == kind) {
        Some(place) => Ok(Some(place)),
        None => Err(ConfigError::Placeholder { name: format!("{name}:{kind}") }),
    }
}

fn is_name(text: &str) -> bool {
    (1..=20).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || b"_:".contains(&byte))
}

/// Splits a string at its places. `{{` and `}}` are braces.
fn pieces(text: &str, places: &mut Vec<Place>) -> Result<Vec<Piece>, ConfigError> {
    let (mut pieces, mut words, mut rest) = (Vec::new(), String::new(), text);
    while let Some(at) = rest.find(['{', '}']) {
        words.push_str(&rest[..at]);
        let brace = &rest[at..=at]; // one byte: ASCII
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            words.push_str(brace);
            rest = after;
            continue;
        }
        let name = if brace == "{" { rest.split_once('}') } else { None };
        // What is no name is not repeated in the error: JSON within a string may hold a key.
        let (name, after) = name.filter(|(name, _)| is_name(name)).ok_or_else(|| {
            ConfigError::setting(
                "body",
                "has a brace that begins no placeholder; write {{ or }} for one that stays",
            )
        })?;
        let place =
            Place::named(name).ok_or_else(|| ConfigError::Placeholder { name: String::from(name) })?;
        pieces.push(Piece::Words(std::mem::take(&mut words)));
        pieces.push(Piece::Place(place));
        places.push(place);
        rest = after;
    }
    words.push_str(rest);
    pieces.push(Piece::Words(words));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    const LETTER: Letter<'static> = Letter {
        to: "+32412345678",
        text: "Code {to} \"1\" \\ & %41 {{x}}\n\u{1f511}",
        delivery_id: "abc",
        lifetime: Duration::from_millis(299_999),
        locale: Some("nl-BE"),
        purpose: "login",
    };

    fn filled(body: Value) -> Value {
        Template::parse(body).unwrap().fill(&LETTER)
    }

    #[test]
    fn every_place_in_every_form() {
        let body = json!({
            "to": "{to}", "digits": "00{to_digits}", "text": "{text}", "ref": "{delivery_id}",
            "ttl": "{lifetime_seconds}", "ttl_number": "{lifetime_seconds:number}", "locale": "{locale}",
            "purpose": "{purpose}", "parts": "{segments}", "parts_number": "{segments:number}",
            "encoding": "{encoding}", "unicode": "{unicode}", "unicode_flag": "{unicode:boolean}",
            "list": [["{to}{to}", 1.5, null], true, {}], "{to}": "keys stay",
        });
        let expected = json!({
            "to": "+32412345678", "digits": "0032412345678", "text": LETTER.text, "ref": "abc",
            "ttl": "299", "ttl_number": 299, "locale": "nl-BE",
            "purpose": "login", "parts": "1", "parts_number": 1,
            "encoding": "UCS-2", "unicode": "true", "unicode_flag": true,
            "list": [["+32412345678+32412345678", 1.5, null], true, {}], "{to}": "keys stay",
        });
        assert_eq!(filled(body), expected);
    }

    #[test]
    fn a_value_is_not_read_again() {
        let body = json!(["{to}", "<{text}>"]);
        assert_eq!(filled(body)[1], format!("<{}>", LETTER.text));
    }

    #[test]
    fn doubled_braces_are_braces() {
        let body = json!(["{to}{text}", "{{to}}", "{{{to}}}", "{{}}", "a{{b}}c", "{{x:number}}"]);
        let filled = filled(body);
        assert_eq!(filled[1], "{to}");
        assert_eq!(filled[2], "{+32412345678}");
        assert_eq!(filled[3], "{}");
        assert_eq!(filled[4], "a{b}c");
        assert_eq!(filled[5], "{x:number}");
    }

    #[test]
    fn without_a_language_it_is_undetermined() {
        let letter = Letter { locale: None, ..LETTER };
        let template = Template::parse(json!(["{to}{text}", "{locale}"])).unwrap();
        assert_eq!(template.fill(&letter)[1], "und");
    }

    #[test]
    fn a_mistake_is_an_error_when_built() {
        for bad in [
            "{code}",
            "{TO}",
            "{ to }",
            "{}",
            "{to",
            "to}",
            "{",
            "}",
            "{{to}",
            "{to}}",
            "{{{to}}",
            "{to:number}",
            "{text:string}",
            "{segments:boolean}",
            "{unicode:number}",
            "{segments:number} ",
            "a{segments:number}",
            "{:number}",
            "{segments:}",
            "{to{text}}",
            "é{ü}",
        ] {
            assert!(Template::parse(json!(["{to}{text}", bad])).is_err(), "{bad}");
        }
        for missing in [json!({}), json!(null), json!("{to}"), json!("{text}"), json!("{{to}} {{text}}")] {
            assert!(Template::parse(missing.clone()).is_err(), "{missing}");
        }
    }
}
