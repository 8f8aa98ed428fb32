//! Servers of PostgreSQL of a trial's own: in a temporary directory, on a free port of loopback.

use std::fs;
use std::net::SocketAddr;
use std::ops::Deref;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use otp_exchange_postgres::PostgresStore;
use otp_exchange_postgres::tokio_postgres::{Client, Config, NoTls};
use otp_exchange_trials::{BoxError, Process, Program, SharedClock, Subject, free_port, runtime, wait_until};
use tempfile::TempDir;

/// How long a server may take to answer; after a kill it has to recover first.
const START: Duration = Duration::from_secs(60);

const POSTGRES: Program = Program { name: "postgres", install: "apt-get install postgresql" };

/// As durable as in production, and small.
const SETTINGS: [&str; 6] = [
    "listen_addresses=127.0.0.1",
    "fsync=on",
    "full_page_writes=on",
    "synchronous_commit=on",
    "shared_buffers=16MB",
    "max_connections=120",
];

/// After a kill a server syncs its folder, a thousand files one by one, which takes seconds; since this version it can
/// sync the file system instead.
const SYNCS_AT_ONCE: (u32, &str) = (14, "recovery_init_sync_method=syncfs");

/// The password of user `otp`, which is asked for only by a server that was [`Server::locked`].
pub(crate) const PASSWORD: &str = "a-password-of-the-trials";

/// A running server.
pub(crate) struct Server {
    /// First, so that it has ended when its folder goes.
    pub(crate) process: Option<Process>,
    folder: TempDir,
    port: u16,
    settings: Vec<String>,
}

impl Server {
    /// A new one, with more settings than the usual ones.
    pub(crate) fn with(settings: &[&str]) -> Self {
        Self::made(settings, "trust")
    }

    /// A new one that asks for the [`PASSWORD`].
    pub(crate) fn locked() -> Self {
        Self::made(&[], "scram-sha-256")
    }

    fn made(settings: &[&str], auth: &str) -> Self {
        let mut server = Self::empty(settings);
        let password = server.folder.path().join("password");
        fs::write(&password, PASSWORD).expect("a file in a folder of our own");
        let data = server.data();
        let arguments = ["-U", "otp", "--no-sync", "-E", "UTF8", "--locale=C", "-A", auth, "--pwfile"];
        server.run(Command::new(program("initdb")).args(arguments).arg(password).arg("-D").arg(data));
        server.restart();
        server
    }

    fn empty(settings: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("otp").tempdir().expect("a temporary folder");
        if let Some((user, group)) = other_user() {
            chown(folder.path(), Some(user), Some(group)).expect("root may give folders away");
        }
        let (since, at_once) = SYNCS_AT_ONCE;
        let at_once = (version() >= since).then_some(&at_once);
        let settings = SETTINGS.iter().chain(at_once).chain(settings);
        let settings = settings.map(|&setting| setting.to_owned()).collect();
        Self { folder, port: free_port(), settings, process: None }
    }

    /// A standby that streams from this server, under that name.
    pub(crate) fn standby(&self, name: &str) -> Self {
        let mut standby = Self::empty(&[&format!("cluster_name={name}")]);
        let from = format!("host=127.0.0.1 port={} user=otp application_name={name}", self.port);
        let data = standby.data();
        let arguments = ["-R", "-X", "stream", "-c", "fast", "--no-sync", "-d"];
        standby.run(Command::new(program("pg_basebackup")).args(arguments).arg(from).arg("-D").arg(data));
        standby.restart();
        standby
    }

    /// Makes a standby the primary.
    pub(crate) fn promote(&self) {
        self.sql("SELECT pg_promote(true, 60)");
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs a program to its end, as the user who may.
    fn run(&self, command: &mut Command) {
        let done = self.as_user(command).stdin(Stdio::null()).output().expect("a program that is there");
        assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Root may not run a server.
    fn as_user<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if let Some((user, group)) = other_user() {
            command.uid(user).gid(group);
        }
        command.current_dir(self.folder.path())
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The URL for a database.
    pub(crate) fn url_of(&self, database: &str) -> String {
        format!("postgres://otp:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// A client of one connection, to a database.
    pub(crate) async fn client_of(&self, database: &str) -> Result<Client, BoxError> {
        let config: Config = self.url_of(database).parse()?;
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// A client of one connection.
    pub(crate) async fn client(&self) -> Result<Client, BoxError> {
        self.client_of("postgres").await
    }

    /// Does something to the server.
    pub(crate) fn sql(&self, sql: &str) {
        let done =
            runtime().block_on(async { Ok::<_, BoxError>(self.client().await?.batch_execute(sql).await?) });
        done.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// A new database of that name.
    pub(crate) fn database(self: &Arc<Self>, name: &str) -> Database {
        self.sql(&format!("CREATE DATABASE {name}"));
        Database { url: self.url_of(name), _server: Arc::clone(self) }
    }

    /// Stops it as an administrator does: whoever is connected is told so.
    pub(crate) fn shut_down(&mut self) {
        self.stop("fast");
    }

    fn stop(&mut self, mode: &str) {
        let mut stop = Command::new(program("pg_ctl"));
        let stop = self.as_user(&mut stop).args(["stop", "-w", "-m", mode, "-D"]).arg(self.data());
        let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status(); // if it is over already, so be it
        self.process = None;
    }
}

/// The URL of a database, whose server runs for as long as this is held.
pub(crate) struct Database {
    url: String,
    _server: Arc<Server>,
}

impl Deref for Database {
    type Target = str;

    fn deref(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    /// A killed server leaves shared memory behind, of which a system has only so much.
    fn drop(&mut self) {
        if self.process.as_mut().is_some_and(Process::runs) {
            self.stop("immediate");
        }
    }
}

impl Subject for Server {
    type Store = PostgresStore;

    const NAME: &'static str = "postgres";
    const FORGETS_BY: otp_exchange_trials::ForgetsBy = otp_exchange_trials::ForgetsBy::Store;
    const NEEDS: &'static [Program] = &[POSTGRES];

    fn start() -> Self {
        Self::with(&[])
    }

    fn url(&self) -> String {
        self.url_of("postgres")
    }

    fn url_by(&self, proxy: SocketAddr) -> Option<String> {
        Some(format!("postgres://otp@{proxy}/postgres"))
    }

    fn address(&self) -> Option<SocketAddr> {
        Some(([127, 0, 0, 1], self.port).into())
    }

    async fn connect(url: &str, clock: SharedClock, timeout: Duration) -> Result<PostgresStore, BoxError> {
        let store = PostgresStore::connect(url).await?.clock(clock).timeout(timeout);
        store.migrate().await?;
        Ok(store)
    }

    async fn purge(store: &PostgresStore) {
        store.purge().await.expect("the server is there");
    }

    fn kill(&mut self) {
        self.process = None; // which kills it
    }

    fn restart(&mut self) {
        let data = self.data();
        let mut command = Command::new(program("postgres"));
        let port = self.port.to_string();
        command.arg("-D").arg(data).args(["-p", &port]).arg("-k").arg(self.folder.path());
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        let log = self.folder.path().join("log");
        let mut process = Process::spawn(self.as_user(&mut command), &log);
        wait_until("the server answers", START, || {
            let said = || fs::read_to_string(&log).unwrap_or_default();
            assert!(process.runs(), "the server ended: {:?}", said().lines().next_back());
            runtime().block_on(answers(self))
        });
        self.process = Some(process);
    }
}

async fn answers(server: &Server) -> bool {
    match server.client().await {
        Ok(client) => client.simple_query("SELECT 1").await.is_ok(),
        Err(_) => false,
    }
}

/// One server for all trials that do it no harm; it ends with the last of them that holds it.
pub(crate) fn shared() -> Arc<Server> {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(Server::start());
        *shared = Arc::downgrade(&server);
        server
    })
}

/// The user and group that run the server, if this process is root's: those of user `postgres`.
fn other_user() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").ok()?.uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("the list of users");
    let user = users.lines().find_map(|line| line.strip_prefix("postgres:"));
    let mut fields = user.expect("a user postgres, for a server is not run as root").split(':').skip(1);
    let mut number = || fields.next().and_then(|field| field.parse().ok()).expect("a number");
    Some((number(), number()))
}

/// The server's major version, from `postgres (PostgreSQL) 15.19 …`.
fn version() -> u32 {
    let said = Command::new(program("postgres")).arg("--version").output().expect("a program that is there");
    let said = String::from_utf8_lossy(&said.stdout);
    let number = said.split_whitespace().nth(2).and_then(|number| number.split('.').next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no version: {said}"))
}

/// Where a program of the server's is.
fn program(name: &'static str) -> PathBuf {
    let program = Program { name, ..POSTGRES };
    program.path().unwrap_or_else(|| panic!("{program}"))
}
