//! One-time passcodes in, tokens out.
//!
//! `otp-exchange` does the whole job of a delivered passcode inside your own service: it makes a code, sends
//! it by SMS or email, accepts what the person types exactly once, and hands back tokens. It brings no server,
//! no runtime and no database: the store and the notifier are small traits, and so are token issuer, clock
//! and entropy if you want your own.
//!
//! ```
//! # pollster::block_on(async {
//! use otp_exchange::{Exchanger, Keyring, MemoryStore, Outbox, Recipient, Request, Submission};
//!
//! let outbox = Outbox::new(); // keeps messages instead of sending them
//! let otp = Exchanger::builder(MemoryStore::new(100_000), outbox.clone(), Keyring::generate()?).build()?;
//! let ada = Recipient::parse("ada@example.org")?;
//!
//! let sent = otp.send(Request::login(&ada)).await?; // otp_id, attempts, expires_at, resend_at
//! # let typed = outbox.code_for(&ada).expect("sent");
//! # let typed = typed.expose();
//! let tokens = otp.exchange(Submission::by_id(&sent.otp_id, typed).login()).await?;
//! let who = otp.authenticate(tokens.access.expose()).await?; // subject, scopes
//! assert_eq!(who.subject, "ada@example.org");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # The one idea
//!
//! > **A store is a compare-and-swap. Every rule is a pure function. Only the exchanger sees both.**
//!
//! ```text
//!   Request ──▶ send ─────────────────────────────────┐          Submission ──▶ exchange ───────────────▶ Tokens
//!                │                                    │                            │                        ▲
//!              issue                               deliver                       verify ──▶ Proof ──▶ grant ┘
//!                │                                    │                            │                    │
//!     ┌──────────▼───────────┐             ┌──────────▼─────────┐       ┌──────────▼───────────┐        │
//!     │ load   the ledger    │             │ load   the ledger  │       │ load   the ledger    │        │
//!     │ judge  may it be?    │             │ judge  may it go?  │       │ judge  right? charge │        ▼
//!     │ swap   + a challenge │             │ swap   + a delivery│       │ swap   − an attempt, │   create a session
//!     └──────────┬───────────┘             └──────────┬─────────┘       │        or the code   │   (one entry for a
//!                ▼                                    ▼                 └──────────┬───────────┘    token family)
//!             Receipt                          Notifier, Receipt                   ▼
//!                                                                       only now the verdict is told
//! ```
//!
//! `send` itself is `prepare`, a code that is stored as sent, and `hand_over`: a public endpoint answers between
//! the two. `issue` and `deliver` are for two processes.
//!
//! A verdict is told only after the swap that charges for it has been applied. So a thousand guesses at once
//! buy no more than the allowed attempts, and one code never wins twice, whatever the store and whichever
//! process asks.
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | [`Otp`] | what a code looks like: kind, length, template; generates codes |
//! | [`Code`] | a secret a person can type |
//! | [`Recipient`] | a parsed email address or phone number |
//! | [`Request`], [`Receipt`] | what the application asks to be sent, what it learns |
//! | [`Outgoing`] | a message that was counted, and not handed over yet |
//! | challenge | one outstanding code with its purpose, attempts, life, bound context and grant |
//! | [`OtpId`] | the unguessable, unlinkable public name of a challenge |
//! | [`Catalogue`], [`Wording`], [`Template`] | what messages say: all of it, in one language, one text |
//! | [`Message`] | what a notifier is handed, written already |
//! | [`DeliveryId`], [`Delivery`] | what a carrier knows a message by, and what it says of it |
//! | [`Submission`] | a code as typed, with the name, purposes and context it is presented under |
//! | [`Proof`] | that a submission was right: cannot be forged or cloned |
//! | [`Refused`] | the one answer to wrong, expired, spent and unknown |
//! | ledger | everything known about one recipient, in one entry |
//! | [`Grant`] | what a code will be worth: subject, scopes, lifetimes, redirect URL, metadata |
//! | session | one token family in one entry |
//! | [`Principal`], [`ClientKey`] | who asks on somebody's behalf; from where |
//! | [`Keyring`] | the server-side secrets |
//! | [`Policy`], [`Quota`], [`Risk`] | the numbers |
//! | [`Event`] | what happened, for logs and alarms |
//! | [`Exchanger`] | the flows |
//!
//! # The house
//!
//! Each floor imports only from floors below it.
//!
//! | floor | what is there | where to add |
//! |---|---|---|
//! | `testkit` | store laws, hand-moved clock, faulty and counting ports | a law every store must keep |
//! | `embedded` | [`MemoryStore`], [`Outbox`] | a default that needs no server |
//! | `exchanger` | the flows: send, exchange, session, lifecycle, quotas | a flow |
//! | `ports` | [`CodeStore`], [`Notifier`] (and [`ByChannel`], [`Fallback`]), [`TokenIssuer`], [`Clock`], [`Entropy`], [`Observer`] | something users plug in; a store or notifier of your own implements one of these anywhere |
//! | `rules` | ledger, challenge, lanes, guesses, quota, session: pure functions | **a rule** |
//! | `policy` | the numbers, presets, their risk, the standards they break | a number |
//! | `crypto` | keyring, names, seals, otp ids, tokens; [`formats`] | a kind of entry |
//! | words | the types of the table above, `otp.rs`, `code.rs`, `recipient/`, `message/` … | a kind of code, **a message format**, a language |
//!
//! Beside it stand the stores people run and the carriers they send by, each a crate that depends on this one
//! alone, with no rule in it: `otp-exchange-sqlite`, `-postgres`, `-redis` (and Valkey) and `-etcd`;
//! `otp-exchange-smtp` for email, `otp-exchange-sms` for SMS gateways; `otp-exchange-axum` puts the flows behind HTTP,
//! `otp-exchange-jwt` signs access tokens. `examples/service` is all of it put together, `docs/guide.md` how to.
//!
//! # What holds
//!
//! - Codes are unbiased, lie encrypted under keyed names, and are compared in constant time; secrets are
//!   redacted, wiped and open by `expose` only.
//! - Guessing at one recipient's codes succeeds with at most 10⁻⁴ in any 24 hours, or what [`Policy`]
//!   accepts. Once that is spent, codes by default get longer instead of locking anybody out.
//! - Whoever can write to the store can delete entries or bring old ones back, never read, forge, change or
//!   move one. After a restored backup, [`Builder::valid_from`] kills what is older.
//! - What a message says is put together once: no value is read as template, HTML or header. Ready texts in
//!   forty languages, an SMS in as few segments as its script allows.
//! - Refresh tokens rotate; one used twice ends its whole family (RFC 9700).
//! - No `unsafe`, no I/O but through the traits, any executor or none: `pollster::block_on` will do.
//!
//! Sealing takes less than half the time when the AES kernels are inlined; set `codegen-units = 1` in your
//! release profile.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `testkit` | the `testkit` module, for your tests |
//! | `tracing` | `TracingObserver`, which writes [events](Event) down with the `tracing` crate |
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(any(test, fuzzing)), warn(clippy::unwrap_used))]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod base64url;
mod client_key;
mod code;
mod context;
mod crypto;
mod delivery;
mod embedded;
mod entropy_error;
mod exchanger;
mod grant;
mod message;
mod otp;
mod otp_id;
mod policy;
mod ports;
mod purpose;
mod receipt;
mod recipient;
mod request;
mod risk;
mod rules;
mod status;
mod submission;
mod tally;
#[cfg(feature = "testkit")]
#[cfg_attr(docsrs, doc(cfg(feature = "testkit")))]
pub mod testkit;
mod timestamp;
mod tokens;
mod typed;
mod url;
mod wiped;

pub use client_key::ClientKey;
pub use code::{Code, MAX_CODE_LENGTH};
pub use context::{ContextError, Field, MAX_CONTEXT_BYTES};
pub use crypto::formats;
pub use crypto::{
    KeyError, Keyring, MAX_ENTRY_BYTES, MalformedEntry, MalformedToken, Name, OpenError, Sealed, Version,
};
pub use delivery::{Delivery, DeliveryId, DeliveryIdError};
#[cfg(feature = "tracing")]
#[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
pub use embedded::TracingObserver;
pub use embedded::{MemoryStore, Outbox};
pub use entropy_error::EntropyError;
pub use exchanger::{
    BuildError, Builder, DynExchanger, ExchangeError, Exchanger, Fault, IssueTokensError, Outgoing,
    ReportError, SendError, StatusError, TokenError,
};
pub use grant::{Grant, MAX_GRANT_BYTES, MAX_TOKEN_LIFETIME, Principal, Role};
pub use message::{
    Autofill, AutofillError, Catalogue, CatalogueBuilder, CatalogueError, Encoding, Lint, Longest,
    MAX_TEMPLATE_BYTES, Message, Part, Preview, Segments, Template, TemplateError, Wording,
};
pub use otp::{Kind, Otp, OtpError};
pub use otp_id::{OtpId, OtpIdError};
pub use policy::{
    AtLimit, CodeAlone, Deviation, MAX_CODE_LIFETIME, Numbers, Policy, PolicyError, Quota, TestRecipient,
};
pub use ports::{
    Accepted, ByChannel, Clock, CodeStore, DynIssuer, DynNotifier, DynStore, Entropy, Event, Fallback,
    IssuerError, Notifier, NotifyError, Observer, Recognised, ReferenceTokens, StoreError, Swap, SystemClock,
    SystemEntropy, TokenIssuer,
};
pub use purpose::{Purpose, PurposeError};
pub use receipt::{Exposed, Receipt};
pub use recipient::{Channel, DialCode, DialCodeError, EmailError, PhoneError, Recipient, RecipientError};
pub use request::{Request, RequestError};
pub use risk::{Bits, Risk};
pub use rules::Waiting;
pub use status::Status;
pub use submission::{Proof, Refused, Submission, SubmissionError};
pub use timestamp::Timestamp;
pub use tokens::{Claims, SessionId, SessionIdError, Token, Tokens};
pub use typed::MalformedCode;

/// The README's example, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
