//! How long an entry is kept, and how large it gets.

use super::*;
use crate::delivery::Delivery;
use crate::grant::{Grant, MAX_TOKEN_LIFETIME, Principal};
use crate::message::Catalogue;
use crate::otp::{Kind, Otp};

const WEEK: Duration = Duration::from_secs(7 * DAY);

#[test]
fn an_entry_outlasts_every_code_that_was_in_it() {
    let long = ask(1).code("111111").with(|request| request.lifetime(WEEK));
    let long = long.with(|request| request.requested_by(Principal::new("desk")));
    let ledger = long.of(Ledger::default(), at(0), &patient()).unwrap();
    let (used, _) = login(ledger, 1, "111111", at(1));
    assert!(used.forget_after(&policy()) >= second(7 * DAY));
}

#[test]
fn an_entry_outlasts_whoever_asked_by_an_hour() {
    let forget_after = one().forget_after(&policy());
    assert!((second(HOUR)..second(HOUR + MINUTE)).contains(&forget_after));
}

#[test]
fn a_clock_set_back_does_not_keep_an_entry_for_years() {
    let ledger = ask(1).to(Ledger::default(), at(10 * 365 * DAY)).unwrap();
    let ledger = ask(2).to(ledger, at(0)).unwrap();
    assert!(ledger.forget_after(&policy()) <= second(7 * DAY + MINUTE));
}

/// A request of which every part is as long as it may be, but for its template and metadata.
fn heavy(purpose: usize, template: usize, metadata: usize) -> Request {
    let mut grant = Grant::for_subject("s".repeat(255));
    for index in 0..metadata {
        grant = grant.metadata(format!("name-{index}"), "v".repeat(94));
    }
    let address = Recipient::parse(&format!("{}@example.org", "l".repeat(64))).unwrap();
    Request::new(format!("{purpose:p>64}"), &address)
        .template(format!("{{{{CODE}}}}{}", "x".repeat(template)))
        .locale("aaaaaaaa-bbbbbbbb-cccccccc-dddddddd")
        .lifetime(WEEK)
        .requested_by(Principal::new("desk"))
        .grant(grant)
}

/// A ledger whose lanes and hours are full: eight clients, three of them known, and guesses in each of the 25
/// hours that count.
fn busy(policy: &Policy) -> Ledger {
    let mut ledger = Ledger::default();
    for hour in 0..25 {
        let (id, moment) = (u8::try_from(hour).unwrap(), at(hour * HOUR));
        let asked = ask(id).code("111111").client(id).of(ledger, moment, policy).unwrap();
        ledger = guess(asked, id, 1, moment, policy);
        if hour > 21 {
            ledger = submit(ledger, Some(id), "111111", &Purpose::LOGIN, moment, policy).0;
        }
    }
    for id in 101..106 {
        let asked = ask(id).client(id).with(|request| request.lifetime(Duration::from_secs(1)));
        ledger = asked.of(ledger, at(24 * HOUR + u64::from(id)), policy).unwrap();
    }
    ledger
}

#[test]
fn a_ledger_never_outgrows_its_entry_and_makes_room_for_the_owner() {
    let policy = patient().accept_risk(1.0).send_spacing(Duration::ZERO);
    let size = |ledger: &Ledger| postcard::to_allocvec(ledger).unwrap().len();
    let empty = size(&busy(&policy));
    assert!(empty > 8 * (16 + 6) + 25 * (3 + 6), "{empty} bytes: lanes or hours are missing");
    let (mut largest, mut refusals) = (0, 0);
    for (template, metadata) in [(472, 7), (472, 3), (300, 0), (100, 0), (0, 0)] {
        let mut ledger = busy(&policy);
        let mut moment = at(24 * HOUR + 200);
        for send in 0..80_u8 {
            // A new stranger each time, and the three known clients.
            let client = [send, 22, 23, 24][usize::from(send) % 4];
            moment.now = moment.now.saturating_add(Duration::from_secs(30));
            let request = || heavy(send.into(), template, metadata);
            let asked = || ask(send).client(client).made_for(send).request(request());
            ledger = match asked().of(copy(&ledger), moment, &policy) {
                Ok(ledger) => ledger,
                Err(refusal) => {
                    refusals += 1;
                    assert_eq!(refusal.why, Waiting::LiveCodes);
                    assert!(moment.now.until(refusal.until) <= Duration::from_secs(15 * MINUTE));
                    moment.now = refusal.until;
                    asked()
                        .of(ledger, moment, &policy)
                        .unwrap_or_else(|refusal| panic!("after the wait there is room: {refusal:?}"))
                }
            };
            largest = largest.max(size(&ledger));
        }
    }
    assert!(refusals > 0, "the limit was never reached");
    assert!((12_000..=MAX_LEDGER_BYTES).contains(&largest), "{largest} bytes");
}

#[test]
fn a_challenge_weighs_no_less_than_it_takes() {
    let policy =
        patient().attempts(100).allow(Kind::Alphanumeric, 20, 20).allow_redirect("https://a.example/");
    let grant = Grant::for_subject("s")
        .scope("a")
        .scope("b")
        .token_lifetime(MAX_TOKEN_LIFETIME)
        .refresh(true)
        .redirect_to("https://a.example/")
        .metadata("n", "");
    let request = Request::login(&Recipient::parse("+123456789012345").unwrap())
        .fallback(&ada())
        .otp(Otp::new(Kind::Alphanumeric, 20).unwrap())
        .bind("amount", "12.50 EUR")
        .bind("x", "y")
        .locale("en")
        .grant(grant);
    let mut draft = Draft::check(request, &policy, &Catalogue::default()).unwrap();
    draft.client = Some([255; 16]);
    let code = Code::from_ascii(&[b'Z'; 20]).unwrap();
    let (context, made_for) = ([255; 32], Some([255; 16]));
    let drawn = Drawn { id: [255; 16], code, kind: Kind::Unambiguous, context, made_for };
    // The ends of time take the most bytes.
    let mut challenge = Challenge::new(&draft, drawn, Timestamp::MIN);
    challenge.life.end = Timestamp::MAX;
    challenge.deliver(Timestamp::MAX);
    challenge.deliveries = u8::MAX;
    challenge.reported = Some(Delivery::Delivered);
    let taken = postcard::to_allocvec(&challenge).unwrap().len();
    assert!(taken <= challenge.weight(), "{taken} bytes, and weighs {}", challenge.weight());
    assert_eq!(draft.weight(), challenge.weight());
}

/// Else it could never be had, not even by a known client whose room is empty.
#[test]
fn the_largest_request_there_is_fits_into_a_known_clients_room() {
    let mut grant = Grant::new();
    for index in 10..19 {
        grant = grant.metadata(format!("{index}"), "v".repeat(96));
    }
    let grant = grant.metadata("n", "v".repeat(101));
    let domain = format!("{}.{}.{}", "a".repeat(63), "b".repeat(63), "c".repeat(61));
    let email = Recipient::parse(&format!("{}@{domain}", "l".repeat(64))).unwrap();
    let recipient = Recipient::parse("+123456789012345").unwrap();
    let mut request = Request::new("p".repeat(64), &recipient)
        .fallback(&email)
        .template(format!("{{{{CODE}}}}{}", "x".repeat(472)))
        .locale("aaaaaaaa-bbbbbbbb-cccccccc-dddddddd")
        .grant(grant);
    for index in 10..26 {
        request = request.bind(format!("{index}"), "v".repeat(30));
    }
    let draft = Draft::check(request.clone(), &patient(), &Catalogue::default()).unwrap();
    let limits = 64 + 16 + 254 + 480 + 35 + (512 + 2 * 32) + 1024;
    assert_eq!(draft.weight(), 200 + limits, "a part is not as large as it may be");

    let own = |id| ask(id).code("111111").client(1).request(Request::login(&recipient));
    let ledger = own(1).of(Ledger::default(), at(0), &patient()).unwrap();
    let (known, verdict) = login(ledger, 1, "111111", at(1));
    assert!(matches!(verdict, Verdict::Right(_)));
    assert!(ask(2).client(1).request(request).of(known, at(2), &patient()).is_ok());
}
