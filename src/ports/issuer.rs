//! What an access token is made of.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::{Boxed, Source};
use crate::tokens::{Claims, Token};

/// Makes access tokens and recognises them again. Refresh tokens are always the exchanger's own.
///
/// The default, [`ReferenceTokens`], hands out a reference that the store is asked about each time, so a
/// revoked one is dead at once. An issuer that signs the claims instead needs no store to check a token; then
/// a revoked session shows only when its access token runs out. It has to carry all of [`Claims`], `session`
/// included, by which the family is revoked; if it keeps `issued_at` in whole seconds, a token may be refused
/// for up to a second after [`valid_from`](crate::Builder::valid_from).
///
/// ```
/// use otp_exchange::{Claims, IssuerError, Recognised, Timestamp, Token, TokenIssuer};
/// # fn sign(payload: &str) -> String { payload.chars().rev().collect() }
/// # fn checked(token: &str) -> Option<String> { Some(token.chars().rev().collect()) }
///
/// #[derive(Debug)]
/// struct Signed;
///
/// impl TokenIssuer for Signed {
///     async fn issue(&self, claims: &Claims, _reference: Token) -> Result<Token, IssuerError> {
///         Ok(Token::new(sign(&serde_json::to_string(claims).map_err(IssuerError::new)?)))
///     }
///
///     async fn recognise(&self, token: &str) -> Result<Recognised, IssuerError> {
///         let payload = checked(token).and_then(|payload| serde_json::from_str(&payload).ok());
///         Ok(payload.map_or(Recognised::Unknown, Recognised::Claims))
///     }
/// }
/// # pollster::block_on(async {
/// # use otp_exchange::{Exchanger, Keyring, MemoryStore, Outbox, Recipient, Request, Submission};
/// # let outbox = Outbox::new();
/// # let otp = Exchanger::builder(MemoryStore::new(10), outbox.clone(), Keyring::generate()?).issuer(Signed).build()?;
/// # let ada = Recipient::parse("ada@example.org")?;
/// # let sent = otp.send(Request::login(&ada)).await?;
/// # let code = outbox.code_for(&ada).expect("sent");
/// # let tokens = otp.exchange(Submission::by_id(&sent.otp_id, code.expose()).login()).await?;
/// # assert_eq!(otp.authenticate(tokens.access.expose()).await?.subject, "ada@example.org");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub trait TokenIssuer: Send + Sync {
    /// The access token for these claims. `reference` is a token that the exchanger recognises by its store;
    /// an issuer may hand it out as it is, or leave it.
    ///
    /// Called again with the same claims, when a lost reply is fetched again, it should give an equivalent
    /// token.
    ///
    /// # Errors
    /// [`IssuerError`] if no token can be made, a signing service is not reachable say.
    fn issue(
        &self,
        claims: &Claims,
        reference: Token,
    ) -> impl Future<Output = Result<Token, IssuerError>> + Send;

    /// What a presented access token is. It checks signature, algorithm, issuer and audience, and **not its
    /// life**: only the exchanger judges time, and an expired token still names the family that a log-out
    /// ends.
    ///
    /// # Errors
    /// [`IssuerError`] if that cannot be told now; a token that is not genuine is [`Recognised::Unknown`].
    fn recognise(&self, token: &str) -> impl Future<Output = Result<Recognised, IssuerError>> + Send;
}

/// What a presented access token turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// A reference of the exchanger's, to be looked up in the store.
    Reference,
    /// Genuine, and this is what it says.
    Claims(Claims),
    /// Not one of this issuer's.
    Unknown,
}

/// The default issuer: the access token is the exchanger's reference.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReferenceTokens;

impl TokenIssuer for ReferenceTokens {
    async fn issue(&self, _claims: &Claims, reference: Token) -> Result<Token, IssuerError> {
        Ok(reference)
    }

    async fn recognise(&self, _token: &str) -> Result<Recognised, IssuerError> {
        Ok(Recognised::Reference)
    }
}

impl<I: TokenIssuer + ?Sized> TokenIssuer for Arc<I> {
    fn issue(
        &self,
        claims: &Claims,
        reference: Token,
    ) -> impl Future<Output = Result<Token, IssuerError>> + Send {
        (**self).issue(claims, reference)
    }

    fn recognise(&self, token: &str) -> impl Future<Output = Result<Recognised, IssuerError>> + Send {
        (**self).recognise(token)
    }
}

/// Any issuer behind one type, shared by cloning.
#[derive(Clone)]
pub struct DynIssuer(Arc<dyn Erased>);

impl DynIssuer {
    /// Wraps an issuer.
    pub fn new(issuer: impl TokenIssuer + 'static) -> Self {
        Self(Arc::new(issuer))
    }
}

impl fmt::Debug for DynIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DynIssuer")
    }
}

impl TokenIssuer for DynIssuer {
    async fn issue(&self, claims: &Claims, reference: Token) -> Result<Token, IssuerError> {
        self.0.issue(claims, reference).await
    }

    async fn recognise(&self, token: &str) -> Result<Recognised, IssuerError> {
        self.0.recognise(token).await
    }
}

/// The twin of [`TokenIssuer`] that can be a trait object.
trait Erased: Send + Sync {
    fn issue<'a>(&'a self, claims: &'a Claims, reference: Token) -> Boxed<'a, Result<Token, IssuerError>>;
    fn recognise<'a>(&'a self, token: &'a str) -> Boxed<'a, Result<Recognised, IssuerError>>;
}

impl<I: TokenIssuer> Erased for I {
    fn issue<'a>(&'a self, claims: &'a Claims, reference: Token) -> Boxed<'a, Result<Token, IssuerError>> {
        Box::pin(TokenIssuer::issue(self, claims, reference))
    }

    fn recognise<'a>(&'a self, token: &'a str) -> Boxed<'a, Result<Recognised, IssuerError>> {
        Box::pin(TokenIssuer::recognise(self, token))
    }
}

/// An issuer could not make or recognise a token now.
#[derive(Debug)]
pub struct IssuerError {
    source: Source,
}

impl IssuerError {
    /// Wraps what went wrong; it must not hold a token or key.
    pub fn new(source: impl Into<Source>) -> Self {
        Self { source: source.into() }
    }

    /// What went wrong underneath, for downcasting.
    pub fn cause(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.source
    }
}

impl fmt::Display for IssuerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token issuer: {}", self.source)
    }
}

impl std::error::Error for IssuerError {
    /// The cause of the cause: the cause itself is in the text already, as with `std::io::Error`.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.source()
    }
}
