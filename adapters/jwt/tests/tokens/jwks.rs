//! The document of public keys: what is in it, what is not, and what is not taken for one.

use crate::common::{API, ISSUER, issue, keys, material, providers};
use otp_exchange::testkit::ManualClock;
use otp_exchange_jwt::{Builder, Jwks, JwksError, JwtIssuer, JwtVerifier, KeyError, VerifyError, aws_lc_rs};
use serde_json::{Value, json};

fn issuer(provider: crate::common::Provider) -> JwtIssuer {
    let [first, rest @ ..] = keys(provider);
    rest.into_iter().fold(JwtIssuer::builder(ISSUER, API, first), Builder::verify_only).build().unwrap()
}

fn document(provider: crate::common::Provider) -> Value {
    serde_json::from_str(&issuer(provider).jwks().to_json()).unwrap()
}

#[test]
fn it_has_what_rfc_7517_asks_for_and_nothing_else() {
    for (name, provider) in providers() {
        let document = document(provider);
        let ids = keys(provider).map(|key| key.id().to_owned());
        let names = |key: &Value| key.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let [ec, ed, rsa] = document["keys"].as_array().unwrap().as_slice() else {
            panic!("{name}: three keys")
        };
        assert_eq!(names(ec), ["alg", "crv", "kid", "kty", "use", "x", "y"], "{name}");
        assert_eq!(names(ed), ["alg", "crv", "kid", "kty", "use", "x"], "{name}");
        assert_eq!(names(rsa), ["alg", "e", "kid", "kty", "n", "use"], "{name}");
        for (key, id, kty, alg) in
            [(ec, &ids[0], "EC", "ES256"), (ed, &ids[1], "OKP", "EdDSA"), (rsa, &ids[2], "RSA", "RS256")]
        {
            assert_eq!([&key["kid"], &key["kty"], &key["alg"], &key["use"]], [id, kty, alg, "sig"], "{name}");
        }
        assert_eq!([&ec["crv"], &ed["crv"], &rsa["e"]], ["P-256", "Ed25519", "AQAB"], "{name}");
        assert_eq!(names(&document), ["keys"], "{name}");
        let served = serde_json::to_value(issuer(provider).jwks()).unwrap();
        assert_eq!(served, document, "{name}: serialised it is the same");
    }
}

#[test]
fn nothing_private_is_in_it() {
    for (name, provider) in providers() {
        let text = issuer(provider).jwks().to_json();
        let lines: String = material().es256.expose().lines().filter(|line| !line.starts_with('-')).collect();
        let es256 = <base64ct::Base64 as base64ct::Encoding>::decode_vec(&lines).unwrap();
        let lines: String =
            material().ed25519.expose().lines().filter(|line| !line.starts_with('-')).collect();
        let ed25519 = <base64ct::Base64 as base64ct::Encoding>::decode_vec(&lines).unwrap();
        // The scalar, the seed, both halves of RSA's, the secret: at any offset base64 may begin.
        let rsa = &material().rsa;
        let rsa_private = &rsa[26 + 4 + 3 + 4 + 257 + 5 + 4..];
        for secret in
            [&es256[36..68], &ed25519[16..], &rsa_private[..256], &rsa_private[300..400], &material().secret]
        {
            for at in 0..3 {
                let needle = crate::common::encode(&secret[at..at + 24]);
                assert!(!text.contains(&needle), "{name}");
            }
        }
        assert!(
            text.contains(&crate::common::encode(&es256[74..106])),
            "{name}: of the public part the same search finds"
        );
    }
}

#[test]
fn it_is_read_back_whole_by_either_back_end() {
    for (_, writer) in providers() {
        for (_, reader) in providers() {
            let issuer = issuer(writer);
            let text = issuer.jwks().to_json();
            let read = Jwks::parse(reader, &text).unwrap();
            assert_eq!(read.to_json(), text);
            let clock = ManualClock::default();
            clock.set(crate::common::claims().issued_at);
            let verifier = JwtVerifier::builder(ISSUER, API, read).clock(clock).build().unwrap();
            assert_eq!(
                verifier.verify(&issue(&issuer, &crate::common::claims())),
                Ok(crate::common::claims())
            );
        }
    }
}

/// The document's first key of that type with some members set, `null` to take them out.
fn altered(kty: &str, changes: &Value) -> String {
    let document = document(aws_lc_rs());
    let mut key = document["keys"].as_array().unwrap().iter().find(|key| key["kty"] == kty).unwrap().clone();
    for (name, value) in changes.as_object().unwrap() {
        key[name] = value.clone();
    }
    key.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    json!({ "keys": [key] }).to_string()
}

#[test]
fn keys_of_other_kinds_or_uses_or_without_a_name_are_passed_over() {
    for (name, provider) in providers() {
        let count = |text: &str| Jwks::parse(provider, text).unwrap().into_iter().count();
        for kty in ["EC", "OKP", "RSA"] {
            for same in [json!({}), json!({"use": null}), json!({"ext": true, "key_ops": ["verify"]})] {
                assert_eq!(count(&altered(kty, &same)), 1, "{name}: {kty} {same}");
            }
            for other in [
                json!({"use": "enc"}),
                json!({"kid": null}),
                json!({"alg": null}),
                json!({"alg": "RSA-OAEP"}),
                json!({"alg": "PS256"}),
                json!({"alg": "HS256"}),
                json!({"alg": "none"}),
                json!({"kty": "AKP"}),
            ] {
                assert_eq!(count(&altered(kty, &other)), 0, "{name}: {kty} {other}");
            }
        }
        assert_eq!(count(&altered("EC", &json!({"crv": "P-384"}))), 0, "{name}");
        assert_eq!(count(r#"{"keys":[]}"#), 0, "{name}");
    }
}

#[test]
fn private_keys_and_secrets_in_it_are_an_error() {
    for (name, provider) in providers() {
        for text in [
            altered("EC", &json!({"d": "AA"})),
            altered("OKP", &json!({"d": "AA"})),
            altered("RSA", &json!({"d": "AA", "alg": "PS512"})),
            json!({"keys": [{"kty": "oct", "kid": "a", "alg": "HS256", "k": crate::common::encode([7; 32])}]})
                .to_string(),
        ] {
            assert_eq!(Jwks::parse(provider, &text).unwrap_err(), JwksError::Private { index: 0 }, "{name}");
        }
    }
}

#[test]
fn malformed_and_weak_keys_are_an_error() {
    let zeros = |bytes| crate::common::encode(vec![0x80; bytes]);
    for (name, provider) in providers() {
        for (kty, changes) in [
            ("EC", json!({"x": null})),
            ("EC", json!({"y": ""})),
            ("EC", json!({"x": zeros(31)})),
            ("EC", json!({"y": zeros(33)})),
            ("EC", json!({"x": "not base64url"})),
            ("OKP", json!({"x": null})),
            ("OKP", json!({"x": ""})),
            ("OKP", json!({"x": zeros(31)})),
            ("OKP", json!({"x": zeros(33)})),
            ("RSA", json!({"n": null})),
            ("RSA", json!({"n": zeros(255)})),
            ("RSA", json!({"n": zeros(513)})),
            ("RSA", json!({"e": null})),
            ("RSA", json!({"e": "AQ"})),
            ("RSA", json!({"e": "Aw"})),
            ("RSA", json!({"e": "AQAA"})),
            ("RSA", json!({"e": "AQAB="})),
        ] {
            let read = Jwks::parse(provider, &altered(kty, &changes));
            assert!(matches!(read, Err(JwksError::Key { index: 0, .. })), "{name}: {kty} {changes}");
        }
        let weak = Jwks::parse(provider, &altered("RSA", &json!({"n": zeros(128)}))).unwrap_err();
        assert_eq!(weak, JwksError::Key { index: 0, source: KeyError::RsaBits { bits: 1024 } }, "{name}");
        for text in [
            "",
            "[]",
            "null",
            "{}",
            r#"{"keys":{}}"#,
            r#"{"keys":[1]}"#,
            r#"{"keys":[{}]}"#,
            "<html>",
            r#"{"keys":[],"keys":[]}"#,
        ] {
            assert_eq!(Jwks::parse(provider, text).unwrap_err(), JwksError::Malformed, "{name}: {text}");
        }
    }
}

#[test]
fn a_point_that_is_on_no_curve_lets_nobody_in() {
    for (name, provider) in providers() {
        let off = crate::common::encode([7; 32]);
        // AWS-LC parses a key when something is checked with it; then it is refused.
        let Ok(keys) = Jwks::parse(provider, &altered("EC", &json!({"x": off, "y": off}))) else { continue };
        assert_eq!(name, "aws_lc_rs");
        let verifier = JwtVerifier::builder(ISSUER, API, keys).build().unwrap();
        let token = issue(&issuer(provider), &crate::common::claims());
        assert_eq!(verifier.verify(&token), Err(VerifyError::Unknown));
    }
}
