//! Otp ids, delivery ids, tokens and session ids as text: what was changed, cut or made up opens nothing, writes
//! nothing and takes nothing back; what is read is written again letter by letter.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use otp_exchange::testkit::{CountingStore, ManualClock};
use otp_exchange::{
    Delivery, DeliveryId, ExchangeError, Exchanger, MalformedToken, MemoryStore, OtpId, OtpIdError, Outbox,
    Policy, ReportError, Request, SendError, SessionId, StatusError, Submission, SubmissionError, TokenError,
};
use otp_exchange_fuzz::{Text, ada, block_on, house};

#[derive(Arbitrary, Debug)]
struct Name {
    which: u8,
    text: Text,
}

struct House {
    otp: Exchanger<CountingStore<MemoryStore>, Outbox>,
    store: CountingStore<MemoryStore>,
    otp_id: String,
    code: String,
    access: String,
    refresh: String,
    /// All that was made here, and what another house made.
    genuine: Vec<String>,
}

/// One code that lives, one session; nothing may change them.
static HOUSE: LazyLock<House> = LazyLock::new(|| {
    let made = made_in("fuzz");
    let other = made_in("other");
    // What was made in another namespace is as good a beginning as what was made here.
    House { genuine: [made.genuine, other.genuine].concat(), ..made }
});

fn made_in(namespace: &str) -> House {
    let store = CountingStore::new(MemoryStore::with_clock(100, ManualClock::default()));
    let policy = Policy::default().send_spacing(std::time::Duration::ZERO);
    let (builder, outbox) = house(store.clone(), namespace, policy, &ManualClock::default());
    let otp = builder.build().expect("in range");
    block_on(async {
        let ada = ada();
        let first = otp.send(Request::login(&ada)).await.expect("sent");
        let submission = Submission::by_id(&first.otp_id, first.expose().code).login();
        let tokens = otp.exchange(submission).await.expect("right");
        let live = otp.send(Request::login(&ada)).await.expect("sent");
        let delivery = outbox.read(&ada, otp_exchange::Message::delivery_id).expect("a message");
        let (otp_id, code) = (live.otp_id.to_string(), live.expose().code.to_owned());
        let access = tokens.access.expose().to_owned();
        let refresh = tokens.refresh.expect("a login has one").expose().to_owned();
        let session = tokens.claims.session.to_string();
        let genuine = vec![otp_id.clone(), access.clone(), refresh.clone(), delivery.to_string(), session];
        House { otp, store, otp_id, code, access, refresh, genuine }
    })
}

fuzz_target!(|name: Name| {
    let house = &*HOUSE;
    let text = name.text.of(&house.genuine[usize::from(name.which) % house.genuine.len()]);
    let applied = house.store.applied();
    let ours = house.genuine[..5].contains(&text);
    block_on(async {
        otp_id(house, &text).await;
        delivery_id(house, &text, ours).await;
        session_id(&text);
        token(house, &text, ours).await;
        let who = house.otp.authenticate(&house.access).await.expect("the genuine one is still good");
        assert_eq!(who.subject, "ada@example.org");
        let live = house.otp.status(&house.otp_id.parse().expect("genuine")).await.expect("still alive");
        assert_eq!(live.attempts_left, 5);
    });
    assert_eq!(house.store.applied(), applied, "something was written");
});

async fn otp_id(house: &House, text: &str) {
    let parsed = text.parse::<OtpId>();
    let read = serde_json::from_value::<OtpId>(text.into());
    assert_eq!(read.as_ref().ok(), parsed.as_ref().ok());
    let id = match parsed {
        Ok(id) => id,
        Err(error) => return assert_eq!(error, OtpIdError::Malformed),
    };
    assert_eq!(id.to_string(), text);
    assert_eq!(serde_json::to_value(id).expect("a text"), text);
    if text == house.otp_id {
        return;
    }
    let foreign = |error: &OtpIdError| matches!(error, OtpIdError::UnknownKey | OtpIdError::Altered);
    let submission = Submission::by_id(&id, &house.code).login();
    match house.otp.verify(submission).await {
        Err(ExchangeError::Submission(SubmissionError::OtpId(error))) => assert!(foreign(&error)),
        other => panic!("{other:?}"),
    }
    match house.otp.deliver(&id).await {
        Err(SendError::OtpId(error)) => assert!(foreign(&error)),
        other => panic!("{other:?}"),
    }
    for answer in [house.otp.status(&id).await.err(), house.otp.cancel(&id).await.err()] {
        assert!(matches!(&answer, Some(StatusError::OtpId(error)) if foreign(error)), "{answer:?}");
    }
}

async fn delivery_id(house: &House, text: &str, ours: bool) {
    let Ok(id) = text.parse::<DeliveryId>() else { return };
    assert_eq!(id.to_string(), text);
    // An otp id has the same form, and is not one all the same.
    if ours && text != house.otp_id {
        return;
    }
    let answer = house.otp.report(&id, Delivery::Delivered).await;
    assert!(matches!(answer, Err(ReportError::DeliveryId(_))), "{answer:?}");
}

fn session_id(text: &str) {
    let parsed = text.parse::<SessionId>();
    let read = serde_json::from_value::<SessionId>(text.into());
    assert_eq!(read.ok(), parsed.ok());
    if let Ok(id) = parsed {
        assert_eq!(id.to_string(), text);
    }
}

async fn token(house: &House, text: &str, ours: bool) {
    let refused = |error: &TokenError| match error {
        TokenError::Refused | TokenError::Malformed(MalformedToken::Form) => true,
        // By its form it is a token of the other kind; nothing was asked.
        TokenError::Malformed(_) => text.len() == 71,
        _ => false,
    };
    if text != house.access {
        let strict = house.otp.authenticate_strictly(text).await;
        for answer in [house.otp.authenticate(text).await, strict] {
            assert!(matches!(&answer, Err(error) if refused(error)), "{answer:?}");
        }
    }
    if text != house.refresh {
        let answer = house.otp.refresh(text).await;
        assert!(matches!(&answer, Err(error) if refused(error)), "{answer:?}");
    }
    if !ours {
        for answer in [house.otp.revoke(text).await, house.otp.revoke_family(text).await] {
            assert!(
                matches!(&answer, Ok(()) | Err(TokenError::Malformed(MalformedToken::Form))),
                "{answer:?}"
            );
        }
    }
}
