//! What writing a message costs, beside putting the same words together by hand.
//!
//! An SMS with its segments counted has to cost less than 2 microseconds.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use otp_exchange::{Autofill, Catalogue, Field, Longest, Purpose, Recipient, Segments};

fn catalogue() -> Catalogue {
    Catalogue::builder()
        .application("ACME")
        .link("https://app.example/code")
        .autofill(Autofill::website("app.example"))
        .transliterate(true)
        .longest(Longest::default().code(6).minutes(5))
        .build()
        .expect("a catalogue in order")
}

fn messages(criterion: &mut Criterion) {
    let catalogue = catalogue();
    let phone = Recipient::parse("+32412345678").expect("a phone number");
    let email = Recipient::parse("ada@example.org").expect("an email address");
    let payment = [Field::Amount, Field::Payee];
    let mut group = criterion.benchmark_group("messages");
    group.bench_function("sms/floor: format!", |bencher| {
        bencher.iter(|| {
            let (code, minutes) = (black_box("000000"), black_box(5));
            format!("ACME: {code} is your code, valid for {minutes} min. Never share it with anyone.\n\n@app.example #{code}")
        });
    });
    for (name, locale, bound) in [
        ("sms/written, with segments", "en", &[][..]),
        ("sms/written in fr-BE, with segments", "fr-BE", &[]),
        ("sms/written in Japanese, with segments", "ja", &[]),
        ("sms/written for a payment, with segments", "en", &payment),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let written = catalogue.preview(black_box(&phone), &Purpose::LOGIN, Some(locale), bound);
                let text = written.expect("there are texts").text;
                (Segments::of(&text), text)
            });
        });
    }
    group.bench_function("email/written, subject, text and HTML", |bencher| {
        bencher.iter(|| catalogue.preview(black_box(&email), &Purpose::LOGIN, Some("en"), &[]));
    });
    let long = "Pay 12.50 EUR to ACME with 123456. ".repeat(5);
    let (gsm, ucs) = (&long[..160], format!("ж{}", &long[..69]));
    group.bench_function("segments/160 characters, GSM-7", |bencher| {
        bencher.iter(|| Segments::of(black_box(gsm)));
    });
    group.bench_function("segments/70 characters, UCS-2", |bencher| {
        bencher.iter(|| Segments::of(black_box(&ucs)));
    });
    group.finish();
}

criterion_group!(benches, messages);
criterion_main!(benches);
