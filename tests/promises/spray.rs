//! What guessing is worth: as many takeovers as the policy's own figures say, and no more.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::common::{House, block_on, recipient, seconds};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    ClientKey, Clock, ExchangeError, Kind, MemoryStore, Otp, OtpId, Policy, Quota, Recipient, Request,
    SendError, Submission, Timestamp,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Codes of so few digits that guessing them can be watched, and whatever risk that means is accepted.
fn digits(length: u8, attempts: u8) -> Policy {
    Policy::default().otp(Otp::new(Kind::Numeric, length).unwrap()).attempts(attempts).accept_risk(1.0)
}

fn house(policy: Policy) -> House<MemoryStore> {
    let clock = ManualClock::default();
    House::on(MemoryStore::with_clock(200_000, clock.clone()), clock, policy)
}

/// What lies within four standard errors of that many expected out of so many.
fn near(expected: f64, trials: u32) -> RangeInclusive<f64> {
    let share = expected / f64::from(trials);
    let error = (f64::from(trials) * share * (1.0 - share)).sqrt();
    expected - 4.0 * error..=expected + 4.0 * error
}

/// All codes of that many digits, in a random order: whoever goes through it never guesses one twice.
struct Guesses {
    order: Vec<u32>,
    digits: usize,
    next: usize,
}

impl Guesses {
    fn new(digits: usize, random: &mut StdRng) -> Self {
        let mut order: Vec<u32> = (0..10_u32.pow(u32::try_from(digits).unwrap())).collect();
        for end in (1..order.len()).rev() {
            order.swap(end, random.random_range(0..=end));
        }
        Self { order, digits, next: 0 }
    }

    fn next(&mut self) -> Option<String> {
        let guess = *self.order.get(self.next)?;
        self.next += 1;
        Some(format!("{guess:0digits$}", digits = self.digits))
    }
}

/// How many of that many people somebody takes over who has one code sent to each, and tries it as often as
/// it may be tried.
fn spray(policy: &Policy, length: u8, people: u32) -> u32 {
    let house = house(policy.clone());
    let mut random = StdRng::seed_from_u64(11);
    let mut taken = 0;
    for number in 0..people {
        let person = recipient(&format!("person-{number}@example.org"));
        let sent = block_on(house.otp.send(Request::login(&person))).unwrap();
        let mut guesses = Guesses::new(length.into(), &mut random);
        // Beyond the attempts there is nothing to be had.
        for _ in 0..sent.attempts + 2 {
            let guess = guesses.next().unwrap();
            taken +=
                u32::from(block_on(house.otp.verify(crate::common::login(&sent.otp_id, &guess))).is_ok());
        }
    }
    taken
}

#[test]
fn a_spray_takes_over_as_many_as_expected() {
    for (length, attempts, people) in [(2, 3, 10_000), (2, 10, 3_000), (3, 20, 4_000)] {
        let policy = digits(length, attempts);
        let expected = policy.expected_takeovers(people.into());
        let taken = f64::from(spray(&policy, length, people));
        println!(
            "{length} digits, {attempts} attempts, {people} people: {taken} taken over, {expected} expected"
        );
        assert!(near(expected, people).contains(&taken), "{taken} and {expected}");
    }
}

#[test]
fn one_attempt_more_would_be_seen() {
    let expected = digits(2, 3).expected_takeovers(10_000);
    let taken = f64::from(spray(&digits(2, 4), 2, 10_000));
    assert!(!near(expected, 10_000).contains(&taken), "{taken} and {expected}");
}

#[test]
fn a_day_of_spraying_is_bounded_by_what_the_service_sends() {
    let policy = digits(2, 5).service_sends(Quota::new(200, HOUR));
    let expected = policy.expected_takeovers_per_day().unwrap();
    let house = house(policy);
    let mut random = StdRng::seed_from_u64(12);
    let (mut sends, mut taken) = (0, 0);
    for number in 0..24 * 250 {
        if number % 250 == 0 && number > 0 {
            house.clock.advance(HOUR);
        }
        let person = recipient(&format!("person-{number}@example.org"));
        let Ok(sent) = block_on(house.otp.send(Request::login(&person))) else { continue };
        sends += 1;
        let mut guesses = Guesses::new(2, &mut random);
        for guess in (0..sent.attempts).filter_map(|_| guesses.next()) {
            taken +=
                u32::from(block_on(house.otp.verify(crate::common::login(&sent.otp_id, &guess))).is_ok());
        }
    }
    println!("{sends} messages in a day: {taken} taken over, {expected} expected");
    assert_eq!(sends, 24 * 200);
    assert!(near(expected, sends).contains(&f64::from(taken)), "{taken} and {expected}");
}

/// Somebody whose account is guessed at.
struct Target {
    person: Recipient,
    guesses: Guesses,
    codes: Vec<(OtpId, &'static str)>,
    /// When it is worth asking again.
    again: Timestamp,
    taken: bool,
}

const PURPOSES: [&str; 3] = ["login", "payment", "recover"];

/// What share of people an attacker takes over in 24 hours who goes at each with all there is: codes for
/// every purpose from many clients, by otp id and by recipient, sent again, tried until nothing is left.
fn takeovers(policy: &Policy, people: usize) -> f64 {
    let house = house(policy.clone());
    let mut random = StdRng::seed_from_u64(14);
    // Just before an hour ends, by which guesses are counted.
    house.clock.advance(HOUR.saturating_sub(seconds(50)));
    let began = house.clock.now();
    let target = |number| Target {
        person: recipient(&format!("person-{number}@example.org")),
        guesses: Guesses::new(2, &mut random),
        codes: Vec::new(),
        again: began,
        taken: false,
    };
    let mut targets: Vec<_> = (0..people).map(target).collect();
    for round in 0.. {
        // Every half minute at first, then every ten minutes, and once more when a day is all but over.
        let moment = if round < 40 { 30 * round } else { 1200 + 600 * (round - 40) };
        let last = moment >= DAY.as_secs();
        let into_day = seconds(moment).min(crate::common::just_under(DAY));
        house.clock.set(began.saturating_add(into_day));
        for (number, target) in targets.iter_mut().enumerate() {
            if !target.taken && target.again <= house.clock.now() {
                let turn = usize::try_from(round).unwrap();
                guess_at(&house, target, turn, &ClientKey::new(format!("{}", (number + 7 * turn) % 5000)));
            }
        }
        if last {
            break;
        }
    }
    let taken = targets.iter().filter(|target| target.taken).count();
    f64::from(u32::try_from(taken).unwrap()) / f64::from(u32::try_from(people).unwrap())
}

fn guess_at(house: &House<MemoryStore>, target: &mut Target, turn: usize, client: &ClientKey) {
    let by_recipient = turn % 4 > 1;
    let purpose = PURPOSES[turn % 3];
    let request = Request::new(purpose, &target.person).client(client.clone());
    let request = if by_recipient { request.by_recipient() } else { request };
    let sent = match block_on(house.otp.send(request)) {
        Ok(sent) => sent,
        Err(SendError::Wait { retry_after, .. }) => {
            target.again = house.clock.now().saturating_add(retry_after);
            return;
        }
        Err(other) => panic!("{other:?}"),
    };
    if sent.length > 2 {
        // Nothing to be had before some guess counts no more.
        target.again = house.clock.now().saturating_add(HOUR);
        return;
    }
    // Two by recipient at a time, so that one guess is held against both of them.
    let first_of_two = turn % 4 == 2;
    if !by_recipient {
        target.codes.push((sent.otp_id, purpose));
    }
    while !first_of_two && !target.taken {
        let Some(guess) = target.guesses.next() else { return };
        let submission = if let Some((otp_id, purpose)) = target.codes.last() {
            Submission::by_id(otp_id, &guess).purpose(purpose)
        } else {
            PURPOSES.iter().fold(Submission::by_recipient(&target.person, &guess), Submission::purpose)
        };
        match block_on(house.otp.verify(submission.client(client.clone()))) {
            Ok(_) => target.taken = true,
            Err(ExchangeError::Refused(refused)) => match refused.attempts_left {
                Some(0) => drop(target.codes.pop()),
                Some(_) => drop(target.codes.last().map(|(otp_id, _)| block_on(house.otp.deliver(otp_id)))),
                None if block_on(house.otp.live_codes(&target.person)).unwrap().is_empty() => return,
                None => {}
            },
            Err(other) => panic!("{other:?}"),
        }
        if target.codes.is_empty() && !by_recipient {
            return;
        }
    }
}

#[test]
fn a_day_of_guessing_at_one_person_stays_within_the_accepted_risk() {
    let people = 4_000;
    let policy = digits(2, 2).accept_risk(0.1);
    let bound = policy.takeover_probability_per_day();
    let error = (bound * (1.0 - bound) / 4_000.0).sqrt();
    let share = takeovers(&policy, people);
    println!("takeover in a day: {share} of {people} people, {bound} accepted, standard error {error:.4}");
    assert!(share <= bound + 4.0 * error, "{share}");
    assert!(share >= 0.6 * bound, "this attacker does not try hard: {share}");
    let loose = takeovers(&policy.accept_risk(0.3), people);
    println!("where three times as much is accepted: {loose}");
    assert!(loose > bound + 4.0 * error, "{loose}");
}
