//! What may be asked for, to the last second and the last bit.

use super::*;
use crate::grant::Principal;
use crate::otp::{Kind, Otp};
use crate::policy::{CodeAlone, TestRecipient};
use crate::request::RequestError;

fn check(request: Request, policy: &Policy) -> Result<(), RequestError> {
    Draft::check(request, policy, &Catalogue::default()).map(|_| ())
}

#[test]
fn a_code_may_live_for_fifteen_minutes_and_longer_only_if_somebody_answers_for_it() {
    let lives = |span| Request::login(&ada()).lifetime(span);
    let most = Duration::from_secs(15 * MINUTE);
    let longer = most + Duration::from_nanos(1);
    assert_eq!(check(lives(most), &patient()), Ok(()));
    assert_eq!(check(lives(longer), &patient()), Err(RequestError::NoPrincipal));
    assert_eq!(check(lives(longer).requested_by(Principal::new("desk")), &patient()), Ok(()));
}

#[test]
fn a_code_alone_with_just_the_bits_it_needs_is_long_enough() {
    // 2^20 guesses a second at 2^20 codes for 2^9 seconds, and 16 bits to spare: 13 characters of 5 bits.
    let (guesses_per_second, live_codes, margin_bits) = (1 << 20, 1 << 20, 16);
    let alone = CodeAlone { guesses_per_second, live_codes, margin_bits };
    let policy = patient().otp(Otp::new(Kind::Unambiguous, 13).unwrap()).code_alone(alone);
    let lives = |seconds| Request::login(&ada()).by_code().lifetime(Duration::from_secs(seconds));
    assert_eq!(check(lives(512), &policy), Ok(()));
    assert!(matches!(check(lives(513), &policy), Err(RequestError::AloneTooShort { .. })));
}

#[test]
fn no_code_alone_is_made_for_a_test_recipient_and_for_anybody_else_it_is() {
    let test = TestRecipient::new(ada(), "123456", Timestamp::MAX).unwrap();
    let otp = Otp::new(Kind::Alphanumeric, 20).unwrap();
    let policy = patient().otp(otp).code_alone(CodeAlone::default()).test_recipient(test);
    let alone = |recipient: &Recipient| check(Request::login(recipient).by_code(), &policy);
    assert_eq!(alone(&ada()), Err(RequestError::NotByCode));
    assert_eq!(alone(&Recipient::parse("eve@example.org").unwrap()), Ok(()));
}
