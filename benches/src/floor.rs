//! The least a flow could cost: its operations as counted (tests/counts.rs holds them against the crate's),
//! on entries of the real size, and nothing else. No encoding, no rule, no choice of words, no check, no event, no
//! allocation but the store's own and a message's. What a process spends of its share of a busy quota is no
//! operation. A token comes and goes as text, and it is a secret: reading and writing that in constant time is an
//! operation. So is each text of a message: words and code put together in memory of its own, which is wiped.

use std::fmt;
use std::hint::black_box;

use aes_gcm_siv::aead::AeadInOut;
use aes_gcm_siv::{Aes256GcmSiv, KeyInit};
use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, Mac};
use otp_exchange::{CodeStore, MemoryStore, Name, Sealed, Swap, Timestamp, Version};
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::Sha256;
use zeroize::Zeroize;

use crate::counts::Counts;
use crate::ports::run;
use crate::setting::Hashed;

/// What a sealed entry is longer than its content: version, key id, nonce; tag.
const HEADER: usize = 1 + 4 + 12;
const TAG: usize = 16;
/// The content of an otp id: entry name and challenge id.
const OTP_ID: usize = 32;
/// What lies under every seal as associated data: version, key id, kind, name.
const ASSOCIATED: [u8; 22] = [7; 22];
/// What is hashed for the name of a session: kind and session id.
const SESSION_NAME: usize = 17;
/// What is hashed for a token: its name and the salt of its session.
const TOKEN: usize = 37;
/// A whole token: its name and the hash; and as text.
const WHOLE_TOKEN: usize = 21 + 32;
const TOKEN_TEXT: usize = 71;
/// More than is ever hashed at once.
static INPUT: [u8; 512] = [7; 512];
/// What stands around the code in a message, and more.
static WORDS: &str = match std::str::from_utf8(&[b'a'; 1024]) {
    Ok(words) => words,
    Err(_) => "",
};
static CODE: &str = "123456";

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
    /// The usage of a client's quota, if messages and submissions have their price.
    pub(crate) usage: Option<usize>,
    /// The texts of a message, as many as it has.
    pub(crate) message: [Option<usize>; 3],
}

/// The primitives with their keys, and room to work in.
pub(crate) struct Floor {
    pub(crate) sizes: Sizes,
    /// What has been done so far.
    pub(crate) done: Counts,
    hashed: Hashed,
    cipher: Aes256GcmSiv,
    keyed: Hmac<Sha256>,
    token: [u8; TOKEN_TEXT],
    room: Vec<u8>,
    otp_id: Box<[u8]>,
    ledger: Box<[u8]>,
    session: Box<[u8]>,
    usage: Box<[u8]>,
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
    pub(crate) fn new(sizes: Sizes, hashed: Hashed) -> Self {
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
        let usage = sealed(sizes.usage.map_or(0, content));
        let room = vec![5; sizes.fuller_ledger.max(sizes.session)];
        let (done, token) = (Counts::default(), [b'A'; TOKEN_TEXT]);
        Self { sizes, done, hashed, cipher, keyed, token, room, otp_id, ledger, session, usage }
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

    /// Send to a new recipient, for a new client if usage is counted.
    pub(crate) fn send(&mut self, store: &MemoryStore, draft: &Draft, usage: Option<&Draft>) {
        self.random::<50>();
        self.hash_all(self.hashed.message);
        self.seal(OTP_ID);
        self.seal(OTP_ID); // the delivery id is as long
        assert!(self.load(store, draft.name).is_none());
        self.pay_first(store, usage);
        self.seal(content(self.sizes.ledger));
        self.write(store, draft, None);
        self.write_message();
    }

    /// Send to a known recipient, for a known client if usage is counted. Returns what was there before.
    pub(crate) fn send_again(&mut self, store: &MemoryStore, draft: &Draft, usage: Option<&Draft>) -> Sealed {
        self.random::<50>();
        self.hash_all(self.hashed.message);
        self.seal(OTP_ID);
        self.seal(OTP_ID); // the delivery id is as long
        let found = self.load(store, draft.name).expect("an entry");
        self.open_ledger();
        self.pay_again(store, usage);
        self.seal(content(self.sizes.fuller_ledger));
        self.write(store, draft, Some(found.version()));
        self.write_message();
        found
    }

    /// Exchange, for a new client if usage is counted. Returns what was there before.
    pub(crate) fn exchange(
        &mut self,
        store: &MemoryStore,
        used: &Draft,
        session: &Draft,
        usage: Option<&Draft>,
    ) -> Sealed {
        self.open_otp_id();
        self.pay_first(store, usage);
        self.hash_all(self.hashed.submission);
        self.random::<56>();
        let found = self.load(store, used.name).expect("an entry");
        self.open_ledger();
        self.seal(content(self.sizes.used_ledger));
        self.write(store, used, Some(found.version()));
        self.hash(SESSION_NAME);
        self.seal(content(self.sizes.session));
        self.write(store, session, None);
        self.make_token();
        self.make_token();
        found
    }

    /// Authenticate.
    pub(crate) fn authenticate(&mut self, store: &MemoryStore, session: Name) {
        self.read_token();
        self.hash(SESSION_NAME);
        black_box(self.load(store, session).expect("an entry"));
        self.open_session();
        self.hash(TOKEN);
    }

    /// Refresh, for a subject whose sessions nobody took back.
    pub(crate) fn refresh(&mut self, store: &MemoryStore, session: &Draft) {
        self.read_token();
        self.random::<12>();
        self.hash(SESSION_NAME);
        let found = self.load(store, session.name).expect("an entry");
        self.open_session();
        self.hash(TOKEN);
        self.seal(content(self.sizes.refreshed_session));
        self.write(store, session, Some(found.version()));
        self.hash(self.hashed.subject);
        let mut subject = *session.name.as_bytes();
        subject.reverse(); // random as well
        assert!(self.load(store, Name::from_bytes(subject)).is_none());
        self.make_token();
        self.make_token();
    }

    /// Pays the price, if there is one, from a quota of which nothing is used up.
    fn pay_first(&mut self, store: &MemoryStore, usage: Option<&Draft>) {
        let Some(usage) = usage else { return };
        self.random::<12>();
        assert!(self.load(store, usage.name).is_none());
        self.seal(content(usage.entry.as_bytes().len()));
        self.write(store, usage, None);
    }

    /// Pays the price, if there is one, from a quota of which something is used up.
    fn pay_again(&mut self, store: &MemoryStore, usage: Option<&Draft>) {
        let Some(usage) = usage else { return };
        self.random::<12>();
        let found = self.load(store, usage.name).expect("an entry");
        self.open_usage();
        self.seal(content(usage.entry.as_bytes().len()));
        self.write(store, usage, Some(found.version()));
    }

    fn random<const COUNT: usize>(&mut self) {
        self.done.random_calls += 1;
        self.done.random_bytes += COUNT as u64;
        random::<COUNT>();
    }

    fn hash_all(&mut self, lengths: &[usize]) {
        for &length in lengths {
            self.hash(length);
        }
    }

    fn hash(&mut self, length: usize) {
        self.done.hmacs += 1;
        let mut mac = self.keyed.clone();
        mac.update(black_box(&INPUT[..length]));
        black_box(mac.finalize().into_bytes());
    }

    fn make_token(&mut self) {
        self.hash(TOKEN);
        self.done.texts_written += 1;
        let mut text = [0; TOKEN_TEXT];
        let written = Base64UrlUnpadded::encode(black_box(&INPUT[..WHOLE_TOKEN]), &mut text);
        black_box(written.expect("as long as that"));
    }

    fn read_token(&mut self) {
        self.done.texts_read += 1;
        let mut token = [0; WHOLE_TOKEN];
        let read = Base64UrlUnpadded::decode(black_box(&self.token), &mut token);
        black_box(read.expect("a text of letters"));
    }

    fn write_message(&mut self) {
        let mut write = |length: usize| {
            self.done.message_texts += 1;
            let (before, rest) = WORDS.split_at(length / 2);
            let mut text = String::with_capacity(length);
            for part in [before, CODE, &rest[..length - before.len() - CODE.len()]] {
                text.push_str(black_box(part));
            }
            text
        };
        let texts = self.sizes.message.map(|length| length.map(&mut write));
        for text in black_box(texts).into_iter().flatten() {
            text.into_bytes().as_mut_slice().zeroize();
        }
    }

    fn seal(&mut self, content: usize) {
        self.done.seals += 1;
        black_box(seal(&self.cipher, &mut self.room[..content]));
    }

    fn open_otp_id(&mut self) {
        self.done.opens += 1;
        open(&self.cipher, &mut self.room, &self.otp_id);
    }

    fn open_ledger(&mut self) {
        self.done.opens += 1;
        open(&self.cipher, &mut self.room, &self.ledger);
    }

    fn open_session(&mut self) {
        self.done.opens += 1;
        open(&self.cipher, &mut self.room, &self.session);
    }

    fn open_usage(&mut self) {
        self.done.opens += 1;
        open(&self.cipher, &mut self.room, &self.usage);
    }

    fn load(&mut self, store: &MemoryStore, name: Name) -> Option<Sealed> {
        self.done.loads += 1;
        run(store.load(name)).expect("memory")
    }

    fn write(&mut self, store: &MemoryStore, draft: &Draft, expected: Option<Version>) {
        self.done.swaps += 1;
        write(store, draft, expected);
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

pub(crate) fn write(store: &MemoryStore, draft: &Draft, expected: Option<Version>) {
    let swap = run(store.swap(draft.name, expected, &draft.entry, draft.forget_after));
    assert_eq!(swap.expect("memory"), Swap::Applied);
}

impl fmt::Debug for Floor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Floor").field("sizes", &self.sizes).finish_non_exhaustive()
    }
}
