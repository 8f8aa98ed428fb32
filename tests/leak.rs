//! No code, token, key, bound value or whole address shows in any `Debug`, `Display`, error or serialised
//! value.

mod common;

use std::error::Error;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use common::{
    NAMING, SEALING, ada, block_on, keyring, memory, other_than, recipient, seconds, seeded, whole_story,
};
use otp_exchange::testkit::{
    CountingEntropy, CountingStore, Delivery, FaultyNotifier, FaultyStore, ManualClock, Reply,
};
use otp_exchange::{
    Claims, CodeStore, DynIssuer, DynNotifier, DynStore, EntropyError, ExchangeError, Exchanger, Grant,
    IssuerError, Keyring, Kind, MemoryStore, Message, Name, Notifier, NotifyError, Otp, OtpId, Outbox,
    Policy, Principal, Proof, Purpose, Receipt, Recipient, Recognised, ReferenceTokens, Request, Sealed,
    SendError, StoreError, Submission, Swap, SystemClock, SystemEntropy, Template, Timestamp, Token,
    TokenError, TokenIssuer, Tokens,
};
use serde::Serialize;

const ADDRESS: &str = "Ada.Canary@Example.org";
const NUMBER: &str = "+32412345678";
const TEXT: &str = "Words-Of-The-Message {{CODE}}";
const AMOUNT: &str = "12.50-Euro-Canary";
const SUBJECT: &str = "Subject-Of-The-Canary";
const PLAN: &str = "Metadata-Of-The-Canary";

/// What may not be seen, and where it was looked for.
#[derive(Default)]
struct Search {
    secrets: Vec<String>,
    seen: Vec<String>,
}

impl Search {
    fn hide(&mut self, secret: &str) {
        assert!(secret.len() >= 8, "too short to be told from chance: {secret}");
        self.secrets.push(secret.to_lowercase());
    }

    /// Bytes, in the ways bytes are shown.
    fn hide_bytes(&mut self, bytes: &[u8]) {
        self.hide(&String::from_utf8_lossy(bytes));
        self.hide(&bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat());
        self.hide(format!("{bytes:?}").trim_matches(['[', ']']));
    }

    fn look(&mut self, shown: impl Into<String>) {
        self.seen.push(shown.into().to_lowercase());
    }

    /// Both forms of `Debug`.
    fn debug(&mut self, value: &dyn Debug) {
        self.look(format!("{value:?}"));
        self.look(format!("{value:#?}"));
    }

    fn error(&mut self, error: &dyn Error) {
        self.look(whole_story(error));
        self.debug(&error);
    }

    fn json(&mut self, value: &impl Serialize) {
        self.look(serde_json::to_string(value).unwrap());
    }

    fn hits(&self) -> Vec<(&str, &str)> {
        let pairs = self.secrets.iter().flat_map(|secret| self.seen.iter().map(move |seen| (secret, seen)));
        pairs.filter(|(secret, seen)| seen.contains(*secret)).map(|(a, b)| (a.as_str(), b.as_str())).collect()
    }
}

/// A notifier and issuer that log whatever they are handed.
#[derive(Clone, Debug)]
struct Loud {
    outbox: FaultyNotifier<Outbox>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Notifier for Loud {
    async fn notify(&self, message: &Message) -> Result<(), NotifyError> {
        self.log.lock().unwrap().push(format!("{message:?} {message:#?}"));
        self.outbox.notify(message).await
    }
}

impl TokenIssuer for Loud {
    async fn issue(&self, claims: &Claims, reference: Token) -> Result<Token, IssuerError> {
        self.log.lock().unwrap().push(format!("{claims:?} {reference:?}"));
        Ok(reference)
    }

    async fn recognise(&self, _token: &str) -> Result<Recognised, IssuerError> {
        Ok(Recognised::Reference)
    }
}

type Service = Exchanger<FaultyStore<MemoryStore>, Loud, Loud>;

struct Scene {
    otp: Service,
    store: FaultyStore<MemoryStore>,
    loud: Loud,
    outbox: Outbox,
    clock: ManualClock,
    search: Search,
}

fn policy() -> Policy {
    Policy::default().otp(Otp::new(Kind::Alphanumeric, 20).unwrap())
}

impl Scene {
    fn set() -> Self {
        let (clock, outbox) = (ManualClock::default(), Outbox::new());
        let store = FaultyStore::new(memory());
        let loud = Loud { outbox: FaultyNotifier::new(outbox.clone()), log: Arc::default() };
        // Codes of 20 characters: their finding cannot be chance.
        let otp = Exchanger::builder(store.clone(), loud.clone(), keyring())
            .issuer(loud.clone())
            .policy(policy())
            .clock(clock.clone())
            .entropy(seeded(4))
            .build()
            .unwrap();
        let mut search = Search::default();
        search.hide_bytes(&NAMING);
        search.hide_bytes(&SEALING);
        for text in [ADDRESS, NUMBER, &NUMBER[1..], "Ada.Canary", AMOUNT, SUBJECT, PLAN, &TEXT[..20]] {
            search.hide(text);
        }
        Self { otp, store, loud, outbox, clock, search }
    }

    fn send(&mut self, request: &Request) -> Receipt {
        self.clock.advance(seconds(31));
        let sent = block_on(self.otp.send(request.clone())).unwrap();
        self.hide_receipt(&sent);
        sent
    }

    fn hide_receipt(&mut self, receipt: &Receipt) {
        self.search.hide(receipt.expose().code);
        self.search.hide(receipt.expose().text);
        self.search.debug(receipt);
        self.search.debug(&receipt.expose());
    }

    fn exchange(&mut self, submission: Submission) -> Tokens {
        self.search.debug(&submission);
        let tokens = block_on(self.otp.exchange(submission)).unwrap();
        self.hide_tokens(&tokens);
        tokens
    }

    fn hide_tokens(&mut self, tokens: &Tokens) {
        for token in [Some(&tokens.access), tokens.refresh.as_ref()].into_iter().flatten() {
            self.search.hide(token.expose());
            // The part that nobody can compute.
            self.search.hide(&token.expose()[28..]);
            self.search.debug(token);
        }
        self.search.debug(tokens);
        self.search.debug(&tokens.claims);
        self.search.debug(&Recognised::Claims(tokens.claims.clone()));
    }

    fn done(mut self) {
        for line in self.loud.log.lock().unwrap().drain(..) {
            self.search.look(line);
        }
        let Self { search, .. } = self;
        assert!(search.seen.len() > 5 && search.secrets.len() > 10);
        assert_eq!(search.hits(), Vec::new());
        // The same search would have found each of them.
        for index in 0..search.secrets.len() {
            let seen = vec![format!("log: {} and more", search.secrets[index])];
            let control = Search { secrets: search.secrets.clone(), seen };
            assert!(!control.hits().is_empty(), "{}", search.secrets[index]);
        }
    }
}

fn request(to: &Recipient) -> Request {
    let grant = Grant::for_subject(SUBJECT).scope("read").metadata("plan", PLAN);
    Request::login(to).bind("amount", AMOUNT).grant(grant)
}

fn submission(id: &OtpId, code: &str) -> Submission {
    Submission::by_id(id, code).login().bind("amount", AMOUNT)
}

#[test]
fn nothing_shows_in_a_flow_that_goes_well() {
    let mut scene = Scene::set();
    for address in [ADDRESS, NUMBER] {
        let person = recipient(address);
        let with_grant = request(&person);
        scene.search.debug(&with_grant);
        scene.search.debug(&with_grant.clone().by_recipient().decoy(true));
        let sent = scene.send(&with_grant.template(TEXT));
        scene.search.debug(&scene.outbox.code_for(&person));
        scene.search.debug(&person);
        let code = sent.expose().code.to_owned();
        let tokens = scene.exchange(submission(&sent.otp_id, &code));
        let next = block_on(scene.otp.refresh(tokens.refresh.as_ref().unwrap().expose())).unwrap();
        scene.hide_tokens(&next);
        scene.search.debug(&block_on(scene.otp.authenticate(next.access.expose())));

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
    }
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
    ];
    for thing in things {
        scene.search.debug(thing);
    }
    scene.search.debug(&Token::new("a-token-made-by-an-issuer"));
    scene.search.hide("a-token-made-by-an-issuer");
    scene.search.debug(&Principal::new("till-4").scope("read"));
    scene.search.debug(&policy());
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

#[test]
fn nothing_shows_in_an_error_of_a_send() {
    let mut scene = Scene::set();
    let person = recipient(ADDRESS);
    let bad = [
        request(&person).template(format!("{TEXT}{TEXT}")),
        request(&person).locale(AMOUNT),
        request(&person).bind("amount", AMOUNT),
        request(&person).bind("name\n", AMOUNT),
        request(&person).grant(Grant::for_subject(format!("{SUBJECT}\n"))),
        request(&person).grant(Grant::new().scope(format!("{SUBJECT} {SUBJECT}"))),
        request(&person).grant(Grant::new().redirect_to(format!("https://eve.example/{SUBJECT}"))),
        request(&person).grant(Grant::new().metadata("plan", PLAN.repeat(100))),
        Request::new(format!("{AMOUNT} {AMOUNT}"), &person),
    ];
    for request in bad {
        let error = block_on(scene.otp.send(request)).unwrap_err();
        assert!(matches!(error, SendError::Request(_)), "{error:?}");
        scene.search.error(&error);
    }
    for delivery in [Delivery::Permanent, Delivery::Transient, Delivery::RequestLost, Delivery::ReplyLost] {
        scene.clock.advance(seconds(24 * 3600));
        scene.loud.outbox.fail(0, delivery);
        let error = block_on(scene.otp.send(request(&person).template(TEXT))).unwrap_err();
        if let SendError::Undelivered { receipt, .. } = &error {
            scene.hide_receipt(receipt);
        }
        scene.search.error(&error);
    }
    let waiting = block_on(scene.otp.send(request(&person))).unwrap_err();
    assert!(matches!(waiting, SendError::Wait { .. }), "{waiting:?}");
    scene.search.error(&waiting);
    for reply in [Reply::NotApplied, Reply::Permanent, Reply::RequestLost, Reply::ReplyLost] {
        scene.clock.advance(seconds(24 * 3600));
        for call in 0..4 {
            scene.store.fail(call, reply);
        }
        scene.search.error(&block_on(scene.otp.send(request(&person))).unwrap_err());
        // What is left of those failures happens to calls that do not count.
        for _ in 0..6 {
            block_on(scene.otp.consecutive_failures(&person)).ok();
        }
    }
    let sent = scene.send(&request(&person));
    scene.clock.advance(seconds(3600));
    scene.search.error(&block_on(scene.otp.deliver(&sent.otp_id)).unwrap_err());
    scene.done();
}

#[test]
fn nothing_shows_in_an_error_of_an_exchange_or_a_token() {
    let mut scene = Scene::set();
    let person = recipient(ADDRESS);
    let sent = scene.send(&request(&person));
    let code = sent.expose().code.to_owned();
    let wrong = other_than(&code);
    scene.search.hide(&wrong);
    let mut submissions = vec![
        submission(&sent.otp_id, &wrong),
        submission(&sent.otp_id, &code).bind("amount", AMOUNT),
        Submission::by_id(&sent.otp_id, &code),
        Submission::by_id(&sent.otp_id, &code).purpose(format!("{AMOUNT} {AMOUNT}")),
        Submission::by_recipient(&person, &code).login(),
        submission(&sent.otp_id, &code).bind("payee\n", AMOUNT),
    ];
    for strange in ["!", "\0", "é", "0"] {
        submissions.push(submission(&sent.otp_id, &format!("{code}{strange}")));
        submissions.push(submission(&sent.otp_id, &format!("{strange}{}", &code[1..])));
    }
    for submission in submissions {
        scene.search.debug(&submission);
        scene.search.error(&block_on(scene.otp.verify(submission)).unwrap_err());
    }
    let tokens = scene.exchange(submission(&sent.otp_id, &code));
    let (access, refresh) = (tokens.access.expose(), tokens.refresh.as_ref().unwrap().expose());
    for token in [access, refresh, &access[..70], &format!("{refresh}A"), &format!("Bearer {access}")] {
        let errors: [Option<TokenError>; 3] = [
            block_on(scene.otp.authenticate(&format!("{token} "))).err(),
            block_on(scene.otp.refresh(&format!("{}A", &token[..token.len() - 2]))).err(),
            block_on(scene.otp.revoke(&token[1..])).err(),
        ];
        for error in errors.iter().flatten() {
            scene.search.error(error);
        }
    }
    scene.search.error(&block_on(scene.otp.authenticate(refresh)).unwrap_err());
    scene.search.error(&block_on(scene.otp.refresh(access)).unwrap_err());
    for reply in [Reply::NotApplied, Reply::Permanent] {
        scene.store.fail(0, reply);
        scene.search.error(&block_on(scene.otp.authenticate(access)).unwrap_err());
    }
    // A service with other keys meets the same entries.
    let store = scene.store.clone();
    let other = Keyring::new(&NAMING, b"another-sealing-secret-7890123456").unwrap();
    scene.search.hide_bytes(b"another-sealing-secret-7890123456");
    let other =
        Exchanger::builder(store, scene.outbox.clone(), other).clock(scene.clock.clone()).build().unwrap();
    scene.search.error(&block_on(other.authenticate(access)).unwrap_err());
    scene
        .search
        .error(&block_on(other.verify(Submission::by_recipient(&person, "123456").login())).unwrap_err());
    scene.search.error(&block_on(other.verify(submission(&sent.otp_id, "123456"))).unwrap_err());
    scene.done();
}

#[test]
fn nothing_shows_in_an_error_of_a_parser_or_builder() {
    let mut scene = Scene::set();
    for end in ["\n", "\0", "é", " ", "@", "..", ",x"] {
        for address in [ADDRESS, NUMBER] {
            // A number with an `@` behind it is an email address; everything else here is none.
            match Recipient::parse(&format!("{address}{end}x")) {
                Ok(odd) => assert_eq!((address, end), (NUMBER, "@"), "{odd:?}"),
                Err(error) => scene.search.error(&error),
            }
        }
    }
    let code = "CANARY7CODE7CANARY77";
    scene.search.hide(code);
    for typed in [format!("{code}!"), format!("{code}é"), format!("{code}{code}"), code.to_owned()] {
        scene.search.error(&Otp::default().parse(&typed).unwrap_err());
    }
    let sent = scene.send(&request(&ada()));
    let id = sent.otp_id.to_string();
    scene.search.error(&id[..80].parse::<OtpId>().unwrap_err());
    scene.search.error(&serde_json::from_value::<OtpId>(id[..80].into()).unwrap_err());
    scene.search.error(&Keyring::new(&NAMING, &NAMING).unwrap_err());
    scene.search.error(&Keyring::new(&NAMING[..31], &SEALING).unwrap_err());
    scene.search.error(&keyring().open_only(&SEALING).unwrap_err());
    scene.search.error(&keyring().namespace(&format!("{SUBJECT}\n")).unwrap_err());
    scene.search.error(&Sealed::from_bytes(NAMING.to_vec()).unwrap_err());
    scene.search.error(&EntropyError::new("no device"));
    let builder = || Exchanger::builder(memory(), Outbox::new(), keyring());
    let policy = Policy::default().allow_redirect(format!("javascript:{SUBJECT}"));
    scene.search.error(&builder().policy(policy).build().unwrap_err());
    scene.search.error(&builder().policy(Policy::default().attempts(0)).build().unwrap_err());
    scene.done();
}

#[test]
fn a_foreign_proof_shows_nothing() {
    let mut scene = Scene::set();
    let person = recipient(ADDRESS);
    let sent = scene.send(&request(&person));
    let code = sent.expose().code.to_owned();
    let proof = block_on(scene.otp.verify(submission(&sent.otp_id, &code))).unwrap();
    let tenant = keyring().namespace("tenant-b").unwrap();
    let other = Exchanger::builder(memory(), Outbox::new(), tenant).build().unwrap();
    let error = block_on(other.grant(proof)).unwrap_err();
    assert!(matches!(error, ExchangeError::ForeignProof), "{error:?}");
    scene.search.error(&error);
    scene.done();
}
