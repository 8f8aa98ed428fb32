//! The operations, each done to the real ledger and to the reference.

use std::time::Duration;

use super::super::*;
use super::reference::{self, Answer, Code, DAY, HOUR, MINUTE, Refused, SECOND, What};
use super::sequence::Sequence;
use super::{FIXED, Seen, ada};
use crate::crypto::NO_CONTEXT;
use crate::grant::Principal;
use crate::message::Catalogue;
use crate::otp::{Kind, Otp};
use crate::purpose::Purpose;
use crate::request::{AnswersTo, Request};
use crate::typed::Typed;

impl Sequence {
    pub(super) fn ask(&mut self, seen: &mut Seen) -> Result<(), String> {
        let numbers = &self.reference.numbers;
        let attempts = if self.dice.one_in(4) { 1 } else { numbers.attempts };
        let mut digits = self.dice.of(&[6, 6, 6, 6, 6, 6, 5, 20]);
        if u64::from(attempts) * reference::cost_of(digits) > numbers.accepted {
            digits = 6; // a request that can never be granted is refused elsewhere
        }
        let lifetime = self.dice.of(&[SECOND, MINUTE, 5 * MINUTE, 5 * MINUTE, 10 * MINUTE, HOUR, DAY, DAY]);
        let client = Some(self.dice.below(self.clients)).filter(|client| *client > 0);
        let number = self.reference.codes.len();
        let code = Code {
            client: client.map(|client| u8::try_from(client).unwrap()),
            purpose: self.dice.of(&[0, 0, 0, 1]),
            by_id: !self.dice.one_in(3),
            born: self.now,
            end: self.now + lifetime,
            attempts,
            digits,
            value: String::new(),
            key: Some(self.dice.of(&[1, 2])).filter(|_| self.dice.one_in(4)),
            decoy: self.dice.one_in(10),
            delivered: !self.dice.one_in(5),
        };
        self.trace(|| format!("ask {number}: {code:?}"));
        let under_it = |other: &&usize| code.key.is_some() && self.reference.codes[**other].key == code.key;
        let made: Vec<usize> = self.reference.live(self.now).iter().filter(under_it).copied().collect();
        let found = code.key.map(|key| [key; 16]).and_then(|key| {
            self.ledger.made_for(self.at(), &key).map(|challenge| usize::from(challenge.id[0]))
        });
        same("made for that key", found, made.first().copied())?;
        if found.is_some() {
            seen.repeated += 1;
            return Ok(());
        }
        let real = self.admit(&code, number);
        let real = real.map_err(|refusal| (refusal.why, refusal.until.unix_millis()));
        let expected = self.reference.ask(&code, self.now);
        let digits = real.as_ref().map(|(digits, _)| *digits).map_err(|refused| *refused);
        same("asked", digits, expected.as_ref().map(|(digits, _)| *digits).map_err(|refused| *refused))?;
        match real {
            Err(refused) => self.refused(refused, seen),
            Ok((digits, ledger)) => {
                seen.made += 1;
                seen.longer += u64::from(digits > code.digits);
                for displaced in expected.into_iter().flat_map(|(_, displaced)| displaced) {
                    seen.displaced += 1;
                    self.log(What::Displaced(displaced));
                }
                self.reference.codes.push(Code { digits, value: value(number, digits), ..code });
                self.log(What::Asked(number));
                self.write(ledger);
            }
        }
        Ok(())
    }

    fn refused(&mut self, (why, until): Refused, seen: &mut Seen) {
        self.until = until;
        match why {
            Waiting::Spacing => seen.spaced += 1,
            Waiting::LiveCodes => seen.crowded += 1,
            Waiting::Risk => seen.spent += 1,
            _ => seen.blocked += 1,
        }
    }

    fn admit(&self, code: &Code, number: usize) -> Result<(u8, Ledger), Refusal> {
        let request = if code.purpose == 0 { Request::login(&ada()) } else { Request::register(&ada()) };
        let lifetime = Duration::from_millis((code.end - code.born).unsigned_abs());
        // Six digits are the policy's own; what a request brings is stored with each of its codes.
        let request = match code.digits {
            6 => request,
            digits => request.otp(Otp::new(Kind::Numeric, digits).unwrap()),
        };
        let request = request
            .attempts(code.attempts)
            .lifetime(lifetime)
            .requested_by(Principal::new("desk"))
            .decoy(code.decoy);
        let request = if code.by_id { request } else { request.by_recipient() };
        let mut draft = Draft::check(request, &self.policy, &Catalogue::default()).unwrap();
        draft.client = code.client.map(|client| [client; 16]);
        let admitted = self.load().admit(self.at(), &draft, &self.policy)?;
        let digits = admitted.otp.length();
        let drawn = Drawn {
            id: [u8::try_from(number).unwrap(); 16],
            code: crate::code::Code::from_ascii(value(number, digits).as_bytes()).unwrap(),
            kind: Kind::Numeric,
            context: NO_CONTEXT,
            made_for: code.key.map(|key| [key; 16]),
        };
        let mut ledger = admitted.ledger;
        let challenge = ledger.hold(Challenge::new(&draft, drawn, self.at().now));
        if code.delivered {
            challenge.deliver(self.at().now);
        }
        Ok((digits, self.fault.after_asking(ledger)))
    }

    pub(super) fn submit(&mut self, seen: &mut Seen) -> Result<(), String> {
        let live = self.reference.live(self.now);
        let Some(number) = self.recent().filter(|_| !live.is_empty() || self.dice.one_in(4)) else {
            return self.ask(seen);
        };
        let by_id = Some(number).filter(|number| self.reference.codes[*number].by_id != self.dice.one_in(20));
        let typed = match self.dice.below(8) {
            0..5 => "00000000".to_owned(),
            5 => FIXED.to_owned(),
            _ => self.reference.codes[number].value.clone(),
        };
        let purposes = self.dice.of::<&[u8]>(&[&[0], &[0], &[0, 1], &[0, 1], &[0, 1], &[1]]);
        self.trace(|| format!("submit {typed} for {by_id:?}, {purposes:?}"));
        let (answer, compared) = self.reference.submit(by_id, purposes, &typed, self.now);
        let named: Vec<Purpose> = purposes
            .iter()
            .map(|purpose| if *purpose == 0 { Purpose::LOGIN } else { Purpose::REGISTER })
            .collect();
        let attempt = Attempt {
            id: by_id.map(|number| [u8::try_from(number).unwrap(); 16]),
            named: if by_id.is_some() { AnswersTo::OtpId } else { AnswersTo::Recipient },
            typed: &Typed::read(&typed).unwrap(),
            purposes: &named,
            context: NO_CONTEXT,
        };
        let (ledger, verdict) = self.load().submit(self.at(), &attempt, &self.policy);
        let (told, winner) = match &verdict {
            Verdict::NoneLive => (Answer::NoneLive, None),
            Verdict::Wrong { .. } => (Answer::Wrong, None),
            Verdict::Right(winner) => (Answer::Right, Some(usize::from(winner.id[0]))),
        };
        same("told", told, answer.clone())?;
        for (code, right) in &compared {
            if winner != Some(*code) {
                self.log(What::Tried { code: *code, guess: !right });
            }
        }
        match (answer, verdict) {
            (Answer::NoneLive, _) => {
                seen.none += 1;
                return Ok(());
            }
            (Answer::Wrong, Verdict::Wrong { attempts_left, .. }) => {
                seen.wrong += 1;
                let left = compared.iter().map(|(code, _)| self.reference.left(*code));
                let left = left.filter(|left| *left == usize::from(attempts_left)).count();
                same("attempts left", left > 0, true)?;
                self.log(What::Wrong);
            }
            _ => {
                seen.right += 1;
                let right = compared.iter().find(|(code, right)| *right && winner == Some(*code));
                same("was right", right.is_some(), true)?;
                self.log(What::Right(right.unwrap().0));
            }
        }
        self.write(ledger);
        Ok(())
    }

    pub(super) fn again(&mut self, seen: &mut Seen) -> Result<(), String> {
        let Some(number) = self.recent() else { return Ok(()) };
        self.trace(|| format!("send {number} again"));
        let id = [u8::try_from(number).unwrap(); 16];
        let real = self.load().claim_delivery(self.at(), &id, &self.policy, |_| ());
        let refused = |refusal: Refusal| (refusal.why, refusal.until.unix_millis());
        let (real, ledger) = match real {
            None => (None, None),
            Some(Err(refusal)) => (Some(Err(refused(refusal))), None),
            Some(Ok((ledger, ()))) => (Some(Ok(())), Some(ledger)),
        };
        same("sent again", real, self.reference.again(number, self.now))?;
        if let Some(Err(refused)) = real {
            self.refused(refused, seen);
        }
        if let Some(ledger) = ledger {
            seen.again += 1;
            self.log(What::SentAgain(number));
            let attempts = self.reference.codes[number].attempts;
            self.write(self.fault.after_sending_again(ledger, attempts));
        }
        Ok(())
    }

    pub(super) fn cancel(&mut self) {
        let Some(number) = self.recent() else { return };
        self.trace(|| format!("cancel {number}"));
        let id = [u8::try_from(number).unwrap(); 16];
        self.log(What::Cancelled(number));
        if let Some(ledger) = self.load().cancel(&id) {
            self.write(self.fault.after_cancelling(ledger));
        }
    }

    pub(super) fn void(&mut self) {
        let Some(number) = self.recent() else { return };
        self.trace(|| format!("void {number}"));
        if self.reference.sent_once(number) {
            self.log(What::Voided(number));
        }
        if let Some(ledger) = self.load().void(&[u8::try_from(number).unwrap(); 16]) {
            self.write(ledger);
        }
    }

    pub(super) fn clear(&mut self) {
        self.trace(|| "clear the failures".to_owned());
        self.log(What::Cleared);
        if let Some(ledger) = self.load().clear_failures() {
            self.write(self.fault.after_clearing(ledger));
        }
    }

    /// A backup is restored: what is older than now is dead.
    pub(super) fn restore(&mut self) {
        self.trace(|| "restore".to_owned());
        self.reference.valid_from = self.reference.valid_from.max(self.now);
    }
}

/// The code of that number.
fn value(number: usize, digits: u8) -> String {
    let width = usize::from(digits);
    format!("{:0>width$}", 70_000 + number)
}

#[allow(clippy::needless_pass_by_value)] // most are computed for it
pub(super) fn same<T: PartialEq + std::fmt::Debug>(what: &str, real: T, expected: T) -> Result<(), String> {
    if real == expected { Ok(()) } else { Err(format!("{what}: {real:?}, and should be {expected:?}")) }
}
