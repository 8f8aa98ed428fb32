//! Administrators and developers can issue tokens without a code, in a call of its own; nobody else can, and
//! no submission leads there, whatever it lacks.

use crate::common::{House, ada, block_on};
use otp_exchange::{
    ExchangeError, Grant, IssueTokensError, Principal, Purpose, Request, RequestError, Role, Submission,
};

fn refused(acting: &Principal, grant: Grant) -> RequestError {
    let house = House::new();
    let answer = block_on(house.otp.issue_tokens(acting, grant));
    assert_eq!(house.calls(), (0, 0), "nothing was stored");
    match answer {
        Err(IssueTokensError::Request(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_administrator_or_developer_issues_tokens_and_a_user_does_not() {
    for role in [Role::Administrator, Role::Developer] {
        let house = House::new();
        let acting = Principal::new("root").role(role);
        let tokens = block_on(house.otp.issue_tokens(&acting, Grant::for_subject("user-17"))).unwrap();
        let claims = block_on(house.otp.authenticate(tokens.access.expose())).unwrap();
        assert_eq!((&*claims.subject, claims.purpose), ("user-17", Purpose::ISSUED));
        assert!(claims.scopes.is_empty(), "none named, none given");
        assert!(block_on(house.otp.refresh(tokens.refresh.unwrap().expose())).is_ok());
    }
    let user = Principal::new("user-1").role(Role::User);
    assert_eq!(refused(&user, Grant::for_subject("user-17")), RequestError::NotAdministrator);
    assert_eq!(refused(&Principal::new("x"), Grant::for_subject("x")), RequestError::NotAdministrator);
}

#[test]
fn the_grant_names_its_subject_and_only_scopes_that_the_principal_holds() {
    let root = Principal::new("root").role(Role::Administrator).scope("read").scope("write");
    assert_eq!(refused(&root, Grant::new()), RequestError::Subject);
    assert_eq!(refused(&root, Grant::for_subject("u").scope("delete")), RequestError::ScopeNotHeld);
    let house = House::new();
    let tokens = block_on(house.otp.issue_tokens(&root, Grant::for_subject("u").scope("read"))).unwrap();
    assert_eq!(tokens.claims.scopes, ["read"]);
    let tokens = block_on(house.otp.issue_tokens(&root, Grant::for_subject("u"))).unwrap();
    assert_eq!(tokens.claims.scopes, [""; 0], "not those of the principal");
}

#[test]
fn leaving_the_code_out_leads_to_no_token() {
    let house = House::new();
    let sent = block_on(house.otp.send(Request::login(&ada()))).unwrap();
    for nothing in ["", " ", "-", "\0", "null", "undefined"] {
        for submission in
            [Submission::by_id(&sent.otp_id, nothing), Submission::by_recipient(&ada(), nothing)]
        {
            let answer = block_on(house.otp.exchange(submission.login()));
            assert!(matches!(answer, Err(ExchangeError::NotACode(_))), "{nothing:?}");
        }
        let alone = Submission::by_code(nothing).client(otp_exchange::ClientKey::new("x")).login();
        assert!(matches!(block_on(house.otp.exchange(alone)), Err(ExchangeError::NotACode(_))));
    }
}
