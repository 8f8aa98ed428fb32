//! From the text of a token to its claims: the one way, for issuer and verifier.

use base64ct::{Base64UrlUnpadded, Encoding};
use otp_exchange::Claims;
use serde::Deserialize;

use crate::audience::{Audience, named};
use crate::body;
use crate::error::BuildError;
use crate::keys::VerifyingKey;

/// The longest token that is made or looked at, in bytes: 8 KiB. One for the largest grant that the exchanger
/// takes is shorter.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// What a token has to say of itself to be taken.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) keys: Vec<VerifyingKey>,
    pub(crate) issuer: String,
    pub(crate) audience: Audience,
}

/// These and no others: `crit` and `b64` change what is signed, `jku`, `jwk`, `x5u` and `x5c` bring a key of
/// the sender's choice (RFC 8725 section 3.10). serde refuses those that are there twice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
}

impl Check {
    pub(crate) fn new(
        keys: Vec<VerifyingKey>,
        issuer: String,
        audience: Audience,
    ) -> Result<Self, BuildError> {
        named("issuer", &issuer)?;
        audience.check()?;
        if keys.is_empty() {
            return Err(BuildError::NoKeys);
        }
        let mut ids: Vec<_> = keys.iter().map(VerifyingKey::id).collect();
        ids.sort_unstable();
        match ids.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(BuildError::SameId { id: pair[0].to_owned() }),
            None => Ok(Self { keys, issuer, audience }),
        }
    }

    /// What a genuine token says, whatever time it is; `None` for any other text.
    pub(crate) fn read(&self, token: &str) -> Option<Claims> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        // Between the first dot and the last one no base64url may have a third.
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
        if !is_access_token(&header.typ) {
            return None;
        }
        let key = self.keys.iter().find(|key| key.id() == header.kid)?;
        // The key says by which algorithm it is checked; the token may only agree (RFC 8725 section 3.1).
        if header.alg != key.algorithm().name() || !key.verifies(signed.as_bytes(), &decode(signature)?) {
            return None;
        }
        let body = body::read(&decode(payload)?)?;
        let is_ours = body.issuer == self.issuer && self.audience.of(&body.claims) == Some(&*body.audience);
        is_ours.then_some(body.claims)
    }
}

/// RFC 9068 section 4: a media type, which may be shortened, in any case.
fn is_access_token(typ: &str) -> bool {
    ["at+jwt", "application/at+jwt"].iter().any(|known| typ.eq_ignore_ascii_case(known))
}

/// Base64url without padding, in its one canonical form.
fn decode(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_has_one_form() {
        assert_eq!(decode("_-8").unwrap(), [0xff, 0xef]);
        for text in ["_-9", "_-8=", "_-8\n", " _-8", "/+8", "_-8AA", "_", "_.8"] {
            assert!(decode(text).is_none(), "{text:?}");
        }
    }
}
