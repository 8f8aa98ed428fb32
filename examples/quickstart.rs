//! A person signs in: a code goes out, is typed in, and tokens come back.
//!
//! ```text
//! cargo run --example quickstart -- ada@example.org
//! ```
//!
//! The message is printed instead of sent. Exit code 0 with the tokens as one line of JSON, 1 if the code was
//! not typed, 2 if the recipient is none.

use std::error::Error;
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

use otp_exchange::{
    ExchangeError, Exchanger, Keyring, MemoryStore, Outbox, Recipient, Request, Submission, Tokens,
};

fn main() -> ExitCode {
    let Some(address) = std::env::args().nth(1) else {
        eprintln!("usage: quickstart <email address or phone number>");
        return ExitCode::from(2);
    };
    let recipient = match Recipient::parse(&address) {
        Ok(recipient) => recipient,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    match pollster::block_on(sign_in(&recipient)) {
        Ok(Some(tokens)) => {
            println!("{}", as_json(&tokens));
            ExitCode::SUCCESS
        }
        Ok(None) => {
            println!();
            eprintln!("not signed in: the code was not typed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn sign_in(recipient: &Recipient) -> Result<Option<Tokens>, Box<dyn Error>> {
    let outbox = Outbox::new();
    let otp = Exchanger::builder(MemoryStore::new(1_000), outbox.clone(), Keyring::generate()?).build()?;

    let sent = otp.send(Request::login(recipient).template("Your sign-in code is {{CODE}}")).await?;
    println!("To: {}", recipient.address());
    println!("{}", outbox.text_for(recipient).ok_or("the outbox is empty")?.as_str());

    let mut lines = std::io::stdin().lock().split(b'\n');
    // Whoever types at a terminal ends the line of the prompt there; otherwise it has to be ended here.
    let echoed = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    loop {
        print!("code: ");
        std::io::stdout().flush()?;
        let Some(line) = lines.next().transpose()? else { return Ok(None) };
        if !echoed {
            println!();
        }
        let typed = String::from_utf8_lossy(line.trim_ascii_end());
        match otp.exchange(Submission::by_id(&sent.otp_id, &typed).login()).await {
            Ok(tokens) => return Ok(Some(tokens)),
            Err(ExchangeError::NotACode(problem)) => println!("{problem}"),
            Err(ExchangeError::Refused(refused)) => {
                let left = refused.attempts_left.unwrap_or(0);
                if left == 0 {
                    println!("That is not the code; no attempts left, request a new one");
                    return Ok(None);
                }
                println!("That is not the code; attempts left: {left}");
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn as_json(tokens: &Tokens) -> serde_json::Value {
    serde_json::json!({
        "access_token": tokens.access.expose(),
        "refresh_token": tokens.refresh.as_ref().map(otp_exchange::Token::expose),
        "token_type": "Bearer",
        "expires_in": tokens.expires_in.as_secs(),
        "subject": tokens.claims.subject,
    })
}
