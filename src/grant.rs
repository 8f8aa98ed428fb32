//! What a code will be worth once it is exchanged, and who may ask for it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::recipient::Recipient;

/// The most a grant may hold, in bytes of all its texts together and two for each of them.
pub const MAX_GRANT_BYTES: usize = 1024;

/// The longest token lifetime, and the longest life of a session: 30 days.
pub const MAX_TOKEN_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

/// What a code will be worth: subject, scopes, token lifetime, redirect URL and metadata. Not an OAuth grant.
///
/// Everything is optional: without a subject the tokens are for the recipient, without a token lifetime the
/// policy's lifetimes hold. It is checked when the code is issued and lies sealed beside it; its serde form
/// is for that, and may change.
///
/// ```
/// # use std::time::Duration;
/// use otp_exchange::Grant;
/// let grant = Grant::for_subject("user-17")
///     .scope("profile:read")
///     .token_lifetime(Duration::from_secs(24 * 3600))
///     .redirect_to("https://app.example/welcome")
///     .metadata("plan", "pro");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub(crate) subject: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) token_lifetime: Option<Duration>,
    pub(crate) refresh: Option<bool>,
    pub(crate) redirect_url: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Grant {
    /// A grant for the recipient itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// A grant for a subject of your own, a user id say: 1 to 255 bytes.
    pub fn for_subject(subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..Self::default() }
    }

    /// One more scope: printable ASCII without space, `"` and `\` (RFC 6749 section 3.3).
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// How long the access token lives: whole seconds, 1 s to 30 days. Such a token comes without a refresh
    /// token unless [`refresh`](Self::refresh) asks for one.
    pub fn token_lifetime(self, lifetime: Duration) -> Self {
        Self { token_lifetime: Some(lifetime), ..self }
    }

    /// Whether a refresh token comes with the access token. By default one does, unless the grant sets a
    /// token lifetime.
    pub fn refresh(self, wanted: bool) -> Self {
        Self { refresh: Some(wanted), ..self }
    }

    /// Where to send the person afterwards; must be, to the letter, a URL that the policy allows.
    pub fn redirect_to(self, url: impl Into<String>) -> Self {
        Self { redirect_url: Some(url.into()), ..self }
    }

    /// A fact to travel with the session, for the application's own use: a name, and a value without control
    /// characters. Given again, a name takes the new value.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    pub(crate) fn wants_refresh(&self) -> bool {
        self.refresh.unwrap_or(self.token_lifetime.is_none())
    }

    /// Every text in it.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let metadata = self.metadata.iter().flat_map(|(name, value)| [name, value]);
        let single = self.subject.iter().chain(&self.redirect_url).chain(&self.scopes);
        single.chain(metadata).map(String::as_str)
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The subject is often a whole address, and metadata is the application's: neither belongs in a log.
        f.debug_struct("Grant")
            .field("scopes", &self.scopes)
            .field("token_lifetime", &self.token_lifetime)
            .field("refresh", &self.refresh)
            .finish_non_exhaustive()
    }
}

/// Who asks for a code on somebody's behalf. The code leads to at most this principal's scopes.
#[derive(Clone, PartialEq, Eq)]
pub struct Principal {
    pub(crate) id: String,
    pub(crate) role: Role,
    pub(crate) scopes: Vec<String>,
}

/// What a principal may do beside asking for codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Nothing more.
    #[default]
    User,
    /// Issue tokens for others, as an administrator may.
    Developer,
    /// Issue tokens for others.
    Administrator,
}

impl Principal {
    /// A principal in the role of a user, without any scope yet.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), role: Role::default(), scopes: Vec::new() }
    }

    /// Its role.
    pub fn role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// One more scope that this principal holds.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Who it is, for the application's own records; [events](crate::Event) name it, masked where it is an
    /// address.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its id, for events: masked where it is an address.
    pub(crate) fn masked(&self) -> String {
        match Recipient::parse(&self.id) {
            Ok(address) if self.id.contains('@') || self.id.starts_with('+') => address.masked(),
            Err(_) if self.id.contains('@') => "•••".to_owned(),
            _ => self.id.clone(),
        }
    }

    /// What it may do.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The id is often a whole address.
        f.debug_struct("Principal")
            .field("role", &self.role)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_masked_where_it_is_an_address() {
        let ids = ["ada@example.org", "+32412345678", "Ada <ada@example.org>", "operator-7", "32412345678"];
        let shown = ["a•••@example.org", "+32•••••78", "•••", "operator-7", "32412345678"];
        assert_eq!(ids.map(|id| Principal::new(id).masked()), shown);
    }
}
