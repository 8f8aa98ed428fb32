//! Whatever fails on the way, a request has at most one live code, nothing is refunded, and no error is a
//! verdict.

mod deliveries;

use crate::common::{House, ada, block_on, desk, keyring, memory, other_than, patient, seconds, seeded};
use otp_exchange::testkit::{CountingStore, FaultyNotifier, FaultyStore, ManualClock, Mishap, Reply};
use otp_exchange::{
    ExchangeError, Exchanger, Fault, MemoryStore, OtpId, Outbox, Receipt, Request, SendError, Submission,
    Tokens, Waiting,
};

type Faulty = FaultyStore<CountingStore<MemoryStore>>;

const REPLIES: [Reply; 4] = [Reply::NotApplied, Reply::Permanent, Reply::RequestLost, Reply::ReplyLost];

/// A service on whose every port something can fail.
struct Scene {
    otp: Exchanger<Faulty, FaultyNotifier<Outbox>>,
    store: Faulty,
    counted: CountingStore<MemoryStore>,
    notifier: FaultyNotifier<Outbox>,
    outbox: Outbox,
    clock: ManualClock,
    memory: MemoryStore,
}

impl Scene {
    fn set() -> Self {
        let (clock, memory, outbox) = (ManualClock::default(), memory(), Outbox::new());
        let counted = CountingStore::new(memory.clone());
        let store = FaultyStore::new(counted.clone());
        let notifier = FaultyNotifier::new(outbox.clone());
        let otp = Exchanger::builder(store.clone(), notifier.clone(), keyring())
            .policy(patient())
            .clock(clock.clone())
            .entropy(seeded(3))
            .build()
            .unwrap();
        Self { otp, store, counted, notifier, outbox, clock, memory }
    }

    /// Makes those calls fail, counted from now.
    fn plan(&self, plan: &[(u64, Reply)]) {
        for &(call, reply) in plan {
            self.store.fail(call, reply);
        }
    }

    fn send(&self) -> Result<Receipt, SendError> {
        block_on(self.otp.send(request()))
    }

    fn deliver(&self, id: &OtpId) -> Result<Receipt, SendError> {
        block_on(self.otp.deliver(id))
    }

    fn exchange(&self, id: &OtpId, code: &str) -> Result<Tokens, ExchangeError> {
        block_on(self.otp.exchange(Submission::by_id(id, code).login()))
    }

    /// The code in the newest message, if there was one.
    fn code(&self) -> Option<String> {
        self.outbox.code_for(&ada()).map(|code| code.expose().to_owned())
    }

    /// How many live codes there are: told by how many more are admitted before there is no room.
    fn live_codes(&self) -> usize {
        let mut room = 0;
        loop {
            // Past the spacing, which grows, but within every life: codes here live for a day, and none is so
            // old that a new one may take its place.
            match block_on(self.otp.issue(request())) {
                Ok(_) => room += 1,
                Err(SendError::Wait { why: Waiting::Spacing, retry_after }) => {
                    self.clock.advance(retry_after);
                }
                Err(SendError::Wait { why: Waiting::LiveCodes, .. }) => return 3 - room,
                Err(other) => panic!("{other:?}"),
            }
        }
    }

    /// Once the spacing has passed, a fresh code is sent and works.
    fn recovers(&self, what: &str) {
        self.clock.advance(seconds(15 * 60));
        let sent = self.send().unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let code = self.code().unwrap();
        assert!(self.exchange(&sent.otp_id, &code).is_ok(), "{what}");
    }
}

fn request() -> Request {
    Request::login(&ada()).lifetime(seconds(24 * 3600)).requested_by(desk())
}

fn is_refused<T>(answer: &Result<T, ExchangeError>) -> bool {
    matches!(answer, Err(ExchangeError::Refused(_)))
}

/// Every plan of failures for a flow of so many calls: each call alone, and each call three times in a row.
fn plans(calls: u64) -> impl Iterator<Item = (String, Vec<(u64, Reply)>)> {
    (0..calls).flat_map(|call| {
        REPLIES.into_iter().flat_map(move |reply| {
            let once = vec![(call, reply)];
            let always = (call..call + 3).map(|call| (call, reply)).collect();
            let mixed = vec![(call, reply), (call + 1, Reply::RequestLost), (call + 2, Reply::NotApplied)];
            [once, always, mixed].map(|plan| (format!("{plan:?}"), plan))
        })
    })
}

fn is_fault(error: &SendError) -> bool {
    matches!(error, SendError::Fault(Fault::Unavailable(_) | Fault::Lost))
}

#[test]
fn a_send_leaves_at_most_one_code_whatever_the_store_does() {
    let (mut sent, mut in_doubt) = (0, 0);
    for (what, plan) in plans(2) {
        let scene = Scene::set();
        scene.plan(&plan);
        let answer = scene.send();
        sent += usize::from(answer.is_ok());
        in_doubt += usize::from(answer.is_err() && scene.counted.applied() == 1);
        let applied = scene.counted.applied();
        assert!(applied <= 1, "{what}");
        // A message goes out if and only if the send succeeded, and its code then works.
        match &answer {
            Ok(sent) => {
                assert_eq!((scene.outbox.total(), applied), (1, 1), "{what}");
                assert_eq!(scene.code().unwrap(), sent.expose().code, "{what}");
            }
            Err(error) => {
                assert!(is_fault(error), "{what}: {error:?}");
                assert_eq!(scene.outbox.total(), 0, "{what}");
            }
        }
        drain(&scene);
        // What was written is paid for, also if nobody heard of it.
        if applied == 1 {
            let again = scene.send();
            assert!(matches!(again, Err(SendError::Wait { why: Waiting::Spacing, .. })), "{what}: {again:?}");
        }
        assert_eq!(scene.live_codes() as u64, applied, "{what}");
        scene.recovers(&what);
    }
    assert!(sent > 0 && in_doubt > 0, "the plans reach both: {sent} {in_doubt}");
}

/// Calls off what is left of a plan, by letting it happen to calls that do not count.
fn drain(scene: &Scene) {
    for _ in 0..8 {
        block_on(scene.otp.consecutive_failures(&ada())).ok();
    }
}

#[test]
fn an_issue_and_its_delivery_have_one_code_whatever_the_store_does() {
    // Two calls to issue, two to deliver.
    for (what, plan) in plans(4) {
        let scene = Scene::set();
        scene.plan(&plan);
        let issued = block_on(scene.otp.issue(request()));
        let delivered = issued.as_ref().ok().map(|issued| scene.deliver(&issued.otp_id));
        drain(&scene);
        for error in [issued.as_ref().err(), delivered.as_ref().and_then(|answer| answer.as_ref().err())] {
            assert!(error.is_none_or(is_fault), "{what}: {error:?}");
        }
        let sent = delivered.as_ref().is_some_and(Result::is_ok);
        assert_eq!(scene.outbox.total(), u64::from(sent), "{what}");
        if let Ok(issued) = &issued {
            // Delivered now, or again: the same code, and it works once.
            scene.clock.advance(seconds(31));
            let again = scene.deliver(&issued.otp_id).unwrap();
            assert_eq!(again.otp_id, issued.otp_id);
            let code = scene.code().unwrap();
            assert_eq!(code, issued.expose().code, "{what}");
            assert_eq!(scene.live_codes(), 1, "{what}");
            assert!(scene.exchange(&issued.otp_id, &code).is_ok(), "{what}");
            assert!(scene.exchange(&issued.otp_id, &code).is_err(), "{what}");
        } else {
            assert!(scene.live_codes() <= 1, "{what}");
        }
        scene.recovers(&what);
    }
}

#[test]
fn an_exchange_gives_no_verdict_in_doubt_and_never_two_sessions() {
    let (mut at_once, mut later, mut lost) = (0, 0, 0);
    // One load, one swap to use the code up, one to create the session.
    for (what, plan) in plans(3) {
        let scene = Scene::set();
        let sent = scene.send().unwrap();
        let code = scene.code().unwrap();
        let entries = scene.memory.len();
        scene.plan(&plan);
        let first = scene.exchange(&sent.otp_id, &code);
        drain(&scene);
        match &first {
            Ok(tokens) => assert!(block_on(scene.otp.authenticate(tokens.access.expose())).is_ok(), "{what}"),
            Err(ExchangeError::Fault(Fault::Unavailable(_) | Fault::Lost)) => {}
            Err(other) => panic!("{what}: a verdict: {other:?}"),
        }
        let second = scene.exchange(&sent.otp_id, &code);
        let successes = usize::from(first.is_ok()) + usize::from(second.is_ok());
        assert!(successes <= 1, "{what}");
        let seen = if first.is_ok() {
            &mut at_once
        } else if second.is_ok() {
            &mut later
        } else {
            &mut lost
        };
        *seen += 1;
        assert!(scene.memory.len() - entries <= 1, "{what}: two families");
        // If the code was not used up it still works; if it was, the refusal is the only one there is.
        assert!(matches!(&second, Ok(_) | Err(ExchangeError::Refused(_))), "{what}: {second:?}");
        scene.recovers(&what);
    }
    assert!(at_once > 0 && later > 0 && lost > 0, "the plans reach all: {at_once} {later} {lost}");
}

#[test]
fn a_wrong_guess_gets_no_verdict_in_doubt_and_at_most_one_charge() {
    for (what, plan) in plans(2) {
        let scene = Scene::set();
        let sent = scene.send().unwrap();
        let wrong = other_than(&scene.code().unwrap());
        scene.plan(&plan);
        let first = scene.exchange(&sent.otp_id, &wrong);
        drain(&scene);
        let left = |answer: &Result<Tokens, ExchangeError>| match answer {
            Err(ExchangeError::Refused(refused)) => refused.attempts_left,
            _ => None,
        };
        match &first {
            Err(ExchangeError::Refused(_)) => assert_eq!(left(&first), Some(4), "{what}"),
            Err(ExchangeError::Fault(Fault::Unavailable(_) | Fault::Lost)) => {}
            other => panic!("{what}: {other:?}"),
        }
        // An attempt may be lost in doubt; none is ever gained, and none is charged twice.
        let next = left(&scene.exchange(&sent.otp_id, &wrong)).unwrap();
        let charged = 4 - next;
        let expected = if first.as_ref().is_err_and(|error| matches!(error, ExchangeError::Refused(_))) {
            1..=1
        } else {
            0..=1
        };
        assert!(expected.contains(&charged), "{what}: {charged}");
    }
}
