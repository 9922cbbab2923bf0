//! Exit codes that scripts can rely on.

use std::process::ExitCode;

/// How a subcommand ended. Wrong use ends with 2, by clap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All that was asked for is done.
    Done,
    /// Nothing, or not what was asked for.
    Failed,
    /// Some of it.
    Partly,
}

impl Exit {
    /// From counts of what succeeded and what failed.
    pub fn of(succeeded: u64, failed: u64) -> Exit {
        match (succeeded, failed) {
            (_, 0) => Exit::Done,
            (0, _) => Exit::Failed,
            _ => Exit::Partly,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Partly => 3,
        })
    }
}
