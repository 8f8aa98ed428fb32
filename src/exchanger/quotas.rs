//! Quotas: what a message or a submission costs, and the shares of busy ones that this process holds.

use std::collections::HashMap;
use std::sync::Mutex;

use super::entries::Step;
use super::{Exchanger, Fault};
use crate::client_key::ClientKey;
use crate::crypto::{NONCE_BYTES, Name, Scope};
use crate::policy::{CLOCK_SLACK, Quota};
use crate::ports::{CodeStore, Notifier, TokenIssuer};
use crate::recipient::Recipient;
use crate::rules::{ClientTag, Refusal, Share, Usage, Waiting};
use crate::timestamp::Timestamp;

/// What something costs: one of each of these quotas, in this order.
pub(super) type Price = Vec<Claim>;

/// One of a quota.
#[derive(Clone)]
pub(super) struct Claim {
    name: Name,
    quota: Quota,
    /// Whether it is so busy that processes take shares of it.
    leased: bool,
    why: Waiting,
}

impl Claim {
    /// Whether a share is of the present window. An end too far off is of a clock that was set back since.
    fn is_of_now(&self, share: &Share, now: Timestamp) -> bool {
        let furthest = now.saturating_add(self.quota.window).saturating_add(CLOCK_SLACK);
        now < share.end && share.end <= furthest
    }
}

/// The shares of busy quotas that this process holds: of the whole service's, and of one for each country.
#[derive(Default)]
pub(super) struct Leases(Mutex<HashMap<Name, Share>>);

impl Leases {
    /// Takes one out of the share of the present window, if there is one.
    fn spend(&self, claim: &Claim, now: Timestamp) -> bool {
        let Ok(mut shares) = self.0.lock() else { return false };
        // Near its end the next window has begun already to a process whose clock is ahead.
        let usable = |share: &&mut Share| {
            share.count > 0 && claim.is_of_now(share, now) && now.saturating_add(CLOCK_SLACK) < share.end
        };
        let Some(share) = shares.get_mut(&claim.name).filter(usable) else { return false };
        share.count -= 1;
        if share.count == 0 {
            shares.remove(&claim.name); // used up here; the entry tells whether it is everywhere
        }
        true
    }

    /// Until when it is known to be used up.
    fn used_up(&self, claim: &Claim, now: Timestamp) -> Option<Timestamp> {
        let shares = self.0.lock().ok()?;
        let share = shares.get(&claim.name).filter(|share| claim.is_of_now(share, now))?;
        (share.count == 0).then_some(share.end)
    }

    fn keep(&self, name: Name, share: Share) {
        let Ok(mut shares) = self.0.lock() else { return };
        let held = shares.entry(name).or_insert(Share { count: 0, ..share });
        // Two calls at once may each have taken a share of the same window.
        let count = if held.end == share.end { held.count.saturating_add(share.count) } else { share.count };
        *held = Share { count, ..share };
    }
}

impl<S: CodeStore, N: Notifier, I: TokenIssuer> Exchanger<S, N, I> {
    /// By what name a client's messages are counted, and it is known to recipients.
    pub(super) fn client_tag(&self, client: &ClientKey) -> ClientTag {
        *self.vault.quota_name(Scope::ClientSends, client.as_bytes()).as_bytes()
    }

    /// What a message costs.
    pub(super) fn price_of_message(&self, client: Option<ClientTag>, recipient: &Recipient) -> Price {
        let policy = self.policy();
        let mut price = Price::new();
        if let Some((quota, client)) = policy.client_sends.zip(client) {
            let name = Name::from_bytes(client);
            price.push(Claim { name, quota, leased: false, why: Waiting::ClientSends });
        }
        if let Some((quota, code)) = policy.dial_code_sends.zip(recipient.dial_code()) {
            let name = self.vault.quota_name(Scope::DialCodeSends, code.as_bytes());
            price.push(Claim { name, quota, leased: true, why: Waiting::DialCodeSends });
        }
        if let Some(quota) = policy.service_sends {
            let name = self.vault.quota_name(Scope::ServiceSends, &[]);
            price.push(Claim { name, quota, leased: true, why: Waiting::ServiceSends });
        }
        price
    }

    /// What a submission costs.
    pub(super) fn price_of_check(&self, client: Option<&ClientKey>) -> Price {
        let Some((quota, client)) = self.policy().client_checks.zip(client) else { return Price::new() };
        let name = self.vault.quota_name(Scope::ClientChecks, client.as_bytes());
        vec![Claim { name, quota, leased: false, why: Waiting::ClientChecks }]
    }

    /// Takes one of each quota, up to the first that is used up.
    pub(super) async fn pay(&self, price: Price) -> Result<Option<Refusal>, Fault> {
        // Whatever this process knows to be used up is refused before any other quota is spent on it.
        for claim in &price {
            if let Some(until) = self.leases.used_up(claim, self.now()) {
                return Ok(Some(Refusal { why: claim.why, until }));
            }
        }
        for claim in price {
            if let Some(until) = self.claim(&claim).await? {
                return Ok(Some(Refusal { why: claim.why, until }));
            }
        }
        Ok(None)
    }

    /// Takes one of a quota; if it is used up, says until when.
    async fn claim(&self, claim: &Claim) -> Result<Option<Timestamp>, Fault> {
        if claim.leased && self.leases.spend(claim, self.now()) {
            return Ok(None);
        }
        let mut draw = self.draw(NONCE_BYTES);
        let taken = self.update(claim.name, &mut draw, |usage: Option<Usage>, at, _| {
            Ok(match Usage::take(usage, at.now, claim.quota, claim.leased) {
                Ok((usage, share)) => Step::Write(usage, Ok(share)),
                Err(until) => Step::Keep(Err(until)),
            })
        });
        let (taken, _) = taken.await?;
        if claim.leased {
            let rest = |share: Share| Share { count: share.count - 1, ..share }; // a share has at least one
            match taken {
                Ok(share) if share.count > 1 => self.leases.keep(claim.name, rest(share)),
                Ok(_) => {}
                Err(end) => self.leases.keep(claim.name, Share { count: 0, end }),
            }
        }
        Ok(taken.err())
    }
}
