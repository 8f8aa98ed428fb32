//! A service whose ports log whatever they are handed, and a search through all that was shown.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use otp_exchange::testkit::{FaultyNotifier, FaultyStore, ManualClock};
use otp_exchange::{
    Accepted, Claims, ClientKey, CodeAlone, DialCode, Event, ExchangeError, Exchanger, Grant, IssuerError,
    Kind, MemoryStore, Message, Notifier, NotifyError, Observer, Otp, OtpId, Outbox, Policy, Quota, Receipt,
    Recipient, Recognised, Request, Submission, TestRecipient, Timestamp, Token, TokenIssuer, Tokens,
    Waiting,
};
use serde::Serialize;

use crate::common::{NAMING, SEALING, block_on, keyring, memory, recipient, seconds, seeded, whole_story};

pub(crate) const ADDRESS: &str = "Ada.Canary@Example.org";
pub(crate) const NUMBER: &str = "+32412345678";
pub(crate) const TEXT: &str = "Words-Of-The-Message {{CODE}} for {{PAYEE}}";
pub(crate) const AMOUNT: &str = "98765432.10 XTS";
pub(crate) const PAYEE: &str = "Payee-Of-The-Canary";
pub(crate) const NOTE: &str = "Note-Of-The-Canary";
pub(crate) const PRESS: &str = "Press-Of-The-Canary";
pub(crate) const BROWSER: &str = "Client-Of-The-Canary";
pub(crate) const IP: &str = "203.0.113.77";
pub(crate) const TESTER: &str = "Tester.Canary@Example.org";
pub(crate) const FIXED: &str = "FIXED7CODE7OF7CANARY";
pub(crate) const SUBJECT: &str = "Subject-Of-The-Canary";
pub(crate) const PLAN: &str = "Metadata-Of-The-Canary";

/// What may not be seen, and where it was looked for.
#[derive(Default)]
pub(crate) struct Search {
    secrets: Vec<String>,
    seen: Vec<String>,
}

impl Search {
    pub(crate) fn hide(&mut self, secret: &str) {
        assert!(secret.len() >= 8, "too short to be told from chance: {secret}");
        self.secrets.push(secret.to_lowercase());
    }

    /// Bytes, in the ways bytes are shown.
    pub(crate) fn hide_bytes(&mut self, bytes: &[u8]) {
        self.hide(&String::from_utf8_lossy(bytes));
        self.hide(&bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat());
        self.hide(format!("{bytes:?}").trim_matches(['[', ']']));
    }

    pub(crate) fn look(&mut self, shown: impl Into<String>) {
        self.seen.push(shown.into().to_lowercase());
    }

    /// Both forms of `Debug`.
    pub(crate) fn debug(&mut self, value: &dyn Debug) {
        self.look(format!("{value:?}"));
        self.look(format!("{value:#?}"));
    }

    pub(crate) fn error(&mut self, error: &dyn Error) {
        self.look(whole_story(error));
        self.debug(&error);
    }

    pub(crate) fn json(&mut self, value: &impl Serialize) {
        self.look(serde_json::to_string(value).unwrap());
    }

    fn hits(&self) -> Vec<(&str, &str)> {
        let pairs = self.secrets.iter().flat_map(|secret| self.seen.iter().map(move |seen| (secret, seen)));
        pairs.filter(|(secret, seen)| seen.contains(*secret)).map(|(a, b)| (a.as_str(), b.as_str())).collect()
    }
}

/// A notifier, issuer and observer that log whatever they are handed.
#[derive(Clone, Debug)]
pub(crate) struct Loud {
    pub(crate) outbox: FaultyNotifier<Outbox>,
    pub(crate) log: Arc<Mutex<Vec<String>>>,
    /// Which kinds of event there were.
    pub(crate) kinds: Arc<Mutex<BTreeSet<String>>>,
}

impl Notifier for Loud {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        self.log.lock().unwrap().push(format!("{message:?} {message:#?}"));
        self.outbox.notify(message).await
    }
}

impl Observer for Loud {
    fn observe(&self, event: &Event) {
        let shown = format!("{event:?}");
        self.kinds.lock().unwrap().extend(shown.split(' ').next().map(str::to_owned));
        self.log.lock().unwrap().push(format!("{shown} {event:#?}"));
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

pub(crate) type Service = Exchanger<FaultyStore<MemoryStore>, Loud, Loud>;

pub(crate) struct Scene {
    pub(crate) otp: Service,
    pub(crate) store: FaultyStore<MemoryStore>,
    pub(crate) loud: Loud,
    pub(crate) outbox: Outbox,
    pub(crate) clock: ManualClock,
    pub(crate) search: Search,
}

/// Codes of 20 characters, whose finding cannot be chance; and everything on that there is.
pub(crate) fn policy() -> Policy {
    let plenty = Quota::new(1000, seconds(3600));
    Policy::default()
        .otp(Otp::new(Kind::Alphanumeric, 20).unwrap())
        .code_alone(CodeAlone::default())
        .client_checks(plenty)
        .dial_code_sends(plenty)
        .service_sends(plenty)
        .deny_dial_codes([DialCode::parse("33").unwrap()])
        .test_recipient(TestRecipient::new(recipient(TESTER), FIXED, Timestamp::MAX).unwrap())
}

impl Scene {
    pub(crate) fn set() -> Self {
        let (clock, outbox) = (ManualClock::default(), Outbox::new());
        let store = FaultyStore::new(memory());
        let loud =
            Loud { outbox: FaultyNotifier::new(outbox.clone()), log: Arc::default(), kinds: Arc::default() };
        let otp = Exchanger::builder(store.clone(), loud.clone(), keyring())
            .issuer(loud.clone())
            .observer(loud.clone())
            .policy(policy())
            .clock(clock.clone())
            .entropy(seeded(4))
            .build()
            .unwrap();
        let mut search = Search::default();
        search.hide_bytes(&NAMING);
        search.hide_bytes(&SEALING);
        let people = [ADDRESS, NUMBER, &NUMBER[1..], "Ada.Canary", TESTER, "Tester.Canary", BROWSER, IP];
        let words = [AMOUNT, PAYEE, NOTE, PRESS, FIXED, SUBJECT, PLAN, &TEXT[..20]];
        for text in people.into_iter().chain(words) {
            search.hide(text);
        }
        Self { otp, store, loud, outbox, clock, search }
    }

    pub(crate) fn send(&mut self, request: &Request) -> Receipt {
        self.clock.advance(seconds(15 * 60)); // more than any spacing
        let sent = block_on(self.otp.send(request.clone())).unwrap();
        self.hide_receipt(&sent);
        sent
    }

    pub(crate) fn hide_receipt(&mut self, receipt: &Receipt) {
        self.search.hide(receipt.expose().code);
        self.search.hide(receipt.expose().text);
        self.search.debug(receipt);
        self.search.debug(&receipt.expose());
    }

    pub(crate) fn exchange(&mut self, submission: Submission) -> Tokens {
        self.search.debug(&submission);
        let tokens = block_on(self.otp.exchange(submission)).unwrap();
        self.hide_tokens(&tokens);
        tokens
    }

    pub(crate) fn hide_tokens(&mut self, tokens: &Tokens) {
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

    pub(crate) fn done(mut self) {
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

pub(crate) fn request(to: &Recipient) -> Request {
    let grant = Grant::for_subject(SUBJECT).scope("read").metadata("plan", PLAN);
    let bound = Request::login(to).bind("amount", AMOUNT).bind("payee", PAYEE).bind("note", NOTE);
    bound.grant(grant).client(ClientKey::new(BROWSER))
}

pub(crate) fn submission(id: &OtpId, code: &str) -> Submission {
    bound(Submission::by_id(id, code).login())
}

pub(crate) fn bound(submission: Submission) -> Submission {
    let bound = submission.bind("amount", AMOUNT).bind("payee", PAYEE).bind("note", NOTE);
    bound.client(ClientKey::ip(IP.parse().unwrap()))
}

pub(crate) fn is_wait(error: &ExchangeError) -> bool {
    matches!(error, ExchangeError::Wait { why: Waiting::ClientChecks, .. })
}
