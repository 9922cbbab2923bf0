//! `sagittal quality`: what is found in what arrives, and what is held back because of it.

mod place;
mod quarantine;
mod report;

use super::Exit;

/// Data quality of what arrives: the report, and the quarantine
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    Report(report::Arguments),
    /// Instances that are held back by a rule
    #[command(subcommand)]
    Quarantine(quarantine::Action),
}

/// Runs the subcommand.
pub fn run(action: Action) -> anyhow::Result<Exit> {
    match action {
        Action::Report(arguments) => report::run(arguments),
        Action::Quarantine(action) => quarantine::run(action),
    }
}
