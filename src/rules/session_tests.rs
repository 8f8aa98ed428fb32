//! Each rule of a session, where it holds and where it is about to be broken.

use std::time::Duration;

use super::tests::{at, policy, second};
use super::*;
use crate::crypto::TokenKind;
use crate::grant::Grant;
use crate::policy::Policy;
use crate::purpose::Purpose;
use crate::timestamp::Timestamp;

const GRACE: Duration = Duration::from_secs(10);
const DAY: u64 = 24 * 3600;

fn session_of(grant: Grant, policy: &Policy) -> Session {
    Session::start([7; 16], "ada".into(), Purpose::LOGIN, grant, policy, second(0))
}

fn session() -> Session {
    session_of(Grant::new().scope("read"), &policy())
}

fn good(session: &Session, generation: u32, moment: Moment) -> bool {
    session.access(moment, generation, GRACE).is_some()
}

fn refreshed(session: Session, generation: u32, moment: Moment) -> Session {
    let (session, outcome) = session.refresh(moment, generation, GRACE);
    assert_eq!(outcome, Refreshed::Next);
    session
}

#[test]
fn an_access_token_lives_ten_minutes_and_not_before_its_time() {
    assert!(good(&session(), 0, at(599)));
    assert!(!good(&session(), 0, at(600)));
    let early = |seconds| Moment { now: second(0).saturating_sub(Duration::from_secs(seconds)), ..at(0) };
    assert!(good(&session(), 0, early(30)));
    assert!(!good(&session(), 0, early(31)));
    assert!(!good(&session(), 1, at(1)), "a generation that is not yet");
}

#[test]
fn a_grant_may_set_the_token_lifetime_and_then_has_no_refresh_token_unless_asked() {
    let month = Duration::from_secs(30 * DAY);
    let long = session_of(Grant::new().token_lifetime(month), &policy());
    assert!(good(&long, 0, at(30 * DAY - 1)));
    assert!(!good(&long, 0, at(30 * DAY)));
    assert_eq!(long.refresh_end(), None);
    assert_eq!(long.refresh(at(1), 0, GRACE).1, Refreshed::Dead);
    let asked = session_of(Grant::new().token_lifetime(month).refresh(true), &policy());
    assert!(asked.refresh_end().is_some());
    assert_eq!(session_of(Grant::new().refresh(false), &policy()).refresh_end(), None);
}

#[test]
fn a_refresh_token_lives_fourteen_days_idle_and_thirty_in_all() {
    assert_eq!(session().refresh(at(14 * DAY - 1), 0, GRACE).1, Refreshed::Next);
    assert_eq!(session().refresh(at(14 * DAY), 0, GRACE).1, Refreshed::Dead);
    let mut kept_alive = session();
    for (generation, day) in [(0, 10), (1, 20), (2, 29)] {
        kept_alive = refreshed(kept_alive, generation, at(day * DAY));
    }
    assert_eq!(kept_alive.refresh_end(), Some(second(30 * DAY)));
    assert_eq!(kept_alive.clone().refresh(at(30 * DAY), 3, GRACE).1, Refreshed::Dead);
    let last = refreshed(kept_alive, 3, at(30 * DAY - 60));
    assert_eq!(last.access_end(), second(30 * DAY), "no token outlives its session");
}

#[test]
fn a_lost_reply_can_be_fetched_again_within_the_grace_and_the_next_use_is_a_theft() {
    let next = refreshed(session(), 0, at(100));
    let (same, outcome) = next.clone().refresh(at(109), 0, GRACE);
    assert_eq!(outcome, Refreshed::Again);
    assert_eq!(same.generation, next.generation);
    let (tombstone, outcome) = next.refresh(at(110), 0, GRACE);
    assert_eq!(outcome, Refreshed::Replayed);
    for generation in 0..3 {
        assert!(!good(&tombstone, generation, at(111)));
        assert_eq!(tombstone.clone().refresh(at(111), generation, GRACE).1, Refreshed::Dead);
    }
    assert!(tombstone.subject.is_empty(), "a tombstone keeps no personal data");
}

#[test]
fn a_generation_two_back_or_ahead_is_a_theft_even_within_the_grace() {
    let twice = refreshed(refreshed(session(), 0, at(100)), 1, at(101));
    assert_eq!(twice.clone().refresh(at(102), 0, GRACE).1, Refreshed::Replayed);
    assert_eq!(twice.clone().refresh(at(102), 3, GRACE).1, Refreshed::Replayed);
    assert_eq!(twice.refresh(at(102), 1, GRACE).1, Refreshed::Again);
}

#[test]
fn the_access_token_before_a_refresh_ends_with_the_grace_or_its_own_life() {
    let early = refreshed(session(), 0, at(100));
    assert!(good(&early, 0, at(109)));
    assert!(!good(&early, 0, at(110)));
    let late = refreshed(session(), 0, at(599));
    assert!(good(&late, 0, at(599)));
    assert!(!good(&late, 0, at(600)), "the grace revives nothing");
    let dead = refreshed(session(), 0, at(1000));
    assert!(!good(&dead, 0, at(1000)));
}

#[test]
fn one_token_is_revoked_alone_and_a_family_as_a_whole() {
    let without_access = session().revoke(TokenKind::Access, 0).unwrap();
    assert!(!good(&without_access, 0, at(1)));
    let next = refreshed(without_access, 0, at(2));
    assert!(good(&next, 1, at(3)) && !good(&next, 0, at(3)));

    let without_refresh = session().revoke(TokenKind::Refresh, 0).unwrap();
    assert!(good(&without_refresh, 0, at(1)));
    assert_eq!(without_refresh.refresh(at(1), 0, GRACE).1, Refreshed::Dead);

    let tombstone = session().revoke_family().unwrap();
    assert!(!good(&tombstone, 0, at(1)));
    assert!(tombstone.clone().revoke_family().is_none(), "nothing more to write");
    assert!(tombstone.clone().revoke(TokenKind::Access, 0).is_none());
    assert!(
        tombstone.forget_after() >= second(30 * DAY),
        "the tombstone stays as long as its tokens could live"
    );
}

#[test]
fn what_is_older_than_valid_from_is_dead() {
    let moment = Moment { now: second(10), valid_from: second(5) };
    assert!(!good(&session(), 0, moment));
    assert_eq!(session().refresh(moment, 0, GRACE).1, Refreshed::Dead);
    assert!(good(&session(), 0, Moment { now: second(10), valid_from: second(0) }));
}

#[test]
fn neither_the_last_generation_nor_the_end_of_time_wraps() {
    let mut session = session();
    session.generation = u32::MAX;
    assert_eq!(session.refresh(at(1), u32::MAX, GRACE).1, Refreshed::Dead);
    for edge in [Timestamp::MIN, Timestamp::MAX] {
        let born = Session::start([7; 16], "ada".into(), Purpose::LOGIN, Grant::new(), &policy(), edge);
        for now in [Timestamp::MIN, Timestamp::MAX] {
            let moment = Moment { now, valid_from: Timestamp::MIN };
            let alive = good(&born, 0, moment);
            assert_eq!(alive, edge == Timestamp::MIN && now == Timestamp::MIN);
            let _ = born.clone().refresh(moment, 0, GRACE);
        }
    }
}
