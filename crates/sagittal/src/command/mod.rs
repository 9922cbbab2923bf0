//! The subcommands. Each has its own file with its arguments, `run`, and examples in `--help`.

mod config;
mod conformance;
mod demo;
mod dump;
mod exit;
mod export;
mod import;
mod token;
mod user;

pub use exit::Exit;

use clap::{Parser, Subcommand};

/// Archive server for medical images, and tools around it.
#[derive(Debug, Parser)]
#[command(
    name = "sagittal",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 all done, 1 failed, 2 wrong use, 3 done in part.\n\
                  `sagittal serve` starts the archive; `sagittal COMMAND --help` has examples."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(import::Arguments),
    Export(export::Arguments),
    Dump(dump::Arguments),
    Demo(demo::Arguments),
    #[command(subcommand)]
    Config(config::Action),
    #[command(subcommand)]
    User(user::Action),
    #[command(subcommand)]
    Token(token::Action),
    #[command(subcommand)]
    Conformance(conformance::Action),
}

impl Cli {
    /// Does what was asked.
    pub fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            Command::Import(arguments) => import::run(arguments),
            Command::Export(arguments) => export::run(arguments),
            Command::Dump(arguments) => dump::run(arguments),
            Command::Demo(arguments) => demo::run(arguments),
            Command::Config(action) => config::run(action),
            Command::User(action) => user::run(action),
            Command::Token(action) => token::run(action),
            Command::Conformance(action) => conformance::run(action),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn every_subcommand_has_an_example() {
        fn check(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            if command.has_subcommands() {
                for sub in command.get_subcommands() {
                    check(sub, &path);
                }
                return;
            }
            let help = command.get_after_help().map(ToString::to_string);
            assert!(
                help.is_some_and(|help| help.contains("Examples:")),
                "{path} has no examples"
            );
        }
        for sub in super::Cli::command().get_subcommands() {
            check(sub, "sagittal");
        }
    }
}
