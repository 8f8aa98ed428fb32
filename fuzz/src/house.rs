//! An exchanger whose time and randomness are the same in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    Builder, CodeStore, Entropy, EntropyError, Exchanger, Keyring, Outbox, Policy, Recipient,
};

/// Random bytes that are the same in every run (`SplitMix64`).
#[derive(Debug, Default)]
pub struct Seeded(AtomicU64);

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for chunk in bytes.chunks_mut(8) {
            let mut mixed = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^= mixed >> 31;
            chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// Keys that every run shares, in that namespace.
///
/// # Panics
/// If the namespace is none.
#[must_use]
pub fn keyring(namespace: &str) -> Keyring {
    let keyring = Keyring::new(&[1; 32], &[2; 32]).and_then(|keyring| keyring.namespace(namespace));
    keyring.expect("two keys and a namespace")
}

/// An exchanger on that store, to be built.
pub fn house<S: CodeStore>(
    store: S,
    namespace: &str,
    policy: Policy,
    clock: &ManualClock,
) -> (Builder<S, Outbox>, Outbox) {
    let outbox = Outbox::new();
    let builder = Exchanger::builder(store, outbox.clone(), keyring(namespace));
    (builder.policy(policy).clock(clock.clone()).entropy(Seeded::default()), outbox)
}

/// Somebody to send codes to.
///
/// # Panics
/// Never: it is an address.
#[must_use]
pub fn ada() -> Recipient {
    Recipient::parse("ada@example.org").expect("an address")
}
