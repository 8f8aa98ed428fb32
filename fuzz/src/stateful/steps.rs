//! What may be done.

use arbitrary::Arbitrary;

#[derive(Arbitrary, Debug)]
pub struct Step {
    /// Passes before it; a few seconds mostly.
    pub(super) pass: Pass,
    pub(super) fault: Option<(u8, Lost)>,
    pub(super) operation: Operation,
}

#[derive(Arbitrary, Debug)]
pub enum Pass {
    Nothing,
    Seconds(u8),
    Minutes(u8),
    Days(u8),
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
    HandOver { which: u8, elsewhere: bool },
    Again { code: u8 },
    Submit(Submitting),
    Cancel { code: u8 },
    Authenticate { token: u8, strictly: bool, elsewhere: bool },
    Refresh { token: u8, elsewhere: bool },
    Revoke { token: u8, family: bool, elsewhere: bool },
    RevokeSubject { house: bool, recipient: bool },
}

#[derive(Arbitrary, Debug, Default)]
pub struct Asking {
    pub(super) house: bool,
    pub(super) recipient: bool,
    pub(super) purpose: u8,
    pub(super) by_recipient: bool,
    pub(super) client: u8,
    pub(super) key: u8,
    pub(super) decoy: u8,
    pub(super) minutes: u8,
}

#[derive(Arbitrary, Debug, Default)]
pub struct Submitting {
    pub(super) code: u8,
    pub(super) typed: Typed,
    /// Under the recipient instead of the otp id.
    pub(super) by_recipient: bool,
    /// That of the code unless said otherwise.
    pub(super) purposes: Option<u8>,
    pub(super) elsewhere: bool,
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
