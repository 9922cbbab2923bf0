//! The binary.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match sagittal::command::Cli::parse().run() {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("sagittal: {error:#}");
            ExitCode::FAILURE
        }
    }
}
