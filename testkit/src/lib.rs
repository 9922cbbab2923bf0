//! What the tests of all crates share: the folder of real files, loud skips, foreign programs.
//! Only a dev-dependency.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// `SAGITTAL_TEST_STRICT=1`: a missing peer or file is a failure, not a skip.
pub fn is_strict() -> bool {
    std::env::var_os("SAGITTAL_TEST_STRICT").is_some_and(|value| value != "0" && !value.is_empty())
}

/// Says loudly that a test is skipped, and why.
///
/// # Panics
/// In strict mode.
pub fn skip(why: &str) {
    assert!(!is_strict(), "SAGITTAL_TEST_STRICT is set, and {why}");
    eprintln!("\n*** SKIPPED: {why}\n");
}

/// Real files to test with, which are not part of the project: the folder `SAGITTAL_TEST_DATA`,
/// else `shared/data` beside the checkout or above. None there is a [`skip`].
pub fn data() -> Option<PathBuf> {
    let named = std::env::var_os("SAGITTAL_TEST_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|parent| parent.join("shared/data"));
    let found = named
        .into_iter()
        .chain(beside)
        .find(|folder| folder.is_dir());
    if found.is_none() {
        skip("there is no folder with real files (SAGITTAL_TEST_DATA)");
    }
    found
}

/// All files at and below a folder, in order.
///
/// # Panics
/// When a folder cannot be read.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries = std::fs::read_dir(&next);
        let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", next.display()));
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A foreign program, in `/usr/bin` before other places (there may be namesakes); none is a
/// [`skip`].
pub fn tool(name: &str) -> Option<PathBuf> {
    let usual = Path::new("/usr/bin").join(name);
    let path = if usual.exists() {
        usual
    } else {
        PathBuf::from(name)
    };
    let quiet = Command::new(&path)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if quiet.is_err() {
        skip(&format!("there is no {name}"));
        return None;
    }
    Some(path)
}
