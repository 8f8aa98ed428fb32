//! Servers of a trial's own: started on free ports of loopback, and killed by their own process ids.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rand::RngExt;
use rustix::param::clock_ticks_per_second;
use rustix::process::{Pid, Signal, kill_process};

/// Where ports are taken from: below those that the system gives to outgoing connections, one of which could
/// otherwise sit on the port of a server that is down for a moment.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// A program that a store needs.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// What it is called on the `PATH`.
    pub name: &'static str,
    /// How to get it.
    pub install: &'static str,
}

impl Program {
    /// Where it is: on the `PATH`, or where Debian keeps the programs of `PostgreSQL`, the newest version
    /// first.
    pub fn path(&self) -> Option<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let number =
            |version: &fs::DirEntry| version.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        let mut versions: Vec<_> = versions.map(|version| (number(&version), version.path())).collect();
        versions.sort_by(|one, other| other.cmp(one));
        folders.extend(versions.into_iter().map(|(_, version)| version.join("bin")));
        folders.into_iter().map(|folder| folder.join(self.name)).find(|file| file.is_file())
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not on the PATH; {}", self.name, self.install)
    }
}

/// A child process and all of its own children, dead once this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts it in a process group of its own, with what it prints going to that file.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn spawn(command: &mut Command, log: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log).expect("a log in a folder of our own");
        let errors = log.try_clone().expect("a second handle");
        let child = command.process_group(0).stdin(Stdio::null()).stdout(log).stderr(errors).spawn();
        Self { child: child.unwrap_or_else(|error| panic!("{command:?}: {error}")) }
    }

    /// A child that somebody else started.
    pub fn of(child: Child) -> Self {
        Self { child }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// How long it and its children have been at work so far, by the kernel's count of hundredths of a second; of
    /// children that have ended, those it has waited for.
    pub fn at_work(&self) -> Duration {
        let all = std::iter::once(self.id()).chain(descendants(self.id()));
        let ticks: u64 = all.filter_map(ticks).sum();
        Duration::from_secs(ticks) / u32::try_from(clock_ticks_per_second()).unwrap_or(100)
    }

    /// Stops it and its children where they are, until they [go on](Self::go_on).
    pub fn pause(&self) {
        self.signal_all(Signal::STOP);
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.signal_all(Signal::CONT);
    }

    /// kill -9, it and its children, at once; gone when this returns.
    pub fn kill(&mut self) {
        if self.runs() {
            // Stopped first, so that it makes no child while they are being listed; which takes a moment.
            signal(self.id(), Signal::STOP);
            wait_until("it has stopped", Duration::from_secs(20), || {
                stat(self.id()).is_none_or(|(_, state)| matches!(state, 'T' | 'Z' | 'X'))
            });
            let children = descendants(self.id());
            signal(self.id(), Signal::KILL);
            for child in &children {
                signal(*child, Signal::KILL);
            }
            wait_until("killed processes are gone", Duration::from_secs(20), || {
                let _ = self.child.try_wait();
                !children.iter().any(|child| alive(*child))
            });
        }
        let _ = self.child.wait();
    }

    fn signal_all(&self, which: Signal) {
        signal(self.id(), which);
        for child in descendants(self.id()) {
            signal(child, which);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn signal(id: u32, which: Signal) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, which); // it may be gone already
    }
}

fn alive(id: u32) -> bool {
    stat(id).is_some_and(|(_, state)| state != 'Z' && state != 'X')
}

/// The parent of a process, and its state, from `/proc`.
fn stat(id: u32) -> Option<(u32, char)> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace(); // the name before may hold anything
    let state = fields.next()?.chars().next()?;
    Some((fields.next()?.parse().ok()?, state))
}

/// Of a process and the children it has waited for: fields 14 to 17 of its line in `/proc`.
fn ticks(id: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some(fields.skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum())
}

/// Children, their children, and so on: some servers put theirs into process groups of their own.
fn descendants(of: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parents: Vec<(u32, u32)> = ids.filter_map(|id| Some((id, stat(id)?.0))).collect();
    let mut found = vec![of];
    let mut next = 0;
    while next < found.len() {
        let parent = found[next];
        found.extend(parents.iter().filter(|(_, above)| *above == parent).map(|(id, _)| *id));
        next += 1;
    }
    found.split_off(1)
}

/// A port of loopback that nobody listens on, and that this process never gave away before.
///
/// # Panics
/// If none is free.
pub fn free_port() -> u16 {
    static TAKEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..10_000 {
        let port = rand::rng().random_range(PORTS);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && taken.insert(port) {
            return port;
        }
    }
    panic!("no free port on loopback between {} and {}", PORTS.start, PORTS.end);
}

/// Looks again and again until it is so.
///
/// # Panics
/// If it is not so within that time.
#[allow(clippy::disallowed_methods)] // real servers take real time
pub fn wait_until(what: &str, within: Duration, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + within;
    while !is_so() {
        assert!(Instant::now() < end, "waited for {} s, but not: {what}", within.as_secs());
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// A shell whose child is in a session, and so a process group, of its own.
    fn family(folder: &Path) -> (Process, u32) {
        let shell = "setsid sleep 1000 & echo $!; wait";
        let log = folder.join("log");
        let process = Process::spawn(Command::new("sh").args(["-c", shell]), &log);
        let child = || fs::read_to_string(&log).ok()?.trim().parse::<u32>().ok();
        wait_until("the child has started", Duration::from_secs(10), || child().is_some_and(alive));
        (process, child().unwrap())
    }

    #[test]
    fn a_killed_process_leaves_no_child_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (mut process, child) = family(folder.path());
        process.kill();
        assert!(!process.runs() && !alive(child));
    }

    #[test]
    fn a_dropped_process_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let (process, child) = family(folder.path());
        let parent = process.id();
        drop(process);
        assert!(!alive(parent) && !alive(child));
    }

    #[test]
    fn the_work_of_a_child_counts() {
        let folder = tempfile::tempdir().unwrap();
        let busy = "while :; do :; done & wait";
        let process = Process::spawn(Command::new("sh").args(["-c", busy]), &folder.path().join("log"));
        let a_while = Duration::from_millis(50);
        wait_until("it has worked", Duration::from_secs(20), || process.at_work() > a_while);
    }

    #[test]
    fn a_paused_process_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (process, child) = family(folder.path());
        let state = |state| stat(child).is_some_and(|(_, is)| is == state);
        process.pause();
        wait_until("it is stopped", Duration::from_secs(10), || state('T'));
        process.go_on();
        wait_until("it sleeps again", Duration::from_secs(10), || state('S'));
    }

    #[test]
    fn ports_are_given_away_once() {
        let ports: HashSet<u16> = (0..100).map(|_| free_port()).collect();
        assert_eq!(ports.len(), 100);
    }

    #[test]
    #[should_panic(expected = "but not: the moon is blue")]
    fn what_never_comes_is_not_waited_for_for_ever() {
        wait_until("the moon is blue", Duration::from_millis(20), || false);
    }
}
