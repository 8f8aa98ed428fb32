//! The working keys, derived once from a keyring, and all that is done with them.

use aes_gcm_siv::aead::AeadInOut;
use aes_gcm_siv::{Aes256GcmSiv, KeyInit};
use hmac::{Hmac, Mac};
use postcard::ser_flavors::Size;
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::NONCE_BYTES;
use super::keyring::{KeyError, Keyring, Secret};
use super::seal::{EntryKind, FORMAT, HEADER, KEY_ID, Name, OpenError, SealError, Sealed, TAG};
use crate::code::Code;
use crate::context::Context;
use crate::delivery::DeliveryId;
use crate::otp_id::{OTP_ID_BYTES, OtpId};
use crate::recipient::{Channel, Recipient};
use crate::tally::tally;
use crate::tokens::SessionId;
use crate::wiped::Wiped;

pub(crate) type ChallengeId = [u8; 16];
pub(crate) type ContextDigest = [u8; 32];
pub(crate) type RequestDigest = [u8; 16];
pub(crate) type Nonce = [u8; NONCE_BYTES];

/// What a challenge without bound context has for a digest. No HMAC comes out as this but by a chance of
/// 2^-256.
pub(crate) const NO_CONTEXT: ContextDigest = [0; 32];

type HmacSha256 = Hmac<Sha256>;

const SALT: &[u8] = b"otp-exchange/v1";

/// The name that stands in the associated data of an otp id, which lies under none.
const NOWHERE: Name = Name([0; 16]);

/// Enough for the encoding of nearly every entry, in bytes; and the same sealed.
const ROOM: usize = 1024;
const SEALED_ROOM: usize = 1057;
const _: () = assert!(SEALED_ROOM == HEADER + ROOM + TAG);

/// What stands before a request where the kind of an entry stands before a name.
const REQUEST: u8 = b'r';

/// What a quota is of.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Scope {
    ClientSends = 1,
    ClientChecks = 2,
    DialCodeSends = 3,
    ServiceSends = 4,
}

pub(crate) struct Vault {
    names: HmacSha256,
    contexts: HmacSha256,
    tokens: HmacSha256,
    /// Stands for naming secret and namespace: what is made under another one is foreign.
    pub(crate) realm: [u8; 16],
    sealing: SealingKey,
    open_only: Vec<SealingKey>,
}

struct SealingKey {
    id: [u8; KEY_ID],
    cipher: Aes256GcmSiv,
}

impl Vault {
    pub(crate) fn new(keyring: &Keyring) -> Result<Self, KeyError> {
        let named = |label| subkey(&keyring.naming, label, &keyring.namespace, &[]);
        let mut realm = [0; 16];
        realm.copy_from_slice(&named("realm")[..16]);
        let sealing = |secret: &Secret| SealingKey::derive(secret, &keyring.namespace, &realm);
        let vault = Self {
            names: keyed(&*named("entry name")),
            contexts: keyed(&*named("bound context")),
            tokens: keyed(&*named("token")),
            realm,
            sealing: sealing(&keyring.sealing),
            open_only: keyring.open_only.iter().map(sealing).collect(),
        };
        let mut ids: Vec<_> = vault.keys().map(|key| key.id).collect();
        ids.sort_unstable();
        let unique = ids.windows(2).all(|pair| pair[0] != pair[1]);
        if unique { Ok(vault) } else { Err(KeyError::KeyIdTaken) }
    }

    /// The name of a recipient's ledger.
    pub(crate) fn ledger_name(&self, recipient: &Recipient) -> Name {
        let channel = match recipient.channel() {
            Channel::Email => b'@',
            Channel::Sms => b'+',
        };
        self.name(&[&[EntryKind::Ledger as u8, channel], recipient.canonical_form().as_bytes()])
    }

    /// The name of a session. It is hashed like any other, so that a token of another namespace finds nothing
    /// here, rather than an entry that does not open.
    pub(crate) fn session_name(&self, id: SessionId) -> Name {
        self.name(&[&[EntryKind::Session as u8], &id.0])
    }

    /// The name of the entry of a code that answers to nothing but itself.
    pub(crate) fn code_name(&self, code: &Code) -> Name {
        self.name(&[&[EntryKind::CodeAlone as u8], code.expose().as_bytes()])
    }

    /// The name of a quota: of one client's messages, say.
    pub(crate) fn quota_name(&self, scope: Scope, key: &[u8]) -> Name {
        self.name(&[&[EntryKind::Usage as u8, scope as u8], key])
    }

    /// The name of a subject.
    pub(crate) fn subject_name(&self, subject: &str) -> Name {
        self.name(&[&[EntryKind::Subject as u8], subject.as_bytes()])
    }

    /// What stands for a request that shall be answered only once, whoever's it is.
    pub(crate) fn request_digest<T: Serialize>(&self, request: &T) -> Result<RequestDigest, SealError> {
        encoded(request, |room| {
            let digest = self.name(&[&[REQUEST], &room[HEADER..room.len() - TAG]]).0;
            room.zeroize();
            digest
        })
    }

    fn name(&self, parts: &[&[u8]]) -> Name {
        let mut name = [0; 16];
        name.copy_from_slice(&mac(&self.names, parts)[..16]);
        Name(name)
    }

    pub(crate) fn context_digest(&self, context: &Context) -> ContextDigest {
        if context.is_empty() {
            return NO_CONTEXT;
        }
        tally!(hmacs);
        let mut mac = self.contexts.clone();
        for text in context.fields().flat_map(|(name, value)| [name, value]) {
            mac.update(&(text.len() as u64).to_be_bytes());
            mac.update(text.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    pub(super) fn token_mac(&self, name: &[u8], salt: &[u8; 16]) -> Wiped<[u8; 32]> {
        Wiped::new(mac(&self.tokens, &[name, salt]))
    }

    pub(crate) fn otp_id(&self, entry: Name, challenge: &ChallengeId, nonce: Nonce) -> OtpId {
        OtpId(self.seal_pair(EntryKind::OtpId, entry, challenge, nonce))
    }

    pub(crate) fn open_otp_id(&self, id: &OtpId) -> Result<(Name, ChallengeId), OpenError> {
        self.open_pair(EntryKind::OtpId, &id.0)
    }

    /// What carriers know the deliveries of a challenge by. Its nonce is the challenge's id, so that each
    /// challenge has one only and no randomness is spent on it; under AES-GCM-SIV that gives nothing away.
    pub(crate) fn delivery_id(&self, entry: Name, challenge: &ChallengeId) -> DeliveryId {
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&challenge[..NONCE_BYTES]);
        DeliveryId(self.seal_pair(EntryKind::DeliveryId, entry, challenge, nonce))
    }

    pub(crate) fn open_delivery_id(&self, id: &DeliveryId) -> Result<(Name, ChallengeId), OpenError> {
        self.open_pair(EntryKind::DeliveryId, &id.0)
    }

    /// Seals a value for a name; an error if its encoding is longer than `limit`.
    pub(crate) fn seal<T: Serialize>(
        &self,
        kind: EntryKind,
        name: Name,
        nonce: Nonce,
        value: &T,
        limit: usize,
    ) -> Result<Sealed, SealError> {
        encoded(value, |room| {
            if room.len() - HEADER - TAG > limit {
                room.zeroize();
                return Err(SealError);
            }
            // Where it stands: no plaintext is left to wipe.
            self.seal_in_place(kind, name, nonce, room);
            Sealed::from_bytes(&*room).map_err(|_| SealError) // larger than any entry, whatever the limit
        })?
    }

    pub(crate) fn open<T: DeserializeOwned>(
        &self,
        kind: EntryKind,
        name: Name,
        sealed: &Sealed,
    ) -> Result<T, OpenError> {
        let plain = self.decrypt(kind, name, sealed.as_bytes())?;
        postcard::from_bytes(&plain).map_err(|_| OpenError::Format)
    }

    fn seal_pair(
        &self,
        kind: EntryKind,
        entry: Name,
        challenge: &ChallengeId,
        nonce: Nonce,
    ) -> [u8; OTP_ID_BYTES] {
        let mut bytes = [0; OTP_ID_BYTES];
        bytes[HEADER..HEADER + 16].copy_from_slice(&entry.0);
        bytes[HEADER + 16..HEADER + 32].copy_from_slice(challenge);
        self.seal_in_place(kind, NOWHERE, nonce, &mut bytes);
        bytes
    }

    fn open_pair(
        &self,
        kind: EntryKind,
        bytes: &[u8; OTP_ID_BYTES],
    ) -> Result<(Name, ChallengeId), OpenError> {
        let plain = self.decrypt(kind, NOWHERE, bytes)?;
        let (mut entry, mut challenge) = ([0; 16], [0; 16]);
        entry.copy_from_slice(&plain[..16]);
        challenge.copy_from_slice(&plain[16..32]);
        Ok((Name(entry), challenge))
    }

    /// `bytes` comes as room for the header, the plaintext, and room for the tag.
    fn seal_in_place(&self, kind: EntryKind, name: Name, nonce: Nonce, bytes: &mut [u8]) {
        tally!(seals);
        let (header, rest) = bytes.split_at_mut(HEADER);
        header[0] = FORMAT;
        header[1..=KEY_ID].copy_from_slice(&self.sealing.id);
        header[1 + KEY_ID..].copy_from_slice(&nonce);
        let (text, tag) = rest.split_at_mut(rest.len() - TAG);
        let data = associated_data(kind, name, self.sealing.id);
        match self.sealing.cipher.encrypt_inout_detached(&nonce.into(), &data, (&mut *text).into()) {
            Ok(computed) => tag.copy_from_slice(&computed),
            // Only above 64 GiB, which no caller has; never leave plaintext behind all the same.
            Err(_) => text.zeroize(),
        }
    }

    fn decrypt(&self, kind: EntryKind, name: Name, bytes: &[u8]) -> Result<Wiped<Vec<u8>>, OpenError> {
        tally!(opens);
        if bytes[0] != FORMAT {
            return Err(OpenError::Format);
        }
        let key = self.keys().find(|key| bytes[1..=KEY_ID] == key.id).ok_or(OpenError::UnknownKey)?;
        let (text, tag) = bytes[HEADER..].split_at(bytes.len() - HEADER - TAG);
        let (mut nonce, mut expected_tag) = ([0; NONCE_BYTES], [0; TAG]);
        nonce.copy_from_slice(&bytes[1 + KEY_ID..HEADER]);
        expected_tag.copy_from_slice(tag);
        let data = associated_data(kind, name, key.id);
        let mut plain = Wiped::new(text.to_vec());
        key.cipher
            .decrypt_inout_detached(&nonce.into(), &data, (&mut plain[..]).into(), &expected_tag.into())
            .map_err(|_| OpenError::Altered)?;
        Ok(plain)
    }

    fn keys(&self) -> impl Iterator<Item = &SealingKey> {
        std::iter::once(&self.sealing).chain(&self.open_only)
    }
}

impl SealingKey {
    fn derive(secret: &[u8], namespace: &str, realm: &[u8]) -> Self {
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&subkey(secret, "key id", namespace, realm)[..KEY_ID]);
        let key = subkey(secret, "seal", namespace, realm);
        Self { id, cipher: Aes256GcmSiv::new((&*key).into()) }
    }
}

fn associated_data(kind: EntryKind, name: Name, key_id: [u8; KEY_ID]) -> [u8; 1 + KEY_ID + 1 + 16] {
    let mut data = [0; 1 + KEY_ID + 1 + 16];
    data[0] = FORMAT;
    data[1..=KEY_ID].copy_from_slice(&key_id);
    data[1 + KEY_ID] = kind as u8;
    data[2 + KEY_ID..].copy_from_slice(&name.0);
    data
}

/// HKDF-SHA-256 (RFC 5869) with one block of output; the info is the label and the namespace, each after its
/// length, and for sealing keys the realm, so that those who share a sealing key but no naming secret share
/// nothing.
fn subkey(secret: &[u8], label: &str, namespace: &str, realm: &[u8]) -> Zeroizing<[u8; 32]> {
    let extracted = Zeroizing::new(mac(&keyed(SALT), &[secret]));
    #[allow(clippy::cast_possible_truncation)] // labels are short, namespaces at most 64 bytes
    let lengths = [label.len() as u8, namespace.len() as u8];
    let info = [&lengths[..1], label.as_bytes(), &lengths[1..], namespace.as_bytes(), realm, &[1]];
    Zeroizing::new(mac(&keyed(&*extracted), &info))
}

/// What a value is encoded as, between room for a header and for a tag, handed on to be sealed or wiped there. Nearly
/// all have room on the stack; what is longer is measured first, so that it never moves and leaves no copy.
fn encoded<T: Serialize, R>(value: &T, then: impl FnOnce(&mut [u8]) -> R) -> Result<R, SealError> {
    let mut room = [0; SEALED_ROOM];
    if let Ok(text) = postcard::to_slice(value, &mut room[HEADER..HEADER + ROOM]) {
        let size = text.len();
        return Ok(then(&mut room[..HEADER + size + TAG]));
    }
    room.as_mut_slice().zeroize();
    let size = postcard::serialize_with_flavor(value, Size::default()).map_err(|_| SealError)?;
    let mut long = Wiped::new(vec![0; HEADER + size + TAG]);
    postcard::to_slice(value, &mut long[HEADER..HEADER + size]).map_err(|_| SealError)?;
    Ok(then(&mut long))
}

fn keyed(key: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC takes a key of any length (RFC 2104)")
}

fn mac(keyed: &HmacSha256, parts: &[&[u8]]) -> [u8; 32] {
    tally!(hmacs);
    let mut mac = keyed.clone();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
