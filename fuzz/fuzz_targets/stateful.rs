//! Any sequence of operations on two exchangers in two namespaces of one store, which may lose a call now and then:
//! each is answered just as a model says that knows the documentation only. So nothing is accepted that the model
//! refuses, nor the other way round, and after each step the same codes live with the same attempts left.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use otp_exchange_fuzz::stateful::{Step, World};

fuzz_target!(|bytes: &[u8]| {
    let mut world = World::default();
    let mut bytes = Unstructured::new(bytes);
    // Not as a `Vec`, which would end after each step with a chance of one half.
    for _ in 0..64 {
        let Ok(step) = Step::arbitrary(&mut bytes) else { return };
        world.step(&step);
        if bytes.is_empty() {
            return;
        }
    }
});
