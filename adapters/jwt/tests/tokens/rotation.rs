//! A new key takes over in three deployments, and no token that is still good is refused meanwhile.

use std::time::Duration;

use crate::common::{API, ISSUER, issue, keys, recognised};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{Claims, SystemEntropy};
use otp_exchange_jwt::{JwtIssuer, JwtVerifier, Pem, SigningKey, VerifyError, aws_lc_rs, rust_crypto};

/// What is deployed: who signs, and whose tokens are recognised beside that.
struct Keys {
    old: Pem,
    new: Pem,
}

impl Keys {
    fn last(&self) -> SigningKey {
        SigningKey::es256_pem(aws_lc_rs(), self.old.expose()).unwrap().named("2026-01").unwrap()
    }

    fn next(&self) -> SigningKey {
        SigningKey::ed25519_pem(rust_crypto(), self.new.expose()).unwrap().named("2026-07").unwrap()
    }

    fn deployments(&self) -> [JwtIssuer; 4] {
        let of = |key| JwtIssuer::builder(ISSUER, API, key);
        [
            of(self.last()),
            of(self.last()).verify_only(self.next()),
            of(self.next()).verify_only(self.last().verifying_key()),
            of(self.next()),
        ]
        .map(|builder| builder.build().unwrap())
    }
}

fn keys_of_two_kinds() -> Keys {
    let old = Pem::new_es256(aws_lc_rs(), &SystemEntropy).unwrap();
    Keys { old, new: Pem::new_ed25519(&SystemEntropy).unwrap() }
}

#[test]
fn no_token_is_refused_while_one_deployment_replaces_another() {
    let deployments = keys_of_two_kinds().deployments();
    let clock = ManualClock::default();
    let mut handed_out: Vec<(Claims, String)> = Vec::new();
    for running in deployments.windows(2) {
        // Both run side by side, then the later one alone until the earlier one's tokens are over.
        for _ in 0..3 {
            for issuer in running {
                let mut claims = crate::common::claims();
                claims.issued_at = otp_exchange::Clock::now(&clock);
                claims.expires_at = claims.issued_at.saturating_add(Duration::from_secs(600));
                handed_out.push((claims.clone(), issue(issuer, &claims)));
            }
            let now = otp_exchange::Clock::now(&clock);
            handed_out.retain(|(claims, _)| claims.expires_at > now);
            for (claims, token) in &handed_out {
                for issuer in running {
                    assert_eq!(recognised(issuer, token).as_ref(), Some(claims));
                    // Verifiers have either's document.
                    let verifier = JwtVerifier::builder(ISSUER, API, issuer.jwks()).clock(clock.clone());
                    assert_eq!(verifier.build().unwrap().verify(token).as_ref(), Ok(claims));
                }
            }
            clock.advance(Duration::from_secs(60));
        }
        clock.advance(Duration::from_secs(600));
    }
}

#[test]
fn without_the_first_deployment_tokens_are_refused_and_after_the_last_the_old_key_is_nothing() {
    let [before, published, signs, after] = keys_of_two_kinds().deployments();
    let [old, new] = [&before, &signs].map(|issuer| issue(issuer, &crate::common::claims()));
    assert!(recognised(&before, &new).is_none() && recognised(&published, &new).is_some());
    assert!(recognised(&signs, &old).is_some() && recognised(&after, &old).is_none());
    let clock = ManualClock::default();
    clock.set(crate::common::claims().issued_at);
    let verifier = JwtVerifier::builder(ISSUER, API, after.jwks()).clock(clock).build().unwrap();
    assert!(verifier.verify(&new).is_ok());
    assert_eq!(verifier.verify(&old), Err(VerifyError::Unknown));
}

#[test]
fn what_one_back_end_signs_the_other_one_takes() {
    for (ours, theirs) in keys(aws_lc_rs()).into_iter().zip(keys(rust_crypto())) {
        let algorithm = ours.algorithm();
        assert_eq!(ours.id(), theirs.id(), "{algorithm:?}: both give the key one name");
        let [ours, theirs] = [ours, theirs].map(crate::common::issuer);
        for (signs, checks) in [(&ours, &theirs), (&theirs, &ours)] {
            let token = issue(signs, &crate::common::claims());
            assert_eq!(recognised(checks, &token), Some(crate::common::claims()), "{algorithm:?}");
        }
    }
}
