//! Keys of each kind, claims, and tokens that are signed by hand.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64ct::{Base64UrlUnpadded, Encoding};
use jsonwebtoken::{Algorithm as Driver, EncodingKey};
use otp_exchange::{Claims, Purpose, Recognised, SystemEntropy, Timestamp, Token, TokenIssuer};
use otp_exchange_jwt::{CryptoProvider, JwtIssuer, Pem, SigningKey, aws_lc_rs, rust_crypto};
use pollster::FutureExt;

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const API: &str = "https://api.example";

pub(crate) type Provider = &'static CryptoProvider;

pub(crate) fn providers() -> [(&'static str, Provider); 2] {
    [("aws_lc_rs", aws_lc_rs()), ("rust_crypto", rust_crypto())]
}

/// A private key, kept so that each back-end can read it.
pub(crate) struct Material {
    pub(crate) es256: Pem,
    pub(crate) ed25519: Pem,
    /// PKCS#8.
    pub(crate) rsa: Vec<u8>,
    pub(crate) secret: [u8; 32],
}

/// The same for all tests of a process; making an RSA key takes a while.
pub(crate) fn material() -> &'static Material {
    static MATERIAL: OnceLock<Material> = OnceLock::new();
    MATERIAL.get_or_init(|| Material {
        es256: Pem::new_es256(aws_lc_rs(), &SystemEntropy).unwrap(),
        ed25519: Pem::new_ed25519(&SystemEntropy).unwrap(),
        rsa: rsa_key(),
        secret: *b"32 bytes of a secret, for a test",
    })
}

pub(crate) fn rsa_key() -> Vec<u8> {
    let der: Pkcs8V1Der<'_> = KeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap();
    der.as_ref().to_vec()
}

/// One key of each algorithm, the same ones each time.
pub(crate) fn keys(provider: Provider) -> [SigningKey; 4] {
    let Material { es256, ed25519, rsa, secret } = material();
    [
        SigningKey::es256_pem(provider, es256.expose()).unwrap(),
        SigningKey::ed25519_pem(provider, ed25519.expose()).unwrap(),
        SigningKey::rs256_der(provider, rsa).unwrap(),
        SigningKey::hs256(provider, secret).unwrap(),
    ]
}

/// The same keys for signing by hand.
pub(crate) fn drivers() -> [(Driver, EncodingKey); 4] {
    let Material { es256, ed25519, rsa, secret } = material();
    let der = |pem: &Pem| {
        let lines: String = pem.expose().lines().filter(|line| !line.starts_with('-')).collect();
        base64ct::Base64::decode_vec(&lines).unwrap()
    };
    // A 2048 bit key's PKCS#1 begins 26 bytes into its PKCS#8.
    [
        (Driver::ES256, EncodingKey::from_ec_der(&der(es256))),
        (Driver::EdDSA, EncodingKey::from_ed_der(&der(ed25519))),
        (Driver::RS256, EncodingKey::from_rsa_der(&rsa[26..])),
        (Driver::HS256, EncodingKey::from_secret(secret)),
    ]
}

pub(crate) fn issuer(key: SigningKey) -> JwtIssuer {
    JwtIssuer::builder(ISSUER, API, key).build().unwrap()
}

pub(crate) fn claims() -> Claims {
    Claims {
        subject: "ada@example.org".to_owned(),
        scopes: vec!["profile:read".to_owned(), "orders".to_owned()],
        purpose: Purpose::LOGIN,
        metadata: [("app", "shop"), ("plan", "\"pro\" \\ é")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
        issued_at: Timestamp::from_unix_millis(1_700_000_000_123),
        expires_at: Timestamp::from_unix_millis(1_700_000_600_123),
        session: "AAECAwQFBgcICQoLDA0ODw".parse().unwrap(),
    }
}

pub(crate) fn issue(issuer: &JwtIssuer, claims: &Claims) -> String {
    issuer.issue(claims, Token::new("reference")).block_on().unwrap().expose().to_owned()
}

/// The claims, unless the issuer does not know the token.
pub(crate) fn recognised(issuer: &JwtIssuer, token: &str) -> Option<Claims> {
    match issuer.recognise(token).block_on().unwrap() {
        Recognised::Claims(claims) => Some(claims),
        Recognised::Unknown => None,
        Recognised::Reference => panic!("an issuer of signed tokens needs no store"),
    }
}

pub(crate) fn encode(text: impl AsRef<[u8]>) -> String {
    Base64UrlUnpadded::encode_string(text.as_ref())
}

pub(crate) fn decode(text: &str) -> String {
    String::from_utf8(Base64UrlUnpadded::decode_vec(text).unwrap()).unwrap()
}

/// Header, payload and signature.
pub(crate) fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

/// A token of just these texts.
pub(crate) fn sign(header: &str, payload: &str, (algorithm, key): &(Driver, EncodingKey)) -> String {
    let signed = format!("{}.{}", encode(header), encode(payload));
    let signer = (aws_lc_rs().signer_factory)(algorithm, key).unwrap();
    format!("{signed}.{}", encode(signer.sign(signed.as_bytes())))
}
