//! Project tasks: `cargo xtask <task>`.

mod bench;
mod check;
mod codegen;
mod command;
mod test;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "usage: cargo xtask <task>

tasks:
  check               format, tidy, generated code, clippy and unit tests: before every commit
  test [filter]       build the program, run unit tests and the tests against it and its peers;
                      SAGITTAL_TEST_STRICT=1 makes a missing peer a failure
  bench [--help]      build for release, measure, compare with bare receivers and peers
  deid-bench [--help] build for release, score de-identification on a planted corpus
  codegen [--check]   write the generated tables from standard/*.tsv, or see that they are up to date
  tidy                length of files, stubs, fixtures, direction of dependencies";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let root = root();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["check"] => check::run(&root),
        ["test"] => test::run(&root, None),
        ["test", filter] => test::run(&root, Some(filter)),
        ["bench", arguments @ ..] => bench::run(&root, arguments),
        ["deid-bench", arguments @ ..] => bench::score_card(&root, arguments),
        ["codegen"] => codegen::write(&root),
        ["codegen", "--check"] => codegen::check(&root),
        ["tidy"] => tidy::run(&root),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("{USAGE}"),
    }
}

/// The repository's root: the parent of this package.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
