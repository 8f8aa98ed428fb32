//! Whoever has the whole store, all addresses and all otp ids finds neither a code nor an address in it.
//!
//! The attack is run twice: on a store that keeps `sha224(address + code)`, as a well-known service does,
//! where it finds every code; and on this one, with the same and with similar guesses, where it finds none.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

use crate::common::{House, block_on, every_quota, memory, recipient};
use hmac::{Hmac, KeyInit, Mac};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    ClientKey, CodeAlone, CodeStore, Grant, Kind, MemoryStore, Name, Otp, Principal, Recipient, Request,
    Sealed, StoreError, Submission, Swap, Timestamp, Version,
};
use sha2::{Digest, Sha224, Sha256};

/// Everything a store was ever handed, old versions too.
struct Tapped {
    store: MemoryStore,
    rows: Mutex<Vec<(Name, Vec<u8>)>>,
}

impl CodeStore for Tapped {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        self.store.load(name).await
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        self.rows.lock().unwrap().push((name, value.as_bytes().to_vec()));
        self.store.swap(name, expected, value, forget_after).await
    }
}

/// What fell into the attacker's hands.
struct Dump {
    bytes: Vec<Vec<u8>>,
    /// Every run of eight bytes in it, at any offset: a digest, whole or cut short, shows itself by one of
    /// them.
    windows: HashSet<[u8; 8]>,
}

impl Dump {
    fn of(bytes: Vec<Vec<u8>>) -> Self {
        let windows =
            bytes.iter().flat_map(|row| row.windows(8)).map(|run| run.try_into().unwrap()).collect();
        Self { bytes, windows }
    }

    fn has_digest(&self, digest: &[u8]) -> bool {
        self.windows.contains(<&[u8; 8]>::try_from(&digest[..8]).unwrap())
    }

    /// Whether that text lies anywhere in it: as it is, in hex, or in base64 at any of its three alignments.
    fn has_text(&self, text: &str) -> bool {
        let hex = text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        let found = |needle: &[u8]| {
            self.bytes.iter().any(|row| row.windows(needle.len()).any(|run| run.eq_ignore_ascii_case(needle)))
        };
        found(text.as_bytes())
            || found(hex.as_bytes())
            || base64_of(text).iter().any(|text| found(text.as_bytes()))
    }
}

/// The characters of base64 that are certain to stand for this text, whatever is around it.
fn base64_of(text: &str) -> Vec<String> {
    const CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let encode = |skip: usize| {
        let bits: Vec<u8> =
            text.bytes().skip(skip).flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        let value = |six: &[u8]| six.iter().fold(0, |value, bit| value << 1 | usize::from(*bit));
        bits.chunks_exact(6).map(|six| char::from(CHARACTERS[value(six)])).collect()
    };
    (0..3).map(encode).collect()
}

/// What people store instead of a code, for one address and one guess.
fn guesses(address: &str, code: &str, mut seen: impl FnMut(&[u8])) {
    let joined = [address.as_bytes(), code.as_bytes()];
    let [plain, with_colon] = [joined.concat(), joined.join(&b':')];
    seen(&Sha224::digest(&plain));
    seen(&Sha256::digest(&plain));
    seen(&Sha256::digest(&with_colon));
    seen(&Sha256::digest(code));
    let keyed_with_nothing = Hmac::<Sha256>::new_from_slice(b"").unwrap().chain_update(&plain);
    seen(&keyed_with_nothing.finalize().into_bytes());
}

/// The script: for each address, every code of six digits is tried against the dump.
fn attack(dump: &Dump, addresses: &[String]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for address in addresses {
        for number in 0..1_000_000 {
            let code = format!("{number:06}");
            let mut hit = false;
            guesses(address, &code, |digest| hit |= dump.has_digest(digest));
            if hit {
                found.insert(address.clone(), code);
            }
        }
    }
    found
}

struct Loot {
    dump: Dump,
    /// Live codes by address.
    codes: BTreeMap<String, String>,
    /// Access and refresh tokens, and codes that answer to nothing but themselves.
    tokens: Vec<String>,
}

fn browser() -> ClientKey {
    ClientKey::ip("203.0.113.77".parse().unwrap())
}

/// A service in use: live codes of each way of naming, wrong guesses, sessions, every quota, and a subject
/// whose sessions were taken back. All that the store saw is stolen.
fn steal() -> Loot {
    let store = Arc::new(Tapped { store: memory(), rows: Mutex::default() });
    let policy = || every_quota().send_spacing(std::time::Duration::ZERO);
    let house = House::on(Arc::clone(&store), ManualClock::default(), policy());
    let otp = Otp::new(Kind::Alphanumeric, 16).unwrap();
    let alone = policy().otp(otp).code_alone(CodeAlone::default());
    let alone = House::on(Arc::clone(&store), ManualClock::default(), alone);
    let (mut codes, mut tokens, mut ids) = (BTreeMap::new(), Vec::new(), Vec::new());
    let people: Vec<Recipient> =
        ["Ada.Lovelace@Example.org", "+32412345678"].into_iter().map(recipient).collect();
    for (index, person) in people.iter().enumerate() {
        let grant = Grant::for_subject("user-of-the-canary").metadata("plan", "canary-metadata");
        let first = block_on(house.otp.send(Request::login(person).grant(grant))).unwrap();
        let code = house.code(person);
        let wrong =
            Submission::by_id(&first.otp_id, &crate::common::other_than(&code)).login().client(browser());
        assert!(block_on(house.otp.verify(wrong)).is_err());
        let right = Submission::by_id(&first.otp_id, &code).login();
        let session = block_on(house.otp.exchange(right)).unwrap();
        tokens.extend([session.access.expose().to_owned(), session.refresh.unwrap().expose().to_owned()]);
        let request = Request::new("payment", person)
            .bind("amount", "987654.32 XTS")
            .bind("payee", "canary-payee")
            .bind("note", "canary-note")
            .template("canary {{CODE}}")
            .client(browser())
            .idempotency_key("canary-press-of-the-button")
            .requested_by(Principal::new("canary-clerk"));
        let request = if index == 0 { request } else { request.by_recipient() };
        let sent = block_on(house.otp.send(request)).unwrap();
        ids.push(sent.otp_id.to_string());
        codes.insert(person.canonical(), house.code(person));
        let sent = block_on(alone.otp.send(Request::login(person).by_code())).unwrap();
        tokens.push(sent.expose().code.to_owned());
        block_on(house.otp.revoke_subject("user-of-the-canary")).unwrap();
    }
    let rows = store.rows.lock().unwrap();
    let names = rows.iter().map(|(name, _)| name.as_bytes().to_vec());
    let values = rows.iter().map(|(_, value)| value.clone());
    let bytes = names.chain(values).chain(ids.into_iter().map(String::into_bytes)).collect();
    Loot { dump: Dump::of(bytes), codes, tokens }
}

#[test]
fn the_attack_finds_every_code_of_a_store_of_bare_hashes() {
    let victims = BTreeMap::from([
        ("ada.lovelace@example.org".to_owned(), "000000".to_owned()),
        ("+32412345678".to_owned(), "999999".to_owned()),
    ]);
    let rows = victims.iter().map(|(address, code)| Sha224::digest(format!("{address}{code}")).to_vec());
    let addresses: Vec<_> = victims.keys().cloned().collect();
    assert_eq!(attack(&Dump::of(rows.collect()), &addresses), victims);
}

#[test]
fn the_attack_finds_no_code_of_this_store() {
    let loot = steal();
    let addresses: Vec<_> = loot.codes.keys().cloned().collect();
    assert_eq!(attack(&loot.dump, &addresses), BTreeMap::new());
}

#[test]
fn nothing_lies_in_the_dump_in_plain() {
    let loot = steal();
    let canaries = ["user-of-the-canary", "canary-metadata", "canary", "payment", "login", "987654.32"];
    let addresses = ["Ada.Lovelace@Example.org", "lovelace", "example.org", "+32412345678", "32412345678"];
    let clients = ["203.0.113.77"];
    let secrets = loot.codes.values().chain(&loot.tokens).map(String::as_str);
    for text in canaries.into_iter().chain(addresses).chain(clients).chain(secrets) {
        assert!(!loot.dump.has_text(text), "{text}");
    }
    // The same search finds what is there: as text, in hex, and inside base64 at each alignment.
    for planted in ["code=canary;", "63616e617279", "Y2FuYXJ5", "eGNhbmFyeQ", "eHhjYW5hcnk"] {
        assert!(Dump::of(vec![planted.as_bytes().to_vec()]).has_text("canary"), "{planted}");
    }
}

#[test]
fn a_name_is_no_bare_hash_of_an_address() {
    let loot = steal();
    let unkeyed = |text: &[u8]| {
        let keyless = Hmac::<Sha256>::new_from_slice(b"").unwrap().chain_update(text).finalize();
        let digests =
            [Sha256::digest(text).to_vec(), Sha224::digest(text).to_vec(), keyless.into_bytes().to_vec()];
        digests.iter().any(|digest| loot.dump.has_digest(digest))
    };
    // Nor of a client, a country, a subject, a code alone, or an idempotency key.
    let alone = loot.tokens.iter().map(String::as_bytes);
    let clients: [&[u8]; 4] =
        [b"203.0.113.77", &[203, 0, 113, 77], &[4, 203, 0, 113, 77], b"\x00203.0.113.77"];
    let others: [&[u8]; 5] = [b"32", b"+32", b"", b"user-of-the-canary", b"canary-press-of-the-button"];
    for text in alone.chain(clients).chain(others) {
        for prefix in 0..=8_u8 {
            let named: Vec<Vec<u8>> = (0..=4_u8).map(|scope| [&[prefix, scope], text].concat()).collect();
            assert!(!named.iter().any(|named| unkeyed(named)), "{text:?}");
            assert!(!unkeyed(&[&[prefix], text].concat()) && !unkeyed(text), "{text:?}");
        }
    }
    for person in ["Ada.Lovelace@Example.org", "+32412345678"].map(recipient) {
        for address in [person.canonical(), person.address().to_owned()] {
            for prefix in ["", "@", "+", "email:", "phone:", "\u{1}@", "\u{1}+", "otp-exchange/v1"] {
                let text = format!("{prefix}{address}");
                assert!(!loot.dump.has_digest(&Sha256::digest(&text)), "{text}");
                assert!(!loot.dump.has_digest(&Sha224::digest(&text)), "{text}");
                let keyless = Hmac::<Sha256>::new_from_slice(b"").unwrap().chain_update(&text);
                assert!(!loot.dump.has_digest(&keyless.finalize().into_bytes()), "{text}");
            }
        }
    }
}
