//! `sagittal conformance`: the conformance statement (PS3.2).

use super::Exit;

/// The conformance statement of this program.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Print the conformance statement, made from the program's own tables
    #[command(
        after_help = "Examples:\n  sagittal conformance statement > conformance.md\n  sagittal conformance statement --json"
    )]
    Statement {
        /// As JSON instead of Markdown
        #[arg(long)]
        json: bool,
    },
}

/// Runs the subcommand.
pub fn run(action: Action) -> anyhow::Result<Exit> {
    let Action::Statement { json } = action;
    let _ = json;
    anyhow::bail!("not there yet");
}
