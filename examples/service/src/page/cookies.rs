//! What a browser keeps: the code it waits for, and its session.
//!
//! No script reads them, no other site sends them. With an https origin they also travel by TLS alone, and
//! their prefix has the browser see to it that no neighbouring host can put them there (RFC 6265bis section
//! 4.1.3.2).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use otp_exchange::{OtpId, Recipient};

use crate::settings::Origin;

/// One of the two.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cookie {
    /// A [`Pending`].
    Pending,
    /// An access token.
    Session,
}

/// The code that a browser waits for, and where it was sent.
///
/// The address is there to be shown: whoever mistyped it has to see that. Nothing is done by it; the otp id
/// alone says whose code it is. It stays in the browser no longer than the code lives.
pub(super) struct Pending {
    pub(super) otp_id: OtpId,
    pub(super) recipient: Recipient,
}

impl Cookie {
    /// What the browser sent, if it sent one.
    pub(super) fn read<'a>(self, headers: &'a HeaderMap, origin: &Origin) -> Option<&'a str> {
        let pairs = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        let mut pairs = pairs.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.name(origin)).map(|(_, value)| value)
    }

    /// Has the browser keep that for so long.
    pub(super) fn set(self, value: &str, life: Duration, origin: &Origin) -> HeaderValue {
        let (name, seconds) = (self.name(origin), life.as_secs());
        let secure = if origin.is_https() { "; Secure" } else { "" };
        let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
        // Otp ids, tokens and addresses are printable ASCII without space, comma, semicolon and quote.
        let mut header = HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static(""));
        header.set_sensitive(true);
        header
    }

    /// Has the browser forget it.
    pub(super) fn clear(self, origin: &Origin) -> HeaderValue {
        self.set("", Duration::ZERO, origin)
    }

    fn name(self, origin: &Origin) -> &'static str {
        match (self, origin.is_https()) {
            (Self::Pending, true) => "__Host-otp-pending",
            (Self::Pending, false) => "otp-pending",
            (Self::Session, true) => "__Host-otp-session",
            (Self::Session, false) => "otp-session",
        }
    }
}

impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.otp_id, self.recipient.address())
    }
}

impl FromStr for Pending {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (otp_id, address) = text.split_once(':').ok_or(())?;
        let (otp_id, recipient) = (otp_id.parse().map_err(drop)?, Recipient::parse(address).map_err(drop)?);
        Ok(Self { otp_id, recipient })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let origin = |text: &str| text.parse::<Origin>().unwrap();
        let (plain, tls) = (origin("http://login.example"), origin("https://login.example"));
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("my-otp-session=x; otp-sessions=y;otp-session=a=b"));
        headers.append(COOKIE, HeaderValue::from_static("otp-session=later; __Host-otp-session=tls"));
        assert_eq!(Cookie::Session.read(&headers, &plain), Some("a=b"));
        assert_eq!(Cookie::Session.read(&headers, &tls), Some("tls"), "the prefix is part of the name");
        assert_eq!(Cookie::Pending.read(&headers, &plain), None);
    }

    #[test]
    fn every_address_fits_into_a_cookie_and_comes_back() {
        let otp_id: OtpId = "A".repeat(87).parse().unwrap();
        for address in ["ada@example.org", "+32412345678", "!#$%&'*+-/=?^_`{|}~.x@example.org"] {
            let recipient = Recipient::parse(address).unwrap();
            let text = Pending { otp_id, recipient }.to_string();
            assert!(!text.contains([' ', ';', ',', '"', '\\']), "RFC 6265 section 4.1.1");
            let origin = "https://login.example".parse().unwrap();
            assert!(!Cookie::Pending.set(&text, Duration::ZERO, &origin).is_empty());
            let back: Pending = text.parse().unwrap();
            assert_eq!((back.otp_id, back.recipient.address()), (otp_id, address));
        }
        for broken in ["", ":", "x:ada@example.org", &"A".repeat(87), &format!("{}:ada", "A".repeat(87))] {
            assert!(broken.parse::<Pending>().is_err(), "{broken}");
        }
    }
}
