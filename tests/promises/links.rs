//! A link fills the code in and gives it to nobody else: what it holds stands in the fragment, which browsers
//! and mail scanners keep to themselves.

use std::collections::BTreeSet;

use crate::common::{House, ada, block_on, client, desk, memory, recipient, seconds};
use otp_exchange::testkit::ManualClock;
use otp_exchange::{
    Catalogue, CatalogueBuilder, CatalogueError, Kind, MAX_CODE_LENGTH, MemoryStore, Otp, OtpId, Policy,
    Receipt, Request, Submission, Wording,
};

const PAGE: &str = "https://app.example/code?from=mail&lang=nl";
const PHONE: &str = "+32470123456";

fn house(builder: CatalogueBuilder, policy: Policy) -> House<MemoryStore> {
    let texts = builder.build().unwrap();
    House::built(memory(), ManualClock::default(), policy, |builder| builder.catalogue(texts))
}

/// Emails that are nothing but the link and the code, in HTML as well.
fn bare() -> CatalogueBuilder {
    let html = "<a href=\"{{LINK}}\">{{LINK}}</a> {{CODE}}";
    let words = Wording::new("en").email("Code", "{{LINK}} {{CODE}}").html(html).sms("{{LINK}} {{CODE}}");
    Catalogue::builder().ready_texts(false).link(PAGE).wording(words)
}

/// The only link in a text.
fn link(text: &str) -> &str {
    let mut links = text.split_ascii_whitespace().filter(|word| word.starts_with("https://"));
    let link = links.next().expect("a link");
    assert_eq!(links.next(), None, "one");
    link
}

/// What goes out over the network when something fetches a link (RFC 9110, 7.1), and what the page's own
/// script finds in `location.hash`.
fn fetched(link: &str) -> (&str, &str) {
    link.split_once('#').unwrap_or((link, ""))
}

/// `new URLSearchParams(fragment)`, of which `get` finds the first (WHATWG URL, 5.1).
fn parameters(fragment: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
        while let [first, tail @ ..] = rest {
            let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
            let escaped = hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
            bytes.push(escaped.unwrap_or(if *first == b'+' { b' ' } else { *first }));
            rest = if escaped.is_some() { &tail[2..] } else { tail };
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let pairs = fragment.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(k, v)| (decoded(k), decoded(v)))
        .collect()
}

#[test]
fn parameters_are_read_as_browsers_do() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let read = parameters("a=1+2%2B&&b=%41=%zz%4&c");
    assert_eq!(read, [pair("a", "1 2+"), pair("b", "A=%zz%4"), pair("c", "")]);
}

/// Sends, and reads the link as the page does.
fn filled_in(
    house: &House<MemoryStore>,
    request: Request,
    to: &str,
) -> (Receipt, String, Vec<(String, String)>) {
    let receipt = block_on(house.otp.send(request)).unwrap();
    let text = house.outbox.text_for(&recipient(to)).unwrap();
    let (sent_out, fragment) = fetched(link(&text));
    (receipt, sent_out.to_owned(), parameters(fragment))
}

#[test]
fn a_link_has_the_otp_id_and_the_code_that_work() {
    for (to, house) in
        [("ada@example.org", house(bare(), Policy::default())), (PHONE, house(bare(), Policy::default()))]
    {
        let (receipt, _, first) = filled_in(&house, Request::login(&recipient(to)), to);
        house.clock.advance(seconds(60));
        block_on(house.otp.deliver(&receipt.otp_id)).unwrap();
        let text = house.outbox.text_for(&recipient(to)).unwrap();
        for found in [first, parameters(fetched(link(&text)).1)] {
            let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["otp_id", "code"]);
            assert_eq!(found[1].1, receipt.expose().code);
            let otp_id: OtpId = found[0].1.parse().unwrap();
            assert_eq!(block_on(house.otp.status(&otp_id)).unwrap().attempts_left, 5);
        }
        let found = parameters(fetched(link(&text)).1);
        let submission = Submission::by_id(&found[0].1.parse().unwrap(), &found[1].1).login();
        assert!(block_on(house.otp.exchange(submission)).is_ok());
    }
}

/// A scanner fetches what is before the fragment, some with a script that fills the form in. Neither the
/// request nor its log names the code, and nothing is spent by it.
#[test]
fn whoever_fetches_a_link_sends_nothing_that_was_in_it() {
    let house = house(bare(), Policy::default());
    let (receipt, sent_out, found) = filled_in(&house, Request::login(&ada()), "ada@example.org");
    assert_eq!(sent_out, PAGE, "the same for everybody");
    for (_, secret) in &found {
        assert!(!sent_out.contains(secret.as_str()));
    }
    assert_eq!(block_on(house.otp.status(&receipt.otp_id)).unwrap().attempts_left, 5);
    let submission = Submission::by_id(&receipt.otp_id, receipt.expose().code).login();
    assert!(block_on(house.otp.exchange(submission)).is_ok(), "the person after it is let in");
    // A link as others make it would be found by this.
    let (sent_out, _) = fetched("https://app.example/code?code=123456#top");
    assert!(sent_out.contains("123456"));
}

/// So the page needs no decoding, whichever way it reads them.
#[test]
fn nothing_in_a_link_is_escaped_and_nothing_needs_to_be() {
    let policy =
        Kind::ALL.into_iter().fold(Policy::default(), |policy, kind| policy.allow(kind, 6, MAX_CODE_LENGTH));
    let house = house(bare(), policy);
    let mut used = BTreeSet::new();
    for number in 0..4_000_u16 {
        let to = format!("a{number}@example.org");
        let length = 6 + u8::try_from(number % 15).unwrap();
        let otp = Otp::new(Kind::ALL[usize::from(number) % 4], length).unwrap();
        let (receipt, sent_out, found) = filled_in(&house, Request::login(&recipient(&to)).otp(otp), &to);
        let text = house.outbox.text_for(&recipient(&to)).unwrap();
        let (_, fragment) = fetched(link(&text));
        let plain = format!("otp_id={}&code={}", found[0].1, found[1].1);
        assert_eq!((sent_out.as_str(), fragment), (PAGE, &*plain), "what is read is what stands there");
        assert_eq!(found[1].1, receipt.expose().code);
        assert_eq!(found[0].1.len(), 87);
        assert_eq!(found[0].1.parse::<OtpId>().unwrap().to_string(), found[0].1);
        used.extend(found.into_iter().flat_map(|(_, value)| value.into_bytes()));
    }
    let unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    assert!(used.iter().all(unreserved), "{used:?}");
    assert_eq!(used.len(), 64, "all of base64url was seen");
}

#[test]
fn a_link_names_no_otp_id_where_the_code_does_not_answer_to_it() {
    let to = "ada@example.org";
    let only_code = |house: &House<MemoryStore>, request: Request| {
        let (receipt, _, found) = filled_in(house, request, to);
        assert_eq!(found, [("code".to_owned(), receipt.expose().code.to_owned())]);
        let text = house.outbox.text_for(&ada()).unwrap();
        assert!(!text.contains("otp_id") && !text.contains(&receipt.otp_id.to_string()));
        found[0].1.clone()
    };
    let known = house(bare(), Policy::default());
    let code = only_code(&known, Request::login(&ada()).by_recipient());
    let submission = Submission::by_recipient(&ada(), &code).login();
    assert!(block_on(known.otp.exchange(submission)).is_ok());

    let alone = house(bare(), Policy::slingr());
    let code = only_code(&alone, Request::login(&ada()).by_code().requested_by(desk()));
    assert!(block_on(alone.otp.exchange(Submission::by_code(&code).client(client(1)).login())).is_ok());
}

#[test]
fn in_html_a_link_is_one_attribute_and_nothing_more() {
    for page in [PAGE, "https://app.example/\"onclick=\"alert(1)", "https://app.example/'><script>"] {
        let texts = || Catalogue::builder().link(page);
        for texts in [
            texts(),
            texts().wording(
                Wording::new("en")
                    .email("Code", "{{LINK}} {{CODE}}")
                    .html("<a href=\"{{LINK}}\">{{LINK}}</a> {{CODE}}"),
            ),
        ] {
            let house = house(texts, Policy::default());
            block_on(house.otp.send(Request::login(&ada()))).unwrap();
            let text = house.outbox.text_for(&ada()).unwrap();
            let html =
                house.outbox.read(&ada(), |message| message.expose_html().unwrap().to_owned()).unwrap();
            let (_, rest) = html.split_once("<a href=\"").unwrap();
            let (target, rest) = rest.split_once("\">").unwrap();
            assert!(!target.contains(['"', '<', '>', '\'']), "{target}");
            let unescaped = ["&quot;\"", "&lt;<", "&gt;>", "&#39;'", "&amp;&"].iter().fold(
                target.to_owned(),
                |target, entity| {
                    let (name, character) = entity.split_at(entity.len() - 1);
                    target.replace(name, character)
                },
            );
            assert_eq!(unescaped, link(&text));
            let (shown, _) = rest.split_once("</a>").unwrap();
            assert!(!shown.contains(['"', '<', '>', '\'']), "{shown}");
            assert!(!html.contains("<script"), "{html}");
        }
    }
}

#[test]
fn ready_emails_have_a_link_once_there_is_a_page_and_an_sms_only_if_it_says_so() {
    let languages: BTreeSet<_> = Catalogue::default().lint().into_iter().map(|lint| lint.locale).collect();
    assert!(languages.len() > 30, "{languages:?}");
    for locale in languages {
        for (texts, links) in [(Catalogue::builder(), 0), (Catalogue::builder().link(PAGE), 1)] {
            let house = house(texts, Policy::default());
            let ask = |to: &str| Request::login(&recipient(to)).locale(&locale);
            let pay = |to: &str| {
                Request::new("payment", &recipient(to))
                    .locale(&locale)
                    .bind("amount", "1 EUR")
                    .bind("payee", "A")
            };
            for (request, to, links) in [
                (ask("ada@example.org"), "ada@example.org", links),
                (pay("bob@example.org"), "bob@example.org", links),
                (ask(PHONE), PHONE, 0),
            ] {
                block_on(house.otp.send(request)).unwrap();
                let found = |text: &str| text.matches("#otp_id=").count();
                let message = |read: &dyn Fn(&otp_exchange::Message) -> usize| {
                    house.outbox.read(&recipient(to), read).unwrap()
                };
                assert_eq!(message(&|message| found(message.expose_text())), links, "{locale}");
                assert_eq!(message(&|message| message.expose_html().map_or(0, found)), links, "{locale}");
                assert_eq!(message(&|message| message.expose_subject().map_or(0, found)), 0, "{locale}");
            }
        }
    }
}

#[test]
fn a_link_leads_to_a_page_of_yours_or_the_catalogue_is_not_built() {
    let built = |page: &str| Catalogue::builder().link(page).build().map(|_| ());
    for good in [
        "https://app.example",
        "https://app.example/",
        "HTTPS://app.example/code",
        PAGE,
        "http://localhost:3000/code",
        "http://127.0.0.1/code",
        "http://[::1]:8080/",
        "com.example.app:/code",
    ] {
        assert_eq!(built(good), Ok(()), "{good}");
    }
    for bad in [
        "",
        "/code",
        "//app.example/code",
        "app.example/code",
        "http://app.example/code",
        "http://localhost.evil.example/",
        "http://localhost@evil.example/",
        "http://localhost:80@evil.example/",
        "http://127.0.0.1\\.evil.example/",
        "http://0.0.0.0/",
        "javascript:alert(1)//",
        "JavaScript://app.example/%0aalert(1)",
        "java\nscript:alert(1)",
        "data:text/html,hello",
        "file:///etc/passwd",
        "https:",
        "https://",
        "https:///code",
        "https:app.example",
        "https://app.example/#",
        "https://app.example/#code",
        "https://app.example/a b",
        " https://app.example/",
        "https://app.example/\n",
        "https://bücher.example/",
        "https://app.example/{{CODE}}",
        "https://app.example/{",
        "https://@/",
        "https://user:secret@app.example/",
        "mailto:ada@example.org",
        "tel:112",
        "jar:https://app.example/",
    ] {
        assert_eq!(built(bad), Err(CatalogueError::Link), "{bad:?}");
    }
}
