//! Tokens: (kind, session, generation, MAC), nothing of which is stored.

use subtle::ConstantTimeEq;

use super::vault::Vault;
use crate::base64url;
use crate::tokens::{SessionId, Token};
use crate::wiped::Wiped;

const NAME_BYTES: usize = 1 + 16 + 4;
const MAC_BYTES: usize = 32;
const TOKEN_BYTES: usize = NAME_BYTES + MAC_BYTES;
const TOKEN_CHARACTERS: usize = base64url::characters(TOKEN_BYTES);

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum TokenKind {
    Access = 1,
    Refresh = 2,
}

/// Which token it is: everything but the proof that it is genuine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenName {
    pub(crate) kind: TokenKind,
    pub(crate) session: SessionId,
    pub(crate) generation: u32,
}

impl TokenName {
    fn bytes(&self) -> [u8; NAME_BYTES] {
        let mut bytes = [0; NAME_BYTES];
        bytes[0] = self.kind as u8;
        bytes[1..17].copy_from_slice(&self.session.0);
        bytes[17..].copy_from_slice(&self.generation.to_be_bytes());
        bytes
    }
}

/// A token as it was presented, its MAC not yet checked: that takes the salt, which lies in the session.
pub(crate) struct Presented {
    pub(crate) name: TokenName,
    mac: Wiped<[u8; MAC_BYTES]>,
}

impl Presented {
    pub(crate) fn read(text: &str) -> Result<Self, MalformedToken> {
        let bytes: Wiped<[u8; TOKEN_BYTES]> = base64url::decode::<TOKEN_BYTES, TOKEN_CHARACTERS>(text)
            .map(Wiped::new)
            .ok_or(MalformedToken::Form)?;
        let kind = match bytes[0] {
            1 => TokenKind::Access,
            2 => TokenKind::Refresh,
            _ => return Err(MalformedToken::Form),
        };
        let (mut session, mut generation, mut mac) = ([0; 16], [0; 4], Wiped::new([0; MAC_BYTES]));
        session.copy_from_slice(&bytes[1..17]);
        generation.copy_from_slice(&bytes[17..NAME_BYTES]);
        mac.copy_from_slice(&bytes[NAME_BYTES..]);
        let name =
            TokenName { kind, session: SessionId(session), generation: u32::from_be_bytes(generation) };
        Ok(Self { name, mac })
    }
}

impl Vault {
    /// The token of that name; computed again it is the same.
    pub(crate) fn token(&self, name: &TokenName, salt: &[u8; 16]) -> Token {
        let mut bytes = Wiped::new([0_u8; TOKEN_BYTES]);
        bytes[..NAME_BYTES].copy_from_slice(&name.bytes());
        bytes[NAME_BYTES..].copy_from_slice(&*self.token_mac(&name.bytes(), salt));
        Token::new(base64url::encode(&*bytes))
    }

    /// Whether the MAC is the one this name has, in constant time.
    pub(crate) fn is_genuine(&self, presented: &Presented, salt: &[u8; 16]) -> bool {
        self.token_mac(&presented.name.bytes(), salt).ct_eq(&*presented.mac).into()
    }
}

/// Why a text is no token here, whichever sessions there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedToken {
    /// Cut short, or something else altogether.
    #[error("token: not in the form of a token of this service; pass it just as it was received")]
    Form,
    /// A refresh token where an access token belongs.
    #[error("token: this is a refresh token; pass the access token")]
    NotAccess,
    /// An access token where a refresh token belongs.
    #[error("token: this is an access token; pass the refresh token")]
    NotRefresh,
}
