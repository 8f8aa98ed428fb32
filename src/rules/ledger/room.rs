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
        while self.challenges.iter().any(|other| beside(self, other))
            && self.weight(|other| beside(self, other)) + draft.weight() > bytes
        {
            self.displace(now, beside)?;
        }
        // Clients that are known no more have left theirs in the strangers' room.
        while !self.challenges.is_empty()
            && LEDGER_OVERHEAD + self.weight(|_| true) + draft.weight() > MAX_LEDGER_BYTES
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::grant::Grant;
    use crate::message::Catalogue;
    use crate::policy::Policy;
    use crate::purpose::Purpose;
    use crate::request::Request;
    use crate::risk::Risk;
    use crate::rules::tests::{ada, ask, at, copy, login, patient, submit};

    fn policy() -> Policy {
        patient().accept_risk(1.0).send_spacing(Duration::ZERO)
    }

    /// A request of that purpose whose challenge weighs that much.
    fn weighing(purpose: u8, bytes: usize) -> Request {
        let padded = |text: usize, metadata: usize| {
            let grant = Grant::new().metadata("m", "v".repeat(metadata));
            let text = format!("{{{{CODE}}}}{}", "x".repeat(text));
            Request::new(format!("purpose-{purpose:03}"), &ada()).template(text).grant(grant)
        };
        let weight =
            |request| Draft::check(request, &policy(), &Catalogue::default()).map(|draft| draft.weight());
        let padding = bytes - weight(padded(0, 0)).unwrap();
        let request = padded(padding.saturating_sub(1000), padding.min(1000));
        assert_eq!(weight(request.clone()), Ok(bytes));
        request
    }

    fn asks(ledger: &Ledger, id: u8, client: u8, bytes: usize) -> Result<Ledger, Refusal> {
        ask(id).client(client).request(weighing(id, bytes)).of(copy(ledger), at(10), &policy())
    }

    /// A ledger that knows clients 1, 2 and 3.
    fn known() -> Ledger {
        (1..=3).fold(Ledger::default(), |ledger, client| {
            let asked = ask(client).code("111111").client(client).of(ledger, at(client.into()), &policy());
            login(asked.unwrap(), client, "111111", at(client.into())).0
        })
    }

    #[test]
    fn a_full_ledger_fits_into_an_entry_and_its_overhead_is_what_it_holds_beside_challenges() {
        const { assert!(MAX_LEDGER_BYTES + 33 <= crate::crypto::MAX_ENTRY_BYTES) }; // a header and a tag
        let (now, mut ledger) = (Timestamp::MAX, Ledger::default());
        ledger.last_send = Some(now);
        ledger.latest_end = Some(now);
        for hour in 0..52 {
            let guessed = now.saturating_sub(Duration::from_secs(hour * 3600));
            ledger.spent.charge(guessed, Risk::from_steps(u64::MAX));
        }
        for client in 0..u8::try_from(MOST).unwrap() {
            let client = Some([client; 16]);
            ledger.lanes.asked(client, now);
            ledger.lanes.had_right_code(client, true, now);
            ledger.lanes.asked(client, now);
        }
        let size = postcard::to_allocvec(&ledger).unwrap().len();
        assert!((1000..=LEDGER_OVERHEAD).contains(&size), "{size} bytes");
    }

    #[test]
    fn a_room_is_full_to_the_last_byte_and_not_beyond() {
        for (client, room) in [(1, KNOWN_ROOM), (9, STRANGERS_ROOM)] {
            let mut ledger = known();
            let mut left = room;
            for id in 101.. {
                let bytes = left.min(1400);
                if bytes < left {
                    ledger = asks(&ledger, id, client, bytes).unwrap();
                    left -= bytes;
                    continue;
                }
                assert_eq!(asks(&ledger, id, client, bytes + 1).err().unwrap().why, Waiting::LiveCodes);
                assert!(asks(&ledger, id, client, bytes).is_ok());
                break;
            }
        }
    }

    #[test]
    fn who_is_known_no_more_leaves_no_more_than_the_entry_holds() {
        let mut ledger = known();
        let own = |client| [(client, 1400), (client, KNOWN_ROOM - 1400)];
        let strangers = [(9, 1400), (9, 1400), (9, 1400), (9, STRANGERS_ROOM - 3 * 1400 - 700), (4, 700)];
        let full = [own(1), own(2), own(3)].into_iter().flatten().chain(strangers);
        for (id, (client, bytes)) in (101..).zip(full) {
            ledger = asks(&ledger, id, client, bytes).unwrap_or_else(|refusal| panic!("{id}: {refusal:?}"));
        }
        // Client 4 becomes known, so that client 1 is known no more and its codes are among the strangers'.
        let purpose = Purpose::parse("purpose-111").unwrap();
        let (ledger, _) = submit(ledger, Some(111), "222222", &purpose, at(10), &policy());
        assert!(ledger.lanes.knows(Some([4; 16])) && !ledger.lanes.knows(Some([1; 16])));
        assert_eq!(LEDGER_OVERHEAD + ledger.weight(|_| true) + 700, MAX_LEDGER_BYTES);
        assert_eq!(asks(&ledger, 120, 4, 701).err().unwrap().why, Waiting::LiveCodes);
        assert!(asks(&ledger, 120, 4, 700).is_ok());
    }
}
