//! Options: each also by environment, wrong ones say which, secrets stay in; files made once; an orderly end.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::{CommandFactory, Parser};
use serde_json::json;
use service::Settings;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::program::{Home, Program, wait_for};
use crate::scene::{SHOP, answer};

const CANARY: &str = "canary-7f3a";
const ADA: &str = "ada@example.org";

fn words(line: &str) -> Vec<String> {
    line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[test]
fn every_option_has_a_name_in_the_environment() {
    let command = Settings::command();
    let mut names = BTreeSet::new();
    for option in
        command.get_arguments().filter(|option| !["help", "version"].contains(&option.get_id().as_str()))
    {
        let name = option.get_env().and_then(|name| name.to_str()).unwrap_or_default();
        assert!(name.starts_with("OTP_"), "{}", option.get_id());
        assert!(names.insert(name.to_owned()), "{name}, twice");
    }
    assert!(names.len() >= 16, "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_environment_says_is_done() {
    let home = Home::new();
    let path = |name: &str| home.path(name).to_str().unwrap().to_owned();
    let environment = [
        ("OTP_LISTEN", "127.0.0.1:0".to_owned()),
        ("OTP_ORIGIN", "https://login.example".to_owned()),
        ("OTP_APPLICATION", "ACME".to_owned()),
        ("OTP_STORE", format!("sqlite:{}", path("codes.db"))),
        ("OTP_OUTBOX", path("outbox")),
        ("OTP_APPS", "one=https://one.example/in two=https://two.example/in".to_owned()),
        ("OTP_PRINCIPALS", format!("shop:{CANARY}-1:user:a,b dev:{CANARY}-2:developer:")),
        ("OTP_ADMINS", format!("root:{CANARY}-3 boss:{CANARY}-4")),
        ("OTP_KEY_FILE", path("service.keys")),
        ("OTP_JWT_KEY", path("jwt.key")),
        ("OTP_USERS", path("users")),
        ("OTP_CLIENT_HEADER", "x-real-ip".to_owned()),
        ("OTP_LOG", "json".to_owned()),
    ];
    let service = Program::start(&[], &environment);
    assert!(service.log().contains("https://login.example"));
    for name in ["codes.db", "outbox", "service.keys", "users"] {
        assert!(home.path(name).exists(), "{name}");
    }
    for (name, number) in [("shop", 1), ("dev", 2), ("root", 3), ("boss", 4)] {
        let secret = format!("{CANARY}-{number}");
        let asked = json!({ "to": format!("3241234567{number}") });
        service.post_as((name, &secret), "/2fa/create", &asked).await.expect(200);
    }
    service.post("/v1/apps/three/login/otp", &json!({ "identifier": ADA })).await.expect(404);
    for (app, url) in [("one", "https://one.example/in"), ("two", "https://two.example/in")] {
        let identifier = format!("{app}@example.org");
        let sent =
            service.post(&format!("/v1/apps/{app}/register/otp"), &json!({ "identifier": identifier })).await;
        let typed = json!({ "otp_id": sent.text("/otp_id"), "otp": home.code(&identifier, 1, 6) });
        let activated = service.post(&format!("/v1/apps/{app}/otp/activate"), &typed).await;
        assert_eq!(activated.text("/auth_result/redirect_url"), url);
    }
    assert!(std::fs::read_to_string(home.path("outbox")).unwrap().contains("ACME"));
    // Thirty messages for a client are too many for one, and few for several.
    for number in 0..40 {
        let request = service.http.post(format!("{}/v1/apps/one/login/otp", service.url));
        let client = format!("192.0.2.{number}");
        assert_eq!(
            answer(
                request
                    .header("x-real-ip", client)
                    .json(&json!({ "identifier": format!("n{number}@example.org") }))
            )
            .await
            .status,
            200
        );
    }
    assert!(!service.log().contains(CANARY));
}

#[test]
fn wrong_options_say_which_and_never_what_is_secret() {
    let cases = [
        ("--listen nowhere", "--listen"),
        ("--origin ftp://x", "--origin"),
        ("--origin https://login.example/path", "--origin"),
        ("--app one", "--app"),
        ("--app one=https://a.example --app one=https://b.example", "--app"),
        ("--app one=http://a.example", "--app"),
        ("--proxies many", "--proxies"),
        ("--proxies 1 --client-header x-real-ip", "--proxies"),
        ("--client-header x\u{1}y", "--client-header"),
        ("--log loud", "--log"),
        ("--smtp smtps://u:canary-7f3a@mail.example", "--from"),
        ("--smtp nonsense://canary-7f3a --from a@example.org", "--smtp"),
        ("--smtp smtps://u:canary-7f3a@ --from a@example.org", "--smtp"),
        ("--store canary-7f3a", "--store"),
        ("--store postgres://u:canary-7f3a@127.0.0.1:1/x --key-file /nonexistent/keys", "--store"),
        ("--store redis://u:canary-7f3a@127.0.0.1:1/ --key-file /nonexistent/keys", "--store"),
        ("--store etcd://u:canary-7f3a@127.0.0.1:1", "--store"),
        ("--outbox /nonexistent/outbox", "--outbox"),
        ("--users /nonexistent/users", "--users"),
        ("--key-file /nonexistent/keys", "--key-file"),
        ("--principal canary-7f3a", "--principal"),
        ("--principal shop:canary-7f3a", "--principal"),
        ("--principal shop:canary-7f3a:boss:", "--principal"),
        ("--principal shop:canary-7f3a:user:a\"b", "--principal"),
        ("--principal s@p:canary-7f3a:user:", "--principal"),
        ("--principal +32:canary-7f3a:user:", "--principal"),
        ("--principal :canary-7f3a:user:", "--principal"),
        ("--principal shop::user:canary-7f3a", "--principal"),
        ("--principal shop:canary-7f3a:user: --principal shop:canary-7f3b:user:", "--principal"),
        ("--principal shop:canary-7f3a:user: --admin shop:canary-7f3b", "--admin"),
        ("--admin canary-7f3a", "--admin"),
        ("--admin :canary-7f3a", "--admin"),
        ("--admin root:canary-7f3a:admin:", "--admin"),
    ];
    for (line, named) in cases {
        let ended = Program::fails(&words(line), &[]);
        let said = String::from_utf8(ended.stderr).unwrap() + &String::from_utf8(ended.stdout).unwrap();
        assert!(!ended.status.success(), "{line}");
        assert!(said.contains(named), "{line}: {said}");
        assert!(!said.contains("canary-7f3"), "{line}: {said}");
        assert!(!said.contains("panicked"), "{line}: {said}");
    }
}

#[test]
fn what_is_secret_is_not_in_the_help_nor_in_debug() {
    let environment = [
        ("OTP_STORE", format!("postgres://u:{CANARY}@127.0.0.1/x")),
        ("OTP_SMTP", format!("smtps://u:{CANARY}@mail.example")),
        ("OTP_PRINCIPALS", format!("shop:{CANARY}:user:")),
        ("OTP_ADMINS", format!("root:{CANARY}")),
    ];
    let ended = Program::fails(&words("--help"), &environment);
    let said = String::from_utf8(ended.stdout).unwrap();
    assert!(said.contains("--principal") && !said.contains(CANARY), "{said}");

    let line = format!(
        "service --store postgres://u:{CANARY}@h/x --smtp smtps://u:{CANARY}@h --from a@example.org \
         --principal shop:{CANARY}:user: --admin root:{CANARY}"
    );
    let settings = Settings::try_parse_from(words(&line)).unwrap();
    let shown = format!("{settings:?} {:?}", settings.callers());
    assert!(shown.contains("shop") && !shown.contains(CANARY), "{shown}");
}

#[test]
fn a_store_that_outlives_the_service_needs_keys_that_do() {
    let home = Home::new();
    let store = format!("sqlite:{}", home.path("codes.db").display());
    let ended = Program::fails(&["--store".to_owned(), store], &[]);
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success() && said.contains("--key-file"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_made_once_and_for_their_owner_alone() {
    let home = Home::new();
    let read = || std::fs::read_to_string(home.path("service.keys")).unwrap();
    let service = Program::start(&home.options(), &[]);
    let keys = read();
    service.kill();
    Program::start(&home.options(), &[]).kill();
    assert_eq!(read(), keys);
    #[cfg(unix)]
    for name in ["service.keys", "users", "outbox"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(home.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    std::fs::write(home.path("service.keys"), "naming = 00\n").unwrap();
    let said = String::from_utf8(Program::fails(&home.options(), &[]).stderr).unwrap();
    assert!(said.contains("--key-file"), "{said}");
}

/// A mail server that takes no message before it is let: those to Ada, and all others.
struct SlowServer {
    port: u16,
    lets_ada: Arc<Semaphore>,
    lets: Arc<Semaphore>,
    asked: Arc<Semaphore>,
}

impl SlowServer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let [lets_ada, lets, asked] = [(); 3].map(|()| Arc::new(Semaphore::new(0)));
        let gates = [Arc::clone(&lets_ada), Arc::clone(&lets), Arc::clone(&asked)];
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, gates.clone()));
            }
        });
        Self { port, lets_ada, lets, asked }
    }
}

async fn serve(stream: TcpStream, [lets_ada, lets, asked]: [Arc<Semaphore>; 3]) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let (mut lines, mut is_to_ada) = (BufReader::new(read).lines(), false);
    write.write_all(b"220 ready\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        is_to_ada |= line.contains(ADA);
        match line.split(' ').next().unwrap_or_default() {
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                while lines.next_line().await?.is_some_and(|line| line != ".") {}
                asked.add_permits(1);
                let gate = if is_to_ada { &lets_ada } else { &lets };
                gate.acquire().await.unwrap().forget();
                write.write_all(b"250 taken\r\n").await?;
            }
            "QUIT" => return write.write_all(b"221 bye\r\n").await,
            _ => write.write_all(b"250 fine\r\n").await?,
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_end_it_finishes_what_is_under_way() {
    let server = SlowServer::start().await;
    let environment = [
        ("OTP_SMTP", format!("smtp://127.0.0.1:{}?tls=none", server.port)),
        ("OTP_FROM", "no-reply@example.org".to_owned()),
        ("OTP_ADMINS", format!("{}:{}", SHOP.0, SHOP.1)),
    ];
    let service = Program::start(&[], &environment);
    // One message behind an answer that was given, one before an answer that was not.
    service.post("/v1/apps/demo/register/otp", &json!({ "identifier": ADA })).await.expect(201);
    let (http, url) = (service.http.clone(), format!("{}/sys/auth/sendOtpCode", service.url));
    let request =
        http.post(url).basic_auth(SHOP.0, Some(SHOP.1)).json(&json!({ "email": "eve@example.org" }));
    let unanswered = tokio::spawn(answer(request));
    server.asked.acquire_many(2).await.unwrap().forget();

    service.terminate();
    service.waits_until_log_has("ending");
    let address = service.url.trim_start_matches("http://").to_owned();
    wait_for("nobody new is let in", || std::net::TcpStream::connect(&address).err());
    server.lets.add_permits(1);
    assert_eq!(unanswered.await.unwrap().expect(200), true);
    service.waits_until_log_has("every request is answered");
    server.lets_ada.add_permits(1);
    let (succeeded, log) = service.ended();
    assert!(succeeded, "{log}");
    assert_eq!(log.matches("\"HandedOver\"").count(), 2, "{log}");
}
