//! Where others write the same entry all the time, or the generator of randomness repeats itself: nothing is told that is
//! not so, nothing is paid for twice, and no two people have the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::{ada, block_on, client, keyring, login, other_than, recipient, seconds};
use otp_exchange::testkit::{Injected, ManualClock};
use otp_exchange::{
    CodeStore, Entropy, EntropyError, ExchangeError, Exchanger, Fault, MemoryStore, Name, Outbox, Policy,
    Principal, Quota, Request, Sealed, SendError, StoreError, Submission, Swap, Timestamp, Version, Waiting,
};

/// Lets that many swaps through, and then answers that many as if somebody else had been faster.
#[derive(Clone)]
struct Contended {
    store: MemoryStore,
    first: Arc<AtomicUsize>,
    conflicts: Arc<AtomicUsize>,
    /// Before the next swap somebody else writes, and no reply comes.
    overtaken: Arc<AtomicUsize>,
}

impl Contended {
    fn new() -> Self {
        let store = crate::common::memory();
        Self { store, first: Arc::default(), conflicts: Arc::default(), overtaken: Arc::default() }
    }

    fn conflicts(&self, first: usize, conflicts: usize) {
        self.first.store(first, Ordering::SeqCst);
        self.conflicts.store(conflicts, Ordering::SeqCst);
    }
}

/// Takes one, if there is one.
fn take(count: &AtomicUsize) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl CodeStore for Contended {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.store.load(name).await
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        if take(&self.overtaken) {
            let mut bytes = value.as_bytes().to_vec();
            *bytes.last_mut().expect("an entry has a tag") ^= 1;
            let other = Sealed::from_bytes(bytes).expect("as long as the one it was made of");
            assert_eq!(self.store.swap(name, expected, &other, forget_after).await?, Swap::Applied);
            return Err(StoreError::unknown(Injected));
        }
        if !take(&self.first) && take(&self.conflicts) {
            return Ok(Swap::Conflict);
        }
        self.store.swap(name, expected, value, forget_after).await
    }
}

fn exchanger(store: &Contended, policy: Policy) -> (Exchanger<Contended, Outbox>, Outbox) {
    let outbox = Outbox::new();
    let builder = Exchanger::builder(store.clone(), outbox.clone(), keyring()).policy(policy);
    (builder.clock(ManualClock::default()).build().unwrap(), outbox)
}

#[test]
fn sixty_three_conflicts_are_outlasted_and_after_sixty_four_nothing_was_done() {
    for (conflicts, busy) in [(63, false), (64, true)] {
        let store = Contended::new();
        let (otp, outbox) = exchanger(&store, Policy::default());
        store.conflicts(0, conflicts);
        let sent = block_on(otp.send(Request::login(&ada())));
        assert_eq!(matches!(sent, Err(SendError::Fault(Fault::Busy))), busy, "{sent:?}");
        assert_eq!(outbox.total(), u64::from(!busy));
        if busy {
            continue;
        }
        let sent = sent.unwrap();
        let code = outbox.code_for(&ada()).unwrap();
        store.conflicts(0, 64);
        let answer = block_on(otp.exchange(login(&sent.otp_id, &other_than(code.expose()))));
        assert!(matches!(answer, Err(ExchangeError::Fault(Fault::Busy))), "{answer:?}");
        store.conflicts(0, 63);
        let answer = block_on(otp.exchange(login(&sent.otp_id, &other_than(code.expose()))));
        let Err(ExchangeError::Refused(refused)) = answer else { panic!("{answer:?}") };
        assert_eq!(refused.attempts_left, Some(4), "the busy one cost no attempt");
    }
}

#[test]
fn a_message_is_paid_for_once_however_often_its_write_has_to_be_done_again() {
    let store = Contended::new();
    let policy = Policy::default().client_sends(Quota::new(2, seconds(900)));
    let (otp, outbox) = exchanger(&store, policy);
    let send = |address| block_on(otp.send(Request::login(&recipient(address)).client(client(1))));
    store.conflicts(1, 10); // the first is the payment
    send("ada@example.org").unwrap();
    send("bob@example.org").unwrap();
    let third = send("eve@example.org");
    assert!(matches!(third, Err(SendError::Wait { why: Waiting::ClientSends, .. })), "{third:?}");
    assert_eq!(outbox.total(), 2);
}

#[test]
fn where_a_reply_is_lost_and_somebody_else_wrote_no_verdict_is_told() {
    let store = Contended::new();
    let (otp, outbox) = exchanger(&store, Policy::default());
    let sent = block_on(otp.send(Request::login(&ada()))).unwrap();
    let code = outbox.code_for(&ada()).unwrap();
    store.overtaken.store(1, Ordering::SeqCst);
    let answer = block_on(otp.exchange(login(&sent.otp_id, code.expose())));
    assert!(matches!(answer, Err(ExchangeError::Fault(Fault::Lost))), "{answer:?}");
}

/// A generator that is broken in the worst way.
struct Ones;

impl Entropy for Ones {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.fill(1);
        Ok(())
    }
}

fn repeating(policy: Policy) -> (Exchanger<MemoryStore, Outbox>, Outbox) {
    let outbox = Outbox::new();
    let builder = Exchanger::builder(crate::common::memory(), outbox.clone(), keyring()).policy(policy);
    (builder.clock(ManualClock::default()).entropy(Ones).build().unwrap(), outbox)
}

#[test]
fn no_two_people_get_the_same_session() {
    let (otp, outbox) = repeating(Policy::default());
    let sign_in = |address: &str| {
        let sent = block_on(otp.send(Request::login(&recipient(address)))).unwrap();
        let code = outbox.code_for(&recipient(address)).unwrap();
        block_on(otp.exchange(login(&sent.otp_id, code.expose())))
    };
    let ada = sign_in("ada@example.org").unwrap();
    let bob = sign_in("bob@example.org");
    assert!(matches!(bob, Err(ExchangeError::Fault(Fault::Repeated))), "{bob:?}");
    let claims = block_on(otp.authenticate(ada.access.expose())).unwrap();
    assert_eq!(claims.subject, "ada@example.org");
}

#[test]
fn no_two_people_get_the_same_code_where_it_answers_to_nothing_but_itself() {
    let (otp, outbox) = repeating(Policy::slingr());
    let send = |address: &str| {
        let request = Request::login(&recipient(address)).by_code().requested_by(Principal::new("app"));
        block_on(otp.send(request))
    };
    send("ada@example.org").unwrap();
    let bob = send("bob@example.org");
    assert!(matches!(bob, Err(SendError::Fault(Fault::Repeated))), "{bob:?}");
    assert_eq!(outbox.total(), 1, "nothing was sent");
    let code = outbox.code_for(&ada()).unwrap();
    let tokens =
        block_on(otp.exchange(Submission::by_code(code.expose()).client(client(1)).login())).unwrap();
    assert_eq!(tokens.claims.subject, "ada@example.org");
}
