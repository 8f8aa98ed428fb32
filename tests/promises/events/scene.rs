//! A service whose writes, messages and events are noted in one log, and the flows that run in it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use otp_exchange::testkit::{FaultyNotifier, FaultyStore, ManualClock, Mishap};
use otp_exchange::{
    Accepted, ClientKey, CodeAlone, CodeStore, Delivery, Event, Exchanger, Grant, Kind, MemoryStore, Message,
    Name, Notifier, NotifyError, Otp, Outbox, Policy, Principal, Quota, Receipt, Request, Role, Sealed,
    StoreError, Submission, Swap, Timestamp, Tokens, Version,
};

use crate::common::{ada, block_on, keyring, other_than, recipient, seconds, seeded};

/// What happened, in order: `swap` for a write, `notify` for a message handed over, else an event's name.
#[derive(Clone, Default)]
pub(crate) struct Log {
    notes: Arc<Mutex<Vec<String>>>,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Log {
    fn note(&self, what: &str) {
        self.notes.lock().unwrap().push(what.to_owned());
    }

    fn tell(&self, event: &Event) {
        self.note(&name(event));
        self.events.lock().unwrap().push(event.clone());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.notes.lock().unwrap())
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }
}

pub(crate) fn name(event: &Event) -> String {
    format!("{event:?}").split([' ', '{']).next().unwrap().to_owned()
}

/// Notes every write that was applied, and sleeps after it if told to.
#[derive(Clone)]
pub(crate) struct Watched<P> {
    port: P,
    log: Log,
    clock: ManualClock,
    sleep: Arc<Mutex<Duration>>,
}

impl<S: CodeStore> CodeStore for Watched<S> {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.port.load(name).await
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        let swap = self.port.swap(name, expected, value, forget_after).await?;
        if swap == Swap::Applied {
            self.log.note("swap");
            self.clock.advance(*self.sleep.lock().unwrap());
        }
        Ok(swap)
    }
}

impl<N: Notifier> Notifier for Watched<N> {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        self.log.note("notify");
        self.port.notify(message).await
    }
}

/// A service whose writes, messages and events are noted in one log.
pub(crate) struct Scene {
    pub(crate) otp: Exchanger<FaultyStore<Watched<MemoryStore>>, Watched<FaultyNotifier<Outbox>>>,
    pub(crate) store: FaultyStore<Watched<MemoryStore>>,
    pub(crate) notifier: FaultyNotifier<Outbox>,
    pub(crate) outbox: Outbox,
    pub(crate) sleep: Arc<Mutex<Duration>>,
    pub(crate) clock: ManualClock,
    pub(crate) log: Log,
}

impl Scene {
    pub(crate) fn with(policy: Policy) -> Self {
        Self::also_telling(policy, |_| ())
    }

    pub(crate) fn also_telling(policy: Policy, also: fn(&Event)) -> Self {
        let (log, clock, sleep) = (Log::default(), ManualClock::default(), Arc::default());
        let port = MemoryStore::with_clock(1_000, clock.clone());
        let watched = Watched { port, log: log.clone(), clock: clock.clone(), sleep: Arc::clone(&sleep) };
        let store = FaultyStore::new(watched.clone());
        let outbox = Outbox::new();
        let notifier = FaultyNotifier::new(outbox.clone());
        let port = notifier.clone();
        let watched = Watched { port, log: log.clone(), clock: clock.clone(), sleep: Arc::default() };
        let told = log.clone();
        let otp = Exchanger::builder(store.clone(), watched, keyring())
            .policy(policy)
            .clock(clock.clone())
            .entropy(seeded(1))
            .observer(move |event: &Event| {
                told.tell(event);
                also(event);
            })
            .build()
            .unwrap();
        Self { otp, store, notifier, outbox, sleep, clock, log }
    }
}

/// What a flow needs beforehand.
#[derive(Default)]
pub(crate) struct Given {
    pub(crate) receipt: Option<Receipt>,
    pub(crate) tokens: Option<Tokens>,
}

impl Given {
    pub(crate) fn sent(scene: &Scene) -> Self {
        Self { receipt: block_on(scene.otp.send(Request::login(&ada()))).ok(), tokens: None }
    }

    pub(crate) fn signed_in(scene: &Scene) -> Self {
        let given = Self::sent(scene);
        let tokens = block_on(scene.otp.exchange(given.submission(true))).ok();
        Self { tokens, ..given }
    }

    fn receipt(&self) -> &Receipt {
        self.receipt.as_ref().expect("sent")
    }

    pub(crate) fn submission(&self, right: bool) -> Submission {
        let code = self.receipt().expose().code.to_owned();
        let typed = if right { code } else { other_than(&code) };
        Submission::by_id(&self.receipt().otp_id, &typed).login()
    }

    pub(crate) fn refresh_token(&self) -> &str {
        self.tokens.as_ref().and_then(|tokens| tokens.refresh.as_ref()).expect("signed in").expose()
    }
}

/// One flow: what is noted while it runs, by which policy, after what, and how it is run.
pub(crate) type Flow = (&'static [&'static str], fn() -> Policy, fn(&Scene) -> Given, fn(&Scene, &Given));

pub(crate) fn flows() -> Vec<Flow> {
    vec![
        (&["swap", "Requested", "notify", "HandedOver"], Policy::default, nothing, |scene, _| {
            let _ = block_on(scene.otp.send(Request::login(&ada())));
        }),
        (&["swap", "swap", "Requested", "notify", "HandedOver"], Policy::default, nothing, |scene, _| {
            let request = Request::login(&recipient("+32412345678")).client(client());
            let _ = block_on(scene.otp.send(request.requested_by(Principal::new("operator-7"))));
        }),
        (&["swap", "swap", "Requested", "notify", "HandedOver"], alone, nothing, |scene, _| {
            let _ = block_on(scene.otp.send(Request::login(&ada()).by_code()));
        }),
        (&["swap", "notify", "HandedOver"], Policy::default, issued, |scene, given| {
            let _ = block_on(scene.otp.deliver(&given.receipt().otp_id));
        }),
        (&["swap", "Reported"], Policy::default, Given::sent, |scene, _| {
            let heard = scene.outbox.read(&ada(), Message::delivery_id).unwrap();
            let _ = block_on(scene.otp.report(&heard, Delivery::Delivered));
        }),
        (&["RequestRefused"], Policy::default, Given::sent, |scene, _| {
            let _ = block_on(scene.otp.send(Request::login(&ada())));
        }),
        (&["DeliveryRefused"], Policy::default, Given::sent, |scene, given| {
            let _ = block_on(scene.otp.deliver(&given.receipt().otp_id));
        }),
        (&["swap", "Requested", "notify", "NotHandedOver"], Policy::default, busy, |scene, _| {
            let _ = block_on(scene.otp.send(Request::login(&ada())));
        }),
        (&["swap", "Wrong"], Policy::default, Given::sent, |scene, given| {
            let _ = block_on(scene.otp.verify(given.submission(false)));
        }),
        (
            &["swap", "Wrong"],
            || Policy::default().attempts(1),
            Given::sent,
            |scene, given| {
                let _ = block_on(scene.otp.verify(given.submission(false)));
            },
        ),
        (&["NoneLive"], Policy::default, Given::signed_in, |scene, given| {
            let _ = block_on(scene.otp.verify(given.submission(true)));
        }),
        (&["SubmissionRefused"], one_check, checked, |scene, given| {
            let _ = block_on(scene.otp.verify(given.submission(true).client(client())));
        }),
        (&["swap", "Verified", "swap", "Exchanged"], Policy::default, Given::sent, |scene, given| {
            let _ = block_on(scene.otp.exchange(given.submission(true)));
        }),
        (&["swap", "Exchanged"], Policy::default, nothing, |scene, _| {
            let root = Principal::new("root@example.org").role(Role::Administrator);
            let _ = block_on(scene.otp.issue_tokens(&root, Grant::for_subject("user-17")));
        }),
        (&["swap", "Refreshed"], Policy::default, Given::signed_in, |scene, given| {
            let _ = block_on(scene.otp.refresh(given.refresh_token()));
        }),
        (&["swap", "Reused"], Policy::default, refreshed, |scene, given| {
            let _ = block_on(scene.otp.refresh(given.refresh_token()));
        }),
        (&["swap", "Revoked"], Policy::default, Given::signed_in, |scene, given| {
            let _ = block_on(scene.otp.revoke_family(given.refresh_token()));
        }),
        (&["swap", "SubjectRevoked"], Policy::default, Given::signed_in, |scene, _| {
            let _ = block_on(scene.otp.revoke_subject("ada@example.org"));
        }),
        (&["swap", "Cancelled"], Policy::default, Given::sent, |scene, given| {
            let _ = block_on(scene.otp.cancel(&given.receipt().otp_id));
        }),
        (&["swap", "FailuresCleared"], Policy::default, failed, |scene, _| {
            let _ = block_on(scene.otp.clear_failures(&ada()));
        }),
    ]
}

fn client() -> ClientKey {
    ClientKey::new("browser-1")
}

fn nothing(_: &Scene) -> Given {
    Given::default()
}

fn issued(scene: &Scene) -> Given {
    Given { receipt: block_on(scene.otp.issue(Request::login(&ada()))).ok(), tokens: None }
}

/// The gateway takes the next message later.
fn busy(scene: &Scene) -> Given {
    scene.notifier.fail(0, Mishap::Transient);
    Given::default()
}

fn failed(scene: &Scene) -> Given {
    let given = Given::sent(scene);
    let _ = block_on(scene.otp.verify(given.submission(false)));
    given
}

fn checked(scene: &Scene) -> Given {
    let given = Given::sent(scene);
    let _ = block_on(scene.otp.verify(given.submission(false).client(client())));
    given
}

/// A refresh token that was used, and whose grace is over.
fn refreshed(scene: &Scene) -> Given {
    let given = Given::signed_in(scene);
    let _ = block_on(scene.otp.refresh(given.refresh_token()));
    scene.clock.advance(seconds(10));
    given
}

fn one_check() -> Policy {
    Policy::default().client_checks(Quota::new(1, seconds(900)))
}

fn alone() -> Policy {
    Policy::default().otp(Otp::new(Kind::Alphanumeric, 16).unwrap()).code_alone(CodeAlone::default())
}

/// What is noted while a flow runs in which something may be wrong, and in how many calls to the store.
pub(crate) fn noted(flow: &Flow, prepare: impl Fn(&FaultyStore<Watched<MemoryStore>>)) -> (Vec<String>, u64) {
    let (_, policy, before, run) = flow;
    let scene = Scene::with(policy());
    let given = before(&scene);
    scene.log.take();
    let calls = scene.store.calls();
    prepare(&scene.store);
    run(&scene, &given);
    (scene.log.take(), scene.store.calls() - calls)
}
