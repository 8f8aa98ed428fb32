//! One-time passcodes in, tokens out.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod code;
mod context;
mod crypto;
mod embedded;
mod exchanger;
mod grant;
mod message;
mod otp;
mod otp_id;
mod policy;
mod ports;
mod purpose;
mod recipient;
mod request;
mod rules;
mod submission;
#[cfg(feature = "testkit")]
pub mod testkit;
mod timestamp;
mod tokens;

pub use code::{Code, MAX_LENGTH};
pub use context::{ContextError, MAX_CONTEXT_BYTES};
pub use crypto::{
    KeyError, Keyring, MAX_ENTRY_BYTES, MalformedEntry, MalformedToken, Name, OpenError, Sealed, Version,
};
pub use embedded::{MemoryStore, Outbox};
pub use exchanger::{
    BuildError, Builder, DynExchanger, ExchangeError, Exchanger, Fault, SendError, TokenError,
};
pub use grant::{Grant, MAX_GRANT_BYTES, MAX_TOKEN_LIFETIME, Principal};
pub use message::{MAX_TEMPLATE_BYTES, Message, Template, TemplateError};
pub use otp::{EntropyError, Kind, MalformedCode, Otp, OtpError};
pub use otp_id::{OtpId, OtpIdError};
pub use policy::{MAX_CODE_LIFETIME, Policy, PolicyError};
pub use ports::{
    Clock, CodeStore, DynIssuer, DynNotifier, DynStore, Entropy, IssuerError, Notifier, NotifyError,
    Recognised, ReferenceTokens, StoreError, Swap, SystemClock, SystemEntropy, TokenIssuer,
};
pub use purpose::{Purpose, PurposeError};
pub use recipient::{Channel, EmailError, PhoneError, Recipient, RecipientError};
pub use request::{Exposed, Receipt, Request, RequestError};
pub use rules::Waiting;
pub use submission::{Proof, Refused, Submission, SubmissionError};
pub use timestamp::Timestamp;
pub use tokens::{Claims, SessionId, Token, Tokens};
