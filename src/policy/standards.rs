//! A policy held against the standards of the field.

use std::time::Duration;

use serde::Serialize;

use super::{AtLimit, MAX_PUBLIC_LIFETIME, Policy, Quota};
use crate::otp;

/// A clause that a policy breaks, and what would mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Deviation {
    /// Which clause, of which standard.
    pub clause: &'static str,
    /// What the policy does otherwise.
    pub breaks: String,
    /// What would mend it.
    pub mend: &'static str,
}

/// NIST SP 800-63B-4 section 3.1.3.2 and OWASP ASVS 5.0 6.5.5: a code is dead after ten minutes.
const TEN_MINUTES: Duration = Duration::from_secs(600);

/// NIST SP 800-63B-4 section 3.1.3.2: six decimal digits or equivalent. OWASP ASVS 5.0 6.5.4 asks for 20 bits
/// and takes six digits for enough, which are 19.93.
const SIX_DIGITS: u128 = 1_000_000;

impl Policy {
    /// Every clause of NIST SP 800-63B-4 and of OWASP ASVS 5.0 (all levels) that this policy breaks, by
    /// number, with what would mend it. What requests may choose counts as chosen.
    ///
    /// No policy can show what lies outside of it: that phone numbers were validated and a stronger way is
    /// offered beside SMS (NIST 3.1.3.3 and 3.2.9, ASVS 6.6.1, which at level 3 forbids SMS), that sign-up
    /// pages tell no more than the answers here (ASVS 6.3.8), that the limits are documented (ASVS
    /// 6.1.1).
    pub fn deviations(&self) -> Vec<Deviation> {
        let mut found = Vec::new();
        let mut breaks = |clause, breaks: String, mend| found.push(Deviation { clause, breaks, mend });
        if self.email_signs_in {
            let what = "codes by email may be for signing in".to_owned();
            let mend = "email_signs_in(false), and send to phones";
            breaks("NIST SP 800-63B-4 3.1.3.1", what.clone(), mend);
            breaks("OWASP ASVS 5.0 6.3.6 (level 3)", what, mend);
        }
        let guessable = || self.formats().filter(|otp| !otp.is_unguessable());
        let weakest = guessable().min_by_key(|otp| otp::count(otp.kind(), otp.length()));
        if let Some(weakest) = weakest.filter(|otp| otp::count(otp.kind(), otp.length()) < SIX_DIGITS) {
            let what = format!("codes of {} {:?} characters", weakest.length(), weakest.kind());
            breaks("NIST SP 800-63B-4 3.1.3.2 (length)", what.clone(), "otp and allow from six digits on");
            breaks("OWASP ASVS 5.0 6.5.4", what, "otp and allow from six digits on");
        }
        if self.longest_lifetime > TEN_MINUTES {
            let seconds = self.longest_lifetime.as_secs_f64();
            let what = match self.longest_lifetime.as_secs() {
                whole if whole % 60 == 0 => format!("codes may live for {} minutes", whole / 60),
                _ => format!("codes may live for {seconds} s"),
            };
            breaks("NIST SP 800-63B-4 3.1.3.2 (lifetime)", what.clone(), "longest_lifetime of 10 minutes");
            breaks("OWASP ASVS 5.0 6.5.5", what, "longest_lifetime of 10 minutes");
        }
        if guessable().next().is_some() {
            let what = match self.at_failure_limit {
                AtLimit::Disable => None,
                AtLimit::LongerCodes => Some("makes longer codes instead of disabling"),
                AtLimit::Block(_) => Some("lifts the block by itself, without rebinding"),
            };
            if let Some(what) = what {
                let what = format!("after {} failures in a row {what}", self.failure_limit);
                breaks("NIST SP 800-63B-4 3.2.2", what, "failure_limit(100, AtLimit::Disable)");
            }
        }
        if !self.test_recipients.is_empty() {
            let what = format!("{} test recipients have fixed codes", self.test_recipients.len());
            let mend = "no test_recipient in production";
            breaks("NIST SP 800-63B-4 3.1.3.2 (random)", what.clone(), mend);
            breaks("OWASP ASVS 5.0 6.5.1", what.clone(), mend);
            breaks("OWASP ASVS 5.0 6.5.3", what, mend);
        }
        if self.by_recipient {
            let what = "codes may answer to their recipient, so to any request for it".to_owned();
            breaks("OWASP ASVS 5.0 6.6.2", what, "by_recipient(false)");
        }
        if self.code_alone.is_some() {
            let what = "codes may answer to nothing but themselves, so to any request".to_owned();
            breaks("OWASP ASVS 5.0 6.6.2", what, "no code_alone; otp ids instead");
        }
        if self.accepted_risk > Self::ACCEPTED_RISK && guessable().next().is_some() {
            let what =
                format!("accepts a takeover risk of {} for each recipient and day", self.accepted_risk);
            breaks("OWASP ASVS 5.0 6.6.3", what, "accept_risk(1e-4), with longer codes or fewer attempts");
        }
        if !self.refresh_grace.is_zero() {
            let what = format!("a used refresh token works for {} s more", self.refresh_grace.as_secs_f32());
            breaks("OWASP ASVS 5.0 10.4.5", what, "refresh_grace(Duration::ZERO)");
        }
        found
    }

    /// By what somebody could keep an owner out for more than 15 minutes on purpose. Standards ask for some
    /// of it; OWASP ASVS 5.0 6.1.1 asks to document how it is prevented.
    ///
    /// Whatever the policy, an owner on a device that never had a right code shares turns with strangers, one
    /// whose [client](crate::Request::client) key others have shares turns and quotas with them, and requests
    /// that name no client share one place: no policy can tell.
    pub fn lockouts(&self) -> Vec<&'static str> {
        let mut found = Vec::new();
        match self.at_failure_limit {
            AtLimit::LongerCodes => {}
            AtLimit::Block(_) => found.push(
                "failure_limit: whoever keeps failing on purpose keeps the owner out; watch for Event::Wrong, and limit clients",
            ),
            AtLimit::Disable => found.push(
                "failure_limit: whoever fails often enough on purpose disables the owner until clear_failures; offer a second way in",
            ),
        }
        if !self.longer_codes {
            found.push(
                "longer_codes(false): whoever spends the accepted risk keeps the owner out for up to 25 hours",
            );
        }
        if self.by_recipient {
            found.push(
                "by_recipient: whoever knows the address can use up the attempts of codes that answer to it; prefer otp ids",
            );
        }
        if !self.test_recipients.is_empty() {
            found.push(
                "test_recipient: whoever spends the accepted risk keeps a test recipient out for up to 25 hours",
            );
        }
        if self.dial_code_sends.is_some() {
            found.push("dial_code_sends: whoever uses it up, window for window, keeps a country out");
        }
        if self.service_sends.is_some() {
            found.push("service_sends: whoever uses it up, window for window, keeps everybody out");
        }
        let long = |quota: Option<Quota>| quota.is_some_and(|quota| quota.window > MAX_PUBLIC_LIFETIME);
        if long(self.client_sends) || long(self.client_checks) {
            found.push(
                "client_sends, client_checks: whoever shares the owner's client key can use them up until their window ends",
            );
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::{Kind, Otp};
    use crate::policy::TestRecipient;
    use crate::recipient::Recipient;
    use crate::timestamp::Timestamp;

    fn clauses(policy: &Policy) -> Vec<&'static str> {
        policy.deviations().into_iter().map(|deviation| deviation.clause).collect()
    }

    #[test]
    fn nist_breaks_nothing_and_each_step_away_from_it_is_seen() {
        assert_eq!(clauses(&Policy::nist()), [""; 0]);
        let long = TEN_MINUTES + Duration::from_secs(1);
        let ada = Recipient::parse("+32412345678").unwrap();
        let test = TestRecipient::new(ada, "123456", Timestamp::MAX).unwrap();
        let five_digits = Otp::new(Kind::Numeric, 5).unwrap();
        for (policy, clause) in [
            (Policy::nist().email_signs_in(true), "3.1.3.1"),
            (Policy::nist().email_signs_in(true), "6.3.6"),
            (Policy::nist().otp(five_digits.clone()), "(length)"),
            (Policy::nist().otp(five_digits), "6.5.4"),
            (Policy::nist().allow(Kind::Alpha, 4, 8), "6.5.4"),
            (Policy::nist().longest_lifetime(long), "(lifetime)"),
            (Policy::nist().longest_lifetime(long), "6.5.5"),
            (Policy::nist().failure_limit(100, AtLimit::LongerCodes), "3.2.2"),
            (Policy::nist().failure_limit(5, AtLimit::Block(TEN_MINUTES)), "3.2.2"),
            (Policy::nist().test_recipient(test.clone()), "(random)"),
            (Policy::nist().test_recipient(test.clone()), "6.5.1"),
            (Policy::nist().test_recipient(test), "6.5.3"),
            (Policy::nist().by_recipient(true), "6.6.2"),
            (Policy::nist().code_alone(crate::policy::CodeAlone::default()), "6.6.2"),
            (Policy::nist().accept_risk(2e-4), "6.6.3"),
            (Policy::nist().refresh_grace(Duration::from_millis(1)), "10.4.5"),
        ] {
            assert!(clauses(&policy).iter().any(|found| found.contains(clause)), "{clause}: {policy:?}");
        }
        assert_eq!(clauses(&Policy::nist().allow(Kind::Unambiguous, 4, 8)), [""; 0], "20 bits");
    }

    #[test]
    fn what_can_lock_out_is_named() {
        assert_eq!(Policy::passage().lockouts(), [""; 0]);
        let hour = Quota::new(10, Duration::from_secs(3600));
        let quarter = Quota::new(10, Duration::from_secs(900));
        assert_eq!(Policy::passage().client_sends(quarter).client_checks(quarter).lockouts(), [""; 0]);
        let ada = Recipient::parse("ada@example.org").unwrap();
        let test = TestRecipient::new(ada, "123456", Timestamp::MAX).unwrap();
        for (policy, knob) in [
            (Policy::nist(), "failure_limit"),
            (Policy::psd2(), "failure_limit"),
            (Policy::passage().longer_codes(false), "longer_codes"),
            (Policy::passage().by_recipient(true), "by_recipient"),
            (Policy::passage().test_recipient(test), "test_recipient"),
            (Policy::passage().client_sends(hour), "client_sends"),
            (Policy::passage().client_checks(hour), "client_sends, client_checks"),
            (Policy::passage().dial_code_sends(quarter), "dial_code_sends"),
            (Policy::passage().service_sends(quarter), "service_sends"),
        ] {
            assert!(policy.lockouts().iter().any(|what| what.starts_with(knob)), "{knob}");
        }
    }
}
