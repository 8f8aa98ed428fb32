//! Any executor will do, or none; and one type serves whatever store, notifier and issuer were chosen.

use std::sync::Arc;

use otp_exchange::{DynExchanger, Exchanger, Keyring, MemoryStore, Outbox, Recipient, Request, Submission};

fn service() -> (Arc<DynExchanger>, Outbox) {
    let outbox = Outbox::new();
    let keyring = Keyring::generate().unwrap();
    let otp = Exchanger::builder(MemoryStore::new(1_000), outbox.clone(), keyring).build().unwrap();
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
