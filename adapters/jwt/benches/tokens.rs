//! What issuing and recognising a token cost by each algorithm and back-end, beside the bare signature over the
//! same bytes.

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::time::Duration;

use common::{claims, drivers, issue, issuer, keys, providers, recognised};
use criterion::{Criterion, criterion_group, criterion_main};
use jsonwebtoken::DecodingKey;

fn tokens(criterion: &mut Criterion) {
    for (name, provider) in providers() {
        for (key, (algorithm, driver)) in keys(provider).into_iter().zip(drivers()) {
            let mut group = criterion.benchmark_group(format!("{}/{name}", key.algorithm().name()));
            let (issuer, claims) = (issuer(key), claims());
            let token = issue(&issuer, &claims);
            let (signed, signature) = token.rsplit_once('.').unwrap();
            let signature =
                base64ct::Encoding::decode_vec(signature).map(|signature: Vec<u8>| signature).unwrap();
            group.bench_function("issue", |bench| bench.iter(|| issue(&issuer, black_box(&claims))));
            // With a signer that is made once, as no issuer that several threads share can have it.
            let signer = (provider.signer_factory)(&algorithm, &driver).unwrap();
            group.bench_function("sign", |bench| bench.iter(|| signer.sign(black_box(signed.as_bytes()))));
            group.bench_function("recognise", |bench| {
                bench.iter(|| recognised(&issuer, black_box(&token)).unwrap())
            });
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = tokens
}
criterion_main!(benches);
