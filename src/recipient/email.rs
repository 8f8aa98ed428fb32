//! Email addresses: the mailbox syntax of RFC 5321 that delivers everywhere.

const LOCAL_OCTETS: usize = 64;
const DOMAIN_OCTETS: usize = 255;
/// A path is at most 256 octets (RFC 5321 section 4.5.3.1.3), and the angle brackets around it are two.
const ADDRESS_OCTETS: usize = 254;
const LABEL_OCTETS: usize = 63;

/// Checks a whole address.
pub(super) fn check(address: &str) -> Result<(), EmailError> {
    // The last `@` divides, so that one in the local part is an error there and not in the domain.
    let (local, domain) = address.rsplit_once('@').ok_or(EmailError::Local)?;
    if address.chars().any(char::is_control) {
        return Err(EmailError::ControlCharacter);
    }
    if address.contains(' ') {
        return Err(EmailError::Space);
    }
    if local.len() > LOCAL_OCTETS {
        return Err(EmailError::LocalLength);
    }
    if !local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_character)) {
        return Err(EmailError::Local);
    }
    if !domain.is_ascii() {
        return Err(EmailError::DomainNotAscii);
    }
    // Where the domain alone is too long, so is the address.
    if address.len() > ADDRESS_OCTETS {
        return Err(EmailError::Length);
    }
    if is_domain(domain) { Ok(()) } else { Err(EmailError::Domain) }
}

/// Whether it is a domain name: labels with dots between them, the last not a number, as it is in an address.
pub(crate) fn is_domain(domain: &str) -> bool {
    let mut labels = domain.split('.');
    let named =
        labels.clone().next_back().is_some_and(|last| !last.bytes().all(|byte| byte.is_ascii_digit()));
    domain.len() <= DOMAIN_OCTETS && named && labels.all(is_label)
}

/// `atext` of RFC 5322 section 3.2.3.
fn is_atom_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

/// A label of letters, digits and inner hyphens (RFC 1123 section 2.1).
fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    (1..=LABEL_OCTETS).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        && bytes.first() != Some(&b'-')
        && bytes.last() != Some(&b'-')
}

/// What is wrong with an email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmailError {
    /// A control character anywhere.
    #[error("address has a control character or line break; remove it")]
    ControlCharacter,
    /// A space anywhere.
    #[error("address has a space; pass the bare address, without a name or spaces around it")]
    Space,
    /// The part before the `@` is not a dot-atom.
    #[error(
        "local part (before the @) must be ASCII letters, digits and !#$%&'*+-/=?^_`{{|}}~, with single inner dots"
    )]
    Local,
    /// The part before the `@` has more than 64 octets.
    #[error("local part (before the @) is longer than {LOCAL_OCTETS} octets")]
    LocalLength,
    /// The domain is no domain name.
    #[error(
        "domain (after the @) must be dot-separated labels of letters, digits and inner hyphens, the last not a number"
    )]
    Domain,
    /// The domain has characters beyond ASCII.
    #[error("domain (after the @) is not ASCII; write it in its xn-- form")]
    DomainNotAscii,
    /// Domain or whole address too long.
    #[error("address is longer than {ADDRESS_OCTETS} octets, or its domain than {DOMAIN_OCTETS}")]
    Length,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_delivers() {
        let longest = format!(
            "{}@{}.example",
            "l".repeat(64),
            ["d".repeat(60), "e".repeat(60), "f".repeat(58)].join(".")
        );
        for good in
            ["ada@example.org", "a.b+c@x-y.example", "ada@localhost", "a@xn--bcher-kva.example", &longest[..]]
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn names_the_part_that_is_wrong() {
        let label = "d".repeat(64);
        let cases = [
            ("@example.org", EmailError::Local),
            (".ada@example.org", EmailError::Local),
            ("ada.@example.org", EmailError::Local),
            ("a..b@example.org", EmailError::Local),
            ("\"ab\"@example.org", EmailError::Local),
            ("a b@example.org", EmailError::Space),
            (" ada@example.org", EmailError::Space),
            ("Ada <ada@example.org>", EmailError::Space),
            ("ada@eve@example.org", EmailError::Local),
            ("ädä@example.org", EmailError::Local),
            ("ada,eve@example.org", EmailError::Local),
            ("ada@", EmailError::Domain),
            ("ada@.", EmailError::Domain),
            ("ada@example.", EmailError::Domain),
            ("ada@-x.org", EmailError::Domain),
            ("ada@x-.org", EmailError::Domain),
            ("ada@exa mple.org", EmailError::Space),
            ("ada@example.org ", EmailError::Space),
            ("ada@[127.0.0.1]", EmailError::Domain),
            ("ada@127.0.0.1", EmailError::Domain),
            ("ada@bücher.example", EmailError::DomainNotAscii),
            ("ada@example.org\r\nBcc: eve@example.org", EmailError::ControlCharacter),
            ("ada\0@example.org", EmailError::ControlCharacter),
            (&format!("{}@example.org", "l".repeat(65)), EmailError::LocalLength),
            (&format!("ada@{label}.org"), EmailError::Domain),
            (&format!("a@{}org", "dddddddd.".repeat(28)), EmailError::Length),
        ];
        for (address, error) in cases {
            assert_eq!(check(address), Err(error), "{address:?}");
        }
    }
}
