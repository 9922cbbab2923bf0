//! `sagittal config`: write, check and show the configuration.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use super::Exit;
use crate::config::{Flags, Loaded, effective, template};

/// Write, check or show the configuration.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Write a commented file with every setting and its default
    #[command(
        after_help = "Examples:\n  sagittal config init\n  sagittal config init /etc/sagittal.toml\n  sagittal config init -          print it"
    )]
    Init {
        /// The file to write; - prints it
        #[arg(default_value = "sagittal.toml")]
        path: PathBuf,
        /// Write over a file that is there
        #[arg(long)]
        force: bool,
    },
    /// Explain every mistake of a file and of the environment
    #[command(
        after_help = "Examples:\n  sagittal config check\n  sagittal config check /etc/sagittal.toml && systemctl restart sagittal\n\nExit codes: 0 no mistakes, 1 mistakes."
    )]
    Check {
        /// The file
        #[arg(default_value = "sagittal.toml")]
        path: PathBuf,
        /// Print the mistakes as a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Print what is in force: file, environment, defaults
    #[command(
        after_help = "Examples:\n  sagittal config show\n  SAGITTAL_DIMSE_PORT=104 sagittal config show /etc/sagittal.toml"
    )]
    Show {
        /// The file; without it, defaults and environment
        path: Option<PathBuf>,
    },
}

/// Runs the subcommand.
pub fn run(action: Action) -> anyhow::Result<Exit> {
    match action {
        Action::Init { path, force } => init(&path, force),
        Action::Check { path, json } => check(path, json),
        Action::Show { path } => show(path),
    }
}

fn init(path: &PathBuf, force: bool) -> anyhow::Result<Exit> {
    if path.as_os_str() == "-" {
        crate::show!("{}", template());
        return Ok(Exit::Done);
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let mut file = options.open(path).with_context(|| {
        let hint = if path.exists() {
            " (--force writes over it)"
        } else {
            ""
        };
        format!("cannot write {}{hint}", path.display())
    })?;
    file.write_all(template().as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    crate::say!(
        "wrote {0}; start with: sagittal serve --config {0}",
        path.display()
    );
    Ok(Exit::Done)
}

fn load(file: Option<PathBuf>) -> Loaded {
    let flags = Flags {
        file,
        ..Flags::default()
    };
    Loaded::load(&flags, std::env::vars())
}

fn check(path: PathBuf, json: bool) -> anyhow::Result<Exit> {
    let name = path.display().to_string();
    let loaded = load(Some(path));
    let problems = &loaded.layers.problems;
    if json {
        let rows: Vec<serde_json::Value> = problems
            .iter()
            .map(|problem| {
                let position = match &problem.place {
                    crate::config::Place::File(span) => Some(loaded.source.position(span.start)),
                    _ => None,
                };
                serde_json::json!({
                    "setting": problem.path,
                    "line": position.map(|(line, _)| line),
                    "column": position.map(|(_, column)| column),
                    "message": problem.message,
                    "remedy": problem.remedy,
                })
            })
            .collect();
        crate::say!("{}", serde_json::to_string_pretty(&rows)?);
    } else if problems.is_empty() {
        crate::say!("{name}: no mistakes");
    } else {
        for problem in problems {
            crate::say!("{}", loaded.show(problem));
        }
        crate::say!("{name}: {} mistake(s)", problems.len());
    }
    Ok(if problems.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

fn show(path: Option<PathBuf>) -> anyhow::Result<Exit> {
    let loaded = load(path);
    match loaded.config() {
        Ok(_) => {
            crate::show!("{}", effective(&loaded.layers, &loaded.source));
            Ok(Exit::Done)
        }
        Err(problems) => {
            eprintln!("{problems}");
            Ok(Exit::Failed)
        }
    }
}
