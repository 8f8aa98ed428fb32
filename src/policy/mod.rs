//! The numbers: what codes may look like, how long things live, how often a code may be tried and sent.

mod accepts;
mod check;
mod data;
mod numbers;
mod presets;
mod quota;
mod risk;
mod standards;
mod test_recipient;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;

use crate::context::Field;
use crate::otp::{Kind, Otp};
use crate::recipient::DialCode;
use crate::risk::Risk;

pub use check::PolicyError;
pub use numbers::Numbers;
pub use quota::Quota;
pub use risk::CodeAlone;
pub use standards::Deviation;
pub use test_recipient::TestRecipient;

/// The longest life of a code: 7 days.
pub const MAX_CODE_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// How many live challenges one purpose may have for one recipient: those of strangers together, and those of
/// each known client.
pub(crate) const LIVE_PER_PURPOSE: usize = 3;

/// A challenge this old may be displaced by a new one. Younger ones may not, else a stranger who asks for
/// codes in somebody's name could void theirs; and nobody waits longer than this for room.
pub(crate) const DISPLACE_AFTER: Duration = Duration::from_secs(15 * 60);

/// The longest anybody waits between two messages.
pub(crate) const MAX_SEND_SPACING: Duration = Duration::from_secs(15 * 60);

/// How far the clocks of two processes may be apart.
pub(crate) const CLOCK_SLACK: Duration = Duration::from_secs(30);

/// The longest life of a code that anybody may ask for; a longer one needs a principal.
pub(crate) const MAX_PUBLIC_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// How long it takes for a client that asks no more to count as one that never did.
pub(crate) const LANE_MEMORY: Duration = Duration::from_secs(60 * 60);

/// How long a client is known to a recipient after a right code.
pub(crate) const KNOWN_MEMORY: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long a recipient is remembered who is disabled until the application clears the failures. Not for
/// ever, for then anybody could fill a store with made-up recipients.
pub(crate) const DISABLED_MEMORY: Duration = Duration::from_secs(365 * 24 * 3600);

/// The most attempts a code may have: NIST SP 800-63B-4 section 3.2.2 ends at 100 consecutive failures.
pub(crate) const MAX_ATTEMPTS: u8 = 100;

/// How long failures are remembered after the last one.
pub(crate) const FAILURE_MEMORY: Duration = Duration::from_secs(30 * 24 * 3600);

/// The numbers an exchanger works by. The default suits six digits by SMS or email; [`nist`](Self::nist),
/// [`psd2`](Self::psd2), [`nomado`](Self::nomado), [`passage`](Self::passage) and [`slingr`](Self::slingr)
/// are ready for others.
///
/// | knob | default | range |
/// |---|---|---|
/// | [`otp`](Self::otp) | six digits, in the words of the catalogue | any [`Otp`] |
/// | [`allow`](Self::allow) | none but that | kinds and lengths a request may choose |
/// | [`code_lifetime`](Self::code_lifetime) | 5 minutes | 1 s to the longest |
/// | [`longest_lifetime`](Self::longest_lifetime) | 10 minutes | 1 s to 7 days |
/// | [`attempts`](Self::attempts) | 5 | 1 to 100 |
/// | [`accept_risk`](Self::accept_risk) | 10⁻⁴ for each recipient and day | above 0, to 1 |
/// | [`accept_takeovers`](Self::accept_takeovers) | any number | from 0 |
/// | [`longer_codes`](Self::longer_codes) | yes | |
/// | [`failure_limit`](Self::failure_limit) | 100, then longer codes | 1 to 100 |
/// | [`send_spacing`](Self::send_spacing) | 30 s, growing to 15 minutes | 0 to 15 minutes |
/// | [`client_sends`](Self::client_sends) | 30 in 15 minutes | any [`Quota`] |
/// | [`client_checks`](Self::client_checks) | 150 in 15 minutes | any [`Quota`] |
/// | [`dial_code_sends`](Self::dial_code_sends), [`service_sends`](Self::service_sends) | none | any [`Quota`] |
/// | [`allow_dial_codes`](Self::allow_dial_codes), [`deny_dial_codes`](Self::deny_dial_codes) | all, none | |
/// | [`email_signs_in`](Self::email_signs_in), [`by_recipient`](Self::by_recipient) | yes | |
/// | [`code_alone`](Self::code_alone) | no | |
/// | [`require`](Self::require) | nothing | bound fields |
/// | [`sign_up`](Self::sign_up) | yes | |
/// | [`test_recipient`](Self::test_recipient) | none | |
/// | [`access_lifetime`](Self::access_lifetime) | 10 minutes | 1 s to 30 days |
/// | [`refresh_idle`](Self::refresh_idle) | 14 days | 1 s to 30 days |
/// | [`session_lifetime`](Self::session_lifetime) | 30 days | 1 s to 30 days |
/// | [`refresh_grace`](Self::refresh_grace) | 10 s | 0 to 5 minutes |
/// | [`allow_redirect`](Self::allow_redirect) | none | exact URLs |
///
/// Values out of range, and a policy whose codes are easier to guess than the accepted risk, are refused when
/// the exchanger is built. [`deviations`](Self::deviations) holds a policy against NIST and OWASP.
///
/// It can be read from any data that says itself what it holds; this is TOML:
///
/// ```
/// # let text = r#"
/// preset = "nist" # or psd2, nomado, passage, slingr; the default if left out
/// otp = { type = "NUMERIC", length = 8 }
/// allow = [{ type = "UNAMBIGUOUS", shortest = 8, longest = 12 }]
/// code_lifetime_seconds = 300
/// attempts = 3
/// accept_risk = 1e-5
/// failure_limit = 10
/// at_failure_limit = { BLOCK = 900 } # or "LONGER_CODES", or "DISABLE"
/// client_sends = { count = 10, window_seconds = 900 } # or false, for no quota
/// deny_dial_codes = ["+1 876"]
///
/// [[test_recipient]]
/// recipient = "reviewer@example.org"
/// code = "31415926"
/// until = "2027-06-30T00:00:00Z"
/// # "#;
/// # let policy = toml::from_str::<otp_exchange::Policy>(text)?;
/// # assert_eq!(policy.numbers().attempts, 3);
/// # Ok::<(), toml::de::Error>(())
/// ```
///
/// A field is named as its setter and does what that does to the preset: one value takes the place of another,
/// a list is added to. Spans are whole seconds, under names that say so. What is out of range is refused on
/// reading, as [`check`](Self::check) would, and what needs the catalogue when the exchanger is built. No error
/// of this crate repeats the code of a test recipient; but that of the `toml` crate quotes a line of the file,
/// and its `Debug` the whole file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "data::PolicyData")]
#[allow(clippy::struct_excessive_bools)] // each is a knob of its own
pub struct Policy {
    pub(crate) otp: Otp,
    pub(crate) formats: Vec<Format>,
    pub(crate) code_lifetime: Duration,
    pub(crate) longest_lifetime: Duration,
    pub(crate) attempts: u8,
    pub(crate) accepted_risk: Risk,
    /// In millionths.
    pub(crate) accepted_takeovers: Option<u64>,
    pub(crate) longer_codes: bool,
    pub(crate) failure_limit: u8,
    pub(crate) at_failure_limit: AtLimit,
    pub(crate) send_spacing: Duration,
    pub(crate) client_sends: Option<Quota>,
    pub(crate) client_checks: Option<Quota>,
    pub(crate) dial_code_sends: Option<Quota>,
    pub(crate) service_sends: Option<Quota>,
    pub(crate) allowed_dial_codes: Vec<DialCode>,
    pub(crate) denied_dial_codes: Vec<DialCode>,
    pub(crate) email_signs_in: bool,
    pub(crate) by_recipient: bool,
    pub(crate) code_alone: Option<CodeAlone>,
    pub(crate) required: Vec<Field>,
    pub(crate) sign_up: bool,
    pub(crate) test_recipients: Vec<TestRecipient>,
    pub(crate) access_lifetime: Duration,
    pub(crate) refresh_idle: Duration,
    pub(crate) session_lifetime: Duration,
    pub(crate) refresh_grace: Duration,
    pub(crate) redirects: BTreeSet<String>,
}

/// A kind of code and the lengths it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) kind: Kind,
    pub(crate) shortest: u8,
    pub(crate) longest: u8,
}

/// What happens to a recipient after as many consecutive failures as the policy allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtLimit {
    /// New codes are so long that guessing at them is hopeless: 64 bits or more. Nobody is locked out.
    LongerCodes,
    /// No code that can be guessed at is made or compared for that long after the last failure, 15 minutes at
    /// most; then counting begins anew. Whoever fails on purpose keeps the owner out for as long as they go
    /// on.
    Block(Duration),
    /// No code that can be guessed at is made or compared until the application
    /// [clears the failures](crate::Exchanger::clear_failures), or for a year after the last one. Whoever
    /// fails on purpose locks the owner out.
    Disable,
}

impl Policy {
    /// The risk accepted by default: 10⁻⁴, a hundred guesses in a million, which is also what NIST SP
    /// 800-63B-4 comes to with six digits and 100 failures.
    pub(crate) const ACCEPTED_RISK: Risk = Risk::from_steps(100_000_000_000_000);

    /// What codes look like unless a request says otherwise.
    pub fn otp(self, otp: Otp) -> Self {
        Self { otp, ..self }
    }

    /// Lets requests choose codes of this kind with `shortest` to `longest` characters. What was typed is
    /// held against all that is allowed before any store is asked, so the less is allowed, the more slips
    /// cost no attempt.
    pub fn allow(mut self, kind: Kind, shortest: u8, longest: u8) -> Self {
        self.formats.push(Format { kind, shortest, longest });
        self
    }

    /// How long a code lives unless a request says otherwise: from 1 s. Above 15 minutes every request needs
    /// a [`Principal`](crate::Principal).
    pub fn code_lifetime(self, code_lifetime: Duration) -> Self {
        Self { code_lifetime, ..self }
    }

    /// The longest life that a request may ask for: up to 7 days.
    pub fn longest_lifetime(self, longest_lifetime: Duration) -> Self {
        Self { longest_lifetime, ..self }
    }

    /// How often a code may be tried: 1 to 100 times. A request may ask for fewer.
    pub fn attempts(self, attempts: u8) -> Self {
        Self { attempts, ..self }
    }

    /// How likely a takeover of one recipient may be, for somebody who guesses at their codes for 24 hours.
    ///
    /// A code is made only if its attempts fit into what of this is left. Guesses stay paid for 24 to 25
    /// hours; attempts that were never used are given back when their code ends. So the sum over all guesses
    /// in any 24 hours stays within it exactly. When it is spent, see [`longer_codes`](Self::longer_codes).
    /// Codes of 64 bits or more are not paid for, as NIST SP 800-63B-4 (3.1.3.2) asks no throttling there: a hundred
    /// guesses at them in every millisecond of a day would add less than 10⁻⁹.
    ///
    /// A policy or a request whose single code would not fit is an error, and so is what is no probability.
    /// Accepting more than the default shows in [`deviations`](Self::deviations).
    pub fn accept_risk(self, probability: f64) -> Self {
        // 1e4 is a slip for 1e-4, not certainty. None at all is refused when the exchanger is built.
        let accepted_risk = if probability > 1.0 { Risk::NONE } else { Risk::new(probability) };
        Self { accepted_risk, ..self }
    }

    /// How many takeovers by a spray over all recipients may be expected in a day, on average, 0.01 say. What
    /// the policy comes to, [`service_sends`](Self::service_sends) times the risk of one code, may not be
    /// more.
    pub fn accept_takeovers(self, per_day: f64) -> Self {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a cast saturates, and NaN is 0
        let millionths = (per_day * 1e6) as u64;
        Self { accepted_takeovers: Some(millionths), ..self }
    }

    /// Whether, once the accepted risk is spent, codes become so long that guessing at them is hopeless (64
    /// bits: 20 digits, 13 alphanumeric characters), which locks nobody out. If not, requests are refused
    /// until guesses are old enough: up to 25 hours.
    ///
    /// A receipt says how long its code is; forms have to take the longer one too.
    pub fn longer_codes(self, longer_codes: bool) -> Self {
        Self { longer_codes, ..self }
    }

    /// How many wrong submissions in a row, whatever codes they were for, one recipient may have, and what
    /// then: 1 to 100.
    pub fn failure_limit(self, failure_limit: u8, at_failure_limit: AtLimit) -> Self {
        Self { failure_limit, at_failure_limit, ..self }
    }

    /// How long after a request a new code may be requested for the same recipient: up to 15 minutes. Clients
    /// that are not [known](crate::Request::client) wait for this span after anybody's request. Each client
    /// also waits for itself: for this span, then for twice this span, and so on to 15 minutes; that begins
    /// anew after an hour without asking, or a right code. Sending the same code again waits likewise, for
    /// earlier deliveries of that code alone.
    pub fn send_spacing(self, send_spacing: Duration) -> Self {
        Self { send_spacing, ..self }
    }

    /// How many messages one client may cause. Counts only requests that name their
    /// [client](crate::Request::client).
    pub fn client_sends(self, quota: impl Into<Option<Quota>>) -> Self {
        Self { client_sends: quota.into(), ..self }
    }

    /// How many codes one client may submit, right or wrong. Counts only submissions that name their
    /// [client](crate::Submission::client).
    pub fn client_checks(self, quota: impl Into<Option<Quota>>) -> Self {
        Self { client_checks: quota.into(), ..self }
    }

    /// How many messages may go to the numbers of one country calling code.
    pub fn dial_code_sends(self, quota: impl Into<Option<Quota>>) -> Self {
        Self { dial_code_sends: quota.into(), ..self }
    }

    /// How many messages the whole service may send. Give a busy service windows of minutes: near the end of
    /// one, for 30 s, every message writes this one entry.
    pub fn service_sends(self, quota: impl Into<Option<Quota>>) -> Self {
        Self { service_sends: quota.into(), ..self }
    }

    /// Only numbers that begin with one of these get messages. If none is set, all do.
    pub fn allow_dial_codes(mut self, codes: impl IntoIterator<Item = DialCode>) -> Self {
        self.allowed_dial_codes.extend(codes);
        self
    }

    /// Numbers that begin so get no messages, also if a shorter code is allowed.
    pub fn deny_dial_codes(mut self, codes: impl IntoIterator<Item = DialCode>) -> Self {
        self.denied_dial_codes.extend(codes);
        self
    }

    /// Whether codes by email may be for anything. If not, they may only be for
    /// [registering](crate::Purpose::REGISTER), [confirming](crate::Purpose::CONFIRM) an address and
    /// [recovering](crate::Purpose::RECOVER) an account: to NIST SP 800-63B-4 section 3.1.3.1 email is no
    /// authenticator.
    pub fn email_signs_in(self, email_signs_in: bool) -> Self {
        Self { email_signs_in, ..self }
    }

    /// Whether codes may answer to their recipient instead of an otp id.
    pub fn by_recipient(self, by_recipient: bool) -> Self {
        Self { by_recipient, ..self }
    }

    /// Lets codes answer to nothing but themselves, and says what to reckon with. The policy's codes must
    /// then be long enough for its longest lifetime, and [`client_checks`](Self::client_checks) be set.
    pub fn code_alone(self, code_alone: impl Into<Option<CodeAlone>>) -> Self {
        Self { code_alone: code_alone.into(), ..self }
    }

    /// One more field that every request has to bind and its template has to show.
    pub fn require(mut self, field: impl Into<Field>) -> Self {
        self.required.push(field.into());
        self
    }

    /// Whether somebody without an account may register. If not, every request to register is answered by a
    /// decoy; see [`Request::account_exists`](crate::Request::account_exists).
    pub fn sign_up(self, sign_up: bool) -> Self {
        Self { sign_up, ..self }
    }

    /// One more recipient whose code is always the same, until a day.
    pub fn test_recipient(mut self, test_recipient: TestRecipient) -> Self {
        self.test_recipients.push(test_recipient);
        self
    }

    /// How long an access token lives unless its grant says otherwise: 1 s to 30 days.
    pub fn access_lifetime(self, access_lifetime: Duration) -> Self {
        Self { access_lifetime, ..self }
    }

    /// How long a refresh token may lie unused: 1 s to 30 days.
    pub fn refresh_idle(self, refresh_idle: Duration) -> Self {
        Self { refresh_idle, ..self }
    }

    /// How long a session may be refreshed at all, counted from the exchange: 1 s to 30 days.
    pub fn session_lifetime(self, session_lifetime: Duration) -> Self {
        Self { session_lifetime, ..self }
    }

    /// How long after a refresh its reply can be fetched again with the old token, by a client that lost it:
    /// up to 5 minutes.
    pub fn refresh_grace(self, refresh_grace: Duration) -> Self {
        Self { refresh_grace, ..self }
    }

    /// One more URL that a grant may redirect to, compared to the letter: `https`, `http` to this machine, or
    /// a scheme of an app's own; an open list would be an open redirector.
    pub fn allow_redirect(mut self, url: impl Into<String>) -> Self {
        self.redirects.insert(url.into());
        self
    }
}
