//! A code by email, seen from both ends.
//!
//! `cargo run -p otp-exchange-smtp --example deliver` sends one to a server of its own on loopback, and
//! prints what came over the wire and what the person sees. With a URL and an address it sends through that
//! server: `cargo run -p otp-exchange-smtp --example deliver -- 'smtps://user:password@host' you@example.org`

#[path = "../tests/mail/sink/mod.rs"]
#[allow(dead_code)] // the tests ask for more of it
mod sink;

use std::error::Error;

use mail_parser::MessageParser;
use otp_exchange::{Catalogue, Exchanger, Keyring, MemoryStore, Recipient, Request};
use otp_exchange_smtp::SmtpNotifier;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => {
            let sink = sink::Sink::start(sink::Mode::Clear, true).await;
            send(&sink.url(), "ada@example.org", "ACME Änderungen <no-reply@acme.example>").await?;
            for mail in sink.take() {
                show(&mail)?;
            }
        }
        [url, address] => send(url, address, address).await?,
        [url, address, from] => send(url, address, from).await?,
        _ => return Err("pass nothing, or a URL and an address, and a sender if that is another".into()),
    }
    Ok(())
}

async fn send(url: &str, address: &str, from: &str) -> Result<(), Box<dyn Error>> {
    let notifier = SmtpNotifier::connect(url, from)?;
    notifier.check().await?;
    let texts = Catalogue::builder().application("ACME").link("https://app.acme.example/code").build()?;
    let store = MemoryStore::new(10);
    let otp = Exchanger::builder(store, notifier, Keyring::generate()?).catalogue(texts).build()?;
    let recipient = Recipient::parse(address)?;
    let sent = otp.send(Request::login(&recipient).locale("de-BE")).await?;
    let (to, lifetime) = (recipient.masked(), sent.lifetime.as_secs());
    println!("handed over for {to} as {}", sent.expose().message_id.unwrap_or("nothing"));
    println!("the code lives for {lifetime} s");
    Ok(())
}

fn show(mail: &sink::Mail) -> Result<(), Box<dyn Error>> {
    println!("\n--- over the wire: from {} to {}", mail.from, mail.to.join(", "));
    println!("{}", String::from_utf8_lossy(&mail.raw).replace("\r\n", "\n"));
    let message = MessageParser::default().parse(&mail.raw).ok_or("the message cannot be parsed")?;
    let from = message.from().and_then(|from| from.first()).ok_or("the message has no sender")?;
    println!("--- what the person sees");
    println!("from    {} <{}>", from.name().unwrap_or_default(), from.address().unwrap_or_default());
    println!("subject {}", message.subject().unwrap_or_default());
    println!("\n{}\n", message.body_text(0).unwrap_or_default().trim_end());
    println!("--- or, as HTML\n{}", message.body_html(0).unwrap_or_default().trim_end());
    Ok(())
}
