//! Through the exchanger: signing in, checking, refreshing, logging out and taking back, by each algorithm
//! and back-end.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{API, ISSUER, issue, keys, parts, providers, recognised};
use otp_exchange::testkit::{CountingStore, ManualClock};
use otp_exchange::{
    ExchangeError, Exchanger, Grant, Keyring, MAX_GRANT_BYTES, MemoryStore, Outbox, Recipient, Request,
    Submission, Token, TokenError, TokenIssuer, Tokens,
};
use otp_exchange_jwt::{
    Audience, BuildError, IssueError, Jwks, JwtIssuer, JwtVerifier, MAX_TOKEN_BYTES, SigningKey, VerifyError,
    VerifyingKey, aws_lc_rs,
};
use pollster::FutureExt;

struct Service {
    otp: Exchanger<CountingStore<MemoryStore>, Outbox, Arc<JwtIssuer>>,
    issuer: Arc<JwtIssuer>,
    store: CountingStore<MemoryStore>,
    outbox: Outbox,
    clock: ManualClock,
}

fn service(issuer: JwtIssuer) -> Service {
    let (outbox, clock, issuer) = (Outbox::new(), ManualClock::default(), Arc::new(issuer));
    let store = CountingStore::new(MemoryStore::with_clock(100, clock.clone()));
    let otp = Exchanger::builder(store.clone(), outbox.clone(), Keyring::generate().unwrap())
        .issuer(Arc::clone(&issuer))
        .clock(clock.clone())
        .build()
        .unwrap();
    Service { otp, issuer, store, outbox, clock }
}

/// One service for each algorithm and back-end.
fn services() -> impl Iterator<Item = (String, Service)> {
    providers().into_iter().flat_map(|(name, provider)| {
        keys(provider)
            .map(|key| (format!("{:?}, {name}", key.algorithm()), service(crate::common::issuer(key))))
    })
}

impl Service {
    fn sign_in(&self, grant: Grant) -> Result<Tokens, ExchangeError> {
        let ada = Recipient::parse("ada@example.org").unwrap();
        self.clock.advance(Duration::from_secs(3600)); // sends are spaced
        let sent = self.otp.send(Request::login(&ada).grant(grant)).block_on().unwrap();
        let code = self.outbox.code_for(&ada).unwrap();
        self.otp.exchange(Submission::by_id(&sent.otp_id, code.expose()).login()).block_on()
    }

    fn tokens(&self) -> Tokens {
        self.sign_in(Grant::new().scope("profile:read").metadata("app", "shop")).unwrap()
    }

    fn lets_in(&self, access: &str) -> bool {
        match self.otp.authenticate(access).block_on() {
            Ok(_) => true,
            Err(TokenError::Refused) => false,
            Err(other) => panic!("{other}"),
        }
    }
}

fn is_dead(service: &Service, tokens: Tokens) -> bool {
    let refreshed = service.otp.refresh(tokens.refresh.unwrap().expose()).block_on();
    matches!(refreshed, Err(TokenError::Refused))
}

#[test]
fn a_token_is_checked_without_the_store_and_says_all_the_claims() {
    for (name, service) in services() {
        let tokens = service.tokens();
        let loads = service.store.loads();
        let who = service.otp.authenticate(tokens.access.expose()).block_on().unwrap();
        assert_eq!(who, tokens.claims, "{name}");
        assert_eq!(who.metadata["app"], "shop", "{name}");
        assert_eq!(service.store.loads(), loads, "{name}");
    }
}

#[test]
fn the_same_claims_give_a_token_that_says_the_same() {
    for (name, service) in services() {
        let tokens = service.tokens();
        let again = issue(&service.issuer, &tokens.claims);
        assert_eq!(parts(&again)[..2], parts(tokens.access.expose())[..2], "{name}");
    }
}

#[test]
fn an_altered_or_expired_one_is_refused() {
    for (name, service) in services() {
        let tokens = service.tokens();
        let access = tokens.access.expose();
        let altered = access.replacen(&access[100..101], if &access[100..101] == "A" { "B" } else { "A" }, 1);
        assert!(!service.lets_in(&altered) && !service.lets_in(""), "{name}");
        assert!(!service.lets_in(tokens.refresh.as_ref().unwrap().expose()), "{name}");
        service.clock.advance(Duration::from_millis(599_999));
        assert!(service.lets_in(access), "{name}");
        service.clock.advance(Duration::from_millis(1));
        assert!(!service.lets_in(access), "{name}");
    }
}

#[test]
fn refreshing_signs_anew_and_logging_out_ends_the_family() {
    for (name, service) in services() {
        let tokens = service.tokens();
        service.clock.advance(Duration::from_secs(60));
        let refresh = tokens.refresh.as_ref().unwrap().expose();
        assert!(!refresh.contains('.'), "{name}: refresh tokens are opaque");
        let next = service.otp.refresh(refresh).block_on().unwrap();
        assert_ne!(next.access.expose(), tokens.access.expose(), "{name}");
        assert_eq!(next.claims.session, tokens.claims.session, "{name}");
        assert!(service.lets_in(next.access.expose()), "{name}");
        // With an expired token, too: it still names the family.
        service.clock.advance(Duration::from_secs(3600));
        service.otp.revoke_family(tokens.access.expose()).block_on().unwrap();
        assert!(is_dead(&service, next), "{name}");
    }
}

#[test]
fn taking_back_a_token_takes_back_its_family_and_a_forged_one_nothing() {
    for (name, service) in services() {
        let tokens = service.tokens();
        let access = tokens.access.expose();
        let forged = format!("{}.{}.{}", parts(access)[0], parts(access)[1], "A".repeat(86));
        service.otp.revoke(&forged).block_on().unwrap();
        let next = service.otp.refresh(tokens.refresh.as_ref().unwrap().expose()).block_on().unwrap();
        service.otp.revoke(access).block_on().unwrap();
        assert!(is_dead(&service, next), "{name}");
    }
}

#[test]
fn a_verifier_takes_what_the_issuer_made_until_it_is_over() {
    for (name, service) in services() {
        let keys = service.issuer.jwks().into_iter().chain([VerifyingKey::hs256(
            aws_lc_rs(),
            crate::common::material().secret,
        )
        .unwrap()]);
        let verifier = |issuer: &str, audience: &str, leeway| {
            JwtVerifier::builder(issuer, audience, keys.clone())
                .leeway(Duration::from_secs(leeway))
                .clock(service.clock.clone())
                .build()
        };
        let (strict, lax) = (verifier(ISSUER, API, 0).unwrap(), verifier(ISSUER, API, 60).unwrap());
        let tokens = service.tokens();
        let access = tokens.access.expose();
        assert_eq!(strict.verify(access).as_ref(), Ok(&tokens.claims), "{name}");
        let elsewhere =
            [(ISSUER, "https://other.example"), ("https://other.example", API), ("https://id.example/", API)];
        for (issuer, audience) in elsewhere {
            assert_eq!(
                verifier(issuer, audience, 60).unwrap().verify(access),
                Err(VerifyError::Unknown),
                "{name}"
            );
        }
        service.clock.advance(Duration::from_millis(599_999));
        assert!(strict.verify(access).is_ok(), "{name}");
        service.clock.advance(Duration::from_millis(1));
        assert_eq!(strict.verify(access), Err(VerifyError::Expired), "{name}");
        assert!(lax.verify(access).is_ok(), "{name}");
        service.clock.advance(Duration::from_secs(60));
        assert_eq!(lax.verify(access), Err(VerifyError::Expired), "{name}");
        assert_eq!(verifier(ISSUER, API, 61).unwrap_err(), BuildError::Leeway);
    }
}

#[test]
fn a_verifier_allows_for_an_issuer_whose_clock_is_30_seconds_ahead() {
    let [key, ..] = keys(aws_lc_rs());
    let issuer = crate::common::issuer(key);
    let claims = crate::common::claims();
    let token = issue(&issuer, &claims);
    let at = |seconds| {
        let clock = ManualClock::default();
        clock.set(claims.issued_at.saturating_sub(Duration::from_secs(seconds)));
        JwtVerifier::builder(ISSUER, API, issuer.jwks()).clock(clock).build().unwrap().verify(&token)
    };
    assert!(at(0).is_ok() && at(30).is_ok());
    assert_eq!(at(31), Err(VerifyError::NotYet));
}

#[test]
fn one_issuer_serves_many_applications_and_a_token_for_one_is_none_for_another() {
    let [key, ..] = keys(aws_lc_rs());
    let service = service(JwtIssuer::builder(ISSUER, Audience::from_metadata("app"), key).build().unwrap());
    let grant = |app: &str| Grant::new().metadata("app", app);
    let verifier = |app: &str| {
        let keys = Jwks::parse(aws_lc_rs(), &service.issuer.jwks().to_json()).unwrap();
        JwtVerifier::builder(ISSUER, app, keys).clock(service.clock.clone()).build().unwrap()
    };
    let tokens = service.sign_in(grant("shop")).unwrap();
    let access = tokens.access.expose();
    assert!(service.lets_in(access) && verifier("shop").verify(access).is_ok());
    assert_eq!(verifier("bank").verify(access), Err(VerifyError::Unknown));

    for grant in [Grant::new(), grant(""), grant(&"a".repeat(256))] {
        let Err(ExchangeError::Issuer(error)) = service.sign_in(grant) else {
            panic!("no audience, no token")
        };
        let cause = error.cause().downcast_ref::<IssueError>().unwrap();
        assert_eq!(cause, &IssueError::Audience { metadata: "app".to_owned() });
    }
    assert!(service.sign_in(grant(&"a".repeat(255))).is_ok());
}

#[test]
fn the_largest_grant_makes_a_token_below_what_is_read() {
    let [_, _, key, _] = keys(aws_lc_rs());
    let everywhere = "\"".repeat(255);
    let largest = |character: &str, audience: Audience, text: &str| {
        let key = SigningKey::rs256_der(aws_lc_rs(), &crate::common::material().rsa).unwrap();
        let issuer = JwtIssuer::builder(text, audience, key.named("a".repeat(64)).unwrap()).client_id(text);
        let service = service(issuer.build().unwrap());
        // Two bytes are counted for each text.
        let filler = character.repeat(MAX_GRANT_BYTES - 255 - "appfiller".len() - 8);
        let grant = Grant::new().metadata("app", character.repeat(255)).metadata("filler", filler);
        let tokens = service.sign_in(grant).unwrap();
        assert!(service.lets_in(tokens.access.expose()));
        tokens.access.expose().len()
    };
    let plain = largest("a", Audience::from(API), ISSUER);
    let escaped = largest("\"", Audience::from_metadata("app"), &everywhere);
    assert!(plain < 4096, "{plain}");
    assert!((4096..MAX_TOKEN_BYTES).contains(&escaped), "{escaped}");

    let mut claims = crate::common::claims();
    claims.subject = "a".repeat(MAX_TOKEN_BYTES);
    let error = crate::common::issuer(key).issue(&claims, Token::new("")).block_on().unwrap_err();
    assert!(matches!(error.cause().downcast_ref(), Some(IssueError::TooLong { .. })));
}

#[test]
fn an_issuer_that_could_not_be_told_from_another_is_none() {
    let key = || keys(aws_lc_rs()).into_iter().next().unwrap();
    for text in ["", "two\nlines", &"a".repeat(256)] {
        let made = JwtIssuer::builder(text, API, key()).build();
        assert_eq!(made.unwrap_err(), BuildError::Text { what: "issuer" });
        let made = JwtIssuer::builder(ISSUER, text, key()).build();
        assert_eq!(made.unwrap_err(), BuildError::Text { what: "audience" });
        let made = JwtIssuer::builder(ISSUER, API, key()).client_id(text).build();
        assert_eq!(made.unwrap_err(), BuildError::Text { what: "client id" });
    }
    let twice = JwtIssuer::builder(ISSUER, API, key()).verify_only(key()).build();
    assert_eq!(twice.unwrap_err(), BuildError::SameId { id: key().id().to_owned() });
    assert_eq!(JwtVerifier::builder(ISSUER, API, []).build().unwrap_err(), BuildError::NoKeys);
}

#[test]
fn what_a_list_with_spaces_cannot_hold_is_not_signed() {
    let [key, ..] = keys(aws_lc_rs());
    let issuer = crate::common::issuer(key);
    for scope in ["", "a b"] {
        let mut claims = crate::common::claims();
        claims.scopes.push(scope.to_owned());
        let error = issuer.issue(&claims, Token::new("")).block_on().unwrap_err();
        assert_eq!(error.cause().downcast_ref(), Some(&IssueError::Scope));
    }
    let mut claims = crate::common::claims();
    claims.scopes.clear();
    assert_eq!(recognised(&issuer, &issue(&issuer, &claims)), Some(claims));
}

#[test]
fn a_token_says_what_rfc_9068_asks_for() {
    let [key, ..] = keys(aws_lc_rs());
    let id = key.id().to_owned();
    let issuer = JwtIssuer::builder(ISSUER, API, key).client_id("web").build().unwrap();
    let token = issue(&issuer, &crate::common::claims());
    let json = |part: &str| serde_json::from_str::<serde_json::Value>(&crate::common::decode(part)).unwrap();
    assert_eq!(json(parts(&token)[0]), serde_json::json!({"alg": "ES256", "kid": id, "typ": "at+jwt"}));
    assert_eq!(
        json(parts(&token)[1]),
        serde_json::json!({
            "iss": ISSUER, "sub": "ada@example.org", "aud": API, "client_id": "web",
            "iat": 1_700_000_000, "exp": 1_700_000_600, "iat_ms": 123, "exp_ms": 123,
            "jti": "AAECAwQFBgcICQoLDA0ODw.1700000000123", "sid": "AAECAwQFBgcICQoLDA0ODw",
            "scope": "profile:read orders", "purpose": "login",
            "metadata": {"app": "shop", "plan": "\"pro\" \\ é"},
        })
    );
}
