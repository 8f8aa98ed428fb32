//! A refresh token has one successor, fetched as often as a reply is lost; used again it ends the whole
//! family.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::common::{Blind, House, Rendezvous, ada, block_on, just_under, memory, race, seconds};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    Claims, CodeStore, ExchangeError, Grant, MalformedToken, Policy, Request, Submission, TokenError, Tokens,
};

const CLIENTS: usize = 100;
const GRACE: u64 = 10;

/// Both tokens as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    access: String,
    refresh: String,
}

fn pair(tokens: &Tokens) -> Pair {
    let refresh = tokens.refresh.as_ref().unwrap().expose();
    Pair { access: tokens.access.expose().to_owned(), refresh: refresh.to_owned() }
}

impl<S: CodeStore + Clone> House<S> {
    fn log_in(&self) -> Result<Pair, ExchangeError> {
        let ada = ada();
        let sent = block_on(self.otp.send(Request::login(&ada).grant(Grant::new().scope("read")))).unwrap();
        let submission = Submission::by_id(&sent.otp_id, &self.code(&ada)).login();
        block_on(self.otp.exchange(submission)).map(|tokens| pair(&tokens))
    }

    fn refresh(&self, pair: &Pair) -> Result<Pair, TokenError> {
        block_on(self.otp.refresh(&pair.refresh)).map(|tokens| self::pair(&tokens))
    }

    fn who(&self, pair: &Pair) -> Result<Claims, TokenError> {
        block_on(self.otp.authenticate(&pair.access))
    }

    /// Nothing of any of those pairs works.
    fn all_dead(&self, pairs: &[Pair]) {
        for (generation, pair) in pairs.iter().enumerate() {
            let (access, refresh) = (self.who(pair), self.refresh(pair));
            assert!(matches!(access, Err(TokenError::Refused)), "access {generation}: {access:?}");
            assert!(matches!(refresh, Err(TokenError::Refused)), "refresh {generation}: {refresh:?}");
        }
    }
}

fn policy() -> Policy {
    Policy::default().refresh_grace(seconds(GRACE)).send_spacing(seconds(0))
}

fn house() -> House<otp_exchange::MemoryStore> {
    House::with(policy())
}

/// What came of all refreshes of one token.
#[derive(Debug)]
struct Outcome {
    successes: usize,
    successors: BTreeSet<Pair>,
    written: u64,
    /// Whether the session goes on with what every client was given.
    goes_on: bool,
}

fn refresh_at_once<S: CodeStore>(store: S) -> Outcome {
    let store = Rendezvous::of(CLIENTS, store);
    let house = House::on(Arc::clone(&store), ManualClock::default(), policy());
    let first = house.log_in().unwrap();
    let before = house.store.applied();
    store.hold();
    let answers = race(CLIENTS, |_| house.refresh(&first));
    let written = house.store.applied() - before;
    let successors: BTreeSet<Pair> =
        answers.iter().filter_map(|answer| answer.as_ref().ok().cloned()).collect();
    let goes_on = successors.iter().all(|pair| house.who(pair).is_ok() && house.refresh(pair).is_ok());
    Outcome {
        successes: answers.iter().filter(|answer| answer.is_ok()).count(),
        successors,
        written,
        goes_on,
    }
}

/// The promise itself, to be held against any store.
fn promise(outcome: &Outcome) -> Result<(), String> {
    let Outcome { successes, successors, written, goes_on } = outcome;
    let held = (*successes, successors.len(), *written, *goes_on) == (CLIENTS, 1, 1, true);
    if held { Ok(()) } else { Err(format!("{outcome:?}")) }
}

#[test]
fn a_refresh_that_asks_for_more_than_is_held_uses_nothing_up() {
    let house = House::with(policy());
    let first = house.log_in().unwrap();
    let ask = |pair: &Pair, scopes: &[&str]| block_on(house.otp.refresh_for(&pair.refresh, scopes));
    for scopes in [&["write"][..], &["read", "write"], &[""]] {
        let refused = ask(&first, scopes);
        assert!(matches!(refused, Err(TokenError::ScopeNotHeld)), "{scopes:?}: {refused:?}");
    }
    house.clock.advance(seconds(10 * GRACE)); // had the token been used, this would be a theft
    let second = pair(&ask(&first, &["read"]).unwrap());
    assert!(matches!(ask(&first, &["write"]), Err(TokenError::ScopeNotHeld)), "fetched again, likewise");
    assert_eq!(house.refresh(&first).unwrap(), second);
    house.clock.advance(seconds(GRACE));
    assert!(
        matches!(ask(&first, &["write"]), Err(TokenError::Refused)),
        "a theft is one, whatever it asks for"
    );
    house.all_dead(&[first, second]);
}

#[test]
fn a_hundred_refreshes_at_once_have_one_successor() {
    promise(&refresh_at_once(memory())).unwrap();
}

#[test]
fn a_store_that_ignores_versions_breaks_the_promise() {
    // Each of them writes a next generation over the others': a hundred successors, though they carry one
    // name.
    let outcome = refresh_at_once(Blind(memory()));
    assert_eq!(outcome.written, CLIENTS as u64, "{outcome:?}");
    assert!(promise(&outcome).is_err());
}

#[test]
fn a_lost_reply_is_fetched_again_within_the_grace() {
    let house = house();
    let first = house.log_in().unwrap();
    let second = house.refresh(&first).unwrap();
    assert_ne!(first, second);
    let swaps = house.store.swaps();
    house.clock.advance(just_under(seconds(GRACE)));
    assert_eq!(house.refresh(&first).unwrap(), second, "just before the grace ends");
    assert_eq!(house.store.swaps(), swaps, "nothing is written for it");
    assert!(house.who(&second).is_ok());
    let third = house.refresh(&second).unwrap();
    assert!(house.who(&third).is_ok());
}

#[test]
fn a_replay_after_the_grace_kills_every_token_of_the_family() {
    for generations in 1..6 {
        for replayed in 0..generations {
            let house = house();
            let mut pairs = vec![house.log_in().unwrap()];
            for _ in 0..generations {
                pairs.push(house.refresh(pairs.last().unwrap()).unwrap());
            }
            // The one before the current has a grace; any older one is a replay at once.
            if replayed + 1 == generations {
                house.clock.advance(seconds(GRACE));
            }
            let other_family = house.log_in().unwrap();
            assert!(house.who(pairs.last().unwrap()).is_ok());
            assert!(matches!(house.refresh(&pairs[replayed]), Err(TokenError::Refused)));
            house.all_dead(&pairs);
            house.clock.rewind(seconds(GRACE));
            house.all_dead(&pairs);
            assert!(house.who(&other_family).is_ok(), "no other session is touched");
            assert!(house.refresh(&other_family).is_ok());
        }
    }
}

#[test]
fn a_thief_and_the_owner_cannot_both_go_on() {
    for thief_first in [true, false] {
        let house = house();
        let stolen = house.log_in().unwrap();
        let next = house.refresh(&stolen).unwrap();
        house.clock.advance(seconds(60));
        let latest = if thief_first { house.refresh(&next).unwrap() } else { next.clone() };
        assert!(house.refresh(&stolen).is_err());
        house.all_dead(&[stolen, next, latest]);
    }
}

#[test]
fn a_forged_token_writes_nothing_and_kills_nothing() {
    let house = house();
    let first = house.log_in().unwrap();
    let second = house.refresh(&first).unwrap();
    house.clock.advance(seconds(GRACE));
    let swaps = house.store.swaps();
    // The last 43 of 71 characters hold the MAC and the end of the generation: alter each of them, of each
    // generation.
    for token in [&first.refresh, &second.refresh] {
        for at in 28..token.len() {
            let forged = altered(token, at);
            let answer = block_on(house.otp.refresh(&forged));
            assert!(
                matches!(answer, Err(TokenError::Refused | TokenError::Malformed(_))),
                "{at}: {answer:?}"
            );
            block_on(house.otp.revoke(&forged)).ok();
            block_on(house.otp.revoke_family(&forged)).ok();
        }
    }
    assert_eq!(house.store.swaps(), swaps);
    assert!(house.who(&second).is_ok());
    assert!(house.refresh(&second).is_ok());
}

/// The text with one character replaced by another of the same alphabet.
fn altered(text: &str, at: usize) -> String {
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

#[test]
fn neither_token_can_stand_for_the_other() {
    let house = house();
    let pair = house.log_in().unwrap();
    let as_access = block_on(house.otp.authenticate(&pair.refresh));
    assert!(matches!(as_access, Err(TokenError::Malformed(MalformedToken::NotAccess))), "{as_access:?}");
    let as_refresh = block_on(house.otp.refresh(&pair.access));
    assert!(matches!(as_refresh, Err(TokenError::Malformed(MalformedToken::NotRefresh))), "{as_refresh:?}");
    assert!(house.who(&pair).is_ok() && house.refresh(&pair).is_ok());
}

#[test]
fn an_access_token_of_the_generation_before_lives_to_its_own_end_or_that_of_the_grace() {
    // The grace ends first.
    let house = House::with(policy().access_lifetime(seconds(600)));
    let first = house.log_in().unwrap();
    house.clock.advance(seconds(5));
    let second = house.refresh(&first).unwrap();
    house.clock.advance(just_under(seconds(GRACE)));
    assert_eq!(house.who(&first).unwrap().scopes, ["read"]);
    house.clock.advance(Duration::from_millis(1));
    assert!(matches!(house.who(&first), Err(TokenError::Refused)));
    assert!(house.who(&second).is_ok());
    // Its own end comes first.
    let house = House::with(policy().access_lifetime(seconds(6)));
    let first = house.log_in().unwrap();
    house.clock.advance(seconds(5));
    let second = house.refresh(&first).unwrap();
    house.clock.advance(just_under(seconds(1)));
    assert!(house.who(&first).is_ok());
    house.clock.advance(Duration::from_millis(1));
    assert!(matches!(house.who(&first), Err(TokenError::Refused)));
    assert!(house.who(&second).is_ok());
    // Two generations on it is dead at once.
    let house = self::house();
    let first = house.log_in().unwrap();
    let second = house.refresh(&first).unwrap();
    let third = house.refresh(&second).unwrap();
    assert!(matches!(house.who(&first), Err(TokenError::Refused)));
    assert!(house.who(&second).is_ok() && house.who(&third).is_ok());
}

#[test]
fn a_revoked_access_token_is_dead_at_once() {
    let house = house();
    let first = house.log_in().unwrap();
    block_on(house.otp.revoke(&first.access)).unwrap();
    assert!(matches!(house.who(&first), Err(TokenError::Refused)));
    // Its refresh token lives on, and the next access token is good; the revoked one stays dead.
    let second = house.refresh(&first).unwrap();
    assert!(house.who(&second).is_ok());
    assert!(matches!(house.who(&first), Err(TokenError::Refused)));
}

#[test]
fn a_revoked_access_token_of_the_generation_before_is_dead_at_once() {
    let house = house();
    let first = house.log_in().unwrap();
    let second = house.refresh(&first).unwrap();
    assert!(house.who(&first).is_ok(), "within the grace");
    block_on(house.otp.revoke(&first.access)).unwrap();
    assert!(matches!(house.who(&first), Err(TokenError::Refused)));
    assert!(house.who(&second).is_ok(), "the one after it was not revoked");
    assert!(house.refresh(&second).is_ok());
}

#[test]
fn a_revoked_access_token_takes_the_one_before_with_it() {
    let house = house();
    let first = house.log_in().unwrap();
    let second = house.refresh(&first).unwrap();
    assert!(house.who(&first).is_ok(), "within the grace");
    block_on(house.otp.revoke(&second.access)).unwrap();
    assert!(matches!(house.who(&second), Err(TokenError::Refused)));
    assert!(matches!(house.who(&first), Err(TokenError::Refused)));
    assert!(house.refresh(&second).is_ok());
}

#[test]
fn a_revoked_refresh_token_is_dead_at_once() {
    let house = house();
    let first = house.log_in().unwrap();
    block_on(house.otp.revoke(&first.refresh)).unwrap();
    assert!(house.who(&first).is_ok(), "the session runs out with its access token");
    assert!(matches!(house.refresh(&first), Err(TokenError::Refused)));
    // Revoking again, or what never was, is no error (RFC 7009 section 2.2).
    block_on(house.otp.revoke(&first.refresh)).unwrap();
    block_on(house.otp.revoke(&altered(&first.refresh, 40))).unwrap();
}

#[test]
fn a_revoked_family_is_dead_whichever_token_was_shown() {
    for shown in 0..3 {
        for by_access in [true, false] {
            let house = house();
            let mut pairs = vec![house.log_in().unwrap()];
            for _ in 0..2 {
                pairs.push(house.refresh(pairs.last().unwrap()).unwrap());
            }
            let token = if by_access { &pairs[shown].access } else { &pairs[shown].refresh };
            block_on(house.otp.revoke_family(token)).unwrap();
            house.all_dead(&pairs);
        }
    }
}

#[test]
fn a_refresh_token_dies_of_idleness() {
    let house = House::with(policy().refresh_idle(seconds(100)));
    let first = house.log_in().unwrap();
    house.clock.advance(seconds(100));
    assert!(house.refresh(&first).is_err());
    house.clock.rewind(Duration::from_millis(1));
    assert!(house.refresh(&first).is_ok(), "a millisecond before");
}

#[test]
fn no_refresh_outlives_the_session() {
    // However long its access tokens live.
    for access in [20, 10 * 60, 3600] {
        let lifetimes = policy().refresh_idle(seconds(100)).session_lifetime(seconds(250));
        let house = House::with(lifetimes.access_lifetime(seconds(access)));
        let mut latest = house.log_in().unwrap();
        for _ in 0..2 {
            house.clock.advance(seconds(99));
            latest = house.refresh(&latest).unwrap();
        }
        house.clock.advance(seconds(52)); // at 250 s exactly
        let late = house.refresh(&latest);
        assert!(matches!(late, Err(TokenError::Refused)), "access tokens of {access} s: {late:?}");
        house.clock.rewind(Duration::from_millis(1));
        assert!(house.refresh(&latest).is_ok(), "a millisecond before");
    }
}
