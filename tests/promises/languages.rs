//! Which words a message is in: the nearest language there is, in it what fits the code best, and never an
//! error for what a stranger calls a language.

mod beside;

use crate::common::{House, ada, block_on, keyring, memory, recipient, seconds};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    BuildError, Catalogue, CatalogueBuilder, CatalogueError, Channel, Exchanger, Field, Kind, MemoryStore,
    Message, Otp, Outbox, Policy, PolicyError, Request, RequestError, SendError, Submission, TemplateError,
    Wording,
};

/// What a notifier was handed.
#[derive(Debug, PartialEq)]
struct Letter {
    text: String,
    subject: Option<String>,
    html: Option<String>,
    language: Option<String>,
    locale: Option<String>,
}

fn letter(message: &Message) -> Letter {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Letter {
        text: message.expose_text().replace(message.expose_code(), "CODE"),
        subject: owned(message.expose_subject()),
        html: owned(message.expose_html()),
        language: owned(message.language()),
        locale: owned(message.locale()),
    }
}

fn house(texts: &Catalogue, policy: Policy) -> House<MemoryStore> {
    House::built(memory(), ManualClock::default(), policy, |builder| builder.catalogue(texts.clone()))
}

fn sent(texts: &Catalogue, request: Request, to: &str) -> Letter {
    let house = house(texts, Policy::default());
    block_on(house.otp.send(request)).unwrap();
    house.outbox.read(&recipient(to), letter).unwrap()
}

fn refused(texts: &Catalogue, request: Request) -> RequestError {
    let house = house(texts, Policy::default());
    match block_on(house.otp.send(request)) {
        Err(SendError::Request(why)) => {
            assert_eq!((house.calls(), house.outbox.total()), ((0, 0), 0), "nothing is stored or sent");
            why
        }
        other => panic!("{other:?}"),
    }
}

const PHONE: &str = "+32470123456";

/// Language, text and locale of an SMS to whoever asks for that language.
fn asked(texts: &Catalogue, tag: &str) -> (String, String, Option<String>) {
    let letter = sent(texts, Request::login(&recipient(PHONE)).locale(tag), PHONE);
    (letter.language.unwrap(), letter.text, letter.locale)
}

fn own(builder: CatalogueBuilder, wordings: &[(&str, &str)]) -> CatalogueBuilder {
    wordings.iter().fold(builder, |builder, (locale, sms)| builder.wording(Wording::new(*locale).sms(*sms)))
}

#[test]
fn a_language_is_the_nearest_there_is() {
    let belgian = [("fr-BE", "{{CODE}} (fr-BE)"), ("de_AT", "{{CODE}} (de-AT)")];
    let texts = own(Catalogue::builder(), &belgian).build().unwrap();
    for (tag, language) in [
        ("fr-BE", "fr-BE"),
        ("FR-be", "fr-BE"),
        ("fr_BE", "fr-BE"),
        ("fr-BE-x-home", "fr-BE"),
        ("fr-Latn-BE", "fr"), // cut from the end, as RFC 4647 has it
        ("fr-CA", "fr"),
        ("fr", "fr"),
        ("de-AT-1996", "de-AT"),
        ("de-CH", "de"),
        ("pt-BR", "pt-BR"),
        ("pt-PT", "pt"),
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("zh-Hans-CN", "zh"),
        ("zh-TW", "zh-Hant"),
        ("zh_HK", "zh-Hant"),
        ("zh-Hant-TW", "zh-Hant"),
        ("yue-HK", "zh-Hant"),
        ("no", "nb"),
        ("nn-NO", "nb"),
        ("iw", "he"),
        ("IW-il", "he"),
        ("in-ID", "id"),
        ("mo", "ro"),
        ("xx", "en"),
        ("fra", "en"), // of another length, so of another language
        ("x-fr", "en"),
    ] {
        let (found, text, locale) = asked(&texts, tag);
        assert_eq!(found, language, "{tag}");
        assert_eq!(locale, Some(tag.replace('_', "-")), "{tag}");
        if ["fr-BE", "de-AT"].contains(&language) {
            assert_eq!(text, format!("CODE ({language})"), "{tag}");
        }
    }
    let nobody = sent(&texts, Request::login(&recipient(PHONE)), PHONE);
    assert_eq!((nobody.language.as_deref(), nobody.locale), (Some("en"), None));
}

/// It comes from a header that anybody can send.
#[test]
fn what_is_no_tag_is_no_error_and_reaches_nobody() {
    let texts = Catalogue::default();
    let (longest, longer) =
        ("fr-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaa".to_owned(), "fr-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaa".to_owned());
    assert_eq!((longest.len(), longer.len()), (35, 36));
    assert_eq!(asked(&texts, &longest).0, "fr");
    for list in ["fr;q=0.9", "fr-BE,fr;q=0.9", "fr, en;q=0.5"] {
        assert_eq!(asked(&texts, list).0, "fr", "the first of an Accept-Language");
    }
    let many = ["fr-".repeat(4_000), "f".repeat(10_000), format!("fr{}", "-be".repeat(3_000))];
    let few = [
        "",
        "-",
        "fr-",
        "-fr",
        "fr--BE",
        " fr",
        "fr BE",
        "fr\r\nBcc: eve@example.org",
        "fr\n",
        "fr\0",
        "\u{202e}fr",
        "français",
        "ｆｒ",
        "frfrfrfrf",
        ",fr",
        "fr/../en",
        "{{CODE}}",
        "'; DROP TABLE codes; --",
    ];
    for tag in few.into_iter().chain(many.iter().map(String::as_str)).chain([&*longer]) {
        let (language, _, locale) = asked(&texts, tag);
        assert_eq!((&*language, locale), ("en", None), "{tag:?}");
        let seen = house(&texts, Policy::default());
        let issued = block_on(seen.otp.issue(Request::login(&ada()).locale(tag))).unwrap();
        assert!(block_on(seen.otp.deliver(&issued.otp_id)).is_ok(), "{tag:?}");
    }
}

#[test]
fn an_alias_leads_to_a_service_s_own_words() {
    let words = [("zh-Hant", "{{CODE}} own"), ("nb", "{{CODE}} own")];
    let texts = own(Catalogue::builder(), &words).build().unwrap();
    for tag in ["zh-Hant", "zh-TW", "zh-HK", "yue", "nb", "no", "nn-NO"] {
        assert_eq!(asked(&texts, tag).1, "CODE own", "{tag}");
    }
    assert_ne!(asked(&texts, "zh").1, "CODE own");

    // Words for the alias itself hold before those it leads to; where they fall silent, those hold.
    let taiwan = Wording::new("zh-TW").purpose("login").sms("{{CODE}} Taiwan");
    let texts = own(Catalogue::builder(), &words).wording(taiwan).build().unwrap();
    assert_eq!(asked(&texts, "zh-TW"), ("zh-TW".into(), "CODE Taiwan".into(), Some("zh-TW".into())));
    let registers = Request::register(&recipient(PHONE)).locale("zh-TW");
    let letter = sent(&texts, registers, PHONE);
    assert_eq!((letter.text.as_str(), letter.language.as_deref()), ("CODE own", Some("zh-Hant")));
    assert_eq!(asked(&texts, "zh-HK").1, "CODE own");
}

#[test]
fn in_one_language_the_purpose_decides_and_then_what_shows_the_most() {
    let any = |sms| Wording::new("en").sms(sms);
    let builder = Catalogue::builder()
        .wording(any("{{CODE}} any"))
        .wording(any("{{CODE}} any {{AMOUNT}}"))
        .wording(any("{{CODE}} any {{AMOUNT}} {{PAYEE}}"))
        .wording(any("{{CODE}} any {{TENANT}} {{DEVICE}}"))
        .wording(any("{{CODE}} pay").purpose("pay"))
        .wording(any("{{CODE}} pay {{PAYEE}}").purpose("pay"))
        .wording(any("{{CODE}} check {{PAYEE}}").purpose("check"));
    let texts = builder.ready_texts(false).build().unwrap();
    let values = [("amount", "1 EUR"), ("payee", "ACME"), ("tenant", "T"), ("device", "D")];
    for (purpose, bound, text) in [
        ("login", &[][..], "CODE any"),
        ("login", &[0], "CODE any 1 EUR"),
        ("login", &[1], "CODE any"), // what shows the amount as well is passed over
        ("login", &[0, 1], "CODE any 1 EUR ACME"),
        ("login", &[2, 3], "CODE any T D"),
        ("login", &[0, 1, 2, 3], "CODE any 1 EUR ACME"), // as many each: the one written first
        ("pay", &[], "CODE pay"),
        ("pay", &[0], "CODE pay"), // of the purpose, though another shows more
        ("pay", &[0, 1], "CODE pay ACME"),
        ("Pay", &[0], "CODE any 1 EUR"), // another purpose
        ("check", &[1], "CODE check ACME"),
        ("check", &[], "CODE any"), // its only text shows what is not bound
    ] {
        let request = bound.iter().fold(Request::new(purpose, &recipient(PHONE)), |request, index| {
            request.bind(values[*index].0, values[*index].1)
        });
        assert_eq!(sent(&texts, request, PHONE).text, text, "{purpose} {bound:?}");
    }
}

#[test]
fn own_words_take_the_place_of_ready_ones_that_show_the_same() {
    let words = [("en", "{{CODE}} mine"), ("fr-BE", "{{CODE}} à moi")];
    let plain = own(Catalogue::builder(), &words).build().unwrap();
    let request = |locale| Request::login(&recipient(PHONE)).locale(locale);
    let payment = |locale| request(locale).bind("amount", "1 EUR").bind("payee", "ACME");
    assert_eq!(sent(&plain, request("en"), PHONE).text, "CODE mine");
    let ready = sent(&Catalogue::default(), payment("en"), PHONE);
    assert!(ready.text.contains("1 EUR") && ready.text.contains("ACME"), "{ready:?}");
    assert_eq!(sent(&plain, payment("en"), PHONE).text, ready.text, "it shows the most");
    assert_eq!(sent(&plain, payment("fr-BE"), PHONE).text, "CODE à moi", "no ready text is in Belgian");
    assert_eq!(sent(&plain, request("en").bind("payee", "ACME"), PHONE).text, "CODE mine");

    let pays = [("en", "{{AMOUNT}} for {{PAYEE}}: {{CODE}}")];
    let texts = own(Catalogue::builder(), &pays).build().unwrap();
    assert_eq!(sent(&texts, payment("en"), PHONE).text, "1 EUR for ACME: CODE");
    let untouched = sent(&Catalogue::default(), request("en"), PHONE);
    assert_eq!(sent(&texts, request("en"), PHONE).text, untouched.text);
    // Words for an SMS say nothing of an email.
    let email = |texts| sent(texts, Request::login(&ada()), "ada@example.org");
    assert_eq!(email(&texts), email(&Catalogue::default()));
}

#[test]
fn an_email_needs_what_any_part_of_it_shows() {
    let plain = Wording::new("en").email("Your code", "{{CODE}}");
    let subject = Wording::new("en").email("Pay {{AMOUNT}}", "{{CODE}} amount");
    let html = Wording::new("en").email("Pay", "{{CODE}} payee").html("<p>{{PAYEE}}: {{CODE}}");
    let builder = Catalogue::builder().wording(plain).wording(subject).wording(html);
    let texts = builder.ready_texts(false).build().unwrap();
    let request = || Request::login(&ada());
    for (request, text) in [
        (request(), "CODE"),
        (request().bind("amount", "1 EUR"), "CODE amount"),
        (request().bind("payee", "ACME"), "CODE payee"),
        (request().bind("device", "D"), "CODE"),
    ] {
        assert_eq!(sent(&texts, request, "ada@example.org").text, text);
    }
}

#[test]
fn a_language_that_has_nothing_fitting_leaves_it_to_the_next() {
    let pays = Wording::new("fr").sms("{{CODE}} pour {{PAYEE}}");
    let builder = own(Catalogue::builder(), &[("en", "{{CODE}} any")]).wording(pays).ready_texts(false);
    let texts = builder.build().unwrap();
    let request = || Request::login(&recipient(PHONE)).locale("fr-BE");
    let letter = sent(&texts, request(), PHONE);
    assert_eq!((letter.text.as_str(), letter.language.as_deref()), ("CODE any", Some("en")));
    let letter = sent(&texts, request().bind("payee", "ACME"), PHONE);
    assert_eq!((letter.text.as_str(), letter.language.as_deref()), ("CODE pour ACME", Some("fr")));
}

#[test]
fn the_default_language_is_looked_up_like_any_other() {
    let default = |tag: &str| Catalogue::builder().default_locale(tag).build();
    for (tag, language) in
        [("nl", "nl"), ("NL", "nl"), ("en-GB", "en"), ("no", "nb"), ("zh-TW", "zh-Hant"), ("fr_BE", "fr")]
    {
        let texts = default(tag).unwrap();
        assert_eq!(asked(&texts, "xx").0, language, "{tag}");
        assert_eq!(asked(&texts, "de").0, "de", "{tag}");
        assert_eq!(
            sent(&texts, Request::login(&ada()), "ada@example.org").language.as_deref(),
            Some(language)
        );
    }
    let none = |locale: &str| CatalogueError::NoDefault { locale: locale.to_owned() };
    assert_eq!(default("xx-Latn").unwrap_err(), none("xx-Latn"));
    assert!(none("xx-Latn").to_string().contains("xx-Latn"));
    // A default that says something only if it is asked for the right thing is none.
    let dutch = || Catalogue::builder().ready_texts(false).default_locale("nl-BE");
    let sms = |sms| Wording::new("nl").sms(sms);
    for wording in
        [sms("{{CODE}}").purpose("login"), sms("{{CODE}} {{PAYEE}}"), Wording::new("en").sms("{{CODE}}")]
    {
        assert_eq!(dutch().wording(wording).build().unwrap_err(), none("nl-BE"));
    }
    assert!(dutch().wording(sms("{{CODE}}")).build().is_ok());
    let mail = Wording::new("fr").email("Code", "{{CODE}}");
    assert_eq!(dutch().wording(sms("{{CODE}}")).wording(mail).build().unwrap_err(), none("nl-BE"));
}
