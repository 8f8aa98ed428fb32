//! How long drawing a code of each kind takes, beside the random bytes alone.

use criterion::{Criterion, criterion_group, criterion_main};
use otp_exchange::{Kind, Otp};
use rand::TryRng;
use rand::rngs::SysRng;
use std::hint::black_box;
use std::time::Duration;

fn generate(criterion: &mut Criterion) {
    for kind in Kind::ALL {
        let mut group = criterion.benchmark_group(format!("generate/{kind:?}"));
        let otp = Otp::new(kind, 6).expect("a length there is");
        group.bench_function("crate", |bencher| {
            bencher.iter(|| otp.generate(&mut SysRng).expect("the system has randomness"));
        });
        group.bench_function("floor", |bencher| {
            bencher.iter(|| {
                let mut bytes = [0; 6];
                SysRng.try_fill_bytes(&mut bytes).expect("the system has randomness");
                black_box(bytes)
            });
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500));
    targets = generate
}
criterion_main!(benches);
