//! Where something stands beside the catalogue: templates, a channel without words, another catalogue on the
//! day of delivery, fields that a policy requires.

use super::*;

const ADA: &str = "ada@example.org";

#[test]
fn a_channel_without_words_is_refused_and_the_other_is_not() {
    let sms = own(Catalogue::builder(), &[("en", "{{CODE}}")]).ready_texts(false).build().unwrap();
    let mail = Wording::new("en").email("Code", "{{CODE}}");
    let mail = Catalogue::builder().wording(mail).ready_texts(false).build().unwrap();
    let phone = recipient(PHONE);
    assert_eq!(sent(&sms, Request::login(&phone), PHONE).text, "CODE");
    assert_eq!(sent(&mail, Request::login(&ada()), ADA).text, "CODE");
    let no_text = |channel| RequestError::NoText { channel };
    assert_eq!(refused(&sms, Request::login(&ada())), no_text(Channel::Email));
    assert_eq!(refused(&mail, Request::login(&phone).locale("fr")), no_text(Channel::Sms));
    assert_eq!(refused(&mail, Request::login(&phone).decoy(true)), no_text(Channel::Sms), "decoys just so");
    // The other address gets the same code, so there have to be words for it, too.
    assert_eq!(refused(&sms, Request::login(&phone).fallback(&ada())), no_text(Channel::Email));
    for channel in [Channel::Email, Channel::Sms] {
        let said = no_text(channel).to_string();
        assert!(said.contains(&format!("{channel:?}")) && said.contains("ready_texts"), "{said}");
    }
    // A template is all an SMS needs; an email needs a subject, which it does not have.
    assert_eq!(sent(&mail, Request::login(&phone).template("My {{CODE}}"), PHONE).text, "My CODE");
    assert_eq!(refused(&sms, Request::login(&ada()).template("My {{CODE}}")), no_text(Channel::Email));
}

#[test]
fn a_template_holds_before_the_catalogue_and_its_email_has_the_catalogue_s_subject() {
    let six = || Otp::new(Kind::Numeric, 6).unwrap();
    let texts = Catalogue::default();
    let standard = Policy::default().otp(six().template("policy {{CODE}}").unwrap());
    let request = |to: &str| Request::login(&recipient(to)).locale("nl-BE");
    let otp = |to: &str| request(to).otp(six().template("otp {{CODE}}").unwrap());
    let dutch = sent(&texts, request(ADA), ADA);
    assert!(dutch.html.is_some() && dutch.language.as_deref() == Some("nl"), "{dutch:?}");
    for (make, text) in [
        ((&|to: &str| otp(to).template("request {{CODE}}")) as &dyn Fn(&str) -> Request, "request CODE"),
        (&otp, "otp CODE"),
        (&|to| request(to).otp(six()), "policy CODE"),
        (&request, "policy CODE"),
    ] {
        for (to, subject) in [(ADA, dutch.subject.clone()), (PHONE, None)] {
            let house = house(&texts, standard.clone());
            block_on(house.otp.send(make(to))).unwrap();
            let expected = Letter {
                text: text.to_owned(),
                subject,
                html: None,
                language: None,
                locale: Some("nl-BE".to_owned()),
            };
            assert_eq!(house.outbox.read(&recipient(to), letter).unwrap(), expected);
        }
    }
}

#[test]
fn what_a_template_shows_has_to_be_there() {
    let request = |text: &str| Request::login(&recipient(PHONE)).template(text);
    let bare = Catalogue::default();
    assert_eq!(refused(&bare, request("{{APP}} {{CODE}}")), TemplateError::NoApplication.into());
    assert_eq!(refused(&bare, request("{{LINK}} {{CODE}}")), TemplateError::NoLink.into());
    let not_bound = RequestError::NotBound { field: Field::Payee };
    assert_eq!(refused(&bare, request("{{PAYEE}} {{CODE}}")), not_bound);
    assert_eq!(sent(&bare, request("{{PAYEE}} {{CODE}}").bind("payee", "A"), PHONE).text, "A CODE");
    let named = Catalogue::builder().application("ACME").build().unwrap();
    assert_eq!(sent(&named, request("{{APP}} {{CODE}}"), PHONE).text, "ACME CODE");

    let built = |texts: Catalogue, template: &str| {
        let policy = Policy::default().otp(Otp::default().template(template).unwrap());
        Exchanger::builder(memory(), Outbox::new(), keyring())
            .policy(policy)
            .catalogue(texts)
            .build()
            .map(|_| ())
    };
    assert_eq!(built(named, "{{APP}} {{CODE}}"), Ok(()));
    let refused = built(bare.clone(), "{{APP}} {{CODE}}").unwrap_err();
    assert_eq!(refused, BuildError::Template(TemplateError::NoApplication));
    assert_eq!(built(bare, "{{LINK}} {{CODE}}"), Err(BuildError::Template(TemplateError::NoLink)));
}

/// A code may be issued by one release of a service and delivered by the next.
#[test]
fn a_code_is_delivered_in_the_words_of_that_day() {
    let store = memory();
    let day = |texts: &[(&str, &str)], policy: Policy| {
        let texts = own(Catalogue::builder(), texts).ready_texts(false).build().unwrap();
        let clock = ManualClock::default();
        let house = House::built(store.clone(), clock, policy, |builder| builder.catalogue(texts));
        house.clock.advance(seconds(120));
        house
    };
    let plain = Policy::default;
    let first = day(&[("en", "old {{CODE}}"), ("fr", "vieux {{CODE}}")], plain());
    let second = day(&[("en", "new {{CODE}}"), ("fr-BE", "nouveau {{CODE}}")], plain());
    let german = day(&[("en", "{{CODE}}"), ("fr", "{{CODE}}"), ("de", "{{CODE}}")], {
        plain().otp(Otp::default().template("policy {{CODE}}").unwrap())
    });
    let mail = Wording::new("en").email("Code", "{{CODE}}");
    let mail = Catalogue::builder().wording(mail).ready_texts(false).build().unwrap();
    let silent =
        House::built(store.clone(), second.clock.clone(), plain(), |builder| builder.catalogue(mail));

    let to = |number: usize| recipient(&format!("+3247012345{number}"));
    let issued = |number| block_on(first.otp.issue(Request::login(&to(number)).locale("fr-BE"))).unwrap();
    let deliver = |house: &House<MemoryStore>, number: usize, id| {
        let receipt = block_on(house.otp.deliver(id)).unwrap();
        let text = receipt.expose().text.replace(receipt.expose().code, "CODE");
        let found = house.outbox.read(&to(number), letter).unwrap();
        assert_eq!(found.text, text, "the receipt says what was sent");
        (text, found.language)
    };
    let receipts = [issued(1), issued(2), issued(3), issued(4)];
    let french = |language: &str| Some(language.to_owned());
    let words = |text: &str, language| (text.to_owned(), language);
    assert_eq!(deliver(&first, 1, &receipts[0].otp_id), words("vieux CODE", french("fr")));
    assert_eq!(deliver(&second, 2, &receipts[1].otp_id), words("nouveau CODE", french("fr-BE")));
    assert_eq!(deliver(&german, 3, &receipts[2].otp_id), words("policy CODE", None));
    // Words for no SMS at all: better the bare code than none.
    assert_eq!(deliver(&silent, 4, &receipts[3].otp_id), words("CODE", None));
    for (number, receipt) in receipts.iter().enumerate() {
        let submission = Submission::by_id(&receipt.otp_id, receipt.expose().code).login();
        assert!(block_on(first.otp.exchange(submission)).is_ok(), "{number}");
    }

    // The template of a request goes with its code.
    let request = Request::login(&to(5)).template("mine {{CODE}}");
    let mine = block_on(first.otp.issue(request)).unwrap();
    assert_eq!(deliver(&second, 5, &mine.otp_id), words("mine CODE", None));
}

fn built(builder: CatalogueBuilder, required: &[Field]) -> Result<(), BuildError> {
    let policy = required.iter().cloned().fold(Policy::default(), Policy::require);
    let texts = builder.build().unwrap();
    Exchanger::builder(memory(), Outbox::new(), keyring()).policy(policy).catalogue(texts).build().map(|_| ())
}

#[test]
fn a_policy_that_requires_a_field_needs_words_that_show_it() {
    let required = [Field::Amount, Field::Payee];
    let hidden = |field| Err(BuildError::Policy(PolicyError::NotShown { field }));
    let plain = || own(Catalogue::builder(), &[("en", "{{CODE}}")]);
    let whole = || Wording::new("en").sms("{{CODE}} {{AMOUNT}} {{PAYEE}}");
    assert_eq!(built(Catalogue::builder(), &required), Ok(()), "the ready texts do");
    assert_eq!(built(Catalogue::builder(), &[Field::Device]), hidden(Field::Device), "but show no device");
    assert_eq!(built(plain().ready_texts(false), &required), hidden(Field::Amount));
    assert_eq!(built(plain().ready_texts(false).wording(whole()), &required), Ok(()));
    let half = Wording::new("en").sms("{{CODE}} {{AMOUNT}}");
    assert_eq!(built(plain().ready_texts(false).wording(half), &required), hidden(Field::Payee));
    // A language that is silent of it leaves the word to the default; one part of an email that is does not.
    let swahili = own(Catalogue::builder(), &[("sw", "{{CODE}}")]);
    assert_eq!(built(swahili.clone(), &required), Ok(()));
    let house = house(&swahili.build().unwrap(), Policy::psd2());
    let pays = Request::new("payment", &recipient(PHONE)).bind("amount", "1 EUR").bind("payee", "ACME");
    let sent = block_on(house.otp.send(pays.locale("sw"))).unwrap();
    assert!(sent.expose().text.contains("to pay 1 EUR to ACME"), "{}", sent.expose().text);
    let shows = "{{CODE}} {{AMOUNT}} {{PAYEE}}";
    for (html, found) in
        [(format!("<p>{shows}"), Ok(())), ("<p>{{CODE}} {{AMOUNT}}".into(), hidden(Field::Payee))]
    {
        let mail = Wording::new("en").email("Pay", shows).html(html);
        let bare = Wording::new("en").email("Code", "{{CODE}}");
        let builder = Catalogue::builder().ready_texts(false).wording(mail).wording(bare);
        assert_eq!(built(builder, &required), found);
    }
}

/// Words for one purpose are enough to build it; a request for another is refused by itself.
#[test]
fn what_a_policy_requires_is_required_of_each_request() {
    let plain = own(Catalogue::builder(), &[("en", "{{CODE}}")]).ready_texts(false);
    let pays = Wording::new("en").purpose("payment").sms("{{CODE}} {{PAYEE}}");
    assert_eq!(built(plain.clone().wording(pays.clone()), &[Field::Payee]), Ok(()));
    let texts = plain.wording(pays).build().unwrap();
    let house = house(&texts, Policy::default().require(Field::Payee));
    let ask = |purpose: &str| Request::new(purpose, &recipient(PHONE));
    let why = |request| match block_on(house.otp.send(request)) {
        Err(SendError::Request(why)) => why,
        other => panic!("{other:?}"),
    };
    let field = Field::Payee;
    assert_eq!(why(ask("payment")), RequestError::NotBound { field: field.clone() });
    assert_eq!(why(ask("transfer").bind("payee", "A")), RequestError::NotShown { field: field.clone() });
    let hides = ask("payment").bind("payee", "A").template("{{CODE}}");
    assert_eq!(why(hides), RequestError::NotShown { field });
    assert!(block_on(house.otp.send(ask("payment").bind("payee", "A"))).is_ok());
    let shows = Request::new("transfer", &recipient("+32470123457")).bind("payee", "A");
    assert!(block_on(house.otp.send(shows.template("{{PAYEE}} {{CODE}}"))).is_ok());
}

/// What is required is shown by the request's own template; its subject need not show it, and is there.
#[test]
fn an_email_of_a_template_has_its_subject_whatever_is_required() {
    let bare = Wording::new("en").email("Your code", "{{CODE}}");
    let pays = Wording::new("en").purpose("payment").email("Your payment", "{{CODE}} {{PAYEE}}");
    let texts = Catalogue::builder().ready_texts(false).wording(bare).wording(pays).build().unwrap();
    let house = house(&texts, Policy::default().require(Field::Payee));
    let template = "{{PAYEE}}: {{CODE}}";
    let ask = Request::new("transfer", &ada()).bind("payee", "ACME").template(template);
    let sent = block_on(house.otp.send(ask)).unwrap();
    let found = house.outbox.read(&ada(), |message| message.expose_subject().map(str::to_owned)).unwrap();
    assert_eq!(found.as_deref(), Some("Your code"));
    assert!(sent.expose().text.starts_with("ACME: "));
}
