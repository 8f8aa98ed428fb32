//! What may be asked for.

use std::time::Duration;

use crate::context::Context;
use crate::grant::{Grant, MAX_GRANT_BYTES, MAX_TOKEN_LIFETIME, Principal};
use crate::message::Template;
use crate::otp::Otp;
use crate::policy::{MAX_ATTEMPTS, MAX_CODE_LIFETIME, Policy};
use crate::purpose::Purpose;
use crate::recipient::Recipient;
use crate::request::{AnswersTo, Request, RequestError};

/// A request that has been checked, with the policy's defaults filled in: a challenge but for its code and
/// its time.
pub(crate) struct Draft {
    pub(crate) recipient: Recipient,
    pub(crate) purpose: Purpose,
    pub(crate) answers_to: AnswersTo,
    pub(crate) otp: Otp,
    /// Only if the request brought one; else the exchanger's template of the day of delivery holds.
    pub(crate) template: Option<Template>,
    pub(crate) locale: Option<String>,
    pub(crate) lifetime: Duration,
    pub(crate) attempts: u8,
    pub(crate) context: Context,
    pub(crate) grant: Grant,
    pub(crate) decoy: bool,
}

impl Draft {
    pub(crate) fn check(mut request: Request, policy: &Policy) -> Result<Self, RequestError> {
        let purpose = request.purpose?;
        let mut template = request.template.as_deref().map(Template::parse).transpose()?;
        let otp = match request.otp {
            Some(otp) if !policy.allows(&otp) => {
                let (kind, length) = (otp.kind(), otp.length());
                return Err(RequestError::FormatNotAllowed { kind, length });
            }
            Some(otp) => {
                template = template.or_else(|| Some(otp.message_template().clone()));
                otp
            }
            None => policy.otp.clone(),
        };
        let lifetime = request.lifetime.unwrap_or(policy.code_lifetime);
        if !(Duration::from_secs(1)..=MAX_CODE_LIFETIME).contains(&lifetime) {
            return Err(RequestError::Lifetime { given: lifetime });
        }
        let attempts = request.attempts.unwrap_or(policy.attempts);
        if !(1..=MAX_ATTEMPTS).contains(&attempts) {
            return Err(RequestError::Attempts { given: attempts });
        }
        if !request.locale.as_deref().is_none_or(is_language_tag) {
            return Err(RequestError::Locale);
        }
        request.context.check()?;
        let grant = checked_grant(request.grant, request.principal.as_ref(), policy)?;
        Ok(Self {
            recipient: request.recipient,
            purpose,
            answers_to: request.answers_to,
            otp,
            template,
            locale: request.locale,
            lifetime,
            attempts,
            context: request.context,
            grant,
            decoy: request.decoy,
        })
    }
}

fn checked_grant(
    mut grant: Grant,
    principal: Option<&Principal>,
    policy: &Policy,
) -> Result<Grant, RequestError> {
    if let Some(principal) = principal {
        if grant.scopes.is_empty() {
            grant.scopes.clone_from(&principal.scopes);
        } else if !grant.scopes.iter().all(|scope| principal.scopes.contains(scope)) {
            return Err(RequestError::ScopeNotHeld);
        }
    }
    let controls = |text: &str| text.chars().any(char::is_control);
    if grant.subject.as_ref().is_some_and(|subject| !(1..=255).contains(&subject.len()) || controls(subject))
    {
        return Err(RequestError::Subject);
    }
    if !grant.scopes.iter().all(|scope| is_scope(scope)) {
        return Err(RequestError::Scope);
    }
    if let Some(lifetime) = grant.token_lifetime {
        let whole = lifetime.subsec_nanos() == 0;
        if !whole || !(Duration::from_secs(1)..=MAX_TOKEN_LIFETIME).contains(&lifetime) {
            return Err(RequestError::TokenLifetime);
        }
    }
    if grant.redirect_url.as_ref().is_some_and(|url| !policy.redirects.contains(url)) {
        return Err(RequestError::Redirect);
    }
    if grant.metadata.iter().any(|(name, value)| name.is_empty() || controls(name) || controls(value)) {
        return Err(RequestError::Metadata);
    }
    // Two bytes beside each text, for its length in the sealed entry.
    let bytes = grant.texts().map(|text| text.len() + 2).sum();
    if bytes > MAX_GRANT_BYTES { Err(RequestError::GrantTooLarge { bytes }) } else { Ok(grant) }
}

/// `scope-token` of RFC 6749 section 3.3.
fn is_scope(scope: &str) -> bool {
    !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
}

/// The outer form of a BCP 47 tag (RFC 5646 section 2.1); 35 characters hold every tag without extensions
/// (4.4.1).
fn is_language_tag(tag: &str) -> bool {
    let subtag =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    tag.len() <= 35 && tag.split('-').all(subtag)
}
