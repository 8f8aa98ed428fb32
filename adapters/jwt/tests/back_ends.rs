//! With both back-ends compiled in and none installed, everything works, and the process-wide default is
//! never asked for. A program of its own, because that default is the process's.

#[path = "tokens/common/mod.rs"]
#[allow(dead_code)] // the other tests ask for more of it
mod common;

use common::{API, ISSUER, issue, keys, providers, recognised};
use otp_exchange::SystemEntropy;
use otp_exchange::testkit::ManualClock;
use otp_exchange_jwt::{Jwks, JwtVerifier, Pem};

#[test]
fn the_process_wide_default_is_never_touched() {
    for (name, provider) in providers() {
        for key in keys(provider) {
            let issuer = common::issuer(key);
            let token = issue(&issuer, &common::claims());
            assert_eq!(recognised(&issuer, &token), Some(common::claims()), "{name}");
            assert!(recognised(&issuer, &token[1..]).is_none(), "{name}");
            let keys = Jwks::parse(provider, &issuer.jwks().to_json()).unwrap();
            let clock = ManualClock::default();
            clock.set(common::claims().issued_at);
            let verifier = JwtVerifier::builder(ISSUER, API, keys).clock(clock).build();
            assert!(verifier.map_or(true, |verifier| verifier.verify(&token).is_ok()), "{name}"); // none for HS256
        }
        assert!(Pem::new_es256(provider, &SystemEntropy).is_ok(), "{name}");
    }
    // Whoever asks for the default fixes it, and one that is fixed cannot be installed.
    let [(_, provider), _] = providers();
    assert!(provider.install_default().is_ok());
    assert!(provider.install_default().is_err());
}
