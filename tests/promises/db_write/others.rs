//! The same for what lies beside ledgers and sessions: usage of quotas, subjects, and codes that answer to
//! nothing but themselves.

use std::sync::Arc;
use std::time::Duration;

use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    CodeAlone, ExchangeError, Fault, Kind, Name, Otp, OtpId, Policy, Request, SendError, StatusError,
    Submission, TokenError,
};

use super::{Attacked, flipped, is_corrupt, resized};
use crate::common::{House, ada, block_on, client, every_quota, recipient};

/// What an entry is, and so which flows read it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    ClientSends,
    DialCodeSends,
    ServiceSends,
    ClientChecks,
    Alone,
    Subject,
    Ledger,
    Session,
}

struct Scene {
    store: Arc<Attacked>,
    clock: ManualClock,
    entries: Vec<(Role, Name)>,
    id: OtpId,
    code: String,
    access: String,
    refresh: String,
}

fn policy() -> Policy {
    let otp = Otp::new(Kind::Alphanumeric, 16).unwrap();
    every_quota().otp(otp).code_alone(CodeAlone::default()).send_spacing(Duration::ZERO)
}

fn request() -> Request {
    Request::login(&recipient("+32412345678")).client(client(1))
}

impl Scene {
    fn set() -> Self {
        let (store, clock) = (Attacked::new(), ManualClock::default());
        let house = House::on(Arc::clone(&store), clock.clone(), policy());
        let mut sent = None;
        let sends = store.written_by(|| sent = Some(block_on(house.otp.send(request().by_code())).unwrap()));
        let [client_sends, dial_code, service, ledger, alone] = sends[..] else { panic!("{sends:?}") };
        let sent = sent.unwrap();
        let checks = store.written_by(|| {
            let submission = Submission::by_code("AAAABBBBCCCCDDDD").login().client(client(1));
            assert!(block_on(house.otp.verify(submission)).is_err());
        });
        let [client_checks] = checks[..] else { panic!("{checks:?}") };
        let ada = ada();
        let other = block_on(house.otp.send(Request::login(&ada))).unwrap();
        let mut tokens = None;
        let submission = Submission::by_id(&other.otp_id, other.expose().code).login();
        let exchanged = store.written_by(|| tokens = Some(block_on(house.otp.exchange(submission)).unwrap()));
        let [_, session] = exchanged[..] else { panic!("{exchanged:?}") };
        let tokens = tokens.unwrap();
        // Of a subject whose sessions were all taken back, and that has begun a new one since, there is an
        // entry.
        house.clock.rewind(Duration::from_secs(60));
        let revoked = store.written_by(|| block_on(house.otp.revoke_subject("ada@example.org")).unwrap());
        house.clock.advance(Duration::from_secs(60));
        let [subject] = revoked[..] else { panic!("{revoked:?}") };
        let entries = vec![
            (Role::ClientSends, client_sends),
            (Role::DialCodeSends, dial_code),
            (Role::ServiceSends, service),
            (Role::ClientChecks, client_checks),
            (Role::Alone, alone),
            (Role::Subject, subject),
            (Role::Ledger, ledger),
            (Role::Session, session),
        ];
        let (access, refresh) =
            (tokens.access.expose().to_owned(), tokens.refresh.unwrap().expose().to_owned());
        let code = sent.expose().code.to_owned();
        Self { store, clock, entries, id: sent.otp_id, code, access, refresh }
    }

    /// A process of its own, which holds no share of any quota yet.
    fn process(&self, policy: Policy) -> House<Arc<Attacked>> {
        House::on(Arc::clone(&self.store), self.clock.clone(), policy)
    }

    fn name(&self, role: Role) -> Name {
        self.entries.iter().find(|(other, _)| *other == role).unwrap().1
    }

    /// With those bytes in its place, every flow that reads the entry fails, none writes it, and nothing is
    /// sent.
    fn is_refused(&self, role: Role, bytes: Vec<u8>, what: &str) {
        let name = self.name(role);
        self.store.plant(name, bytes);
        // Every process that gets that far takes a share with it, and here are more than there are shares.
        let early = if role == Role::ServiceSends { policy().dial_code_sends(None) } else { policy() };
        let house = self.process(early);
        let written = self.store.written_by(|| {
            let faults = flows(self, &house, role);
            assert!(!faults.is_empty());
            for fault in faults {
                assert!(fault.as_ref().is_some_and(is_corrupt), "{role:?}, {what}: {fault:?}");
            }
        });
        assert!(!written.contains(&name), "{role:?}, {what}: overwritten");
        assert_eq!(house.outbox.total(), 0, "{role:?}, {what}: sent");
        self.store.mend();
    }
}

/// How each flow that reads such an entry fails.
fn flows(scene: &Scene, house: &House<Arc<Attacked>>, role: Role) -> Vec<Option<Fault>> {
    let otp = &house.otp;
    let sent = |answer: Result<_, SendError>| match answer {
        Err(SendError::Fault(fault)) => Some(fault),
        other => panic!("{other:?}"),
    };
    let exchanged = |submission: Submission| match block_on(otp.exchange(submission)) {
        Err(ExchangeError::Fault(fault)) => Some(fault),
        other => panic!("{other:?}"),
    };
    let status = |answer: Option<StatusError>| match answer {
        Some(StatusError::Fault(fault)) => Some(fault),
        other => panic!("{other:?}"),
    };
    let token = |answer: Option<TokenError>| match answer {
        Some(TokenError::Fault(fault)) => Some(fault),
        other => panic!("{other:?}"),
    };
    let alone = || Submission::by_code(&scene.code).login();
    match role {
        Role::ClientSends | Role::DialCodeSends | Role::ServiceSends | Role::Ledger => vec![
            sent(block_on(otp.send(request())).map(|_| ())),
            sent(block_on(otp.send(request().by_code())).map(|_| ())),
            sent(block_on(otp.issue(request())).map(|_| ())),
        ],
        Role::ClientChecks => vec![exchanged(alone().client(client(1)))],
        Role::Alone => vec![
            exchanged(alone().client(client(2))),
            sent(block_on(otp.deliver(&scene.id)).map(|_| ())),
            status(block_on(otp.status(&scene.id)).err()),
            status(block_on(otp.cancel(&scene.id)).err()),
        ],
        Role::Subject => vec![
            token(block_on(otp.authenticate_strictly(&scene.access)).err()),
            token(block_on(otp.refresh(&scene.refresh)).err()),
            block_on(otp.revoke_subject("ada@example.org")).err(),
        ],
        Role::Session => vec![
            token(block_on(otp.authenticate_strictly(&scene.access)).err()),
            token(block_on(otp.refresh(&scene.refresh)).err()),
        ],
    }
}

/// Once the entries are as they were, everything works; so it was them.
fn all_is_well(scene: &Scene) {
    let house = scene.process(policy());
    let otp = &house.otp;
    assert!(block_on(otp.send(request())).is_ok());
    assert!(block_on(otp.status(&scene.id)).is_ok());
    assert!(block_on(otp.authenticate_strictly(&scene.access)).is_ok());
    assert!(block_on(otp.refresh(&scene.refresh)).is_ok());
    assert!(block_on(otp.exchange(Submission::by_code(&scene.code).login().client(client(1)))).is_ok());
    assert!(block_on(otp.revoke_subject("ada@example.org")).is_ok());
}

#[test]
fn an_altered_usage_subject_or_code_alone_is_an_error() {
    let scene = Scene::set();
    for &(role, name) in
        scene.entries.iter().filter(|(role, _)| !matches!(role, Role::Ledger | Role::Session))
    {
        let bytes = scene.store.bytes(name);
        for (what, altered) in flipped(&bytes).chain(resized(&bytes)) {
            scene.is_refused(role, altered, &what);
        }
    }
    all_is_well(&scene);
}

#[test]
fn an_entry_of_another_role_is_an_error() {
    let scene = Scene::set();
    for &(role, to) in &scene.entries {
        for &(other, from) in scene.entries.iter().filter(|(other, _)| *other != role) {
            scene.is_refused(role, scene.store.bytes(from), &format!("in its place {other:?}"));
            // With the version it had, so that a swap would not conflict.
            let mut versioned = scene.store.bytes(from);
            versioned[5..17].copy_from_slice(&scene.store.bytes(to)[5..17]);
            scene.is_refused(role, versioned, &format!("in its place {other:?}, of its version"));
        }
    }
    all_is_well(&scene);
}
