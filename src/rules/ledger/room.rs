//! How much there is room for: in one entry, for one purpose, for strangers and for each known client.

use super::Ledger;
use crate::policy::{DISPLACE_AFTER, LIVE_PER_PURPOSE};
use crate::rules::lanes::{MOST, MOST_KNOWN};
use crate::rules::{Challenge, Draft, Refusal, Waiting};
use crate::timestamp::Timestamp;

/// The largest ledger, in bytes of its encoding. Most have a few hundred; only one under attack comes near.
pub(crate) const MAX_LEDGER_BYTES: usize = LEDGER_OVERHEAD + STRANGERS_ROOM + MOST_KNOWN * KNOWN_ROOM;

/// What a ledger holds beside its challenges, in bytes at the most: 52 hours of guesses, the lanes, times.
const LEDGER_OVERHEAD: usize = 64 + 52 * 16 + MOST * 39;

/// What the challenges of all strangers together may take, in bytes: so much that their number mostly binds
/// first.
const STRANGERS_ROOM: usize = 6500;

/// What the challenges of each known client may take, in bytes: room for the largest there is.
const KNOWN_ROOM: usize = 2700;

impl Ledger {
    /// Room for one more challenge. A known client has room of its own, which no stranger can take.
    pub(super) fn make_room(&mut self, now: Timestamp, draft: &Draft) -> Result<(), Refusal> {
        let room_of = |ledger: &Self, client| Some(client).filter(|client| ledger.lanes.knows(*client));
        let room = room_of(self, draft.client);
        let bytes = if room.is_some() { KNOWN_ROOM } else { STRANGERS_ROOM };
        let beside = |ledger: &Self, other: &Challenge| room_of(ledger, other.client) == room;
        let rival =
            |ledger: &Self, other: &Challenge| other.purpose == draft.purpose && beside(ledger, other);
        while self.challenges.iter().filter(|other| rival(self, other)).count() >= LIVE_PER_PURPOSE {
            self.displace(now, rival)?;
        }
        while self.weight(|other| beside(self, other)) + draft.weight() > bytes
            && self.challenges.iter().any(|other| beside(self, other))
        {
            self.displace(now, beside)?;
        }
        // Clients that are known no more have left theirs in the strangers' room.
        while LEDGER_OVERHEAD + self.weight(|_| true) + draft.weight() > MAX_LEDGER_BYTES
            && !self.challenges.is_empty()
        {
            self.displace(now, |_, _| true)?;
        }
        Ok(())
    }

    /// Removes the oldest of those challenges, if it is old enough to go.
    fn displace(&mut self, now: Timestamp, among: impl Fn(&Self, &Challenge) -> bool) -> Result<(), Refusal> {
        let among = |challenge: &Challenge| among(self, challenge);
        let candidates = self.challenges.iter().enumerate().filter(|(_, challenge)| among(challenge));
        let Some((oldest, challenge)) = candidates.min_by_key(|(_, challenge)| challenge.life.created) else {
            return Ok(());
        };
        let free_at = challenge.life.created.saturating_add(DISPLACE_AFTER);
        if now < free_at {
            let ends = self
                .challenges
                .iter()
                .filter(|challenge| among(challenge))
                .map(|challenge| challenge.life.end);
            let until = ends.chain([free_at]).min().unwrap_or(free_at);
            return Err(Refusal { why: Waiting::LiveCodes, until });
        }
        self.challenges.swap_remove(oldest);
        Ok(())
    }

    fn weight(&self, of: impl Fn(&Challenge) -> bool) -> usize {
        self.challenges.iter().filter(|challenge| of(challenge)).map(Challenge::weight).sum()
    }
}
