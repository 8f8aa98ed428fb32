//! The quickstart example does what the README says, at a pipe as at a terminal.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

struct Quickstart {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Quickstart {
    fn start(address: &str) -> Self {
        let mut child = Command::new(example("quickstart"))
            .arg(address)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn type_line(&mut self, typed: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(typed).and_then(|()| input.write_all(b"\n")).unwrap();
    }

    /// Closes the input; what was still printed, the errors, and the exit code.
    fn end(mut self) -> (String, String, i32) {
        drop(self.input.take());
        let (mut rest, mut errors) = (String::new(), String::new());
        self.output.read_to_string(&mut rest).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (rest, errors, self.child.wait().unwrap().code().unwrap())
    }
}

/// The example's binary, which `cargo test` builds beside this test's.
fn example(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop(); // the test's own name
    path.pop(); // deps
    path.push("examples");
    path.push(name);
    path.set_extension(std::env::consts::EXE_EXTENSION);
    assert!(path.exists(), "not built: run `cargo build --examples` or the whole `cargo test`");
    path
}

#[test]
fn the_right_code_gives_tokens_alone_on_the_last_line() {
    for (address, subject) in [("Ada@example.org", "ada@example.org"), ("32 412 34 56 78", "+32412345678")] {
        let mut quickstart = Quickstart::start(address);
        let to = quickstart.line();
        assert!(to == format!("To: {address}") || to == format!("To: {subject}"), "{to}");
        let message = quickstart.line();
        let code = message.strip_prefix("Your sign-in code is ").unwrap().to_owned();
        quickstart.type_line(code.as_bytes());
        let (printed, errors, exit) = quickstart.end();
        assert_eq!((errors.as_str(), exit), ("", 0));
        assert!(printed.starts_with("code: "));
        let tokens: serde_json::Value = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["subject"], subject);
        // Ten minutes, less what has passed since they were issued: this one runs on the system's clock.
        let expires_in = tokens["expires_in"].as_u64().unwrap();
        assert!((540..=600).contains(&expires_in), "{expires_in}");
        assert!(tokens["access_token"].as_str().unwrap() != tokens["refresh_token"].as_str().unwrap());
    }
}

#[test]
fn a_wrong_code_counts_down_and_what_cannot_be_one_does_not() {
    let mut quickstart = Quickstart::start("ada@example.org");
    quickstart.line();
    let right = quickstart.line().rsplit(' ').next().unwrap().to_owned();
    let wrong = if right == "000000" { "111111" } else { "000000" };
    for typed in [&b"12345"[..], b"", "１２３４５６".as_bytes(), b"\xFF\xFE", b"12345\0"] {
        quickstart.type_line(typed);
    }
    for _ in 0..5 {
        quickstart.type_line(wrong.as_bytes());
    }
    let (printed, _, exit) = quickstart.end();
    assert_eq!(exit, 1);
    let left: Vec<_> = printed.lines().filter_map(|line| line.split("attempts left: ").nth(1)).collect();
    assert_eq!(left, ["4", "3", "2", "1"]);
    assert!(printed.contains("no attempts left"));
}

#[test]
fn the_end_of_input_exits_with_1_and_a_bad_recipient_with_2_and_one_line() {
    let (_, _, exit) = Quickstart::start("ada@example.org").end();
    assert_eq!(exit, 1);
    for bad in ["", "ada", "ada@", "0412345678", "ada@example.org\n"] {
        let (printed, errors, exit) = Quickstart::start(bad).end();
        assert_eq!((printed.as_str(), exit), ("", 2), "{bad:?}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[test]
fn the_other_examples_run_to_their_end() {
    for name in ["own_session", "blocking", "custom_store"] {
        let output = Command::new(example(name)).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
