//! A program without an async runtime: each call is driven to its end where it stands.
//!
//! ```text
//! cargo run --example blocking
//! ```

use std::error::Error;

use otp_exchange::{Exchanger, Keyring, MemoryStore, Outbox, Recipient, Request, Submission};
use pollster::FutureExt;

fn main() -> Result<(), Box<dyn Error>> {
    let outbox = Outbox::new();
    let otp = Exchanger::builder(MemoryStore::new(1_000), outbox.clone(), Keyring::generate()?).build()?;
    let phone = Recipient::parse("+32 412 34 56 78")?;

    let sent = otp.send(Request::login(&phone)).block_on()?;
    println!("sent to {}, {} attempts, until {}", phone.masked(), sent.attempts, sent.expires_at);

    let typed = outbox.code_for(&phone).ok_or("the outbox is empty")?; // what its owner reads on the screen
    let tokens = otp.exchange(Submission::by_id(&sent.otp_id, typed.expose()).login()).block_on()?;
    println!("signed in for {} s", tokens.expires_in.as_secs());

    let refresh = tokens.refresh.ok_or("no refresh token")?;
    let renewed = otp.refresh(refresh.expose()).block_on()?;
    otp.revoke_family(renewed.access.expose()).block_on()?;
    let after = otp.authenticate(renewed.access.expose()).block_on();
    println!("after logging out: {}", if after.is_err() { "refused" } else { "still signed in" });
    Ok(())
}
