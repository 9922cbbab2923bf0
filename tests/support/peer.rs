//! Programs of others to test against: DCMTK, pynetdicom, dicom3tools. A missing one is skipped
//! loudly, or fails the test in strict mode.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::cli::{Ran, run};
use crate::skip;

/// A program of DCMTK. pynetdicom installs some of the same names: only DCMTK's own count.
pub fn dcmtk(name: &str) -> Option<PathBuf> {
    // Asking takes a second where the name belongs to a Python program.
    static KNOWN: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    if let Some(path) = KNOWN.lock().unwrap().get(name) {
        return Some(path.clone());
    }
    let found = candidates(name).find(|path| {
        let output = Command::new(path)
            .arg("--version")
            .stdin(Stdio::null())
            .output();
        output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("$dcmtk:"))
    });
    match &found {
        Some(path) => {
            KNOWN.lock().unwrap().insert(name.to_owned(), path.clone());
        }
        None => skip(&format!(
            "{name} of DCMTK is not installed (Debian package dcmtk)"
        )),
    }
    found
}

/// Any other program.
pub fn program(name: &str, from: &str) -> Option<PathBuf> {
    let found = candidates(name).next();
    if found.is_none() {
        skip(&format!("{name} is not installed ({from})"));
    }
    found
}

/// Python with these modules.
pub fn python(modules: &[&str]) -> Option<PathBuf> {
    let python = candidates("python3").next();
    let has = |module: &&str| {
        let output = python.as_ref().map(|python| {
            let import = format!("import {module}");
            Command::new(python)
                .args(["-c", &import])
                .stdin(Stdio::null())
                .output()
        });
        matches!(output, Some(Ok(output)) if output.status.success())
    };
    let missing: Vec<&str> = modules
        .iter()
        .filter(|module| !has(module))
        .copied()
        .collect();
    if missing.is_empty() && python.is_some() {
        return python;
    }
    skip(&format!(
        "Python modules are not installed: {}",
        missing.join(", ")
    ));
    None
}

/// Runs a Python program with arguments.
pub fn run_python(python: &PathBuf, program: &str, arguments: &[&str]) -> Ran {
    run(Command::new(python)
        .args(["-c", program])
        .args(arguments)
        .stdin(Stdio::null()))
}

fn candidates(name: &str) -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path)
        .map(move |folder| folder.join(&file))
        .filter(|path| path.is_file())
        .collect::<Vec<_>>()
        .into_iter()
}
