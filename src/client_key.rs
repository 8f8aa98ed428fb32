//! Whoever asks, as far as the application can tell.

use std::fmt;
use std::net::IpAddr;

/// The first byte says what the others are, so that keys of different kinds are never equal.
const TEXT: u8 = 0;
const IPV4: u8 = 4;
const IPV6: u8 = 6;

/// Whoever asks, as far as the application can tell: an IP address, or a key of the application's own.
///
/// Requests with equal keys are taken to come from one client. `Debug` shows nothing of it: an IP address is
/// personal data.
///
/// ```
/// use otp_exchange::ClientKey;
/// let one = ClientKey::ip("2001:db8:1:2::3".parse()?);
/// assert_eq!(one, ClientKey::ip("2001:db8:1:2:ffff::4".parse()?)); // the same /64
/// assert_ne!(one, ClientKey::ip("2001:db8:1:3::3".parse()?));
/// assert_ne!(one, ClientKey::new("2001:db8:1:2::3")); // a text is no address
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClientKey(Box<[u8]>);

impl ClientKey {
    /// The client at an IP address.
    ///
    /// An IPv4 address stands for itself, also when it comes mapped into IPv6 (`::ffff:0:0/96`, RFC 4291
    /// section 2.5.5.2). Any other IPv6 address stands for its /64, since one household or one attacker has
    /// all of that (RFC 6177).
    ///
    /// **Behind a proxy, pass the address the proxy vouches for**: the connection's own address would be the
    /// proxy's and make everybody one client, and a header that anybody can set, as `X-Forwarded-For` can be
    /// when no proxy overwrites it, would make one client as many as it likes. Behind a translator that puts
    /// IPv4 addresses into IPv6 (RFC 6052), pass the IPv4 address: all of them may lie in one /64.
    pub fn ip(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::tagged(IPV4, &address.octets()),
            IpAddr::V6(address) => Self::tagged(IPV6, &address.octets()[..8]),
        }
    }

    /// The client that the application knows by a key of its own: the id of an API key or of a device, say.
    ///
    /// Any text will do; two are equal if they are the same byte for byte. It should be something the
    /// application has checked: a client that makes up its own key has as many as it likes.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self::tagged(TEXT, text.as_ref().as_bytes())
    }

    /// What tells this key from every other.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn tagged(tag: u8, bytes: &[u8]) -> Self {
        Self([&[tag], bytes].concat().into())
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(address: &str) -> ClientKey {
        ClientKey::ip(address.parse().unwrap())
    }

    #[test]
    fn an_ipv4_address_stands_for_itself() {
        assert_eq!(ip("203.0.113.7").as_bytes(), [4, 203, 0, 113, 7]);
        assert_ne!(ip("203.0.113.7"), ip("203.0.113.8"));
    }

    #[test]
    fn a_mapped_ipv4_address_is_that_address() {
        assert_eq!(ip("::ffff:203.0.113.7"), ip("203.0.113.7"));
        assert_ne!(ip("::ffff:203.0.113.7"), ip("::ffff:203.0.113.8")); // though in one /64
        assert_eq!(ip("::fffe:203.0.113.7").as_bytes(), [6, 0, 0, 0, 0, 0, 0, 0, 0]); // not mapped
        assert_eq!(ip("::203.0.113.7").as_bytes(), [6, 0, 0, 0, 0, 0, 0, 0, 0]); // nor is this
    }

    #[test]
    fn an_ipv6_address_stands_for_its_64() {
        let first = ip("2001:db8:1:2::");
        assert_eq!(first.as_bytes(), [6, 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2]);
        assert_eq!(first, ip("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(first, ip("2001:db8:1:3::"));
        assert_ne!(first, ip("2001:db8:1:1:ffff:ffff:ffff:ffff"));
    }

    #[test]
    fn keys_of_different_kinds_are_never_equal() {
        assert_ne!(ClientKey::new("203.0.113.7"), ip("203.0.113.7"));
        // Texts whose own bytes are those of an address, with its tag and without.
        assert_ne!(ClientKey::new("\u{4}\u{7f}\0\0\u{1}"), ip("127.0.0.1"));
        assert_ne!(ClientKey::new("\u{7f}\0\0\u{1}"), ip("127.0.0.1"));
        assert_ne!(ClientKey::new("\u{6}\0\0\0\0\0\0\0\0"), ip("::1"));
        assert_ne!(ClientKey::new("\0\0\0\0\0\0\0\0"), ip("::1"));
        assert_ne!(ip("0.0.0.0"), ip("::"));
    }

    #[test]
    fn a_text_is_taken_as_it_is() {
        assert_eq!(ClientKey::new("device-7").as_bytes(), b"\0device-7");
        assert_eq!(ClientKey::new("device-7"), ClientKey::new(String::from("device-7")));
        assert_ne!(ClientKey::new("device-7"), ClientKey::new("Device-7"));
        assert_ne!(ClientKey::new("device-7"), ClientKey::new("device-7 "));
        assert_eq!(ClientKey::new("").as_bytes(), [0]);
    }

    #[test]
    fn debug_shows_nothing() {
        for key in [ip("203.0.113.7"), ip("2001:db8::1"), ClientKey::new("device-7")] {
            assert_eq!(format!("{key:?}"), "ClientKey(redacted)");
        }
    }
}
