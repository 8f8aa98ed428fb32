//! The text form of otp ids, tokens and session ids: base64url without padding (RFC 4648 section 5), in
//! constant time.

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::tally::tally;

/// How many characters that many bytes take.
pub(crate) const fn characters(bytes: usize) -> usize {
    (bytes * 8).div_ceil(6)
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    tally!(texts_written);
    Base64UrlUnpadded::encode_string(bytes)
}

/// Exactly that many bytes out of exactly the characters they take, or nothing. Both are known when this is
/// compiled: reading then takes three fifths of the instructions.
pub(crate) fn decode<const BYTES: usize, const CHARACTERS: usize>(text: &str) -> Option<[u8; BYTES]> {
    const { assert!(CHARACTERS == characters(BYTES)) };
    let text: &[u8; CHARACTERS] = text.as_bytes().try_into().ok()?;
    tally!(texts_read);
    let mut bytes = [0; BYTES];
    let is_whole = Base64UrlUnpadded::decode(text, &mut bytes).is_ok();
    is_whole.then_some(bytes)
}
