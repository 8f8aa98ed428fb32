//! The issuer: makes tokens and recognises them.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use otp_exchange::{Claims, IssuerError, Recognised, Token, TokenIssuer};

use crate::audience::{Audience, named};
use crate::body::{self, Context};
use crate::check::{Check, MAX_TOKEN_BYTES};
use crate::error::{BuildError, IssueError};
use crate::keys::{Jwks, SigningKey, VerifyingKey};

/// Issues access tokens that are signed: JSON Web Tokens in the profile of RFC 9068.
///
/// It asks no server and never waits, so [`TokenIssuer`]'s methods are done at once.
pub struct JwtIssuer {
    key: SigningKey,
    /// The header is the same for all tokens of a key.
    header: String,
    client: Option<String>,
    check: Check,
}

impl JwtIssuer {
    /// An issuer of that name, whose tokens are for that audience. The issuer's name is a URL, usually: what
    /// every verifier expects in `iss`, to the letter.
    pub fn builder(issuer: impl Into<String>, audience: impl Into<Audience>, key: SigningKey) -> Builder {
        let (issuer, audience) = (issuer.into(), audience.into());
        Builder { issuer, audience, key, others: Vec::new(), client: None }
    }

    /// The document with all its public keys, to be published where verifiers fetch it. Keys for HS256 are
    /// not in it: they are secret.
    pub fn jwks(&self) -> Jwks {
        Jwks::of(&self.check.keys)
    }

    fn sign(&self, claims: &Claims) -> Result<Token, IssueError> {
        let no_audience = || IssueError::Audience { metadata: self.check.audience.metadata().to_owned() };
        let audience = self.check.audience.of(claims).ok_or_else(no_audience)?;
        let client = self.client.as_deref().unwrap_or(audience);
        let body = body::write(claims, &Context { issuer: &self.check.issuer, audience, client })?;
        let signed = format!("{}.{}", self.header, Base64UrlUnpadded::encode_string(&body));
        let signature = self.key.sign(signed.as_bytes()).ok_or(IssueError::Unsigned)?;
        let token = Token::new(format!("{signed}.{}", Base64UrlUnpadded::encode_string(&signature)));
        match token.expose().len() {
            bytes if bytes > MAX_TOKEN_BYTES => Err(IssueError::TooLong { bytes }),
            _ => Ok(token),
        }
    }
}

impl TokenIssuer for JwtIssuer {
    async fn issue(&self, claims: &Claims, _reference: Token) -> Result<Token, IssuerError> {
        self.sign(claims).map_err(IssuerError::new)
    }

    async fn recognise(&self, token: &str) -> Result<Recognised, IssuerError> {
        Ok(self.check.read(token).map_or(Recognised::Unknown, Recognised::Claims))
    }
}

impl fmt::Debug for JwtIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Check { keys, issuer, audience } = &self.check;
        f.debug_struct("JwtIssuer")
            .field("issuer", issuer)
            .field("audience", audience)
            .field("key", &self.key)
            .field("keys", keys)
            .finish_non_exhaustive()
    }
}

/// Puts a [`JwtIssuer`] together.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    issuer: String,
    audience: Audience,
    key: SigningKey,
    others: Vec<VerifyingKey>,
    client: Option<String>,
}

impl Builder {
    /// One more key whose tokens are recognised and that is published, but does not sign: one that is about
    /// to, or did until lately. May be given more than once.
    pub fn verify_only(mut self, key: impl Into<VerifyingKey>) -> Self {
        self.others.push(key.into());
        self
    }

    /// The `client_id` of all tokens, which RFC 9068 section 2.2 asks for; unless said the audience.
    pub fn client_id(self, id: impl Into<String>) -> Self {
        Self { client: Some(id.into()), ..self }
    }

    /// The issuer.
    ///
    /// # Errors
    /// [`BuildError`] if issuer, audience or client id is not 1 to 255 bytes without control characters, or
    /// two keys have the same id.
    pub fn build(self) -> Result<JwtIssuer, BuildError> {
        let Self { issuer, audience, key, others, client } = self;
        client.iter().try_for_each(|client| named("client id", client))?;
        let keys = std::iter::once(key.verifying_key()).chain(others).collect();
        let check = Check::new(keys, issuer, audience)?;
        // Neither has a character that JSON escapes.
        let header = format!(r#"{{"alg":"{}","kid":"{}","typ":"at+jwt"}}"#, key.algorithm().name(), key.id());
        Ok(JwtIssuer { header: Base64UrlUnpadded::encode_string(header.as_bytes()), key, client, check })
    }
}
