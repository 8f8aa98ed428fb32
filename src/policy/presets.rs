//! Ready policies: the numbers of a standard or of a service, made as safe as the rules can make them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{AtLimit, CodeAlone, MAX_ATTEMPTS, Policy, Quota};
use crate::context::Field;
use crate::grant::MAX_TOKEN_LIFETIME;
use crate::otp::{Kind, Otp};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

impl Default for Policy {
    fn default() -> Self {
        Self {
            otp: Otp::default(),
            formats: Vec::new(),
            code_lifetime: 5 * MINUTE,
            longest_lifetime: 10 * MINUTE,
            attempts: 5,
            accepted_risk: Self::ACCEPTED_RISK,
            accepted_takeovers: None,
            longer_codes: true,
            failure_limit: MAX_ATTEMPTS,
            at_failure_limit: AtLimit::LongerCodes,
            send_spacing: Duration::from_secs(30),
            client_sends: Some(Quota::new(30, 15 * MINUTE)),
            client_checks: Some(Quota::new(150, 15 * MINUTE)),
            dial_code_sends: None,
            service_sends: None,
            allowed_dial_codes: Vec::new(),
            denied_dial_codes: Vec::new(),
            email_signs_in: true,
            by_recipient: true,
            code_alone: None,
            required: Vec::new(),
            sign_up: true,
            test_recipients: Vec::new(),
            access_lifetime: 10 * MINUTE,
            refresh_idle: 14 * DAY,
            session_lifetime: MAX_TOKEN_LIFETIME,
            refresh_grace: Duration::from_secs(10),
            redirects: BTreeSet::new(),
        }
    }
}

impl Policy {
    /// NIST SP 800-63B-4: six digits for ten minutes (section 3.1.3.2), 100 consecutive failures and then
    /// disabled until the application clears them (3.2.2), no signing in by email (3.1.3.1), codes bound to
    /// the request by their otp id. It has no [`deviations`](Self::deviations), and
    /// [`lockouts`](Self::lockouts) says what that costs.
    pub fn nist() -> Self {
        Self::default()
            .code_lifetime(10 * MINUTE)
            .failure_limit(100, AtLimit::Disable)
            .email_signs_in(false)
            .by_recipient(false)
            .refresh_grace(Duration::ZERO)
    }

    /// Payments under the PSD2 RTS (EU) 2018/389: the code is specific to amount and payee, and its message
    /// shows both (Art. 5), as the ready texts do wherever both are bound; after five failures in a row codes
    /// are blocked for 15 minutes (Art. 4(3)(b)); a session ends after five minutes without activity
    /// (Art. 4(3)(d)).
    pub fn psd2() -> Self {
        Self::default()
            .require(Field::Amount)
            .require(Field::Payee)
            .failure_limit(5, AtLimit::Block(15 * MINUTE))
            .by_recipient(false)
            .access_lifetime(5 * MINUTE)
            .refresh_idle(5 * MINUTE)
    }

    /// Nomado's 2FA API: four alphanumeric characters for 7,200 seconds, sent as the bare code, other kinds
    /// and lengths from 4 to 20 on request, by recipient. Four digits are so few that three attempts and
    /// a risk of 10⁻³ are what keeps them usable: three such codes in a day, then longer ones.
    pub fn nomado() -> Self {
        let bare = Otp::new(Kind::Alphanumeric, 4).and_then(|otp| otp.template("{{CODE}}"));
        Self::default()
            .otp(bare.unwrap_or_default()) // 1 to 20 characters, and a template
            .allow(Kind::Numeric, 4, 20)
            .allow(Kind::Alpha, 4, 20)
            .allow(Kind::Alphanumeric, 4, 20)
            .code_lifetime(2 * HOUR)
            .longest_lifetime(DAY)
            .attempts(3)
            .accept_risk(1e-3)
    }

    /// Passage's OTP endpoints: six digits, answering to their otp id only.
    pub fn passage() -> Self {
        Self::default().by_recipient(false)
    }

    /// Slingr's `sys.auth`: sixteen alphanumeric characters that answer to nothing but themselves, for 24
    /// hours and up to 7 days; tokens for 30 days.
    pub fn slingr() -> Self {
        Self::default()
            .otp(Otp::new(Kind::Alphanumeric, 16).unwrap_or_default()) // 1 to 20 characters
            .code_lifetime(DAY)
            .longest_lifetime(7 * DAY)
            .code_alone(CodeAlone::default())
            .by_recipient(false)
            .access_lifetime(MAX_TOKEN_LIFETIME)
            .refresh_idle(MAX_TOKEN_LIFETIME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_can_be_worked_by() {
        for policy in [
            Policy::default(),
            Policy::nist(),
            Policy::psd2(),
            Policy::nomado(),
            Policy::passage(),
            Policy::slingr(),
        ] {
            assert_eq!(policy.check(), Ok(()), "{policy:?}");
        }
    }
}
