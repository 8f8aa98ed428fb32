//! Who may ask what a token says.

use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::basic::BasicCredentials;

/// The fewest bytes a secret may have.
const LEAST: usize = 16;

/// Names and secrets, as digests.
#[derive(Clone)]
pub(crate) struct Callers(Arc<[Caller]>);

struct Caller {
    name: [u8; 32],
    secret: [u8; 32],
}

impl Callers {
    pub(crate) fn new<N: AsRef<str>, P: AsRef<str>>(
        callers: impl IntoIterator<Item = (N, P)>,
    ) -> Result<Self, CallerError> {
        let mut names = BTreeSet::new();
        let callers = callers.into_iter().map(|(name, secret)| {
            let (name, secret) = (name.as_ref(), secret.as_ref());
            if name.is_empty() || name.chars().any(|character| character == ':' || character.is_control()) {
                return Err(CallerError::Name);
            }
            if secret.len() < LEAST || secret.chars().any(char::is_control) {
                return Err(CallerError::Secret);
            }
            if !names.insert(name.to_owned()) {
                return Err(CallerError::Twice);
            }
            Ok(Caller { name: digest(name), secret: digest(secret) })
        });
        Ok(Self(callers.collect::<Result<_, _>>()?))
    }

    /// Whether those are the name and secret of one of them. Each is compared, in constant time, so that a
    /// name that is unknown costs as much as one that is known.
    pub(crate) fn know(&self, credentials: &BasicCredentials) -> bool {
        let (name, secret) = (digest(credentials.name()), digest(credentials.secret()));
        let known = self.0.iter().fold(Choice::from(0), |known, caller| {
            known | (caller.name.ct_eq(&name) & caller.secret.ct_eq(&secret))
        });
        known.into()
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Why nobody can be let in by a name and a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallerError {
    /// A name.
    #[error("introspection: a caller's name is empty, or has a colon or control character; choose another")]
    Name,
    /// A secret.
    #[error(
        "introspection: a caller's secret has fewer than {LEAST} bytes, or a control character; make a random one of 32"
    )]
    Secret,
    /// The same name again.
    #[error("introspection: two callers have the same name; give each its own")]
    Twice,
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use axum::http::header::AUTHORIZATION;
    use base64ct::{Base64, Encoding};

    use super::*;

    fn knows(callers: &Callers, name: &str, secret: &str) -> bool {
        let mut headers = HeaderMap::new();
        let encoded = Base64::encode_string(format!("{name}:{secret}").as_bytes());
        headers.insert(AUTHORIZATION, format!("Basic {encoded}").parse().unwrap());
        callers.know(&BasicCredentials::read(&headers).unwrap())
    }

    #[test]
    fn each_name_opens_with_its_own_secret_alone() {
        let callers =
            Callers::new([("gateway", "0123456789abcdef"), ("shop", "fedcba9876543210:é")]).unwrap();
        assert!(knows(&callers, "gateway", "0123456789abcdef"));
        assert!(knows(&callers, "shop", "fedcba9876543210:é"));
        for (name, secret) in [
            ("gateway", "fedcba9876543210:é"),
            ("gateway", "0123456789abcde"),
            ("gateway", "0123456789abcdef0"),
            ("gateway", ""),
            ("Gateway", "0123456789abcdef"),
            ("", "0123456789abcdef"),
            ("nobody", "0123456789abcdef"),
        ] {
            assert!(!knows(&callers, name, secret), "{name}:{secret}");
        }
    }

    #[test]
    fn short_secrets_and_names_that_cannot_be_sent_are_refused() {
        let refused = |name: &str, secret: &str| Callers::new([(name, secret)]).err();
        assert_eq!(refused("gateway", "0123456789abcdef"), None);
        assert_eq!(refused("gateway", "0123456789abcde"), Some(CallerError::Secret));
        assert_eq!(refused("gate:way", "0123456789abcdef"), Some(CallerError::Name));
        assert_eq!(refused("", "0123456789abcdef"), Some(CallerError::Name));
        let twice = [("gateway", "0123456789abcdef"), ("gateway", "fedcba9876543210")];
        assert_eq!(Callers::new(twice).err(), Some(CallerError::Twice));
    }
}
