//! Nobody locks an owner out on purpose: an attacker with everything but the owner's own client keeps them
//! from a code for a quarter of an hour at the most, and cannot touch the one they have.

mod attacker;

use std::time::Duration;

use crate::common::{MILLISECOND, QUARTER, ada, block_on, other_than, recipient, seconds, start};
use attacker::{Attacker, HOUR, Style, World, client};
use otp_exchange::{ClientKey, Grant, Policy, Receipt, Request, SendError, Submission, Timestamp, Waiting};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const STYLES: [Style; 4] = [Style::Greedy, Style::Squatter, Style::Crowd, Style::Thrifty];
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How many random moments the owner begins at.
const STARTS: usize = 100;
/// As many clients as an attacker likes.
const MANY: usize = 10_000;
/// The accepted risk of the default policy, in guesses at six digits.
const ACCEPTED: usize = 100;

/// What a day of that attack comes to.
#[derive(Debug, Default)]
struct Day {
    starts: usize,
    /// The longest an owner needed who got in within two hours.
    worst: Duration,
    /// How many needed over a quarter of an hour.
    late: usize,
    /// How many of them needed over two hours.
    never: usize,
    /// The most guesses in any 24 hours.
    guesses: usize,
    /// How many messages the victim got.
    messages: usize,
}

enum Owner {
    /// From a client that never had a right code.
    New,
    /// From one that had, where every code is worth that.
    Known(Grant),
}

fn owner() -> ClientKey {
    ClientKey::new("owner")
}

/// The owner has a right code, and so their client is known.
fn get_known(world: &World) {
    let sent = world.ask(Request::login(&world.victim).client(owner())).unwrap();
    let right = Submission::by_id(&sent.otp_id, sent.expose().code).login();
    assert!(block_on(world.otp.exchange(right)).is_ok());
}

/// The owner, who comes now and retries when told, gets a code, or does not within two hours. The attacker
/// goes on, and is always before them.
fn gets_code(world: &World, attacker: &mut Attacker, request: &Request) -> Result<Receipt, Waiting> {
    let began = world.now();
    loop {
        match world.ask(request.clone().client(owner())) {
            Ok(receipt) => return Ok(receipt),
            Err((why, _)) if began.until(world.now()) > 2 * HOUR => return Err(why),
            Err((_, retry_after)) => attacker.until(world.now().saturating_add(retry_after), world),
        }
    }
}

/// A day of attack. At many moments we look what would be if the owner came then.
fn attacked(style: Style, clients: usize, owner: Owner) -> Day {
    let mut world = World::new(&ada(), &Policy::default());
    if let Owner::Known(grant) = owner {
        world.grant = grant;
        get_known(&world);
    }
    let end = start().saturating_add(DAY);
    let mut scout = Attacker::new(style, clients);
    scout.until(end, &world.branch());
    // The worst moment to come is when a rested attacker has just begun.
    let soon = |burst: &Timestamp| burst.saturating_add(seconds(1));
    let after_rests = scout.bursts.iter().map(soon).filter(|moment| *moment < end);
    let mut random = StdRng::seed_from_u64(7);
    let anytime =
        (0..STARTS).map(|_| start().saturating_add(MILLISECOND * random.random_range(0..86_400_000)));
    let mut moments: Vec<_> = anytime.chain(after_rests).collect();
    moments.sort_unstable();

    let mut attacker = Attacker::new(style, clients);
    let mut day = Day { starts: moments.len(), ..Day::default() };
    for moment in moments {
        attacker.until(moment, &world);
        let (branch, mut attacker) = (world.branch(), attacker.clone());
        let answer = gets_code(&branch, &mut attacker, &Request::login(&branch.victim));
        let needed = moment.until(branch.now());
        day.late += usize::from(needed > QUARTER);
        match answer {
            Err(_) => day.never += 1,
            Ok(sent) => {
                day.worst = day.worst.max(needed);
                let right = Submission::by_id(&sent.otp_id, sent.expose().code).login();
                assert!(block_on(branch.otp.verify(right)).is_ok());
            }
        }
    }
    // One more day, so that every window of 24 hours is seen.
    attacker.until(end.saturating_add(DAY), &world);
    let within = |from: &Timestamp| {
        attacker.guesses.iter().filter(|at| *from <= **at && from.until(**at) < DAY).count()
    };
    day.guesses = attacker.guesses.iter().map(within).max().unwrap_or(0);
    day.messages = attacker.messages / 2;
    println!("{style:?} with {clients} clients: {day:?}");
    day
}

#[test]
fn an_attacker_with_up_to_five_clients_keeps_nobody_out() {
    for clients in [1, 2, 3, 5] {
        for style in STYLES {
            let day = attacked(style, clients, Owner::New);
            assert!(day.starts >= STARTS && day.late == 0, "{style:?} {clients}: {day:?}");
            assert!(day.worst <= QUARTER && day.guesses <= ACCEPTED, "{style:?} {clients}: {day:?}");
        }
    }
}

#[test]
fn no_attacker_keeps_a_known_client_out() {
    for style in STYLES {
        let day = attacked(style, MANY, Owner::Known(Grant::new()));
        assert!(day.starts >= STARTS && day.late == 0, "{style:?}: {day:?}");
        assert!(day.guesses <= ACCEPTED, "{style:?}: {day:?}");
    }
}

#[test]
fn nor_if_every_code_is_worth_a_lot() {
    for bytes in [100, 900] {
        let grant = Grant::for_subject("user-17").metadata("plan", "x".repeat(bytes));
        let day = attacked(Style::Crowd, MANY, Owner::Known(grant));
        assert!(day.late == 0, "{bytes}: {day:?}");
    }
}

/// Strangers share what there is for strangers. So with enough clients they leave nothing of it to an owner
/// who comes from a client that never had a right code. The same search that finds nothing above finds it.
#[test]
fn enough_clients_keep_a_new_client_out() {
    let sixteen = attacked(Style::Greedy, 16, Owner::New);
    assert!(sixteen.late > 0 && sixteen.never == 0, "now and then for longer: {sixteen:?}");
    let many = attacked(Style::Greedy, MANY, Owner::New);
    assert!(many.never == many.starts && many.guesses <= ACCEPTED, "{many:?}");
}

/// The owner's code, held for a quarter of an hour while the attacker does all they can; what was wrong.
fn holds(request: impl Fn(Request) -> Request, submit: impl Fn(&Receipt) -> Submission) -> Vec<String> {
    let policy = Policy::default().longest_lifetime(QUARTER);
    let mut wrong = Vec::new();
    for (style, clients) in STYLES.into_iter().zip([MANY, 40, 20, 12]) {
        let world = World::new(&ada(), &policy);
        get_known(&world);
        let mut attacker = Attacker::new(style, clients);
        for moment in [61, 3599, 40_000] {
            attacker.until(start().saturating_add(seconds(moment)), &world);
            let (branch, mut attacker) = (world.branch(), attacker.clone());
            let asked = request(Request::login(&branch.victim).lifetime(QUARTER));
            let Ok(sent) = gets_code(&branch, &mut attacker, &asked) else {
                wrong.push(format!("{style:?}: no code"));
                continue;
            };
            let mut resend_at = sent.resend_at;
            while resend_at < sent.expires_at {
                attacker.until(resend_at, &branch);
                match block_on(branch.otp.deliver(&sent.otp_id)) {
                    Ok(again) => resend_at = again.resend_at,
                    Err(error) => {
                        wrong.push(format!("{style:?}: not sent again: {error}"));
                        break;
                    }
                }
            }
            attacker.until(sent.expires_at.saturating_sub(MILLISECOND), &branch);
            match block_on(branch.otp.status(&sent.otp_id)) {
                Ok(status) if status.attempts_left == sent.attempts => {}
                other => wrong.push(format!("{style:?}: {other:?}")),
            }
            if let Err(error) = block_on(branch.otp.verify(submit(&sent))) {
                wrong.push(format!("{style:?}: {error}"));
            }
        }
    }
    wrong
}

#[test]
fn a_code_by_otp_id_is_neither_spent_nor_delayed_nor_displaced() {
    let wrong = holds(|request| request, |sent| Submission::by_id(&sent.otp_id, sent.expose().code).login());
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_code_by_recipient_is_spent_by_whoever_likes() {
    let submit = |sent: &Receipt| Submission::by_recipient(&ada(), sent.expose().code).login();
    let wrong = holds(Request::by_recipient, submit);
    assert!(wrong.iter().any(|what| what.ends_with("used or unknown")), "{wrong:?}");
}

/// Guesses wrong until nothing is left of the code.
fn fail_at(world: &World, sent: &Receipt, submission: impl Fn(&str) -> Submission) {
    let wrong = other_than(sent.expose().code);
    for _ in 0..sent.attempts {
        assert!(block_on(world.otp.verify(submission(&wrong))).is_err());
    }
}

#[test]
fn nist_disables_the_owner_as_its_lockouts_say() {
    let policy = Policy::nist();
    assert!(
        policy
            .lockouts()
            .iter()
            .any(|what| what.starts_with("failure_limit: ") && what.contains("clear_failures"))
    );
    let world = World::new(&recipient("+32412345678"), &policy);
    get_known(&world);
    for index in 0..20 {
        world.clock.advance(seconds(30));
        let sent = world.ask(Request::new("payment", &world.victim).client(client(index))).unwrap();
        fail_at(&world, &sent, |wrong| Submission::by_id(&sent.otp_id, wrong).purpose("payment"));
    }
    for later in [Duration::ZERO, QUARTER, DAY, 300 * DAY] {
        world.clock.advance(later);
        let refused = block_on(world.otp.send(Request::login(&world.victim).client(owner())));
        assert!(
            matches!(refused, Err(SendError::Wait { why: Waiting::Failures, .. })),
            "{later:?}: {refused:?}"
        );
    }
    block_on(world.otp.clear_failures(&world.victim)).unwrap();
    get_known(&world);
}

#[test]
fn psd2_blocks_the_owner_as_its_lockouts_say() {
    let policy = Policy::psd2();
    assert!(
        policy
            .lockouts()
            .iter()
            .any(|what| what.starts_with("failure_limit: ") && what.contains("on purpose"))
    );
    let world = World::new(&ada(), &policy);
    let payment = || Request::new("payment", &world.victim).bind("amount", "12.50 EUR").bind("payee", "ACME");
    let submission = |sent: &Receipt, typed: &str| {
        let named = Submission::by_id(&sent.otp_id, typed).purpose("payment");
        named.bind("amount", "12.50 EUR").bind("payee", "ACME")
    };
    let known = world.ask(payment().client(owner())).unwrap();
    assert!(block_on(world.otp.verify(submission(&known, known.expose().code))).is_ok());
    let own = world.ask(payment().client(owner())).unwrap();
    world.clock.advance(seconds(30));
    for index in 0..96 {
        let sent = world.ask(payment().client(client(index))).unwrap();
        fail_at(&world, &sent, |wrong| submission(&sent, wrong));
        assert!(block_on(world.otp.verify(submission(&own, own.expose().code))).is_err(), "blocked, too");
        let (why, retry_after) = world.ask(payment().client(owner())).unwrap_err();
        assert_eq!((why, retry_after), (Waiting::Failures, QUARTER), "after {index} quarters of an hour");
        world.clock.advance(retry_after);
    }
    assert!(world.ask(payment().client(owner())).is_ok(), "once the attacker lets go");
}
