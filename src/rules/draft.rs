//! What may be asked for.

use std::time::Duration;

use super::ClientTag;
use crate::context::{Context, Field};
use crate::grant::{Grant, MAX_GRANT_BYTES, MAX_TOKEN_LIFETIME, Principal};
use crate::message::{Catalogue, Chosen, Lack, Locale, Occasion, Template, TooMany};
use crate::otp::Otp;
use crate::policy::{MAX_PUBLIC_LIFETIME, Policy};
use crate::purpose::Purpose;
use crate::recipient::{Channel, Recipient};
use crate::request::{AnswersTo, Request, RequestError};
use crate::risk::{Bits, Risk};

/// A request that has been checked, with the policy's defaults filled in: a challenge but for its code and
/// its time.
pub(crate) struct Draft {
    pub(crate) recipient: Recipient,
    pub(crate) purpose: Purpose,
    pub(crate) answers_to: AnswersTo,
    pub(crate) otp: Otp,
    /// If the request brought one, or if the policy's shows bound fields; else the policy's or the
    /// catalogue's of the day of delivery holds.
    pub(crate) template: Option<Template>,
    pub(crate) locale: Option<Locale>,
    pub(crate) fallback: Option<Recipient>,
    pub(crate) lifetime: Duration,
    pub(crate) attempts: u8,
    pub(crate) context: Context,
    pub(crate) grant: Grant,
    pub(crate) decoy: bool,
    /// Who asks, by the name of its quota; the exchanger fills it in.
    pub(crate) client: Option<ClientTag>,
}

impl Draft {
    /// All that makes it the same request when it comes again under that key.
    pub(crate) fn identity<'a>(&'a self, key: &'a str) -> impl serde::Serialize + 'a {
        let fallback = self.fallback.as_ref().map(Recipient::address);
        let form =
            (self.otp.kind(), self.otp.length(), self.template.as_ref(), self.locale.as_ref(), fallback);
        let limits = (self.lifetime, self.attempts, self.decoy, self.client, self.answers_to);
        (key, &self.purpose, self.recipient.address(), form, limits, &self.context, &self.grant)
    }

    pub(crate) fn check(
        mut request: Request,
        policy: &Policy,
        catalogue: &Catalogue,
    ) -> Result<Self, RequestError> {
        let decoy = is_decoy(&request, policy);
        let purpose = request.purpose?;
        if purpose == Purpose::ISSUED {
            return Err(RequestError::ReservedPurpose);
        }
        let mut template = request.template.as_deref().map(Template::parse).transpose()?;
        let otp = match request.otp {
            Some(otp) if !policy.allows(&otp) => {
                let (kind, length) = (otp.kind(), otp.length());
                return Err(RequestError::FormatNotAllowed { kind, length });
            }
            Some(otp) => {
                template = template.or_else(|| otp.message_template().cloned());
                otp
            }
            None => policy.otp.clone(),
        };
        let standard = policy.otp.message_template();
        template = template.or_else(|| standard.filter(|shows| shows.fields().next().is_some()).cloned());
        let lifetime = request.lifetime.unwrap_or(policy.code_lifetime);
        check_lifetime(lifetime, request.principal.is_some(), policy)?;
        let attempts = request.attempts.unwrap_or(policy.attempts);
        check_risk(&otp, attempts, policy)?;
        let is_test = policy.test_recipients.iter().any(|test| *test.recipient() == request.recipient);
        check_naming(request.answers_to, is_test, &otp, lifetime, policy)?;
        check_address(&request.recipient, &purpose, policy)?;
        request.context.check()?;
        let occasion = Occasion {
            template: template.as_ref().or(standard),
            channel: request.recipient.channel(),
            purpose: &purpose,
            locale: request.locale.as_ref(),
            context: &request.context,
            required: &policy.required,
        };
        check_words(&occasion, &request.recipient, catalogue)?;
        if let Some(email) = &request.fallback {
            check_fallback(email, &request.recipient, &purpose, policy)?;
            check_words(&Occasion { channel: email.channel(), ..occasion }, email, catalogue)?;
        }
        if request
            .idempotency_key
            .as_ref()
            .is_some_and(|key| !(16..=255).contains(&key.len()) || request.answers_to == AnswersTo::Code)
        {
            return Err(RequestError::IdempotencyKey);
        }
        let grant = checked_grant(request.grant, request.principal.as_ref(), policy)?;
        Ok(Self {
            recipient: request.recipient,
            purpose,
            answers_to: request.answers_to,
            otp,
            template,
            locale: request.locale,
            fallback: request.fallback,
            lifetime,
            attempts,
            context: request.context,
            grant,
            decoy,
            client: None,
        })
    }
}

/// Whether somebody may not have what they ask for, and is not to learn that: no account to log in to, one
/// already to register, or no registering at all.
fn is_decoy(request: &Request, policy: &Policy) -> bool {
    let registers = request.purpose == Ok(Purpose::REGISTER);
    let barred = match request.account_exists {
        Some(exists) => exists == registers,
        None => false,
    };
    request.decoy || barred || (registers && !policy.sign_up)
}

fn check_lifetime(lifetime: Duration, has_principal: bool, policy: &Policy) -> Result<(), RequestError> {
    if !(Duration::from_secs(1)..=policy.longest_lifetime).contains(&lifetime) {
        return Err(RequestError::Lifetime { given: lifetime, longest: policy.longest_lifetime });
    }
    if lifetime > MAX_PUBLIC_LIFETIME && !has_principal { Err(RequestError::NoPrincipal) } else { Ok(()) }
}

fn check_risk(otp: &Otp, attempts: u8, policy: &Policy) -> Result<(), RequestError> {
    let risk = Risk::of_guesses(attempts, otp.kind(), otp.length());
    if risk > policy.accepted_risk {
        return Err(RequestError::Risk { risk, accepted: policy.accepted_risk });
    }
    // Within the risk of one recipient it still has to stay within that of a spray over all of them.
    if !(1..=policy.attempts).contains(&attempts) {
        return Err(RequestError::Attempts { given: attempts, most: policy.attempts });
    }
    Ok(())
}

fn check_naming(
    named: AnswersTo,
    is_test: bool,
    otp: &Otp,
    lifetime: Duration,
    policy: &Policy,
) -> Result<(), RequestError> {
    match named {
        AnswersTo::OtpId => Ok(()),
        AnswersTo::Recipient if policy.by_recipient => Ok(()),
        AnswersTo::Recipient => Err(RequestError::NotByRecipient),
        AnswersTo::Code => {
            let alone = policy.code_alone.ok_or(RequestError::NotByCode)?;
            // What is typed is read as of the policy's kind: there is nothing else to go by.
            if otp.kind() != policy.otp.kind() || is_test {
                return Err(RequestError::NotByCode);
            }
            let (needed, has) = (alone.needed_bits(lifetime), otp.entropy_bits());
            if has < needed {
                return Err(RequestError::AloneTooShort { needed: Bits::up(needed), has: Bits::down(has) });
            }
            Ok(())
        }
    }
}

fn check_address(recipient: &Recipient, purpose: &Purpose, policy: &Policy) -> Result<(), RequestError> {
    if !policy.reaches(recipient) {
        return Err(RequestError::DialCode);
    }
    let proves_address = [Purpose::REGISTER, Purpose::CONFIRM, Purpose::RECOVER].contains(purpose);
    if recipient.channel() == Channel::Email && !policy.email_signs_in && !proves_address {
        return Err(RequestError::Email);
    }
    Ok(())
}

/// The other address is the same person's, and the code proves nothing about either.
fn check_fallback(
    email: &Recipient,
    recipient: &Recipient,
    purpose: &Purpose,
    policy: &Policy,
) -> Result<(), RequestError> {
    let channels = (recipient.channel(), email.channel());
    let proves = [Purpose::REGISTER, Purpose::CONFIRM].contains(purpose);
    // Nothing is ever sent to one of those.
    let is_test = policy.test_recipients.iter().any(|test| test.recipient() == email);
    if channels != (Channel::Sms, Channel::Email) || proves || is_test {
        return Err(RequestError::Fallback);
    }
    check_address(email, purpose, policy)
}

/// There is something to say; what has to be bound is bound, and shown; what is shown is bound; and an SMS of
/// it is not too long.
fn check_words(
    occasion: &Occasion<'_>,
    recipient: &Recipient,
    catalogue: &Catalogue,
) -> Result<(), RequestError> {
    let Occasion { template, channel, context, required, .. } = *occasion;
    let is_unbound = |field: &&Field| context.value(field).is_none();
    if let Some(field) = required.iter().find(is_unbound) {
        return Err(RequestError::NotBound { field: field.clone() });
    }
    if let Some(template) = template {
        catalogue.supports(template)?;
        if let Some(field) = required.iter().find(|field| !template.shows(field)) {
            return Err(RequestError::NotShown { field: field.clone() });
        }
        if let Some(field) = template.fields().find(is_unbound) {
            return Err(RequestError::NotBound { field: field.clone() });
        }
    }
    // What shows nothing that is bound was counted when the catalogue was built.
    let is_counted = channel == Channel::Email || (template.is_none() && context.is_empty());
    if is_counted && required.is_empty() && catalogue.speaks(channel) {
        return Ok(());
    }
    let chosen = match (template, channel) {
        (Some(template), Channel::Sms) => Chosen::Sms(template),
        // An email of a template has the catalogue's subject.
        _ => catalogue.choose(occasion).map(|(_, chosen)| chosen).map_err(|lack| match lack {
            Lack::Text => RequestError::NoText { channel },
            Lack::Bound(field) => RequestError::NotBound { field: field.clone() },
            Lack::Shown(field) => RequestError::NotShown { field: field.clone() },
        })?,
    };
    let text = match chosen {
        Chosen::Sms(text) if !is_counted => text,
        _ => return Ok(()),
    };
    match catalogue.too_many_segments(text, recipient, context) {
        Some(TooMany { segments, most }) => Err(RequestError::Segments { segments, most }),
        None => Ok(()),
    }
}

pub(crate) fn checked_grant(
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
