//! A hundred thousand hostile recipients, names, languages and texts through the exchanger and this notifier
//! into a real server: what goes out is one message to one recipient and says what the exchanger says; what
//! does not go out was refused before the notifier.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::inspect::{Expected, inspect};
use crate::sink::{Mode, Sink};
use otp_exchange::{
    Accepted, Catalogue, CatalogueError, DynNotifier, Exchanger, Field, Keyring, MemoryStore, Message,
    Notifier, NotifyError, Receipt, Recipient, Request, SendError, Wording,
};
use otp_exchange_smtp::SmtpNotifier;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Eight at a time, each with 125 senders' names and catalogues, and 100 messages of each of them.
const WORKERS: u64 = 8;
const SERVICES: usize = 125;
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
    let Tally { sent, with_html, recipients, requests, names, catalogues } = &*tally;
    let [sent, with_html, recipients, requests, names, catalogues] =
        [sent, with_html, recipients, requests, names, catalogues].map(|count| count.load(Ordering::Relaxed));
    println!(
        "{sent} sent, {with_html} of them with HTML; refused: {recipients} recipients and {requests} requests, \
         {names} names and {catalogues} catalogues; {} connections",
        sink.accepted()
    );
    assert!(sink.take().is_empty(), "something else went out");
    assert_eq!(sent + recipients + requests, 100_000);
    assert!(sent >= 30_000 && recipients >= 10_000 && requests >= 10_000);
    assert!(with_html >= 10_000 && sent - with_html >= 10_000);
    assert!((100..900).contains(&names) && (100..900).contains(&catalogues));
    assert!(sink.accepted() <= 1000, "connections are used again");
}

/// The same check finds what is wrong with a notifier that puts its messages together by hand, and nothing
/// wrong with those of them that happen to be right.
#[tokio::test]
async fn a_notifier_that_encodes_nothing_is_found_out() {
    let sink = Sink::start(Mode::Clear, false).await;
    let mut rng = StdRng::seed_from_u64(0);
    let mut found: HashMap<String, u32> = HashMap::new();
    for _ in 0..300 {
        let (_, name) = name(&mut rng);
        let by_hand = ByHand { server: sink.address, name: name.clone() };
        let service = Service::new(DynNotifier::new(by_hand), name, catalogue(&mut rng).unwrap_or_default());
        for _ in 0..10 {
            let Ok(recipient) = Recipient::parse(&recipient(&mut rng)) else { continue };
            let Ok(receipt) = service.otp.send(request(&mut rng, &recipient)).await else { continue };
            let verdict = service.check(&sink.take(), recipient.address(), &receipt);
            let verdict = verdict.err().unwrap_or_else(|| "right".to_owned());
            *found.entry(verdict).or_default() += 1;
        }
    }
    for expected in ["right", "the wire", "headers", "2 senders", "sender's name", "subject", "text", "parts"]
    {
        let times: u32 =
            found.iter().filter(|(verdict, _)| verdict.starts_with(expected)).map(|(_, times)| times).sum();
        println!("{expected}: {times}");
        assert!(times > 0, "{expected}: {:?}", found.keys());
    }
}

#[derive(Default)]
struct Tally {
    sent: AtomicUsize,
    with_html: AtomicUsize,
    /// Refused, as the rest.
    recipients: AtomicUsize,
    requests: AtomicUsize,
    names: AtomicUsize,
    catalogues: AtomicUsize,
}

fn add(count: &AtomicUsize) {
    count.fetch_add(1, Ordering::Relaxed);
}

async fn work(seed: u64, sink: Arc<Sink>, tally: Arc<Tally>) {
    let mut rng = StdRng::seed_from_u64(seed);
    for _ in 0..SERVICES {
        let (written, mut name) = name(&mut rng);
        let connect = |written: &str| SmtpNotifier::connect(&sink.url(), &format!("{written} <{ADDRESS}>"));
        let notifier = connect(&written).unwrap_or_else(|error| {
            assert!(error.to_string().starts_with("From: "), "{error}");
            add(&tally.names);
            "ACME".clone_into(&mut name);
            connect("ACME").unwrap()
        });
        let catalogue = catalogue(&mut rng).unwrap_or_else(|_| {
            add(&tally.catalogues);
            Catalogue::builder().application("ACME").build().unwrap()
        });
        let service = Service::new(DynNotifier::new(notifier), name, catalogue);
        for _ in 0..MESSAGES {
            let Ok(recipient) = Recipient::parse(&recipient(&mut rng)) else {
                add(&tally.recipients);
                continue;
            };
            let receipt = match service.otp.send(request(&mut rng, &recipient)).await {
                Ok(receipt) => receipt,
                Err(SendError::Request(_)) => {
                    add(&tally.requests);
                    continue;
                }
                Err(other) => panic!("{other}: {other:?}"),
            };
            let mails = sink.take_to(recipient.address());
            if let Err(wrong) = service.check(&mails, recipient.address(), &receipt) {
                let raw = mails.first().map(|mail| String::from_utf8_lossy(&mail.raw).into_owned());
                panic!("{wrong}\n{:?} {:?}\n{}", service.name, recipient.address(), raw.unwrap_or_default());
            }
            add(&tally.sent);
            if service.handed.lock().unwrap().html.is_some() {
                add(&tally.with_html);
            }
        }
    }
}

/// An exchanger with a sender's name, and what it last gave its notifier.
struct Service {
    otp: Exchanger<MemoryStore, Watched>,
    name: String,
    handed: Arc<Mutex<Handed>>,
}

#[derive(Clone, Default)]
struct Handed {
    subject: Option<String>,
    html: Option<String>,
    language: Option<String>,
}

struct Watched {
    notifier: DynNotifier,
    handed: Arc<Mutex<Handed>>,
}

impl Notifier for Watched {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        *self.handed.lock().unwrap() = Handed {
            subject: message.expose_subject().map(str::to_owned),
            html: message.expose_html().map(str::to_owned),
            language: message.language().map(str::to_owned),
        };
        self.notifier.notify(message).await
    }
}

impl Service {
    fn new(notifier: DynNotifier, name: String, catalogue: Catalogue) -> Self {
        let handed = Arc::new(Mutex::default());
        let watched = Watched { notifier, handed: Arc::clone(&handed) };
        let otp = Exchanger::builder(MemoryStore::new(1000), watched, Keyring::generate().unwrap());
        Self { otp: otp.catalogue(catalogue).build().unwrap(), name, handed }
    }

    /// Whether just the message that the exchanger speaks of went out.
    fn check(&self, mails: &[crate::sink::Mail], to: &str, receipt: &Receipt) -> Result<(), String> {
        let [mail] = mails else { return Err(format!("messages: {}", mails.len())) };
        if mail.to != [to] || mail.from != ADDRESS {
            return Err(format!("envelope: from {} to {:?}", mail.from, mail.to));
        }
        if !mail.defects.is_empty() {
            return Err(format!("the wire: {:?}", mail.defects));
        }
        let exposed = receipt.expose();
        let Handed { subject, html, language } = self.handed.lock().unwrap().clone();
        for text in [Some(exposed.text), html.as_deref()].into_iter().flatten() {
            if text.matches(exposed.code).count() != 1 {
                return Err("the code: not once".to_owned());
            }
        }
        let expected = Expected {
            name: Some(&self.name[..]).filter(|name| !name.is_empty()),
            from: ADDRESS,
            to,
            subject: subject.as_deref(),
            text: exposed.text,
            html: html.as_deref(),
            language: language.as_deref(),
        };
        inspect(&mail.raw, &expected)
    }
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

/// Texts with a hostile application's name, and half of the time with hostile words of the service's own.
fn catalogue(rng: &mut StdRng) -> Result<Catalogue, CatalogueError> {
    let builder = Catalogue::builder().application(text(rng, 4));
    if rng.random_bool(0.5) {
        return builder.build();
    }
    let mut words = |most| text(rng, most).replace("{{", "").replace("}}", "");
    let subject = format!("{} {{{{APP}}}} {{{{PAYEE}}}} {}", words(4), words(4));
    let lines = format!(".{}\n.\nFrom {}\n{{{{PAYEE}}}}\n--{}\n", words(3), words(3), words(3));
    let text = format!("{lines}{{{{CODE}}}} {}\n\n{}", words(6), "y".repeat(1200));
    let html = format!("<p>{{{{APP}}}} {{{{PAYEE}}}}</p>\n.\n<b>{{{{CODE}}}}</b>{}", "&nbsp;".repeat(300));
    builder.wording(Wording::new("en").email(subject, text).html(html)).build()
}

fn request(rng: &mut StdRng, recipient: &Recipient) -> Request {
    let mut request = Request::login(recipient);
    if rng.random_bool(0.9) {
        // No digits, which could be the code's.
        let payee = text(rng, 10).replace(|character: char| character.is_ascii_digit(), "");
        request = request.bind(Field::Payee, payee).bind(Field::Amount, "12.50 EUR");
        if rng.random_bool(0.4) {
            let text = text(rng, 12).replace("{{", "").replace("}}", "");
            // A long line, a lone dot or a greeting in front; what is bound; the code.
            let front = match rng.random_range(0..6) {
                0 => "y".repeat(rng.random_range(100..300)),
                1 => ".".to_owned(),
                2 => "From ada ".to_owned(),
                _ => String::new(),
            };
            request = request.template(format!("{front}{text} {{{{PAYEE}}}} {{{{CODE}}}}"));
        }
    }
    match rng.random_range(0..10) {
        0 => request.locale(text(rng, 3)),
        1..4 => request.locale(*["de-BE", "ar", "ja", "el", "zh-Hant", "fr_CA"].choose(rng).unwrap_or(&"de")),
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
        let header = |name: &str, value: Option<&str>| {
            value.map(|value| format!("{name}: {value}\r\n")).unwrap_or_default()
        };
        let mut mail = format!(
            "From: {} <{ADDRESS}>\r\nTo: {to}\r\n{}Date: Sun, 22 Nov 2026 07:00:00 +0000\r\nMessage-ID: <{}>\r\n\
             Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: OOF\r\n{}MIME-Version: 1.0\r\n",
            self.name,
            header("Subject", message.expose_subject()),
            message.delivery_id(),
            header("Content-Language", message.language()),
        );
        let part = |kind: &str, text: &str| {
            let text = text.replace('\n', "\r\n");
            format!(
                "Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
            )
        };
        match message.expose_html() {
            None => mail.push_str(&part("plain", message.expose_text())),
            Some(html) => {
                mail.push_str("Content-Type: multipart/alternative; boundary=\"=_otp-exchange_=\"\r\n\r\n");
                for part in [part("plain", message.expose_text()), part("html", html)] {
                    mail.push_str("--=_otp-exchange_=\r\n");
                    mail.push_str(&part);
                }
                mail.push_str("--=_otp-exchange_=--\r\n");
            }
        }
        let talk = async {
            let mut stream = BufReader::new(TcpStream::connect(self.server).await?);
            let (from, to) = (format!("MAIL FROM:<{ADDRESS}>\r\n"), format!("RCPT TO:<{to}>\r\n"));
            let mail = mail + ".\r\n";
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
