//! Whatever is typed: no panic, no code out of anything but its own alphabet and length, nothing accepted for a live code of
//! twenty digits, and no attempt charged for what is no code.
//!
//! ```text
//! cargo +nightly fuzz run submitted_code
//! ```
#![no_main]

use libfuzzer_sys::fuzz_target;
use otp_exchange::{
    ExchangeError, Exchanger, Keyring, Kind, MalformedCode, MemoryStore, Otp, Outbox, Policy, Recipient,
    Request, Submission,
};

fuzz_target!(|typed: &str| {
    for kind in Kind::ALL {
        for length in [1, 6, 20] {
            let Ok(code) = Otp::new(kind, length).expect("1 to 20").parse(typed) else { continue };
            assert_eq!(code.len(), usize::from(length));
            assert!(code.expose().chars().all(|character| kind.alphabet().contains(character)));
        }
    }

    let policy =
        Policy::default().otp(Otp::new(Kind::Numeric, 20).expect("20 digits")).allow(Kind::Unambiguous, 6, 8);
    let keyring = Keyring::new(&[1; 32], &[2; 32]).expect("two keys");
    let builder = Exchanger::builder(MemoryStore::new(10), Outbox::new(), keyring).policy(policy);
    let otp = builder.build().expect("in range");
    let ada = Recipient::parse("ada@example.org").expect("an address");
    pollster::block_on(async {
        let sent = otp.send(Request::login(&ada)).await.expect("sent");
        let submission = |typed: &str| Submission::by_id(&sent.otp_id, typed).login();
        let charged = match otp.verify(submission(typed)).await {
            Err(ExchangeError::NotACode(_)) => 0,
            Err(ExchangeError::Refused(_)) => 1,
            other => panic!("{other:?}"),
        };
        let malformed = matches!(
            Otp::new(Kind::Numeric, 20).expect("20 digits").parse(typed),
            Err(MalformedCode::Empty | MalformedCode::NotAscii)
        );
        assert!(!(malformed && charged == 1));
        let first = sent.expose().code.as_bytes()[0];
        let wrong = if first == b'0' { "1" } else { "0" }.repeat(20);
        match otp.verify(submission(&wrong)).await {
            Err(ExchangeError::Refused(refused)) => assert_eq!(refused.attempts_left, Some(4 - charged)),
            other => panic!("{other:?}"),
        }
    });
});
