//! The subcommands. Each has its own file with its arguments, `run`, and examples in `--help`.

mod compact;
mod compress;
mod config;
mod conformance;
mod deid;
mod demo;
mod dump;
mod echo;
mod exit;
mod export;
mod find;
mod get;
mod import;
mod index;
mod keys;
mod r#move;
mod peer;
mod quality;
mod recv;
mod reidentify;
mod render;
mod send;
mod serve;
mod token;
mod transcode;
mod user;
mod validate;
mod verify;

pub use exit::Exit;

use std::path::Path;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};
use sagittal_archive::{Archive, Options};

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
    Serve(Box<serve::Arguments>),
    Import(import::Arguments),
    Export(export::Arguments),
    Dump(dump::Arguments),
    Transcode(transcode::Arguments),
    Render(Box<render::Arguments>),
    Deid(Box<deid::Arguments>),
    Reidentify(reidentify::Arguments),
    Demo(demo::Arguments),
    Echo(echo::Arguments),
    Send(send::Arguments),
    Find(find::Arguments),
    Get(get::Arguments),
    Move(r#move::Arguments),
    Recv(recv::Arguments),
    #[command(subcommand)]
    Index(index::Action),
    Validate(validate::Arguments),
    Verify(verify::Arguments),
    Compact(compact::Arguments),
    Compress(compress::Arguments),
    #[command(subcommand)]
    Config(config::Action),
    #[command(subcommand)]
    User(user::Action),
    #[command(subcommand)]
    Token(token::Action),
    #[command(subcommand)]
    Conformance(conformance::Action),
    #[command(subcommand)]
    Quality(quality::Action),
}

impl Cli {
    /// Does what was asked.
    pub fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            Command::Serve(arguments) => serve::run(*arguments),
            Command::Import(arguments) => import::run(arguments),
            Command::Export(arguments) => export::run(arguments),
            Command::Dump(arguments) => dump::run(arguments),
            Command::Transcode(arguments) => transcode::run(arguments),
            Command::Render(arguments) => render::run(*arguments),
            Command::Deid(arguments) => deid::run(*arguments),
            Command::Reidentify(arguments) => reidentify::run(arguments),
            Command::Demo(arguments) => demo::run(arguments),
            Command::Echo(arguments) => echo::run(arguments),
            Command::Send(arguments) => send::run(arguments),
            Command::Find(arguments) => find::run(arguments),
            Command::Get(arguments) => get::run(arguments),
            Command::Move(arguments) => r#move::run(arguments),
            Command::Recv(arguments) => recv::run(arguments),
            Command::Index(action) => index::run(action),
            Command::Validate(arguments) => validate::run(arguments),
            Command::Verify(arguments) => verify::run(arguments),
            Command::Compact(arguments) => compact::run(arguments),
            Command::Compress(arguments) => compress::run(arguments),
            Command::Config(action) => config::run(action),
            Command::User(action) => user::run(action),
            Command::Token(action) => token::run(action),
            Command::Conformance(action) => conformance::run(action),
            Command::Quality(action) => quality::run(action),
        }
    }
}

/// Opens the archive in a folder, and says what to do if a server has it.
async fn open(data: &Path) -> anyhow::Result<Archive> {
    open_with(Options::new(data)).await
}

/// As [`open`], with options.
async fn open_with(options: Options) -> anyhow::Result<Archive> {
    let data = options.data.clone();
    match Archive::open(options).await {
        Ok(archive) => Ok(archive),
        Err(error) if crate::is_locked(&error) => bail!(
            "{error}\n        A server runs on this folder. Import and export go through it with \
             --server, for example --server http://127.0.0.1:8080/dicom-web"
        ),
        Err(error) => Err(error).with_context(|| format!("cannot open {}", data.display())),
    }
}

/// A folder with an archive is not made by mistake where there is none.
fn must_exist(data: &Path) -> anyhow::Result<()> {
    if data.is_dir() {
        return Ok(());
    }
    bail!("there is no archive in {}", data.display())
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
