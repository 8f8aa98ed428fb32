//! Submissions and tokens that are refused.

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use otp_exchange::{Exchanger, Keyring, OtpId, Policy, Recipient, Request, Sealed, Submission};
use otp_exchange_benches::{DIFFERS, Nowhere, Slot, Stopped, run};
use rand::SeedableRng;
use rand::rngs::StdRng;
use subtle::{Choice, ConditionallySelectable};

use super::{Promise, Table, early_exit, since, wrong_at};

/// Where in the text of an otp id its tag begins and ends, and in that of a token its MAC: bytes 49 and 64 of 65,
/// bytes 21 and 52 of 53, each character six bits.
const TAG: [usize; 2] = [65, 85];
const MAC: [usize; 2] = [28, 69];

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// An exchanger on a store of one entry.
pub(crate) struct Flows {
    store: Arc<Slot>,
    otp: Exchanger<Arc<Slot>, Nowhere>,
    recipient: Recipient,
}

/// A code, and the entry it lies in.
struct Issued {
    entry: Vec<u8>,
    otp_id: OtpId,
    code: String,
}

/// What lies in the store, the otp id or token that is presented, and what is typed.
#[derive(Clone)]
struct Case {
    entry: Vec<u8>,
    name: String,
    typed: String,
}

/// What a case is submitted as.
type Presented = fn(&Flows, &Case) -> Submission;

impl Case {
    /// One of two. Both are read in full, and what is made of them lies in the same place: else the caches would
    /// tell one from the other.
    fn select(cases: &[Self; 2], class: usize) -> Self {
        let second = Choice::from(u8::from(class == 1));
        let bytes = |one: &[u8], other: &[u8]| -> Vec<u8> {
            // Only where no promise is tested.
            if one.len() != other.len() {
                return [one, other][class].to_vec();
            }
            one.iter().zip(other).map(|(one, other)| u8::conditional_select(one, other, second)).collect()
        };
        let text = |one: &str, other: &str| {
            String::from_utf8(bytes(one.as_bytes(), other.as_bytes())).expect("one of two texts")
        };
        let [one, other] = cases;
        Self {
            entry: bytes(&one.entry, &other.entry),
            name: text(&one.name, &other.name),
            typed: text(&one.typed, &other.typed),
        }
    }
}

impl Flows {
    pub(crate) fn new() -> Self {
        let store = Arc::new(Slot::default());
        let keyring = Keyring::new(&[1; 32], &[2; 32]).expect("two keys");
        let otp = Exchanger::builder(Arc::clone(&store), Nowhere, keyring)
            .policy(Policy::default())
            .clock(Stopped)
            .entropy(Mutex::new(StdRng::seed_from_u64(2)))
            .build()
            .expect("in range");
        Self { store, otp, recipient: Recipient::parse("ada@example.org").expect("an address") }
    }

    /// A code for somebody nothing is known of.
    fn issue(&self, request: impl Fn(Request) -> Request) -> Issued {
        self.store.put(None);
        self.store.freeze(false);
        let receipt = run(self.otp.issue(request(Request::login(&self.recipient)))).expect("an empty store");
        self.store.freeze(true);
        let entry = self.store.entry().expect("just written").as_bytes().to_vec();
        Issued { entry, otp_id: receipt.otp_id, code: receipt.expose().code.to_owned() }
    }

    /// Lays a case's entry into the store, and hands out what is submitted.
    fn lay(&self, cases: &[Case; 2], class: usize, presented: Presented) -> Submission {
        let case = Case::select(cases, class);
        let submission = presented(self, &case);
        // An empty one stands for none.
        self.store.put(Sealed::from_bytes(case.entry).ok());
        submission
    }

    #[allow(clippy::disallowed_methods)] // measures spans; decides nothing
    fn verify(&self, submission: Submission) -> u64 {
        let start = Instant::now();
        let answer = run(self.otp.verify(submission));
        let took = since(start);
        assert!(black_box(answer).is_err(), "refused");
        took
    }

    fn refused(&self, table: &mut Table, row: (Promise, &str), presented: Presented, cases: &[Case; 2]) {
        let input = |class| self.lay(cases, class, presented);
        table.row(row, 1, input, |submission| self.verify(submission));
    }

    /// What may not be told apart.
    pub(crate) fn promised(&self, table: &mut Table) {
        let alike = |name| (Promise::Alike, name);
        let plain = self.issue(|request| request);
        let same = plain.typed(&wrong_at(&plain.code, 0));
        self.refused(table, alike("verify: the same wrong code"), by_id, &[same.clone(), same]);
        let cases = [0, 5].map(|place| plain.typed(&wrong_at(&plain.code, place)));
        self.refused(table, alike("verify: wrong in the first place, in the last"), by_id, &cases);

        let decoy = self.issue(|request| request.decoy(true));
        let cases = [&decoy.code, &wrong_at(&decoy.code, 0)].map(|code| decoy.typed(code));
        self.refused(table, alike("verify, a decoy: its code, a wrong one"), by_id, &cases);
        let bound = self.issue(|request| request.bind("device", "laptop"));
        let cases = [&bound.code, &wrong_at(&bound.code, 0)].map(|code| bound.typed(code));
        let elsewhere: Presented = |flows, case| by_id(flows, case).bind("device", "mobile");
        self.refused(table, alike("verify, another context: right code, wrong one"), elsewhere, &cases);

        let cases = [&plain, &decoy].map(|issued| issued.typed(&wrong_at(&issued.code, 0)));
        self.refused(table, alike("verify, wrong code by otp id: account, none"), by_id, &cases);
        let cases = [false, true].map(|decoy| {
            let issued = self.issue(|request| request.by_recipient().decoy(decoy));
            issued.typed(&wrong_at(&issued.code, 0))
        });
        let name = "verify, wrong code by recipient: account, none";
        self.refused(table, alike(name), by_recipient, &cases);

        let cases = TAG.map(|place| Case {
            name: altered(&plain.otp_id.to_string(), place),
            ..plain.typed(&plain.code)
        });
        self.refused(table, alike("verify: otp id altered at the tag's first byte, last"), by_id, &cases);
        let cases = [16, 1].map(|from_end| {
            let mut case = plain.typed(&plain.code);
            let place = case.entry.len() - from_end;
            case.entry[place] ^= 1;
            case
        });
        self.refused(table, alike("verify: entry altered at the tag's first byte, last"), by_id, &cases);
        self.tokens(table);
    }

    #[allow(clippy::disallowed_methods)] // measures spans; decides nothing
    fn tokens(&self, table: &mut Table) {
        let issued = self.issue(|request| request);
        self.store.freeze(false);
        let tokens = run(self.otp.exchange(by_id(self, &issued.typed(&issued.code))));
        self.store.freeze(true);
        let token = tokens.expect("the right code").access.expose().to_owned();
        assert!(run(self.otp.authenticate(&token)).is_ok(), "genuine");
        let session = self.store.entry().expect("written last").as_bytes().to_vec();
        let cases = MAC.map(|place| Case {
            entry: session.clone(),
            name: altered(&token, place),
            typed: String::new(),
        });
        let input = |class: usize| {
            let case = Case::select(&cases, class);
            self.store.put(Sealed::from_bytes(case.entry).ok());
            case.name
        };
        let name = "authenticate: MAC wrong in the first byte, in the last";
        table.row((Promise::Alike, name), 1, input, |token| {
            let start = Instant::now();
            let answer = run(self.otp.authenticate(&token));
            let took = since(start);
            assert!(black_box(answer).is_err(), "refused");
            took
        });
    }

    /// A flow with a comparison beside it that ends at the first character that differs.
    #[allow(clippy::disallowed_methods)] // measures spans; decides nothing
    pub(crate) fn planted(&self, table: &mut Table) {
        let plain = self.issue(|request| request);
        let cases = [0, 5].map(|place| plain.typed(&wrong_at(&plain.code, place)));
        let input = |class| (self.lay(&cases, class, by_id), Case::select(&cases, class).typed);
        let name = "verify: wrong in the first place, in the last, early exit";
        table.row((Promise::Planted, name), 1, input, |(submission, typed)| {
            let start = Instant::now();
            let answer = run(self.otp.verify(submission));
            black_box(early_exit(black_box(&plain.code), black_box(&typed)));
            let took = since(start);
            assert!(black_box(answer).is_err(), "refused");
            took
        });
    }

    /// A delay in the store, which only the second class meets. How long it is, if it was found.
    pub(crate) fn delayed(&self, table: &mut Table, multiplications: u64) -> Option<f64> {
        let plain = self.issue(|request| request);
        let case = plain.typed(&wrong_at(&plain.code, 0));
        let cases = [case.clone(), case];
        let input = |class: usize| {
            self.store.delay([0, multiplications][class]);
            self.lay(&cases, class, by_id)
        };
        let name = format!("verify: no delay, {multiplications} multiplications");
        let compared = table.row((Promise::None, &name), 1, input, |submission| self.verify(submission));
        self.store.delay(0);
        (compared.cropped >= DIFFERS).then_some(compared.difference.0)
    }

    /// What the answer tells anyway, or what nobody was promised.
    #[allow(clippy::disallowed_methods)] // measures spans; decides nothing
    pub(crate) fn not_promised(&self, table: &mut Table) {
        let shown = |name| (Promise::None, name);
        let plain = self.issue(|request| request);
        // The answer says whether it was right. Until it is written, too, they differ: there is less to write
        // of a code that is used up.
        let cases = [&plain.code, &wrong_at(&plain.code, 0)].map(|code| plain.typed(code));
        let input = |class| self.lay(&cases, class, by_id);
        table.row(shown("verify, up to the write: right code, wrong one"), 1, input, |submission| {
            let start = Instant::now();
            black_box(run(self.otp.verify(submission))).ok();
            let written = self.store.written().expect("right or wrong, it is written");
            u64::try_from((written - start).as_nanos()).unwrap_or(u64::MAX)
        });
        let live = plain.typed(&wrong_at(&plain.code, 0));
        // The attempts left tell it.
        let dead = Case { entry: self.issue(|request| request).entry, ..live.clone() };
        self.refused(table, shown("verify, wrong code by otp id: live, dead"), by_id, &[live.clone(), dead]);
        // Refused before any store is asked.
        let forged = Case { name: altered(&live.name, TAG[0]), ..live.clone() };
        self.refused(table, shown("verify, wrong code by otp id: genuine, forged"), by_id, &[live, forged]);
        // Whether anybody asked for a code lately. It is decoys that hide whether there is an account.
        let asked = self.issue(Request::by_recipient);
        let asked = asked.typed(&wrong_at(&asked.code, 0));
        let never = Case { entry: Vec::new(), ..asked.clone() };
        let name = "verify, wrong code by recipient: asked for, never";
        self.refused(table, shown(name), by_recipient, &[asked, never]);
    }
}

impl Issued {
    /// It lies in the store, and that is typed.
    fn typed(&self, typed: &str) -> Case {
        Case { entry: self.entry.clone(), name: self.otp_id.to_string(), typed: typed.to_owned() }
    }
}

fn by_id(_: &Flows, case: &Case) -> Submission {
    let id = case.name.parse().expect("87 characters of base64url");
    Submission::by_id(&id, &case.typed).login()
}

fn by_recipient(flows: &Flows, case: &Case) -> Submission {
    Submission::by_recipient(&flows.recipient, &case.typed).login()
}

/// The text of base64url with the last of the six bits of that character turned over.
fn altered(text: &str, place: usize) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let value = ALPHABET.find(characters[place]).expect("base64url");
    characters[place] = char::from(ALPHABET.as_bytes()[value ^ 1]);
    characters.into_iter().collect()
}
