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
    pub(crate) fn to_wire(&self) -> Vec<u8> {
        let mut headers = Headers::new();
        headers.set(header::From::from(Mailboxes::from(self.from.clone())));
        headers.set(header::To::from(Mailboxes::from(Mailbox::from(self.to.clone()))));
        if let Some(reply_to) = self.reply_to {
            headers.set(header::ReplyTo::from(Mailboxes::from(reply_to.clone())));
        }
        if let Some(subject) = self.subject {
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
        let mut wire = headers.to_string().into_bytes();
        wire.extend_from_slice(body.strip_suffix(b"\r\n").unwrap_or(&body));
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

/// Words up to here leave lines of at most 78 characters, as RFC 5322 section 2.1.1 recommends.
const LONGEST_WORD: usize = 60;
