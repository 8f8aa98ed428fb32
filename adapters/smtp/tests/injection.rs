//! A hundred thousand hostile recipients, names, languages and texts through the exchanger and this notifier
//! into a real server: what goes out is one message to one recipient and says what the exchanger says; what
//! does not go out was refused before the notifier.

mod inspect;
mod sink;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use inspect::{Expected, inspect};
use otp_exchange::{
    Accepted, Exchanger, Field, Keyring, MemoryStore, Message, Notifier, NotifyError, Recipient, Request,
    SendError,
};
use otp_exchange_smtp::SmtpNotifier;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use sink::{Mode, Sink};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Eight at a time, each with 125 senders' names and 100 messages under each of them.
const WORKERS: u64 = 8;
const NAMES: usize = 125;
const MESSAGES: usize = 100;

const ADDRESS: &str = "no-reply@acme.example";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_people_write_becomes_anything_else() {
    let sink = Arc::new(Sink::start(Mode::Clear, false).await);
    let tally = Arc::new(Tally::default());
    let workers: Vec<_> =
        (0..WORKERS).map(|seed| tokio::spawn(work(seed, Arc::clone(&sink), Arc::clone(&tally)))).collect();
    for worker in workers {
        worker.await.unwrap();
    }
    let [names, bad_names, sent, bad_recipients, bad_requests] =
        [&tally.names, &tally.bad_names, &tally.sent, &tally.bad_recipients, &tally.bad_requests]
            .map(|count| count.load(Ordering::Relaxed));
    println!(
        "{sent} sent, {bad_recipients} recipients and {bad_requests} requests refused; {names} names used, \
         {bad_names} refused; {} connections",
        sink.accepted()
    );
    assert!(sink.take().is_empty(), "something else went out");
    assert_eq!(sent + bad_recipients + bad_requests, 100_000);
    assert!(sent >= 30_000 && bad_recipients >= 10_000 && bad_requests >= 10_000);
    assert!(names >= 300 && bad_names >= 100);
}

/// The same check finds what is wrong with a notifier that puts its messages together by hand.
#[tokio::test]
async fn a_notifier_that_encodes_nothing_is_found_out() {
    let sink = Sink::start(Mode::Clear, false).await;
    let mut rng = StdRng::seed_from_u64(0);
    let mut wrong: HashMap<String, u32> = HashMap::new();
    for _ in 0..300 {
        let (_, name) = name(&mut rng);
        let by_hand = ByHand { server: sink.address, name: name.clone() };
        let store = MemoryStore::new(1000);
        let otp = Exchanger::builder(store, by_hand, Keyring::generate().unwrap()).build().unwrap();
        for _ in 0..10 {
            let Ok(recipient) = Recipient::parse(&recipient(&mut rng)) else { continue };
            let Ok(receipt) = otp.send(request(&mut rng, &recipient)).await else { continue };
            let mails = sink.take();
            if let Err(why) = check(&mails, &name, recipient.address(), &receipt) {
                *wrong.entry(why.split([':', ' ']).next().unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
    }
    println!("{wrong:?}");
    // Headers that were injected, second senders, names and texts that read otherwise, broken lines.
    for kind in ["headers", "sender's", "text", "the"] {
        assert!(wrong.get(kind).is_some_and(|times| *times > 0), "{kind}: {wrong:?}");
    }
}

#[derive(Default)]
struct Tally {
    names: AtomicUsize,
    bad_names: AtomicUsize,
    sent: AtomicUsize,
    bad_recipients: AtomicUsize,
    bad_requests: AtomicUsize,
}

fn add(count: &AtomicUsize) {
    count.fetch_add(1, Ordering::Relaxed);
}

async fn work(seed: u64, sink: Arc<Sink>, tally: Arc<Tally>) {
    let mut rng = StdRng::seed_from_u64(seed);
    for _ in 0..NAMES {
        let (written, mut name) = name(&mut rng);
        let notifier = match SmtpNotifier::connect(&sink.url(), &format!("{written} <{ADDRESS}>")) {
            Ok(notifier) => notifier,
            Err(error) => {
                assert!(error.to_string().starts_with("From: "), "{error}");
                add(&tally.bad_names);
                "ACME".clone_into(&mut name);
                SmtpNotifier::connect(&sink.url(), &format!("ACME <{ADDRESS}>")).unwrap()
            }
        };
        add(&tally.names);
        let store = MemoryStore::new(1000);
        let otp = Exchanger::builder(store, notifier, Keyring::generate().unwrap()).build().unwrap();
        for _ in 0..MESSAGES {
            let Ok(recipient) = Recipient::parse(&recipient(&mut rng)) else {
                add(&tally.bad_recipients);
                continue;
            };
            let receipt = match otp.send(request(&mut rng, &recipient)).await {
                Ok(receipt) => receipt,
                Err(SendError::Request(_)) => {
                    add(&tally.bad_requests);
                    continue;
                }
                Err(other) => panic!("{other}: {other:?}"),
            };
            let mails = sink.take_to(recipient.address());
            if let Err(wrong) = check(&mails, &name, recipient.address(), &receipt) {
                let raw = mails.first().map(|mail| String::from_utf8_lossy(&mail.raw).into_owned());
                panic!("{wrong}\n{name:?} {:?}\n{}", recipient.address(), raw.unwrap_or_default());
            }
            add(&tally.sent);
        }
    }
}

/// Whether just this went out.
fn check(mails: &[sink::Mail], name: &str, to: &str, receipt: &otp_exchange::Receipt) -> Result<(), String> {
    let [mail] = mails else { return Err(format!("messages: {}", mails.len())) };
    if mail.to != [to] || mail.from != ADDRESS {
        return Err(format!("envelope: from {} to {:?}", mail.from, mail.to));
    }
    if !mail.defects.is_empty() {
        return Err(format!("the wire: {:?}", mail.defects));
    }
    let exposed = receipt.expose();
    if exposed.text.matches(exposed.code).count() != 1 {
        return Err("the code: not once".to_owned());
    }
    let name = Some(name).filter(|name| !name.is_empty());
    let expected = Expected { name, from: ADDRESS, to, text: exposed.text, ..Expected::default() };
    inspect(&mail.raw, &expected)
}

/// Pieces of which the hostile is made, and some of the harmless.
const PIECES: [&str; 38] = [
    "a",
    "Z",
    "x.y",
    "0",
    " ",
    ".",
    ",",
    ";",
    "\"",
    "\\",
    "<",
    ">",
    "<eve@example.org>",
    ", eve@example.org",
    "=?utf-8?q?Bcc:_eve@example.org?=",
    "=?utf-8?b?QmNjOiBldmU=?=",
    "=?",
    "?=",
    "{{CODE}}",
    "{{PAYEE}}",
    "{{",
    "}}",
    "<script>alert(1)</script>",
    "&amp;",
    "--=_otp-exchange_=",
    "ä",
    "漢字",
    "🔑",
    "\u{202e}",
    "\u{2028}",
    "\r\n",
    "\n",
    "\r\n.\r\n",
    "\r\nBcc: eve@example.org\r\n",
    "\0",
    "\t",
    "From ",
    "=0D=0A",
];

/// How many of the pieces, from the front, the core takes in a text.
const CALM: usize = 28;

/// A text of up to so many pieces, most often of those that the core takes.
fn text(rng: &mut StdRng, most: usize) -> String {
    let pieces = if rng.random_bool(0.7) { &PIECES[..CALM] } else { &PIECES[..] };
    let pieces = (0..rng.random_range(1..=most)).map(|_| *pieces.choose(rng).unwrap_or(&"a"));
    pieces.collect()
}

/// A sender's name, as it is written in a configuration, and as it is meant.
fn name(rng: &mut StdRng) -> (String, String) {
    let meant = text(rng, 8);
    if rng.random_bool(0.5) {
        return (format!("\"{}\"", meant.replace('\\', "\\\\").replace('"', "\\\"")), meant);
    }
    let bare = meant.replace(['"', '<', '>'], "");
    (bare.clone(), bare.trim().to_owned())
}

fn recipient(rng: &mut StdRng) -> String {
    const ODD: &[u8] = b"!#$%&'*+-/=?^_`{|}~abcXYZ019";
    let mut unusual = |most: usize| {
        let length = rng.random_range(1..=most);
        let local: String = (0..length).map(|_| char::from(*ODD.choose(rng).unwrap_or(&b'a'))).collect();
        local
    };
    // The number makes it another recipient each time, so that no limit is met.
    let (local, unique) = (unusual(40), unusual(12));
    let number: u64 = rng.random();
    let plain = format!("{local}.{number:x}@mail-{}.example.org", number % 100);
    if rng.random_bool(0.7) {
        return plain;
    }
    let hostile = text(rng, 3);
    match rng.random_range(0..6) {
        0 => format!("{local}{hostile}@example.org"),
        1 => format!("\"{local}{hostile}\"@example.org"),
        2 => format!("{plain}{hostile}"),
        3 => format!("{hostile}{plain}"),
        4 => format!("{hostile} <{plain}>"),
        _ => format!("{unique}.{number:x}@{hostile}.example"),
    }
}

fn request(rng: &mut StdRng, recipient: &Recipient) -> Request {
    let template = if rng.random_bool(0.6) {
        let text = text(rng, 12).replace("{{", "").replace("}}", "");
        // A long line, a lone dot or a greeting in front; what is bound; the code.
        let front = match rng.random_range(0..6) {
            0 => "y".repeat(rng.random_range(100..300)),
            1 => ".".to_owned(),
            2 => "From ada ".to_owned(),
            _ => String::new(),
        };
        format!("{front}{text} {{{{PAYEE}}}} {{{{CODE}}}}")
    } else {
        text(rng, 12) + "{{CODE}}"
    };
    // No digits, which could be the code's.
    let payee = text(rng, 10).replace(|character: char| character.is_ascii_digit(), "");
    let request = Request::login(recipient).template(template).bind(Field::Payee, payee);
    match rng.random_range(0..10) {
        0 => request.locale(text(rng, 3)),
        1 => request.locale("de-BE"),
        _ => request,
    }
}

/// Puts a message together as one would in a hurry.
struct ByHand {
    server: std::net::SocketAddr,
    name: String,
}

impl Notifier for ByHand {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        let to = message.recipient().address();
        let mail = format!(
            "From: {} <{ADDRESS}>\r\nTo: {to}\r\nDate: Sun, 22 Nov 2026 07:00:00 +0000\r\nMessage-ID: <{}>\r\n\
             Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: OOF\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}",
            self.name,
            message.delivery_id(),
            message.expose_text(),
        );
        let talk = async {
            let mut stream = BufReader::new(TcpStream::connect(self.server).await?);
            let (from, to) = (format!("MAIL FROM:<{ADDRESS}>\r\n"), format!("RCPT TO:<{to}>\r\n"));
            let mail = format!("{mail}\r\n.\r\n");
            for command in ["", "EHLO hand\r\n", &from, &to, "DATA\r\n", &mail] {
                stream.write_all(command.as_bytes()).await?;
                let mut reply = String::from("250-");
                while reply.as_bytes().get(3) == Some(&b'-') {
                    reply.clear();
                    stream.read_line(&mut reply).await?;
                }
            }
            Ok::<(), std::io::Error>(())
        };
        talk.await.map_err(NotifyError::unknown)?;
        Ok(Accepted::new())
    }
}
