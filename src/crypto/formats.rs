//! How names, sealed entries, otp ids and tokens are made, byte for byte, so that another implementation can
//! be checked against this one. `‖` joins byte strings; numbers are big-endian; text is UTF-8.
//!
//! # Keys
//!
//! A [`Keyring`](crate::Keyring) has a naming secret, a sealing key and keys that only open. Every working
//! key is HKDF-SHA-256 (RFC 5869) of one of them with the salt `otp-exchange/v1`, one block of output, and
//! the info
//!
//! ```text
//! len(label) as u8 ‖ label ‖ len(namespace) as u8 ‖ namespace ‖ realm
//! ```
//!
//! | label | of | use |
//! |---|---|---|
//! | `entry name` | the naming secret | names of entries |
//! | `bound context` | the naming secret | digests of bound context |
//! | `token` | the naming secret | MACs of tokens |
//! | `realm` | the naming secret | first 16 bytes: stands for naming secret and namespace |
//! | `seal` | a sealing or open-only key | AES-256-GCM-SIV key |
//! | `key id` | a sealing or open-only key | first 4 bytes: the key id |
//!
//! The realm stands in the info of sealing and open-only keys, and is left out for keys of the naming secret.
//! So with the namespace every key changes, and rotating the sealing key changes neither names nor tokens.
//!
//! # Names
//!
//! The ledger of a recipient lies under the first 16 bytes of
//!
//! ```text
//! HMAC-SHA-256(entry name key, 0x01 ‖ '@' or '+' ‖ canonical address)
//! ```
//!
//! with `@` for email and `+` for phone; a session under the first 16 bytes of
//!
//! ```text
//! HMAC-SHA-256(entry name key, 0x02 ‖ session id (16, random))
//! ```
//!
//! and the others likewise, of
//!
//! | entry | is named by |
//! |---|---|
//! | usage of a quota | `0x04 ‖ scope ‖ key` |
//! | code that answers to nothing but itself | `0x05 ‖ code` |
//! | subject whose sessions were all taken back | `0x06 ‖ subject` |
//!
//! Scopes: 1 messages of a client, 2 submissions of a client, 3 messages to a country calling code, 4
//! messages of the service. The key of a client is `0x04 ‖ IPv4 address (4)`, `0x06 ‖ first half of an IPv6
//! address (8)` or `0x00 ‖ text`; of a country its digits; of the service nothing.
//!
//! # Sealed entries
//!
//! ```text
//! 0x01 ‖ key id (4) ‖ nonce (12, random) ‖ ciphertext ‖ tag (16)
//! ```
//!
//! AES-256-GCM-SIV (RFC 8452) of the entry in [postcard](https://postcard.jamesmunns.com/) encoding; associated data is
//!
//! ```text
//! 0x01 ‖ key id (4) ‖ kind (1) ‖ entry name (16)
//! ```
//!
//! Kinds: 1 ledger, 2 session, 3 otp id, 4 usage, 6 subject, 7 delivery id. A code that answers to nothing
//! but itself lies in a ledger of its own, so under kind 1. The nonce is also the version of the entry.
//!
//! # Otp ids
//!
//! 65 bytes, base64url without padding, 87 characters: a sealed entry of kind 3 under the name of 16 zero
//! bytes, whose plaintext is
//!
//! ```text
//! ledger name (16) ‖ challenge id (16, random)
//! ```
//!
//! # Delivery ids
//!
//! The same as an otp id, but of kind 7, and its nonce is the first 12 bytes of the challenge id: a challenge
//! has one delivery id only.
//!
//! # Bound context
//!
//! ```text
//! HMAC-SHA-256(bound context key, for each field in order of the names: len(name) as u64 ‖ name ‖ len(value) as u64 ‖ value)
//! ```
//!
//! A challenge without fields has no digest. The fields lie beside it in the sealed challenge, so that its
//! message can show them.
//!
//! # Tokens
//!
//! 53 bytes, base64url without padding, 71 characters:
//!
//! ```text
//! kind (1) ‖ session id (16) ‖ generation (4) ‖ HMAC-SHA-256(token key, kind ‖ session id ‖ generation ‖ salt)
//! ```
//!
//! Kinds: 1 access, 2 refresh. The salt is 16 random bytes that lie in the sealed session; the token itself
//! lies nowhere. The MAC has 256 bits; OWASP ASVS 5.0 asks for 128 bits in a reference token (7.2.3).
//!
//! # Known answers
//!
//! Naming secret `000102…1f`, sealing key `202122…3f`, namespace `test`. Computed by a second implementation
//! (Python's `hmac` and OpenSSL's AES-256-GCM-SIV).
//!
//! | what | input | output |
//! |---|---|---|
//! | key id | | `67aca221` |
//! | name | `ada@example.org` | `25c82f5b0e7e3b54c80a9d43344cccdd` |
//! | name | `+32412345678` | `b45b689e8251beabb3657ba9ce74147c` |
//! | name | session `606162…6f` | `e85357e78db69dcf43673600cbf1a66d` |
//! | name | code `ABCDEFGHIJKLMNOP` | `4cb3d4c742d6a85f883c7aebf630ad4a` |
//! | name | messages of the client at `192.0.2.1` | `0d62109a845d3d26b783ee144e281c7e` |
//! | name | submissions of the client `device-1` | `1280c10c73e5c1238128d5fa9f722991` |
//! | name | messages to country `32` | `2febeeca21ce8c479ae4168248f1f090` |
//! | name | messages of the service | `6f9f48ff66ccda2a69274fb8bbed8513` |
//! | name | subject `user-17` | `82fccf62788e857e599815374840c7f2` |
//! | bound context | amount `12.50 EUR`, payee `ACME` | `9e86995cb3208a457813f67ce2a02aba440bd139b525b945719afc0af4f08395` |
//! | sealed entry | kind 1, the name of `ada@example.org`, nonce `505152…5b`, plaintext `070568656c6c6f` | `0167aca221505152535455565758595a5b770ceecfb0ee88329ff2026f7e294f295c1d41e22e784f` |
//! | otp id | the same name and nonce, challenge id `404142…4f` | `AWesoiFQUVJTVFVWV1hZWltaK_5cqpaORTYY2ETH15s37hT5qk_ialUXNwk16ptm3QIZfWEq_Zx_66xdVmAdOd4` |
//! | delivery id | the same name and challenge id | `AWesoiFAQUJDREVGR0hJSku37n39UfTETsfElNaXRYsukk5Gv8G2oEafE-MbjMxYOsVtCRucsp5m870aaBB7SyM` |
//! | access token | session `606162…6f`, generation 3, salt `707172…7f` | `AWBhYmNkZWZnaGlqa2xtbm8AAAADKDpj7b2Spvku8sRDye1LCA6oAhJT2bynYfHHLFMXz_Y` |
//! | refresh token | the same | `AmBhYmNkZWZnaGlqa2xtbm8AAAADj0eOHKeMzJeqDpaPjeX9cdX_sS3ucpgUpcPs3zQn3r4` |
