//! No key, secret or token in what anything shows of itself.

use std::fmt::{Debug, Display};

use crate::common::{API, ISSUER, issue, keys, material, providers};
use otp_exchange::{Token, TokenIssuer};
use otp_exchange_jwt::{Audience, JwtIssuer, JwtVerifier, SigningKey, VerifyingKey};
use pollster::FutureExt;

#[test]
fn nothing_secret_is_shown() {
    let mut shown: Vec<String> = Vec::new();
    let mut show = |value: &dyn Debug| shown.extend([format!("{value:?}"), format!("{value:#?}")]);
    let said = |error: &dyn Display| error.to_string();
    let mut errors = Vec::new();
    for (_, provider) in providers() {
        for key in keys(provider) {
            show(&key);
            show(&key.verifying_key());
            let builder = JwtIssuer::builder(ISSUER, API, key);
            show(&builder);
            let issuer = builder.build().unwrap();
            show(&issuer);
            show(&issuer.jwks());
            let verifiers = VerifyingKey::hs256(provider, material().secret).unwrap();
            let builder = JwtVerifier::builder(ISSUER, API, issuer.jwks().into_iter().chain([verifiers]));
            show(&builder);
            show(&builder.build().inspect(|verifier| {
                errors.push(said(&verifier.verify(&issue(&issuer, &crate::common::claims())).unwrap_err()));
            }));
            let nobody = JwtIssuer::builder(
                ISSUER,
                Audience::from_metadata("nowhere"),
                keys(provider).into_iter().next().unwrap(),
            );
            let error = nobody
                .build()
                .unwrap()
                .issue(&crate::common::claims(), Token::new("reference"))
                .block_on()
                .unwrap_err();
            show(&error);
            errors.push(said(&error));
        }
        show(&material().es256);
        show(&material().ed25519);
        // Keys in the wrong place.
        let pem = material().ed25519.expose();
        for error in [
            SigningKey::es256_pem(provider, pem).unwrap_err(),
            SigningKey::rs256_pem(provider, pem).unwrap_err(),
            SigningKey::hs256(provider, &material().secret[..31]).unwrap_err(),
        ] {
            show(&error);
            errors.push(said(&error));
        }
    }
    shown.extend(errors);
    let all = shown.concat();
    assert!(all.contains("SigningKey") && all.contains("Es256") && all.contains("Pem(redacted)"));
    let secret = String::from_utf8(material().secret.to_vec()).unwrap();
    let body = |pem: &str| pem.lines().nth(1).unwrap()[20..50].to_owned();
    let listed = |bytes: &[u8]| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let subject = "ada@example.org".to_owned();
    for canary in [
        listed(&material().secret[..8]),
        listed(&material().rsa[100..108]),
        crate::common::encode(&secret),
        secret,
        body(material().es256.expose()),
        body(material().ed25519.expose()),
        subject,
        "reference".to_owned(),
        "eyJ".to_owned(), // how every token begins
    ] {
        assert!(!all.contains(&canary), "{canary}");
    }
}
