//! The issuer port fits tokens that carry their claims signed: checked without the store, refreshed and
//! revoked as ever.

use std::sync::Arc;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use otp_exchange::testkit::{CountingStore, ManualClock};
use otp_exchange::{
    Claims, Clock, ExchangeError, Exchanger, IssuerError, Keyring, MemoryStore, Outbox, Recipient,
    Recognised, Request, Submission, Token, TokenError, TokenIssuer, Tokens,
};
use pollster::FutureExt;
use sha2::Sha256;

/// Claims as JSON and a MAC over them, both base64url: the shape of a JWT, without its header.
struct Signing {
    key: [u8; 32],
    reachable: bool,
}

impl Signing {
    fn mac(&self, payload: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).unwrap();
        mac.update(payload.as_bytes());
        mac
    }
}

impl TokenIssuer for Signing {
    async fn issue(&self, claims: &Claims, _reference: Token) -> Result<Token, IssuerError> {
        if !self.reachable {
            return Err(IssuerError::new("the signing service is not reachable"));
        }
        let payload =
            Base64UrlUnpadded::encode_string(&serde_json::to_vec(claims).map_err(IssuerError::new)?);
        let mac = Base64UrlUnpadded::encode_string(&self.mac(&payload).finalize().into_bytes());
        Ok(Token::new(format!("{payload}.{mac}")))
    }

    async fn recognise(&self, token: &str) -> Result<Recognised, IssuerError> {
        let genuine = || {
            let (payload, mac) = token.split_once('.')?;
            let mac = Base64UrlUnpadded::decode_vec(mac).ok()?;
            self.mac(payload).verify_slice(&mac).ok()?;
            serde_json::from_slice(&Base64UrlUnpadded::decode_vec(payload).ok()?).ok()
        };
        Ok(genuine().map_or(Recognised::Unknown, Recognised::Claims))
    }
}

struct Service {
    otp: Exchanger<CountingStore<MemoryStore>, Outbox, Signing>,
    store: CountingStore<MemoryStore>,
    outbox: Outbox,
    clock: ManualClock,
}

fn service(reachable: bool) -> Service {
    let (outbox, clock) = (Outbox::new(), ManualClock::default());
    let store = CountingStore::new(MemoryStore::with_clock(100, clock.clone()));
    let otp = Exchanger::builder(store.clone(), outbox.clone(), Keyring::generate().unwrap())
        .issuer(Signing { key: [5; 32], reachable })
        .clock(clock.clone())
        .build()
        .unwrap();
    Service { otp, store, outbox, clock }
}

fn sign_in(service: &Service) -> Result<Tokens, ExchangeError> {
    let ada = Recipient::parse("ada@example.org").unwrap();
    let sent = service.otp.send(Request::login(&ada)).block_on().unwrap();
    let code = service.outbox.code_for(&ada).unwrap();
    service.otp.exchange(Submission::by_id(&sent.otp_id, code.expose()).login()).block_on()
}

#[test]
fn a_signed_token_is_checked_without_the_store() {
    let service = service(true);
    let tokens = sign_in(&service).unwrap();
    let loads = service.store.loads();
    let claims = service.otp.authenticate(tokens.access.expose()).block_on().unwrap();
    assert_eq!(claims, tokens.claims);
    assert_eq!(service.store.loads(), loads);
}

#[test]
fn an_altered_or_expired_one_is_refused() {
    let service = service(true);
    let tokens = sign_in(&service).unwrap();
    let refused =
        |token: &str| matches!(service.otp.authenticate(token).block_on(), Err(TokenError::Refused));
    let mut altered = tokens.access.expose().to_owned();
    altered.replace_range(10..11, if &altered[10..11] == "A" { "B" } else { "A" });
    assert!(refused(&altered) && refused("") && refused(tokens.refresh.as_ref().unwrap().expose()));
    service.clock.advance(Duration::from_secs(599));
    assert!(!refused(tokens.access.expose()));
    service.clock.advance(Duration::from_secs(1));
    assert!(refused(tokens.access.expose()), "the exchanger judges its life, whatever the issuer does");
}

#[test]
fn refreshing_signs_anew_and_revoking_by_the_signed_token_ends_the_family() {
    let service = service(true);
    let tokens = sign_in(&service).unwrap();
    service.clock.advance(Duration::from_secs(60));
    let next = service.otp.refresh(tokens.refresh.unwrap().expose()).block_on().unwrap();
    assert_ne!(next.access.expose(), tokens.access.expose());
    assert_eq!(next.claims.session, tokens.claims.session);
    service.otp.revoke_family(next.access.expose()).block_on().unwrap();
    let dead = service.otp.refresh(next.refresh.unwrap().expose()).block_on();
    assert!(matches!(dead, Err(TokenError::Refused)));
}

#[test]
fn a_signed_token_outlives_the_end_of_all_sessions_only_where_nobody_asks() {
    let service = service(true);
    let tokens = sign_in(&service).unwrap();
    let access = tokens.access.expose();
    let loads = service.store.loads();
    assert!(service.otp.authenticate_strictly(access).block_on().is_ok());
    assert_eq!(service.store.loads(), loads + 1);
    service.otp.revoke_subject("ada@example.org").block_on().unwrap();
    assert!(service.otp.authenticate(access).block_on().is_ok());
    assert!(matches!(service.otp.authenticate_strictly(access).block_on(), Err(TokenError::Refused)));
    let refreshed = service.otp.refresh(tokens.refresh.unwrap().expose()).block_on();
    assert!(matches!(refreshed, Err(TokenError::Refused)));
}

#[test]
fn logging_out_with_an_expired_token_ends_the_family_too() {
    let service = service(true);
    let tokens = sign_in(&service).unwrap();
    service.clock.advance(Duration::from_secs(3600));
    service.otp.revoke_family(tokens.access.expose()).block_on().unwrap();
    let dead = service.otp.refresh(tokens.refresh.unwrap().expose()).block_on();
    assert!(matches!(dead, Err(TokenError::Refused)));
}

#[test]
fn when_no_token_can_be_made_there_is_none_and_the_code_is_used_up() {
    let service = service(false);
    let Err(ExchangeError::Issuer(error)) = sign_in(&service) else { panic!("a token was made") };
    assert_eq!(error.to_string(), "token issuer: the signing service is not reachable");
    assert_eq!(error.cause().to_string(), "the signing service is not reachable");
    assert!(std::error::Error::source(&error).is_none(), "it is in the text already");
}

#[test]
fn revoking_a_signed_token_ends_its_family_and_an_unknown_one_is_no_error() {
    let service = service(true);
    let tokens = sign_in(&service).unwrap();
    service.otp.revoke("nobody's").block_on().unwrap();
    service.otp.revoke(tokens.access.expose()).block_on().unwrap();
    service.otp.revoke(tokens.access.expose()).block_on().unwrap();
    let dead = service.otp.refresh(tokens.refresh.unwrap().expose()).block_on();
    assert!(matches!(dead, Err(TokenError::Refused)));
}

#[test]
fn a_signed_token_of_before_a_restore_is_refused() {
    let service = service(true);
    let tokens = sign_in(&service).unwrap();
    let issued = service.clock.now();
    for (restored, good) in [(issued, true), (issued.saturating_add(Duration::from_millis(1)), false)] {
        // Several exchangers may share an issuer.
        let issuer = Arc::new(Signing { key: [5; 32], reachable: true });
        let builder = Exchanger::builder(service.store.clone(), Outbox::new(), Keyring::generate().unwrap());
        let after = builder.issuer(issuer).clock(service.clock.clone()).valid_from(restored).build().unwrap();
        let answer = after.authenticate(tokens.access.expose()).block_on();
        assert_eq!(answer.is_ok(), good, "{answer:?}");
    }
}
