//! The users of the Passage and Slingr APIs: who has which address, and whether that was proven.
//!
//! Whoever has proven an address stands in a file, one line of JSON each, and is read from it at the start.
//! Whoever only asked to register is remembered for a while: their id travels in the code's grant, so a
//! registration survives a restart all the same. This is the first thing to replace by a table of your own.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64ct::{Base64UrlUnpadded, Encoding};
use otp_exchange::{Entropy, Recipient, SystemEntropy};
use serde::{Deserialize, Serialize};

/// How many are remembered who have proven nothing yet.
const UNVERIFIED: usize = 10_000;

/// A directory of users. Clones share it.
#[derive(Clone)]
pub(crate) struct Users {
    known: Arc<Mutex<Known>>,
    journal: Arc<Mutex<Option<Journal>>>,
}

/// Somebody with an address.
#[derive(Clone)]
pub(crate) struct User {
    /// 16 random bytes, as text.
    pub(crate) id: String,
    /// The address as it was proven, or only said.
    pub(crate) address: Recipient,
    /// Whether it was proven.
    pub(crate) verified: bool,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    address: String,
}

#[derive(Default)]
struct Known {
    /// By canonical address.
    users: HashMap<String, User>,
    verified: HashSet<String>,
    /// Canonical addresses of those who asked to register, in the order in which they did; some have proven
    /// it since.
    asked: VecDeque<String>,
}

/// The file, and how much of it is whole lines.
struct Journal {
    file: File,
    length: u64,
}

/// What is wrong with a file of users.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsersError {
    /// It cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A line is none of such a file.
    #[error("line {0} must be {{\"id\": …, \"address\": …}}, with an address that no other line has")]
    Line(usize),
}

/// A new id.
pub(crate) fn fresh_id() -> io::Result<String> {
    let mut bytes = [0; 16];
    SystemEntropy.fill(&mut bytes).map_err(io::Error::other)?;
    Ok(Base64UrlUnpadded::encode_string(&bytes))
}

impl Users {
    /// Those of that file, which is made if it is not there; without a file, nobody.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, UsersError> {
        let mut known = Known::default();
        let journal = path.map(|path| Journal::open(path, &mut known)).transpose()?;
        Ok(Self { known: Arc::new(Mutex::new(known)), journal: Arc::new(Mutex::new(journal)) })
    }

    /// Who has that address.
    pub(crate) fn find(&self, recipient: &Recipient) -> Option<User> {
        self.known().users.get(&recipient.canonical()).cloned()
    }

    /// Who has that address; if nobody has, it is somebody with that id from now on, who has yet to prove it.
    pub(crate) fn find_or_add(&self, recipient: &Recipient, id: &str) -> User {
        self.known().find_or_add(recipient, id)
    }

    /// Whether somebody who has proven their address has that id.
    pub(crate) fn is_verified(&self, id: &str) -> bool {
        self.known().verified.contains(id)
    }

    /// Takes down that whoever has that id has proven that address, before anything is built on it. It is
    /// false if somebody else did so before.
    pub(crate) async fn verify(&self, id: &str, recipient: &Recipient) -> io::Result<bool> {
        let (users, user) = (self.clone(), User::proven(id, recipient));
        tokio::task::spawn_blocking(move || users.write_down(user)).await.map_err(io::Error::other)?
    }

    fn write_down(&self, user: User) -> io::Result<bool> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner); // one at a time
        if let Some(found) = self.find(&user.address).filter(|found| found.verified) {
            return Ok(found.id == user.id);
        }
        if let Some(journal) = &mut *journal {
            journal.append(&user)?;
        }
        self.known().verify(user);
        Ok(true)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl User {
    fn proven(id: &str, address: &Recipient) -> Self {
        Self { id: id.to_owned(), address: address.clone(), verified: true }
    }
}

impl Known {
    fn find_or_add(&mut self, recipient: &Recipient, id: &str) -> User {
        let canonical = recipient.canonical();
        if let Some(found) = self.users.get(&canonical) {
            return found.clone();
        }
        if self.asked.len() == UNVERIFIED {
            let oldest = self.asked.pop_front().unwrap_or_default();
            if self.users.get(&oldest).is_some_and(|user| !user.verified) {
                self.users.remove(&oldest);
            }
        }
        let user = User { id: id.to_owned(), address: recipient.clone(), verified: false };
        self.asked.push_back(canonical.clone());
        self.users.insert(canonical, user.clone());
        user
    }

    fn verify(&mut self, user: User) {
        self.verified.insert(user.id.clone());
        self.users.insert(user.address.canonical(), user);
    }
}

impl Journal {
    /// Reads the file. A last line without an end was being written when the process died: nobody was told
    /// that it was there, and it is cut off.
    fn open(path: &Path, known: &mut Known) -> Result<Self, UsersError> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < bytes.len() {
            tracing::warn!(file = %path.display(), "the last line has no end, and was dropped");
            file.set_len(whole as u64)?;
        }
        for (line, number) in bytes[..whole].split_inclusive(|byte| *byte == b'\n').zip(1..) {
            let user = read(line).ok_or(UsersError::Line(number))?;
            if known.users.contains_key(&user.address.canonical()) || known.verified.contains(&user.id) {
                return Err(UsersError::Line(number));
            }
            known.verify(user);
        }
        Ok(Self { file, length: whole as u64 })
    }

    fn append(&mut self, user: &User) -> io::Result<()> {
        let line = Line { id: user.id.clone(), address: user.address.address().to_owned() };
        let mut json = serde_json::to_vec(&line).map_err(io::Error::other)?;
        json.push(b'\n');
        let written = self.file.write_all(&json).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.file.set_len(self.length)?; // a part of a line must not stand before the next
            return Err(error);
        }
        self.length += json.len() as u64;
        Ok(())
    }
}

fn read(line: &[u8]) -> Option<User> {
    let Line { id, address } = serde_json::from_slice(line).ok()?;
    let address = Recipient::parse(&address).ok()?;
    (!id.is_empty()).then(|| User::proven(&id, &address))
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Recipient {
        Recipient::parse(text).unwrap()
    }

    #[tokio::test]
    async fn who_has_proven_an_address_is_known_after_a_restart_and_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        let (ada, other) = (address("Ada@Example.org"), address("+32412345678"));
        let users = Users::open(Some(&path)).unwrap();
        assert!(users.find(&ada).is_none());
        assert!(!users.find_or_add(&ada, "one").verified);
        assert_eq!(users.find_or_add(&address("ada@example.org"), "two").id, "one");
        users.find_or_add(&other, "three");
        assert!(!users.is_verified("one"));
        assert!(users.verify("one", &ada).await.unwrap());
        assert!(users.verify("one", &ada).await.unwrap(), "again is no mistake");
        assert!(!users.verify("two", &ada).await.unwrap(), "somebody else has it");

        let again = Users::open(Some(&path)).unwrap();
        let found = again.find(&address("ada@example.org")).unwrap();
        assert_eq!((&*found.id, found.address.address(), found.verified), ("one", "Ada@Example.org", true));
        assert!(again.is_verified("one") && !again.is_verified("three"));
        assert!(again.find(&other).is_none());
    }

    #[tokio::test]
    async fn a_line_that_was_cut_off_is_dropped_and_any_other_that_is_wrong_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        let good = |id: &str| format!("{{\"id\":\"{id}\",\"address\":\"{id}@example.org\"}}\n");
        std::fs::write(&path, format!("{}{{\"id\":\"tw", good("one"))).unwrap();
        let users = Users::open(Some(&path)).unwrap();
        assert!(users.is_verified("one"));
        assert!(users.verify("two", &address("two@example.org")).await.unwrap());
        assert!(Users::open(Some(&path)).unwrap().is_verified("two"), "the next line began anew");

        for wrong in
            ["\n", "{\"id\":\"one\"}\n", "{\"id\":\"\",\"address\":\"a@example.org\"}\n", "x\n", &good("one")]
        {
            std::fs::write(&path, format!("{}{wrong}{}", good("one"), good("three"))).unwrap();
            let error = Users::open(Some(&path)).err().unwrap();
            assert!(error.to_string().contains("line 2"), "{wrong:?}: {error}");
        }
    }

    #[test]
    fn those_who_only_asked_are_forgotten_oldest_first() {
        let users = Users::open(None).unwrap();
        let nth = |n: usize| address(&format!("n{n}@example.org"));
        users.write_down(User::proven("proven", &nth(0))).unwrap();
        for n in 0..=UNVERIFIED {
            users.find_or_add(&nth(n), "somebody");
        }
        assert!(users.find(&nth(1)).is_some());
        users.find_or_add(&nth(UNVERIFIED + 1), "somebody");
        assert!(users.find(&nth(1)).is_none() && users.find(&nth(2)).is_some());
        assert!(users.find(&nth(0)).is_some(), "but for those who have proven it");
    }
}
