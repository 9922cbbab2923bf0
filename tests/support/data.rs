//! Real files to test with, which are not part of the project: the folder `SAGITTAL_TEST_DATA`.

use std::path::{Path, PathBuf};

/// The folder, if one is named. One that is named must be there.
pub fn folder() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("SAGITTAL_TEST_DATA").map(PathBuf::from) else {
        eprintln!("\n*** SKIPPED: SAGITTAL_TEST_DATA names no folder with real files\n");
        return None;
    };
    assert!(
        folder.is_dir(),
        "SAGITTAL_TEST_DATA: there is no {}",
        folder.display()
    );
    Some(folder)
}

/// All files at and below a folder, in order.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
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
