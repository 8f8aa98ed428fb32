//! A request that is wrong is an error that names its field and says what would be right; nothing is stored
//! or sent.

use std::time::Duration;

use crate::common::{
    CONTROLS, House, MISLEADING, ada, bad_templates, block_on, desk, names, patient, recipient, seconds,
};
use otp_exchange::{
    CodeAlone, ContextError, DialCode, Field, Grant, IssueTokensError, Kind, MAX_CODE_LIFETIME,
    MAX_TOKEN_LIFETIME, MemoryStore, Otp, Policy, Principal, PurposeError, Request, RequestError, Risk, Role,
    SendError,
};

fn day() -> Duration {
    seconds(24 * 3600)
}

/// A wrong request, its error, and what that error names.
type Case = (Request, RequestError, &'static str);

fn login() -> Request {
    Request::login(&ada())
}

/// What is wrong about how a code is asked for.
fn bad_requests() -> Vec<Case> {
    let ada = ada();
    let format = |kind, length| {
        let error = RequestError::FormatNotAllowed { kind, length };
        (login().otp(Otp::new(kind, length).unwrap()), error, "otp")
    };
    let mut cases = vec![
        (Request::new("", &ada), PurposeError.into(), "purpose"),
        (Request::new("two words", &ada), PurposeError.into(), "purpose"),
        (Request::new("issued", &ada), RequestError::ReservedPurpose, "purpose"),
        format(Kind::Numeric, 4),
        format(Kind::Alpha, 6),
        format(Kind::Numeric, 20),
        (login().lifetime(seconds(901)), RequestError::NoPrincipal, "lifetime"),
        (login().lifetime(MAX_CODE_LIFETIME), RequestError::NoPrincipal, "requested_by"),
        (login().by_code(), RequestError::NotByCode, "by_code"),
    ];
    cases.push((login().attempts(0), RequestError::Attempts { given: 0, most: 100 }, "attempts"));
    for (given, risk) in [(101, 1.01e-4), (255, 2.55e-4)] {
        let (risk, accepted) = (Risk::new(risk), Risk::new(1e-4));
        cases.push((login().attempts(given), RequestError::Risk { risk, accepted }, "Policy::accept_risk"));
    }
    for bytes in [0, 1, 15, 256] {
        let request = login().idempotency_key("k".repeat(bytes));
        cases.push((request, RequestError::IdempotencyKey, "idempotency key: must have 16 to 255 bytes"));
    }
    for given in
        [Duration::ZERO, Duration::from_millis(999), 7 * day() + Duration::from_nanos(1), Duration::MAX]
    {
        let error = RequestError::Lifetime { given, longest: MAX_CODE_LIFETIME };
        cases.push((login().lifetime(given).requested_by(desk()), error, "longest_lifetime"));
    }
    for (text, error) in bad_templates() {
        cases.push((login().template(text), error.into(), "template"));
    }
    for control in CONTROLS {
        let text = format!("a{control}b");
        cases.push((Request::new(&text, &ada), PurposeError.into(), "purpose"));
    }
    cases
}

/// What is wrong about what a code is bound to.
fn bad_contexts() -> Vec<Case> {
    let bound = |error: ContextError| error.into();
    let mut cases = vec![
        (login().bind("a", "1").bind("a", "1"), bound(ContextError::Repeated), "bound context"),
        (login().bind(Field::Payee, "1").bind("payee", "2"), bound(ContextError::Repeated), "bound context"),
        (login().bind("", "1"), bound(ContextError::NoName), "bound context"),
        (login().bind("a", "x".repeat(512)), bound(ContextError::TooLong { bytes: 513 }), "bound context"),
        (
            login().template("{{PAYEE}}: {{CODE}}"),
            RequestError::NotBound { field: Field::Payee },
            "payee is not bound",
        ),
    ];
    let seventeen = (0..17).fold(login(), |request, number| request.bind(format!("f{number}"), "x"));
    cases.push((seventeen, bound(ContextError::TooMany { fields: 17 }), "17 fields"));
    for name in ["amount", "payee", "device", "session", "tenant"] {
        cases.push((login().bind(name, ""), bound(ContextError::NoValue), name));
        // Spelled out it is held to the same.
        let spelled_out = Field::Other(name.to_owned());
        cases.push((login().bind(spelled_out, ""), bound(ContextError::NoValue), "bound context"));
    }
    for amount in
        ["12.50", "EUR", "12,50 EUR", "-1 EUR", "12.50 eur", "012 EUR", "1e3 EUR", "12.50  EUR", "ACME"]
    {
        cases.push((login().bind("amount", amount), bound(ContextError::Amount), "amount"));
    }
    // Marks that turn the direction of what stands beside them, and one that is drawn on the letter before.
    for value in ["X 1\u{200f}", "\u{200e}1", "9\u{61c}9", "\u{301}X", "\u{fe20}"] {
        let error = || bound(ContextError::ControlCharacter);
        cases.push((login().bind("payee", value), error(), "bidirectional mark"));
        cases.push((login().bind(value, "x"), error(), "combining mark"));
    }
    for character in CONTROLS.into_iter().chain(MISLEADING) {
        let text = format!("a{character}b");
        let error = || bound(ContextError::ControlCharacter);
        cases.push((login().bind(text.as_str(), "x"), error(), "bound context"));
        cases.push((login().bind("x", &text), error(), "bound context"));
    }
    cases
}

/// What is wrong about what a code will be worth.
fn bad_grants() -> Vec<Case> {
    let case = |grant: Grant, error, field| (login().grant(grant), error, field);
    let new = Grant::new;
    let mut cases = vec![
        case(Grant::for_subject(""), RequestError::Subject, "subject"),
        case(Grant::for_subject("s".repeat(256)), RequestError::Subject, "subject"),
        case(new().metadata("", "x"), RequestError::Metadata, "metadata"),
        case(new().metadata("x", "y".repeat(1020)), RequestError::GrantTooLarge { bytes: 1025 }, "1025"),
        (
            login().grant(new().scope("admin")).requested_by(Principal::new("till").scope("read")),
            RequestError::ScopeNotHeld,
            "scope",
        ),
    ];
    for lifetime in [Duration::ZERO, Duration::MAX, Duration::from_millis(1500), 30 * day() + seconds(1)] {
        cases.push(case(new().token_lifetime(lifetime), RequestError::TokenLifetime, "token lifetime"));
    }
    for url in ["https://eve.example/", "https://app.example/../", "HTTPS://app.example/", ""] {
        cases.push(case(new().redirect_to(url), RequestError::Redirect, "redirect"));
    }
    let many = (0..400).fold(new(), |grant, _| grant.scope("a"));
    cases.push(case(many, RequestError::GrantTooLarge { bytes: 1200 }, "1200"));
    for scope in ["", "two words", "quo\"te", "back\\slash", "ümlaut"] {
        cases.push(case(new().scope(scope), RequestError::Scope, "scope"));
    }
    for control in CONTROLS {
        let text = format!("a{control}b");
        cases.extend([
            case(Grant::for_subject(&text), RequestError::Subject, "subject"),
            case(new().scope(&text), RequestError::Scope, "scope"),
            case(new().redirect_to(&text), RequestError::Redirect, "redirect"),
            case(new().metadata(&text, "x"), RequestError::Metadata, "metadata"),
            case(new().metadata("x", &text), RequestError::Metadata, "metadata"),
        ]);
    }
    cases
}

/// Refused with that error, which names that field, and nothing is stored or sent: by `send`, and by `issue`
/// but for a code alone, which that refuses anyway.
fn is_refused(house: &House<MemoryStore>, request: &Request, expected: &RequestError, field: &str) {
    let before = (house.calls(), house.outbox.total());
    let alone = matches!(expected, RequestError::NotByCode | RequestError::IdempotencyKey);
    for issue_only in [false, true] {
        let answer = if issue_only {
            block_on(house.otp.issue(request.clone()))
        } else {
            block_on(house.otp.send(request.clone()))
        };
        match answer {
            Err(SendError::Request(RequestError::AloneIsSent)) if issue_only && alone => {}
            Err(SendError::Request(error)) => {
                assert_eq!(&error, expected, "{request:?}");
                assert!(error.to_string().contains(field), "{error} does not name {field}");
            }
            other => panic!("{request:?}: {other:?}, not {expected:?}"),
        }
    }
    assert_eq!((house.calls(), house.outbox.total()), before);
}

#[test]
fn a_request_names_its_field_and_nothing_is_stored_or_sent() {
    let house = House::with(patient().attempts(100).allow_redirect("https://app.example/"));
    for (request, expected, field) in [bad_requests(), bad_contexts(), bad_grants()].concat() {
        is_refused(&house, &request, &expected, field);
    }
    // The same fields at the edge of what is right.
    let edges = Request::new("p".repeat(64), &ada())
        .lifetime(MAX_CODE_LIFETIME)
        .requested_by(desk())
        .idempotency_key("k".repeat(255))
        .attempts(100)
        .locale("abcdefgh-12345678-abcdefgh-12345678")
        .template(format!("{{{{CODE}}}}{}", "x".repeat(472)))
        .bind("a", "x".repeat(511 - 15 * 3));
    let edges = (10..25).fold(edges, |request, number| request.bind(number.to_string(), "x")).grant(
        Grant::for_subject("s".repeat(255))
            .token_lifetime(MAX_TOKEN_LIFETIME)
            .redirect_to("https://app.example/")
            .metadata("x", "y".repeat(1024 - 257 - 22 - 2 - 3)),
    );
    block_on(house.otp.send(edges)).unwrap();
}

/// A policy with codes alone, twenty characters long, and shorter ones on request.
fn alone() -> Policy {
    let otp = Otp::new(Kind::Alphanumeric, 20).unwrap();
    patient()
        .otp(otp)
        .allow(Kind::Alphanumeric, 8, 20)
        .allow(Kind::Alpha, 20, 20)
        .code_alone(CodeAlone::default())
}

#[test]
fn a_request_that_this_policy_does_not_allow_names_its_field_and_says_what_would() {
    let (ada, phone) = (ada(), recipient("+32412345678"));
    let (login, standard) = (|| Request::login(&ada), Policy::default);
    let six_digits = || Otp::new(Kind::Numeric, 6).unwrap();
    let attempts = |given, most| RequestError::Attempts { given, most };
    let lifetime = |given| RequestError::Lifetime { given, longest: seconds(600) };
    let not_bound = |field| RequestError::NotBound { field };
    let not_shown = |field| RequestError::NotShown { field };
    let shown = six_digits().template("Pay {{AMOUNT}} with {{CODE}}").unwrap();
    let belgium = || [DialCode::parse("32").unwrap()];
    let elsewhere = || [DialCode::parse("33").unwrap()];
    let cases = [
        (standard(), login().lifetime(seconds(601)), lifetime(seconds(601)), "longest_lifetime, 600s"),
        (standard(), login().lifetime(day()).requested_by(desk()), lifetime(day()), "longest_lifetime, 600s"),
        // The policy's own lifetime is no exception.
        (patient().code_lifetime(day()), login(), RequestError::NoPrincipal, "requested_by"),
        (standard(), login().attempts(6), attempts(6, 5), "from 1 to the policy's attempts, 5"),
        (standard().attempts(1), login().attempts(2), attempts(2, 1), "attempts"),
        (
            standard().by_recipient(false),
            login().by_recipient(),
            RequestError::NotByRecipient,
            "by_recipient",
        ),
        (standard(), login().by_code(), RequestError::NotByCode, "Policy::code_alone"),
        (
            alone(),
            login().by_code().otp(Otp::new(Kind::Alpha, 20).unwrap()),
            RequestError::NotByCode,
            "kind of the policy's otp",
        ),
        (
            alone(),
            login().by_code().idempotency_key("k".repeat(16)),
            RequestError::IdempotencyKey,
            "not for by_code",
        ),
        (
            standard().allow_dial_codes(elsewhere()),
            Request::login(&phone),
            RequestError::DialCode,
            "recipient",
        ),
        (
            standard().allow_dial_codes(belgium()).deny_dial_codes(belgium()),
            Request::login(&phone),
            RequestError::DialCode,
            "allow_dial_codes",
        ),
        (standard().email_signs_in(false), login(), RequestError::Email, "recipient"),
        (standard().email_signs_in(false), Request::new("pay", &ada), RequestError::Email, "email_signs_in"),
        (
            standard().otp(shown.clone()).require("amount"),
            login(),
            not_bound(Field::Amount),
            "amount is not bound; bind it",
        ),
        (standard().otp(shown.clone()), login(), not_bound(Field::Amount), "amount is not bound; bind it"),
        (
            standard().otp(shown.clone()).require("amount"),
            login().bind("amount", "1 EUR").template("Your code: {{CODE}}"),
            not_shown(Field::Amount),
            "template: does not show amount; add its variable",
        ),
        (
            standard().otp(shown).require("amount"),
            login().bind("amount", "1 EUR").otp(six_digits().template("{{CODE}}").unwrap()),
            not_shown(Field::Amount),
            "template",
        ),
    ];
    for (policy, request, expected, field) in cases {
        is_refused(&House::with(policy), &request, &expected, field);
    }
    // So many are one too few: the figures are in the error.
    let short = Otp::new(Kind::Alphanumeric, 15).unwrap();
    let request = login().by_code().otp(short).lifetime(MAX_CODE_LIFETIME).requested_by(desk());
    let house = House::with(alone());
    match block_on(house.otp.send(request)) {
        Err(SendError::Request(error @ RequestError::AloneTooShort { .. })) => {
            let text = error.to_string();
            assert!(text.contains("by_code") && text.contains("77.5") && text.contains("81.2"), "{text}");
            assert!(text.contains("longer"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    match block_on(house.otp.issue(login().by_code())) {
        Err(SendError::Request(error)) => names(Err::<(), _>(error), &RequestError::AloneIsSent, "use send"),
        other => panic!("{other:?}"),
    }
    assert_eq!((house.calls(), house.outbox.total()), ((0, 0), 0));
    // Each of them has a neighbour that is right.
    let sms = House::with(Policy::nist().allow_dial_codes(belgium()));
    assert!(block_on(sms.otp.send(Request::login(&phone))).is_ok());
    assert!(block_on(sms.otp.send(Request::register(&ada))).is_ok());
    let otp = Otp::new(Kind::Alphanumeric, 16).unwrap();
    let enough = login().by_code().otp(otp).lifetime(MAX_CODE_LIFETIME).requested_by(desk());
    assert!(block_on(house.otp.send(enough)).is_ok());
}

#[test]
fn tokens_without_a_code_need_an_administrator_and_a_grant_in_order() {
    let house = House::new();
    let support = || Principal::new("support").role(Role::Administrator).scope("read");
    let named = || Grant::for_subject("user-17");
    let cases = [
        (Principal::new("clerk").scope("read"), named(), RequestError::NotAdministrator, "principal"),
        (support(), Grant::new(), RequestError::Subject, "subject"),
        (support(), Grant::for_subject(""), RequestError::Subject, "subject"),
        (support(), named().scope("write"), RequestError::ScopeNotHeld, "scope"),
        (support(), named().scope("two words"), RequestError::ScopeNotHeld, "scope"),
        (support().scope("two words"), named().scope("two words"), RequestError::Scope, "scope"),
        (support(), named().metadata("", "x"), RequestError::Metadata, "metadata"),
        (support(), named().redirect_to("https://eve.example/"), RequestError::Redirect, "redirect"),
        (support(), named().token_lifetime(Duration::ZERO), RequestError::TokenLifetime, "token lifetime"),
    ];
    for (acting, grant, expected, field) in cases {
        match block_on(house.otp.issue_tokens(&acting, grant)) {
            Err(IssueTokensError::Request(error)) => names(Err::<(), _>(error), &expected, field),
            other => panic!("{other:?}, not {expected:?}"),
        }
    }
    assert_eq!(house.calls(), (0, 0));
    assert!(block_on(house.otp.issue_tokens(&support(), named().scope("read"))).is_ok());
}
