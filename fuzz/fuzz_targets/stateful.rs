//! Any sequence of operations on two exchangers in two namespaces of one store, which may lose a call now and then:
//! each is answered just as a model says that knows the documentation only. So nothing is accepted that the model
//! refuses, nor the other way round, and after each step the same codes live with the same attempts left.
#![no_main]

use libfuzzer_sys::fuzz_target;
use otp_exchange_fuzz::stateful::{Step, World};

fuzz_target!(|steps: Vec<Step>| {
    let mut world = World::default();
    for step in steps.iter().take(64) {
        world.step(step);
    }
});
