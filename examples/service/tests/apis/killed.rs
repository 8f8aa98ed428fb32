//! A service that is killed with -9 between request and exchange: the code still works, once, and so does
//! what it began.

use serde_json::json;

use crate::program::{Home, Program};
use crate::scene::SHOP;

const ADA: &str = "ada@example.org";
const REGISTER: &str = "/v1/apps/demo/register/otp";
const LOGIN: &str = "/v1/apps/demo/login/otp";
const ACTIVATE: &str = "/v1/apps/demo/otp/activate";
const CREATE: &str = "/sys/auth/createToken";

impl Program {
    /// The same again, after a kill in the middle of whatever it does.
    fn killed_and_restarted(self, home: &Home) -> Self {
        self.kill();
        Self::start(&home.options(), &[])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passage_code_works_once_and_who_registered_is_known() {
    let home = Home::new();
    let service = Program::start(&home.options(), &[]);
    let otp_id = service.post(REGISTER, &json!({ "identifier": ADA })).await.text("/otp_id");
    let typed = json!({ "otp_id": otp_id, "otp": home.code(ADA, 1, 6) });

    let service = service.killed_and_restarted(&home);
    service.post(ACTIVATE, &typed).await.expect(200);
    let service = service.killed_and_restarted(&home);
    service.post(ACTIVATE, &typed).await.expect(401);

    let answer = service.post(LOGIN, &json!({ "identifier": ADA })).await;
    let typed = json!({ "otp_id": answer.text("/otp_id"), "otp": home.code(ADA, 2, 6) });
    let service = service.killed_and_restarted(&home);
    service.post(ACTIVATE, &typed).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slingr_code_works_once_and_its_token_goes_on() {
    let home = Home::new();
    let service = Program::start(&home.options(), &[]);
    let options = json!({ "email": ADA });
    assert_eq!(service.post_as(SHOP, "/sys/auth/sendOtpCode", &options).await.expect(200), true);
    let exchanged = json!({ "idOrEmailUser": null, "code": home.code(ADA, 1, 16) });

    let service = service.killed_and_restarted(&home);
    let token = service.post(CREATE, &exchanged).await.text("/token");
    let service = service.killed_and_restarted(&home);
    service.post(CREATE, &exchanged).await.expect(403);
    let path = format!("{}/sys/auth/sendOtpCode", service.url);
    let request = service.http.post(path).bearer_auth(token).json(&json!({ "email": "eve@example.org" }));
    assert_eq!(crate::scene::answer(request).await.expect(200), true);
}
