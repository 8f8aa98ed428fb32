//! The least a flow could cost: the operations of the price list in tests/cost.rs, on entries of the real
//! size, and nothing else. No encoding, no rule, no text, no check, no allocation but the store's own.

use std::fmt;
use std::hint::black_box;

use aes_gcm_siv::aead::AeadInOut;
use aes_gcm_siv::{Aes256GcmSiv, KeyInit};
use hmac::{Hmac, Mac};
use otp_exchange::{CodeStore, MemoryStore, Name, Sealed, Swap, Timestamp, Version};
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::Sha256;

use crate::ports::run;

/// What a sealed entry is longer than its content: version, key id, nonce; tag.
const HEADER: usize = 1 + 4 + 12;
const TAG: usize = 16;
/// The content of an otp id: entry name and challenge id.
const OTP_ID: usize = 32;
/// What lies under every seal as associated data: version, key id, kind, name.
const ASSOCIATED: [u8; 22] = [7; 22];
/// What is hashed for the name of a ledger: kind, channel and an address of 24 characters.
const LEDGER_NAME: [u8; 26] = [7; 26];
/// What is hashed for the name of a session: kind and session id.
const SESSION_NAME: [u8; 17] = [7; 17];
/// What is hashed for a token: its name and the salt of its session.
const TOKEN: [u8; 37] = [7; 37];

/// How long the entries are that the flows write, seal included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// A ledger with one challenge.
    pub(crate) ledger: usize,
    /// A ledger with two.
    pub(crate) fuller_ledger: usize,
    /// A ledger whose challenges are used up.
    pub(crate) used_ledger: usize,
    pub(crate) session: usize,
    pub(crate) refreshed_session: usize,
}

/// The primitives with their keys, and room to work in.
pub(crate) struct Floor {
    pub(crate) sizes: Sizes,
    cipher: Aes256GcmSiv,
    keyed: Hmac<Sha256>,
    room: Vec<u8>,
    otp_id: Box<[u8]>,
    ledger: Box<[u8]>,
    session: Box<[u8]>,
}

/// One entry for a floor to write.
pub(crate) struct Draft {
    pub(crate) name: Name,
    pub(crate) entry: Sealed,
    pub(crate) forget_after: Timestamp,
}

pub(crate) fn random<const COUNT: usize>() -> [u8; COUNT] {
    let mut bytes = [0; COUNT];
    SysRng.try_fill_bytes(&mut bytes).expect("the system has randomness");
    black_box(bytes)
}

impl Floor {
    pub(crate) fn new(sizes: Sizes) -> Self {
        let cipher = Aes256GcmSiv::new(&[3; 32].into());
        let keyed = Hmac::new_from_slice(&[4; 32]).expect("any length");
        let sealed = |content: usize| {
            let mut bytes = vec![5; content + TAG];
            let (text, tag) = bytes.split_at_mut(content);
            tag.copy_from_slice(&seal(&cipher, text));
            bytes.into_boxed_slice()
        };
        let (otp_id, ledger) = (sealed(OTP_ID), sealed(content(sizes.ledger)));
        let session = sealed(content(sizes.session));
        Self { sizes, keyed, otp_id, ledger, session, room: vec![5; sizes.fuller_ledger], cipher }
    }

    /// An entry of that length, of a version of its own.
    #[allow(clippy::unused_self)] // reads as what it is for
    pub(crate) fn entry(&self, length: usize) -> Sealed {
        let mut bytes = vec![6; length];
        bytes[5..HEADER].copy_from_slice(&random::<12>());
        Sealed::from_bytes(bytes).expect("the length of an entry")
    }

    /// Entries of that length under random names.
    pub(crate) fn drafts(&self, count: usize, length: usize, forget_after: Timestamp) -> Vec<Draft> {
        let draft = |_| Draft { name: Name::from_bytes(random()), entry: self.entry(length), forget_after };
        (0..count).map(draft).collect()
    }

    /// Send to a new recipient: 1 load, 1 swap, 1 HMAC, 2 seals, 50 random bytes.
    pub(crate) fn send(&mut self, store: &MemoryStore, draft: &Draft) {
        random::<50>();
        self.hash(&LEDGER_NAME);
        self.seal(OTP_ID);
        assert!(run(store.load(draft.name)).expect("memory").is_none());
        self.seal(content(self.sizes.ledger));
        write(store, draft, None);
    }

    /// Send to a known recipient: 1 load, 1 swap, 1 HMAC, 2 seals, 1 open, 50 random bytes.
    pub(crate) fn send_again(&mut self, store: &MemoryStore, draft: &Draft) -> Sealed {
        random::<50>();
        self.hash(&LEDGER_NAME);
        self.seal(OTP_ID);
        let found = load(store, draft.name);
        self.open_ledger();
        self.seal(content(self.sizes.fuller_ledger));
        write(store, draft, Some(found.version()));
        found
    }

    /// Exchange: 1 load, 2 swaps, 3 HMACs, 2 seals, 2 opens, 56 random bytes.
    pub(crate) fn exchange(&mut self, store: &MemoryStore, used: &Draft, session: &Draft) -> Sealed {
        random::<56>();
        self.open_otp_id();
        let found = load(store, used.name);
        self.open_ledger();
        self.seal(content(self.sizes.used_ledger));
        write(store, used, Some(found.version()));
        self.hash(&SESSION_NAME);
        self.seal(content(self.sizes.session));
        write(store, session, None);
        self.hash(&TOKEN);
        self.hash(&TOKEN);
        found
    }

    /// Authenticate: 1 load, 2 HMACs, 1 open.
    pub(crate) fn authenticate(&mut self, store: &MemoryStore, session: Name) {
        self.hash(&SESSION_NAME);
        black_box(load(store, session));
        self.open_session();
        self.hash(&TOKEN);
    }

    /// Refresh: 1 load, 1 swap, 4 HMACs, 1 seal, 1 open, 12 random bytes.
    pub(crate) fn refresh(&mut self, store: &MemoryStore, session: &Draft) {
        random::<12>();
        self.hash(&SESSION_NAME);
        let found = load(store, session.name);
        self.open_session();
        self.hash(&TOKEN);
        self.seal(content(self.sizes.refreshed_session));
        write(store, session, Some(found.version()));
        self.hash(&TOKEN);
        self.hash(&TOKEN);
    }

    fn hash(&self, input: &[u8]) {
        let mut mac = self.keyed.clone();
        mac.update(black_box(input));
        black_box(mac.finalize().into_bytes());
    }

    fn seal(&mut self, content: usize) {
        black_box(seal(&self.cipher, &mut self.room[..content]));
    }

    fn open_otp_id(&mut self) {
        open(&self.cipher, &mut self.room, &self.otp_id);
    }

    fn open_ledger(&mut self) {
        open(&self.cipher, &mut self.room, &self.ledger);
    }

    fn open_session(&mut self) {
        open(&self.cipher, &mut self.room, &self.session);
    }
}

fn content(entry: usize) -> usize {
    entry - HEADER - TAG
}

fn seal(cipher: &Aes256GcmSiv, text: &mut [u8]) -> [u8; TAG] {
    let tag = cipher.encrypt_inout_detached(&[8; 12].into(), &ASSOCIATED, text.into());
    tag.expect("not that long").into()
}

fn open(cipher: &Aes256GcmSiv, room: &mut [u8], sealed: &[u8]) {
    let (text, tag) = sealed.split_at(sealed.len() - TAG);
    let room = &mut room[..text.len()];
    room.copy_from_slice(text);
    let tag: [u8; TAG] = tag.try_into().expect("16 bytes");
    let opened =
        cipher.decrypt_inout_detached(&[8; 12].into(), &ASSOCIATED, (&mut *room).into(), &tag.into());
    opened.expect("as it was sealed");
    black_box(room);
}

fn load(store: &MemoryStore, name: Name) -> Sealed {
    run(store.load(name)).expect("memory").expect("an entry")
}

pub(crate) fn write(store: &MemoryStore, draft: &Draft, expected: Option<Version>) {
    let swap = run(store.swap(draft.name, expected, &draft.entry, draft.forget_after));
    assert_eq!(swap.expect("memory"), Swap::Applied);
}

impl fmt::Debug for Floor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Floor").field("sizes", &self.sizes).finish_non_exhaustive()
    }
}
