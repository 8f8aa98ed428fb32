//! A server of etcd of the test's own: one member, in a temporary directory, on free ports of loopback.

use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use otp_exchange_trials::{Process, Program, free_port, wait_until};
use tempfile::TempDir;

pub(crate) const ETCD: Program = Program { name: "etcd", install: "apt-get install etcd-server" };

pub(crate) struct Server {
    port: u16,
    /// Before its folder, so that it has ended when that goes.
    _process: Process,
    _folder: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        let (folder, port) = (TempDir::new().unwrap(), free_port());
        let (clients, peers) =
            (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{}", free_port()));
        let mut command = Command::new(ETCD.name);
        command.arg("--data-dir").arg(folder.path().join("data"));
        command.args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients]);
        command.args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers]);
        command.args(["--initial-cluster", &format!("default={peers}")]);
        let process = Process::spawn(&mut command, &folder.path().join("log"));
        wait_until("etcd listens", Duration::from_secs(30), || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self { port, _process: process, _folder: folder }
    }

    pub(crate) fn url(&self) -> String {
        format!("etcd://127.0.0.1:{}", self.port)
    }
}
