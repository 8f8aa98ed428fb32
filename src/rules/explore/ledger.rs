//! The rules of a ledger, and what they promise whoever shares it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::ajar::Ajar;
use super::super::spent::Spent;
use super::super::tests::{ada, at};
use super::super::*;
use super::house::{Answer, Broken, Fault, House, Op, Outcome, Told};
use crate::code::Code;
use crate::crypto::NO_CONTEXT;
use crate::message::Catalogue;
use crate::policy::{LIVE_PER_PURPOSE, Policy};
use crate::purpose::Purpose;
use crate::request::{AnswersTo, Request};
use crate::typed::Typed;

/// When everything happens; the codes of the beginning are a minute old.
const NOW: u64 = 60;

/// The idempotency key everybody shares.
const KEY: [u8; 16] = [7; 16];

/// By what codes are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Id,
    /// And there are two of them at the beginning, so that each guess is one at both.
    Recipient,
}

/// Codes of so many attempts, and an accepted risk of so many codes.
pub(super) struct Setting {
    attempts: u8,
    accepts: u8,
    named: Named,
    fault: Fault,
    policy: Policy,
}

impl Setting {
    pub(super) fn new(attempts: u8, accepts: u8, named: Named, fault: Fault) -> Self {
        let risk = f64::from(accepts * attempts) * 1e-6;
        let policy = Policy::default().attempts(attempts).accept_risk(risk).send_spacing(Duration::ZERO);
        Self { attempts, accepts, named, fault, policy }
    }

    /// One more code. If it was judged before, by whoever judges but once, all rules are waived.
    fn admit(
        &self,
        ledger: Ledger,
        id: u8,
        code: &str,
        key: bool,
        waived: bool,
        now: Moment,
    ) -> Result<Ledger, Refusal> {
        let request = Request::login(&ada());
        let request = if self.named == Named::Recipient { request.by_recipient() } else { request };
        let mut draft = Draft::check(request, &self.policy, &Catalogue::default()).unwrap();
        let lenient = self.policy.clone().accept_risk(1.0);
        let answers_to = draft.answers_to;
        if waived {
            draft.answers_to = AnswersTo::Code; // such a code needs no room
        }
        let admitted = ledger.admit(now, &draft, if waived { &lenient } else { &self.policy })?;
        draft.answers_to = answers_to;
        let code: Vec<u8> = code.bytes().cycle().take(admitted.otp.length().into()).collect();
        let code = Code::from_ascii(&code).unwrap();
        let made_for = key.then_some(KEY);
        let drawn = Drawn { id: [id; 16], code, kind: admitted.otp.kind(), context: NO_CONTEXT, made_for };
        let mut ledger = admitted.ledger;
        ledger.hold(Challenge::new(&draft, drawn, now.now)).deliver(now.now);
        Ok(ledger)
    }

    fn request(&self, ledger: Ledger, client: usize, judged: u8, key: bool) -> (Option<Ledger>, Outcome) {
        let now = at(NOW);
        let looks = self.fault != Fault::KeysAreIgnored;
        if let Some(challenge) = ledger.made_for(now, &KEY).filter(|_| key && looks) {
            return (None, Outcome::of(Answer::Receipt(challenge.id[0])));
        }
        let id = 16 * (u8::try_from(client).unwrap() + 1) + judged;
        let waived = self.fault == Fault::JudgedOnce && judged > 0;
        match self.admit(ledger, id, "222222", key, waived, now) {
            Err(_) => (None, Outcome::of(Answer::Wait)),
            Ok(ledger) if self.fault == Fault::NewCodeRefundsGuesses => {
                let ajar = Ajar { spent: Spent::default(), ..Ajar::open(&ledger) };
                (Some(ajar.close()), Outcome::of(Answer::Receipt(id)))
            }
            Ok(ledger) => (Some(ledger), Outcome::of(Answer::Receipt(id))),
        }
    }

    fn submit(&self, ledger: Ledger, typed: &str) -> (Option<Ledger>, Outcome) {
        let typed = Typed::read(typed).unwrap();
        let (id, named) = match self.named {
            Named::Id => (Some([1; 16]), AnswersTo::OtpId),
            Named::Recipient => (None, AnswersTo::Recipient),
        };
        let attempt = Attempt { id, named, typed: &typed, purposes: &[Purpose::LOGIN], context: NO_CONTEXT };
        let for_it = |challenge: &&Challenge| id.is_none_or(|id| id == challenge.id);
        let compared: Vec<(u8, bool)> =
            ledger.live(at(NOW)).filter(for_it).map(|one| (one.id[0], is_short(one))).collect();
        let outcome = |answer, winner: Option<u8>| {
            let wrong = || compared.iter().filter(|(id, _)| Some(*id) != winner);
            let risk = wrong().map(|(_, short)| u8::from(*short)).sum();
            Outcome { answer, guessed: wrong().map(|(id, _)| *id).collect(), risk }
        };
        match ledger.submit(at(NOW), &attempt, &self.policy) {
            (_, Verdict::NoneLive) => (None, Outcome::of(Answer::NoneLive)),
            (ledger, Verdict::Wrong { .. }) => (Some(ledger), outcome(Answer::Wrong, None)),
            (ledger, Verdict::Right(winner)) => (Some(ledger), outcome(Answer::Right, Some(winner.id[0]))),
        }
    }

    fn again(&self, ledger: Ledger) -> (Option<Ledger>, Outcome) {
        match ledger.claim_delivery(at(NOW), &[1; 16], &self.policy, |_| ()) {
            None => (None, Outcome::of(Answer::Gone)),
            Some(Err(_)) => (None, Outcome::of(Answer::Wait)),
            Some(Ok((ledger, ()))) if self.fault == Fault::ResendRefillsAttempts => {
                let mut ajar = Ajar::open(&ledger);
                for challenge in &mut ajar.challenges {
                    challenge.attempts_left = self.attempts;
                }
                (Some(ajar.close()), Outcome::of(Answer::Sent))
            }
            Some(Ok((ledger, ()))) => (Some(ledger), Outcome::of(Answer::Sent)),
        }
    }
}

impl House for Setting {
    fn fault(&self) -> Fault {
        self.fault
    }

    fn start(&self) -> Vec<u8> {
        let codes = if self.named == Named::Id { 1 } else { 2 };
        let ledger =
            (1..=codes).zip(["111111", "333333"]).try_fold(Ledger::default(), |ledger, (id, code)| {
                self.admit(ledger, id, code, false, false, at(0))
            });
        postcard::to_allocvec(&ledger.unwrap()).unwrap()
    }

    fn judge(&self, entry: &[u8], op: Op, client: usize, judged: u8) -> (Option<Vec<u8>>, Outcome) {
        let ledger: Ledger = postcard::from_bytes(entry).unwrap();
        let (after, outcome) = match op {
            Op::Request => self.request(ledger, client, judged, false),
            Op::Keyed => self.request(ledger, client, judged, true),
            Op::Right => self.submit(ledger, "111111"),
            Op::Wrong => self.submit(ledger, "999999"),
            Op::Again => self.again(ledger),
            Op::Cancel => (ledger.cancel(&[1; 16]), Outcome::of(Answer::Cancelled)),
            Op::Refresh | Op::Revoke => unreachable!("not for ledgers"),
        };
        (after.map(|after| postcard::to_allocvec(&after).unwrap()), outcome)
    }

    fn promises(&self, entry: &[u8], told: &[Told<'_>; 3]) -> Result<(), Broken> {
        let ledger: Ledger = postcard::from_bytes(entry).unwrap();
        let live: Vec<&Challenge> = ledger.live(at(NOW)).collect();
        let lives = |id: u8| live.iter().any(|challenge| challenge.id[0] == id);
        let answers = |wanted: Answer| told.iter().filter(|told| told.answer() == Some(wanted)).count();
        let wants = |wanted: Op| told.iter().filter(|told| told.op == wanted).count();
        let promise = |kept: bool, broken| if kept { Ok(()) } else { Err(broken) };

        let right = answers(Answer::Right);
        promise(right <= 1 && !(right == 1 && lives(1)), Broken::TwiceRight)?;

        let mut verdicts: BTreeMap<u8, usize> = BTreeMap::from([(1, right)]);
        for id in told.iter().filter_map(|told| told.outcome).flat_map(|outcome| &outcome.guessed) {
            *verdicts.entry(*id).or_default() += 1;
        }
        for challenge in &live {
            *verdicts.entry(challenge.id[0]).or_default() += usize::from(challenge.attempts_left);
        }
        promise(verdicts.values().all(|count| *count <= self.attempts.into()), Broken::Attempts)?;

        let guessed: u8 = told.iter().filter_map(|told| told.outcome).map(|outcome| outcome.risk).sum();
        let can_be: u8 = live.iter().filter(|one| is_short(one)).map(|one| one.attempts_left).sum();
        promise(guessed + can_be <= self.accepts * self.attempts, Broken::Risk)?;

        promise(live.len() <= LIVE_PER_PURPOSE, Broken::Room)?;
        for client in 1..=3 {
            let own = live.iter().filter(|challenge| challenge.id[0] / 16 == client);
            promise(own.count() <= 1, Broken::TwoCodesForOneRequest)?;
        }
        let keyed = live.iter().filter(|challenge| challenge.made_for.is_some());
        promise(keyed.count() <= 1, Broken::TwoCodesForOneKey)?;

        let undisturbed = wants(Op::Right) == 0 && (wants(Op::Wrong) == 0 || self.named == Named::Id);
        let there = |told: &Told<'_>| !matches!(told.answer(), Some(Answer::Receipt(id)) if !lives(id));
        promise(!undisturbed || told.iter().all(there), Broken::ReceiptWithoutCode)?;

        promise(answers(Answer::Cancelled) == 0 || !lives(1), Broken::Cancelled)?;

        let all_told = told.iter().all(|told| told.op != Op::Right || told.answer().is_some());
        let others = wants(Op::Cancel) > 0 || wants(Op::Wrong) >= usize::from(self.attempts);
        promise(wants(Op::Right) == 0 || !all_told || others || right == 1, Broken::NoneRight)
    }
}

fn is_short(challenge: &Challenge) -> bool {
    challenge.code.len() == 6
}
