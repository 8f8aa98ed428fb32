//! Servers of the trials' own.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use otp_exchange_trials::{Process, Program, free_port, wait_until};
use tempfile::TempDir;

/// How long a server may take to come up, or to do what it was told.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) const REDIS: Program = Program { name: "redis-server", install: "apt-get install redis-server" };
pub(crate) const VALKEY: Program =
    Program { name: "valkey-server", install: "apt-get install valkey-server" };

/// One server on loopback, with a folder of its own.
#[derive(Debug)]
pub(crate) struct Server {
    program: &'static str,
    settings: Vec<String>,
    pub(crate) port: u16,
    folder: TempDir,
    pub(crate) process: Process,
}

impl Server {
    /// One that flushes every write, with further settings.
    pub(crate) fn start(program: &'static str, settings: &[&str]) -> Self {
        let (folder, port) = (TempDir::new().expect("a folder"), free_port());
        let settings: Vec<String> = settings.iter().map(|part| (*part).to_owned()).collect();
        let process = spawn(program, &settings, port, &folder);
        let server = Self { program, settings, port, folder, process };
        server.wait();
        server
    }

    /// A replica of another one, once it has all there is.
    pub(crate) fn replica_of(program: &'static str, primary: u16) -> Self {
        let replica = Self::start(program, &["--replicaof", "127.0.0.1", &primary.to_string()]);
        wait_until("the replica is in step", DEADLINE, || {
            replica.ask("INFO replication").contains("link_status:up")
        });
        replica
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    pub(crate) fn restart(&mut self) {
        self.process = spawn(self.program, &self.settings, self.port, &self.folder);
        self.wait();
    }

    /// What it answers to a command without arguments that need quoting; empty if it does not answer.
    pub(crate) fn ask(&self, command: &str) -> String {
        ask(self.address(), command).unwrap_or_default()
    }

    fn wait(&self) {
        // With a password set, or a replica without its primary, it is up as well.
        wait_until("the server answers", DEADLINE, || {
            let answer = self.ask("PING");
            ["+PONG", "-NOAUTH", "-MASTERDOWN"].iter().any(|good| answer.starts_with(good))
        });
    }
}

fn spawn(program: &str, settings: &[String], port: u16, folder: &TempDir) -> Process {
    let mut command = Command::new(program);
    // A sentinel takes its settings from a file that it can write to.
    let own = settings.iter().any(|setting| setting == "--sentinel");
    if own {
        let file = folder.path().join("sentinel.conf");
        let text = format!("port {port}\ndir {}\n", folder.path().display());
        std::fs::write(&file, text).expect("a folder of our own");
        command.arg(file);
    } else {
        command.args(["--port", &port.to_string(), "--dir"]).arg(folder.path());
        command.args(["--appendonly", "yes", "--appendfsync", "always", "--save", ""]);
        command.args(["--unixsocket", "socket", "--repl-diskless-sync-delay", "0"]);
    }
    command.args(["--bind", "127.0.0.1"]).args(settings);
    Process::spawn(&mut command, &folder.path().join("log"))
}

fn ask(address: SocketAddr, command: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    // Told to hang up afterwards, it ends its answer; a sentinel knows no QUIT, but hangs up when we do.
    stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
