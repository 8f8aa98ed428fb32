//! An otp id or token that was cut, altered, or made elsewhere opens nothing, is charged to nobody, and
//! writes nothing.

use crate::common::{House, NAMING, ada, block_on, keyring, names, seeded};
use otp_exchange::{
    ExchangeError, Exchanger, Keyring, MalformedToken, MemoryStore, OtpId, OtpIdError, Outbox, Request,
    SendError, StatusError, Submission, SubmissionError, TokenError,
};

/// That text with every character of the alphabet but its own at each place.
fn altered(text: &str) -> impl Iterator<Item = String> {
    (0..text.len()).flat_map(move |at| {
        let characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let others = characters.chars().filter(move |&other| !text[at..].starts_with(other));
        others.map(move |other| format!("{}{other}{}", &text[..at], &text[at + 1..]))
    })
}

#[test]
fn an_otp_id_that_was_altered_reaches_no_store() {
    let house = House::new();
    let ada = ada();
    let sent = block_on(house.otp.send(Request::login(&ada))).unwrap();
    let (id, code, before) = (sent.otp_id.to_string(), house.code(&ada), house.calls());
    assert_eq!(id.len(), 87);
    // Cut at every length from either end, grown, or with what is no base64url in it.
    let mut malformed: Vec<String> =
        (0..87).flat_map(|length| [id[..length].to_owned(), id[87 - length..].to_owned()]).collect();
    malformed.extend([format!("{id}A"), format!("{id}="), format!(" {id}"), id.repeat(2)]);
    for strange in ["+", "/", "=", " ", ".", "%", "\0"] {
        malformed.extend((0..87).map(|at| format!("{}{strange}{}", &id[..at], &id[at + 1..])));
    }
    malformed.push(format!("{}é", &id[..85]));
    for text in malformed {
        names(text.parse::<OtpId>(), &OtpIdError::Malformed, "otp id");
        assert!(serde_json::from_value::<OtpId>(text.into()).is_err());
    }
    let refused = |id: &OtpId| {
        let submitted = block_on(house.otp.verify(Submission::by_id(id, &code).login())).unwrap_err();
        let ExchangeError::Submission(SubmissionError::OtpId(submitted)) = submitted else {
            panic!("{submitted:?}")
        };
        match block_on(house.otp.deliver(id)) {
            Err(SendError::OtpId(delivered)) => assert_eq!(delivered, submitted),
            other => panic!("{other:?}"),
        }
        for error in [block_on(house.otp.status(id)).err(), block_on(house.otp.cancel(id)).err()] {
            assert!(matches!(error, Some(StatusError::OtpId(same)) if same == submitted), "{error:?}");
        }
        assert!(submitted.to_string().contains("otp id"), "{submitted}");
        submitted
    };
    // Every other character at every place. The last two bits of the text stand for nothing, and must be
    // zero.
    for text in altered(&id) {
        match text.parse::<OtpId>() {
            Ok(id) => assert!(matches!(refused(&id), OtpIdError::Altered | OtpIdError::UnknownKey)),
            Err(error) => assert_eq!(error, OtpIdError::Malformed),
        }
    }
    // Of another namespace, or made with another key.
    for keyring in [keyring().namespace("b").unwrap(), Keyring::new(&NAMING, &[9; 32]).unwrap()] {
        let outbox = Outbox::new();
        let there =
            Exchanger::builder(MemoryStore::new(10), outbox, keyring).entropy(seeded(9)).build().unwrap();
        let foreign = block_on(there.send(Request::login(&ada))).unwrap().otp_id;
        assert_eq!(refused(&foreign), OtpIdError::UnknownKey);
    }
    assert_eq!(house.calls(), before, "the store was not asked");
    let id: OtpId = id.parse().unwrap();
    assert!(block_on(house.otp.verify(Submission::by_id(&id, &code).login())).is_ok());
}

#[test]
fn a_token_that_was_altered_opens_and_writes_nothing() {
    let house = House::new();
    let ada = ada();
    let sent = block_on(house.otp.send(Request::login(&ada))).unwrap();
    let tokens =
        block_on(house.otp.exchange(Submission::by_id(&sent.otp_id, &house.code(&ada)).login())).unwrap();
    let (access, refresh) = (tokens.access.expose(), tokens.refresh.as_ref().unwrap().expose());
    let before = house.calls();
    let malformed = |token: &str| {
        for error in [
            block_on(house.otp.authenticate(token)).err(),
            block_on(house.otp.authenticate_strictly(token)).err(),
            block_on(house.otp.refresh(token)).err(),
            block_on(house.otp.revoke(token)).err(),
            block_on(house.otp.revoke_family(token)).err(),
        ] {
            let named = matches!(error, Some(TokenError::Malformed(MalformedToken::Form)));
            assert!(named && error.as_ref().unwrap().to_string().contains("token"), "{token:?}: {error:?}");
        }
    };
    for token in [access, refresh] {
        assert_eq!(token.len(), 71);
        for length in 0..71 {
            malformed(&token[..length]);
            malformed(&token[71 - length..]);
        }
        for strange in ["+", "/", "=", " ", ".", "\0", "\n"] {
            for at in 0..71 {
                malformed(&format!("{}{strange}{}", &token[..at], &token[at + 1..]));
            }
        }
        malformed(&format!("{token}A"));
        malformed(&format!("{token} "));
        malformed(&format!("Bearer {token}"));
    }
    for error in [block_on(house.otp.authenticate(refresh)).err(), block_on(house.otp.refresh(access)).err()]
    {
        assert!(
            matches!(
                error,
                Some(TokenError::Malformed(MalformedToken::NotAccess | MalformedToken::NotRefresh))
            ),
            "{error:?}"
        );
    }
    assert_eq!(house.calls(), before, "the store was not asked");
    // Every other character at every place: malformed, unknown, or of the other kind; never good, never
    // written.
    for token in [access, refresh] {
        for altered in altered(token) {
            let answers = [
                block_on(house.otp.authenticate(&altered)).map(|_| ()),
                block_on(house.otp.authenticate_strictly(&altered)).map(|_| ()),
                block_on(house.otp.refresh(&altered)).map(|_| ()),
            ];
            for answer in answers {
                assert!(matches!(answer, Err(TokenError::Refused | TokenError::Malformed(_))), "{answer:?}");
            }
            for answer in [block_on(house.otp.revoke(&altered)), block_on(house.otp.revoke_family(&altered))]
            {
                assert!(matches!(answer, Ok(()) | Err(TokenError::Malformed(_))), "{answer:?}");
            }
        }
    }
    assert_eq!(house.store.swaps(), before.1, "nothing was written");
    assert!(block_on(house.otp.authenticate(access)).is_ok());
    assert!(block_on(house.otp.refresh(refresh)).is_ok());
}
