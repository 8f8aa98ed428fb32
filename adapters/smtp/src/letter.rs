//! A message as it goes over the wire.

use email_encoding::headers::rfc2047;
use email_encoding::headers::writer::EmailWriter;
use lettre::Address;
use lettre::message::header::{
    self, ContentTransferEncoding, ContentType, HeaderName, HeaderValue, Headers, MIME_VERSION_1_0,
};
use lettre::message::{Body, Mailbox, Mailboxes, MultiPart, SinglePart};

/// A line of base64 or quoted-printable can never be one: neither has `=_` (RFC 2045 section 6.7, note 5).
const BOUNDARY: &str = "=_otp-exchange_=";

/// Words up to here leave lines of at most 78 characters, as RFC 5322 section 2.1.1 recommends.
const LONGEST_WORD: usize = 60;

/// All that a letter is made of.
pub(crate) struct Letter<'a> {
    pub(crate) from: &'a Mailbox,
    pub(crate) to: &'a Address,
    pub(crate) reply_to: Option<&'a Mailbox>,
    pub(crate) subject: Option<&'a str>,
    pub(crate) text: &'a str,
    pub(crate) html: Option<&'a str>,
    pub(crate) language: Option<&'a str>,
    /// Without its angle brackets.
    pub(crate) message_id: &'a str,
}

impl Letter<'_> {
    /// Header and body, in lines of at most 998 octets of ASCII, without the line end after the last.
    pub(crate) fn to_wire(&self) -> String {
        let mut headers = Headers::new();
        headers.set(header::From::from(Mailboxes::from(self.from.clone())));
        headers.insert_raw(recipient(self.to));
        if let Some(reply_to) = self.reply_to {
            headers.set(header::ReplyTo::from(Mailboxes::from(reply_to.clone())));
        }
        if let Some(subject) = self.subject.filter(|subject| !subject.is_empty()) {
            headers.insert_raw(text("Subject", subject));
        }
        headers.set(header::Date::now());
        headers.set(header::MessageId::from(format!("<{}>", self.message_id)));
        // No answers from holiday notices and the like (RFC 3834 section 5; Exchange goes by a header of its
        // own, here without NDR: bounces are wanted).
        headers.insert_raw(text("Auto-Submitted", "auto-generated"));
        headers.insert_raw(text("X-Auto-Response-Suppress", "DR, OOF, AutoReply"));
        if let Some(language) = self.language {
            headers.insert_raw(text("Content-Language", language));
        }
        headers.set(MIME_VERSION_1_0);
        let plain = part(ContentType::TEXT_PLAIN, self.text);
        let body = match self.html {
            None => plain.formatted(),
            Some(html) => MultiPart::alternative()
                .boundary(BOUNDARY)
                .singlepart(plain)
                .singlepart(part(ContentType::TEXT_HTML, html))
                .formatted(),
        };
        let mut wire = headers.to_string();
        wire.push_str(&String::from_utf8_lossy(body.strip_suffix(b"\r\n").unwrap_or(&body))); // it is ASCII
        wire
    }
}

/// One part, always encoded: what goes as it is can be taken for a boundary or lose its trailing spaces.
fn part(content_type: ContentType, text: &str) -> SinglePart {
    let mut body = Body::new(text.to_owned()); // whichever is shorter, but for plain ASCII
    if body.encoding() == ContentTransferEncoding::SevenBit {
        let encoding = ContentTransferEncoding::QuotedPrintable;
        body = Body::new_with_encoding(text.to_owned(), encoding).unwrap_or(body);
    }
    SinglePart::builder().header(content_type).body(body)
}

/// The recipient of the envelope. A local part may look like encoded words, which mail programs decode even
/// here, although RFC 2047 section 5 forbids it: in quotes, and in brackets, they do not.
fn recipient(to: &Address) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str("To");
    let (local, domain) = (to.user(), to.domain());
    // In quotes it is the same mailbox (RFC 5321 section 4.1.2); among atoms there is nothing to escape.
    let shown = if local.contains("=?") { format!("<\"{local}\"@{domain}>") } else { to.to_string() };
    HeaderValue::dangerous_new_pre_encoded(name, to.to_string(), shown) // see `address_of`
}

/// A header of free text (RFC 5322 section 2.2.1), in encoded words (RFC 2047) unless it is plain.
///
/// The driver would leave `=?…?=` as it is, which a mail program then decodes, and long words unfolded.
fn text(name: &'static str, value: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str(name);
    let plain = value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && !value.contains("=?")
        && value.split(' ').all(|word| (1..=LONGEST_WORD).contains(&word.len()));
    if plain {
        return HeaderValue::new(name, value.to_owned());
    }
    let mut encoded = String::new();
    let mut writer = EmailWriter::new(&mut encoded, name.len() + ": ".len(), 0, false);
    // Writing to a string does not fail; if it did, what is there is well-formed all the same.
    let _ = rfc2047::encode(value, &mut writer);
    drop(writer);
    HeaderValue::dangerous_new_pre_encoded(name, value.to_owned(), encoded)
}

#[cfg(test)]
#[path = "../tests/mail/inspect/mod.rs"]
mod inspect;

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::seq::IndexedRandom;
    use rand::{RngExt, SeedableRng};

    use super::inspect::{Expected, inspect};
    use super::*;
    use crate::mailbox;

    fn wire(expected: &Expected<'_>) -> String {
        let from = Mailbox::new(expected.name.map(ToOwned::to_owned), expected.from.parse().unwrap());
        let letter = Letter {
            from: &from,
            to: &expected.to.parse().unwrap(),
            reply_to: None,
            subject: expected.subject,
            text: expected.text,
            html: expected.html,
            language: expected.language,
            message_id: "delivery.random@acme.example",
        };
        letter.to_wire()
    }

    const LETTER: Expected<'static> = Expected {
        name: Some("ACME Änderungen"),
        from: "no-reply@acme.example",
        to: "ada@example.org",
        subject: Some("123456 is your code"),
        text: "123456 is your code.\n\nIt lives for 5 minutes.\n",
        html: Some("<!doctype html>\n<p>123456 is your code.</p>\n"),
        language: Some("en"),
    };

    fn assert_good(expected: &Expected<'_>) {
        let wire = wire(expected) + "\r\n";
        inspect(wire.as_bytes(), expected).unwrap_or_else(|wrong| panic!("{wrong}\n{expected:?}\n{wire}"));
        let (_, behind_from) = wire.split_once("\r\nTo: ").unwrap();
        for line in behind_from.split("\r\n") {
            // RFC 5322 section 2.1.1, but for what cannot be folded: addresses, and words of a name.
            assert!(line.len() <= 78 || line.contains('@'), "{} octets: {line}", line.len());
        }
    }

    #[test]
    fn has_what_it_should_and_nothing_else() {
        assert_good(&LETTER);
        assert_good(&Expected { html: None, ..LETTER });
        assert_good(&Expected { subject: None, language: None, name: None, html: None, ..LETTER });
        assert_good(&Expected { text: "", html: Some(""), ..LETTER });
        assert_eq!(wire(&Expected { subject: Some(""), ..LETTER }).matches("Subject").count(), 0);
    }

    #[test]
    fn answers_by_machines_are_asked_not_to_come_and_bounces_may() {
        let wire = wire(&LETTER);
        assert!(wire.contains("\r\nAuto-Submitted: auto-generated\r\n"));
        assert!(wire.contains("\r\nX-Auto-Response-Suppress: DR, OOF, AutoReply\r\n"));
        assert!(wire.contains("\r\nMessage-ID: <delivery.random@acme.example>\r\n"));
        for leak in ["Bcc", "Cc:", "User-Agent", "X-Mailer", "Received", "List-", "http"] {
            assert!(!wire.contains(leak), "{leak}");
        }
    }

    #[test]
    fn the_worst_texts_arrive_as_they_are() {
        let long = "x".repeat(5000);
        let texts = [
            ".",
            "..",
            ".\n.\n",
            "\n.\n",
            "a\n.\nb",
            "From ada",
            ">From",
            " leading",
            "trailing ",
            "a \nb\t\nc",
            "=",
            "=20",
            "=\n",
            "=?utf-8?q?=41?=",
            "--",
            &format!("--{BOUNDARY}"),
            &format!("\n--{BOUNDARY}--\n"),
            "\n\n\n",
            "ünï ©ödé 🔑",
            "\u{202e}txet",
            "\u{feff}",
            "a\u{2028}b",
            "nul\0nul",
            "tab\ttab",
            &long,
            &"🔑 ".repeat(900),
        ];
        for text in texts {
            assert_good(&Expected { text, html: None, ..LETTER });
            assert_good(&Expected { text, html: Some(text), ..LETTER });
            assert_good(&Expected { text: "", html: Some(text), ..LETTER });
        }
    }

    /// Pieces of which hostile headers are made.
    const PIECES: [&str; 40] = [
        "a",
        "Z",
        "0",
        "9",
        " ",
        "  ",
        ".",
        ",",
        ";",
        ":",
        "<",
        ">",
        "(",
        ")",
        "[",
        "]",
        "@",
        "\"",
        "\\",
        "'",
        "=",
        "?",
        "=?",
        "?=",
        "=?utf-8?q?=0d=0aBcc:_eve@example.org?=",
        "=?utf-8?b?",
        "_",
        "-",
        "Bcc: eve@example.org",
        "eve@example.org",
        "<eve@example.org>",
        "\u{202e}",
        "ä",
        "漢字",
        "🔑",
        "\u{a0}",
        "\u{2028}",
        "{{CODE}}",
        "a-word-that-is-quite-long-and-cannot-be-folded-since-it-has-no-space-in-it",
        "%0d%0a",
    ];

    #[test]
    fn no_name_and_no_subject_is_read_as_anything_else() {
        let mut rng = StdRng::seed_from_u64(1);
        let text = |rng: &mut StdRng, most: usize| {
            let pieces = rng.random_range(1..=most);
            let text: String = (0..pieces).map(|_| *PIECES.choose(rng).unwrap()).collect();
            text
        };
        let mut named = 0;
        for _ in 0..30_000 {
            // White space around a name or a subject is no part of it in any parser.
            let subject = text(&mut rng, 30);
            let name = text(&mut rng, 8);
            let quoted = format!("\"{}\" <{}>", name.replace('\\', "\\\\").replace('"', "\\\""), LETTER.from);
            let Ok(from) = mailbox::parse("From", &quoted) else {
                assert!(name.len() > 200, "{name}");
                continue;
            };
            named += 1;
            assert_eq!(from.name.as_deref(), Some(&name[..]));
            assert_good(&Expected { name: Some(&name), subject: Some(&subject), ..LETTER });
        }
        assert!(named > 25_000, "{named}");
    }
}
