//! Members of etcd, and what they say of themselves.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use otp_exchange::{Name, Sealed};
use otp_exchange_etcd::EtcdStore;
use otp_exchange_etcd::etcd_client::Client;
use otp_exchange_trials::{BoxError, Process, Subject, free_port, runtime, wait_until};
use tempfile::TempDir;

/// How long a member may take to be up.
const STARTS_WITHIN: Duration = Duration::from_secs(30);

/// How long one call may take where nothing is meant to go wrong.
pub(crate) const PATIENT: Duration = Duration::from_secs(10);

/// One member, on loopback, with its data in a folder of its own.
pub(crate) struct Etcd {
    process: Option<Process>,
    folder: TempDir,
    port: u16,
    arguments: Vec<String>,
}

impl Etcd {
    /// A cluster of one, which elects itself in an instant, with more arguments.
    pub(crate) fn alone(more: &[&str]) -> Self {
        let peer = format!("http://127.0.0.1:{}", free_port());
        let quick = ["--heartbeat-interval=5", "--election-timeout=25"];
        let arguments = quick.iter().chain(more).map(ToString::to_string).collect();
        let member = Self::member("alone", &peer, &format!("alone={peer}"), arguments);
        member.wait_for_leader();
        member
    }

    /// A member of a cluster; started, but the others may still be missing.
    pub(crate) fn member(name: &str, peer: &str, all: &str, mut arguments: Vec<String>) -> Self {
        let (folder, port) = (TempDir::new().expect("a folder for data"), free_port());
        let listens = format!("http://127.0.0.1:{port}");
        for (flag, value) in [
            ("name", name),
            ("data-dir", folder.path().join("data").to_str().expect("a plain path")),
            ("listen-client-urls", &listens),
            ("advertise-client-urls", &listens),
            ("listen-peer-urls", peer),
            ("initial-advertise-peer-urls", peer),
            ("initial-cluster", all),
            ("logger", "zap"),
            ("log-level", "error"),
        ] {
            arguments.push(format!("--{flag}={value}"));
        }
        let mut member = Self { process: None, folder, port, arguments };
        member.run();
        member
    }

    /// Starts the program, with the data that is there.
    pub(crate) fn run(&mut self) {
        let log = self.folder.path().join("log");
        self.process = Some(Process::spawn(Command::new("etcd").args(&self.arguments), &log));
    }

    /// kill -9.
    pub(crate) fn stop(&mut self) {
        self.process = None;
    }

    pub(crate) fn process(&self) -> &Process {
        self.process.as_ref().expect("it runs")
    }

    pub(crate) fn wait_for_leader(&self) {
        wait_until("etcd has a leader", STARTS_WITHIN, || self.figure("etcd_server_has_leader") == Some(1));
    }

    pub(crate) fn listens(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// A client as the driver makes it.
    pub(crate) fn client(&self) -> Client {
        runtime().block_on(Client::connect([self.listens().to_string()], None)).expect("an address")
    }

    /// A store on it alone.
    pub(crate) fn store(&self) -> EtcdStore {
        runtime().block_on(EtcdStore::connect(&self.url())).expect("it runs").timeout(PATIENT)
    }

    /// A figure of its `/metrics`, by its name there with all labels. Large ones are written as 1.5e+07.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // they count
    pub(crate) fn figure(&self, name: &str) -> Option<u64> {
        let page = self.page("/metrics").ok()?;
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        line.trim().parse::<f64>().ok().map(|figure| figure as u64)
    }

    fn page(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.listens())?;
        stream.set_read_timeout(Some(STARTS_WITHIN))?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        Ok(page)
    }
}

/// A name and a value that never were, of that size.
pub(crate) fn fresh(size: usize) -> Result<(Name, Sealed), BoxError> {
    let bytes: Vec<u8> = (0..size).map(|_| rand::random()).collect();
    Ok((Name::from_bytes(rand::random()), Sealed::from_bytes(bytes)?))
}
