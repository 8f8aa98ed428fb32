//! Each rule of the ledger, where it holds and where it is about to be broken.

mod asking;
mod codes;
mod entry;
mod failures;
mod risk;
mod sending;

use std::time::Duration;

use super::*;
use crate::code::Code;
use crate::crypto::{NO_CONTEXT, RequestDigest};
use crate::message::Catalogue;
use crate::policy::Policy;
use crate::purpose::Purpose;
use crate::recipient::Recipient;
use crate::request::{AnswersTo, Request};
use crate::timestamp::Timestamp;
use crate::typed::Typed;

pub(super) const MINUTE: u64 = 60;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;

pub(super) fn second(count: u64) -> Timestamp {
    Timestamp::from_unix_millis(1_700_000_000_000).saturating_add(Duration::from_secs(count))
}

pub(super) fn at(count: u64) -> Moment {
    Moment { now: second(count), valid_from: Timestamp::MIN }
}

pub(super) fn before(span: Duration) -> Moment {
    Moment { now: second(0).saturating_sub(span), ..at(0) }
}

pub(super) fn ada() -> Recipient {
    Recipient::parse("ada@example.org").unwrap()
}

pub(super) fn policy() -> Policy {
    Policy::default()
}

/// The default, but for codes that may live for a week.
pub(super) fn patient() -> Policy {
    policy().longest_lifetime(Duration::from_secs(7 * DAY))
}

/// A request for a code of that number, which is its id; unless said otherwise it is a login of nobody in
/// particular, code 222222, delivered at once.
pub(super) struct Ask<'a> {
    id: u8,
    code: &'a str,
    request: Request,
    client: Option<u8>,
    made_for: Option<RequestDigest>,
    delivered: bool,
}

pub(super) fn ask<'a>(id: u8) -> Ask<'a> {
    let request = Request::login(&ada());
    Ask { id, code: "222222", request, client: None, made_for: None, delivered: true }
}

impl<'a> Ask<'a> {
    pub(super) fn code(self, code: &'a str) -> Self {
        Self { code, ..self }
    }

    pub(super) fn with(self, change: impl FnOnce(Request) -> Request) -> Self {
        Self { request: change(self.request), ..self }
    }

    pub(super) fn request(self, request: Request) -> Self {
        Self { request, ..self }
    }

    pub(super) fn client(self, client: u8) -> Self {
        Self { client: Some(client), ..self }
    }

    pub(super) fn made_for(self, request: u8) -> Self {
        Self { made_for: Some([request; 16]), ..self }
    }

    pub(super) fn undelivered(self) -> Self {
        Self { delivered: false, ..self }
    }

    pub(super) fn of(self, ledger: Ledger, moment: Moment, policy: &Policy) -> Result<Ledger, Refusal> {
        let mut draft = Draft::check(self.request, policy, &Catalogue::default()).unwrap();
        draft.client = self.client.map(|client| [client; 16]);
        let admitted = ledger.admit(moment, &draft, policy)?;
        // A code that has become longer is that often the same.
        let code: Vec<u8> = self.code.bytes().cycle().take(admitted.otp.length().into()).collect();
        let drawn = Drawn {
            id: [self.id; 16],
            code: Code::from_ascii(&code).unwrap(),
            kind: admitted.otp.kind(),
            context: NO_CONTEXT,
            made_for: self.made_for,
        };
        let mut ledger = admitted.ledger;
        let challenge = ledger.hold(Challenge::new(&draft, drawn, moment.now));
        if self.delivered {
            challenge.deliver(moment.now);
        }
        Ok(ledger)
    }

    /// By the default policy.
    pub(super) fn to(self, ledger: Ledger, moment: Moment) -> Result<Ledger, Refusal> {
        self.of(ledger, moment, &policy())
    }
}

/// A ledger of one challenge for logging in, code 111111, issued at second 0.
pub(super) fn one() -> Ledger {
    ask(1).code("111111").to(Ledger::default(), at(0)).unwrap()
}

/// A submission under the otp id of that challenge, or under the recipient.
pub(super) fn submit(
    ledger: Ledger,
    id: Option<u8>,
    typed: &str,
    purpose: &Purpose,
    moment: Moment,
    policy: &Policy,
) -> (Ledger, Verdict) {
    let typed = Typed::read(typed).unwrap();
    let attempt = Attempt {
        id: id.map(|id| [id; 16]),
        named: if id.is_some() { AnswersTo::OtpId } else { AnswersTo::Recipient },
        typed: &typed,
        purposes: std::slice::from_ref(purpose),
        context: NO_CONTEXT,
    };
    ledger.submit(moment, &attempt, policy)
}

pub(super) fn login(ledger: Ledger, id: u8, typed: &str, moment: Moment) -> (Ledger, Verdict) {
    submit(ledger, Some(id), typed, &Purpose::LOGIN, moment, &policy())
}

/// That many wrong guesses at a challenge, each of which was compared.
pub(super) fn guess(mut ledger: Ledger, id: u8, count: u8, moment: Moment, policy: &Policy) -> Ledger {
    for _ in 0..count {
        let (after, verdict) = submit(ledger, Some(id), "999999", &Purpose::LOGIN, moment, policy);
        assert!(matches!(verdict, Verdict::Wrong { .. }));
        ledger = after;
    }
    ledger
}

/// Another delivery of challenge 1.
pub(super) fn claim(ledger: Ledger, moment: Moment) -> Option<Result<Ledger, Refusal>> {
    let claimed = ledger.claim_delivery(moment, &[1; 16], &policy(), |challenge| challenge.id)?;
    Some(claimed.map(|(ledger, seen)| {
        assert_eq!(seen, [1; 16]);
        ledger
    }))
}

/// How many characters the code of that challenge has.
pub(super) fn length(ledger: &Ledger, id: u8) -> usize {
    ledger.find(&[id; 16]).unwrap().code.len()
}

pub(super) fn copy(ledger: &Ledger) -> Ledger {
    postcard::from_bytes(&postcard::to_allocvec(ledger).unwrap()).unwrap()
}
