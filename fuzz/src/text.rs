//! Texts that are nearly right.

use arbitrary::Arbitrary;

/// Any text, or one that was made out of a right one.
#[derive(Arbitrary, Debug)]
pub enum Text {
    Any(String),
    Edited(Vec<Edit>),
}

impl Text {
    /// The text that becomes of the right one.
    #[must_use]
    pub fn of(&self, right: &str) -> String {
        match self {
            Self::Any(text) => text.clone(),
            Self::Edited(edits) => edited(right, edits),
        }
    }
}

/// One change to a text, at a place counted in characters.
#[derive(Arbitrary, Debug)]
pub enum Edit {
    Put(u8, char),
    Insert(u8, char),
    Space(u8),
    Hyphen(u8),
    Remove(u8),
    Swap(u8, u8),
    OtherCase(u8),
    /// Another character of base64url.
    Other(u8, u8),
    Cut(u8),
    Twice,
}

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The text with those changes, one after the other.
#[must_use]
pub fn edited(text: &str, edits: &[Edit]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for edit in edits.iter().take(32) {
        let length = characters.len();
        let at = |place: u8| usize::from(place) % length.max(1);
        match *edit {
            Edit::Insert(place, character) => characters.insert(at(place), character),
            Edit::Space(place) => characters.insert(at(place), ' '),
            Edit::Hyphen(place) => characters.insert(at(place), '-'),
            _ if length == 0 => {}
            Edit::Put(place, character) => characters[at(place)] = character,
            Edit::Remove(place) => drop(characters.remove(at(place))),
            Edit::Swap(one, other) => characters.swap(at(one), at(other)),
            Edit::OtherCase(place) => {
                let character = &mut characters[at(place)];
                let lower = character.to_ascii_lowercase();
                *character = if lower == *character { lower.to_ascii_uppercase() } else { lower };
            }
            Edit::Other(place, which) => {
                characters[at(place)] = char::from(BASE64URL[usize::from(which) % 64]);
            }
            Edit::Cut(place) => characters.truncate(at(place)),
            Edit::Twice if length <= 512 => characters.extend_from_within(..),
            Edit::Twice => {}
        }
    }
    characters.into_iter().collect()
}
