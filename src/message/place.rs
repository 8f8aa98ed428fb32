//! The places of a template, and how they are written.

use std::ops::Range;

use crate::context::Field;

/// The place every template has once.
pub(super) const CODE: &str = "{{CODE}}";

/// The places for what a code is bound to.
pub(super) static FIELDS: [(&str, Field); 5] = [
    ("{{AMOUNT}}", Field::Amount),
    ("{{PAYEE}}", Field::Payee),
    ("{{DEVICE}}", Field::Device),
    ("{{SESSION}}", Field::Session),
    ("{{TENANT}}", Field::Tenant),
];

const OTHERS: [(&str, Place); 5] = [
    (CODE, Place::Code),
    ("{{MINUTES}}", Place::Minutes),
    ("{{APP}}", Place::Application),
    ("{{RECIPIENT}}", Place::Recipient),
    ("{{LINK}}", Place::Link),
];

/// What stands in a place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Code,
    Minutes,
    Application,
    Recipient,
    Link,
    /// One of `FIELDS`.
    Field(usize),
    End,
}

impl Place {
    /// The field that stands there.
    pub(super) fn field(self) -> Option<&'static Field> {
        match self {
            Self::Field(index) => Some(&FIELDS[index].1),
            _ => None,
        }
    }
}

/// The places in a text. It looks only where a brace is.
pub(super) fn places(text: &str) -> impl Iterator<Item = (Range<usize>, Place)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        while let Some(brace) = text[start..].find('{') {
            start += brace;
            if let Some((name, place)) = place_at(&text[start..]) {
                let at = start..start + name.len();
                start = at.end;
                return Some((at, place));
            }
            start += 1;
        }
        None
    })
}

/// The place that a text begins with.
fn place_at(text: &str) -> Option<(&'static str, Place)> {
    let fields = FIELDS.iter().enumerate().map(|(index, (name, _))| (*name, Place::Field(index)));
    OTHERS.into_iter().chain(fields).find(|(name, _)| text.starts_with(name))
}
