//! Who asked for one recipient's codes lately. Each client has a lane of its own, so that one who asks all
//! the time slows down nobody but itself, and a client that once had a right code keeps its place whatever
//! strangers do.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::policy::{CLOCK_SLACK, KNOWN_MEMORY, LANE_MEMORY, MAX_SEND_SPACING, Policy};
use crate::timestamp::Timestamp;

/// How many clients one recipient remembers.
pub(super) const MOST: usize = 20;

/// How many of them may be known: more than a person's own devices, so few that strangers' lanes have room.
pub(super) const MOST_KNOWN: usize = 3;

/// A client, by the name of its quota.
pub(crate) type ClientTag = [u8; 16];

/// The lanes of one recipient. All requests that name no client share one.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Lanes(Vec<Lane>);

#[derive(Serialize, Deserialize)]
struct Lane {
    client: Option<ClientTag>,
    /// How often it asked since it last was idle for an hour or had a right code.
    sends: u8,
    last: Timestamp,
    /// When it last had a right code.
    right: Option<Timestamp>,
}

impl Lanes {
    /// Until when that client has to wait: the send spacing after its last request, twice that after the
    /// second, and so on to 15 minutes. A last one in the future is a clock that was set back since.
    pub(super) fn waits_until(
        &self,
        client: Option<ClientTag>,
        now: Timestamp,
        policy: &Policy,
    ) -> Option<Timestamp> {
        let lane = self.find(client)?;
        let sane = lane.last <= now.saturating_add(CLOCK_SLACK);
        Some(lane.next_at(policy)).filter(|until| sane && now < *until)
    }

    /// Whether that client once had a right code for this recipient.
    pub(super) fn knows(&self, client: Option<ClientTag>) -> bool {
        client.is_some() && self.find(client).is_some_and(|lane| lane.right.is_some())
    }

    /// Takes down a request.
    pub(super) fn asked(&mut self, client: Option<ClientTag>, now: Timestamp) {
        match self.0.iter_mut().find(|lane| lane.client == client) {
            Some(lane) => {
                lane.sends = lane.sends.saturating_add(1);
                lane.last = now;
            }
            None => self.open(Lane { client, sends: 1, last: now, right: None }),
        }
    }

    /// Takes down a right code for a challenge that client had asked for, and whether it is `known` by that.
    pub(super) fn had_right_code(&mut self, client: Option<ClientTag>, known: bool, now: Timestamp) {
        let right = client.filter(|_| known).map(|_| now);
        match self.0.iter_mut().find(|lane| lane.client == client) {
            Some(lane) => (lane.sends, lane.right) = (0, right.or(lane.right)),
            None if right.is_some() => self.open(Lane { client, sends: 0, last: now, right }),
            None => {}
        }
        if self.0.iter().filter(|lane| lane.right.is_some()).count() > MOST_KNOWN {
            let known = self.0.iter_mut().filter(|lane| lane.right.is_some());
            if let Some(longest_ago) = known.min_by_key(|lane| lane.right) {
                longest_ago.right = None;
            }
        }
        self.drop_idle();
    }

    /// Drops who asked for nothing for long enough.
    pub(super) fn forget(&mut self, now: Timestamp) {
        for lane in &mut self.0 {
            // One from the future is of a clock that was set back since: it counts from now on.
            let sane = |right: Timestamp| if right > now.saturating_add(CLOCK_SLACK) { now } else { right };
            let right = lane.right.map(sane);
            lane.right = right.filter(|right| now < right.saturating_add(KNOWN_MEMORY));
            if now >= lane.last.saturating_add(LANE_MEMORY) {
                lane.sends = 0;
            }
        }
        self.drop_idle();
    }

    /// From when on nothing in it matters any more.
    pub(super) fn forget_after(&self) -> Option<Timestamp> {
        let matters = |lane: &Lane| {
            let asked = lane.last.saturating_add(LANE_MEMORY);
            lane.right.map_or(asked, |right| right.saturating_add(KNOWN_MEMORY).max(asked))
        };
        self.0.iter().map(matters).max()
    }

    fn drop_idle(&mut self) {
        self.0.retain(|lane| lane.sends > 0 || lane.right.is_some());
    }

    fn find(&self, client: Option<ClientTag>) -> Option<&Lane> {
        self.0.iter().find(|lane| lane.client == client)
    }

    /// One more lane, in the place of the stranger that asked longest ago if there is no room.
    fn open(&mut self, lane: Lane) {
        if self.0.len() >= MOST {
            let oldest =
                (0..self.0.len()).min_by_key(|&index| (self.0[index].right.is_some(), self.0[index].last));
            if let Some(oldest) = oldest {
                self.0.swap_remove(oldest);
            }
        }
        self.0.reserve_exact(1); // most have one only
        self.0.push(lane);
    }
}

impl Lane {
    fn next_at(&self, policy: &Policy) -> Timestamp {
        self.last.saturating_add(grown(policy.send_spacing, self.sends))
    }
}

/// The span after so many sends: nothing after none, then the spacing, doubling to 15 minutes.
pub(super) fn grown(spacing: Duration, sends: u8) -> Duration {
    match sends.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => spacing.saturating_mul(1 << u32::from(doublings).min(16)).min(MAX_SEND_SPACING),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(1_700_000_000_000 + seconds * 1000)
    }

    #[allow(clippy::unnecessary_wraps)] // as lanes take it
    fn client(number: u8) -> Option<ClientTag> {
        Some([number; 16])
    }

    #[test]
    fn a_client_that_keeps_asking_waits_longer_and_longer_and_nobody_else_does() {
        let (mut lanes, policy) = (Lanes::default(), Policy::default());
        let mut now = 0;
        for span in [30, 60, 120, 240, 480, 900, 900] {
            lanes.asked(client(1), at(now));
            assert_eq!(lanes.waits_until(client(1), at(now + span - 1), &policy), Some(at(now + span)));
            assert_eq!(lanes.waits_until(client(1), at(now + span), &policy), None);
            assert_eq!(lanes.waits_until(client(2), at(now), &policy), None);
            assert_eq!(lanes.waits_until(None, at(now), &policy), None);
            now += span;
        }
        lanes.asked(client(1), at(now));
        lanes.had_right_code(client(1), true, at(now));
        lanes.asked(client(1), at(now));
        assert_eq!(lanes.waits_until(client(1), at(now), &policy), Some(at(now + 30)), "anew");
        lanes.forget(at(now + 3600));
        lanes.asked(client(1), at(now + 3600));
        assert_eq!(lanes.waits_until(client(1), at(now + 3600), &policy), Some(at(now + 3630)), "anew");
    }

    #[test]
    fn strangers_crowd_out_no_known_client() {
        let mut lanes = Lanes::default();
        for number in 1..=5 {
            lanes.asked(client(number), at(number.into()));
            lanes.had_right_code(client(number), true, at(number.into()));
        }
        for stranger in 100..=255 {
            lanes.asked(client(stranger), at(stranger.into()));
        }
        assert!(!lanes.knows(client(1)), "three are known, those of the latest right codes");
        assert!(!lanes.knows(client(2)));
        assert!((3..=5).all(|number| lanes.knows(client(number))));
        assert_eq!(lanes.0.len(), MOST);
        assert!(!lanes.knows(client(255)) && !lanes.knows(None));
        lanes.forget(at(30 * 24 * 3600));
        assert!(lanes.knows(client(5)));
        lanes.forget(at(30 * 24 * 3600 + 5));
        assert!(!lanes.knows(client(5)));
        lanes.had_right_code(None, true, at(0));
        assert!(!lanes.knows(None), "whoever names no client is nobody in particular");
        lanes.asked(client(6), at(0));
        lanes.had_right_code(client(6), false, at(0));
        assert!(!lanes.knows(client(6)), "a code by recipient may have been asked for by anybody");
    }

    #[test]
    fn a_right_code_is_remembered_after_its_request_and_takes_no_place_unless_it_makes_known() {
        let mut lanes = Lanes::default();
        lanes.had_right_code(client(1), true, at(0));
        assert!(lanes.knows(client(1)), "who asked an hour ago has no lane any more");
        let strangers = 100..119;
        for stranger in strangers.clone() {
            lanes.asked(client(stranger), at(0));
        }
        lanes.had_right_code(client(200), false, at(0));
        lanes.had_right_code(None, true, at(0));
        let mut waits = strangers.map(|one| lanes.waits_until(client(one), at(1), &Policy::default()));
        assert!(waits.all(|until| until == Some(at(30))), "each in its own place");
    }

    #[test]
    fn who_asked_for_nothing_for_an_hour_is_forgotten() {
        let mut lanes = Lanes::default();
        lanes.asked(client(1), at(0));
        lanes.asked(None, at(1));
        lanes.forget(at(3600));
        assert_eq!((lanes.0.len(), lanes.forget_after()), (1, Some(at(3601))));
        lanes.had_right_code(None, false, at(3600));
        assert!(lanes.0.is_empty());
    }

    #[test]
    fn a_right_code_by_a_clock_that_was_ahead_counts_for_thirty_days_from_now() {
        let known = |ahead, moment: i64| {
            let mut lanes = Lanes::default();
            lanes.had_right_code(client(1), true, at(ahead));
            lanes.forget(at(0));
            lanes.forget(at(moment));
            lanes.knows(client(1))
        };
        let days = 30 * 24 * 3600;
        assert!(known(31, days - 1) && !known(31, days));
        // Within the slack it was no wrong clock.
        assert!(known(30, days + 29) && !known(30, days + 30));
    }

    #[test]
    fn a_clock_set_back_makes_nobody_wait() {
        let mut lanes = Lanes::default();
        lanes.asked(client(1), at(1_000_000));
        assert_eq!(lanes.waits_until(client(1), at(0), &Policy::default()), None);
    }
}
