//! A policy as data: the preset it begins with, and one field for each setter.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::numbers::AtLimitData;
use super::{AtLimit, CodeAlone, Policy, PolicyError, Quota, TestRecipient};
use crate::otp::{Kind, Otp};
use crate::recipient::{DialCode, DialCodeError, Recipient, RecipientError};
use crate::timestamp::Timestamp;
use crate::typed::MalformedCode;

/// A policy as it comes in, before it is checked. What is left out is as the preset has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyData {
    preset: Option<Preset>,
    otp: Option<Otp>,
    #[serde(default)]
    allow: Vec<FormatData>,
    code_lifetime_seconds: Option<u64>,
    longest_lifetime_seconds: Option<u64>,
    attempts: Option<u8>,
    accept_risk: Option<f64>,
    accept_takeovers: Option<f64>,
    longer_codes: Option<bool>,
    failure_limit: Option<u8>,
    #[serde(default, deserialize_with = "at_limit")]
    at_failure_limit: Option<AtLimit>,
    send_spacing_seconds: Option<u64>,
    client_sends: Option<OrFalse<Quota>>,
    client_checks: Option<OrFalse<Quota>>,
    dial_code_sends: Option<OrFalse<Quota>>,
    service_sends: Option<OrFalse<Quota>>,
    #[serde(default)]
    allow_dial_codes: Vec<String>,
    #[serde(default)]
    deny_dial_codes: Vec<String>,
    email_signs_in: Option<bool>,
    by_recipient: Option<bool>,
    code_alone: Option<OrFalse<CodeAlone>>,
    #[serde(default)]
    require: Vec<String>,
    sign_up: Option<bool>,
    #[serde(default)]
    test_recipient: TestRecipients,
    access_lifetime_seconds: Option<u64>,
    refresh_idle_seconds: Option<u64>,
    session_lifetime_seconds: Option<u64>,
    refresh_grace_seconds: Option<u64>,
    #[serde(default)]
    allow_redirect: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Preset {
    Nist,
    Psd2,
    Nomado,
    Passage,
    Slingr,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FormatData {
    #[serde(rename = "type")]
    kind: Kind,
    shortest: u8,
    longest: u8,
}

/// A table, or `false` where there shall be none: not every format has a null, and leaving the field out
/// leaves what the preset has.
struct OrFalse<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OrFalse<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TableOrFalse(PhantomData))
    }
}

struct TableOrFalse<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for TableOrFalse<T> {
    type Value = OrFalse<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table, or false for none")
    }

    fn visit_bool<E: Error>(self, given: bool) -> Result<Self::Value, E> {
        if given { Err(E::invalid_value(Unexpected::Bool(given), &self)) } else { Ok(OrFalse(None)) }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|table| OrFalse(Some(table)))
    }
}

/// Test recipients, or `None` if what stands there is anything else. That is said only once all has been read:
/// an error from within would repeat what it met, or the line it met it on, and there are codes in it.
struct TestRecipients(Option<Vec<TestRecipientData>>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestRecipientData {
    recipient: String,
    code: String,
    until: Timestamp,
}

impl Default for TestRecipients {
    fn default() -> Self {
        Self(Some(Vec::new()))
    }
}

impl<'de> Deserialize<'de> for TestRecipients {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            Right(Vec<TestRecipientData>),
            Wrong(IgnoredAny),
        }
        Ok(match Given::deserialize(deserializer) {
            Ok(Given::Right(given)) => Self(Some(given)),
            Ok(Given::Wrong(IgnoredAny)) | Err(_) => Self(None),
        })
    }
}

fn at_limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AtLimit>, D::Error> {
    AtLimitData::deserialize(deserializer).map(Some)
}

/// What is wrong with a policy as data.
#[derive(Debug, thiserror::Error)]
pub(super) enum DataError {
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error("policy: {0}: {1}")]
    DialCode(&'static str, DialCodeError),
    #[error(
        "policy: each test_recipient needs recipient, code and until (\"2027-06-30T00:00:00Z\" say), all three in quotes, and nothing else"
    )]
    TestRecipients,
    #[error("policy: test_recipient: {0}")]
    Recipient(#[from] RecipientError),
    #[error("policy: test_recipient: {0}")]
    Code(#[from] MalformedCode),
}

impl TryFrom<PolicyData> for Policy {
    type Error = DataError;

    fn try_from(data: PolicyData) -> Result<Self, DataError> {
        let preset = match data.preset {
            None => Self::default(),
            Some(Preset::Nist) => Self::nist(),
            Some(Preset::Psd2) => Self::psd2(),
            Some(Preset::Nomado) => Self::nomado(),
            Some(Preset::Passage) => Self::passage(),
            Some(Preset::Slingr) => Self::slingr(),
        };
        let failure_limit = data.failure_limit.unwrap_or(preset.failure_limit);
        let at_failure_limit = data.at_failure_limit.unwrap_or(preset.at_failure_limit);
        let policy = preset
            .with(data.otp, Self::otp)
            .with_each(data.allow, |policy, one| policy.allow(one.kind, one.shortest, one.longest))
            .with(span(data.code_lifetime_seconds), Self::code_lifetime)
            .with(span(data.longest_lifetime_seconds), Self::longest_lifetime)
            .with(data.attempts, Self::attempts)
            .with(data.accept_risk, Self::accept_risk)
            .with(data.accept_takeovers, Self::accept_takeovers)
            .with(data.longer_codes, Self::longer_codes)
            .failure_limit(failure_limit, at_failure_limit)
            .with(span(data.send_spacing_seconds), Self::send_spacing)
            .with(data.client_sends, |policy, OrFalse(quota)| policy.client_sends(quota))
            .with(data.client_checks, |policy, OrFalse(quota)| policy.client_checks(quota))
            .with(data.dial_code_sends, |policy, OrFalse(quota)| policy.dial_code_sends(quota))
            .with(data.service_sends, |policy, OrFalse(quota)| policy.service_sends(quota))
            .allow_dial_codes(dial_codes("allow_dial_codes", &data.allow_dial_codes)?)
            .deny_dial_codes(dial_codes("deny_dial_codes", &data.deny_dial_codes)?)
            .with(data.email_signs_in, Self::email_signs_in)
            .with(data.by_recipient, Self::by_recipient)
            .with(data.code_alone, |policy, OrFalse(alone)| policy.code_alone(alone))
            .with_each(data.require, Self::require)
            .with(data.sign_up, Self::sign_up)
            .with_each(data.test_recipient.read()?, Self::test_recipient)
            .with(span(data.access_lifetime_seconds), Self::access_lifetime)
            .with(span(data.refresh_idle_seconds), Self::refresh_idle)
            .with(span(data.session_lifetime_seconds), Self::session_lifetime)
            .with(span(data.refresh_grace_seconds), Self::refresh_grace)
            .with_each(data.allow_redirect, Self::allow_redirect);
        policy.check()?;
        Ok(policy)
    }
}

impl Policy {
    fn with<T>(self, given: Option<T>, set: impl FnOnce(Self, T) -> Self) -> Self {
        match given {
            Some(value) => set(self, value),
            None => self,
        }
    }

    fn with_each<T>(self, given: Vec<T>, add: impl Fn(Self, T) -> Self) -> Self {
        given.into_iter().fold(self, add)
    }
}

impl TestRecipients {
    fn read(self) -> Result<Vec<TestRecipient>, DataError> {
        let read = |TestRecipientData { recipient, code, until }| {
            Ok(TestRecipient::new(Recipient::parse(&recipient)?, &code, until)?)
        };
        self.0.ok_or(DataError::TestRecipients)?.into_iter().map(read).collect()
    }
}

fn span(seconds: Option<u64>) -> Option<Duration> {
    seconds.map(Duration::from_secs)
}

fn dial_codes(knob: &'static str, given: &[String]) -> Result<Vec<DialCode>, DataError> {
    let read = |code: &String| DialCode::parse(code).map_err(|error| DataError::DialCode(knob, error));
    given.iter().map(read).collect()
}
