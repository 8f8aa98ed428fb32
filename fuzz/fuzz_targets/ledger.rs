//! Whatever happens to one recipient's codes, in whatever order and at whatever times: the rules answer just as
//! a reference does that is written from the documentation alone.
//!
//! The bytes are the choices: the policy first, then one operation after the other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use otp_exchange::testkit::fuzzing::compare_with_reference;

fuzz_target!(|choices: &[u8]| {
    if let Err(difference) = compare_with_reference(choices) {
        panic!("{difference}");
    }
});
