//! Who asked lately, and who is known: the part of the reference that remembers clients.

use super::reference::{Code, DAY, HOUR, Reference, What, writes};

/// A client that asked lately, or had a right code.
pub(super) struct Lane {
    pub(super) client: Option<u8>,
    pub(super) sends: u32,
    pub(super) last: i64,
    right: Option<i64>,
}

/// The lanes at that time.
pub(super) fn of(reference: &Reference, now: i64) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for event in &reference.log {
        if writes(event.what) {
            forget(&mut lanes, event.at);
        }
        match event.what {
            What::Asked(code) => {
                let lane = lane(&mut lanes, reference.codes[code].client, event.at);
                (lane.sends, lane.last) = (lane.sends + 1, event.at);
            }
            What::Right(code) => {
                let Code { client, by_id, .. } = reference.codes[code];
                if client.is_some() && by_id {
                    lane(&mut lanes, client, event.at).right = Some(event.at);
                    while lanes.iter().filter(|lane| lane.right.is_some()).count() > 3 {
                        let known = lanes.iter_mut().filter(|lane| lane.right.is_some());
                        known.min_by_key(|lane| lane.right).unwrap().right = None;
                    }
                }
                for lane in lanes.iter_mut().filter(|lane| lane.client == client) {
                    lane.sends = 0;
                }
                lanes.retain(|lane| lane.sends > 0 || lane.right.is_some());
            }
            _ => {}
        }
    }
    forget(&mut lanes, now);
    lanes
}

fn forget(lanes: &mut Vec<Lane>, now: i64) {
    for lane in lanes.iter_mut() {
        lane.right = lane.right.filter(|right| now < right + 30 * DAY);
        lane.sends = if now >= lane.last + HOUR { 0 } else { lane.sends };
    }
    lanes.retain(|lane| lane.sends > 0 || lane.right.is_some());
}

/// How many there are at most; one more takes the place of the stranger who asked longest ago.
const ROOM: usize = 20;

/// The lane of that client.
fn lane(lanes: &mut Vec<Lane>, client: Option<u8>, now: i64) -> &mut Lane {
    if let Some(index) = lanes.iter().position(|lane| lane.client == client) {
        return &mut lanes[index];
    }
    if lanes.len() == ROOM {
        let strangers = (0..ROOM).filter(|index| lanes[*index].right.is_none());
        let oldest = strangers.min_by_key(|index| lanes[*index].last).unwrap();
        lanes.remove(oldest);
    }
    lanes.push(Lane { client, sends: 0, last: now, right: None });
    lanes.last_mut().unwrap()
}

pub(super) fn is_known(lanes: &[Lane], client: Option<u8>) -> bool {
    client.is_some() && lanes.iter().any(|lane| lane.client == client && lane.right.is_some())
}
