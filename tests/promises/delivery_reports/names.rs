//! The name carriers know a delivery by: nobody can make one, and it is no otp id.

use std::collections::BTreeSet;

use otp_exchange::{
    DeliveryId, DeliveryIdError, ExchangeError, Exchanger, Keyring, OtpId, OtpIdError, Outbox, ReportError,
    Request, SendError, StatusError, Submission, SubmissionError,
};

use super::{Delivered, Failed, Home, QUARTER, Sent, delivery_id, heard, report, send};
use crate::common::{House, NAMING, SEALING, ada, block_on, keyring, login, memory, recipient, seconds};

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Refused without asking the store.
fn is_refused(house: &Home, id: &DeliveryId) -> bool {
    let calls = house.calls();
    let answer = block_on(house.otp.report(id, Delivered));
    assert_eq!(house.calls(), calls, "the store was not asked");
    matches!(answer, Err(ReportError::DeliveryId(DeliveryIdError)))
}

#[test]
fn a_delivery_id_is_no_otp_id_and_an_otp_id_is_no_delivery_id() {
    let house = House::new();
    let (sent, id) = send(&house);
    assert!(is_refused(&house, &sent.otp_id.to_string().parse().unwrap()));
    let posing: OtpId = id.to_string().parse().unwrap();
    let (calls, code) = (house.calls(), house.code(&ada()));
    assert!(matches!(block_on(house.otp.status(&posing)), Err(StatusError::OtpId(OtpIdError::Altered))));
    assert!(matches!(block_on(house.otp.cancel(&posing)), Err(StatusError::OtpId(OtpIdError::Altered))));
    assert!(matches!(block_on(house.otp.deliver(&posing)), Err(SendError::OtpId(OtpIdError::Altered))));
    // What a carrier has: the code it read, and this.
    let answer = block_on(house.otp.verify(Submission::by_id(&posing, &code).login()));
    assert!(
        matches!(answer, Err(ExchangeError::Submission(SubmissionError::OtpId(OtpIdError::Altered)))),
        "{answer:?}"
    );
    assert_eq!(house.calls(), calls, "the store was not asked");
    report(&house, &id, Sent);
    assert!(block_on(house.otp.verify(login(&sent.otp_id, &code))).is_ok());
}

#[test]
fn a_name_altered_in_any_place_names_nothing() {
    let house = House::new();
    let (sent, id) = send(&house);
    let text = id.to_string();
    let (mut malformed, mut altered) = (0, 0);
    for place in 0..text.len() {
        for &other in ALPHABET {
            let mut bytes = text.clone().into_bytes();
            bytes[place] = other;
            let changed = String::from_utf8(bytes).unwrap();
            if changed == text {
                continue;
            }
            // The last character has two bits to spare, which have to be 0: one name has one spelling.
            match changed.parse::<DeliveryId>() {
                Ok(changed) => {
                    assert!(is_refused(&house, &changed));
                    altered += 1;
                }
                Err(DeliveryIdError) => malformed += 1,
            }
        }
    }
    assert_eq!((altered, malformed), (86 * 63 + 15, 48));
    assert_eq!(heard(&house, &sent.otp_id), None);
}

#[test]
fn as_text_it_is_87_characters_of_base64url_and_nothing_else_is_read() {
    let house = House::new();
    let (_, id) = send(&house);
    let text = id.to_string();
    assert_eq!(text.len(), 87);
    assert!(text.bytes().all(|byte| ALPHABET.contains(&byte)), "it needs no escaping in a URL: {text}");
    assert_eq!(text.parse(), Ok(id));
    assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
    assert_eq!(serde_json::from_str::<DeliveryId>(&format!("\"{text}\"")).unwrap(), id);
    for bad in ["", "x", &text[1..], &format!("{text}="), &format!(" {text}"), &format!("{text}\n"), "é"] {
        assert_eq!(bad.parse::<DeliveryId>(), Err(DeliveryIdError), "{bad:?}");
        assert!(serde_json::from_value::<DeliveryId>(bad.into()).is_err(), "{bad:?}");
    }
    assert!("é".repeat(5_000).parse::<DeliveryId>().is_err());
    assert!(!DeliveryIdError.to_string().contains(&text));
}

#[test]
fn all_deliveries_of_a_code_have_one_name_and_no_two_codes_have() {
    let (memory, clock) = (memory(), otp_exchange::testkit::ManualClock::default());
    let [here, there] = [(); 2].map(|()| House::on(memory.clone(), clock.clone(), super::patient()));
    let (sent, first) = send(&here);
    for (process, spacing) in [(&here, 30), (&there, 60), (&here, 120)] {
        clock.advance(seconds(spacing));
        block_on(process.otp.deliver(&sent.otp_id)).unwrap();
        assert_eq!(delivery_id(process), first, "in any process");
    }
    report(&there, &first, Failed);
    assert_eq!(heard(&here, &sent.otp_id), Some(Failed));

    let mut names = BTreeSet::from([first.to_string()]);
    for number in 0..1_000 {
        let somebody = recipient(&format!("person-{}@example.org", number % 500));
        block_on(here.otp.send(Request::login(&somebody).client(crate::common::client(number)))).unwrap();
        names.insert(here.outbox.read(&somebody, otp_exchange::Message::delivery_id).unwrap().to_string());
        clock.advance(seconds(30));
    }
    assert_eq!(names.len(), 1_001);
    // Version and key id begin all of them; what follows has nothing in common, one recipient or two.
    let differ = names.iter().map(|name| &name[7..]).collect::<BTreeSet<_>>();
    let places = (7..87)
        .all(|place| names.iter().map(|name| name.as_bytes()[place]).collect::<BTreeSet<_>>().len() > 15);
    assert!(differ.len() == 1_001 && places);
}

#[test]
fn a_name_of_another_service_names_nothing_here() {
    let other = |keyring: Keyring| {
        let outbox = Outbox::new();
        let otp = Exchanger::builder(memory(), outbox.clone(), keyring).build().unwrap();
        block_on(otp.send(Request::login(&ada()))).unwrap();
        outbox.read(&ada(), otp_exchange::Message::delivery_id).unwrap()
    };
    let house = House::new();
    let (sent, id) = send(&house);
    assert!(is_refused(&house, &other(keyring().namespace("staging").unwrap())), "the same keys");
    assert!(is_refused(&house, &other(Keyring::new(&NAMING, b"another-sealing-secret-another-1").unwrap())));
    assert!(is_refused(&house, &other(Keyring::generate().unwrap())));
    report(&house, &other(keyring()), Delivered); // of its own, but the code lies in another store
    assert_eq!(heard(&house, &sent.otp_id), None);
    report(&house, &id, Delivered);
    assert_eq!(heard(&house, &sent.otp_id), Some(Delivered));
}

#[test]
fn a_name_outlives_its_sealing_key_while_that_opens() {
    const NEW: [u8; 32] = *b"new-sealing-secret-new-sealing-1";
    let (memory, outbox, clock) = (memory(), Outbox::new(), otp_exchange::testkit::ManualClock::default());
    let built = |keyring: Keyring| {
        let builder = Exchanger::builder(memory.clone(), outbox.clone(), keyring);
        builder.policy(super::patient()).clock(clock.clone()).build().unwrap()
    };
    let name = || outbox.read(&ada(), otp_exchange::Message::delivery_id).unwrap();
    let sent = block_on(built(keyring()).send(Request::login(&ada()))).unwrap();
    let before = name();
    let rotated = built(Keyring::new(&NAMING, &NEW).unwrap().open_only(&SEALING).unwrap());
    clock.advance(seconds(60));
    block_on(rotated.deliver(&sent.otp_id)).unwrap();
    let after = name();
    let look = || block_on(rotated.status(&sent.otp_id)).unwrap().expose_delivery();
    block_on(rotated.report(&before, Sent)).unwrap();
    assert_eq!(look(), Some(Sent), "notices of what was sent before the rotation find the code");
    block_on(rotated.report(&after, Delivered)).unwrap();
    assert_eq!(look(), Some(Delivered), "and so do those after it");
    clock.advance(QUARTER);
    let dropped = built(Keyring::new(&NAMING, &NEW).unwrap());
    assert!(block_on(dropped.report(&before, Sent)).is_err());
    assert!(block_on(dropped.report(&after, Sent)).is_ok());
}
