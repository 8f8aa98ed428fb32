//! Bodies, read strictly.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{HeaderMap, header::CONTENT_TYPE};
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, Visitor};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::problem::Problem;
use crate::problems;

/// The most bytes a body may have, however it is framed: 16 KiB. No request here comes near it.
pub const MAX_BODY_BYTES: usize = 16 * 1024;

/// A JSON object as body. It has to say that it is JSON (`application/json`, no other type), which no form of
/// another site can, so there is nothing to forge; each mistake is a [`Problem`] that names its field and
/// repeats no value.
///
/// Unknown fields are refused if `T` says `#[serde(deny_unknown_fields)]`. Take [`Text`] and [`Whole`] for
/// its fields.
#[derive(Clone, Copy, Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_of_type(request.headers(), "application/json") {
            let detail = "the body must be JSON; send Content-Type: application/json";
            return Err(Problem::new(&problems::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let bytes = whole(request, state).await?;
        let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
        // Serde would take the list of its values for a structure as well.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            let json = IgnoredAny::deserialize(&mut deserializer).is_ok() && deserializer.end().is_ok();
            return Err(if json { not_an_object() } else { not_json() });
        }
        let read = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let path = error.path().to_string();
            of_json(&path, error.inner())
        })?;
        deserializer.end().map_err(|_| not_json())?;
        Ok(Self(read))
    }
}

/// A form (`application/x-www-form-urlencoded`), as RFC 6749 wants it.
#[derive(Clone, Copy, Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_of_type(request.headers(), "application/x-www-form-urlencoded") {
            let detail = "the body must be a form; send Content-Type: application/x-www-form-urlencoded";
            return Err(Problem::new(&problems::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let bytes = whole(request, state).await?;
        serde_urlencoded::from_bytes(&bytes).map(Self).map_err(|error| match named(&error.to_string()) {
            Some((name, wrong)) => Problem::field(name, wrong),
            None => Problem::new(&problems::INVALID_BODY, "the body is no form"),
        })
    }
}

/// Whether there is one content type, and it is that, parameters aside.
fn is_of_type(headers: &HeaderMap, wanted: &str) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(wanted)
}

/// The whole body, whatever limit the application has for its own.
async fn whole<S: Send + Sync>(mut request: Request, state: &S) -> Result<Bytes, Problem> {
    DefaultBodyLimit::max(MAX_BODY_BYTES).apply(&mut request);
    Bytes::from_request(request, state).await.map_err(|rejection| Problem::from(rejection.status()))
}

fn not_an_object() -> Problem {
    Problem::new(&problems::INVALID_BODY, "the body must be a JSON object")
}

fn not_json() -> Problem {
    Problem::new(&problems::INVALID_BODY, "the body is not JSON")
}

fn of_json(path: &str, error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        return not_json();
    }
    let text = error.to_string();
    match named(&text) {
        Some((name, wrong)) => Problem::field(name, wrong),
        // What was found is not repeated: it may be a code.
        None if path == "." => not_an_object(),
        None if text.starts_with(MUST) => {
            Problem::field(path.to_owned(), text.split(" at line").next().unwrap_or_default())
        }
        None => Problem::field(path.to_owned(), "is of the wrong type"),
    }
}

/// What serde says about a field as a whole.
fn named(text: &str) -> Option<(String, &'static str)> {
    let (wrong, rest) = [
        ("missing field `", "is missing"),
        ("unknown field `", "is unknown; leave it out"),
        ("duplicate field `", "is there twice"),
    ]
    .into_iter()
    .find_map(|(start, wrong)| Some((wrong, text.strip_prefix(start)?)))?;
    let name = rest.split('`').next().unwrap_or_default();
    let shown = name.chars().filter(|character| !character.is_control()).take(64).collect();
    Some((shown, wrong))
}

const MUST: &str = "must be ";

/// A text in a body: a JSON string, and nothing else. A number or a list is no code.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text(Zeroizing<String>);

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Text(redacted)")
    }
}

/// A whole number in a body, not negative: a JSON number without fraction, and no text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whole(pub u64);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Wanted).and_then(|found| match found {
            Found::Text(text) => Ok(Self(text)),
            Found::Whole(_) | Found::Other => Err(D::Error::custom("must be a string")),
        })
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Wanted).and_then(|found| match found {
            Found::Whole(whole) => Ok(Self(whole)),
            Found::Text(_) | Found::Other => Err(D::Error::custom("must be a whole number")),
        })
    }
}

/// Any JSON value, without repeating it in an error.
struct Wanted;

enum Found {
    Text(Zeroizing<String>),
    Whole(u64),
    Other,
}

impl<'de> Visitor<'de> for Wanted {
    type Value = Found;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Found, E> {
        Ok(Found::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Found, E> {
        Ok(Found::Text(Zeroizing::new(text)))
    }

    fn visit_u64<E>(self, whole: u64) -> Result<Found, E> {
        Ok(Found::Whole(whole))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Found, E> {
        Ok(Found::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Found, E> {
        Ok(Found::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Found, E> {
        Ok(Found::Other)
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found::Other)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Found, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Found::Other)
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Found::Other)
    }
}
