//! Files with secrets, made once.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64ct::{Base64UrlUnpadded, Encoding};
use otp_exchange::{Entropy, SystemEntropy};
use zeroize::Zeroizing;

/// What is in that file; if it is not there, it is made, readable by its owner alone. Several processes may start at
/// once, in several containers, too: one makes it, all read the same.
///
/// # Errors
/// As the file system says, and what `make` returns.
pub(crate) fn read_or_make<E: From<io::Error>>(
    path: &Path,
    make: impl FnOnce() -> Result<Zeroizing<String>, E>,
) -> Result<Zeroizing<String>, E> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return Ok(found.map(Zeroizing::new).map_err(|error| named(path, &error))?),
    }
    let content = make()?;
    // Whole or not at all, even if this process is killed meanwhile: written beside it, then given its name.
    let beside = beside(path)?;
    let written = write_private(&beside, &content).and_then(|()| fs::hard_link(&beside, path));
    let _ = fs::remove_file(&beside); // what counts is whether the file has its name
    match written {
        Ok(()) => tracing::info!(file = %path.display(), "a key file was made; keep it, and keep it secret"),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(named(path, &error).into()),
    }
    let read = fs::read_to_string(path).map(Zeroizing::new); // whoever made it
    Ok(read.map_err(|error| named(path, &error))?)
}

/// A name that nobody else has: in two containers the ids of processes are the same.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let mut bytes = [0; 16];
    SystemEntropy.fill(&mut bytes).map_err(io::Error::other)?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".new-{}", Base64UrlUnpadded::encode_string(&bytes)));
    Ok(name.into())
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn write_private(path: &Path, content: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_starts_at_the_same_time_reads_the_same() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("keys");
            // Each of its own content and length, and of one process id, as in containers.
            let start = std::sync::Barrier::new(8);
            let read: Vec<_> = std::thread::scope(|scope| {
                let starters: Vec<_> = (0..8_usize)
                    .map(|number| {
                        let (path, start) = (&path, &start);
                        let make = move || {
                            Ok::<_, io::Error>(Zeroizing::new(number.to_string().repeat(1000 + number)))
                        };
                        scope.spawn(move || {
                            start.wait();
                            read_or_make(path, make).unwrap()
                        })
                    })
                    .collect();
                starters.into_iter().map(|starter| starter.join().unwrap()).collect()
            });
            let kept = fs::read_to_string(&path).unwrap();
            assert!(
                read.iter().all(|one| **one == kept),
                "somebody works with other keys than those of the file"
            );
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        }
    }
}
