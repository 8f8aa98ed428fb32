//! How long each flow takes on a memory store of a thousand and of a million live codes, beside its floor.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use otp_exchange_benches::{Flow, Setting, World};

fn flows(criterion: &mut Criterion) {
    for setting in Setting::ALL {
        for codes in [1000, 1_000_000] {
            let mut world = World::filled(setting, codes);
            for flow in Flow::of(setting) {
                let name = format!("{}/{}/{codes}", flow.name(), setting.name());
                let mut group = criterion.benchmark_group(name);
                group.bench_function("crate", |bencher| {
                    bencher.iter_custom(|runs| flow.time(&mut world, runs));
                });
                group.bench_function("floor", |bencher| {
                    bencher.iter_custom(|runs| flow.time_floor(&mut world, runs));
                });
                group.finish();
            }
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500));
    targets = flows
}
criterion_main!(benches);
