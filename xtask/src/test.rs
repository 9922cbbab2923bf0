//! `cargo xtask test [filter]`: unit tests, and `tests/` against the built program and its peers.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::command;

/// Programs of DCMTK that serve as peers.
const DCMTK: &[&str] = &[
    "echoscu", "storescu", "findscu", "getscu", "movescu", "storescp", "dcmqrscp", "dcmdump",
    "dcmconv", "dump2dcm",
];

/// Python packages that serve as peers: name, module.
const PYTHON: &[(&str, &str)] = &[
    ("pydicom", "pydicom"),
    ("pynetdicom", "pynetdicom"),
    ("dicomweb-client", "dicomweb_client"),
];

/// Builds, names missing peers, runs the tests whose name contains the filter.
pub fn run(root: &Path, filter: Option<&str>) -> Result<()> {
    report_peers()?;
    let binary = build(root)?;
    let nextest = command::has_nextest();
    let mut arguments = if nextest {
        vec!["nextest", "run"]
    } else {
        vec!["test", "--no-fail-fast"]
    };
    arguments.push("--workspace");
    arguments.extend(filter);
    eprintln!("> cargo {}", arguments.join(" "));
    let status = Command::new("cargo")
        .args(&arguments)
        .current_dir(root)
        .env("SAGITTAL_BIN", &binary)
        .status();
    let status = status.context("cannot run cargo")?;
    ensure!(status.success(), "tests failed");
    Ok(())
}

/// Prints which peers are missing; in strict mode that is an error.
fn report_peers() -> Result<()> {
    let programs = DCMTK
        .iter()
        .filter(|program| dcmtk(program).is_none())
        .map(|p| format!("{p} (DCMTK)"));
    let import = |module: &str| command::succeeds("python3", &["-c", &format!("import {module}")]);
    let packages = PYTHON
        .iter()
        .filter(|row| !import(row.1))
        .map(|row| format!("{} (Python)", row.0));
    let missing: Vec<String> = programs.chain(packages).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if env::var_os("SAGITTAL_TEST_STRICT").is_some_and(|value| value != "0" && !value.is_empty()) {
        bail!(
            "SAGITTAL_TEST_STRICT is set and peers are missing: {}",
            missing.join(", ")
        );
    }
    eprintln!("\nMISSING PEERS, the tests that need them are skipped:");
    for peer in missing {
        eprintln!("  {peer}");
    }
    eprintln!();
    Ok(())
}

/// The first program of this name on the path that is DCMTK's: pynetdicom installs some of the same names.
fn dcmtk(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&path)
        .map(|folder| folder.join(&name))
        .find(|candidate| {
            let output = Command::new(candidate)
                .arg("--version")
                .stdin(Stdio::null())
                .output();
            output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("$dcmtk:"))
        })
}

/// Builds the program with the dev profile and says where it is.
fn build(root: &Path) -> Result<PathBuf> {
    let arguments = [
        "build",
        // The whole workspace's features, as for the tests: nothing is built twice.
        "--workspace",
        "--bin",
        "sagittal",
        "--message-format",
        "json-render-diagnostics",
    ];
    let messages = command::output(root, "cargo", &arguments)?;
    executable(&messages).context("cargo did not say where the program is")
}

/// The program among the artifacts that `cargo build --message-format json` lists.
fn executable(messages: &str) -> Option<PathBuf> {
    messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_program = message.get("target")?.get("name")? == "sagittal";
        let executable = message.get("executable")?.as_str()?;
        is_program.then(|| PathBuf::from(executable))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_the_artifacts() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"build-script-build"},"executable":"/t/b"}
{"reason":"compiler-artifact","target":{"name":"sagittal_core"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"sagittal"},"executable":"/t/debug/sagittal"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(
            executable(messages),
            Some(PathBuf::from("/t/debug/sagittal"))
        );
        assert_eq!(executable("{}"), None);
    }
}
