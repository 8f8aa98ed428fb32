//! Any executor will do, or none; and one type serves whatever store, notifier and issuer were chosen.

use std::sync::Arc;
use std::time::Duration;

use otp_exchange::{
    ClientKey, DynExchanger, Event, Exchanger, Grant, Keyring, MemoryStore, Outbox, Policy, Principal, Quota,
    Recipient, Request, Role, Submission,
};

fn service() -> (Arc<DynExchanger>, Outbox) {
    let outbox = Outbox::new();
    let keyring = Keyring::generate().unwrap();
    let otp = Exchanger::builder(MemoryStore::new(1_000), outbox.clone(), keyring)
        .policy(Policy::default().service_sends(Quota::new(10_000, Duration::from_secs(3600))))
        .observer(|_: &Event| {})
        .build()
        .unwrap();
    (Arc::new(otp.erase()), outbox)
}

/// What a handler would hold: the erased alias, without type parameters.
async fn sign_in(otp: Arc<DynExchanger>, outbox: Outbox, address: String) -> String {
    let recipient = Recipient::parse(&address).unwrap();
    let sent = otp.send(Request::login(&recipient)).await.unwrap();
    let typed = outbox.code_for(&recipient).unwrap();
    let tokens = otp.exchange(Submission::by_id(&sent.otp_id, typed.expose()).login()).await.unwrap();
    let tokens = otp.refresh(tokens.refresh.unwrap().expose()).await.unwrap();
    otp.authenticate(tokens.access.expose()).await.unwrap().subject
}

/// All that else there is: what support does, for one person.
async fn support(otp: Arc<DynExchanger>, address: String) -> usize {
    let recipient = Recipient::parse(&address).unwrap();
    let client = ClientKey::new(&address);
    let sent = otp.issue(Request::login(&recipient).client(client.clone())).await.unwrap();
    otp.deliver(&sent.otp_id).await.unwrap();
    let wrong = if sent.expose().code == "000000" { "111111" } else { "000000" };
    assert!(otp.verify(Submission::by_id(&sent.otp_id, wrong).login().client(client)).await.is_err());
    assert_eq!(otp.status(&sent.otp_id).await.unwrap().attempts_left, 4);
    assert_eq!(otp.consecutive_failures(&recipient).await.unwrap(), 1);
    otp.clear_failures(&recipient).await.unwrap();
    let live = otp.live_codes(&recipient).await.unwrap().len();
    otp.cancel(&sent.otp_id).await.unwrap();
    let acting = Principal::new("support").role(Role::Administrator);
    let tokens = otp.issue_tokens(&acting, Grant::for_subject(&address)).await.unwrap();
    otp.authenticate_strictly(tokens.access.expose()).await.unwrap();
    otp.revoke(tokens.refresh.unwrap().expose()).await.unwrap();
    otp.revoke_family(tokens.access.expose()).await.unwrap();
    otp.revoke_subject(&address).await.unwrap();
    live
}

#[test]
fn without_a_runtime() {
    let (otp, outbox) = service();
    assert_eq!(pollster::block_on(sign_in(otp, outbox, "ada@example.org".into())), "ada@example.org");
}

#[test]
fn on_tokio_from_many_tasks() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (otp, outbox) = service();
    // Spawning asks of every future that it is `Send + 'static`.
    let tasks: Vec<_> = (0..50)
        .map(|index| runtime.spawn(sign_in(otp.clone(), outbox.clone(), format!("ada{index}@example.org"))))
        .collect();
    for (index, task) in tasks.into_iter().enumerate() {
        assert_eq!(runtime.block_on(task).unwrap(), format!("ada{index}@example.org"));
    }
    let tasks: Vec<_> =
        (0..50).map(|index| runtime.spawn(support(otp.clone(), format!("bob{index}@example.org")))).collect();
    for task in tasks {
        assert_eq!(runtime.block_on(task).unwrap(), 1);
    }
}

#[test]
fn a_typed_exchanger_can_be_spawned_too() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let outbox = Outbox::new();
    let keyring = Keyring::generate().unwrap();
    let otp = Arc::new(Exchanger::builder(MemoryStore::new(10), outbox.clone(), keyring).build().unwrap());
    let task = runtime.spawn(async move {
        let ada = Recipient::parse("ada@example.org").unwrap();
        let sent = otp.issue(Request::login(&ada)).await.unwrap();
        otp.deliver(&sent.otp_id).await.unwrap();
        outbox.total()
    });
    assert_eq!(runtime.block_on(task).unwrap(), 1);
}
