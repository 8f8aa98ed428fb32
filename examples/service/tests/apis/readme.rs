//! Each command of the README does what stands beside it.

use std::process::Command;

use serde_json::Value;

use crate::program::{Home, Program};

/// The commands that call the service, in order.
fn commands() -> Vec<&'static str> {
    let readme = include_str!("../../README.md");
    let blocks = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```"));
    blocks.map(|(block, _)| block).filter(|block| block.contains("curl")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_readme_work_one_after_the_other() {
    if Command::new("curl").arg("--version").output().is_err() {
        let said = "skipped: curl is not on the PATH; apt-get install curl";
        assert!(std::env::var_os("OTP_EXCHANGE_REQUIRE_SERVERS").is_none(), "{said}");
        eprintln!("{said}");
        return;
    }
    let home = Home::new();
    let readme = include_str!("../../README.md");
    let start = readme.lines().find(|line| line.contains("--admin")).expect("how to start it");
    let secret = start.split("--admin root:").nth(1).unwrap().split_whitespace().next().unwrap();
    let outbox = home.path("outbox").to_str().unwrap().to_owned();
    let options = ["--admin".to_owned(), format!("root:{secret}"), "--outbox".to_owned(), outbox];
    let service = Program::start(&options, &[]);
    let (mut otp_id, mut messages) = (String::new(), 0);
    let mut run = |command: &str, code: &str| {
        let command = command.replace("http://127.0.0.1:8080", &service.url);
        let shell =
            Command::new("sh").arg("-ec").arg(command).env("OTP_ID", &otp_id).env("CODE", code).output();
        let answer: Value = serde_json::from_slice(&shell.unwrap().stdout).expect("JSON");
        if let Some(id) = answer["otp_id"].as_str() {
            otp_id = id.to_owned();
        }
        answer
    };
    let commands = commands();
    let [create, register, activate, send, exchange, issue] = commands[..] else {
        panic!("other commands: {commands:?}")
    };
    assert_eq!(run(create, "")["data"]["32412345678"]["status"], "SENT");
    assert!(run(register, "")["otp_id"].is_string());
    messages += 1;
    let code = home.code("ada@example.org", messages, 6);
    assert!(run(activate, &code)["auth_result"]["auth_token"].is_string());
    assert_eq!(run(send, ""), true);
    let code = home.code("eve@example.org", 1, 16);
    assert_eq!(run(exchange, &code)["user"], "eve@example.org");
    assert_eq!(run(issue, "")["user"].as_str().map(str::len), Some(22), "Ada, who has registered");
}
