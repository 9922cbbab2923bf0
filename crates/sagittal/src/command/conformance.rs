//! `sagittal conformance`: the conformance statement (PS3.2).

use std::path::PathBuf;

use sagittal_conform::{Input, Route, Statement};
use sagittal_web::routes::ROUTES;

use super::Exit;
use crate::config::{Config, Flags, Loaded};
use crate::server;

/// The conformance statement of this program.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Print the conformance statement, made from the program's own tables
    #[command(after_help = "\
Examples:
  sagittal conformance statement > conformance.md
  sagittal conformance statement --config sagittal.toml --json")]
    Statement {
        /// Say what holds with this configuration file
        #[arg(long, value_name = "FILE", env = "SAGITTAL_CONFIG")]
        config: Option<PathBuf>,
        /// As JSON instead of Markdown
        #[arg(long)]
        json: bool,
    },
}

/// Runs the subcommand.
pub fn run(action: Action) -> anyhow::Result<Exit> {
    let Action::Statement { config, json } = action;
    let flags = Flags {
        file: config,
        ..Flags::default()
    };
    let config = match Loaded::load(&flags, std::env::vars()).config() {
        Ok(config) => config,
        Err(problems) => {
            eprintln!("{problems}");
            return Ok(Exit::Failed);
        }
    };
    let statement = statement(&config)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&statement)?);
    } else {
        print!("{}", statement.to_markdown());
    }
    Ok(Exit::Done)
}

fn statement(config: &Config) -> anyhow::Result<Statement> {
    let dimse = server::dimse_settings(config)?;
    let web = server::web_settings(config);
    let routes = ROUTES.iter().map(|route| Route {
        method: route.method.as_str().to_owned(),
        path: route.full_path(&web),
        description: route.summary.to_owned(),
        media_types: route
            .produces
            .iter()
            .map(|&media_type| media_type.to_owned())
            .collect(),
    });
    Ok(Statement::new(Input {
        dimse: &dimse,
        version: env!("CARGO_PKG_VERSION"),
        port: config.dimse.address.port(),
        tls_port: config.dimse.tls.as_ref().map(|tls| tls.address.port()),
        routes: routes.collect(),
    }))
}
