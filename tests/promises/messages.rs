//! A notifier is told all it needs: the address as it was spelled when the code was issued, text, purpose,
//! locale and life.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::{block_on, keyring, recipient, seconds};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{Accepted, Exchanger, MemoryStore, Message, Notifier, NotifyError, Request, Submission};

#[derive(Debug, PartialEq)]
struct Letter {
    address: String,
    text: String,
    code: String,
    purpose: String,
    locale: Option<String>,
    lifetime: Duration,
}

#[derive(Clone, Default)]
struct Letters(Arc<Mutex<Vec<Letter>>>);

impl Notifier for Letters {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        self.0.lock().unwrap().push(Letter {
            address: message.recipient().address().to_owned(),
            text: message.expose_text().to_owned(),
            code: message.expose_code().to_owned(),
            purpose: message.purpose().as_str().to_owned(),
            locale: message.locale().map(str::to_owned),
            lifetime: message.lifetime(),
        });
        Ok(Accepted::new())
    }
}

#[test]
fn a_message_goes_to_the_spelling_its_code_was_issued_for_and_says_how_long_it_has_left() {
    let (letters, clock) = (Letters::default(), ManualClock::default());
    let store = MemoryStore::with_clock(10, clock.clone());
    let builder = Exchanger::builder(store.clone(), letters.clone(), keyring());
    let otp = builder.clock(clock.clone()).build().unwrap();

    let stored = Request::login(&recipient("Ada@Example.org")).locale("fr-BE").template("Code : {{CODE}}");
    let sent = block_on(otp.send(stored)).unwrap();
    clock.advance(seconds(30));
    let typed =
        block_on(otp.send(Request::new("payment", &recipient("ada@example.ORG")).template("{{CODE}}")))
            .unwrap();
    assert_eq!(store.len(), 1, "one recipient, one ledger");
    block_on(otp.deliver(&sent.otp_id)).unwrap();

    let letter =
        |address: &str, text: String, code: &str, purpose: &str, locale: Option<&str>, lifetime| Letter {
            address: address.to_owned(),
            text,
            code: code.to_owned(),
            purpose: purpose.to_owned(),
            locale: locale.map(str::to_owned),
            lifetime: seconds(lifetime),
        };
    let first = |lifetime| {
        let code = sent.expose().code;
        letter("Ada@Example.org", format!("Code : {code}"), code, "login", Some("fr-BE"), lifetime)
    };
    let code = typed.expose().code;
    let second = letter("ada@example.ORG", code.to_owned(), code, "payment", None, 300);
    assert_eq!(*letters.0.lock().unwrap(), [first(300), second, first(270)]);

    let submission = Submission::by_id(&sent.otp_id, sent.expose().code).login();
    let proof = block_on(otp.verify(submission)).unwrap();
    assert_eq!(proof.recipient().address(), "Ada@Example.org");
    assert_eq!(proof.into_subject(), "ada@example.org", "the subject is the canonical form");
}

#[test]
fn a_message_shows_what_its_code_is_bound_to_at_first_and_again() {
    let (letters, clock) = (Letters::default(), ManualClock::default());
    let builder = Exchanger::builder(MemoryStore::with_clock(10, clock.clone()), letters.clone(), keyring());
    let otp = builder.clock(clock.clone()).build().unwrap();

    let request = Request::new("payment", &recipient("ada@example.org"))
        .template("{{PAYEE}} gets {{AMOUNT}}: {{CODE}} ({{PAYEE}})")
        .bind("payee", "{{CODE}} & {{AMOUNT}}")
        .bind("amount", "12.50 EUR");
    let sent = block_on(otp.send(request)).unwrap();
    clock.advance(seconds(30));
    block_on(otp.deliver(&sent.otp_id)).unwrap();

    let code = sent.expose().code;
    let text =
        format!("{{{{CODE}}}} & {{{{AMOUNT}}}} gets 12.50 EUR: {code} ({{{{CODE}}}} & {{{{AMOUNT}}}})");
    let texts: Vec<_> = letters.0.lock().unwrap().iter().map(|letter| letter.text.clone()).collect();
    assert_eq!(texts, [text.clone(), text], "a value is never read as template");
}
