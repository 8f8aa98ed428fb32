//! The service as a program: started with options, killed, told to end.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::scene::{OPTIONS, client};

const PAUSE: Duration = Duration::from_millis(10);
/// Half a minute of pauses.
const PAUSES: usize = 3000;

/// A folder with what outlives the program, and the options that name it.
pub(crate) struct Home(TempDir);

/// The program while it runs; killed when dropped.
pub(crate) struct Program {
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// The options of a service on SQLite.
    pub(crate) fn options(&self) -> Vec<String> {
        let mut options: Vec<_> = OPTIONS.map(str::to_owned).into();
        for (name, value) in [
            ("--store", format!("sqlite:{}", self.text("codes.db"))),
            ("--key-file", self.text("service.keys")),
            ("--jwt-key", self.text("jwt.key")),
            ("--users", self.text("users")),
            ("--outbox", self.text("outbox")),
        ] {
            options.extend([name.to_owned(), value]);
        }
        options
    }

    /// The code in the newest message to that address, once there are so many.
    pub(crate) fn code(&self, to: &str, messages: usize, length: usize) -> String {
        wait_for("a message", || {
            let outbox = std::fs::read_to_string(self.path("outbox")).unwrap_or_default();
            let lines = outbox.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
            let texts: Vec<_> =
                lines.filter(|line| line["to"] == to).map(|line| line["text"].clone()).collect();
            if texts.len() < messages {
                return None;
            }
            let is_code = |word: &&str| {
                word.len() == length
                    && word.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
            };
            let text = texts[messages - 1].as_str().unwrap();
            text.split(|character: char| !character.is_ascii_alphanumeric()).find(is_code).map(str::to_owned)
        })
    }
}

impl Program {
    pub(crate) fn start(options: &[String], environment: &[(&str, String)]) -> Self {
        let mut command = command(options, environment);
        if !environment.iter().any(|(name, _)| *name == "OTP_LISTEN") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        if !environment.iter().any(|(name, _)| *name == "OTP_LOG") {
            command.args(["--log", "json"]);
        }
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (lines, kept) = (BufReader::new(child.stderr.take().unwrap()).lines(), Arc::clone(&log));
        let reader = thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let mut program = Self { url: String::new(), http: client(), child, log, reader: Some(reader) };
        program.url = wait_for("the service listens", || {
            assert!(program.child.try_wait().unwrap().is_none(), "it ended: {}", program.log());
            let log = program.log();
            let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let address = lines
                .filter(|line| line["message"] == "listening")
                .find_map(|line| line["address"].as_str().map(str::to_owned));
            address.map(|address| format!("http://{address}"))
        });
        program
    }

    /// One that is not to start: what it says instead.
    pub(crate) fn fails(options: &[String], environment: &[(&str, String)]) -> Output {
        let mut child =
            command(options, environment).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_for("it ends", || child.try_wait().unwrap());
        child.wait_with_output().unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> crate::scene::Answer {
        crate::scene::answer(self.http.post(format!("{}{path}", self.url)).json(body)).await
    }

    pub(crate) async fn post_as(&self, who: (&str, &str), path: &str, body: &Value) -> crate::scene::Answer {
        let request = self.http.post(format!("{}{path}", self.url)).basic_auth(who.0, Some(who.1));
        crate::scene::answer(request.json(body)).await
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Whether it ended as it should, and all that it logged.
    pub(crate) fn ended(mut self) -> (bool, String) {
        let status = wait_for("it ends", || self.child.try_wait().unwrap());
        self.reader.take().unwrap().join().unwrap(); // to the end of the log
        (status.success(), self.log())
    }

    pub(crate) fn waits_until_log_has(&self, text: &str) {
        wait_for(text, || self.log().contains(text).then_some(()));
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(options: &[String], environment: &[(&str, String)]) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_service")));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OTP_") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command.args(options).envs(environment.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
    command
}

/// Another process has no clock of ours to move.
pub(crate) fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    for _ in 0..PAUSES {
        if let Some(found) = found() {
            return found;
        }
        thread::sleep(PAUSE);
    }
    panic!("waited for half a minute, but not: {what}");
}
