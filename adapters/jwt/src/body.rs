//! The claims of a token as JSON, there and back.

use std::collections::BTreeMap;

use otp_exchange::{Claims, Purpose, SessionId, Timestamp};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::error::IssueError;
use crate::json::Members;

/// What a token says beside the [`Claims`].
pub(crate) struct Context<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) client: &'a str,
}

/// What a genuine token said, before anybody has looked at whom it is for.
pub(crate) struct Body {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) claims: Claims,
}

/// RFC 9068 section 2.2; `sid` is registered for session ids; `purpose`, `metadata` and the milliseconds are
/// ours.
#[derive(Serialize)]
struct Written<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: i64,
    iat: i64,
    jti: String,
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    sid: SessionId,
    purpose: &'a str,
    metadata: &'a BTreeMap<String, String>,
    exp_ms: i64,
    iat_ms: i64,
}

/// Other claims are passed over (RFC 7519 section 4), so that tokens of a later version can be read.
#[derive(Deserialize)]
struct Read {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    iat: i64,
    jti: String,
    client_id: String,
    #[serde(default)]
    scope: Option<String>,
    sid: SessionId,
    purpose: Purpose,
    metadata: Members<String>,
    exp_ms: i64,
    iat_ms: i64,
    #[serde(default)]
    nbf: Option<i64>,
}

/// The claims as JSON.
pub(crate) fn write(claims: &Claims, context: &Context<'_>) -> Result<Vec<u8>, IssueError> {
    let Claims { subject, scopes, purpose, metadata, issued_at, expires_at, session } = claims;
    if scopes.iter().any(|scope| scope.is_empty() || scope.contains(' ')) {
        return Err(IssueError::Scope);
    }
    let (iat, iat_ms) = split(*issued_at);
    let (exp, exp_ms) = split(*expires_at);
    let written = Written {
        iss: context.issuer,
        sub: subject,
        aud: context.audience,
        exp,
        iat,
        // The same for the same token, asked for again, and another one for each generation of the session.
        jti: format!("{session}.{}", issued_at.unix_millis()),
        client_id: context.client,
        scope: (!scopes.is_empty()).then(|| scopes.join(" ")),
        sid: *session,
        purpose: purpose.as_str(),
        metadata,
        exp_ms,
        iat_ms,
    };
    // Texts and integers only: JSON has a form for each.
    Ok(serde_json::to_vec(&written).expect("claims are JSON"))
}

/// What the JSON says, unless a claim is missing, malformed or there twice.
pub(crate) fn read(json: &[u8]) -> Option<Body> {
    serde_json::from_slice::<Members<IgnoredAny>>(json).ok()?;
    let read: Read = serde_json::from_slice(json).ok()?;
    let Read { iss, sub, aud, exp, iat, jti, client_id, scope, sid, purpose, metadata, .. } = read;
    let nameless = [&sub, &jti, &client_id].iter().any(|text| text.is_empty());
    // `nbf` is in no token of ours. Where it says more than `iat`, nobody would heed it.
    if nameless || read.nbf.is_some_and(|from| from > iat) {
        return None;
    }
    let scopes: Vec<_> = scope.iter().flat_map(|scope| scope.split(' ')).map(str::to_owned).collect();
    if scopes.iter().any(String::is_empty) {
        return None;
    }
    let claims = Claims {
        subject: sub,
        scopes,
        purpose,
        metadata: metadata.0,
        issued_at: join(iat, read.iat_ms)?,
        expires_at: join(exp, read.exp_ms)?,
        session: sid,
    };
    Some(Body { issuer: iss, audience: aud, claims })
}

/// Whole seconds, which every library reads, and the milliseconds over. Rounded down, so that to others a
/// token is over up to a second early, never late, and is never of the future.
fn split(moment: Timestamp) -> (i64, i64) {
    (moment.unix_seconds(), moment.unix_millis().rem_euclid(1000))
}

fn join(seconds: i64, millis: i64) -> Option<Timestamp> {
    let whole = (0..1000).contains(&millis).then(|| seconds.checked_mul(1000))??;
    whole.checked_add(millis).map(Timestamp::from_unix_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_come_back_to_the_millisecond() {
        for millis in [0, 1, 999, 1000, 1_700_000_000_123, -1, -1000, -1001, i64::MAX] {
            let moment = Timestamp::from_unix_millis(millis);
            let (seconds, over) = split(moment);
            assert_eq!(join(seconds, over), Some(moment), "{millis}");
        }
        for (seconds, over) in [(0, 1000), (0, -1), (i64::MAX, 0), (i64::MIN, 0), (i64::MAX / 1000, 999)] {
            assert_eq!(join(seconds, over), None, "{seconds} {over}");
        }
    }
}
