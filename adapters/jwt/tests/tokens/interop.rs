//! Another implementation takes our tokens by our document, and refuses them altered; what it signs is taken
//! here.

use std::collections::BTreeMap;

use crate::common::{API, ISSUER, issue, keys, material, parts, providers};
use jwt_compact::alg::{Ed25519, Es256, Hs256, Hs256Key, Rsa, SigningKey as _};
use jwt_compact::jwk::JsonWebKey;
use jwt_compact::{Algorithm, AlgorithmExt, Claims as TheirClaims, Header, UntrustedToken};
use otp_exchange::testkit::ManualClock;
use otp_exchange_jwt::{Jwks, JwtVerifier, SigningKey, VerifyError, VerifyingKey};
use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::sha2::Sha256;
use serde_json::{Value, json};

type Everything = BTreeMap<String, Value>;

/// What the other implementation reads in a token, if it takes it.
fn theirs<A: Algorithm>(
    algorithm: &A,
    key: &A::VerifyingKey,
    token: &str,
) -> Option<(Header, TheirClaims<Everything>)> {
    let token = UntrustedToken::new(token).ok()?;
    Some(algorithm.validator::<Everything>(key).validate(&token).ok()?.into_parts())
}

/// Our token by that key, and our document's entry for it.
fn ours(key: SigningKey) -> (String, Option<Value>) {
    let issuer = crate::common::issuer(key);
    let document: Value = serde_json::from_str(&issuer.jwks().to_json()).unwrap();
    (issue(&issuer, &crate::common::claims()), document["keys"].get(0).cloned())
}

fn they_take_ours<A: Algorithm>(name: &str, algorithm: &A, key: &A::VerifyingKey, token: &str) {
    let (header, claims) = theirs(algorithm, key, token).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(header.token_type.as_deref(), Some("at+jwt"), "{name}");
    assert!(header.key_id.is_some(), "{name}");
    assert_eq!(claims.expiration.unwrap().timestamp_millis(), 1_700_000_600_000, "{name}");
    assert_eq!(claims.issued_at.unwrap().timestamp_millis(), 1_700_000_000_000, "{name}");
    let all = claims.custom;
    assert_eq!([&all["iss"], &all["aud"], &all["sub"]], [ISSUER, API, "ada@example.org"], "{name}");
    for at in 0..token.len() {
        // Another letter in its place; in the last one of a part they may ignore bits that we do not.
        let other = if &token[at..=at] == "A" { "Q" } else { "A" };
        let altered = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        let ends = parts(token).map(str::len);
        if [ends[0] - 1, ends[0] + ends[1], token.len() - 1].contains(&at) {
            continue;
        }
        assert!(theirs(algorithm, key, &altered).is_none(), "{name}, at {at}");
    }
}

#[test]
fn another_implementation_takes_our_tokens_by_our_document() {
    for (name, provider) in providers() {
        let [es256, ed25519, rs256, hs256] = keys(provider).map(ours);
        let public = |(_, entry): &(String, Option<Value>)| {
            let entry = entry.clone().unwrap();
            let key: JsonWebKey<'_> = serde_json::from_value(entry.clone()).unwrap();
            assert!(!key.is_signing_key(), "{name}");
            assert_eq!(crate::common::encode(key.thumbprint::<Sha256>()), entry["kid"], "{name}: RFC 7638");
            key
        };
        they_take_ours(name, &Es256, &(&public(&es256)).try_into().unwrap(), &es256.0);
        they_take_ours(name, &Ed25519, &(&public(&ed25519)).try_into().unwrap(), &ed25519.0);
        they_take_ours(name, &Rsa::rs256(), &(&public(&rs256)).try_into().unwrap(), &rs256.0);
        they_take_ours(name, &Hs256, &Hs256Key::new(material().secret), &hs256.0);
        assert_eq!(hs256.1, None, "{name}");
    }
}

/// A token with all our claims, signed by the other implementation.
fn signed_by_them<A: Algorithm>(algorithm: &A, key: &A::SigningKey, id: &str) -> String {
    let [key_of_ours, ..] = keys(otp_exchange_jwt::aws_lc_rs());
    let (token, _) = ours(key_of_ours);
    let claims: Everything = serde_json::from_str(&crate::common::decode(parts(&token)[1])).unwrap();
    let header = Header::empty().with_key_id(id).with_token_type("at+jwt");
    algorithm.token(&header, &TheirClaims::new(claims), key).unwrap()
}

fn we_take_theirs(name: &str, keys: impl IntoIterator<Item = VerifyingKey>, token: &str) {
    let clock = ManualClock::default();
    clock.set(crate::common::claims().issued_at);
    let verifier = JwtVerifier::builder(ISSUER, API, keys).clock(clock).build().unwrap();
    assert_eq!(verifier.verify(token), Ok(crate::common::claims()), "{name}");
    let [head, body, signature] = parts(token);
    let altered = format!(
        "{head}.{}.{signature}",
        crate::common::encode(crate::common::decode(body).replace("ada@", "eve@"))
    );
    assert_eq!(verifier.verify(&altered), Err(VerifyError::Unknown), "{name}");
}

#[test]
fn what_another_implementation_signs_is_taken_by_its_keys() {
    // RFC 8037 appendix A.1.
    let ed25519 = json!({"kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let ed25519: JsonWebKey<'_> = serde_json::from_value(ed25519).unwrap();
    let ed25519 = <Ed25519 as Algorithm>::SigningKey::try_from(&ed25519).unwrap();
    let es256 = <Es256 as Algorithm>::SigningKey::from_slice(&[7; 32]).unwrap();
    let rs256 = RsaPrivateKey::from_pkcs8_der(&material().rsa).unwrap();
    for (name, provider) in providers() {
        let published = |key: JsonWebKey<'_>, alg: &str| {
            let mut entry = serde_json::to_value(&key).unwrap();
            entry["kid"] = json!("theirs");
            entry["alg"] = json!(alg);
            Jwks::parse(provider, &json!({"keys": [entry]}).to_string()).unwrap()
        };
        let keys = published((&es256.to_verifying_key()).into(), "ES256");
        we_take_theirs(name, keys, &signed_by_them(&Es256, &es256, "theirs"));
        let keys = published((&ed25519.to_verifying_key()).into(), "EdDSA");
        we_take_theirs(name, keys, &signed_by_them(&Ed25519, &ed25519, "theirs"));
        let keys = published((&rs256.to_public_key()).into(), "RS256");
        we_take_theirs(name, keys, &signed_by_them(&Rsa::rs256(), &rs256, "theirs"));
        let key = VerifyingKey::hs256(provider, material().secret).unwrap().named("theirs").unwrap();
        let secret = Hs256Key::new(material().secret);
        we_take_theirs(name, [key], &signed_by_them(&Hs256, &secret, "theirs"));
    }
}
