//! `sagittal user`: what the configuration needs to know of a user.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, bail};

use super::Exit;

/// Users of the HTTP side.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Hash a password (read from standard input) for [[auth.user]]
    #[command(
        after_help = "Examples:\n  sagittal user hash\n  printf %s \"$PASSWORD\" | sagittal user hash"
    )]
    Hash,
}

/// Runs the subcommand.
pub fn run(action: Action) -> anyhow::Result<Exit> {
    match action {
        Action::Hash => {
            let password = read_password()?;
            crate::say!("{}", sagittal_auth::password::hash(&password)?);
            Ok(Exit::Done)
        }
    }
}

/// The first line of standard input; it is not taken from an argument, which others could see.
fn read_password() -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprint!("Password (is shown): ");
        std::io::stderr().flush()?;
    }
    let mut line = String::new();
    stdin
        .lock()
        .read_line(&mut line)
        .context("cannot read the password from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("the password is empty");
    }
    Ok(password.to_owned())
}
