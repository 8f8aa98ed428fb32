//! What issuing and recognising a token cost by each algorithm and back-end, beside the bare signature over
//! the same bytes.

#[path = "../tests/tokens/common/mod.rs"]
#[allow(dead_code)] // the tests ask for more of it
mod common;

use std::hint::black_box;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use common::{Provider, claims, drivers, issue, issuer, keys, parts, providers, recognised};
use criterion::{Criterion, criterion_group, criterion_main};
use jsonwebtoken::jwk::EllipticCurve;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};

fn tokens(criterion: &mut Criterion) {
    for (name, provider) in providers() {
        for (key, (algorithm, driver)) in keys(provider).into_iter().zip(drivers()) {
            let mut group = criterion.benchmark_group(format!("{}/{name}", key.algorithm().name()));
            let (issuer, claims) = (issuer(key), claims());
            let token = issue(&issuer, &claims);
            let [head, body, signature] = parts(&token);
            let signed = format!("{head}.{body}");
            let signature = Base64UrlUnpadded::decode_vec(signature).expect("a token of our own");
            // Made once, as they cannot be in an issuer that threads share: the driver's are not `Send`.
            let signer = (provider.signer_factory)(&algorithm, &driver).expect("its own key");
            let verifier = (provider.verifier_factory)(&algorithm, &public(provider, algorithm, &driver))
                .expect("its own key");
            group.bench_function("issue", |bench| bench.iter(|| issue(&issuer, black_box(&claims))));
            group.bench_function("issue, floor", |bench| {
                bench.iter(|| signer.sign(black_box(signed.as_bytes())));
            });
            group.bench_function("recognise", |bench| {
                bench.iter(|| recognised(&issuer, black_box(&token)).expect("a token of our own"));
            });
            group.bench_function("recognise, floor", |bench| {
                bench.iter(|| {
                    verifier.verify(black_box(signed.as_bytes()), &signature).expect("its own signature");
                });
            });
            group.finish();
        }
    }
}

/// The public part of a key, as the back-ends take it.
fn public(provider: Provider, algorithm: Algorithm, key: &EncodingKey) -> DecodingKey {
    let (utils, bytes) = (&provider.key_utils, key.as_bytes());
    match algorithm {
        Algorithm::ES256 => {
            let (_, x, y) =
                (utils.ec_pub_components_from_private_key)(bytes, algorithm).expect("a P-256 key");
            DecodingKey::from_ec_der(&[&[4], &x[..], &y].concat())
        }
        Algorithm::EdDSA => {
            let x = (utils.ed_pub_components_from_private_key)(bytes, &EllipticCurve::Ed25519)
                .expect("an Ed25519 key");
            DecodingKey::from_ed_der(&x)
        }
        Algorithm::RS256 => {
            let (n, e) = (utils.rsa_pub_components_from_private_key)(bytes).expect("an RSA key");
            DecodingKey::from_rsa_raw_components(&n, &e)
        }
        _ => DecodingKey::from_secret(bytes),
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = tokens
}
criterion_main!(benches);
