//! What may be done.

use arbitrary::{Arbitrary, Result, Unstructured};

use super::MINUTE;

#[derive(Arbitrary, Debug)]
pub struct Step {
    pub(super) pass: Pass,
    pub(super) fault: Seldom<(u8, Lost)>,
    pub(super) operation: Operation,
}

/// How many milliseconds pass before it. Seldom so many that all codes are dead, or all tokens.
#[derive(Debug)]
pub struct Pass(pub(super) i64);

impl<'a> Arbitrary<'a> for Pass {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let byte = i64::from(u8::arbitrary(bytes)?);
        Ok(Self(match byte {
            0..128 => 0,
            128..208 => 1_000 * (byte % 32), // about the grace, and the slack of clocks
            208..248 => MINUTE * (byte % 16),
            _ => 24 * 60 * MINUTE * (byte % 8) * 4 + 1,
        }))
    }
}

/// Something in one of eight cases.
#[derive(Debug, Default)]
pub struct Seldom<T = ()>(pub(super) Option<T>);

impl<T> Seldom<T> {
    pub(super) fn is(&self) -> bool {
        self.0.is_some()
    }
}

impl<'a, T: Arbitrary<'a>> Arbitrary<'a> for Seldom<T> {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let is = u8::arbitrary(bytes)? % 8 == 7;
        is.then(|| T::arbitrary(bytes)).transpose().map(Self)
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Lost {
    NotApplied,
    Permanent,
    Request,
    Reply,
}

#[derive(Arbitrary, Debug)]
pub enum Operation {
    Send(Asking),
    Issue(Asking),
    Prepare(Asking),
    HandOver { which: u8, elsewhere: Seldom },
    Again { code: u8 },
    Submit(Submitting),
    Cancel { code: u8 },
    Authenticate { token: u8, strictly: bool, elsewhere: Seldom },
    Refresh { token: u8, elsewhere: Seldom },
    Revoke { token: u8, family: bool, elsewhere: Seldom },
    RevokeSubject(Seldom<(bool, bool)>),
}

#[derive(Arbitrary, Debug, Default)]
pub struct Asking {
    pub(super) house: bool,
    pub(super) recipient: bool,
    pub(super) purpose: u8,
    pub(super) by_recipient: bool,
    pub(super) client: u8,
    pub(super) key: u8,
    pub(super) decoy: Seldom,
    pub(super) minutes: u8,
}

#[derive(Arbitrary, Debug, Default)]
pub struct Submitting {
    pub(super) code: u8,
    pub(super) typed: Typed,
    /// Under the recipient instead of the otp id, or the other way round.
    pub(super) misnamed: Seldom,
    /// That of the code unless said otherwise.
    pub(super) purposes: Seldom<u8>,
    pub(super) elsewhere: Seldom,
    pub(super) exchange: bool,
}

#[derive(Arbitrary, Debug, Default)]
pub enum Typed {
    #[default]
    Right,
    Spaced,
    Wrong(u8),
    Short,
    Another(u8),
}
