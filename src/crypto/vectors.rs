//! The known answers of [`formats`](super::formats), and what must not open.

use super::seal::{EntryKind, Name};
use super::vault::Vault;
use super::*;
use crate::client_key::ClientKey;
use crate::code::Code;
use crate::context::Context;
use crate::otp_id::{OtpId, OtpIdError};
use crate::recipient::Recipient;
use crate::tally::CryptoCounts;
use crate::tokens::SessionId;

/// Where each place is altered in turn, how far it is to the next: Miri takes seconds for one.
const STEP: usize = if cfg!(miri) { 29 } else { 1 };

fn ascending<const COUNT: usize>(from: u8) -> [u8; COUNT] {
    std::array::from_fn(|index| from + u8::try_from(index).unwrap())
}

fn keyring() -> Keyring {
    Keyring::new(&ascending::<32>(0), &ascending::<32>(0x20)).unwrap().namespace("test").unwrap()
}

fn vault() -> Vault {
    Vault::new(&keyring()).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn name_of(address: &str) -> Name {
    vault().ledger_name(&Recipient::parse(address).unwrap())
}

#[test]
fn names() {
    assert_eq!(hex(name_of("ada@example.org").as_bytes()), "25c82f5b0e7e3b54c80a9d43344cccdd");
    assert_eq!(name_of("ADA@Example.ORG"), name_of("ada@example.org"));
    assert_eq!(hex(name_of("+32 412 34 56 78").as_bytes()), "b45b689e8251beabb3657ba9ce74147c");
    let session = vault().session_name(SessionId(ascending(0x60)));
    assert_eq!(hex(session.as_bytes()), "e85357e78db69dcf43673600cbf1a66d");
    let code = Code::from_ascii(b"ABCDEFGHIJKLMNOP").unwrap();
    let (browser, device) = (ClientKey::ip([192, 0, 2, 1].into()), ClientKey::new("device-1"));
    let quota = |scope, key: &[u8]| vault().quota_name(scope, key);
    for (name, known) in [
        (vault().code_name(&code), "4cb3d4c742d6a85f883c7aebf630ad4a"),
        (quota(Scope::ClientSends, browser.as_bytes()), "0d62109a845d3d26b783ee144e281c7e"),
        (quota(Scope::ClientChecks, device.as_bytes()), "1280c10c73e5c1238128d5fa9f722991"),
        (quota(Scope::DialCodeSends, b"32"), "2febeeca21ce8c479ae4168248f1f090"),
        (quota(Scope::ServiceSends, b""), "6f9f48ff66ccda2a69274fb8bbed8513"),
        (vault().subject_name("user-17"), "82fccf62788e857e599815374840c7f2"),
    ] {
        assert_eq!(hex(name.as_bytes()), known);
    }
}

#[test]
fn what_stands_for_a_request() {
    let digest = |request: &(&str, u8)| vault().request_digest(request).unwrap();
    assert_eq!(digest(&("key", 1)), digest(&("key", 1)));
    assert_ne!(digest(&("key", 1)), digest(&("key", 2)));
    assert_ne!(digest(&("key", 1)), digest(&("kez", 1)));
    assert_ne!(digest(&("", 0)), [0; 16], "as of no request");
}

#[test]
fn bound_context() {
    let mut context = Context::default();
    context.bind("payee".into(), "ACME".into());
    context.bind("amount".into(), "12.50 EUR".into());
    context.check().unwrap();
    let digest = vault().context_digest(&context);
    assert_eq!(hex(&digest), "9e86995cb3208a457813f67ce2a02aba440bd139b525b945719afc0af4f08395");
    assert_eq!(vault().context_digest(&Context::default()), NO_CONTEXT);
    // Lengths keep the parts apart: no moving of characters between name and value gives the same digest.
    let mut moved = Context::default();
    moved.bind("payee".into(), "ACME".into());
    moved.bind("amount1".into(), "2.50 EUR".into());
    moved.check().unwrap();
    assert_ne!(vault().context_digest(&moved), digest);
}

#[test]
fn sealed_entries() {
    let name = name_of("ada@example.org");
    let value = (7_u8, "hello".to_owned());
    let sealed = vault().seal(EntryKind::Ledger, name, ascending(0x50), &value, 100).unwrap();
    assert_eq!(
        hex(sealed.as_bytes()),
        "0167aca221505152535455565758595a5b770ceecfb0ee88329ff2026f7e294f295c1d41e22e784f"
    );
    assert_eq!(sealed.version().as_bytes(), &ascending::<12>(0x50));
    assert_eq!(vault().open::<(u8, String)>(EntryKind::Ledger, name, &sealed), Ok(value));
    assert_eq!(format!("{name:?}"), "Name(25c82f5b0e7e3b54c80a9d43344cccdd)");
    assert_eq!(format!("{sealed:?}"), "Sealed(40 bytes, Version(5051…))");

    let open = |vault: &Vault, kind, name| vault.open::<(u8, String)>(kind, name, &sealed).unwrap_err();
    assert_eq!(open(&vault(), EntryKind::Session, name), OpenError::Altered);
    assert_eq!(open(&vault(), EntryKind::Ledger, name_of("eve@example.org")), OpenError::Altered);
    let elsewhere = Vault::new(&keyring().namespace("live").unwrap()).unwrap();
    assert_eq!(open(&elsewhere, EntryKind::Ledger, name), OpenError::UnknownKey);
    for place in (0..sealed.as_bytes().len()).step_by(STEP) {
        let mut bytes = sealed.as_bytes().to_vec();
        bytes[place] ^= 1;
        let altered = Sealed::from_bytes(bytes).unwrap();
        assert!(vault().open::<(u8, String)>(EntryKind::Ledger, name, &altered).is_err(), "byte {place}");
    }
}

#[test]
fn an_entry_over_its_limit_is_not_sealed() {
    let name = name_of("ada@example.org");
    let seal = |size: usize, limit| {
        vault().seal(EntryKind::Ledger, name, ascending(0), &vec![0_u8; size], limit).is_ok()
    };
    assert!(seal(99, 100)); // one byte for the length
    assert!(!seal(100, 100));
    let most = MAX_ENTRY_BYTES - 33; // header and tag
    assert!(seal(most - 2, usize::MAX)); // two bytes for the length
    assert!(!seal(most - 1, usize::MAX));
}

#[test]
fn what_a_store_kept_has_33_to_16384_bytes() {
    for (bytes, fits) in [(0, false), (32, false), (33, true), (16_384, true), (16_385, false)] {
        let sealed = Sealed::from_bytes(vec![0; bytes]);
        assert_eq!(sealed.err(), (!fits).then_some(MalformedEntry { bytes }));
    }
}

#[test]
fn what_is_asked_of_the_primitives_is_counted() {
    let (vault, name) = (vault(), Name([9; 16]));
    let work = |seals: u8| {
        let sealed = (0..seals).map(|_| vault.seal(EntryKind::Ledger, name, ascending(0), &1_u8, 100));
        let opened = sealed.skip(1).map(|sealed| vault.open(EntryKind::Ledger, name, &sealed.unwrap()));
        assert!(opened.eq((1..seals).map(|_| Ok(1_u8))));
        (0..2).for_each(|_| assert_ne!(vault.subject_name("user-17"), name));
    };
    work(2);
    let before = CryptoCounts::of_this_thread();
    work(4);
    let counts = CryptoCounts::of_this_thread() - before;
    assert_eq!(
        counts,
        CryptoCounts { hmacs: 2, seals: 4, opens: 3, texts_read: 0, texts_written: 0, message_texts: 0 }
    );
}

#[test]
fn otp_ids() {
    let id = vault().otp_id(name_of("ada@example.org"), &ascending(0x40), ascending(0x50));
    assert_eq!(
        id.to_string(),
        "AWesoiFQUVJTVFVWV1hZWltaK_5cqpaORTYY2ETH15s37hT5qk_ialUXNwk16ptm3QIZfWEq_Zx_66xdVmAdOd4"
    );
    assert_eq!(id.to_string().parse::<OtpId>(), Ok(id));
    assert_eq!(vault().open_otp_id(&id), Ok((name_of("ada@example.org"), ascending(0x40))));
}

#[test]
fn delivery_ids() {
    let id = vault().delivery_id(name_of("ada@example.org"), &ascending(0x40));
    assert_eq!(
        id.to_string(),
        "AWesoiFAQUJDREVGR0hJSku37n39UfTETsfElNaXRYsukk5Gv8G2oEafE-MbjMxYOsVtCRucsp5m870aaBB7SyM"
    );
    assert_eq!(vault().open_delivery_id(&id), Ok((name_of("ada@example.org"), ascending(0x40))));
    // Of two kinds that are sealed alike, neither is the other.
    assert_eq!(vault().open_otp_id(&OtpId(id.0)), Err(OpenError::Altered));
}

#[test]
fn an_otp_id_with_one_character_changed_is_none() {
    let genuine = vault().otp_id(name_of("ada@example.org"), &ascending(0x40), ascending(0x50)).to_string();
    for place in (0..genuine.len()).step_by(STEP) {
        for replacement in ['A', '_', 'z', '0'] {
            let altered: String = genuine
                .chars()
                .enumerate()
                .map(|(at, old)| if at == place { replacement } else { old })
                .collect();
            let opened =
                altered.parse::<OtpId>().and_then(|id| vault().open_otp_id(&id).map_err(OtpIdError::from));
            assert_eq!(opened.is_ok(), altered == genuine, "{altered}");
        }
    }
}

#[test]
fn tokens() {
    let name = |kind| TokenName { kind, session: SessionId(ascending(0x60)), generation: 3 };
    let known = [
        (TokenKind::Access, "AWBhYmNkZWZnaGlqa2xtbm8AAAADKDpj7b2Spvku8sRDye1LCA6oAhJT2bynYfHHLFMXz_Y"),
        (TokenKind::Refresh, "AmBhYmNkZWZnaGlqa2xtbm8AAAADj0eOHKeMzJeqDpaPjeX9cdX_sS3ucpgUpcPs3zQn3r4"),
    ];
    for (kind, text) in known {
        assert_eq!(vault().token(&name(kind), &ascending(0x70)).expose(), text);
        let presented = Presented::read(text).unwrap();
        assert_eq!(presented.name, name(kind));
        assert!(vault().is_genuine(&presented, &ascending(0x70)));
        assert!(!vault().is_genuine(&presented, &ascending(0x71)));
        for place in (0..text.len()).step_by(STEP) {
            let mut altered = text.to_owned().into_bytes();
            altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
            let altered = Presented::read(std::str::from_utf8(&altered).unwrap());
            assert!(
                altered.is_err() || altered.is_ok_and(|token| !vault().is_genuine(&token, &ascending(0x70)))
            );
        }
    }
}

#[test]
fn keys_are_long_different_and_stay_closed() {
    let (naming, sealing) = (ascending::<32>(0), ascending::<32>(0x20));
    assert_eq!(Keyring::new(&naming[..31], &sealing).unwrap_err(), KeyError::Short { bytes: 31 });
    assert_eq!(Keyring::new(&naming, &naming).unwrap_err(), KeyError::Repeated);
    assert_eq!(keyring().open_only(&sealing).unwrap_err(), KeyError::Repeated);
    assert_eq!(keyring().namespace("a\nb").unwrap_err(), KeyError::Namespace);
    assert_eq!(keyring().namespace(&"n".repeat(65)).unwrap_err(), KeyError::Namespace);
    assert!(keyring().namespace(&"n".repeat(64)).is_ok());
    assert_eq!(format!("{:?}", keyring()), "Keyring { namespace: \"test\", .. }");
}

#[test]
fn an_open_only_key_opens_and_does_not_seal() {
    let (naming, old, new) = (ascending::<32>(0), ascending::<32>(0x20), ascending::<32>(0x80));
    let rotated = Vault::new(&Keyring::new(&naming, &new).unwrap().open_only(&old).unwrap()).unwrap();
    let before = Vault::new(&Keyring::new(&naming, &old).unwrap()).unwrap();
    let name = Name([9; 16]);
    let sealed = before.seal(EntryKind::Ledger, name, ascending(0), &1_u8, 100).unwrap();
    assert_eq!(rotated.open::<u8>(EntryKind::Ledger, name, &sealed), Ok(1));
    let resealed = rotated.seal(EntryKind::Ledger, name, ascending(0), &1_u8, 100).unwrap();
    assert_eq!(before.open::<u8>(EntryKind::Ledger, name, &resealed), Err(OpenError::UnknownKey));
    assert_eq!(rotated.ledger_name(&Recipient::parse("ada@example.org").unwrap()), {
        before.ledger_name(&Recipient::parse("ada@example.org").unwrap())
    });
}
