//! A code is accepted for nothing but what it was made for: address, purpose, tenant, keys, otp id, bound
//! context.

use crate::common::{House, NAMING, SEALING, ada, block_on, client, keyring, recipient, seeded};
use otp_exchange::testkit::{CountingStore, ManualClock};
use otp_exchange::{
    CodeAlone, ExchangeError, Exchanger, Keyring, Kind, MemoryStore, Otp, OtpId, Outbox, Policy, Recipient,
    Request, Submission,
};

type Service = Exchanger<CountingStore<MemoryStore>, Outbox>;

/// A right code and what it was sent for, beside others that are just as live.
struct Scene {
    house: House<MemoryStore>,
    ada: Recipient,
    bob: Recipient,
    /// Ada's code, and its otp id.
    code: String,
    id: OtpId,
    /// Another code of Ada's for the same purpose, and one of Bob's.
    second_id: OtpId,
    bobs_id: OtpId,
}

impl Scene {
    fn set(prepare: impl Fn(Request) -> Request) -> Self {
        let house = House::with(Policy::default().send_spacing(std::time::Duration::ZERO));
        let (ada, bob) = (ada(), recipient("bob@example.org"));
        let pay = |to: &Recipient| block_on(house.otp.send(prepare(payment(to)))).unwrap();
        let [second, to_bob, sent] = [&ada, &bob, &ada].map(pay);
        let code = house.code(&ada);
        assert!(code != second.expose().code && code != to_bob.expose().code, "the seed gives three codes");
        Self { id: sent.otp_id, second_id: second.otp_id, bobs_id: to_bob.otp_id, code, house, ada, bob }
    }

    /// Another service on the same store.
    fn neighbour(&self, keyring: Keyring) -> Service {
        Exchanger::builder(self.house.store.clone(), Outbox::new(), keyring)
            .policy(Policy::default())
            .clock(self.house.clock.clone())
            .entropy(seeded(2))
            .build()
            .unwrap()
    }

    fn by_id(&self) -> Submission {
        Submission::by_id(&self.id, &self.code)
    }

    fn by_recipient(&self) -> Submission {
        Submission::by_recipient(&self.ada, &self.code)
    }
}

fn payment(to: &Recipient) -> Request {
    Request::new("payment", to)
}

fn bound(request: Request) -> Request {
    let payment = request.bind("amount", "12.50 EUR").bind("payee", "ACME");
    payment.bind("device", "phone-1").bind("reference", "")
}

fn same_context(submission: Submission) -> Submission {
    context(submission, "12.50 EUR", "ACME", "phone-1").bind("reference", "")
}

fn context(submission: Submission, amount: &str, payee: &str, device: &str) -> Submission {
    submission.bind("payee", payee).bind("amount", amount).bind("device", device)
}

/// The wrong submission is not accepted, and nothing but what is wrong with it is the reason: the right one
/// then is.
fn mismatch(what: &str, scene: &Scene, service: &Service, wrong: Submission, right: Submission) {
    let answer = block_on(service.verify(wrong));
    assert!(answer.is_err(), "{what}: accepted");
    let control = block_on(scene.house.otp.verify(right));
    assert!(control.is_ok(), "{what}: the control is refused: {control:?}");
}

#[test]
fn another_address_otp_id_or_purpose_is_refused_by_otp_id() {
    type Wrong = fn(&Scene) -> Submission;
    let cases: [(&str, Wrong); 9] = [
        ("Bob's otp id", |scene| Submission::by_id(&scene.bobs_id, &scene.code).purpose("payment")),
        ("another otp id of Ada's", |scene| {
            Submission::by_id(&scene.second_id, &scene.code).purpose("payment")
        }),
        ("login", |scene| scene.by_id().login()),
        ("register", |scene| scene.by_id().register()),
        ("several others", |scene| scene.by_id().login().register().purpose("refund")),
        ("another case", |scene| scene.by_id().purpose("Payment")),
        ("a prefix", |scene| scene.by_id().purpose("pay")),
        ("no purpose", Scene::by_id),
        ("named by its recipient", |scene| scene.by_recipient().purpose("payment")),
    ];
    for (what, wrong) in cases {
        let scene = Scene::set(|request| request);
        mismatch(what, &scene, &scene.house.otp, wrong(&scene), scene.by_id().purpose("payment"));
    }
    let scene = Scene::set(|request| request);
    let several = scene.by_id().login().purpose("payment");
    assert!(block_on(scene.house.otp.verify(several)).is_ok(), "one of several purposes is enough");
}

#[test]
fn another_address_otp_id_or_purpose_is_refused_by_recipient() {
    type Wrong = fn(&Scene) -> Submission;
    let cases: [(&str, Wrong); 8] = [
        ("Bob", |scene| Submission::by_recipient(&scene.bob, &scene.code).purpose("payment")),
        ("nobody", |scene| {
            Submission::by_recipient(&recipient("eve@example.org"), &scene.code).purpose("payment")
        }),
        ("her number", |scene| {
            Submission::by_recipient(&recipient("+32412345678"), &scene.code).purpose("payment")
        }),
        ("login", |scene| scene.by_recipient().login()),
        ("register", |scene| scene.by_recipient().register()),
        ("no purpose", Scene::by_recipient),
        ("named by its otp id", |scene| scene.by_id().purpose("payment")),
        ("named by another otp id", |scene| {
            Submission::by_id(&scene.second_id, &scene.code).purpose("payment")
        }),
    ];
    for (what, wrong) in cases {
        let scene = Scene::set(Request::by_recipient);
        mismatch(what, &scene, &scene.house.otp, wrong(&scene), scene.by_recipient().purpose("payment"));
    }
}

/// The same, and it came to the comparison: it is refused, not malformed, and charged.
fn mismatch_charged(what: &str, scene: &Scene, wrong: Submission, right: Submission) {
    let applied = scene.house.store.applied();
    mismatch(what, scene, &scene.house.otp, wrong.clone(), right);
    assert_eq!(scene.house.store.applied() - applied, 2, "{what}: one charge, and the code used up");
    let again = block_on(scene.house.otp.verify(wrong));
    assert!(matches!(again, Err(ExchangeError::Refused(_))), "{what}: {again:?}");
}

#[test]
fn another_context_is_refused() {
    type Bind = fn(Submission) -> Submission;
    let cases: [(&str, Bind); 16] = [
        ("none", |submission| submission),
        ("one missing", |submission| {
            submission.bind("amount", "12.50 EUR").bind("payee", "ACME").bind("reference", "")
        }),
        ("one more", |submission| same_context(submission).bind("session", "1")),
        ("one more of one's own", |submission| same_context(submission).bind("note", "")),
        ("another amount", |submission| {
            context(submission, "1250 EUR", "ACME", "phone-1").bind("reference", "")
        }),
        ("the same worth", |submission| {
            context(submission, "12.5 EUR", "ACME", "phone-1").bind("reference", "")
        }),
        ("another currency", |submission| {
            context(submission, "12.50 USD", "ACME", "phone-1").bind("reference", "")
        }),
        ("another payee", |submission| {
            context(submission, "12.50 EUR", "ACME Ltd", "phone-1").bind("reference", "")
        }),
        ("another case", |submission| {
            context(submission, "12.50 EUR", "Acme", "phone-1").bind("reference", "")
        }),
        ("another name", |submission| {
            let renamed = submission.bind("Amount", "12.50 EUR").bind("payee", "ACME");
            renamed.bind("device", "phone-1").bind("reference", "")
        }),
        ("values swapped", |submission| {
            context(submission, "12.50 EUR", "phone-1", "ACME").bind("reference", "")
        }),
        ("a border moved", |submission| {
            let moved = submission.bind("amount", "12.50 EUR").bind("paye", "eACME");
            moved.bind("device", "phone-1").bind("reference", "")
        }),
        // The fields lie one behind the other in order of their names.
        ("all in one", |submission| {
            submission.bind("amount", "12.50 EUR").bind("device", "phone-1payeeACMEreference")
        }),
        ("an empty value filled", |submission| {
            context(submission, "12.50 EUR", "ACME", "phone-1").bind("reference", "1")
        }),
        ("an empty value left out", |submission| context(submission, "12.50 EUR", "ACME", "phone-1")),
        ("an empty value of another name", |submission| {
            context(submission, "12.50 EUR", "ACME", "phone-1").bind("referenc", "")
        }),
    ];
    for (what, bind) in cases {
        let scene = Scene::set(bound);
        let name = |submission: Submission| submission.purpose("payment");
        mismatch_charged(what, &scene, bind(name(scene.by_id())), same_context(name(scene.by_id())));
        let scene = Scene::set(|request| bound(request).by_recipient());
        let (wrong, right) = (name(scene.by_recipient()), same_context(name(scene.by_recipient())));
        mismatch_charged(what, &scene, bind(wrong), right);
    }
    // Context where none was bound.
    let scene = Scene::set(|request| request);
    let wrong = scene.by_id().purpose("payment").bind("amount", "12.50 EUR");
    mismatch_charged("unasked for", &scene, wrong, scene.by_id().purpose("payment"));
}

#[test]
fn a_code_that_answers_to_nothing_but_itself_is_bound_all_the_same() {
    type Wrong = fn(Submission) -> Submission;
    let policy = || {
        let otp = Otp::new(Kind::Alphanumeric, 16).unwrap();
        Policy::default().otp(otp).code_alone(CodeAlone::default())
    };
    let cases: [(&str, Wrong); 5] = [
        ("another purpose", |submission| same_context(submission.login().purpose("refund"))),
        ("no purpose", same_context),
        ("no context", |submission| submission.purpose("payment")),
        ("another payee", |submission| {
            context(submission.purpose("payment"), "12.50 EUR", "Eve", "phone-1").bind("reference", "")
        }),
        ("one more field", |submission| same_context(submission.purpose("payment")).bind("note", "")),
    ];
    for (what, wrong) in cases {
        let (house, ada) = (House::with(policy()), ada());
        let sent = block_on(house.otp.send(bound(payment(&ada)).by_code())).unwrap();
        let code = house.code(&ada);
        let submission = || Submission::by_code(&code).client(client(1));
        assert!(block_on(house.otp.verify(wrong(submission()))).is_err(), "{what}");
        let right = || same_context(submission().purpose("payment"));
        // Under any other name it is nothing.
        for named in [Submission::by_id(&sent.otp_id, &code), Submission::by_recipient(&ada, &code)] {
            let answer = block_on(house.otp.verify(same_context(named.purpose("payment"))));
            assert!(matches!(answer, Err(ExchangeError::Refused(_))), "{what}: {answer:?}");
        }
        // Nor is it to another namespace or keyring.
        for (whose, keyring) in foreign_keyrings() {
            let neighbour = Exchanger::builder(house.store.clone(), Outbox::new(), keyring)
                .policy(policy())
                .clock(house.clock.clone())
                .build()
                .unwrap();
            // By a client of its own, for both may count them under one name.
            assert!(block_on(neighbour.verify(right().client(client(2)))).is_err(), "{whose}");
        }
        let control = block_on(house.otp.verify(right()));
        assert!(control.is_ok(), "{what}: the control is refused: {control:?}");
    }
}

#[test]
fn a_wrong_context_is_charged_like_a_wrong_code() {
    let scene = Scene::set(bound);
    for left in (0..5).rev() {
        match block_on(scene.house.otp.verify(scene.by_id().purpose("payment"))) {
            Err(ExchangeError::Refused(refused)) => assert_eq!(refused.attempts_left, Some(left)),
            other => panic!("{other:?}"),
        }
    }
    let spent = block_on(scene.house.otp.verify(same_context(scene.by_id().purpose("payment"))));
    assert!(matches!(spent, Err(ExchangeError::Refused(_))), "{spent:?}");
}

/// Keyrings that are not the one the code was made with.
fn foreign_keyrings() -> [(&'static str, Keyring); 4] {
    [
        ("another namespace", keyring().namespace("tenant-b").unwrap()),
        ("another naming secret and sealing key", Keyring::new(&[8; 32], &[9; 32]).unwrap()),
        ("another sealing key", Keyring::new(&NAMING, &[9; 32]).unwrap()),
        ("the secrets the other way round", Keyring::new(&SEALING, &NAMING).unwrap()),
    ]
}

#[test]
fn another_namespace_or_keyring_is_refused() {
    for (what, keyring) in foreign_keyrings() {
        let scene = Scene::set(|request| request);
        let (wrong, right) = (scene.by_id().purpose("payment"), scene.by_id().purpose("payment"));
        mismatch(what, &scene, &scene.neighbour(keyring), wrong, right);
    }
    for (what, keyring) in foreign_keyrings() {
        let scene = Scene::set(Request::by_recipient);
        let (wrong, right) =
            (scene.by_recipient().purpose("payment"), scene.by_recipient().purpose("payment"));
        mismatch(what, &scene, &scene.neighbour(keyring), wrong, right);
    }
}

#[test]
fn a_proof_is_nothing_to_another_namespace_or_keyring() {
    for (what, keyring) in foreign_keyrings().into_iter().filter(|(what, _)| *what != "another sealing key") {
        let scene = Scene::set(|request| request);
        let proof = block_on(scene.house.otp.verify(scene.by_id().purpose("payment"))).unwrap();
        let (neighbour, swaps) = (scene.neighbour(keyring), scene.house.store.swaps());
        let answer = block_on(neighbour.grant(proof));
        assert!(matches!(answer, Err(ExchangeError::ForeignProof)), "{what}: {answer:?}");
        assert_eq!(scene.house.store.swaps(), swaps, "{what}: nothing is stored");
    }
    // At home, and in another process with the same keyring, it is good.
    let scene = Scene::set(|request| request);
    let proof = block_on(scene.house.otp.verify(scene.by_id().purpose("payment"))).unwrap();
    assert!(block_on(scene.neighbour(keyring()).grant(proof)).is_ok());
}

#[test]
fn a_token_is_nothing_to_another_namespace_or_keyring() {
    for (what, keyring) in foreign_keyrings() {
        let scene = Scene::set(|request| request);
        let tokens = block_on(scene.house.otp.exchange(scene.by_id().purpose("payment"))).unwrap();
        let neighbour = scene.neighbour(keyring);
        let (access, refresh) = (tokens.access.expose(), tokens.refresh.as_ref().unwrap().expose());
        let swaps = scene.house.store.swaps();
        assert!(block_on(neighbour.authenticate(access)).is_err(), "{what}");
        assert!(block_on(neighbour.refresh(refresh)).is_err(), "{what}");
        let _ = block_on(neighbour.revoke_family(refresh));
        assert_eq!(scene.house.store.swaps(), swaps, "{what}: nothing is written");
        assert!(block_on(scene.house.otp.authenticate(access)).is_ok(), "{what}: control");
        assert!(block_on(scene.house.otp.refresh(refresh)).is_ok(), "{what}: control");
    }
}

#[test]
fn one_store_keeps_two_namespaces_apart() {
    let clock = ManualClock::default();
    let store = CountingStore::new(MemoryStore::with_clock(100, clock.clone()));
    let tenants: Vec<_> = ["tenant-a", "tenant-b"]
        .map(|tenant| {
            let (outbox, keyring) = (Outbox::new(), keyring().namespace(tenant).unwrap());
            let built = Exchanger::builder(store.clone(), outbox.clone(), keyring).clock(clock.clone());
            (built.build().unwrap(), outbox)
        })
        .into();
    let ada = ada();
    for (service, _) in &tenants {
        block_on(service.send(Request::login(&ada).by_recipient())).unwrap();
    }
    let code = |index: usize| tenants[index].1.code_for(&ada).unwrap().expose().to_owned();
    let submission = |code: &str| Submission::by_recipient(&ada, code).login();
    if code(0) != code(1) {
        assert!(block_on(tenants[0].0.verify(submission(&code(1)))).is_err());
    }
    for (index, (service, _)) in tenants.iter().enumerate() {
        assert!(block_on(service.verify(submission(&code(index)))).is_ok());
    }
}
