//! Signed access tokens for `otp-exchange`: JSON Web Tokens (RFC 9068) that any service can check by itself.
//!
//! [`JwtIssuer`] is the [`TokenIssuer`](otp_exchange::TokenIssuer) of the service that signs people in;
//! [`JwtVerifier`] is for services that only check; [`Jwks`] is what passes between them. Refresh tokens stay
//! the exchanger's: opaque and rotating.
//!
//! Signing is [`jsonwebtoken`]'s, with the back-end that the application names, and never the process-wide
//! default, which panics if none or two are compiled in. Everything that jsonwebtoken's `decode` leaves to
//! options is fixed here, and for issuer and verifier alike by one piece of code.
//!
//! What is in a token, how keys are rotated and which back-end to take is in the README.
//!
//! ```
//! # #[cfg(feature = "aws_lc_rs")]
//! # pollster::block_on(async {
//! use otp_exchange::{Exchanger, Keyring, MemoryStore, Outbox, Recipient, Request, Submission, SystemEntropy};
//! use otp_exchange_jwt::{Jwks, JwtIssuer, JwtVerifier, Pem, SigningKey, aws_lc_rs};
//!
//! let pem = Pem::new_es256(aws_lc_rs(), &SystemEntropy)?; // once; it lies in a file, or with your secrets
//! let key = SigningKey::es256_pem(aws_lc_rs(), pem.expose())?;
//! let issuer = JwtIssuer::builder("https://id.example", "https://api.example", key).build()?;
//! let published = issuer.jwks().to_json();
//!
//! let outbox = Outbox::new();
//! let store = MemoryStore::new(100_000);
//! let otp = Exchanger::builder(store, outbox.clone(), Keyring::generate()?).issuer(issuer).build()?;
//! let ada = Recipient::parse("ada@example.org")?;
//! let sent = otp.send(Request::login(&ada)).await?;
//! # let typed = outbox.code_for(&ada).expect("sent");
//! # let typed = typed.expose();
//! let tokens = otp.exchange(Submission::by_id(&sent.otp_id, typed).login()).await?;
//!
//! // in any other service:
//! let keys = Jwks::parse(aws_lc_rs(), &published)?;
//! let verifier = JwtVerifier::builder("https://id.example", "https://api.example", keys).build()?;
//! let who = verifier.verify(tokens.access.expose())?;
//! assert_eq!(who.subject, "ada@example.org");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod audience;
mod body;
mod check;
mod error;
mod issuer;
mod json;
mod keys;
mod verifier;

pub use audience::Audience;
pub use check::MAX_TOKEN_BYTES;
pub use error::{BuildError, IssueError, JwksError, KeyError, VerifyError};
pub use issuer::{Builder, JwtIssuer};
pub use jsonwebtoken;
pub use jsonwebtoken::crypto::CryptoProvider;
pub use keys::{Algorithm, Jwks, Pem, SigningKey, VerifyingKey};
pub use verifier::{JwtVerifier, VerifierBuilder};

/// The back-end that is made of AWS-LC: the one to take where a C compiler is at hand.
#[cfg(feature = "aws_lc_rs")]
#[cfg_attr(docsrs, doc(cfg(feature = "aws_lc_rs")))]
pub fn aws_lc_rs() -> &'static CryptoProvider {
    &jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER
}

/// The back-end that is Rust alone. Sign with [`Algorithm::Rs256`] by another one: its RSA leaks by time
/// (RUSTSEC-2023-0071).
#[cfg(feature = "rust_crypto")]
#[cfg_attr(docsrs, doc(cfg(feature = "rust_crypto")))]
pub fn rust_crypto() -> &'static CryptoProvider {
    &jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER
}

/// The README's examples, compiled and run.
#[cfg(all(doctest, feature = "aws_lc_rs"))]
#[doc = include_str!("../README.md")]
pub struct Readme;
