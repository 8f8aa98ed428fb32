//! The key that access tokens of the Passage API are signed with: a PKCS#8 PEM file for ES256.

use std::io;

use otp_exchange::SystemEntropy;
use otp_exchange_jwt::{Audience, BuildError, JwtIssuer, KeyError, Pem, SigningKey, aws_lc_rs};
use zeroize::Zeroizing;

use crate::error::StartError;
use crate::files::read_or_make;
use crate::passage::APP;
use crate::settings::Settings;
use crate::store::is_durable;

/// The issuer of tokens, each for the application its code was asked for.
pub(crate) fn issuer(settings: &Settings) -> Result<JwtIssuer, StartError> {
    let pem = match &settings.jwt_key {
        Some(path) => read_or_make(path, fresh)?,
        None if is_durable(settings.store.expose()) => return Err(StartError::NoJwtKey),
        None => fresh()?,
    };
    let key = SigningKey::es256_pem(aws_lc_rs(), &pem).map_err(JwtKeyError::from)?;
    let origin = settings.origin();
    let issuer = JwtIssuer::builder(origin.as_str(), Audience::from_metadata(APP), key);
    Ok(issuer.build().map_err(JwtKeyError::from)?)
}

fn fresh() -> Result<Zeroizing<String>, JwtKeyError> {
    Ok(Zeroizing::new(Pem::new_es256(aws_lc_rs(), &SystemEntropy)?.expose().to_owned()))
}

/// What is wrong with the key that tokens are signed with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JwtKeyError {
    /// The file cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It holds no key, or none for ES256.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The issuer, which is named by --origin.
    #[error(transparent)]
    Build(#[from] BuildError),
}
