//! Which keys are taken, what they are called, and where new ones come from.

use std::sync::Mutex;

use crate::common::{Material, issue, material, providers, recognised};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
};
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use otp_exchange::{Entropy, EntropyError, SystemEntropy};
use otp_exchange_jwt::{Algorithm, KeyError, Pem, SigningKey, VerifyingKey};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rsa::pkcs8::EncodePrivateKey;

fn works(key: SigningKey) -> bool {
    let issuer = crate::common::issuer(key);
    recognised(&issuer, &issue(&issuer, &crate::common::claims())) == Some(crate::common::claims())
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = Base64::encode_string(der);
    let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[test]
fn new_keys_sign_by_each_back_end_and_are_all_different() {
    for (name, provider) in providers() {
        let es256 = || Pem::new_es256(provider, &SystemEntropy).unwrap();
        let ed25519 = || Pem::new_ed25519(&SystemEntropy).unwrap();
        let [one, other] =
            [es256(), es256()].map(|pem| SigningKey::es256_pem(provider, pem.expose()).unwrap());
        assert!(one.id() != other.id() && works(one) && works(other), "{name}");
        let [one, other] =
            [ed25519(), ed25519()].map(|pem| SigningKey::ed25519_pem(provider, pem.expose()).unwrap());
        assert!(one.id() != other.id() && works(one) && works(other), "{name}");
    }
}

#[test]
fn a_new_key_is_written_as_others_write_it() {
    // The same bytes as AWS-LC writes for the same key.
    let read = |pem: &Pem| {
        let lines: String = pem.expose().lines().filter(|line| !line.starts_with('-')).collect();
        Base64::decode_vec(&lines).unwrap()
    };
    let ours = read(&material().es256);
    let theirs = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &ours).unwrap();
    assert_eq!(ours, theirs.to_pkcs8v1().unwrap().as_ref());
    let ours = read(&material().ed25519);
    let theirs = Ed25519KeyPair::from_pkcs8(&ours).unwrap();
    assert_eq!(ours, theirs.to_pkcs8v1().unwrap().as_ref());
    assert!(material().es256.expose().lines().all(|line| line.len() <= 64));
}

/// Gives what it was told to, then nothing.
struct Told(Mutex<Vec<u8>>);

impl Entropy for Told {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let mut left = self.0.lock().unwrap();
        if left.len() < bytes.len() {
            return Err(EntropyError::new("nothing left"));
        }
        bytes.copy_from_slice(&left.drain(..bytes.len()).collect::<Vec<_>>());
        Ok(())
    }
}

#[test]
fn a_scalar_that_is_none_is_drawn_again_and_no_randomness_is_an_error() {
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let order: Vec<_> =
        (0..32).map(|at| u8::from_str_radix(&order[2 * at..2 * at + 2], 16).unwrap()).collect();
    for (name, provider) in providers() {
        for wrong in [vec![0; 32], vec![0xff; 32], order.clone()] {
            let right = [7; 32];
            let told = Told(Mutex::new([wrong.clone(), right.to_vec()].concat()));
            let drawn = Pem::new_es256(provider, &told).unwrap();
            let same = Pem::new_es256(provider, &Told(Mutex::new(right.to_vec()))).unwrap();
            assert_eq!(drawn.expose(), same.expose(), "{name}");
            let stuck = Pem::new_es256(provider, &Told(Mutex::new(wrong.repeat(9)))).unwrap_err();
            assert_eq!(stuck, KeyError::Unusable { algorithm: "ES256" }, "{name}");
            let empty = Pem::new_es256(provider, &Told(Mutex::new(wrong))).unwrap_err();
            assert!(matches!(empty, KeyError::Entropy(_)), "{name}");
        }
    }
    assert!(matches!(Pem::new_ed25519(&Told(Mutex::default())), Err(KeyError::Entropy(_))));
    // A generator of the caller's own, for keys that come again.
    let seeded = || Mutex::new(StdRng::seed_from_u64(7));
    assert_eq!(Pem::new_ed25519(&seeded()).unwrap().expose(), Pem::new_ed25519(&seeded()).unwrap().expose());
}

#[test]
fn keys_of_other_tools_are_read_in_the_forms_they_write() {
    let random = SystemRandom::new();
    let es256 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let [v1, v2] = [Ed25519KeyPair::generate_pkcs8v1(&random), Ed25519KeyPair::generate_pkcs8(&random)]
        .map(Result::unwrap);
    for (name, provider) in providers() {
        assert!(works(SigningKey::es256_der(provider, es256.as_ref()).unwrap()), "{name}");
        for key in [&v1, &v2] {
            assert!(works(SigningKey::ed25519_der(provider, key.as_ref()).unwrap()), "{name}");
        }
        let rsa = pem("PRIVATE KEY", &material().rsa);
        let spelt =
            [rsa.replace('\n', "\r\n"), format!("a comment\n\n{rsa}\n\nanother"), rsa.replace('\n', " ")];
        for text in [rsa].into_iter().chain(spelt) {
            assert!(works(SigningKey::rs256_pem(provider, text).unwrap()), "{name}");
        }
    }
}

#[test]
fn a_key_that_is_none_is_an_error_at_the_start() {
    let p384 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let Material { es256, ed25519, rsa, .. } = material();
    let der = |pem: &Pem| {
        Base64::decode_vec(&pem.expose().lines().filter(|line| !line.starts_with('-')).collect::<String>())
    };
    let [es256, ed25519] = [es256, ed25519].map(|pem| der(pem).unwrap());
    let wrong: Vec<Vec<u8>> =
        vec![vec![], vec![0x30], vec![0x30, 0x82, 0xff, 0xff], b"secret".to_vec(), p384.as_ref().to_vec()];
    for (name, provider) in providers() {
        for (algorithm, right) in [("ES256", &es256), ("EdDSA", &ed25519), ("RS256", rsa)] {
            let read = |der: &[u8]| match algorithm {
                "ES256" => SigningKey::es256_der(provider, der),
                "EdDSA" => SigningKey::ed25519_der(provider, der),
                _ => SigningKey::rs256_der(provider, der),
            };
            let read_pem = |pem: &str| match algorithm {
                "ES256" => SigningKey::es256_pem(provider, pem),
                "EdDSA" => SigningKey::ed25519_pem(provider, pem),
                _ => SigningKey::rs256_pem(provider, pem),
            };
            assert!(read(right).is_ok(), "{name}");
            let others = [&es256, &ed25519, rsa].into_iter().filter(|other| *other != right);
            let cut = (0..right.len()).step_by(7).map(|length| right[..length].to_vec());
            for der in wrong.iter().chain(others).cloned().chain(cut) {
                assert!(read(&der).is_err(), "{name}, {algorithm}: {} bytes", der.len());
            }
            let good = pem("PRIVATE KEY", right);
            assert!(read_pem(&good).is_ok(), "{name}");
            for text in [
                String::new(),
                pem("EC PRIVATE KEY", right),
                pem("ENCRYPTED PRIVATE KEY", right),
                pem("PUBLIC KEY", right),
                good.replace("END", "end"),
                good.repeat(2),
                good.replacen('\n', "\n*", 1),
            ] {
                assert_eq!(read_pem(&text).unwrap_err(), KeyError::Private { algorithm }, "{name}: {text}");
            }
        }
        assert!(SigningKey::es256_pem(provider, [0xff, 0xfe]).is_err(), "{name}");
    }
}

#[test]
fn weak_keys_are_refused() {
    let weak = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 1024).unwrap().to_pkcs8_der().unwrap();
    for (name, provider) in providers() {
        let refused = SigningKey::rs256_der(provider, weak.as_bytes()).unwrap_err();
        // AWS-LC does not even read it.
        let said = [KeyError::RsaBits { bits: 1024 }, KeyError::Private { algorithm: "RS256" }];
        assert!(said.contains(&refused), "{name}: {refused}");
        for bytes in [0, 31] {
            assert_eq!(
                SigningKey::hs256(provider, vec![7; bytes]).unwrap_err(),
                KeyError::Secret { bytes },
                "{name}"
            );
            assert_eq!(
                VerifyingKey::hs256(provider, vec![7; bytes]).unwrap_err(),
                KeyError::Secret { bytes },
                "{name}"
            );
        }
        assert!(works(SigningKey::hs256(provider, [7; 32]).unwrap()), "{name}");
    }
}

#[test]
fn a_key_is_called_by_its_thumbprint() {
    // RFC 8037 appendix A.1 and A.3.
    let d = Base64UrlUnpadded::decode_vec("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let der = [&b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"[..], &d].concat();
    for (name, provider) in providers() {
        let key = SigningKey::ed25519_der(provider, &der).unwrap();
        assert_eq!(key.id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "{name}");
        assert_eq!(key.algorithm(), Algorithm::EdDsa, "{name}");
    }
}

#[test]
fn a_secret_is_not_named_by_anything_of_itself() {
    for (name, provider) in providers() {
        let secret = material().secret;
        let key = SigningKey::hs256(provider, secret).unwrap();
        assert_eq!(key.id(), VerifyingKey::hs256(provider, secret).unwrap().id(), "{name}");
        // RFC 7638 would have it be a hash of the secret alone.
        let text = format!(r#"{{"k":"{}","kty":"oct"}}"#, crate::common::encode(secret));
        let digest =
            |text: &[u8]| crate::common::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text));
        assert!(key.id() != digest(text.as_bytes()) && key.id() != digest(&secret), "{name}");
        assert!(key.id() != SigningKey::hs256(provider, [8; 32]).unwrap().id(), "{name}");
    }
}

#[test]
fn a_key_may_be_called_otherwise() {
    for (_, provider) in providers() {
        let key = || SigningKey::hs256(provider, material().secret).unwrap();
        assert_eq!(key().named("2026-01_a.~").unwrap().id(), "2026-01_a.~");
        assert!(works(key().named("a".repeat(64)).unwrap()));
        for id in ["", "two words", "\"", "\\", "é", "a/b", &"a".repeat(65)] {
            assert_eq!(key().named(id).unwrap_err(), KeyError::Id, "{id}");
            assert_eq!(key().verifying_key().named(id).unwrap_err(), KeyError::Id, "{id}");
        }
    }
}
