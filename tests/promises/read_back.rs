//! What was given can be read again.

use std::sync::Arc;

use crate::common::{House, ada, block_on, client, recipient, seconds, start};
use otp_exchange::testkit::Injected;
use otp_exchange::{
    Catalogue, Grant, Outbox, Policy, Principal, Purpose, Quota, Recipient, Request, StoreError, Submission,
    Template, TemplateError, TestRecipient,
};

#[test]
fn a_proof_says_whose_it_is_and_what_was_granted() {
    let home = "https://app.example/welcome";
    let house = House::with(Policy::default().allow_redirect(home));
    let grant = Grant::new().scope("read").scope("write").redirect_to(home).metadata("plan", "pro");
    let sent = block_on(house.otp.send(Request::register(&ada()).grant(grant))).unwrap();
    let submission = Submission::by_id(&sent.otp_id, &house.code(&ada())).register();
    let proof = block_on(house.otp.verify(submission)).unwrap();
    assert_eq!((proof.recipient(), proof.purpose().as_ref()), (&ada(), "register"));
    assert_eq!(proof.scopes(), ["read", "write"]);
    assert_eq!(proof.redirect_url(), Some(home));
    assert_eq!(proof.metadata().iter().collect::<Vec<_>>(), [(&"plan".to_owned(), &"pro".to_owned())]);
}

#[test]
fn parts_of_a_policy_and_a_principal_say_what_they_were_made_of() {
    let quota = Quota::new(5, seconds(60));
    assert_eq!((quota.count(), quota.window()), (5, seconds(60)));
    let desk = Principal::new("desk").scope("read");
    assert_eq!((desk.id(), desk.scopes()), ("desk", &["read".to_owned()][..]));

    let test = |address: &str, code, until| TestRecipient::new(recipient(address), code, until).unwrap();
    let store = || test("ada@example.org", "123456", start());
    assert_eq!((store().recipient(), store().until()), (&ada(), start()));
    assert_eq!(store(), store());
    assert_ne!(store(), test("bob@example.org", "123456", start()));
    assert_ne!(store(), test("ada@example.org", "123457", start()));
    assert_ne!(store(), test("ada@example.org", "123456", start().saturating_add(seconds(1))));
}

#[test]
fn texts_and_errors_say_what_they_were_made_of() {
    let catalogue = Catalogue::default();
    let languages: Vec<_> = catalogue.languages().collect();
    assert!(languages.contains(&"en") && languages.contains(&"fr"), "{languages:?}");
    assert!(languages.is_sorted());
    assert_eq!(Template::try_from("no place".to_owned()), Err(TemplateError::NoPlace));
    assert!(Template::try_from("Code: {{CODE}}".to_owned()).is_ok());
    assert_eq!(StoreError::unknown(Injected).cause().to_string(), Injected.to_string());
    assert_eq!(Purpose::LOGIN.as_ref(), "login");
}

#[test]
fn a_masked_address_keeps_nothing_of_a_local_part_of_one_character() {
    assert_eq!(recipient("a@example.org").masked(), "•••@example.org");
    assert_eq!(recipient("ab@example.org").masked(), "a•••@example.org");
}

/// Several exchangers may share a notifier.
#[test]
fn a_shared_notifier_is_handed_what_it_would_be_handed_alone() {
    let outbox = Outbox::new();
    let shared: Arc<Outbox> = Arc::new(outbox.clone());
    let otp = otp_exchange::Exchanger::builder(crate::common::memory(), shared, crate::common::keyring())
        .build()
        .unwrap();
    let bob: Recipient = recipient("bob@example.org");
    block_on(otp.send(Request::login(&bob).client(client(1)))).unwrap();
    assert!(outbox.code_for(&bob).is_some());
    assert_eq!(outbox.total(), 1);
}
