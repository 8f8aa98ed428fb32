//! What an SMS has beside its words: lines for phones, spelling in GSM-7, and what it costs.

use crate::common::{House, ada, block_on, memory, recipient, seconds};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    Autofill, AutofillError, Catalogue, CatalogueBuilder, CatalogueError, Encoding, ExchangeError, Kind,
    Longest, MemoryStore, Message, Otp, Policy, Receipt, Request, RequestError, Segments, SendError,
    Submission, Wording,
};

const PHONE: &str = "+32470123456";
const HASH: &str = "FA+9qCX9VSu";

fn phone() -> Request {
    Request::login(&recipient(PHONE))
}

/// Texts of a service that says just that, by SMS and by email.
fn says(words: &str) -> CatalogueBuilder {
    let wording = Wording::new("en").sms(words).email("Code", words);
    Catalogue::builder().ready_texts(false).longest(Longest::default().code(6)).wording(wording)
}

fn house(builder: CatalogueBuilder) -> House<MemoryStore> {
    let texts = builder.build().unwrap();
    let policy = Policy::default().allow(Kind::Numeric, 6, 20);
    House::built(memory(), ManualClock::default(), policy, |builder| builder.catalogue(texts))
}

/// What the notifier was handed for that address, and its receipt.
fn sent(house: &House<MemoryStore>, request: Request, to: &str) -> (String, Receipt) {
    let receipt = block_on(house.otp.send(request)).unwrap();
    let text = house.outbox.text_for(&recipient(to)).unwrap().to_string();
    assert_eq!(receipt.expose().text, text, "the receipt has the text that was sent");
    (text, receipt)
}

fn text(builder: CatalogueBuilder, request: Request) -> String {
    let (text, receipt) = sent(&house(builder), request, PHONE);
    text.replace(receipt.expose().code, "CODE")
}

/// Host, code and embedded host, read as a browser does (WICG, section 3): of the last line, with single
/// spaces between its parts.
fn origin_bound(text: &str) -> Option<(&str, &str, Option<&str>)> {
    let parts: Vec<_> = text.rsplit('\n').next()?.split(' ').collect();
    let (host, code) = (parts.first()?.strip_prefix('@')?, parts.get(1)?.strip_prefix('#')?);
    let embedded = parts.get(2).map(|part| part.strip_prefix('@').ok_or(())).transpose().ok()?;
    let whole = parts.len() <= 3 && ![Some(host), Some(code), embedded].contains(&Some(""));
    whole.then_some((host, code, embedded))
}

#[test]
fn the_line_of_a_website_is_the_last_and_the_hash_of_an_app_stands_before_it() {
    let website = || Autofill::website("app.example");
    let cases = [
        (website(), "\n\n@app.example #CODE".to_owned()),
        (website().embedded("pay.example"), "\n\n@app.example #CODE @pay.example".to_owned()),
        (Autofill::android(HASH), format!("\n\n{HASH}")),
        (website().android_app(HASH), format!("\n\n{HASH}\n@app.example #CODE")),
        (
            website().embedded("pay.example").android_app(HASH),
            format!("\n\n{HASH}\n@app.example #CODE @pay.example"),
        ),
        (Autofill::default(), String::new()),
    ];
    for (autofill, lines) in cases {
        let texts = || says("Code: {{CODE}}").autofill(autofill.clone());
        let otp = Otp::default().template("Otp: {{CODE}}").unwrap();
        assert_eq!(text(texts(), phone()), format!("Code: CODE{lines}"));
        assert_eq!(text(texts(), phone().template("My {{CODE}}")), format!("My CODE{lines}"));
        assert_eq!(text(texts(), phone().otp(otp)), format!("Otp: CODE{lines}"));
        let ready = text(texts().ready_texts(true), phone().locale("fr"));
        assert!(ready.starts_with("CODE ") && ready.ends_with(&lines), "{ready}");
        let house = house(texts());
        let (email, receipt) = sent(&house, Request::login(&ada()), "ada@example.org");
        assert_eq!(email, format!("Code: {}", receipt.expose().code), "an email has none of it");
    }
}

/// Whoever chooses a payee, say, writes into the message, too.
#[test]
fn no_words_before_it_can_pass_for_the_line() {
    let forged = "@evil.example #000000";
    for words in ["{{CODE}} {{PAYEE}}", "{{CODE}}\n{{PAYEE}}", "{{CODE}}\n\n{{PAYEE}}", "{{PAYEE}}\n{{CODE}}"]
    {
        for host in [None, Some("pay.example")] {
            let website = Autofill::website("app.example");
            let website = host.into_iter().fold(website, Autofill::embedded);
            let house = house(says("{{CODE}}").wording(Wording::new("en").sms(words)).autofill(website));
            let (text, receipt) = sent(&house, phone().bind("payee", forged), PHONE);
            assert!(text.contains(forged));
            assert_eq!(origin_bound(&text), Some(("app.example", receipt.expose().code, host)), "{text}");
        }
    }
    for bad in
        ["@a.example #1\n", "@a.example  #1", "@a.example #1 ", "@a.example", "@a.example #1 b.example"]
    {
        assert_eq!(origin_bound(bad), None, "{bad:?}");
    }
}

/// What Google's limit of 140 is held against: it does not say which bytes, so those of UTF-8 and those on
/// the way both have to fit.
fn bytes(whole: &str) -> usize {
    let sent = match Segments::of(whole).encoding {
        Encoding::Gsm7 => 0, // less than in UTF-8
        Encoding::Ucs2 => 2 * whole.encode_utf16().count(),
    };
    whole.len().max(sent)
}

#[test]
fn the_hash_is_left_out_of_a_text_of_more_than_140_bytes_and_of_no_other() {
    for (website, site) in [(None, ""), (Some("app.example"), "\n@app.example #CODE")] {
        let autofill = website.map_or_else(Autofill::default, Autofill::website).android_app(HASH);
        let builder = says("{{CODE}}").autofill(autofill.clone());
        for (filler, shortest_without) in [("a", 141), ("é", 141), ("€", 141), ("ж", 142), ("😀", 142)]
        {
            let (mut longest_with, mut without) = (0, usize::MAX);
            for (few, many) in (0..4).flat_map(|few| (0..140).map(move |many| (few, many))) {
                let words = format!("{{{{CODE}}}} {}{}", "a".repeat(few), filler.repeat(many));
                let filled = words.replace("{{CODE}}", "CODE");
                let whole = format!("{filled}\n\n{HASH}{site}");
                let length = bytes(&whole.replace("CODE", "123456"));
                if !(130..=150).contains(&length) {
                    continue;
                }
                let expected = if length <= 140 {
                    longest_with = longest_with.max(length);
                    whole
                } else {
                    without = without.min(length);
                    if site.is_empty() { filled } else { format!("{filled}\n{site}") }
                };
                let texts = || says(&words).autofill(autofill.clone());
                assert_eq!(text(texts(), phone()), expected, "{words}");
                assert_eq!(text(builder.clone(), phone().template(&words)), expected, "{words}");
                let lint = &texts().build().unwrap().lint()[0];
                assert_eq!(lint.without_android, length > 140, "{words}");
                assert_eq!(lint.to_string().contains("SMS Retriever"), length > 140, "{lint}");
            }
            assert_eq!((longest_with, without), (140, shortest_without), "{filler}");
        }
    }
}

/// Codes get longer where the accepted risk is spent: the room is that of the code that is sent.
#[test]
fn a_longer_code_may_leave_no_room_for_the_hash() {
    let words = format!("{{{{CODE}}}} {}", "a".repeat(120));
    let house = house(says(&words).autofill(Autofill::android(HASH)));
    let code = |length| Otp::new(Kind::Numeric, length).unwrap();
    let to = |number| recipient(&format!("+3247012345{number}"));
    let (short, _) = sent(&house, Request::login(&to(1)).otp(code(6)), to(1).address());
    assert_eq!((short.len(), short.ends_with(HASH)), (140, true));
    let (long, _) = sent(&house, Request::login(&to(2)).otp(code(7)), to(2).address());
    assert_eq!((long.len(), long.contains(HASH)), (128, false));
}

#[test]
fn hosts_and_hashes_that_phones_would_not_know_are_refused() {
    let built = |autofill: Autofill| match says("{{CODE}}").autofill(autofill).build() {
        Ok(_) => Ok(()),
        Err(CatalogueError::Autofill(why)) => Err(why),
        Err(other) => panic!("{other}"),
    };
    let long =
        format!("{}.example", ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(55)].join("."));
    assert_eq!(long.len(), 255);
    for good in ["app.example", "a-b.c.example", "xn--bcher-kva.example", "App.Example", "localhost", &long] {
        assert_eq!(built(Autofill::website(good)), Ok(()), "{good}");
        assert_eq!(built(Autofill::website("a.example").embedded(good)), Ok(()), "{good}");
    }
    let (label, longer) = ("a".repeat(64), format!("e{long}"));
    for bad in [
        "",
        ".",
        "app.example.",
        "app..example",
        "app.example:443",
        "https://app.example",
        "//app.example",
        "app.example/code",
        "app.example?a",
        "app.example#1",
        "user@app.example",
        "@app.example",
        "bücher.example",
        "192.0.2.1",
        "[2001:db8::1]",
        "2001:db8::1",
        "app example",
        " app.example",
        "app.example\n@evil.example",
        "*.example",
        "-a.example",
        "a_b.example",
        "{{PAYEE}}.example",
        &label,
        &longer,
    ] {
        assert_eq!(built(Autofill::website(bad)), Err(AutofillError::Host), "{bad:?}");
        assert_eq!(built(Autofill::website("a.example").embedded(bad)), Err(AutofillError::Host), "{bad:?}");
    }
    for good in [HASH, "AAAAAAAAAAA", "+/+/+/+/+/+", "0123456789z"] {
        assert_eq!(built(Autofill::android(good)), Ok(()), "{good}");
    }
    for bad in [
        "",
        "FA+9qCX9VS",
        "FA+9qCX9VSu=",
        "FA-9qCX9VSu",
        "FA_9qCX9VSu",
        "FA+9qCX9VS\n",
        "FA+9qCX9 Su",
        "ÄÄÄÄÄA",
    ] {
        assert_eq!(built(Autofill::android(bad)), Err(AutofillError::AndroidApp), "{bad:?}");
    }
    assert_eq!(built(Autofill::default().embedded("a.example")), Err(AutofillError::Embedded));
}

#[test]
fn a_text_is_spelled_in_gsm_7_as_a_whole_or_not_at_all() {
    let words = "Votre code reçu : {{CODE}} — “{{PAYEE}}”";
    let shown = |transliterate, payee: &str| {
        text(says("{{CODE}}").wording(Wording::new("en").sms(words)).transliterate(transliterate), {
            phone().bind("payee", payee)
        })
    };
    let encoding = |text: &str| Segments::of(text).encoding;
    assert_eq!(shown(false, "Çağ"), "Votre code reçu : CODE — “Çağ”", "not unless it is asked for");
    let spelled = shown(true, "Çağ");
    assert_eq!((spelled.as_str(), encoding(&spelled)), ("Votre code recu : CODE - \"Çag\"", Encoding::Gsm7));
    // One letter that has no spelling, and all stays as it was.
    assert_eq!(shown(true, "Çağ Ж"), "Votre code reçu : CODE — “Çağ Ж”");
    assert_eq!(text(says("{{CODE}}").transliterate(true), phone().template("{{CODE}} reçu")), "CODE recu");
    assert_eq!(text(says("{{CODE}}"), phone().template("{{CODE}} reçu")), "CODE reçu");
    let house = house(says(words.split(" —").next().unwrap()).transliterate(true));
    let (email, _) = sent(&house, Request::login(&ada()), "ada@example.org");
    assert!(email.starts_with("Votre code reçu"), "an email costs the same in any spelling");
}

/// The payee is shown in other letters; who is paid does not change by that.
#[test]
fn what_a_code_is_bound_to_is_shown_in_gsm_7_and_checked_as_it_was() {
    let house = house(says("{{CODE}} for you").transliterate(true));
    let request = phone().bind("payee", "Çağ").template("{{CODE}} {{PAYEE}}");
    let (text, receipt) = sent(&house, request, PHONE);
    let code = receipt.expose().code;
    assert_eq!(text, format!("{code} Çag"));
    let submit = |payee| {
        let submission = Submission::by_id(&receipt.otp_id, code).login().bind("payee", payee);
        block_on(house.otp.exchange(submission))
    };
    assert!(matches!(submit("Çag"), Err(ExchangeError::Refused(_))), "as it was shown");
    assert!(submit("Çağ").is_ok(), "as it was bound");
}

#[test]
fn a_receipt_counts_the_segments_of_just_what_was_sent() {
    let website = Autofill::website("app.example");
    let lines = "\n\n@app.example #123456".len();
    // Filler, and what one segment and two of it hold.
    for (filler, one, two) in [("a", 160, 306), ("ж", 70, 134)] {
        for (length, segments) in [(one, 1), (one + 1, 2), (two, 2), (two + 1, 3)] {
            for with_lines in [false, true] {
                let used = 6 + if with_lines { lines } else { 0 };
                let texts = says(&format!("{{{{CODE}}}}{}", filler.repeat(length - used)));
                let house = house(if with_lines { texts.autofill(website.clone()) } else { texts });
                let (text, receipt) = sent(&house, phone(), PHONE);
                let handed = house.outbox.read(&recipient(PHONE), Message::segments).unwrap();
                let counted = Segments::of(&text);
                assert_eq!((counted.segments, counted.units), (segments, length), "{filler}");
                assert_eq!((receipt.total_messages(), handed), (segments, Some(counted)));

                let decoy = Request::login(&recipient("+32470123457")).decoy(true);
                let decoy = block_on(house.otp.send(decoy)).unwrap();
                assert_eq!(decoy.total_messages(), segments, "as if it were sent");
                assert_eq!(house.outbox.total(), 1, "and is not");

                let email = Request::login(&ada());
                assert_eq!(sent(&house, email, "ada@example.org").1.total_messages(), 1);
                assert_eq!(house.outbox.read(&ada(), Message::segments), Some(None));
            }
        }
    }
}

#[test]
fn a_later_delivery_is_counted_anew() {
    let house = house(says("{{CODE}}"));
    let words = format!("{{{{CODE}}}} {{{{MINUTES}}}}{}", "ж".repeat(62));
    let (text, first) = sent(&house, phone().lifetime(seconds(600)).template(words), PHONE);
    assert_eq!((Segments::of(&text).units, first.total_messages()), (71, 2), "ten minutes");
    house.clock.advance(seconds(61));
    let again = block_on(house.otp.deliver(&first.otp_id)).unwrap();
    let text = house.outbox.text_for(&recipient(PHONE)).unwrap();
    assert_eq!((again.expose().text, again.total_messages()), (text.as_str(), 1));
    assert_eq!(Segments::of(&text).units, 70, "eight minutes");
}

/// The longest request that still fits, and one unit more: a single message must not cost many.
#[test]
fn no_request_takes_more_segments_than_the_catalogue_allows() {
    let with = |builder: CatalogueBuilder, payee: usize| {
        let request = phone().bind("payee", "x".repeat(payee));
        block_on(house(builder).otp.send(request)).map(|receipt| receipt.total_messages())
    };
    let too_many = |segments, most| {
        move |found: Result<usize, SendError>| match found {
            Err(SendError::Request(error @ RequestError::Segments { .. })) => {
                assert_eq!(error, RequestError::Segments { segments, most });
                assert!(error.to_string().contains(&format!("{segments} segments")), "{error}");
            }
            other => panic!("{other:?}"),
        }
    };
    let shows = || says("{{CODE}}").wording(Wording::new("en").sms("{{CODE}} {{PAYEE}}")).most_segments(1);
    assert!(matches!(with(shows(), 153), Ok(1)));
    too_many(2, 1)(with(shows(), 154));
    // Ten unless the catalogue says otherwise, and a template of the request is held to it too.
    let repeats = |times: usize, payee: usize| {
        let template = "{{PAYEE}}".repeat(times) + "{{CODE}}";
        let request = phone().bind("payee", "x".repeat(payee)).template(template);
        block_on(house(says("{{CODE}}")).otp.send(request)).map(|receipt| receipt.total_messages())
    };
    assert!(matches!(repeats(4, 381), Ok(10)));
    too_many(11, 10)(repeats(4, 382));
    too_many(172, 10)(repeats(52, 505));
    // By email it is one message, however long; a decoy is refused alike.
    let email = Request::login(&ada())
        .bind("payee", "x".repeat(505))
        .template("{{PAYEE}}{{PAYEE}}{{PAYEE}}{{PAYEE}}{{CODE}}");
    assert!(block_on(house(says("{{CODE}}")).otp.send(email)).is_ok());
    let decoy = phone().decoy(true).bind("payee", "x".repeat(154));
    too_many(2, 1)(block_on(house(shows()).otp.send(decoy)).map(|receipt| receipt.total_messages()));
}
