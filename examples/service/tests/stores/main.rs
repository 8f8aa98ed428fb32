//! The service on stores that are servers: two instances share one, and what one of them made, the other takes,
//! once. A store whose server is not installed is skipped, and so is etcd unless the service is built with it
//! and `OTP_EXCHANGE_SERVICE_HAS_ETCD=1` says so.

mod etcd;
#[path = "../../../../adapters/postgres/tests/trials/server.rs"]
#[allow(dead_code)] // the trials use more of it
mod postgres;
#[path = "../apis/program.rs"]
#[allow(dead_code)]
mod program;
#[path = "../../../../adapters/redis/tests/trials/server.rs"]
#[allow(dead_code)]
mod redis;
#[path = "../apis/scene.rs"]
#[allow(dead_code)]
mod scene;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};
use otp_exchange_trials::Subject;
use program::{Home, Program};
use scene::SHOP;
use serde_json::json;

const ADA: &str = "ada@example.org";

fn main() -> ExitCode {
    let trials = vec![
        trial("redis", redis::REDIS, || {
            let settings = ["--appendonly", "yes", "--appendfsync", "always"];
            let server = redis::Server::start(redis::REDIS.name, &settings);
            (server.url(), Box::new(server))
        }),
        trial("postgres", postgres::Server::NEEDS[0], || {
            let server = postgres::Server::start();
            (server.url(), Box::new(server))
        }),
        trial("etcd", etcd::ETCD, || {
            let server = etcd::Server::start();
            (server.url(), Box::new(server))
        }),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The story on one store: how to start it, and what its URL is.
fn trial(
    name: &str,
    needs: otp_exchange_trials::Program,
    start: fn() -> (String, Box<dyn std::any::Any>),
) -> Trial {
    let is_built_in = name != "etcd" || is_set("OTP_EXCHANGE_SERVICE_HAS_ETCD");
    Trial::ignorable_test(name, move || {
        if !is_built_in {
            let how = "cargo build -p service --features etcd, and OTP_EXCHANGE_SERVICE_HAS_ETCD=1";
            return Ok(Completion::ignored_with(format!("skipped: the service is built without it; {how}")));
        }
        if needs.path().is_none() {
            return if is_set("OTP_EXCHANGE_REQUIRE_SERVERS") {
                Err(format!("{needs} (OTP_EXCHANGE_REQUIRE_SERVERS=1)").into())
            } else {
                Ok(Completion::ignored_with(format!("skipped: {needs}")))
            };
        }
        let (url, _server) = start();
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(two_instances(&url));
        Ok(Completion::Completed)
    })
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| value == "1")
}

async fn two_instances(url: &str) {
    let home = Home::new();
    let store = |mut options: Vec<String>| {
        let place = options.iter().position(|option| option == "--store").unwrap();
        url.clone_into(&mut options[place + 1]);
        options
    };
    let start = || Program::start(&store(home.options()), &[]);
    let one = start();
    let other = start();

    let asked = one.post("/otp/codes", &json!({ "to": ADA })).await;
    let typed = json!({ "otp_id": asked.text("/otp_id"), "code": home.code(ADA, 1, 6) });
    other.post("/otp/exchange", &typed).await.expect(200);
    one.post("/otp/exchange", &typed).await.expect(403);

    let options = json!({ "email": ADA });
    assert_eq!(other.post_as(SHOP, "/sys/auth/sendOtpCode", &options).await.expect(200), true);
    let exchanged = json!({ "idOrEmailUser": null, "code": home.code(ADA, 2, 16) });
    one.kill();
    other.kill();
    let one = start();
    let token = one.post("/sys/auth/createToken", &exchanged).await.text("/token");
    one.post("/sys/auth/createToken", &exchanged).await.expect(403);
    let other = start();
    let path = format!("{}/sys/auth/sendOtpCode", other.url);
    let request = other.http.post(path).bearer_auth(token).json(&json!({ "email": "eve@example.org" }));
    assert_eq!(scene::answer(request).await.expect(200), true);
}
