//! `cargo xtask bench`: builds the program and the benchmark for release, and runs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command;

/// Builds both, then runs `sagittal-bench` with the arguments.
pub fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    let build = [
        "build",
        "--release",
        "--package",
        "sagittal",
        "--package",
        "sagittal-bench",
        "--message-format",
        "json-render-diagnostics",
    ];
    let messages = command::output(root, "cargo", &build)?;
    let program =
        executable(&messages, "sagittal").context("cargo did not say where sagittal is")?;
    let bench = executable(&messages, "sagittal-bench")
        .context("cargo did not say where the benchmark is")?;
    let status = Command::new(&bench)
        .arg("--program")
        .arg(&program)
        .args(arguments)
        .current_dir(root)
        .status();
    let status = status.with_context(|| format!("cannot run {}", bench.display()))?;
    ensure!(status.success(), "the benchmark failed");
    Ok(())
}

/// A program among the artifacts that `cargo build --message-format json` lists.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_it = message.get("target")?.get("name")? == name;
        let executable = message.get("executable")?.as_str()?;
        is_it.then(|| PathBuf::from(executable))
    })
}
