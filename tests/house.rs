//! The house stands as it is described: floors import only from floors below, and no I/O has moved in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// From the top floor down. Whatever is named nowhere here is one of the words, on the ground floor, which
/// sees `message` and itself only.
const FLOORS: [&str; 8] = ["testkit", "embedded", "exchanger", "ports", "rules", "policy", "crypto", "words"];

fn floor_of(module: &str) -> usize {
    FLOORS.iter().position(|floor| *floor == module).unwrap_or(FLOORS.len() - 1)
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The modules named by `crate::…` in code, comments left out.
fn imports(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned())
        .collect()
}

/// Imports that go up, as `file: floor`.
fn upward(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for path in sources(root) {
        let inside = path.strip_prefix(root).unwrap();
        let module = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        for import in imports(&fs::read_to_string(&path).unwrap()) {
            if floor_of(&import) < floor_of(module) {
                found.push(format!("{}: {import}", inside.display()));
            }
        }
    }
    found
}

#[test]
fn each_floor_imports_only_from_below() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(upward(&root), Vec::<String>::new());
}

#[test]
fn an_import_that_goes_up_is_found() {
    let root = std::env::temp_dir().join(format!("otp-exchange-house-{}", std::process::id()));
    fs::create_dir_all(root.join("rules")).unwrap();
    fs::write(root.join("rules/ledger.rs"), "use crate::policy::Policy;\nuse crate::ports::Clock;\n")
        .unwrap();
    let found = upward(&root);
    fs::remove_dir_all(&root).unwrap();
    assert_eq!(found, ["rules/ledger.rs: ports"]);
}

#[test]
fn the_core_has_no_runtime_no_io_crate_and_few_packages() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "-p",
            "otp-exchange",
            "-e",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let mut packages: Vec<_> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    packages.sort_unstable();
    packages.dedup();
    assert!(packages.contains(&"aes-gcm-siv"), "{packages:?}");
    assert!(packages.len() <= 60, "{} packages", packages.len());
    let banned =
        ["tokio", "async-std", "smol", "futures", "mio", "reqwest", "hyper", "rustls", "socket2", "rusqlite"];
    assert!(packages.iter().all(|package| !banned.contains(package)), "{packages:?}");
}
