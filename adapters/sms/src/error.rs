//! What can go wrong, and what it says about the message.

use std::error::Error;
use std::time::Duration;

use otp_exchange::{EntropyError, NotifyError};

/// Why a gateway did not take a message, or perhaps not.
///
/// Inside a [`NotifyError`] it is the cause: `error.cause().downcast_ref::<GatewayError>()`. It holds neither
/// number nor text: of what a gateway answers only the status and a numeric code are kept, since its words
/// may repeat both.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// The recipient is no phone. Permanent.
    #[error("sms: the recipient is no phone number; give email a notifier of its own, with ByChannel")]
    NotSms,
    /// The gateway will not deliver to this number, now or later: no such number, a landline, a person who
    /// wants no messages. Permanent.
    #[error("sms: the gateway never delivers to this number ({})", answer(*status, *code))]
    Number {
        /// The HTTP status.
        status: u16,
        /// The provider's own code.
        code: Option<u64>,
    },
    /// The gateway refused for a reason that is not the number: too many requests, credentials, balance,
    /// sender, settings. Nothing was sent. Transient: what has to be mended is not at the recipient's end.
    #[error("sms: the gateway refused ({}); {}", answer(*status, *code), advice(*status))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The provider's own code.
        code: Option<u64>,
    },
    /// No connection could be made, so nothing was sent. Transient.
    #[error("sms: cannot connect to the gateway; see the cause: address, name service, certificates, proxy")]
    Unreachable(#[source] reqwest::Error),
    /// No randomness for the key of the request; nothing was sent. Transient.
    #[error(transparent)]
    Entropy(EntropyError),
    /// The gateway answered with an error that does not say what happened before it, or that a message it has
    /// created failed, and not why. The message may have been sent.
    #[error("sms: the gateway failed ({}); the message may have been sent", answer(*status, *code))]
    Failed {
        /// The HTTP status.
        status: u16,
        /// The provider's own code.
        code: Option<u64>,
    },
    /// The answer took longer than the timeout. The message may have been sent.
    #[error("sms: no answer within {} ms; the message may have been sent", within.as_millis())]
    Timeout {
        /// The timeout.
        within: Duration,
    },
    /// The connection broke before the answer came. The message may have been sent.
    #[error("sms: the connection broke before the answer came; the message may have been sent")]
    Lost(#[source] reqwest::Error),
    /// The answer has the status of success and is not what this gateway answers: cut short, longer than
    /// 64 KiB, no JSON, or without what has to be in it. The message may have been sent.
    #[error("sms: the answer (HTTP {status}) is none of this gateway's; check its URL and settings")]
    Nonsense {
        /// The HTTP status.
        status: u16,
    },
}

impl GatewayError {
    /// The HTTP status of the answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Number { status, .. }
            | Self::Refused { status, .. }
            | Self::Failed { status, .. }
            | Self::Nonsense { status } => Some(*status),
            _ => None,
        }
    }

    /// The provider's own code, if it gave one: 21610, say.
    pub fn code(&self) -> Option<u64> {
        match self {
            Self::Number { code, .. } | Self::Refused { code, .. } | Self::Failed { code, .. } => *code,
            _ => None,
        }
    }

    /// What the status of a failure says, if nothing more is known.
    ///
    /// 4xx, 307 and 308 mean that this request was not acted on (RFC 9110 sections 15.5, 15.4.8 and 15.4.9).
    /// Other redirections may answer one that was, and so may any 5xx.
    pub(crate) fn of_status(status: u16, code: Option<u64>) -> Self {
        match status {
            307 | 308 | 400..500 => Self::Refused { status, code },
            _ => Self::Failed { status, code },
        }
    }

    /// Whether the message may have been sent all the same.
    pub(crate) fn may_have_arrived(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Timeout { .. } | Self::Lost(_) | Self::Nonsense { .. })
    }
}

impl From<GatewayError> for NotifyError {
    fn from(error: GatewayError) -> Self {
        match error {
            GatewayError::NotSms | GatewayError::Number { .. } => Self::permanent(error),
            _ if error.may_have_arrived() => Self::unknown(error),
            _ => Self::transient(error),
        }
    }
}

/// What is wrong with the settings of a gateway.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A setting cannot be used.
    #[error("sms: {setting}: {problem}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// What is wrong with it, and what to do.
        problem: &'static str,
    },
    /// A string of the body has a `{…}` that is no placeholder.
    #[error(
        "sms: body: {{{name}}} is no placeholder; take one of to, to_digits, text, delivery_id, lifetime_seconds, \
         locale, purpose, segments, encoding and unicode, and write braces that stay as {{{{ and }}}}"
    )]
    Placeholder {
        /// What stands between the braces.
        name: String,
    },
    /// The HTTP client could not be built: no certificates to trust were found, say.
    #[error("sms: the HTTP client cannot be built; see the cause")]
    Client(#[source] Box<dyn Error + Send + Sync>),
}

impl ConfigError {
    pub(crate) fn setting(setting: &'static str, problem: &'static str) -> Self {
        Self::Setting { setting, problem }
    }
}

fn answer(status: u16, code: Option<u64>) -> String {
    match code {
        Some(code) => format!("HTTP {status}, code {code}"),
        None => format!("HTTP {status}"),
    }
}

fn advice(status: u16) -> &'static str {
    match status {
        300..=399 | 404 | 405 => "check the URL: redirections are not followed",
        401 | 403 => "check the credentials and what they may do",
        429 => "send less at a time, or ask for more throughput",
        _ => "look the code up at the provider, and mend account or settings",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_status_says_of_the_message() {
        for (status, may_have_arrived) in [
            (301, true),
            (302, true),
            (303, true),
            (307, false),
            (308, false),
            (400, false),
            (401, false),
            (404, false),
            (429, false),
            (499, false),
            (500, true),
            (502, true),
            (503, true),
            (504, true),
            (599, true),
        ] {
            let error = NotifyError::from(GatewayError::of_status(status, None));
            assert_eq!(error.may_have_arrived(), may_have_arrived, "{status}");
            assert!(!error.is_permanent(), "{status}");
        }
    }

    #[test]
    fn status_and_code_are_told_and_kept() {
        let error = NotifyError::from(GatewayError::of_status(400, Some(21606)));
        assert!(error.to_string().contains("HTTP 400, code 21606"), "{error}");
        let cause = error.cause().downcast_ref::<GatewayError>().unwrap();
        assert_eq!((cause.status(), cause.code()), (Some(400), Some(21606)));
    }
}
