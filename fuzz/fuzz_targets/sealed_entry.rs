//! What a store hands back. Bytes that were altered or made up, in place of any entry: an error at once, never an
//! absent entry, never a verdict, and nothing is written over them. Then any plaintext under a genuine seal, as
//! another version of this crate could have left it: no panic, and no more memory than entries may take.
#![no_main]

use std::alloc::System;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use otp_exchange::testkit::{ManualClock, fuzzing};
use otp_exchange::{
    ClientKey, CodeStore, Delivery, ExchangeError, Exchanger, Fault, MemoryStore, Name, Outbox, Policy,
    Recipient, ReportError, Request, Sealed, SendError, StatusError, StoreError, Submission, Swap, Timestamp,
    TokenError, Version,
};
use otp_exchange_fuzz::{ada, block_on, house, keyring};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What one operation may allocate in all: an entry has 16 KiB at most, and is read and written again.
const MOST_BYTES: usize = 2 * 1024 * 1024;

#[derive(Arbitrary, Debug)]
struct Found {
    /// Which entry is another one now: ledger, session, usage or subject.
    place: u8,
    what: What,
    later_seconds: Option<u16>,
}

#[derive(Arbitrary, Debug)]
enum What {
    Bytes(Vec<u8>),
    /// What lay there, with these bytes put in at these places.
    Altered(Vec<(u16, Byte)>),
    Cut(u16),
    /// What lies under that other name.
    Moved(u8),
    Plain(Vec<u8>),
    /// What was sealed there with these bytes put in at these places, and cut if that is shorter.
    PlainAltered(Vec<(u16, Byte)>, u16),
    PlainOf(Vec<Piece>),
}

/// Counts are often broken at their ends.
#[derive(Arbitrary, Debug)]
enum Byte {
    Zero,
    Most,
    Any(u8),
}

/// Parts that encodings are made of.
#[derive(Arbitrary, Debug)]
enum Piece {
    Byte(u8),
    /// A number as postcard writes it.
    Number(u64),
    Text(String),
    Time(i32),
    Bytes16([u8; 16]),
}

const KINDS: [u8; 4] = [1, 2, 4, 6];

/// A name, and what lies there.
type Entry = (Name, Vec<u8>);

/// Keeps entries, and hands another one back in place of one of them.
#[derive(Clone)]
struct Store {
    kept: MemoryStore,
    /// Every name that was loaded, in order.
    loaded: Arc<Mutex<Vec<Name>>>,
    instead: Arc<Mutex<Option<Entry>>>,
    /// How often something was to be written in place of that one.
    written_over: Arc<Mutex<usize>>,
}

impl CodeStore for Store {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.loaded.lock().expect("one thread").push(name);
        let instead = self.instead.lock().expect("one thread").clone();
        match instead {
            Some((place, bytes)) if place == name => Ok(Some(Sealed::from_bytes(bytes)?)),
            _ => self.kept.load(name).await,
        }
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let instead = self.instead.lock().expect("one thread").as_ref().map(|(place, _)| *place);
        if instead == Some(name) {
            *self.written_over.lock().expect("one thread") += 1;
            return Ok(Swap::Applied);
        }
        self.kept.swap(name, expected, value, forget_after).await
    }
}

fuzz_target!(|found: Found| {
    let clock = ManualClock::default();
    let store = Store {
        kept: MemoryStore::with_clock(100, clock.clone()),
        loaded: Arc::default(),
        instead: Arc::default(),
        written_over: Arc::default(),
    };
    let policy = Policy::default().send_spacing(Duration::ZERO);
    let (builder, outbox) = house(store.clone(), "fuzz", policy, &clock);
    let otp = builder.build().expect("in range");
    block_on(async {
        let scene = Scene::begin(&otp, &outbox, &store, &clock).await;
        let place = usize::from(found.place) % scene.names.len();
        let name = scene.names[place];
        let genuine = store.kept.load(name).await.expect("in memory").expect("it was written");
        let bytes = match &found.what {
            What::Bytes(bytes) => bytes.clone(),
            What::Altered(changes) => altered(genuine.as_bytes(), changes),
            What::Cut(length) => {
                genuine.as_bytes()[..usize::from(*length) % genuine.as_bytes().len()].to_vec()
            }
            What::Moved(other) => {
                let other = scene.names[usize::from(*other) % scene.names.len()];
                store.kept.load(other).await.expect("in memory").expect("it was written").as_bytes().to_vec()
            }
            What::Plain(plain) => return scene.holds(&store, place, plain, &found, &clock).await,
            What::PlainOf(pieces) => {
                return scene.holds(&store, place, &encoded(pieces), &found, &clock).await;
            }
            What::PlainAltered(changes, length) => {
                let plain = fuzzing::plain(&keyring("fuzz"), KINDS[place], name, &genuine);
                let mut plain = altered(&plain.expect("it was sealed"), changes);
                plain.truncate(usize::from(*length).max(1));
                return scene.holds(&store, place, &plain, &found, &clock).await;
            }
        };
        if bytes == genuine.as_bytes() {
            return;
        }
        *store.instead.lock().expect("one thread") = Some((name, bytes));
        for (operation, answer) in scene.all(place).await {
            assert!(matches!(answer, Answer::NotOpened), "{operation} of entry {place}: {answer:?}");
        }
        assert_eq!(*store.written_over.lock().expect("one thread"), 0, "it was written over");
    });
});

fn altered(bytes: &[u8], changes: &[(u16, Byte)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (place, byte) in changes {
        let place = usize::from(*place) % bytes.len();
        bytes[place] = match byte {
            Byte::Zero => 0,
            Byte::Most => u8::MAX,
            Byte::Any(byte) => *byte,
        };
    }
    bytes
}

fn encoded(pieces: &[Piece]) -> Vec<u8> {
    fn varint(mut number: u64, into: &mut Vec<u8>) {
        while number >= 0x80 {
            into.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        into.push(number.to_le_bytes()[0]);
    }
    let mut bytes = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Byte(byte) => bytes.push(*byte),
            Piece::Number(number) => varint(*number, &mut bytes),
            Piece::Text(text) => {
                varint(text.len() as u64, &mut bytes);
                bytes.extend(text.as_bytes());
            }
            Piece::Time(offset) => {
                let millis = 1_735_689_600_000 + i64::from(*offset);
                varint(((millis << 1) ^ (millis >> 63)).cast_unsigned(), &mut bytes);
            }
            Piece::Bytes16(sixteen) => bytes.extend(sixteen),
        }
    }
    bytes
}

/// A code, a session, a quota and a subject, each in its entry.
struct Scene<'a> {
    otp: &'a Exchanger<Store, Outbox>,
    sent: otp_exchange::Receipt,
    delivery: otp_exchange::DeliveryId,
    access: String,
    refresh: String,
    /// Of the ledger, the session, the usage and the subject.
    names: [Name; 4],
}

/// How an operation ended.
#[derive(Debug)]
enum Answer {
    /// The entry did not open, or was no entry.
    NotOpened,
    #[allow(dead_code)] // read by whoever reads a failure
    Other(String),
}

impl Answer {
    fn of<T: std::fmt::Debug>(fault: Option<&Fault>, whole: &T) -> Self {
        match fault {
            Some(Fault::Corrupt(_) | Fault::Unavailable(_)) => Self::NotOpened,
            _ => Self::Other(format!("{whole:?}")),
        }
    }
}

impl<'a> Scene<'a> {
    async fn begin(
        otp: &'a Exchanger<Store, Outbox>,
        outbox: &Outbox,
        store: &Store,
        clock: &ManualClock,
    ) -> Self {
        let ada = ada();
        let loads = || std::mem::take(&mut *store.loaded.lock().expect("one thread"));
        otp.revoke_subject("ada@example.org").await.expect("in memory");
        let subject = loads();
        clock.advance(Duration::from_mins(1)); // what begins now is not taken back
        let first = otp.send(request(&ada)).await.expect("sent");
        let sending = loads();
        let submission = Submission::by_id(&first.otp_id, first.expose().code).login();
        let tokens = otp.exchange(submission).await.expect("right");
        loads();
        let access = tokens.access.expose().to_owned();
        otp.authenticate(&access).await.expect("good");
        let session = loads();
        let sent = otp.send(request(&ada)).await.expect("sent");
        let delivery = outbox.read(&ada, otp_exchange::Message::delivery_id).expect("a message");
        let refresh = tokens.refresh.expect("a login has one").expose().to_owned();
        let names = [sending[0], session[0], sending[1], subject[0]];
        Self { otp, sent, delivery, access, refresh, names }
    }

    /// The entry opens and holds that: whatever is made of it, it is an answer, and a bounded one.
    async fn holds(&self, store: &Store, place: usize, plain: &[u8], found: &Found, clock: &ManualClock) {
        let name = self.names[place];
        let Some(sealed) = fuzzing::sealed(&keyring("fuzz"), KINDS[place], name, plain) else { return };
        *store.instead.lock().expect("one thread") = Some((name, sealed.as_bytes().to_vec()));
        clock.advance(Duration::from_secs(found.later_seconds.unwrap_or(0).into()));
        let region = Region::new(COUNTING);
        let answers = self.all(place).await;
        let allocated = region.change().bytes_allocated;
        assert!(allocated < MOST_BYTES * answers.len(), "{allocated} bytes were allocated");
    }

    /// All that reads that entry.
    async fn all(&self, place: usize) -> Vec<(&'static str, Answer)> {
        match place {
            0 => self.on_ledger().await,
            1 => self.on_session().await,
            2 => self.on_usage().await,
            _ => self.on_subject().await,
        }
    }

    async fn on_ledger(&self) -> Vec<(&'static str, Answer)> {
        let (otp, ada, id) = (self.otp, ada(), &self.sent.otp_id);
        let code = self.sent.expose().code;
        let mut answers = Vec::new();
        for (name, submission) in [
            ("right", Submission::by_id(id, code)),
            ("wrong", Submission::by_id(id, "000000")),
            ("by recipient", Submission::by_recipient(&ada, "000000")),
        ] {
            let answer = otp.verify(submission.login().register()).await;
            answers.push((name, Answer::of(exchange_fault(&answer), &answer)));
        }
        let sent = otp.issue(Request::login(&ada)).await;
        answers.push(("issue", Answer::of(send_fault(&sent), &sent)));
        let again = otp.deliver(id).await;
        answers.push(("deliver", Answer::of(send_fault(&again), &again)));
        let status = otp.status(id).await;
        answers.push(("status", Answer::of(status_fault(&status), &status)));
        let cancelled = otp.cancel(id).await;
        answers.push(("cancel", Answer::of(status_fault(&cancelled), &cancelled)));
        let reported = otp.report(&self.delivery, Delivery::Failed).await;
        let fault = match &reported {
            Err(ReportError::Fault(fault)) => Some(fault),
            _ => None,
        };
        answers.push(("report", Answer::of(fault, &reported)));
        let live = otp.live_codes(&ada).await;
        answers.push(("live codes", Answer::of(live.as_ref().err(), &live)));
        let failures = otp.consecutive_failures(&ada).await;
        answers.push(("failures", Answer::of(failures.as_ref().err(), &failures)));
        let cleared = otp.clear_failures(&ada).await;
        answers.push(("clear failures", Answer::of(cleared.as_ref().err(), &cleared)));
        answers
    }

    async fn on_session(&self) -> Vec<(&'static str, Answer)> {
        let (otp, access, refresh) = (self.otp, &self.access, &self.refresh);
        let (known, strict) = (otp.authenticate(access).await, otp.authenticate_strictly(access).await);
        let refreshed = otp.refresh(refresh).await;
        let (one, family) = (otp.revoke(access).await, otp.revoke_family(refresh).await);
        vec![
            ("authenticate", Answer::of(token_fault(&known), &known)),
            ("authenticate strictly", Answer::of(token_fault(&strict), &strict)),
            ("refresh", Answer::of(token_fault(&refreshed), &refreshed)),
            ("revoke", Answer::of(token_fault(&one), &one)),
            ("revoke family", Answer::of(token_fault(&family), &family)),
        ]
    }

    async fn on_usage(&self) -> Vec<(&'static str, Answer)> {
        let sent = self.otp.send(request(&ada())).await;
        vec![("send", Answer::of(send_fault(&sent), &sent))]
    }

    async fn on_subject(&self) -> Vec<(&'static str, Answer)> {
        let revoked = self.otp.revoke_subject("ada@example.org").await;
        let strict = self.otp.authenticate_strictly(&self.access).await;
        let refreshed = self.otp.refresh(&self.refresh).await;
        vec![
            ("revoke subject", Answer::of(revoked.as_ref().err(), &revoked)),
            ("authenticate strictly", Answer::of(token_fault(&strict), &strict)),
            ("refresh", Answer::of(token_fault(&refreshed), &refreshed)),
        ]
    }
}

/// Its client is counted.
fn request(recipient: &Recipient) -> Request {
    Request::login(recipient).client(ClientKey::new("device"))
}

fn exchange_fault<T>(answer: &Result<T, ExchangeError>) -> Option<&Fault> {
    match answer {
        Err(ExchangeError::Fault(fault)) => Some(fault),
        _ => None,
    }
}

fn send_fault<T>(answer: &Result<T, SendError>) -> Option<&Fault> {
    match answer {
        Err(SendError::Fault(fault)) => Some(fault),
        _ => None,
    }
}

fn status_fault<T>(answer: &Result<T, StatusError>) -> Option<&Fault> {
    match answer {
        Err(StatusError::Fault(fault)) => Some(fault),
        _ => None,
    }
}

fn token_fault<T>(answer: &Result<T, TokenError>) -> Option<&Fault> {
    match answer {
        Err(TokenError::Fault(fault)) => Some(fault),
        _ => None,
    }
}
