//! Language tags: read once, compared without case, looked up from the particular to the general.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A language tag in the form of BCP 47 (RFC 5646 section 2.1): subtags of 1 to 8 letters and digits with
/// hyphens between them, 35 characters at the most, which hold every tag without extensions (section 4.4.1).
/// An underscore, as phones write it, is read as a hyphen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Locale(String);

impl Locale {
    /// `None` if it is no tag. Callers then do as if there were none: a language nobody knows is no error.
    pub(crate) fn parse(tag: &str) -> Option<Self> {
        let subtag = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        (tag.len() <= 35 && tag.split(['-', '_']).all(subtag)).then(|| Self(tag.replace('_', "-")))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag in the case in which languages are looked up.
    pub(super) fn key(&self) -> Cow<'_, str> {
        let is_key = !self.0.bytes().any(|byte| byte.is_ascii_uppercase());
        if is_key { Cow::Borrowed(&self.0) } else { Cow::Owned(self.0.to_ascii_lowercase()) }
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tag and what is left of it when its last subtag is taken off, and so on (RFC 4647 section 3.4). A subtag
/// of one character goes together with the one after it, which it introduces.
pub(super) fn ranges(key: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(key), |range| {
        let shorter = &range[..range.rfind('-')?];
        let introduces = shorter.rfind('-').is_some_and(|hyphen| shorter.len() - hyphen == 2);
        Some(if introduces { &shorter[..shorter.len() - 2] } else { shorter })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_becomes_ever_more_general() {
        let list = |key| ranges(key).collect::<Vec<_>>();
        assert_eq!(list("fr-be"), ["fr-be", "fr"]);
        assert_eq!(
            list("zh-hant-cn-x-private1-private2"),
            ["zh-hant-cn-x-private1-private2", "zh-hant-cn-x-private1", "zh-hant-cn", "zh-hant", "zh"]
        );
        assert_eq!(list("x-private"), ["x-private", "x"]);
        assert_eq!(list("en"), ["en"]);
    }

    #[test]
    fn what_is_no_tag_is_none() {
        for tag in ["fr", "fr-BE", "fr_BE", "zh-Hant-TW", "x", &["aaaaaaaa"; 3].join("-")] {
            assert_eq!(Locale::parse(tag).unwrap().as_str(), tag.replace('_', "-"));
        }
        let long = ["aaaaaaaa"; 4].join("-") + "-b";
        for tag in ["", "-", "fr-", "fr--BE", "français", "fr BE", "toolongsubtag", "fr\r\nBcc: eve", &long]
        {
            assert_eq!(Locale::parse(tag), None, "{tag:?}");
        }
    }
}
