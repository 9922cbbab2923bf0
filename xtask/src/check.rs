//! `cargo xtask check`: all that is looked at before a commit.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::{codegen, command, tidy};

/// Runs every step, also after a failure, and names those that failed.
pub fn run(root: &Path) -> Result<()> {
    type Step = fn(&Path) -> Result<()>;
    let steps: [(&str, Step); 5] = [
        ("format", format),
        ("tidy", tidy::run),
        ("generated code", codegen::check),
        ("clippy", clippy),
        ("unit tests", unit_tests),
    ];
    let mut failed = Vec::new();
    for (name, step) in steps {
        if let Err(error) = step(root) {
            eprintln!("{name}: {error:#}");
            failed.push(name);
        }
    }
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

fn format(root: &Path) -> Result<()> {
    command::run(root, "cargo", &["fmt", "--all", "--check"])
}

fn clippy(root: &Path) -> Result<()> {
    command::run(
        root,
        "cargo",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    )
}

fn unit_tests(root: &Path) -> Result<()> {
    let runner: &[&str] = if command::has_nextest() {
        &["nextest", "run"]
    } else {
        &["test"]
    };
    let scope = ["--workspace", "--exclude", "sagittal-tests"];
    command::run(root, "cargo", &[runner, &scope].concat())
}
