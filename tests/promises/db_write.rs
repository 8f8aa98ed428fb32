//! Whoever writes to the database can destroy an entry or put an old one back, but not edit, move or forge
//! one: what does not open is an error in every flow, never a verdict, never taken for absent, never
//! overwritten.
//!
//! Deleting an entry, or putting back an older one of the same name, cannot be told from the passing of time;
//! that is what `valid_from` is for.

mod others;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::common::{House, NAMING, SEALING, block_on, keyring, memory, recipient, seeded};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    CodeStore, ExchangeError, Exchanger, Fault, Keyring, MemoryStore, Name, OtpId, Outbox, Policy, Recipient,
    Request, Sealed, SendError, StatusError, StoreError, Submission, Swap, Timestamp, TokenError, Version,
};

/// A store to which somebody else writes too.
struct Attacked {
    store: MemoryStore,
    names: Mutex<Vec<Name>>,
    planted: Mutex<HashMap<Name, Vec<u8>>>,
}

impl Attacked {
    fn new() -> Arc<Self> {
        Arc::new(Self { store: memory(), names: Mutex::default(), planted: Mutex::default() })
    }

    fn bytes(&self, name: Name) -> Vec<u8> {
        block_on(self.store.load(name)).unwrap().unwrap().as_bytes().to_vec()
    }

    /// From now on those bytes lie under that name.
    fn plant(&self, name: Name, bytes: Vec<u8>) {
        self.planted.lock().unwrap().insert(name, bytes);
    }

    fn mend(&self) {
        self.planted.lock().unwrap().clear();
    }

    /// The names written to by this, in order.
    fn written_by(&self, write: impl FnOnce()) -> Vec<Name> {
        let before = self.names.lock().unwrap().len();
        write();
        self.names.lock().unwrap()[before..].to_vec()
    }
}

impl CodeStore for Attacked {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        match self.planted.lock().unwrap().get(&name) {
            // As the contract tells every store to: bytes that cannot be an entry are an error.
            Some(bytes) => Ok(Some(Sealed::from_bytes(bytes.clone())?)),
            None => block_on(self.store.load(name)),
        }
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        self.names.lock().unwrap().push(name);
        self.store.swap(name, expected, value, forget_after).await
    }
}

/// One person with a live code, answering to either name, and a session.
struct Person {
    recipient: Recipient,
    by_id: OtpId,
    by_recipient: String,
    code: String,
    access: String,
    refresh: String,
    ledger: Name,
    session: Name,
}

struct Scene {
    house: House<Arc<Attacked>>,
    store: Arc<Attacked>,
    people: Vec<Person>,
}

impl Scene {
    fn set(people: &[&str]) -> Self {
        let store = Attacked::new();
        let policy = Policy::default().send_spacing(std::time::Duration::ZERO);
        let house = House::on(Arc::clone(&store), ManualClock::default(), policy);
        let people = people.iter().map(|address| Person::settle(&house, &store, address)).collect();
        Self { house, store, people }
    }
}

impl Person {
    fn settle(house: &House<Arc<Attacked>>, store: &Attacked, address: &str) -> Self {
        let recipient = recipient(address);
        let send = |request: Request| {
            let sent = block_on(house.otp.send(request)).unwrap();
            (sent.otp_id, house.code(&recipient))
        };
        let mut tokens = None;
        let names = store.written_by(|| {
            let (id, code) = send(Request::register(&recipient));
            let submission = Submission::by_id(&id, &code).register();
            tokens = Some(block_on(house.otp.exchange(submission)).unwrap());
        });
        let [ledger, _, session] = names[..] else { panic!("send, consume, create: {names:?}") };
        let tokens = tokens.unwrap();
        let (by_id, code) = send(Request::login(&recipient));
        let (_, by_recipient) = send(Request::login(&recipient).by_recipient());
        let (access, refresh) =
            (tokens.access.expose().to_owned(), tokens.refresh.unwrap().expose().to_owned());
        Self { recipient, by_id, by_recipient, code, access, refresh, ledger, session }
    }
}

fn is_corrupt(fault: &Fault) -> bool {
    match fault {
        Fault::Corrupt(_) => true,
        Fault::Unavailable(error) => error.is_permanent() && !error.may_have_applied(),
        _ => false,
    }
}

/// Every flow that reads the ledger fails, and none writes.
fn ledger_is_refused(scene: &Scene, person: &Person, what: &str) {
    let (otp, swaps) = (&scene.house.otp, scene.house.store.swaps());
    let sent = [
        block_on(otp.send(Request::login(&person.recipient))).err(),
        block_on(otp.issue(Request::register(&person.recipient).by_recipient())).err(),
        block_on(otp.deliver(&person.by_id)).err(),
        block_on(otp.consecutive_failures(&person.recipient)).err().map(SendError::from),
        block_on(otp.live_codes(&person.recipient)).err().map(SendError::from),
        block_on(otp.clear_failures(&person.recipient)).err().map(SendError::from),
    ];
    for error in sent {
        assert!(matches!(&error, Some(SendError::Fault(fault)) if is_corrupt(fault)), "{what}: {error:?}");
    }
    for error in [block_on(otp.status(&person.by_id)).err(), block_on(otp.cancel(&person.by_id)).err()] {
        assert!(matches!(&error, Some(StatusError::Fault(fault)) if is_corrupt(fault)), "{what}: {error:?}");
    }
    let submissions = [
        Submission::by_id(&person.by_id, &person.code).login(),
        Submission::by_id(&person.by_id, &crate::common::other_than(&person.code)).login(),
        Submission::by_recipient(&person.recipient, &person.by_recipient).login(),
    ];
    for submission in submissions {
        for error in
            [block_on(otp.verify(submission.clone())).err(), block_on(otp.exchange(submission)).err()]
        {
            assert!(
                matches!(&error, Some(ExchangeError::Fault(fault)) if is_corrupt(fault)),
                "{what}: {error:?}"
            );
        }
    }
    assert_eq!(scene.house.store.swaps(), swaps, "{what}: overwritten");
}

/// Every flow that reads the session fails, and none writes.
fn session_is_refused(scene: &Scene, person: &Person, what: &str) {
    let (otp, swaps) = (&scene.house.otp, scene.house.store.swaps());
    let errors = [
        block_on(otp.authenticate(&person.access)).err(),
        block_on(otp.authenticate_strictly(&person.access)).err(),
        block_on(otp.refresh(&person.refresh)).err(),
        block_on(otp.revoke(&person.access)).err(),
        block_on(otp.revoke(&person.refresh)).err(),
        block_on(otp.revoke_family(&person.access)).err(),
        block_on(otp.revoke_family(&person.refresh)).err(),
    ];
    for error in errors {
        assert!(matches!(&error, Some(TokenError::Fault(fault)) if is_corrupt(fault)), "{what}: {error:?}");
    }
    assert_eq!(scene.house.store.swaps(), swaps, "{what}: overwritten");
}

/// Everything still works once the entries are as they were.
fn all_is_well(scene: &Scene) {
    scene.store.mend();
    for person in &scene.people {
        let otp = &scene.house.otp;
        let by_recipient = Submission::by_recipient(&person.recipient, &person.by_recipient).login();
        assert!(block_on(otp.deliver(&person.by_id)).is_ok());
        assert!(block_on(otp.verify(by_recipient)).is_ok());
        assert!(block_on(otp.authenticate(&person.access)).is_ok());
        assert!(block_on(otp.refresh(&person.refresh)).is_ok());
    }
}

/// Every way to alter those bytes in place: three masks on each byte, header, nonce and tag included.
fn flipped(bytes: &[u8]) -> impl Iterator<Item = (String, Vec<u8>)> {
    let masks = [0x01, 0x80, 0xff];
    (0..bytes.len()).flat_map(move |at| {
        masks.map(|mask| {
            let mut altered = bytes.to_vec();
            altered[at] ^= mask;
            (format!("byte {at} ^ {mask:02x}"), altered)
        })
    })
}

/// Cut at every length from either end, and grown.
fn resized(bytes: &[u8]) -> impl Iterator<Item = (String, Vec<u8>)> {
    let cut = (0..bytes.len()).flat_map(|length| {
        let head = (format!("the first {length}"), bytes[..length].to_vec());
        let tail = (format!("the last {length}"), bytes[bytes.len() - length..].to_vec());
        [head, tail]
    });
    let grown = [1, 16, 20_000].map(|more| (format!("{more} more"), [bytes, &vec![0; more]].concat()));
    cut.chain(grown)
}

#[test]
fn an_altered_ledger_is_an_error() {
    let scene = Scene::set(&["ada@example.org"]);
    let ada = &scene.people[0];
    let bytes = scene.store.bytes(ada.ledger);
    for (what, altered) in flipped(&bytes).chain(resized(&bytes)) {
        scene.store.plant(ada.ledger, altered);
        ledger_is_refused(&scene, ada, &what);
    }
    assert_eq!(scene.store.bytes(ada.ledger), bytes);
    all_is_well(&scene);
}

#[test]
fn an_altered_session_is_an_error() {
    let scene = Scene::set(&["ada@example.org"]);
    let ada = &scene.people[0];
    let bytes = scene.store.bytes(ada.session);
    for (what, altered) in flipped(&bytes).chain(resized(&bytes)) {
        scene.store.plant(ada.session, altered);
        session_is_refused(&scene, ada, &what);
    }
    assert_eq!(scene.store.bytes(ada.session), bytes);
    all_is_well(&scene);
}

#[test]
fn every_exchange_of_two_versions_is_an_error() {
    let scene = Scene::set(&["ada@example.org", "bob@example.org"]);
    let entries: Vec<Name> = scene.people.iter().flat_map(|person| [person.ledger, person.session]).collect();
    for &to in &entries {
        for &from in entries.iter().filter(|&&from| from != to) {
            let mut altered = scene.store.bytes(to);
            altered[5..17].copy_from_slice(&scene.store.bytes(from)[5..17]);
            scene.store.plant(to, altered);
            for person in &scene.people {
                if person.ledger == to {
                    ledger_is_refused(&scene, person, "another entry's version");
                } else if person.session == to {
                    session_is_refused(&scene, person, "another entry's version");
                }
            }
            scene.store.mend();
        }
    }
    all_is_well(&scene);
}

#[test]
fn two_entries_that_changed_places_are_errors() {
    let people = ["ada@example.org", "bob@example.org", "+32412345678"];
    let scene = Scene::set(&people);
    let entries: Vec<Name> = scene.people.iter().flat_map(|person| [person.ledger, person.session]).collect();
    let refused = |name: Name| {
        let person =
            scene.people.iter().find(|person| person.ledger == name || person.session == name).unwrap();
        if person.ledger == name {
            ledger_is_refused(&scene, person, "swapped");
        } else {
            session_is_refused(&scene, person, "swapped");
        }
    };
    // Ledger for ledger, session for session, and each for the other.
    for (index, &one) in entries.iter().enumerate() {
        for &other in &entries[..index] {
            scene.store.plant(one, scene.store.bytes(other));
            scene.store.plant(other, scene.store.bytes(one));
            refused(one);
            refused(other);
            scene.store.mend();
        }
    }
    all_is_well(&scene);
}

#[test]
fn an_entry_copied_to_a_free_name_is_an_error() {
    let scene = Scene::set(&["ada@example.org"]);
    let ada = &scene.people[0];
    // Where Eve's ledger will lie: the attacker watches the store while she asks for a code.
    let eve = recipient("eve@example.org");
    let other = Scene::set(&["eve@example.org"]);
    let name = other.people[0].ledger;
    for copied in [ada.ledger, ada.session] {
        scene.store.plant(name, scene.store.bytes(copied));
        let answer = block_on(scene.house.otp.send(Request::login(&eve)));
        assert!(matches!(&answer, Err(SendError::Fault(Fault::Corrupt(_)))), "{answer:?}");
        let submission = Submission::by_recipient(&eve, &ada.by_recipient).login();
        let answer = block_on(scene.house.otp.verify(submission));
        assert!(matches!(&answer, Err(ExchangeError::Fault(Fault::Corrupt(_)))), "{answer:?}");
    }
    scene.store.mend();
    assert!(block_on(scene.house.otp.send(Request::login(&eve))).is_ok(), "control: that was her name");
}

#[test]
fn an_entry_of_another_namespace_or_keyring_is_an_error() {
    let keyrings = [
        ("another namespace", keyring().namespace("tenant-b").unwrap()),
        ("other secrets", Keyring::new(&[8; 32], &[9; 32]).unwrap()),
        ("another sealing key", Keyring::new(&NAMING, &[9; 32]).unwrap()),
        ("the secrets the other way round", Keyring::new(&SEALING, &NAMING).unwrap()),
    ];
    for (what, keyring) in keyrings {
        let scene = Scene::set(&["ada@example.org"]);
        let ada = &scene.people[0];
        let (theirs, outbox) = (Attacked::new(), Outbox::new());
        let neighbour = Exchanger::builder(Arc::clone(&theirs), outbox.clone(), keyring)
            .clock(scene.house.clock.clone())
            .entropy(seeded(5))
            .build()
            .unwrap();
        let names = theirs.written_by(|| {
            let sent = block_on(neighbour.send(Request::login(&ada.recipient))).unwrap();
            let code = outbox.code_for(&ada.recipient).unwrap();
            block_on(neighbour.exchange(Submission::by_id(&sent.otp_id, code.expose()).login())).unwrap();
        });
        for foreign in names {
            scene.store.plant(ada.ledger, theirs.bytes(foreign));
            ledger_is_refused(&scene, ada, what);
            scene.store.plant(ada.session, theirs.bytes(foreign));
            session_is_refused(&scene, ada, what);
        }
        all_is_well(&scene);
    }
}
