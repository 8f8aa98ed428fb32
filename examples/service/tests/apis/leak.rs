//! Codes, tokens, secrets and whole addresses are in no log line, and in no answer but where they belong.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::scene::{Answer, DEV, ROOT, SHOP, Scene, wrong};

/// Everything that any test of this program logs, down to the last level.
static LOGGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Writer(MutexGuard<'static, Vec<u8>>);

struct Log;

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Writer;

    fn make_writer(&'a self) -> Writer {
        Writer(LOGGED.lock().unwrap())
    }
}

#[derive(Default)]
struct Secrets(Vec<(String, Vec<usize>)>);

impl Secrets {
    /// One more, which belongs into those answers only.
    fn add(&mut self, secret: impl Into<String>, belongs: &[usize]) {
        self.0.push((secret.into(), belongs.to_vec()));
    }
}

#[tokio::test]
async fn what_is_secret_is_nowhere_else() {
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).without_time();
    tracing::subscriber::set_global_default(log.with_ansi(false).with_writer(Log).finish()).unwrap();
    let scene = Scene::start().await;
    let (mut answers, mut secrets) = (Vec::<Answer>::new(), Secrets::default());
    for (_, secret) in [SHOP, DEV, ROOT] {
        secrets.add(secret, &[]);
    }
    let (ada, eve, phone) = ("canary-ada@example.org", "canary-eve@example.org", "32499887766");

    // 0: Nomado, with text and token; 1: too soon; 2: wrong in some way.
    let asked = json!({ "to": phone, "type": "NUMERIC", "length": 20, "template": "It is {{CODE}}" });
    answers.push(scene.post_as(SHOP, "/2fa/create", &asked).await);
    secrets.add(answers[0].text("/data/token"), &[0]);
    secrets.add(phone, &[0]);
    answers.push(scene.post_as(SHOP, "/2fa/create", &asked).await);
    answers.push(scene.post_as(("shop", "canary-wrong"), "/2fa/create", &asked).await);
    secrets.add("canary-wrong", &[]);

    // 3: registered; 4: wrong; 5: activated; 6: again.
    answers.push(scene.post("/v1/apps/demo/register/otp", &json!({ "identifier": ada })).await);
    let (code, otp_id) = (scene.mail(ada).await.code, answers[3].text("/otp_id"));
    secrets.add(&code, &[]);
    secrets.add(&otp_id, &[3]);
    secrets.add(ada, &[]);
    let typed = |otp: &str| json!({ "otp": otp, "otp_id": otp_id });
    for otp in [wrong(&code), code.clone(), code] {
        secrets.add(&otp, &[]);
        answers.push(scene.post("/v1/apps/demo/otp/activate", &typed(&otp)).await);
    }
    answers[5].expect(200);
    secrets.add(answers[5].text("/auth_result/auth_token"), &[5]);
    secrets.add(answers[5].text("/auth_result/refresh_token"), &[5]);
    scene.later();

    // 7: sent; 8: wrong; 9: exchanged; 10: again; 11: sent with that token; 12: issued.
    answers.push(scene.post_as(DEV, "/sys/auth/sendOtpCode", &json!({ "email": eve })).await);
    let code = scene.mail(eve).await.code;
    secrets.add(eve, &[9]);
    for code in [wrong(&code), code.clone(), code] {
        secrets.add(&code, &[]);
        answers.push(scene.post("/sys/auth/createToken", &json!({ "code": code })).await);
    }
    let token = answers[9].text("/token");
    secrets.add(&token, &[9]);
    answers.push(scene.post_by(&token, "/sys/auth/sendOtpCode", &json!({ "email": ada })).await);
    answers.push(scene.post_as(ROOT, "/sys/auth/createToken", &json!({ "idOrEmailUser": "dev" })).await);
    secrets.add(answers[12].text("/token"), &[12]);
    secrets.add(scene.mail(ada).await.code, &[]);

    let logged = String::from_utf8(LOGGED.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("HandedOver") && logged.contains("Verified"), "there is a log:\n{logged}");
    for (secret, belongs) in &secrets.0 {
        assert!(!logged.contains(secret.as_str()), "{secret} is in the log");
        for (number, answer) in answers.iter().enumerate() {
            let told = answer.body.contains(secret.as_str())
                || format!("{:?}", answer.headers).contains(secret.as_str());
            assert_eq!(told, belongs.contains(&number), "{secret} in answer {number}: {}", answer.body);
        }
    }
}
