//! Whether a server can be used, and whether it keeps what it answered.

use std::fmt;

use crate::Error;

/// The oldest version that is used, as `server_version_num` has it.
const OLDEST: i32 = 12_00_00;

/// What a server says of itself.
pub(crate) struct Server {
    /// `server_version_num`.
    pub(crate) version: i32,
    /// Whether it is a standby, or transactions of this session may not write.
    pub(crate) read_only: bool,
    /// Which of the settings of [`Warning::ALL`] are on.
    pub(crate) on: [bool; 4],
}

impl Server {
    /// One row of what [`judge`](Self::judge) needs.
    pub(crate) const QUERY: &str = "SELECT current_setting('server_version_num')::int4, \
         pg_is_in_recovery() OR current_setting('transaction_read_only')::bool, current_setting('fsync')::bool, \
         current_setting('full_page_writes')::bool, current_setting('synchronous_commit') <> 'off', \
         current_setting('synchronous_standby_names') = '' \
         OR current_setting('synchronous_commit') NOT IN ('local', 'remote_write')";

    /// Whether it can be used, and what is to be said against it.
    pub(crate) fn judge(&self) -> Result<Vec<Warning>, Error> {
        if self.version < OLDEST {
            let (major, minor) = (self.version / 10_000, self.version % 10_000);
            return Err(Error::OldServer { version: format!("{major}.{minor}") });
        }
        if self.read_only {
            return Err(Error::ReadOnly);
        }
        let off = Warning::ALL.into_iter().zip(self.on).filter(|(_, on)| !on);
        Ok(off.map(|(warning, _)| warning).collect())
    }
}

/// A setting of the server with which an answered swap may be lost in a crash: a used code is good again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// `fsync` is off: a crash of the machine may lose or spoil anything.
    FsyncOff,
    /// `full_page_writes` is off: a crash of the machine may spoil pages that were half written.
    FullPageWritesOff,
    /// `synchronous_commit` is off for this user and database: a crash of the server loses the last swaps, of
    /// up to three times `wal_writer_delay`.
    SynchronousCommitOff,
    /// There are synchronous standbys, but `synchronous_commit` is `local` or `remote_write` for this user and
    /// database: a failover loses the last swaps all the same.
    StandbyNotWaitedFor,
}

impl Warning {
    const ALL: [Self; 4] =
        [Self::FsyncOff, Self::FullPageWritesOff, Self::SynchronousCommitOff, Self::StandbyNotWaitedFor];
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let setting = match self {
            Self::FsyncOff => "fsync",
            Self::FullPageWritesOff => "full_page_writes",
            Self::SynchronousCommitOff => "synchronous_commit",
            Self::StandbyNotWaitedFor => {
                return f.write_str(
                    "postgres: synchronous_commit does not wait for the standby's disk, so a failover may undo what was \
                     answered; set it to on",
                );
            }
        };
        write!(f, "postgres: {setting} is off, so a crash may undo what was answered; set it to on")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: Server = Server { version: 12_00_00, read_only: false, on: [true; 4] };

    #[test]
    fn the_oldest_version_is_12() {
        assert_eq!(SOUND.judge().unwrap(), []);
        let old = Server { version: 11_00_22, ..SOUND };
        assert!(matches!(old.judge(), Err(Error::OldServer { version }) if version == "11.22"));
    }

    #[test]
    fn a_server_that_takes_no_writes_is_refused() {
        let standby = Server { read_only: true, ..SOUND };
        assert!(matches!(standby.judge(), Err(Error::ReadOnly)));
    }

    #[test]
    fn each_setting_that_may_lose_swaps_is_told() {
        assert_eq!(Server { on: [false; 4], ..SOUND }.judge().unwrap(), Warning::ALL);
        let loose = Server { on: [true, true, false, true], ..SOUND };
        assert_eq!(loose.judge().unwrap(), [Warning::SynchronousCommitOff]);
    }
}
