//! Which files are opened, and which are left alone.

use std::path::Path;
use std::{env, fs};

use otp_exchange::Swap;
use pollster::block_on;
use rusqlite::Connection;

use super::{connect, create, fresh, load, place};
use crate::database::open_writer;
use crate::error::Error;
use crate::store::{SqliteStore, Synchronous, whole};

/// It does not open, and not a byte of it is changed.
fn refused(path: &Path) -> Error {
    let before = fs::read(path).unwrap();
    let error = connect(path).unwrap_err();
    assert_eq!(fs::read(path).unwrap(), before);
    assert!(error.to_string().contains("codes.db"), "{error}");
    error
}

#[test]
fn every_form_of_address_leads_to_the_same_file() {
    let (_folder, path) = place();
    let (name, value) = fresh();
    assert_eq!(create(&connect(&path).unwrap(), name, &value).unwrap(), Swap::Applied);
    let text = path.to_str().unwrap();
    for url in [text.to_owned(), format!("sqlite:{text}"), format!("sqlite://{text}")] {
        let store = block_on(SqliteStore::connect(&url)).unwrap();
        assert_eq!(load(&store, name).as_ref(), Some(&value), "{url}");
    }
}

#[test]
fn an_address_with_options_or_without_a_path_is_refused() {
    for url in ["", "sqlite:", "sqlite://", "sqlite:codes.db?mode=ro"] {
        assert!(matches!(block_on(SqliteStore::connect(url)), Err(Error::Address)), "{url}");
    }
}

#[test]
fn a_path_that_looks_like_a_uri_is_a_path() {
    let (folder, _) = place();
    let path = folder.path().join("file:codes.db?mode=memory");
    let (name, value) = fresh();
    let store = block_on(SqliteStore::open(&path, Synchronous::Full)).unwrap();
    assert_eq!(create(&store, name, &value).unwrap(), Swap::Applied);
    assert!(path.is_file());
    let relative = Path::new("file:codes.db?mode=memory");
    assert_eq!(whole(relative).unwrap(), env::current_dir().unwrap().join(relative));
}

#[test]
fn what_was_written_is_there_after_a_restart() {
    let (_folder, path) = place();
    let (name, value) = fresh();
    for synchronous in [Synchronous::Full, Synchronous::Normal] {
        let store = block_on(SqliteStore::open(&path, synchronous)).unwrap();
        let first = synchronous == Synchronous::Full;
        assert_eq!(load(&store, name).is_none(), first);
        assert_eq!(create(&store, name, &value).unwrap() == Swap::Applied, first);
    }
}

#[test]
fn an_empty_file_becomes_a_database() {
    let (_folder, path) = place();
    fs::write(&path, "").unwrap();
    let (name, value) = fresh();
    assert_eq!(create(&connect(&path).unwrap(), name, &value).unwrap(), Swap::Applied);
}

#[test]
fn what_is_no_database_is_left_alone() {
    let (_folder, path) = place();
    for contents in ["eggs".to_owned(), "shopping list: eggs\n".repeat(400)] {
        fs::write(&path, contents).unwrap();
        assert!(matches!(refused(&path), Error::NotADatabase { .. }));
    }
}

#[test]
fn another_programs_database_is_left_alone() {
    let theirs = [
        "CREATE TABLE customer (id INTEGER PRIMARY KEY)",
        "CREATE TABLE entry (name BLOB PRIMARY KEY, value BLOB, forget_after INTEGER)",
        "PRAGMA application_id = 252006674",
        "PRAGMA user_version = 7",
        "PRAGMA journal_mode = WAL; PRAGMA user_version = 7",
        // Marked as ours, but without a table, or without a version.
        "PRAGMA application_id = 1330925656; PRAGMA user_version = 1",
        "PRAGMA application_id = 1330925656; CREATE TABLE entry (name BLOB)",
    ];
    for statements in theirs {
        let (_folder, path) = place();
        Connection::open(&path).unwrap().execute_batch(statements).unwrap();
        assert!(matches!(refused(&path), Error::Foreign { .. }), "{statements}");
    }
}

#[test]
fn a_newer_schema_is_left_alone() {
    let (_folder, path) = place();
    drop(open_writer(&path, Synchronous::Full).unwrap());
    connect(&path).unwrap();
    super::wait_until("the file is closed", || !path.with_extension("db-wal").exists());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    assert!(matches!(refused(&path), Error::NewerSchema { found: 2, known: 1, .. }));
}

#[test]
fn where_no_file_can_be_the_error_says_which() {
    let (folder, path) = place();
    for nowhere in [path.join("below"), folder.path().join("missing/codes.db"), folder.path().to_owned()] {
        let error = connect(&nowhere).unwrap_err();
        assert!(matches!(&error, Error::CannotOpen { path, .. } if *path == nowhere), "{error}");
        assert!(error.to_string().contains(nowhere.to_str().unwrap()), "{error}");
        fs::write(&path, "").unwrap(); // a file for a directory
    }
}

#[test]
fn commits_wait_for_the_disk_unless_told_otherwise() {
    let (_folder, path) = place();
    for (synchronous, number) in [(Synchronous::default(), 2), (Synchronous::Normal, 1)] {
        let connection = open_writer(&path, synchronous).unwrap();
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!((pragma("synchronous"), pragma("fullfsync")), (number, 1));
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;

    const SCENE: &str = "OTP_EXCHANGE_SQLITE_SCENE";

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_new_file_is_for_its_owner_alone_and_an_old_one_stays_as_it_was() {
        let (_folder, path) = place();
        let all = ["db", "db-wal", "db-shm"].map(|end| path.with_extension(end));
        for expected in [0o600, 0o640] {
            let store = connect(&path).unwrap();
            let (name, value) = fresh();
            assert_eq!(create(&store, name, &value).unwrap(), Swap::Applied);
            assert_eq!(all.each_ref().map(|path| mode(path)), [expected; 3]);
            drop(store);
            super::super::wait_until("the file is closed", || !all[1].exists());
            set_mode(&path, 0o640);
        }
    }

    /// Nobody can keep root out; so root does this as somebody else, in a process of its own.
    #[test]
    fn without_permission_the_error_says_so() {
        if let Some(folder) = env::var_os(SCENE) {
            return without_permission(Path::new(&folder));
        }
        let (folder, _) = place();
        set_mode(folder.path(), 0o777);
        let program = folder.path().join("program");
        fs::copy(env::current_exe().unwrap(), &program).unwrap();
        set_mode(&program, 0o755);
        let mut child = Command::new(program);
        child.args(["--exact", "tests::opening::unix::without_permission_the_error_says_so"]);
        child.env(SCENE, folder.path()).current_dir(folder.path());
        if fs::metadata("/proc/self").is_ok_and(|this| this.uid() == 0) {
            child.uid(65534).gid(65534);
        }
        let output = child.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    }

    fn without_permission(folder: &Path) {
        let path = folder.join("codes.db");
        connect(&path).unwrap();
        super::super::wait_until("the file is closed", || !path.with_extension("db-wal").exists());
        set_mode(&path, 0o400);
        assert!(matches!(connect(&path), Err(Error::ReadOnly)));
        set_mode(&path, 0o000);
        assert!(matches!(connect(&path), Err(Error::CannotOpen { .. })));
        set_mode(&path, 0o600);

        let shut = folder.join("shut");
        fs::create_dir(&shut).unwrap();
        fs::copy(&path, shut.join("codes.db")).unwrap();
        set_mode(&shut, 0o500);
        assert!(matches!(connect(&shut.join("other.db")), Err(Error::CannotOpen { .. })));
        let error = connect(&shut.join("codes.db")).unwrap_err(); // where no log can be made
        assert!(matches!(error, Error::CannotOpen { .. } | Error::ReadOnly), "{error}");
        set_mode(&shut, 0o700);
        connect(&shut.join("codes.db")).unwrap();
    }
}
