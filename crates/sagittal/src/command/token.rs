//! `sagittal token`: API tokens.

use super::Exit;

/// API tokens.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Make a token and the hash that [[auth.token]] keeps of it
    #[command(
        after_help = "Examples:\n  sagittal token new viewer\n  sagittal token new --json backup"
    )]
    New {
        /// Its name, for the audit log
        #[arg(default_value = "token")]
        name: String,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs the subcommand.
pub fn run(action: Action) -> anyhow::Result<Exit> {
    let Action::New { name, json } = action;
    let token = sagittal_auth::token::new();
    if json {
        let value = serde_json::json!({"name": name, "token": token.secret, "hash": token.hash});
        crate::say!("{value}");
        return Ok(Exit::Done);
    }
    crate::say!("The token, shown only now:\n\n    {}\n", token.secret);
    crate::say!("Use it as `Authorization: Bearer …`. For the configuration file:\n");
    crate::say!(
        "    [[auth.token]]\n    name = {name:?}\n    hash = \"{}\"\n    roles = [\"reader\"]",
        token.hash
    );
    Ok(Exit::Done)
}
