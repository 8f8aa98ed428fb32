//! The key file: what codes and sessions are sealed with.
//!
//! ```text
//! naming = <64 hexadecimal digits>      # never changes
//! sealing = <64 hexadecimal digits>     # seals what is new
//! open-only = <64 hexadecimal digits>   # any number: opens what others sealed
//! ```
//!
//! To rotate the sealing key, in three deployments: add the new one as open-only everywhere; swap the two; after 31 days drop the
//! old one.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use otp_exchange::{Entropy, EntropyError, KeyError, Keyring, SystemEntropy};
use zeroize::Zeroizing;

use crate::files::read_or_make;

/// Secrets of which keyrings are made, one for each namespace.
pub(crate) struct Keys {
    naming: Zeroizing<Vec<u8>>,
    sealing: Zeroizing<Vec<u8>>,
    open_only: Vec<Zeroizing<Vec<u8>>>,
}

/// What is wrong with a key file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// No randomness to make one from.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// A line is none of a key file.
    #[error("line {0} must be naming, sealing or open-only, `=`, and 64 or more hexadecimal digits")]
    Line(usize),
    /// Naming and sealing must be there once each.
    #[error("naming and sealing must be there, once each")]
    Missing,
    /// A key is too short, or there twice.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Keys {
    /// Reads the file, or makes it.
    pub(crate) fn of_file(path: &Path) -> Result<Self, KeyFileError> {
        Self::parse(&read_or_make(path, fresh)?)
    }

    /// Fresh ones, that end with the process.
    pub(crate) fn fresh() -> Result<Self, KeyFileError> {
        Self::parse(&fresh()?)
    }

    /// The keyring for that namespace.
    pub(crate) fn keyring(&self, namespace: &str) -> Result<Keyring, KeyError> {
        let keyring = Keyring::new(&self.naming, &self.sealing)?;
        self.open_only.iter().try_fold(keyring, |keyring, key| keyring.open_only(key))?.namespace(namespace)
    }

    fn parse(text: &str) -> Result<Self, KeyFileError> {
        let (mut naming, mut sealing, mut open_only) = (Vec::new(), Vec::new(), Vec::new());
        for (line, number) in text.lines().zip(1..) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let (name, digits) = line.split_once('=').ok_or(KeyFileError::Line(number))?;
            let key = hexadecimal(digits.trim()).ok_or(KeyFileError::Line(number))?;
            match name.trim() {
                "naming" => naming.push(key),
                "sealing" => sealing.push(key),
                "open-only" => open_only.push(key),
                _ => return Err(KeyFileError::Line(number)),
            }
        }
        match (naming.pop(), sealing.pop()) {
            (Some(one), Some(other)) if naming.is_empty() && sealing.is_empty() => {
                Ok(Self { naming: one, sealing: other, open_only })
            }
            _ => Err(KeyFileError::Missing),
        }
    }
}

fn fresh() -> Result<Zeroizing<String>, KeyFileError> {
    let mut text = Zeroizing::new(String::with_capacity(256)); // grows no more, so no copy is left behind
    for name in ["naming", "sealing"] {
        let mut key = Zeroizing::new([0; 32]);
        SystemEntropy.fill(&mut *key)?;
        let _ = write!(text, "{name} = "); // to a string: it cannot fail
        for byte in key.iter() {
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
    }
    Ok(text)
}

fn hexadecimal(digits: &str) -> Option<Zeroizing<Vec<u8>>> {
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| match pair {
        [high, low] => {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
        }
        _ => None,
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len() / 2));
    for pair in pairs {
        bytes.push(byte(pair)?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "0101010101010101010101010101010101010101010101010101010101010101";
    const TWO: &str = "0202020202020202020202020202020202020202020202020202020202020202";
    const THREE: &str = "0303030303030303030303030303030303030303030303030303030303030303";

    #[test]
    fn a_file_has_one_naming_one_sealing_and_any_number_of_open_only_keys() {
        let whole = format!("# keys\nnaming = {ONE}\n\nsealing={TWO} # of this year\nopen-only = {THREE}\n");
        assert!(Keys::parse(&whole).unwrap().keyring("here").is_ok());
        for (text, expected) in [
            (format!("naming = {ONE}\n"), "once each"),
            (format!("naming = {ONE}\nnaming = {TWO}\nsealing = {THREE}\n"), "once each"),
            (format!("naming = {ONE}\nsealing = {TWO}x\n"), "line 2"),
            (format!("naming = {ONE}\nsealing = 012\n"), "line 2"),
            (format!("naming {ONE}\n"), "line 1"),
            (format!("name = {ONE}\n"), "line 1"),
        ] {
            let error = Keys::parse(&text).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains(&ONE[..8]));
        }
        for short_or_twice in
            [format!("naming = 01\nsealing = {TWO}"), format!("naming = {ONE}\nsealing = {ONE}")]
        {
            assert!(Keys::parse(&short_or_twice).unwrap().keyring("here").is_err());
        }
    }

    #[test]
    fn a_file_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("service.keys");
        let made = Keys::of_file(&path).unwrap();
        let read = Keys::of_file(&path).unwrap();
        assert_eq!((&made.naming, &made.sealing), (&read.naming, &read.sealing));
        assert_ne!(made.naming, made.sealing);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
