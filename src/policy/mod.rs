//! The numbers: what codes may look like, how long things live, how often a code may be tried and sent.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::grant::MAX_TOKEN_LIFETIME;
use crate::otp::{Kind, Otp};
use crate::typed::{MalformedCode, Typed};

/// The longest life of a code: 7 days.
pub const MAX_CODE_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// How many live challenges one purpose may have for one recipient.
pub(crate) const LIVE_PER_PURPOSE: usize = 3;

/// A challenge this old may be displaced by a new one. Younger ones may not, else a stranger who asks for
/// codes in somebody's name could void theirs; and nobody waits longer than this for room.
pub(crate) const DISPLACE_AFTER: Duration = Duration::from_secs(15 * 60);

/// The longest anybody waits between two messages.
pub(crate) const MAX_SEND_SPACING: Duration = Duration::from_secs(15 * 60);

/// How far the clocks of two processes may be apart.
pub(crate) const CLOCK_SLACK: Duration = Duration::from_secs(30);

/// How long failures are remembered after the last one.
pub(crate) const FAILURE_MEMORY: Duration = Duration::from_secs(30 * 24 * 3600);

/// The numbers an exchanger works by. The default suits six digits by SMS or email.
///
/// | knob | default | range |
/// |---|---|---|
/// | [`otp`](Self::otp) | six digits, the bare code | any [`Otp`] |
/// | [`allow`](Self::allow) | none but that | kinds and lengths a request may choose |
/// | [`code_lifetime`](Self::code_lifetime) | 5 minutes | 1 s to 7 days |
/// | [`attempts`](Self::attempts) | 5 | 1 to 100 |
/// | [`send_spacing`](Self::send_spacing) | 30 s | 0 to 15 minutes |
/// | [`access_lifetime`](Self::access_lifetime) | 10 minutes | 1 s to 30 days |
/// | [`refresh_idle`](Self::refresh_idle) | 14 days | 1 s to 30 days |
/// | [`session_lifetime`](Self::session_lifetime) | 30 days | 1 s to 30 days |
/// | [`refresh_grace`](Self::refresh_grace) | 10 s | 0 to 5 minutes |
/// | [`allow_redirect`](Self::allow_redirect) | none | exact URLs |
///
/// Five minutes and five attempts stay within NIST SP 800-63B-4 section 3.1.3.2 (10 minutes) and PSD2 RTS
/// Art. 4(3)(b) (five failures). Values out of range are refused when the exchanger is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(crate) otp: Otp,
    pub(crate) formats: Vec<Format>,
    pub(crate) code_lifetime: Duration,
    pub(crate) attempts: u8,
    pub(crate) send_spacing: Duration,
    pub(crate) access_lifetime: Duration,
    pub(crate) refresh_idle: Duration,
    pub(crate) session_lifetime: Duration,
    pub(crate) refresh_grace: Duration,
    pub(crate) redirects: BTreeSet<String>,
}

/// A kind of code and the lengths it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    kind: Kind,
    shortest: u8,
    longest: u8,
}

impl Default for Policy {
    fn default() -> Self {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        Self {
            otp: Otp::default(),
            formats: Vec::new(),
            code_lifetime: minutes(5),
            attempts: 5,
            send_spacing: Duration::from_secs(30),
            access_lifetime: minutes(10),
            refresh_idle: minutes(14 * 24 * 60),
            session_lifetime: MAX_TOKEN_LIFETIME,
            refresh_grace: Duration::from_secs(10),
            redirects: BTreeSet::new(),
        }
    }
}

impl Policy {
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

    /// How long a code lives unless a request says otherwise: 1 s to 7 days.
    pub fn code_lifetime(self, code_lifetime: Duration) -> Self {
        Self { code_lifetime, ..self }
    }

    /// How often a code may be tried unless a request says otherwise: 1 to 100 times.
    pub fn attempts(self, attempts: u8) -> Self {
        Self { attempts, ..self }
    }

    /// How long after a message to somebody a new code may be requested for them: up to 15 minutes. The same
    /// code is sent again after this span, then after twice this span, and so on to 15 minutes.
    pub fn send_spacing(self, send_spacing: Duration) -> Self {
        Self { send_spacing, ..self }
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

    /// Whether a request may have codes of that kind and length.
    pub(crate) fn allows(&self, otp: &Otp) -> bool {
        self.accepted().any(|format| {
            format.kind == otp.kind() && (format.shortest..=format.longest).contains(&otp.length())
        })
    }

    /// What was typed, if it can be a code at all under this policy.
    pub(crate) fn read(&self, typed: &str) -> Result<Typed, MalformedCode> {
        let typed = Typed::read(typed)?;
        let mut first_problem = None;
        for Format { kind, shortest, longest } in self.accepted() {
            match typed.fit(kind, shortest, longest) {
                Ok(_) => return Ok(typed),
                Err(problem) => first_problem = first_problem.or(Some(problem)),
            }
        }
        Err(first_problem.unwrap_or(MalformedCode::Length))
    }

    fn accepted(&self) -> impl Iterator<Item = Format> {
        let standard =
            Format { kind: self.otp.kind(), shortest: self.otp.length(), longest: self.otp.length() };
        std::iter::once(standard).chain(self.formats.iter().copied())
    }

    pub(crate) fn check(&self) -> Result<(), PolicyError> {
        let second = Duration::from_secs(1);
        let spans = [
            ("code_lifetime", self.code_lifetime, second, MAX_CODE_LIFETIME),
            ("send_spacing", self.send_spacing, Duration::ZERO, MAX_SEND_SPACING),
            ("access_lifetime", self.access_lifetime, second, MAX_TOKEN_LIFETIME),
            ("refresh_idle", self.refresh_idle, second, MAX_TOKEN_LIFETIME),
            ("session_lifetime", self.session_lifetime, second, MAX_TOKEN_LIFETIME),
            ("refresh_grace", self.refresh_grace, Duration::ZERO, Duration::from_secs(300)),
        ];
        for (knob, given, least, most) in spans {
            if !(least..=most).contains(&given) {
                return Err(PolicyError::Span { knob, given, least, most });
            }
        }
        if !(1..=MAX_ATTEMPTS).contains(&self.attempts) {
            return Err(PolicyError::Attempts);
        }
        let lengths = |format: &Format| {
            Otp::new(format.kind, format.shortest).and(Otp::new(format.kind, format.longest))
        };
        if self.formats.iter().any(|format| lengths(format).is_err() || format.shortest > format.longest) {
            return Err(PolicyError::Format);
        }
        if self.redirects.iter().all(|url| is_safe_target(url)) { Ok(()) } else { Err(PolicyError::Redirect) }
    }
}

/// Whether a browser may be sent there: `https`, `http` to this machine, or a scheme of an app's own; nothing
/// that runs code or reads files, nothing relative.
fn is_safe_target(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once(':') else { return false };
    let scheme = scheme.to_ascii_lowercase();
    let named = scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let printable = url.bytes().all(|byte| byte.is_ascii_graphic());
    let allowed = match scheme.as_str() {
        "https" => rest.strip_prefix("//").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')),
        "http" => {
            let authority = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?', '#']).next());
            let host = |authority: &str| match authority.rsplit_once(':') {
                Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host.to_owned(),
                _ => authority.to_owned(),
            };
            authority
                .is_some_and(|authority| ["localhost", "127.0.0.1", "[::1]"].contains(&&*host(authority)))
        }
        "javascript" | "data" | "vbscript" | "blob" | "file" | "about" | "view-source" => false,
        _ => !rest.is_empty(),
    };
    named && printable && allowed
}

/// The most attempts a code may have: NIST SP 800-63B-4 section 3.2.2 ends at 100 consecutive failures.
pub(crate) const MAX_ATTEMPTS: u8 = 100;

/// A number of the policy is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// A span of time.
    #[error("policy: {knob} is {given:?}; must be from {least:?} to {most:?}")]
    Span {
        /// Which.
        knob: &'static str,
        /// What it is.
        given: Duration,
        /// The least it may be.
        least: Duration,
        /// The most it may be.
        most: Duration,
    },
    /// Attempts per code.
    #[error("policy: attempts must be from 1 to {MAX_ATTEMPTS}")]
    Attempts,
    /// An allowed format.
    #[error("policy: allow needs lengths from 1 to 20, the shortest first")]
    Format,
    /// An allowed redirect URL.
    #[error(
        "policy: allow_redirect needs an absolute URL in ASCII whose scheme runs no code, https://app.example/ say"
    )]
    Redirect,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_held_against_every_allowed_format() {
        let policy = Policy::default().allow(Kind::Unambiguous, 8, 10);
        for good in ["123456", "123-456", "oil4 5678", "ABCDEFGH12"] {
            assert!(policy.read(good).is_ok(), "{good}");
        }
        for bad in ["12345", "1234567", "abcdefg", "uuuuuuuu", "ABCDEFGH123", "", " - ", "١٢٣٤٥٦", "12345\0"]
        {
            assert!(policy.read(bad).is_err(), "{bad}");
        }
        assert_eq!(Policy::default().read("12345").err(), Some(MalformedCode::Length));
        assert_eq!(Policy::default().read("12345O").err(), Some(MalformedCode::Character));
    }

    #[test]
    fn a_browser_is_sent_only_where_it_runs_nothing() {
        for good in [
            "https://app.example/welcome?from=code",
            "http://localhost:3000/",
            "http://127.0.0.1",
            "http://[::1]:8080/a",
            "com.example.app:/done",
        ] {
            assert!(is_safe_target(good), "{good}");
        }
        for bad in [
            "",
            "/welcome",
            "/a:b",
            "//evil.example/",
            "https:",
            "https:///welcome",
            "http://app.example/",
            "http://localhost.evil.example/",
            "http://localhost@evil.example/",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "https://app.example/\r\nSet-Cookie: a=b",
            "https://app.example/a b",
            "https://bücher.example/",
        ] {
            assert!(!is_safe_target(bad), "{bad}");
        }
    }

    #[test]
    fn every_number_has_its_range() {
        let span = Duration::from_secs;
        let standard = Policy::default;
        assert_eq!(standard().check(), Ok(()));
        let refused = [
            standard().code_lifetime(Duration::ZERO),
            standard().code_lifetime(MAX_CODE_LIFETIME + span(1)),
            standard().code_lifetime(Duration::MAX),
            standard().attempts(0),
            standard().attempts(101),
            standard().send_spacing(span(901)),
            standard().access_lifetime(Duration::ZERO),
            standard().access_lifetime(MAX_TOKEN_LIFETIME + span(1)),
            standard().refresh_idle(Duration::ZERO),
            standard().session_lifetime(Duration::MAX),
            standard().refresh_grace(span(301)),
            standard().allow(Kind::Alpha, 0, 4),
            standard().allow(Kind::Alpha, 4, 21),
            standard().allow(Kind::Alpha, 5, 4),
            standard().allow_redirect(""),
            standard().allow_redirect("javascript:alert(1)"),
            standard().allow_redirect("https://app.example/\r\nSet-Cookie: a=b"),
        ];
        for policy in refused {
            assert!(policy.check().is_err(), "{policy:?}");
        }
        let edges = standard().code_lifetime(MAX_CODE_LIFETIME).attempts(100).send_spacing(span(900));
        assert_eq!(edges.allow(Kind::Alpha, 1, 20).allow_redirect("https://app.example/").check(), Ok(()));
    }
}
