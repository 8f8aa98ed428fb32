//! The service's own addresses, and the recipient's.

use lettre::Address;
use lettre::message::Mailbox;
use otp_exchange::{Channel, Recipient, RecipientError};

use crate::error::Error;

/// The longest display name, in bytes of UTF-8.
const LONGEST_NAME: usize = 200;

/// Reads `ACME <no-reply@acme.example>` or a bare address.
///
/// The address is held to the core's rules, not only to the driver's, whose earlier versions let line breaks
/// through (RUSTSEC-2026-0561) and which takes quoted local parts with spaces and angle brackets in them.
pub(crate) fn parse(header: &'static str, text: &str) -> Result<Mailbox, Error> {
    let wrong = |problem: &str| Error::Mailbox { header, problem: problem.to_owned() };
    if text.chars().any(char::is_control) {
        return Err(wrong("has a control character or line break; remove it"));
    }
    let text = text.trim();
    let (name, address) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, address)) => (unquoted(name.trim()), address),
        None => (Some(String::new()), text),
    };
    let name = name.ok_or_else(|| wrong("has a name with <, > or a quote in it; put it in quotes"))?;
    if name.len() > LONGEST_NAME {
        return Err(wrong("has a name of more than 200 bytes; shorten it"));
    }
    let recipient = Recipient::parse(address).map_err(|error| match error {
        RecipientError::Phone(_) => {
            wrong("has no address; write name@example.org, or Name <name@example.org>")
        }
        error => Error::Mailbox { header, problem: error.to_string() },
    })?;
    let email = address_of(&recipient).map_err(|_| wrong("is a phone number; write an email address"))?;
    Ok(Mailbox::new(Some(name).filter(|name| !name.is_empty()), email))
}

/// The driver's form of a recipient's address, checked by the driver once more.
pub(crate) fn address_of(recipient: &Recipient) -> Result<Address, Error> {
    match recipient.channel() {
        Channel::Email => recipient.address().parse().map_err(|_| Error::Address),
        Channel::Sms => Err(Error::NotEmail),
    }
}

/// A display name as people write it in a configuration: bare, or in the quotes of RFC 5322. Brackets outside
/// of quotes could be meant for another address.
fn unquoted(name: &str) -> Option<String> {
    let Some(quoted) = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) else {
        return (!name.contains(['<', '>', '"'])).then(|| name.to_owned());
    };
    let mut plain = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return None,
            '\\' => plain.push(characters.next()?),
            _ => plain.push(character),
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<String>, String) {
        let mailbox = parse("From", text).unwrap();
        (mailbox.name, mailbox.email.to_string())
    }

    #[test]
    fn reads_what_people_write() {
        let named = |name: &str| (Some(name.to_owned()), "no-reply@acme.example".to_owned());
        assert_eq!(read("ACME Änderungen <no-reply@acme.example>"), named("ACME Änderungen"));
        assert_eq!(read(r#""Acme, \"Ltd\" \\" <no-reply@acme.example>"#), named(r#"Acme, "Ltd" \"#));
        assert_eq!(read(" \"A <b>\" <no-reply@acme.example> "), named("A <b>"));
        assert_eq!(read("Acme, Ltd. <no-reply@acme.example>"), named("Acme, Ltd."));
        assert_eq!(read("no-reply@acme.example"), (None, "no-reply@acme.example".to_owned()));
        assert_eq!(read("\"\" <no-reply@acme.example>"), (None, "no-reply@acme.example".to_owned()));
    }

    #[test]
    fn refuses_what_could_become_a_line_or_a_second_address() {
        for text in [
            "ACME\r\nBcc: eve@example.org <a@acme.example>",
            "ACME <a@acme.example>\r\nBcc: eve@example.org",
            "a@acme.example\r\n",
            "\"a\r\nRCPT TO:<eve@example.org>\"@acme.example",
            "\"a b\"@acme.example",
            "ACME <\"a\"@acme.example>",
            "ACME <a@acme.example>, Eve <eve@example.org",
            "a@acme.example, eve@example.org",
            "ACME <a@acme.example> eve",
            "ACME <a<b@acme.example>",
            "\"AC\"ME\" <a@acme.example>",
            "\"ACME\\\" <a@acme.example>",
            "ACME <+32412345678>",
            "ACME <a@[127.0.0.1]>",
            "a\0@acme.example",
            "",
            "ACME",
            &format!("{} <a@acme.example>", "A".repeat(201)),
        ] {
            let error = parse("From", text).unwrap_err().to_string();
            assert!(error.starts_with("From: ") && !error.contains("acme"), "{text:?}: {error}");
        }
    }

    /// RUSTSEC-2026-0561: whatever the driver thinks of it, no line break gets as far as a command.
    #[test]
    fn no_character_that_ends_a_command_or_an_address_gets_through() {
        let shapes = [
            "{}a@x.example",
            "a{}b@x.example",
            "a{}@x.example",
            "a@{}x.example",
            "a@x{}y.example",
            "a@x.example{}",
            "a@x.example.{}",
            "\"a{}b\"@x.example",
            "\"a\\{}b\"@x.example",
            "a@[x{}y]",
            "a@[127.0.0.1]{}",
            "a@\u{e9}.x{}y.example",
            "a@x\u{ad}{}.example",
            "a@xn--{}",
        ];
        let breaks = [
            "\r\n",
            "\n",
            "\r",
            "\r\n ",
            "\n\t",
            "\0",
            "\t",
            " ",
            "<",
            ">",
            ">\r\nRCPT TO:<eve@example.org",
            "\u{b}",
            "\u{c}",
            "\u{85}",
            "\u{2028}",
            "\u{2029}",
            "\u{a0}",
            "\u{ff1e}",
            "\u{560d}\u{560a}",
        ];
        let mut taken_by_the_driver = 0;
        for shape in shapes {
            for hostile in breaks.map(|characters| shape.replace("{}", characters)) {
                taken_by_the_driver += u32::from(hostile.parse::<Address>().is_ok());
                assert!(Recipient::parse(&hostile).is_err(), "{hostile:?}");
                for text in [&hostile, &format!("ACME <{hostile}>")] {
                    // White space around the whole of it is no part of it.
                    let read = parse("From", text).map(|mailbox| mailbox.email.to_string());
                    assert!(read.is_err() || read.as_deref() == Ok("a@x.example"), "{text:?}: {read:?}");
                }
            }
        }
        assert!(taken_by_the_driver > 0, "the driver is as strict now: say so above");
    }
}
