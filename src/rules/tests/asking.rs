//! What may be asked for, to the last second and the last bit.

use super::*;
use crate::context::{Context, Field};
use crate::grant::{Grant, MAX_GRANT_BYTES, MAX_TOKEN_LIFETIME, Principal};
use crate::message::Wording;
use crate::otp::{Kind, Otp};
use crate::policy::{CodeAlone, TestRecipient};
use crate::recipient::{Channel, DialCode};
use crate::request::RequestError;
use crate::risk::Risk;

fn draft(request: Request, policy: &Policy) -> Result<Draft, RequestError> {
    Draft::check(request, policy, &Catalogue::default())
}

fn check(request: Request, policy: &Policy) -> Result<(), RequestError> {
    draft(request, policy).map(|_| ())
}

fn login() -> Request {
    Request::login(&ada())
}

fn phone() -> Recipient {
    Recipient::parse("+32412345678").unwrap()
}

fn otp(kind: Kind, length: u8) -> Otp {
    Otp::new(kind, length).unwrap()
}

/// The text that a draft brought, from wherever it has it.
fn template(request: Request, policy: &Policy) -> Option<String> {
    draft(request, policy).unwrap_or_else(|error| panic!("{error}")).template.map(|text| text.to_string())
}

#[test]
fn a_code_may_live_for_fifteen_minutes_and_longer_only_if_somebody_answers_for_it() {
    let lives = |span| Request::login(&ada()).lifetime(span);
    let most = Duration::from_secs(15 * MINUTE);
    let longer = most + Duration::from_nanos(1);
    assert_eq!(check(lives(most), &patient()), Ok(()));
    assert_eq!(check(lives(longer), &patient()), Err(RequestError::NoPrincipal));
    assert_eq!(check(lives(longer).requested_by(Principal::new("desk")), &patient()), Ok(()));
}

#[test]
fn a_code_alone_with_just_the_bits_it_needs_is_long_enough() {
    // 2^20 guesses a second at 2^20 codes for 2^9 seconds, and 16 bits to spare: 13 characters of 5 bits.
    let (guesses_per_second, live_codes, margin_bits) = (1 << 20, 1 << 20, 16);
    let alone = CodeAlone { guesses_per_second, live_codes, margin_bits };
    let policy = patient().otp(Otp::new(Kind::Unambiguous, 13).unwrap()).code_alone(alone);
    let lives = |seconds| Request::login(&ada()).by_code().lifetime(Duration::from_secs(seconds));
    assert_eq!(check(lives(512), &policy), Ok(()));
    assert!(matches!(check(lives(513), &policy), Err(RequestError::AloneTooShort { .. })));
}

#[test]
fn no_code_alone_is_made_for_a_test_recipient_and_for_anybody_else_it_is() {
    let test = TestRecipient::new(ada(), "123456", Timestamp::MAX).unwrap();
    let otp = Otp::new(Kind::Alphanumeric, 20).unwrap();
    let policy = patient().otp(otp).code_alone(CodeAlone::default()).test_recipient(test);
    let alone = |recipient: &Recipient| check(Request::login(recipient).by_code(), &policy);
    assert_eq!(alone(&ada()), Err(RequestError::NotByCode));
    assert_eq!(alone(&Recipient::parse("eve@example.org").unwrap()), Ok(()));
}

#[test]
fn a_form_is_the_policys_or_one_that_it_allows() {
    let four = || login().otp(otp(Kind::Numeric, 4));
    let refused = RequestError::FormatNotAllowed { kind: Kind::Numeric, length: 4 };
    assert_eq!(check(four(), &policy()), Err(refused));
    let allows = policy().allow(Kind::Numeric, 4, 6).accept_risk(5e-4);
    assert_eq!(draft(four(), &allows).unwrap_or_else(|error| panic!("{error}")).otp, otp(Kind::Numeric, 4));
    assert_eq!(draft(login(), &allows).unwrap_or_else(|error| panic!("{error}")).otp, Otp::default());
}

#[test]
fn the_text_is_the_requests_then_the_forms_then_the_policys_where_it_shows_what_is_bound() {
    let plain = Otp::default().template("policy: {{CODE}}").unwrap();
    let form = || Otp::default().template("form: {{CODE}}").unwrap();
    let paying = policy().otp(Otp::default().template("{{AMOUNT}}: {{CODE}}").unwrap());
    let pays = || login().bind("amount", "1 EUR");
    let own = |request: Request| request.template("request: {{CODE}}");
    for policy in [&policy().otp(plain), &paying] {
        assert_eq!(template(own(pays()), policy).as_deref(), Some("request: {{CODE}}"));
        assert_eq!(template(own(pays().otp(form())), policy).as_deref(), Some("request: {{CODE}}"));
        assert_eq!(template(pays().otp(form()), policy).as_deref(), Some("form: {{CODE}}"));
    }
    // What shows nothing that is bound may be another by the day of delivery.
    assert_eq!(template(pays(), &policy().otp(form())), None);
    assert_eq!(template(pays(), &paying).as_deref(), Some("{{AMOUNT}}: {{CODE}}"));
}

#[test]
fn a_code_lives_for_a_second_at_least_and_no_longer_than_the_policy_says() {
    let longest = Duration::from_secs(10 * MINUTE);
    let lives = |given| check(login().lifetime(given), &policy().longest_lifetime(longest));
    let refused = |given| Err(RequestError::Lifetime { given, longest });
    let nanosecond = Duration::from_nanos(1);
    for given in [Duration::from_secs(1), longest] {
        assert_eq!(lives(given), Ok(()));
    }
    for given in [Duration::from_nanos(999_999_999), longest + nanosecond] {
        assert_eq!(lives(given), refused(given));
    }
    // The policy's own is no exception.
    let lifetime = Duration::from_secs(DAY);
    assert_eq!(check(login(), &patient().code_lifetime(lifetime)), Err(RequestError::NoPrincipal));
    let asked = login().requested_by(Principal::new("desk"));
    let draft = draft(asked, &patient().code_lifetime(lifetime)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(draft.lifetime, lifetime);
}

#[test]
fn attempts_are_the_policys_at_most_and_within_the_accepted_risk() {
    let tries = |attempts, policy: &Policy| check(login().attempts(attempts), policy);
    for attempts in [1, 5] {
        assert_eq!(tries(attempts, &policy()), Ok(()));
    }
    for given in [0, 6] {
        assert_eq!(tries(given, &policy()), Err(RequestError::Attempts { given, most: 5 }));
    }
    let many = policy().attempts(255);
    assert_eq!(tries(100, &many), Ok(()));
    let (risk, accepted) = (Risk::new(1.01e-4), Risk::new(1e-4));
    assert_eq!(tries(101, &many), Err(RequestError::Risk { risk, accepted }));
}

#[test]
fn a_code_answers_to_its_recipient_or_to_nothing_where_the_policy_says_so() {
    assert_eq!(check(login().by_recipient(), &policy()), Ok(()));
    let refused = Err(RequestError::NotByRecipient);
    assert_eq!(check(login().by_recipient(), &policy().by_recipient(false)), refused);
    assert_eq!(check(login(), &policy().by_recipient(false)), Ok(()));

    assert_eq!(check(login().by_code(), &policy().otp(otp(Kind::Alpha, 20))), Err(RequestError::NotByCode));
    let alone = policy().otp(otp(Kind::Alpha, 20)).code_alone(CodeAlone::default());
    assert_eq!(check(login().by_code(), &alone), Ok(()));
    // Typed alone it is read as of the policy's kind.
    let allows = alone.allow(Kind::Alphanumeric, 20, 20);
    let other = || login().otp(otp(Kind::Alphanumeric, 20));
    assert_eq!(check(other().by_code(), &allows), Err(RequestError::NotByCode));
    assert_eq!(check(other(), &allows), Ok(()));
}

#[test]
fn the_address_is_one_that_the_policy_reaches() {
    let belgium = || [DialCode::parse("32").unwrap()];
    let sms = |policy: &Policy| check(Request::login(&phone()), policy);
    assert_eq!(sms(&policy().allow_dial_codes(belgium())), Ok(()));
    assert_eq!(sms(&policy().deny_dial_codes(belgium())), Err(RequestError::DialCode));

    let no_email = policy().email_signs_in(false);
    assert_eq!(sms(&no_email), Ok(()));
    for purpose in [Purpose::REGISTER, Purpose::CONFIRM, Purpose::RECOVER] {
        assert_eq!(check(Request::new(purpose, &ada()), &no_email), Ok(()));
    }
    for purpose in [Purpose::LOGIN, Purpose::parse("pay").unwrap()] {
        assert_eq!(check(Request::new(purpose.clone(), &ada()), &no_email), Err(RequestError::Email));
        assert_eq!(check(Request::new(purpose, &ada()), &policy()), Ok(()));
    }
    assert_eq!(check(Request::new(Purpose::ISSUED, &ada()), &policy()), Err(RequestError::ReservedPurpose));
}

#[test]
fn a_fallback_is_an_email_beside_a_number_and_proves_nothing() {
    let test = TestRecipient::new(ada(), "123456", Timestamp::MAX).unwrap();
    let (standard, tested) = (policy(), policy().test_recipient(test));
    let falls = |request: Request, policy: &Policy| check(request.fallback(&ada()), policy);
    let refused = Err(RequestError::Fallback);
    assert_eq!(falls(Request::login(&phone()), &standard), Ok(()));
    for purpose in [Purpose::RECOVER, Purpose::parse("pay").unwrap()] {
        assert_eq!(falls(Request::new(purpose, &phone()), &standard), Ok(()));
    }
    for purpose in [Purpose::REGISTER, Purpose::CONFIRM] {
        assert_eq!(falls(Request::new(purpose, &phone()), &standard), refused);
    }
    assert_eq!(falls(Request::login(&phone()), &tested), refused);
    assert_eq!(falls(Request::login(&Recipient::parse("eve@example.org").unwrap()), &standard), refused);
    assert_eq!(check(Request::login(&phone()).fallback(&phone()), &standard), refused);
    assert_eq!(check(login().fallback(&phone()), &standard), refused);
    // It is held to what any address is, and there has to be a text for it.
    let no_email = standard.email_signs_in(false);
    assert_eq!(falls(Request::login(&phone()), &no_email), Err(RequestError::Email));
    let wording = Wording::new("en").sms("{{CODE}}");
    let sms_only = Catalogue::builder().ready_texts(false).wording(wording).build().unwrap();
    let sms = |request| Draft::check(request, &policy(), &sms_only).map(|_| ());
    assert_eq!(sms(Request::login(&phone())), Ok(()));
    let lacking = Err(RequestError::NoText { channel: Channel::Email });
    assert_eq!(sms(Request::login(&phone()).fallback(&ada())), lacking);
    assert_eq!(sms(login()), lacking);
}

#[test]
fn what_is_required_is_bound_and_shown_and_what_is_shown_is_bound() {
    let requires = policy().require("amount");
    let pays = || login().bind("amount", "1 EUR");
    let shows = |request: Request| request.template("{{AMOUNT}}: {{CODE}}");
    let not_bound = Err(RequestError::NotBound { field: Field::Amount });
    let not_shown = Err(RequestError::NotShown { field: Field::Amount });
    assert_eq!(check(shows(pays()), &requires), Ok(()));
    assert_eq!(check(shows(login()), &requires), not_bound);
    assert_eq!(check(shows(login()), &policy()), not_bound);
    assert_eq!(check(pays().template("{{CODE}}"), &requires), not_shown);
    assert_eq!(check(pays().template("{{CODE}}"), &policy()), Ok(()));
    // And so where the words are the catalogue's, all of which that show an amount show a payee, too.
    assert_eq!(check(login(), &requires), not_bound);
    assert_eq!(check(pays(), &requires), Err(RequestError::NotBound { field: Field::Payee }));
    assert_eq!(check(pays().bind("payee", "ACME"), &requires), Ok(()));
    assert_eq!(check(pays(), &policy()), Ok(()));
    // A template needs what it shows of the application's.
    assert!(matches!(check(login().template("{{APP}} {{CODE}}"), &policy()), Err(RequestError::Template(_))));
    let named = Catalogue::builder().application("ACME").build().unwrap();
    let request = login().template("{{APP}} {{CODE}}");
    assert!(Draft::check(request, &policy(), &named).is_ok());
}

#[test]
fn an_sms_takes_no_more_segments_than_the_catalogue_allows() {
    let words = Wording::new("en").sms("{{CODE}}").email("Code", "{{CODE}}");
    let pays = Wording::new("en").sms("{{PAYEE}}: {{AMOUNT}} {{CODE}}");
    let own = Catalogue::builder().ready_texts(false).wording(words).wording(pays);
    let one = own.most_segments(1).build().unwrap();
    let sends = |request| Draft::check(request, &policy(), &one).map(|_| ());
    let words = |count| "x".repeat(count) + "{{CODE}}";
    let longest = 160 - 20; // the longest code
    let sms = || Request::login(&phone());
    assert_eq!(sends(sms().template(words(longest))), Ok(()));
    let refused = Err(RequestError::Segments { segments: 2, most: 1 });
    assert_eq!(sends(sms().template(words(longest + 1))), refused);
    // An email has none, and what it falls back on is one.
    assert_eq!(sends(login().template(words(longest + 1))), Ok(()));
    assert_eq!(sends(sms().template(words(longest + 1)).fallback(&ada())), refused);
    // What is bound is counted where it is shown.
    let payee = |count| sms().bind("payee", "x".repeat(count)).template("{{PAYEE}}{{CODE}}");
    assert_eq!(sends(payee(longest)), Ok(()));
    assert_eq!(sends(payee(longest + 1)), refused);
    let pays = |payee: String| sms().bind("amount", "12.50 EUR").bind("payee", payee);
    assert_eq!(sends(pays("ACME".to_owned())), Ok(()));
    assert_eq!(sends(pays("x".repeat(160))), refused);
    assert_eq!(sends(sms().bind("device", "x".repeat(160))), Ok(()));
}

#[test]
fn an_idempotency_key_has_16_to_255_bytes_and_none_goes_with_a_code_alone() {
    let key = |bytes| login().idempotency_key("k".repeat(bytes));
    for bytes in [16, 255] {
        assert_eq!(check(key(bytes), &policy()), Ok(()));
    }
    for bytes in [0, 15, 256] {
        assert_eq!(check(key(bytes), &policy()), Err(RequestError::IdempotencyKey));
    }
    let alone = policy().otp(otp(Kind::Alpha, 20)).code_alone(CodeAlone::default());
    assert_eq!(check(key(16), &alone), Ok(()));
    assert_eq!(check(key(16).by_code(), &alone), Err(RequestError::IdempotencyKey));
    assert_eq!(check(login().by_code(), &alone), Ok(()));
}

#[test]
fn a_grant_is_in_order() {
    let allows = policy().allow_redirect("https://app.example/");
    let grants = |grant: Grant| check(login().grant(grant), &allows);
    let new = Grant::new;
    for subject in ["s".to_owned(), "s".repeat(255)] {
        assert_eq!(grants(Grant::for_subject(subject)), Ok(()));
    }
    for subject in [String::new(), "s".repeat(256), "two\nlines".to_owned()] {
        assert_eq!(grants(Grant::for_subject(subject)), Err(RequestError::Subject));
    }
    assert_eq!(grants(new().scope("orders:read!~")), Ok(()));
    for scope in ["", "two words", "\"", "\\", "\u{7f}", "\u{e9}"] {
        assert_eq!(grants(new().scope("read").scope(scope)), Err(RequestError::Scope), "{scope}");
    }
    let (second, nanosecond) = (Duration::from_secs(1), Duration::from_nanos(1));
    for lifetime in [second, MAX_TOKEN_LIFETIME] {
        assert_eq!(grants(new().token_lifetime(lifetime)), Ok(()));
    }
    for lifetime in [Duration::ZERO, second + nanosecond, MAX_TOKEN_LIFETIME + second] {
        assert_eq!(grants(new().token_lifetime(lifetime)), Err(RequestError::TokenLifetime));
    }
    assert_eq!(grants(new().redirect_to("https://app.example/")), Ok(()));
    assert_eq!(grants(new().redirect_to("https://app.example/x")), Err(RequestError::Redirect));
    assert_eq!(grants(new().metadata("name", "")), Ok(()));
    for (name, value) in [("", "x"), ("a\tb", "x"), ("x", "a\tb")] {
        assert_eq!(grants(new().metadata(name, value)), Err(RequestError::Metadata));
    }
    // Two bytes beside each of its texts: name and value here.
    let filled = |bytes: usize| new().metadata("x", "y".repeat(bytes - 1 - 2 * 2));
    assert_eq!(grants(filled(MAX_GRANT_BYTES)), Ok(()));
    let bytes = MAX_GRANT_BYTES + 1;
    assert_eq!(grants(filled(bytes)), Err(RequestError::GrantTooLarge { bytes }));
}

#[test]
fn a_principals_scopes_bound_what_is_granted() {
    let desk = || Principal::new("desk").scope("read").scope("write");
    let scopes =
        |grant: Grant| draft(login().grant(grant).requested_by(desk()), &policy()).map(|it| it.grant.scopes);
    assert_eq!(scopes(Grant::new()), Ok(vec!["read".to_owned(), "write".to_owned()]));
    assert_eq!(scopes(Grant::new().scope("write")), Ok(vec!["write".to_owned()]));
    assert_eq!(scopes(Grant::new().scope("write").scope("admin")), Err(RequestError::ScopeNotHeld));
    assert_eq!(check(login().grant(Grant::new().scope("admin")), &policy()), Ok(()));
}

#[test]
fn a_decoy_is_who_has_no_account_to_log_in_to_one_already_to_register_or_may_not_register() {
    let is_decoy = |request: Request, policy: &Policy| {
        draft(request, policy).unwrap_or_else(|error| panic!("{error}")).decoy
    };
    let (open, closed) = (policy(), policy().sign_up(false));
    let register = || Request::register(&ada());
    let recover = || Request::new(Purpose::RECOVER, &ada());
    for (request, decoy, decoy_where_closed) in [
        (login(), false, false),
        (login().account_exists(true), false, false),
        (login().account_exists(false), true, true),
        (recover().account_exists(true), false, false),
        (recover().account_exists(false), true, true),
        (register(), false, true),
        (register().account_exists(false), false, true),
        (register().account_exists(true), true, true),
        (login().decoy(true), true, true),
        (register().decoy(true).account_exists(false), true, true),
    ] {
        assert_eq!(is_decoy(request.clone(), &open), decoy, "{request:?}");
        assert_eq!(is_decoy(request.clone(), &closed), decoy_where_closed, "{request:?}");
    }
}

#[test]
fn what_is_bound_is_checked_and_kept() {
    let bound = draft(login().bind("device", "phone"), &policy()).unwrap_or_else(|error| panic!("{error}"));
    let mut expected = Context::default();
    expected.bind(Field::Device, "phone".to_owned());
    assert!(bound.context.fields().eq(expected.fields()));
    assert!(matches!(check(login().bind("device", ""), &policy()), Err(RequestError::Context(_))));
}
