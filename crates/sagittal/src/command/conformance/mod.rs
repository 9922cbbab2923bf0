//! `sagittal conformance`: statements and observations of what systems do (PS3.2).

mod compare;
mod fetch;
mod import;
mod ledger;
mod load;
mod probe;
mod statement;
mod summary;
mod twin;
mod user;

use std::path::PathBuf;

use sagittal_conform::{Document, render};

use super::Exit;

/// What this program and its peers conform to
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    Statement(statement::Arguments),
    Probe(Box<probe::Arguments>),
    Convert(Convert),
    Import(import::Import),
    Compare(compare::Compare),
    Matrix(compare::Matrix),
    Schema(Schema),
    Ledger(ledger::Arguments),
    Twin(Box<twin::Arguments>),
}

/// Check a conformance document and write it in another form
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal conformance convert ct2.toml --format json > ct2.json
  sagittal conformance convert pacs.json --format html > pacs.html")]
pub struct Convert {
    /// The document, as JSON or TOML
    file: PathBuf,
    /// The form
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Print the JSON Schema of conformance documents
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  sagittal conformance schema > conformance.schema.json")]
pub struct Schema {}

/// Forms of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// The document for programs
    Json,
    /// The document for writing by hand
    Toml,
    /// For people, in the order of PS3.2 Annex N
    #[default]
    Markdown,
    /// For people and their browsers
    Html,
}

impl Format {
    fn write(self, document: &Document) -> anyhow::Result<String> {
        Ok(match self {
            Format::Json => document.to_json()?,
            Format::Toml => document.to_toml()?,
            Format::Markdown => render::markdown(document),
            Format::Html => render::html(document),
        })
    }
}

/// Runs the subcommand.
pub fn run(action: Action) -> anyhow::Result<Exit> {
    match action {
        Action::Statement(arguments) => statement::run(arguments),
        Action::Probe(arguments) => probe::run(*arguments),
        Action::Convert(arguments) => {
            let document = load::file(&arguments.file)?;
            crate::show!("{}", arguments.format.write(&document)?);
            Ok(Exit::Done)
        }
        Action::Import(arguments) => import::run(arguments),
        Action::Compare(arguments) => compare::run(arguments),
        Action::Matrix(arguments) => compare::run_matrix(arguments),
        Action::Ledger(arguments) => ledger::run(arguments),
        Action::Twin(arguments) => twin::run(*arguments),
        Action::Schema(_) => {
            let schema = sagittal_conform::document::schema();
            crate::say!("{}", serde_json::to_string_pretty(&schema)?);
            Ok(Exit::Done)
        }
    }
}
