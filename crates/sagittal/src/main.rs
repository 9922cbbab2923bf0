//! The binary.

use std::process::ExitCode;

use clap::Parser as _;

/// A seventh of the time of storing small instances goes into the allocator of the C library,
/// which is at its worst where one thread frees what another has allocated. Without huge pages:
/// they cost time to clear and double the resident memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match sagittal::command::Cli::parse().run() {
        Ok(_) if sagittal::out::has_failed() => ExitCode::FAILURE,
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("sagittal: {error:#}");
            ExitCode::FAILURE
        }
    }
}
