//! Only the passcode, with a session of one's own: `verify` gives a proof, and the proof is used up for a
//! cookie.
//!
//! ```text
//! cargo run --example own_session
//! ```

use std::collections::HashMap;
use std::error::Error;

use otp_exchange::{
    DynExchanger, Entropy, EntropyError, Exchanger, Grant, Keyring, MemoryStore, Outbox, Proof, Recipient,
    Request, Submission, SystemEntropy,
};

/// The application's own sessions: a cookie value, and whose it is.
#[derive(Default)]
struct Sessions(HashMap<String, String>);

impl Sessions {
    /// Takes the proof by value, so no session can be opened without one, nor two with the same.
    fn open(&mut self, proof: Proof) -> Result<String, EntropyError> {
        let mut random = [0; 16];
        SystemEntropy.fill(&mut random)?;
        let cookie = format!("{:032x}", u128::from_be_bytes(random));
        self.0.insert(cookie.clone(), proof.into_subject());
        Ok(cookie)
    }
}

async fn log_in(
    otp: &DynExchanger,
    outbox: &Outbox,
    sessions: &mut Sessions,
) -> Result<String, Box<dyn Error>> {
    let ada = Recipient::parse("ada@example.org")?;
    let sent = otp.send(Request::login(&ada).grant(Grant::for_subject("user-17"))).await?;

    let typed = outbox.code_for(&ada).ok_or("the outbox is empty")?; // what Ada reads in her mail
    let proof = otp.verify(Submission::by_id(&sent.otp_id, typed.expose()).login()).await?;
    Ok(sessions.open(proof)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let outbox = Outbox::new();
    let otp =
        Exchanger::builder(MemoryStore::new(1_000), outbox.clone(), Keyring::generate()?).build()?.erase();
    let mut sessions = Sessions::default();
    let cookie = pollster::block_on(log_in(&otp, &outbox, &mut sessions))?;
    println!("Set-Cookie: session=…; HttpOnly; Secure; SameSite=Lax");
    println!("logged in as {}", sessions.0[&cookie]);
    Ok(())
}
