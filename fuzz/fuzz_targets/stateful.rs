//! Any sequence of operations on two exchangers in two namespaces of one store, which may lose a call now and then:
//! each is answered just as a model says that knows the documentation only. So nothing is accepted that the model
//! refuses, nor the other way round, and after each step the same codes live with the same attempts left.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use otp_exchange::testkit::{FaultyStore, ManualClock, Reply};
use otp_exchange::{
    ClientKey, ExchangeError, Exchanger, Fault, MalformedToken, MemoryStore, OtpId, Outbox, Outgoing, Policy,
    Proof, Recipient, Refused, Request, SendError, StatusError, Submission, SubmissionError, TokenError,
    Tokens,
};
use otp_exchange_fuzz::{Asked, Code, Codes, MINUTE, Refreshed, Session, Told, block_on, house};

#[derive(Arbitrary, Debug)]
struct Step {
    /// Passes before it; a few seconds mostly.
    pass: Pass,
    fault: Option<(u8, Lost)>,
    operation: Operation,
}

#[derive(Arbitrary, Debug)]
enum Pass {
    Nothing,
    Seconds(u8),
    Minutes(u8),
    Days(u8),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Lost {
    NotApplied,
    Permanent,
    Request,
    Reply,
}

#[derive(Arbitrary, Debug)]
enum Operation {
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

#[derive(Arbitrary, Clone, Debug)]
struct Asking {
    house: bool,
    recipient: bool,
    purpose: u8,
    by_recipient: bool,
    client: u8,
    key: u8,
    decoy: u8,
    minutes: u8,
}

#[derive(Arbitrary, Debug)]
struct Submitting {
    code: u8,
    typed: Typed,
    /// Under the recipient instead of the otp id.
    by_recipient: bool,
    /// That of the code unless said otherwise.
    purposes: Option<u8>,
    elsewhere: bool,
    exchange: bool,
}

#[derive(Arbitrary, Debug)]
enum Typed {
    Right,
    Spaced,
    Wrong(u8),
    Short,
    Another(u8),
}

const PURPOSES: [&str; 3] = ["login", "register", "payment"];
const NAMES: [&str; 2] = ["fuzz", "other"];
const ADDRESSES: [&str; 2] = ["ada@example.org", "+32412345678"];

/// One namespace, and what should be true in it.
struct House {
    otp: Exchanger<FaultyStore<MemoryStore>, Outbox>,
    codes: Codes,
    ids: Vec<OtpId>,
    sessions: Vec<Session>,
    /// Text, session, generation, whether it is an access token.
    tokens: Vec<(String, usize, usize, bool)>,
    outgoing: Vec<(Outgoing, usize)>,
    /// When all sessions of a recipient were taken back.
    revoked: [Option<i64>; 2],
}

struct World {
    houses: [House; 2],
    clock: ManualClock,
    store: FaultyStore<MemoryStore>,
    now: i64,
    /// The call that will fail, if it is not over.
    fault_at: u64,
    /// How many calls there were before the operation.
    calls: u64,
}

fuzz_target!(|steps: Vec<Step>| {
    let mut world = World::new();
    for step in steps.iter().take(64) {
        world.step(step);
    }
});

impl World {
    fn new() -> Self {
        let clock = ManualClock::default();
        let store = FaultyStore::new(MemoryStore::with_clock(1_000, clock.clone()));
        let houses = NAMES.map(|namespace| {
            let policy = Policy::default()
                .send_spacing(Duration::ZERO)
                .accept_risk(1e-3)
                .client_sends(None)
                .client_checks(None);
            let (builder, _) = house(store.clone(), namespace, policy, &clock);
            House {
                otp: builder.build().expect("in range"),
                codes: Codes::default(),
                ids: Vec::new(),
                sessions: Vec::new(),
                tokens: Vec::new(),
                outgoing: Vec::new(),
                revoked: [None; 2],
            }
        });
        Self { houses, clock, store, now: 0, fault_at: 0, calls: 0 }
    }

    fn step(&mut self, step: &Step) {
        let span = match step.pass {
            Pass::Nothing => 0,
            Pass::Seconds(count) => 1_000 * i64::from(count),
            Pass::Minutes(count) => MINUTE * i64::from(count),
            Pass::Days(count) => 24 * 60 * MINUTE * i64::from(count % 32),
        };
        self.now += span;
        self.clock.advance(Duration::from_millis(span.unsigned_abs()));
        self.calls = self.store.calls();
        // One at a time: what becomes of two is another matter.
        if let Some((ahead, lost)) = step.fault.filter(|_| self.fault_at <= self.calls) {
            let ahead = u64::from(ahead % 4);
            self.fault_at = self.calls + ahead + 1;
            self.store.fail(
                ahead,
                match lost {
                    Lost::NotApplied => Reply::NotApplied,
                    Lost::Permanent => Reply::Permanent,
                    Lost::Request => Reply::RequestLost,
                    Lost::Reply => Reply::ReplyLost,
                },
            );
        }
        match &step.operation {
            Operation::Send(asking) => self.ask(asking, How::Send),
            Operation::Issue(asking) => self.ask(asking, How::Issue),
            Operation::Prepare(asking) => self.ask(asking, How::Prepare),
            Operation::HandOver { which, elsewhere } => self.hand_over(*which, *elsewhere),
            Operation::Again { code } => self.again(*code),
            Operation::Submit(submitting) => self.submit(submitting),
            Operation::Cancel { code } => self.cancel(*code),
            Operation::Authenticate { token, strictly, elsewhere } => {
                self.authenticate(*token, *strictly, *elsewhere);
            }
            Operation::Refresh { token, elsewhere } => self.refresh(*token, *elsewhere),
            Operation::Revoke { token, family, elsewhere } => self.revoke(*token, *family, *elsewhere),
            Operation::RevokeSubject { house, recipient } => self.revoke_subject(*house, *recipient),
        }
        if self.fault_at <= self.store.calls() {
            self.looks_the_same();
        }
    }

    /// Whether this operation met the fault, so that it may have failed. Then: before that call of its own.
    fn failed_before(&self, call: u64) -> bool {
        assert!(self.calls < self.fault_at, "a fault without a cause");
        assert_eq!(self.store.calls(), self.fault_at, "something was tried after it failed");
        self.store.calls() - self.calls <= call
    }

    fn ask(&mut self, asking: &Asking, how: How) {
        let house = usize::from(asking.house);
        let recipient = Recipient::parse(ADDRESSES[usize::from(asking.recipient)]).expect("an address");
        let code = Code {
            recipient: asking.recipient.into(),
            purpose: asking.purpose % 3,
            by_id: !asking.by_recipient,
            client: Some(asking.client % 4).filter(|client| *client > 0),
            key: Some(asking.key % 4).filter(|key| *key > 0),
            decoy: asking.decoy % 8 == 7,
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

    fn hand_over(&mut self, which: u8, elsewhere: bool) {
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

    fn again(&mut self, code: u8) {
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

    fn cancel(&mut self, code: u8) {
        let Some((house, number)) = self.code(code) else { return };
        match block_on(self.houses[house].otp.cancel(&self.houses[house].ids[number])) {
            Ok(()) => self.houses[house].codes.all[number].gone = true,
            Err(StatusError::Fault(Fault::Unavailable(_))) => assert!(self.failed_before(2)),
            other => panic!("{other:?}"),
        }
    }

    fn submit(&mut self, submitting: &Submitting) {
        let Some((from, number)) = self.code(submitting.code) else { return };
        let code = self.houses[from].codes.all[number].clone();
        let to = if submitting.elsewhere { 1 - from } else { from };
        let typed = self.typed(&submitting.typed, from, &code.value);
        let recipient = Recipient::parse(ADDRESSES[usize::from(code.recipient)]).expect("an address");
        let submission = if submitting.by_recipient {
            Submission::by_recipient(&recipient, &typed)
        } else {
            Submission::by_id(&self.houses[from].ids[number], &typed)
        };
        let purposes: Vec<u8> = match submitting.purposes {
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
                return assert!(submitting.elsewhere && !submitting.by_recipient);
            }
            _ => {}
        }
        assert!(!purposes.is_empty() && !matches!(submitting.typed, Typed::Short));
        assert!(submitting.by_recipient || !submitting.elsewhere, "{answer:?}");
        let failed = matches!(&answer, Err(ExchangeError::Fault(Fault::Unavailable(_))));
        if failed && self.failed_before(2) {
            return; // loaded and not written, so nothing was charged and nothing is known
        }
        let by_id = (!submitting.by_recipient).then_some(number);
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

    /// A token by its number, and the house that is asked.
    fn token(&self, token: u8, elsewhere: bool) -> Option<(usize, usize, usize)> {
        let house = usize::from(token) % 2;
        let count = self.houses[house].tokens.len();
        let to = if elsewhere { 1 - house } else { house };
        (count > 0).then(|| (house, count - 1 - usize::from(token / 2) % count, to))
    }

    fn authenticate(&mut self, token: u8, strictly: bool, elsewhere: bool) {
        let Some((house, token, to)) = self.token(token, elsewhere) else { return };
        let (text, session, generation, is_access) = &self.houses[house].tokens[token];
        let otp = &self.houses[to].otp;
        let answer = if strictly {
            block_on(otp.authenticate_strictly(text))
        } else {
            block_on(otp.authenticate(text))
        };
        let session = &self.houses[house].sessions[*session];
        let revoked = self.houses[house].revoked[usize::from(session.recipient)];
        let life = session.access(*generation, self.now).filter(|_| *is_access && !elsewhere);
        let life = life.filter(|(issued, _)| !strictly || Session::is_spared(revoked, *issued));
        match answer {
            Ok(claims) => {
                let (issued, end) = life.expect("a token that is dead was taken");
                let begin = self.clock_at_begin();
                assert_eq!(claims.issued_at.unix_millis() - begin, issued);
                assert_eq!(claims.expires_at.unix_millis() - begin, end);
                assert_eq!(claims.subject, ADDRESSES[usize::from(session.recipient)]);
                assert_eq!(claims.purpose.as_str(), PURPOSES[usize::from(session.purpose)]);
            }
            Err(TokenError::Refused) => assert!(life.is_none(), "a live token was refused"),
            Err(TokenError::Malformed(MalformedToken::NotAccess)) => assert!(!is_access),
            Err(TokenError::Fault(Fault::Unavailable(_))) => assert!(self.failed_before(2)),
            other => panic!("{other:?}"),
        }
    }

    fn refresh(&mut self, token: u8, elsewhere: bool) {
        let Some((house, token, to)) = self.token(token, elsewhere) else { return };
        let (text, session, generation, is_access) = self.houses[house].tokens[token].clone();
        let answer = block_on(self.houses[to].otp.refresh(&text));
        match &answer {
            Err(TokenError::Malformed(MalformedToken::NotRefresh)) => return assert!(is_access),
            Err(TokenError::Refused) if elsewhere => return,
            Err(TokenError::Fault(Fault::Unavailable(_))) if self.failed_before(1) => return,
            _ => assert!(!is_access),
        }
        let house = &mut self.houses[house];
        let recipient = usize::from(house.sessions[session].recipient);
        let failed = matches!(&answer, Err(TokenError::Fault(Fault::Unavailable(_))));
        let calls = self.store.calls() - self.calls;
        assert!(!failed || calls <= 3);
        let before = house.sessions[session].clone();
        let expected = house.sessions[session].refresh(generation, self.now, house.revoked[recipient]);
        if failed && calls == 2 && house.sessions[session] != before {
            house.sessions[session] = before; // what could not be written has not happened
            return;
        }
        match (answer, expected) {
            (Ok(tokens), Refreshed::Pair(generation)) if !elsewhere => {
                house.keep(session, generation, &tokens)
            }
            (Err(TokenError::Refused), Refreshed::Refused) => {}
            (Err(_), _) if failed => {}
            (answer, expected) => panic!("{answer:?}, and should be {expected:?}"),
        }
    }

    fn revoke(&mut self, token: u8, family: bool, elsewhere: bool) {
        let Some((house, token, to)) = self.token(token, elsewhere) else { return };
        let (text, session, generation, is_access) = self.houses[house].tokens[token].clone();
        let otp = &self.houses[to].otp;
        match block_on(async {
            if family { otp.revoke_family(&text).await } else { otp.revoke(&text).await }
        }) {
            Ok(()) if elsewhere => {} // unknown there, and no error
            Ok(()) if family => self.houses[house].sessions[session].end(),
            Ok(()) => self.houses[house].sessions[session].revoke(is_access, generation),
            Err(TokenError::Fault(Fault::Unavailable(_))) => assert!(self.failed_before(2)),
            other => panic!("{other:?}"),
        }
    }

    fn revoke_subject(&mut self, house: bool, recipient: bool) {
        let (house, recipient) = (usize::from(house), usize::from(recipient));
        match block_on(self.houses[house].otp.revoke_subject(ADDRESSES[recipient])) {
            Ok(()) => self.houses[house].revoked[recipient] = Some(self.now),
            Err(Fault::Unavailable(_)) => assert!(self.failed_before(2)),
            other => panic!("{other:?}"),
        }
    }

    fn clock_at_begin(&self) -> i64 {
        use otp_exchange::Clock;
        self.clock.now().unix_millis() - self.now
    }

    /// The same codes live, with the same attempts left.
    fn looks_the_same(&self) {
        for House { otp, codes, .. } in &self.houses {
            for (recipient, address) in (0..).zip(ADDRESSES) {
                let live = block_on(otp.live_codes(&Recipient::parse(address).expect("an address")));
                let mut live: Vec<_> = live
                    .expect("no fault is planned")
                    .iter()
                    .map(|status| (status.purpose.as_str().to_owned(), status.attempts_left))
                    .collect();
                let mut expected: Vec<_> = codes
                    .live(recipient, self.now)
                    .into_iter()
                    .map(|number| &codes.all[number])
                    .map(|code| (PURPOSES[usize::from(code.purpose)].to_owned(), code.left))
                    .collect();
                live.sort();
                expected.sort();
                assert_eq!(live, expected);
            }
        }
    }
}

impl House {
    fn keep(&mut self, session: usize, generation: usize, tokens: &Tokens) {
        self.tokens.push((tokens.access.expose().to_owned(), session, generation, true));
        let refresh = tokens.refresh.as_ref().expect("it is wanted");
        self.tokens.push((refresh.expose().to_owned(), session, generation, false));
    }
}

enum How {
    Send,
    Issue,
    Prepare,
}

#[derive(Debug)]
enum Given {
    Proof(Proof),
    Tokens(Tokens),
}
