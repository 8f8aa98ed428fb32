//! What the carrier calls a message: told to whoever may know the code, and to the observer.

use std::sync::Mutex;

use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    Accepted, ByChannel, Event, Exchanger, Message, Notifier, NotifyError, Receipt, Recipient, Request,
    SendError,
};

use crate::common::{
    Events, QUARTER, ada, block_on, desk, keeping, keyring, memory, patient, recipient, seconds,
};

/// Gives each message a name, or none.
struct Names(Mutex<Vec<Option<&'static str>>>);

impl Notifier for Names {
    async fn notify(&self, _message: &Message) -> Result<Accepted, NotifyError> {
        match self.0.lock().unwrap().pop() {
            Some(Some(name)) => Ok(Accepted::under(name)),
            Some(None) => Ok(Accepted::new()),
            None => Err(NotifyError::transient("busy")),
        }
    }
}

#[test]
fn the_carriers_own_name_for_a_message_is_told_to_the_caller_and_the_observer() {
    let (clock, events) = (ManualClock::default(), Events::default());
    let sms = Names(Mutex::new(vec![None, Some("SM.2"), Some("SM.1")]));
    let email = Names(Mutex::new(vec![Some("EM.1")]));
    let otp = Exchanger::builder(memory(), ByChannel::new(email, sms), keyring())
        .policy(patient())
        .clock(clock.clone())
        .observer(keeping(&events))
        .build()
        .unwrap();
    let phone = recipient("+32412345678");
    let request = || Request::login(&phone).fallback(&ada()).idempotency_key("this press of the button");
    let request = || request().lifetime(seconds(24 * 3600)).requested_by(desk());
    let name = |receipt: Receipt| {
        assert!(!format!("{receipt:?} {:?}", receipt.expose()).contains("M."), "not in passing");
        receipt.expose().message_id.map(str::to_owned)
    };
    let id = block_on(otp.issue(request())).unwrap();
    let (id, issued) = (id.otp_id, name(id));
    let deliver = || {
        clock.advance(QUARTER);
        name(block_on(otp.deliver(&id)).unwrap())
    };
    let delivered = [deliver(), deliver(), deliver(), deliver()];
    let expected = [Some("SM.1"), Some("SM.2"), None, Some("EM.1")].map(|name| name.map(str::to_owned));
    assert_eq!((issued, &delivered), (None, &expected), "the last by email");
    assert_eq!(name(block_on(otp.send(request())).unwrap()), None, "asked again, nothing is handed over");
    clock.advance(QUARTER);
    match block_on(otp.deliver(&id)) {
        Err(SendError::Undelivered { receipt, .. }) => assert_eq!(name(*receipt), None),
        other => panic!("{other:?}"),
    }
    clock.advance(QUARTER);
    let decoy = block_on(otp.send(Request::login(&phone).decoy(true))).unwrap();
    assert_eq!(name(decoy), None);
    let name_told = |event| match event {
        Event::HandedOver { deliveries, message_id, recipient, .. } => {
            Some((deliveries, message_id, recipient))
        }
        _ => None,
    };
    let told: Vec<_> =
        std::mem::take(&mut *events.lock().unwrap()).into_iter().filter_map(name_told).collect();
    let to = [&phone, &phone, &phone, &ada()].map(Recipient::masked);
    let expected: Vec<_> =
        expected.into_iter().zip(1..).zip(to).map(|((name, n), to)| (n, name, to)).collect();
    assert_eq!(told, expected);
}

/// Answers with a name made of what it was handed.
struct Echo(fn(&Message) -> String);

impl Notifier for Echo {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        Ok(Accepted::under((self.0)(message)))
    }
}

/// It goes into logs, which hold no code, no whole address, and nothing that ends a line.
#[test]
fn what_is_no_name_or_repeats_a_secret_is_not_told() {
    let told = |name: fn(&Message) -> String| {
        let events = Events::default();
        let builder = Exchanger::builder(memory(), Echo(name), keyring());
        let otp = builder.observer(keeping(&events)).build().unwrap();
        let receipt = block_on(otp.send(Request::login(&recipient("+32412345678")))).unwrap();
        let in_events = events.lock().unwrap().iter().find_map(|event| match event {
            Event::HandedOver { message_id, .. } => Some(message_id.clone()),
            _ => None,
        });
        let in_receipt = receipt.expose().message_id.map(str::to_owned);
        assert_eq!(in_events, Some(in_receipt.clone()));
        in_receipt
    };
    assert_eq!(told(|_| "SM1".into()).as_deref(), Some("SM1"));
    assert_eq!(told(|_| "a".repeat(255)), Some("a".repeat(255)));
    // Six digits of a number are nobody's, nor is most of a code.
    assert!(told(|_| "324123".into()).is_some());
    assert!(told(|_| "324123x45678".into()).is_some());
    assert!(told(|message| format!("SM{}", &message.expose_code()[1..])).is_some());
    let no_names: [fn(&Message) -> String; 13] = [
        |_| String::new(),
        |_| "a".repeat(256),
        |_| "SM1\nERROR forged".into(),
        |_| "SM 1".into(),
        |_| "SM\u{202e}1".into(),
        |message| message.expose_code().to_owned(),
        |message| format!("id-{}-1", message.expose_code()),
        |message| format!("{}-{}", &message.expose_code()[..3], &message.expose_code()[3..]),
        |message| format!("to:{}", message.recipient().address().trim_start_matches('+')),
        |message| message.recipient().address().to_owned(),
        |_| "0412345678".into(),
        |_| "x0412/34.56.78".into(),
        |_| "3241234".into(),
    ];
    for (index, name) in no_names.into_iter().enumerate() {
        assert_eq!(told(name), None, "{index}");
    }
}
