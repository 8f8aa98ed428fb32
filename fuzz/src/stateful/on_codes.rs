//! What is done with codes.

use std::time::Duration;

use otp_exchange::{
    ClientKey, ExchangeError, Fault, Proof, Recipient, Refused, Request, SendError, StatusError, Submission,
    SubmissionError, Tokens,
};

use super::codes::{Asked, Code, Told};
use super::sessions::Session;
use super::steps::{Asking, Submitting, Typed};
use super::{ADDRESSES, House, MINUTE, PURPOSES, World};
use crate::block_on;

#[derive(Clone, Copy)]
pub(super) enum How {
    Send,
    Issue,
    Prepare,
}

#[derive(Debug)]
enum Given {
    Proof(Proof),
    Tokens(Tokens),
}

impl World {
    pub(super) fn ask(&mut self, asking: &Asking, how: How) {
        let house = usize::from(asking.house);
        let recipient = Recipient::parse(ADDRESSES[usize::from(asking.recipient)]).expect("an address");
        let code = Code {
            recipient: asking.recipient.into(),
            purpose: asking.purpose % 3,
            by_id: !asking.by_recipient,
            client: Some(asking.client % 4).filter(|client| *client > 0),
            key: Some(asking.key % 4).filter(|key| *key > 0),
            decoy: asking.decoy.is(),
            lifetime: MINUTE * i64::from(asking.minutes % 10 + 1),
            born: self.now,
            left: 5,
            value: String::new(),
            gone: false,
            spoilt: false,
        };
        let mut request = Request::new(PURPOSES[usize::from(code.purpose)], &recipient)
            .lifetime(Duration::from_millis(code.lifetime.unsigned_abs()))
            .decoy(code.decoy);
        if asking.by_recipient {
            request = request.by_recipient();
        }
        if let Some(client) = code.client {
            request = request.client(ClientKey::new(client.to_string()));
        }
        if let Some(key) = code.key {
            request = request.idempotency_key(format!("a key of a button {key}"));
        }
        let otp = &self.houses[house].otp;
        let (sent, outgoing) = match how {
            How::Send => (block_on(otp.send(request)), None),
            How::Issue => (block_on(otp.issue(request)), None),
            How::Prepare => match block_on(otp.prepare(request)) {
                Err(error) => (Err(error), None),
                Ok(outgoing) => (Err(SendError::Gone), Some(outgoing)),
            },
        };
        if let Err(SendError::Fault(Fault::Unavailable(_))) = sent {
            assert!(self.failed_before(2));
            return;
        }
        let expected = self.houses[house].codes.ask(&code, self.now);
        let receipt = match (&sent, &outgoing) {
            (_, Some(outgoing)) => outgoing.receipt(),
            (Ok(receipt), _) => receipt,
            (Err(SendError::Wait { .. }), _) => return assert_eq!(expected, Asked::Wait),
            (other, _) => panic!("{other:?}, and should be {expected:?}"),
        };
        let (value, id) = (receipt.expose().code.to_owned(), receipt.otp_id);
        let attempts = receipt.attempts;
        let house = &mut self.houses[house];
        let number = match expected {
            Asked::New => {
                assert_eq!(attempts, 5);
                house.codes.all.push(Code { value, ..code });
                house.ids.push(id);
                house.ids.len() - 1
            }
            Asked::Same(number) => {
                let same = &house.codes.all[number];
                assert_eq!((&value, attempts), (&same.value, same.left));
                number
            }
            Asked::Wait => panic!("a code, and there was room for none"),
        };
        house.outgoing.extend(outgoing.map(|outgoing| (outgoing, number)));
    }

    pub(super) fn hand_over(&mut self, which: u8, elsewhere: bool) {
        let (from, count) = (usize::from(which) % 2, self.houses[usize::from(which) % 2].outgoing.len());
        if count == 0 {
            return;
        }
        let (outgoing, number) = self.houses[from].outgoing.swap_remove(usize::from(which / 2) % count);
        let to = if elsewhere { 1 - from } else { from };
        let late = self.now >= self.houses[from].codes.all[number].end();
        match block_on(self.houses[to].otp.hand_over(outgoing)) {
            Ok(_) => assert!(!elsewhere && !late),
            Err(SendError::Foreign) => assert!(elsewhere),
            Err(SendError::Gone) => assert!(!elsewhere && late),
            other => panic!("{other:?}"),
        }
    }

    /// A code by its number, of either house.
    fn code(&self, code: u8) -> Option<(usize, usize)> {
        let house = usize::from(code) % 2;
        let count = self.houses[house].ids.len();
        // The latest are the likeliest to be alive.
        (count > 0).then(|| (house, count - 1 - usize::from(code / 2) % count))
    }

    pub(super) fn again(&mut self, code: u8) {
        let Some((house, number)) = self.code(code) else { return };
        let House { otp, codes, ids, .. } = &self.houses[house];
        let live = codes.all[number].is_live(self.now);
        match block_on(otp.deliver(&ids[number])) {
            Ok(receipt) => {
                assert!(live);
                assert_eq!(receipt.expose().code, codes.all[number].value);
                assert_eq!(receipt.attempts, codes.all[number].left, "sending again gives no attempts");
            }
            Err(SendError::Gone) => assert!(!live),
            Err(SendError::Fault(Fault::Unavailable(_))) => assert!(self.failed_before(2)),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn cancel(&mut self, code: u8) {
        let Some((house, number)) = self.code(code) else { return };
        match block_on(self.houses[house].otp.cancel(&self.houses[house].ids[number])) {
            Ok(()) => self.houses[house].codes.all[number].gone = true,
            Err(StatusError::Fault(Fault::Unavailable(_))) => assert!(self.failed_before(2)),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn submit(&mut self, submitting: &Submitting) {
        let Some((from, number)) = self.code(submitting.code) else { return };
        let code = self.houses[from].codes.all[number].clone();
        let to = if submitting.elsewhere.is() { 1 - from } else { from };
        let by_recipient = code.by_id == submitting.misnamed.is();
        let typed = self.typed(&submitting.typed, from, &code.value);
        let recipient = Recipient::parse(ADDRESSES[usize::from(code.recipient)]).expect("an address");
        let submission = if by_recipient {
            Submission::by_recipient(&recipient, &typed)
        } else {
            Submission::by_id(&self.houses[from].ids[number], &typed)
        };
        let purposes: Vec<u8> = match submitting.purposes.0 {
            None => vec![code.purpose],
            Some(bits) => (0..3).filter(|purpose| bits >> purpose & 1 == 1).collect(),
        };
        let submission = purposes
            .iter()
            .fold(submission, |submission, purpose| submission.purpose(PURPOSES[usize::from(*purpose)]));
        let otp = &self.houses[to].otp;
        let answer = if submitting.exchange {
            block_on(otp.exchange(submission)).map(Given::Tokens)
        } else {
            block_on(otp.verify(submission)).map(Given::Proof)
        };
        // What is wrong about the submission itself, before any code is looked at.
        match &answer {
            Err(ExchangeError::Submission(SubmissionError::NoPurpose)) => {
                return assert!(purposes.is_empty());
            }
            Err(ExchangeError::NotACode(_)) => return assert!(matches!(submitting.typed, Typed::Short)),
            Err(ExchangeError::Submission(SubmissionError::OtpId(_))) => {
                return assert!(submitting.elsewhere.is() && !by_recipient);
            }
            _ => {}
        }
        assert!(!purposes.is_empty() && !matches!(submitting.typed, Typed::Short));
        assert!(by_recipient || !submitting.elsewhere.is(), "{answer:?}");
        let failed = matches!(&answer, Err(ExchangeError::Fault(Fault::Unavailable(_))));
        if failed && self.failed_before(2) {
            return; // loaded and not written, so nothing was charged and nothing is known
        }
        let by_id = (!by_recipient).then_some(number);
        let read = typed.replace(' ', "");
        let told = self.houses[to].codes.submit(by_id, code.recipient, &purposes, &read, self.now);
        match (answer, told) {
            (Err(ExchangeError::Refused(Refused { attempts_left, .. })), Told::Refused(left)) => {
                assert!(attempts_left == left || by_id.is_none());
                assert_eq!(attempts_left, left);
            }
            // The code is used up, and no session began.
            (Err(_), Told::Right(_)) if failed && submitting.exchange => {}
            (Ok(given), Told::Right(winner)) => self.given(to, winner, given),
            (answer, told) => panic!("{answer:?}, and should be {told:?}"),
        }
    }

    fn typed(&self, typed: &Typed, house: usize, right: &str) -> String {
        match typed {
            Typed::Right => right.to_owned(),
            Typed::Spaced => format!(" {} {}", &right[..3], &right[3..]),
            Typed::Wrong(which) => {
                let last = right.bytes().next_back().expect("six digits") - b'0';
                format!("{}{}", &right[..right.len() - 1], (last + 1 + which % 9) % 10)
            }
            Typed::Short => right[..5].to_owned(),
            Typed::Another(which) => {
                let all = &self.houses[house].codes.all;
                all[usize::from(*which) % all.len()].value.clone()
            }
        }
    }

    fn given(&mut self, house: usize, winner: usize, given: Given) {
        let house = &mut self.houses[house];
        let Code { recipient, purpose, .. } = house.codes.all[winner];
        let (subject, named) = (ADDRESSES[usize::from(recipient)], PURPOSES[usize::from(purpose)]);
        match given {
            Given::Proof(proof) => {
                assert_eq!((proof.subject(), proof.purpose().as_str()), (subject, named));
            }
            Given::Tokens(tokens) => {
                let session = house.sessions.len();
                house.sessions.push(Session::begin(recipient, purpose, self.now));
                house.keep(session, 0, &tokens);
            }
        }
    }
}
