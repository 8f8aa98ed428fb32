//! Whatever the clock does, nothing panics, no verdict is given outside the life of a code, and the owner
//! gets in.

use std::time::Duration;

use crate::common::{
    GUESSES, HOUR, House, LIFETIME, MILLISECOND, MONTH, SLACK, TEN_YEARS, ada, block_on, client, desk,
    every_quota, just_under, keyring, login, memory, other_than, patient, recipient, refused_as_dead,
    seconds, seeded, start,
};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    Clock, Exchanger, OtpId, Outbox, Policy, Recipient, Request, SendError, Submission, Timestamp, TokenError,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Moments ten years around, and the ends of the range with what lies at a lifetime's distance from them.
/// Among the spans are all for which a ledger remembers something.
fn moments() -> Vec<Timestamp> {
    let mut moments = vec![Timestamp::from_unix_millis(0), Timestamp::from_unix_millis(-1), start()];
    for span in [MILLISECOND, SLACK, LIFETIME, HOUR, GUESSES, MONTH, TEN_YEARS] {
        moments.extend([start().saturating_add(span), start().saturating_sub(span)]);
        moments.extend([Timestamp::MIN.saturating_add(span), Timestamp::MAX.saturating_sub(span)]);
    }
    moments.extend([Timestamp::MIN, Timestamp::MAX]);
    moments
}

/// Whether a moment lies in a life, by arithmetic that cannot overflow.
fn in_life(created: Timestamp, lifetime: Duration, now: Timestamp) -> bool {
    let millis = |moment: Timestamp| i128::from(moment.unix_millis());
    let span = |span: Duration| i128::try_from(span.as_millis()).unwrap();
    millis(created) - span(SLACK) <= millis(now) && millis(now) < millis(created) + span(lifetime)
}

#[test]
fn the_clock_may_jump_between_any_two_steps() {
    let (mut accepted, mut authenticated, mut refreshed) = (0, 0, 0);
    for created in moments() {
        for submitted in moments() {
            let house = House::new();
            let ada = ada();
            house.clock.set(created);
            let sent = block_on(house.otp.issue(Request::login(&ada))).unwrap();
            assert_eq!(sent.expires_at, created.saturating_add(LIFETIME));
            assert!(sent.lifetime <= LIFETIME);
            house.clock.set(submitted);
            let delivered = block_on(house.otp.deliver(&sent.otp_id));
            let alive = in_life(created, LIFETIME, submitted);
            assert!(
                alive || matches!(delivered, Err(SendError::Gone)),
                "{created} {submitted}: {delivered:?}"
            );
            let answer = block_on(house.otp.exchange(login(&sent.otp_id, sent.expose().code)));
            let Ok(tokens) = answer else {
                assert!(refused_as_dead(&answer), "{answer:?}");
                // Only at the very end of the range, where a life is cut short, may a code die early.
                assert!(
                    !alive || sent.expires_at == Timestamp::MAX,
                    "{created} {submitted}: refused in its life"
                );
                continue;
            };
            assert!(alive, "{created} {submitted}: accepted outside its life");
            accepted += 1;
            let (access, refresh) = (tokens.access.expose(), tokens.refresh.as_ref().unwrap().expose());
            for now in moments() {
                house.clock.set(now);
                if block_on(house.otp.authenticate(access)).is_ok() {
                    assert!(in_life(submitted, seconds(600), now), "{submitted} {now}: access");
                    authenticated += 1;
                }
            }
            for now in moments() {
                house.clock.set(now);
                match block_on(house.otp.refresh(refresh)) {
                    Ok(_) => {
                        assert!(
                            in_life(submitted, seconds(14 * 24 * 3600), now),
                            "{submitted} {now}: refresh"
                        );
                        refreshed += 1;
                        break;
                    }
                    Err(error) => assert!(matches!(error, TokenError::Refused), "{error:?}"),
                }
            }
            block_on(house.otp.revoke_family(refresh)).unwrap();
            house.clock.set(submitted);
            assert!(block_on(house.otp.authenticate(access)).is_err());
        }
    }
    assert!(accepted > 20 && authenticated > 20 && refreshed > 10, "{accepted} {authenticated} {refreshed}");
}

/// A code or a token, and when it was made.
struct Made<T> {
    what: T,
    at: Timestamp,
}

/// By one of three clients, or by nobody in particular.
fn asking(request: Request, rng: &mut StdRng) -> Request {
    let number = rng.random_range(0..4);
    if number == 0 { request } else { request.client(client(number)) }
}

#[test]
fn twenty_thousand_random_steps_and_jumps_give_no_verdict_outside_a_life() {
    let mut rng = StdRng::seed_from_u64(0xC10C);
    let house = House::with(every_quota().send_spacing(Duration::ZERO));
    let people: Vec<Recipient> = (0..4).map(|index| recipient(&format!("+3241234567{index}"))).collect();
    let moments = moments();
    let mut codes: Vec<Made<(OtpId, String)>> = Vec::new();
    let mut tokens: Vec<Made<(String, String)>> = Vec::new();
    let mut successes = [0; 4];
    for _ in 0..20_000 {
        match rng.random_range(0..12) {
            0 => house.clock.set(moments[rng.random_range(0..moments.len())]),
            1 => house.clock.set(start()),
            2 => house.clock.rewind(Duration::from_millis(rng.random_range(0..600_000))),
            3..6 => house.clock.advance(Duration::from_millis(rng.random_range(0..100_000))),
            _ => {}
        }
        let now = house.clock.now();
        match rng.random_range(0..6) {
            0 | 1 => {
                let person = &people[rng.random_range(0..people.len())];
                if let Ok(sent) = block_on(house.otp.send(asking(Request::login(person), &mut rng))) {
                    codes.push(Made { what: (sent.otp_id, sent.expose().code.to_owned()), at: now });
                    successes[0] += 1;
                }
            }
            2 | 3 if !codes.is_empty() => {
                let newest = codes.len() - rng.random_range(0..codes.len().min(6)) - 1;
                let Made { what: (id, code), at } = &codes[newest];
                let wrong = rng.random_ratio(1, 3);
                let typed = if wrong { other_than(code) } else { code.clone() };
                let submitter = client(rng.random_range(0..3));
                let answer = block_on(house.otp.exchange(login(id, &typed).client(submitter)));
                let verdict = answer.is_ok() || !refused_as_dead(&answer);
                assert!(!verdict || in_life(*at, LIFETIME, now), "{at} {now}: {answer:?}");
                if let Ok(pair) = answer {
                    let refresh = pair.refresh.unwrap().expose().to_owned();
                    tokens.push(Made { what: (pair.access.expose().to_owned(), refresh), at: now });
                    successes[1] += 1;
                }
            }
            4 if !codes.is_empty() => {
                let Made { what: (id, _), at } = &codes[codes.len() - 1];
                let delivered = block_on(house.otp.deliver(id));
                assert!(delivered.is_err() || in_life(*at, LIFETIME, now), "{at} {now}: {delivered:?}");
            }
            5 if !tokens.is_empty() => {
                let newest = tokens.len() - rng.random_range(0..tokens.len().min(4)) - 1;
                let Made { what: (access, refresh), at } = &tokens[newest];
                if block_on(house.otp.authenticate(access)).is_ok() {
                    assert!(in_life(*at, seconds(600), now), "{at} {now}: access");
                    successes[2] += 1;
                }
                if let Ok(pair) = block_on(house.otp.refresh(refresh)) {
                    let refresh = pair.refresh.unwrap().expose().to_owned();
                    tokens.push(Made {
                        what: (pair.access.expose().to_owned(), refresh),
                        at: pair.claims.issued_at,
                    });
                    successes[3] += 1;
                }
            }
            _ => {}
        }
    }
    assert!(successes.iter().all(|&times| times > 50), "{successes:?}");
}

#[test]
fn a_code_begins_and_ends_to_the_millisecond() {
    for lifetime in [seconds(1), LIFETIME, seconds(7 * 24 * 3600)] {
        for by_recipient in [false, true] {
            let at = |moment: Timestamp| {
                let house = House::with(patient());
                let ada = ada();
                let request = Request::login(&ada).lifetime(lifetime).requested_by(desk());
                let request = if by_recipient { request.by_recipient() } else { request };
                let issued = block_on(house.otp.issue(request)).unwrap();
                house.clock.set(moment);
                let delivered = block_on(house.otp.deliver(&issued.otp_id)).is_ok();
                let code = issued.expose().code;
                let submission = if by_recipient {
                    Submission::by_recipient(&ada, code)
                } else {
                    Submission::by_id(&issued.otp_id, code)
                };
                let swaps = house.store.swaps();
                let answer = block_on(house.otp.verify(submission.login()));
                assert!(
                    answer.is_ok() || (refused_as_dead(&answer) && house.store.swaps() == swaps),
                    "{answer:?}"
                );
                assert_eq!(answer.is_ok(), delivered, "sent and accepted in the same life");
                answer.is_ok()
            };
            let (begin, end) = (start().saturating_sub(SLACK), start().saturating_add(lifetime));
            assert!(!at(begin.saturating_sub(MILLISECOND)));
            assert!(at(begin));
            assert!(at(start()));
            assert!(at(end.saturating_sub(MILLISECOND)));
            assert!(!at(end));
        }
    }
}

#[test]
fn a_token_begins_and_ends_to_the_millisecond() {
    let at = |moment: Timestamp| {
        let house = House::with(Policy::default().access_lifetime(seconds(600)).refresh_idle(seconds(3600)));
        let ada = ada();
        let sent = block_on(house.otp.send(Request::login(&ada))).unwrap();
        let tokens = block_on(house.otp.exchange(login(&sent.otp_id, &house.code(&ada)))).unwrap();
        house.clock.set(moment);
        let access = block_on(house.otp.authenticate(tokens.access.expose())).is_ok();
        (access, block_on(house.otp.refresh(tokens.refresh.unwrap().expose())).is_ok())
    };
    let after = |span: Duration| start().saturating_add(span);
    assert_eq!(at(start().saturating_sub(SLACK + MILLISECOND)), (false, false));
    assert_eq!(at(start().saturating_sub(SLACK)), (true, true));
    assert_eq!(at(after(just_under(seconds(600)))), (true, true));
    assert_eq!(at(after(seconds(600))), (false, true));
    assert_eq!(at(after(just_under(seconds(3600)))), (false, true));
    assert_eq!(at(after(seconds(3600))), (false, false));
}

/// For how many seconds of real time a code is accepted, if the clock is set back by that much at that
/// moment.
fn seconds_alive(step_at: u64, back_by: u64) -> (u64, u64) {
    let accepted = |real: u64| {
        let house = House::new();
        let sent = block_on(house.otp.issue(Request::login(&ada()))).unwrap();
        let shown = start().saturating_add(seconds(real));
        house.clock.set(if real < step_at { shown } else { shown.saturating_sub(seconds(back_by)) });
        block_on(house.otp.verify(login(&sent.otp_id, sent.expose().code))).is_ok()
    };
    let step = 5;
    let alive: Vec<u64> = (0..2000 / step).map(|index| index * step).filter(|&real| accepted(real)).collect();
    (alive.len() as u64 * step, alive.last().map_or(0, |last| last + step))
}

#[test]
fn a_step_back_prolongs_a_life_by_no_more_than_itself_and_than_one_life() {
    let (lifetime, whole) = (LIFETIME.as_secs(), (LIFETIME + SLACK).as_secs());
    assert_eq!(seconds_alive(0, 0), (lifetime, lifetime));
    for step_at in [5, 150, 295, 300, 305, 1000] {
        for back_by in [5, 30, 35, 150, 300, 330, 1000, 1030, TEN_YEARS.as_secs()] {
            let (alive, last) = seconds_alive(step_at, back_by);
            assert!(last <= lifetime + back_by, "{step_at} {back_by}: alive until {last}");
            assert!(alive <= lifetime + back_by.min(whole), "{step_at} {back_by}: alive for {alive}");
        }
    }
    // That much it may be: the clock stood still for it.
    assert_eq!(seconds_alive(295, 295).0, 295 + lifetime);
}

#[test]
fn valid_from_kills_what_is_older_and_nothing_else() {
    let (clock, memory) = (ManualClock::default(), memory());
    let policy = || Policy::default().send_spacing(Duration::ZERO);
    let house = House::on(memory.clone(), clock.clone(), policy());
    let ada = ada();
    let log_in = || {
        let sent = block_on(house.otp.send(Request::login(&ada))).unwrap();
        block_on(house.otp.exchange(login(&sent.otp_id, sent.expose().code))).unwrap()
    };
    let issue = |request: Request| block_on(house.otp.issue(request)).unwrap();
    let old_session = log_in();
    let old_code = issue(Request::register(&ada));
    let old_by_recipient = issue(Request::new("payment", &ada).by_recipient());
    clock.advance(MILLISECOND);
    let restored_at = clock.now();
    let restored = Exchanger::builder(memory, Outbox::new(), keyring())
        .policy(policy())
        .clock(clock.clone())
        .entropy(seeded(8))
        .valid_from(restored_at)
        .build()
        .unwrap();
    // Made at that very moment.
    let session = log_in();

    assert!(matches!(block_on(restored.deliver(&old_code.otp_id)), Err(SendError::Gone)));
    let answer =
        block_on(restored.verify(Submission::by_id(&old_code.otp_id, old_code.expose().code).register()));
    assert!(refused_as_dead(&answer), "{answer:?}");
    let submission = Submission::by_recipient(&ada, old_by_recipient.expose().code).purpose("payment");
    let answer = block_on(restored.verify(submission));
    assert!(refused_as_dead(&answer), "{answer:?}");
    assert!(block_on(restored.authenticate(old_session.access.expose())).is_err());
    assert!(block_on(restored.refresh(old_session.refresh.as_ref().unwrap().expose())).is_err());

    assert!(block_on(restored.authenticate(session.access.expose())).is_ok());
    assert!(block_on(restored.refresh(session.refresh.as_ref().unwrap().expose())).is_ok());
    let sent = block_on(restored.send(Request::register(&ada))).unwrap();
    let answer = block_on(restored.verify(Submission::by_id(&sent.otp_id, sent.expose().code).register()));
    assert!(answer.is_ok(), "{answer:?}");
    // Without it the old session would still be good, so it was that which killed it.
    assert!(block_on(house.otp.authenticate(old_session.access.expose())).is_ok());
}
