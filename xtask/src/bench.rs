//! `cargo xtask bench`: builds the program and the benchmark for release, and runs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command;

/// Builds both, then runs `sagittal-bench` with the arguments.
pub fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    let [program, bench] = build(root, ["sagittal", "sagittal-bench"], "sagittal-bench")?;
    let mut command = Command::new(&bench);
    command.arg("--program").arg(&program).args(arguments);
    finish(root, command)
}

/// Builds the program and the score card of de-identification, and runs that.
pub fn score_card(root: &Path, arguments: &[&str]) -> Result<()> {
    let [program, card] = build(root, ["sagittal", "sagittal-tests"], "sagittal-deid-bench")?;
    let mut command = Command::new(&card);
    command.env("SAGITTAL_BIN", &program).args(arguments);
    finish(root, command)
}

/// Builds two packages for release: where the program is, and the `other` executable.
fn build(root: &Path, packages: [&str; 2], other: &str) -> Result<[PathBuf; 2]> {
    let mut arguments = vec![
        "build",
        "--release",
        "--message-format",
        "json-render-diagnostics",
    ];
    for package in packages {
        arguments.extend(["--package", package]);
    }
    let messages = command::output(root, "cargo", &arguments)?;
    let found = |name| {
        executable(&messages, name).with_context(|| format!("cargo did not say where {name} is"))
    };
    Ok([found("sagittal")?, found(other)?])
}

fn finish(root: &Path, mut command: Command) -> Result<()> {
    let status = command.current_dir(root).status();
    let status = status.with_context(|| format!("cannot run {:?}", command.get_program()))?;
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
