//! Tokens with something changed somewhere, and texts that never were tokens: none is accepted, nothing
//! panics.

use crate::common::{API, ISSUER, issue, keys, parts, providers, recognised};
use otp_exchange_jwt::{Builder, JwtIssuer};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Issuers that know all keys, one signing by each algorithm.
fn issuers(provider: crate::common::Provider) -> Vec<JwtIssuer> {
    (0..4)
        .map(|first| {
            let mut keys = Vec::from(keys(provider));
            let builder = JwtIssuer::builder(ISSUER, API, keys.remove(first));
            keys.into_iter().fold(builder, Builder::verify_only).build().unwrap()
        })
        .collect()
}

#[test]
fn a_token_with_any_byte_changed_added_or_taken_out_is_refused() {
    for (name, provider) in providers() {
        let mut tried = 0;
        for issuer in issuers(provider) {
            let genuine = issue(&issuer, &crate::common::claims());
            assert!(recognised(&issuer, &genuine).is_some());
            for at in 0..genuine.len() {
                let (before, after) = genuine.split_at(at);
                // Each other byte would take minutes; these are neighbours in value, one that is far off, and
                // what base64, JSON or a parser of three parts might pass over.
                let old = after.as_bytes()[0];
                let others = [old ^ 1, old ^ 2, old ^ 4, old ^ 32, b'A', b'_', b'.', b'=', b' ', 0];
                let changed = others
                    .iter()
                    .filter(|byte| **byte != old)
                    .map(|byte| format!("{before}{}{}", char::from(*byte), &after[1..]));
                let added = ["A", ".", "=", "\n", "é"].map(|text| format!("{before}{text}{after}"));
                let less = [format!("{before}{}", &after[1..]), before.to_owned(), after.to_owned()];
                for token in changed.chain(added).chain(less).filter(|token| *token != genuine) {
                    assert!(recognised(&issuer, &token).is_none(), "{name}, at {at}: {token}");
                    tried += 1;
                }
            }
        }
        assert!(tried > 50_000, "{name}: {tried}"); // 100,000 with both back-ends
    }
}

#[test]
fn parts_of_different_tokens_make_none() {
    for (name, provider) in providers() {
        let issuers = issuers(provider);
        let mut other = crate::common::claims();
        other.subject = "eve@example.org".to_owned();
        let tokens: Vec<_> = issuers
            .iter()
            .flat_map(|issuer| [issue(issuer, &crate::common::claims()), issue(issuer, &other)])
            .collect();
        let mut accepted = 0;
        for head in &tokens {
            for body in &tokens {
                for signature in &tokens {
                    let mixed = format!("{}.{}.{}", parts(head)[0], parts(body)[1], parts(signature)[2]);
                    accepted += usize::from(recognised(&issuers[0], &mixed).is_some());
                    // All issuers write the same claims alike, so these are the tokens themselves.
                    let is_whole = tokens.contains(&mixed);
                    assert_eq!(recognised(&issuers[0], &mixed).is_some(), is_whole, "{name}: {mixed}");
                }
            }
        }
        assert_eq!(accepted, 8 * tokens.len(), "{name}"); // each body occurs four times, each head twice
    }
}

#[test]
fn garbage_is_unknown_and_nothing_panics() {
    let mut random = StdRng::seed_from_u64(9068);
    let [issuers, others] = providers().map(|(_, provider)| issuers(provider));
    let genuine: Vec<_> = issuers.iter().map(|issuer| issue(issuer, &crate::common::claims())).collect();
    let words = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "null",
        "\"alg\"",
        "\"ES256\"",
        "\"EdDSA\"",
        "\"HS256\"",
        "\"none\"",
        "\"kid\"",
        "\"typ\"",
        "\"at+jwt\"",
        "\"iss\"",
        "\"exp\"",
        "1e999",
        "-1",
        "\\u0000",
        "\u{feff}",
        "\u{0}",
        "é",
    ];
    for round in 0..100_000 {
        let piece = |random: &mut StdRng| match random.random_range(0..6) {
            // Bytes, words of JSON, a part of a genuine token, base64url of bytes and of words, nothing.
            0 => (0..random.random_range(0..200)).map(|_| random.random::<char>()).collect(),
            1 => {
                (0..random.random_range(0..20)).map(|_| words[random.random_range(0..words.len())]).collect()
            }
            2 => parts(&genuine[random.random_range(0..4)])[random.random_range(0..3)].to_owned(),
            3 => crate::common::encode(
                (0..random.random_range(0..300)).map(|_| random.random()).collect::<Vec<u8>>(),
            ),
            4 => crate::common::encode(
                (0..random.random_range(0..20))
                    .map(|_| words[random.random_range(0..words.len())])
                    .collect::<String>(),
            ),
            _ => String::new(),
        };
        let pieces: Vec<_> = (0..random.random_range(1..5)).map(|_| piece(&mut random)).collect();
        let token = pieces.join(".");
        if genuine.contains(&token) {
            continue;
        }
        let issuer = if round % 2 == 0 { &issuers[0] } else { &others[0] };
        assert!(recognised(issuer, &token).is_none(), "{token}");
    }
}

#[test]
fn a_signature_of_any_length_is_only_wrong() {
    for (name, provider) in providers() {
        for issuer in issuers(provider) {
            let token = issue(&issuer, &crate::common::claims());
            let [head, body, _] = parts(&token);
            for length in (0..600).chain([4096]) {
                for byte in [0, 0xff] {
                    let signature = crate::common::encode(vec![byte; length]);
                    assert!(
                        recognised(&issuer, &format!("{head}.{body}.{signature}")).is_none(),
                        "{name}, {length}"
                    );
                }
            }
        }
    }
}
