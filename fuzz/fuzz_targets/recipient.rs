//! Any text as an address: taken just when a slow reading of E.164 and RFC 5321 takes it, in one canonical form
//! that is its own, with nothing in it that could end a header or begin another address.
#![no_main]

use libfuzzer_sys::fuzz_target;
use otp_exchange::{Channel, DialCode, Purpose, Recipient};

fuzz_target!(|text: &str| {
    let read = Recipient::parse(text);
    let expected = if text.contains('@') { is_email(text).then(|| text.to_owned()) } else { number(text) };
    match (&read, &expected) {
        (Ok(read), Some(address)) => assert_eq!(read.address(), address),
        (Err(_), None) => {}
        (read, expected) => panic!("{text:?} is read as {read:?}, and should be {expected:?}"),
    }
    if let Ok(recipient) = read {
        canonical(&recipient);
        masked(&recipient);
    }

    if let Ok(code) = DialCode::parse(text) {
        let digits = code.as_str();
        assert!((1..=7).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()));
        assert!(!digits.starts_with('0'));
        assert_eq!(DialCode::parse(digits), Ok(code.clone()));
        assert_eq!(DialCode::parse(&format!("+{digits}")), Ok(code));
    }
    if let Ok(purpose) = Purpose::parse(text) {
        assert_eq!(purpose.as_str(), text);
        assert!((1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()));
        assert_eq!(Purpose::parse(purpose.as_str()), Ok(purpose));
    }
});

/// Reading what it gives back gives the same again.
fn canonical(recipient: &Recipient) {
    for spelling in [recipient.address().to_owned(), recipient.canonical()] {
        let again = Recipient::parse(&spelling).expect("what was read once is read again");
        assert_eq!(again, *recipient);
        assert_eq!(again.address(), spelling);
        assert_eq!(again.canonical(), recipient.canonical());
        assert_eq!((again.channel(), again.dial_code()), (recipient.channel(), recipient.dial_code()));
    }
    let address = recipient.address();
    assert!(address.is_ascii() && !address.bytes().any(|byte| byte <= b' ' || byte == 0x7F));
    assert!(!address.contains(['<', '>', ',', ';', ':', '"', '(', ')', '[', ']', '\\']));
    match (recipient.channel(), recipient.dial_code()) {
        (Channel::Email, None) => assert_eq!(recipient.canonical(), address.to_ascii_lowercase()),
        (Channel::Sms, Some(code)) => {
            assert_eq!(recipient.canonical(), address);
            assert!((1..=3).contains(&code.len()) && address[1..].starts_with(code));
            assert!(DialCode::parse(code).is_ok());
        }
        (channel, code) => panic!("{channel:?} has the dial code {code:?}"),
    }
}

/// What is shown to people does not hold the address.
fn masked(recipient: &Recipient) {
    let (masked, debug, canonical) = (recipient.masked(), format!("{recipient:?}"), recipient.canonical());
    for shown in [masked.to_lowercase(), debug.to_lowercase()] {
        assert!(!shown.contains(&canonical) && shown.contains("•••"));
    }
    let kept = match recipient.channel() {
        Channel::Email => masked.split('@').next().expect("the first part").chars().count() - 3,
        Channel::Sms => masked.bytes().filter(u8::is_ascii_digit).count(),
    };
    assert!(kept <= 4, "{kept} characters are kept");
}

/// The digits of an E.164 number after a `+`, if the text is one: read backwards, and by what each character
/// stands between.
fn number(text: &str) -> Option<String> {
    let body: Vec<char> = text.strip_prefix('+').unwrap_or(text).chars().collect();
    let digits: String = body.iter().filter(|one| one.is_ascii_digit()).collect();
    let separators = body.iter().filter(|one| !one.is_ascii_digit()).all(|one| " .-()".contains(*one));
    // Parentheses in pairs, one within none other, and no zero first in one.
    let parentheses: String = body.iter().filter(|one| "()".contains(**one)).collect();
    let paired = parentheses == "()".repeat(parentheses.len() / 2);
    let trunk = (0..body.len()).any(|at| {
        let before = body[..at].iter().rev().find(|one| !" .-".contains(**one));
        body[at] == '0' && before == Some(&'(')
    });
    let sized = (7..=15).contains(&digits.len()) && !digits.starts_with('0');
    (separators && paired && !trunk && sized).then(|| format!("+{digits}"))
}

/// Whether it is a mailbox as RFC 5321 has it, without quoted local parts and address literals.
fn is_email(text: &str) -> bool {
    let parts: Vec<&str> = text.split('@').collect();
    let [local, domain] = parts[..] else { return false };
    let atoms: Vec<&str> = local.split('.').collect();
    let labels: Vec<&str> = domain.split('.').collect();
    let atext = |one: char| one.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(one);
    let is_label = |label: &&str| {
        let inner = |one: char| one.is_ascii_alphanumeric() || one == '-';
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(inner)
            && label.trim_matches('-') == *label
    };
    let number = labels.last().is_some_and(|last| last.chars().all(|one| one.is_ascii_digit()));
    text.len() <= 254
        && local.len() <= 64
        && atoms.iter().all(|atom| !atom.is_empty() && atom.chars().all(atext))
        && labels.iter().all(is_label)
        && !number
}
