//! The house stands as it is described: floors import only from floors below, no I/O has moved in, and every
//! promise has its evidence.

use std::collections::BTreeSet;
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

/// Whether an import does not say which module it goes to: a group, or a name at the crate's root, where
/// every floor has some.
fn hides_its_floor(import: &str) -> bool {
    !import.starts_with(|first: char| first.is_ascii_lowercase())
}

/// Imports that go up or hide where they go, as `file: floor`.
fn upward(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for path in sources(root) {
        let inside = path.strip_prefix(root).unwrap();
        let module = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        for import in imports(&fs::read_to_string(&path).unwrap()) {
            if floor_of(&import) < floor_of(module) || hides_its_floor(&import) {
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
    let downward =
        "// use crate::ports::Clock;\nuse crate::policy::Policy;\nuse crate::client_key::ClientKey;\n";
    for (upward_import, seen) in [
        ("use crate::ports::Clock;", "ports"),
        ("fn tell(to: &dyn crate::ports::Observer) {}", "ports"),
        ("use crate::{policy::Policy, ports::Clock};", ""),
        ("use crate::Observer;", "Observer"),
    ] {
        fs::write(root.join("rules/ledger.rs"), format!("{downward}{upward_import}\n")).unwrap();
        assert_eq!(upward(&root), [format!("rules/ledger.rs: {seen}")]);
    }
    // A word imports from no floor above it.
    fs::remove_file(root.join("rules/ledger.rs")).unwrap();
    fs::write(root.join("status.rs"), "use crate::policy::Policy;\nuse crate::otp_id::OtpId;\n").unwrap();
    let found = upward(&root);
    fs::remove_dir_all(&root).unwrap();
    assert_eq!(found, ["status.rs: policy"]);
}

#[test]
fn the_core_has_no_runtime_no_io_crate_and_few_packages() {
    assert!(!packages(&[]).contains(&"tracing".to_owned()), "only whoever asks for it has it");
    for features in [&[][..], &["--all-features"]] {
        let packages = packages(features);
        assert!(packages.contains(&"aes-gcm-siv".to_owned()), "{packages:?}");
        assert!(packages.len() <= 60, "{} packages", packages.len());
        let banned = [
            "tokio",
            "async-std",
            "smol",
            "futures",
            "mio",
            "reqwest",
            "lettre",
            "hyper",
            "rustls",
            "socket2",
            "rusqlite",
        ];
        assert!(packages.iter().all(|package| !banned.contains(&package.as_str())), "{packages:?}");
    }
}

/// An adapter's release never waits for another's, and a driver's never reaches the core.
#[test]
fn adapters_depend_on_the_core_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = |manifest: &Path| -> Vec<String> {
        let text = fs::read_to_string(manifest).unwrap();
        let dependencies = text.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
        let names = dependencies.lines().filter_map(|line| line.split(" =").next());
        names.filter(|name| name.starts_with("otp-exchange")).map(str::to_owned).collect()
    };
    assert_eq!(ours(&root.join("Cargo.toml")), Vec::<String>::new());
    let mut adapters = 0;
    for folder in fs::read_dir(root.join("adapters")).unwrap() {
        let manifest = folder.unwrap().path().join("Cargo.toml");
        assert_eq!(ours(&manifest), ["otp-exchange"], "{}", manifest.display());
        adapters += 1;
    }
    assert!(adapters >= 5, "the adapters are looked for in the wrong folder");
}

/// The cells of the first table under that heading, row by row, without its head.
fn table(text: &str, heading: &str) -> Vec<Vec<String>> {
    let part = text.split(&format!("\n## {heading}\n")).nth(1).unwrap_or_default();
    let part = part.split("\n## ").next().unwrap_or_default();
    let rows =
        part.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    rows.skip(2).map(cells).collect()
}

/// What is promised and not backed by a file that is there, a command and a figure; and what is backed and
/// promised no more.
fn unbacked(security: &str, evidence: &str, is_there: impl Fn(&str) -> bool) -> Vec<String> {
    let promises = table(security, "What is promised");
    let backed = table(evidence, "What SECURITY.md promises");
    let mut found = Vec::new();
    for row in &promises {
        let [promise, shown_by] = &row[..] else { panic!("a promise has two cells: {row:?}") };
        let paths: Vec<_> = shown_by.split('`').skip(1).step_by(2).collect();
        let missing = paths.iter().filter(|path| !is_there(path));
        found.extend(missing.map(|path| format!("{path} is not there")));
        let is_backed = backed.iter().any(|row| {
            matches!(&row[..], [said, command, figure]
                if said == promise && command.starts_with('`') && figure.contains(|c: char| c.is_ascii_digit()))
        });
        if paths.is_empty() || !is_backed {
            found.push(promise.clone());
        }
    }
    let stale = backed.iter().filter(|row| promises.iter().all(|promise| promise[0] != row[0]));
    found.extend(stale.map(|row| format!("{} is not promised", row[0])));
    found
}

#[test]
fn every_promise_has_its_evidence() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let (security, evidence) = (read("SECURITY.md"), read("docs/evidence.md"));
    assert!(
        table(&security, "What is promised").len() >= 36,
        "the promises are looked for in the wrong place"
    );
    assert_eq!(unbacked(&security, &evidence, |path| root.join(path).exists()), Vec::<String>::new());
}

/// A page that was written twice says two things as soon as one of them is changed.
#[test]
fn no_row_of_the_evidence_stands_twice() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let evidence = fs::read_to_string(root.join("docs/evidence.md")).unwrap();
    let head = |row: &&str| row.starts_with("|---") || evidence.contains(&format!("{row}\n|---"));
    let rows: Vec<_> = evidence.lines().filter(|line| line.starts_with('|') && !head(line)).collect();
    assert_eq!(repeated(&rows), Vec::<&str>::new());
    assert_eq!(repeated(&["| a | b |", "| a | c |", "| a | b |"]), ["| a | b |"]);
}

fn repeated<'a>(rows: &[&'a str]) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    rows.iter().copied().filter(|row| !seen.insert(*row)).collect()
}

#[test]
fn a_promise_without_evidence_is_found() {
    let security =
        "\n## What is promised\n\n| promise | by |\n|---|---|\n| A | `a` |\n| B | `b` |\n\n## More\n";
    let head = "\n## What SECURITY.md promises\n\n| promise | command | figure |\n|---|---|---|\n";
    for (rows, found) in [
        ("| A | `a` | 1 |\n| B | `b` | 2 |\n", &[][..]),
        ("| A | `a` | 1 |\n", &["B"]),
        ("| A | `a` | 1 |\n| B |  | 2 |\n", &["B"]),
        ("| A | `a` | 1 |\n| B | `b` |  |\n", &["B"]),
        ("| A | `a` | 1 |\n| B | `b` | it fails beyond its bound |\n", &["B"]),
        ("| A | `a` | 1 |\n| Bee | `b` | 2 |\n", &["B", "Bee is not promised"]),
    ] {
        assert_eq!(unbacked(security, &format!("{head}{rows}"), |_| true), found, "{rows}");
    }
    let evidence = format!("{head}| A | `a` | 1 |\n| B | `b` | 2 |\n");
    assert_eq!(unbacked(security, &evidence, |path| path == "a"), ["b is not there"]);
    assert_eq!(unbacked(&security.replace('`', ""), &evidence, |_| true), ["A", "B"]);
}

/// All that a service gets which depends on this crate with those features.
fn packages(features: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "-p", "otp-exchange", "-e", "normal"])
        .args(["--prefix", "none", "--format", "{p}", "--offline"])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}
