//! Files with secrets, made once.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use zeroize::Zeroizing;

/// What is in that file; if it is not there, it is made, readable by its owner alone. Several processes may start at
/// once: one makes it, all read the same.
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
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let written = write_private(&beside, &content).and_then(|()| fs::hard_link(&beside, path));
    let _ = fs::remove_file(&beside); // what counts is whether the file has its name
    match written {
        Ok(()) => {
            tracing::info!(file = %path.display(), "a key file was made; keep it, and keep it secret");
            Ok(content)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(fs::read_to_string(path).map(Zeroizing::new).map_err(|error| named(path, &error))?)
        }
        Err(error) => Err(named(path, &error).into()),
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn write_private(path: &Path, content: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()
}
