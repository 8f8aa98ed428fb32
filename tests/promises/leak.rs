//! No code, token, key, bound value or whole address shows in any `Debug`, `Display`, error or serialised
//! value.

mod errors;
mod scene;

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use crate::common::{block_on, keyring, memory, other_than, recipient, seconds};
use otp_exchange::testkit::{CountingEntropy, CountingStore, Mishap};
use otp_exchange::{
    AtLimit, ClientKey, CodeAlone, CodeStore, DynIssuer, DynNotifier, DynStore, Exchanger, Field, Grant,
    MemoryStore, Name, Otp, Outbox, Principal, Proof, Purpose, Quota, ReferenceTokens, Request, Risk, Role,
    Sealed, SendError, StoreError, Submission, Swap, SystemClock, SystemEntropy, Template, TestRecipient,
    Timestamp, Token,
};
use scene::{
    ADDRESS, BROWSER, FIXED, IP, NUMBER, PLAN, PRESS, SUBJECT, Scene, TESTER, TEXT, bound, is_wait, policy,
    request, submission,
};

#[test]
fn nothing_shows_in_a_flow_that_goes_well() {
    let mut scene = Scene::set();
    for address in [ADDRESS, NUMBER] {
        let person = recipient(address);
        let with_grant = request(&person);
        scene.search.debug(&with_grant);
        scene.search.debug(&with_grant.clone().by_recipient().decoy(true));
        let pressed = with_grant.template(TEXT).idempotency_key(PRESS);
        scene.search.debug(&pressed);
        let sent = scene.send(&pressed);
        scene.search.debug(&block_on(scene.otp.status(&sent.otp_id)));
        scene.search.debug(&block_on(scene.otp.live_codes(&person)));
        scene.search.debug(&scene.outbox.code_for(&person));
        scene.search.debug(&person);
        let code = sent.expose().code.to_owned();
        let tokens = scene.exchange(submission(&sent.otp_id, &code));
        let next = block_on(scene.otp.refresh(tokens.refresh.as_ref().unwrap().expose())).unwrap();
        scene.hide_tokens(&next);
        scene.search.debug(&block_on(scene.otp.authenticate(next.access.expose())));
        scene.search.debug(&block_on(scene.otp.authenticate_strictly(next.access.expose())));

        // Without a subject of its own the whole address is the subject.
        let sent = scene.send(&Request::login(&person).by_recipient());
        let code = sent.expose().code.to_owned();
        let tokens = scene.exchange(Submission::by_recipient(&person, &code).login());
        assert_eq!(tokens.claims.subject, person.canonical());
        let sent = scene.send(&Request::login(&person));
        let code = sent.expose().code.to_owned();
        let proof: Proof =
            block_on(scene.otp.verify(Submission::by_id(&sent.otp_id, &code).login())).unwrap();
        scene.search.debug(&proof);

        let sent = scene.send(&request(&person).by_code());
        let code = sent.expose().code.to_owned();
        scene.exchange(bound(Submission::by_code(&code).login()));
        scene.clock.advance(seconds(900));
        let outgoing = block_on(scene.otp.prepare(request(&person))).unwrap();
        scene.search.debug(&outgoing);
    }
    scene.done();
}

#[test]
fn nothing_shows_in_an_event() {
    let mut scene = Scene::set();
    let person = recipient(ADDRESS);
    let clerk = || Principal::new(NUMBER).scope("read");
    let sent = scene.send(&request(&person).requested_by(clerk()).template(TEXT));
    let code = sent.expose().code.to_owned();
    let again = block_on(scene.otp.send(request(&person))); // refused
    assert!(matches!(again, Err(SendError::Wait { .. })), "{again:?}");
    assert!(block_on(scene.otp.deliver(&sent.otp_id)).is_err()); // refused
    scene.clock.advance(seconds(30));
    scene.loud.outbox.fail(0, Mishap::Transient);
    assert!(block_on(scene.otp.deliver(&sent.otp_id)).is_err()); // failed
    assert!(block_on(scene.otp.verify(submission(&sent.otp_id, &other_than(&code)))).is_err());
    block_on(scene.otp.clear_failures(&person)).unwrap();
    let tokens = scene.exchange(submission(&sent.otp_id, &code));
    assert!(block_on(scene.otp.verify(submission(&sent.otp_id, &code))).is_err()); // none live
    let refresh = tokens.refresh.as_ref().unwrap().expose();
    for _ in 0..2 {
        if let Ok(next) = block_on(scene.otp.refresh(refresh)) {
            scene.hide_tokens(&next);
        }
        scene.clock.advance(seconds(60));
    }
    let support = Principal::new(ADDRESS).role(Role::Administrator);
    let issued = block_on(scene.otp.issue_tokens(&support, Grant::for_subject(SUBJECT))).unwrap();
    scene.hide_tokens(&issued);
    block_on(scene.otp.revoke_family(issued.access.expose())).unwrap();
    block_on(scene.otp.revoke_subject(SUBJECT)).unwrap();
    let sent = scene.send(&request(&person).decoy(true));
    block_on(scene.otp.cancel(&sent.otp_id)).unwrap();
    scene.send(&Request::login(&recipient(TESTER)));
    for _ in 0..1001 {
        if block_on(scene.otp.verify(submission(&sent.otp_id, &code))).is_err_and(|error| is_wait(&error)) {
            break;
        }
    }
    let kinds = scene.loud.kinds.lock().unwrap().iter().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        kinds,
        "Cancelled DeliveryRefused Exchanged FailuresCleared HandedOver NoneLive NotHandedOver Refreshed \
         RequestRefused Requested Reused Revoked SubjectRevoked SubmissionRefused Verified Wrong",
        "each kind was told"
    );
    scene.done();
}

#[test]
fn nothing_shows_in_anything_that_stands_around() {
    let mut scene = Scene::set();
    let person = recipient(ADDRESS);
    scene.send(&request(&person));
    let name = Name::from_bytes([7; 16]);
    let counted = CountingStore::new(memory());
    let entropy = CountingEntropy::new(SystemEntropy);
    let code = Otp::default().generate(&mut rand::rngs::SysRng).unwrap();
    let (browser, address) = (ClientKey::new(BROWSER), ClientKey::ip(IP.parse().unwrap()));
    let tester = TestRecipient::new(recipient(TESTER), FIXED, Timestamp::MAX).unwrap();
    let field = Field::Payee;
    let quota = Quota::new(5, seconds(60));
    let grant = Grant::for_subject(ADDRESS).metadata(PLAN, ADDRESS);
    let template = Template::parse("Your code: {{CODE}}").unwrap();
    let builder = Exchanger::builder(memory(), Outbox::new(), keyring());
    let namespaced = keyring().open_only(&[b'k'; 32]).unwrap().namespace("tenant-a").unwrap();
    scene.search.hide_bytes(&[b'k'; 32]);
    let erased = Exchanger::builder(memory(), Outbox::new(), keyring()).build().unwrap().erase();
    let things: Vec<&dyn Debug> = vec![
        &namespaced,
        &grant,
        &template,
        &builder,
        &erased,
        &scene.otp,
        &scene.store,
        &scene.loud,
        &scene.outbox,
        &scene.clock,
        &code,
        &name,
        &counted,
        &entropy,
        &person,
        &ReferenceTokens,
        &SystemClock,
        &SystemEntropy,
        &browser,
        &address,
        &tester,
        &field,
        &quota,
    ];
    for thing in things {
        scene.search.debug(thing);
    }
    scene.search.debug(&Token::new("a-token-made-by-an-issuer"));
    scene.search.hide("a-token-made-by-an-issuer");
    scene.search.debug(&Principal::new("till-4").scope("read"));
    scene.search.debug(&Principal::new(ADDRESS).scope("read"));
    scene.search.debug(&policy());
    scene.search.debug(&policy().deviations());
    scene.search.json(&policy().deviations());
    scene.search.debug(&policy().lockouts());
    scene.search.debug(&(Risk::new(0.5), AtLimit::Disable, CodeAlone::default()));
    scene.search.debug(&Exchanger::builder(memory(), Outbox::new(), keyring()).policy(policy()));
    scene.search.debug(&DynStore::new(memory()));
    scene.search.debug(&DynNotifier::new(scene.outbox.clone()));
    scene.search.debug(&DynIssuer::new(ReferenceTokens));
    scene.done();
}

#[test]
fn nothing_shows_in_what_lies_in_the_store() {
    /// Shows everything it is handed.
    struct Shows(MemoryStore, Mutex<Vec<String>>);

    impl CodeStore for Shows {
        async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
            let found = self.0.load(name).await;
            self.1.lock().unwrap().push(format!("{name:?} {found:?}"));
            found
        }

        async fn swap(
            &self,
            name: Name,
            expected: Option<otp_exchange::Version>,
            value: &Sealed,
            forget_after: Timestamp,
        ) -> Result<Swap, StoreError> {
            let bytes = String::from_utf8_lossy(value.as_bytes()).into_owned();
            self.1.lock().unwrap().push(format!("{name:?} {expected:?} {value:#?} {forget_after:?} {bytes}"));
            self.0.swap(name, expected, value, forget_after).await
        }
    }

    let mut scene = Scene::set();
    let store = Arc::new(Shows(memory(), Mutex::default()));
    let otp = Exchanger::builder(Arc::clone(&store), scene.outbox.clone(), keyring())
        .policy(policy())
        .clock(scene.clock.clone())
        .build()
        .unwrap();
    let person = recipient(ADDRESS);
    let sent = block_on(otp.send(request(&person).template(TEXT))).unwrap();
    scene.hide_receipt(&sent);
    let tokens = block_on(otp.exchange(submission(&sent.otp_id, sent.expose().code))).unwrap();
    scene.hide_tokens(&tokens);
    for shown in store.1.lock().unwrap().drain(..) {
        scene.search.look(shown);
    }
    scene.done();
}

#[test]
fn nothing_shows_in_what_is_serialised() {
    let mut scene = Scene::set();
    let person = recipient(ADDRESS);
    let sent = scene.send(&Request::login(&person).grant(Grant::for_subject("user-17").scope("read")));
    let code = sent.expose().code.to_owned();
    let tokens = scene.exchange(Submission::by_id(&sent.otp_id, &code).login());
    scene.search.json(&sent.otp_id);
    scene.search.json(&tokens.claims);
    scene.search.json(&tokens.claims.session);
    scene.search.json(&tokens.claims.expires_at);
    scene.search.json(&Grant::for_subject("user-17").scope("read"));
    scene.search.json(&Otp::default());
    scene.search.json(&Purpose::LOGIN);
    scene.search.json(&person.channel());
    scene.search.look(sent.otp_id.to_string());
    scene.search.look(tokens.claims.session.to_string());
    scene.search.look(tokens.claims.issued_at.to_string());
    scene.done();
}
