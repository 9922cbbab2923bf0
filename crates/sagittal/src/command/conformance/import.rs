//! `sagittal conformance import`: statements as people wrote them.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use sagittal_conform::import::{self, Options};

use super::{Exit, Format};

/// Read the tables of a conformance statement (HTML, Markdown, CSV, text) into a document
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal conformance import scanner-x.html --name CT2 > ct2.toml
  sagittal conformance import tables.csv --ae-title PACS --format json > pacs.json
  sagittal conformance import --template > ct2.toml

What was not understood is listed on standard error, with its line. Of a PDF, save the text or the
tables first. Exit codes: 0 everything was understood, 1 nothing, 3 something was not.")]
pub struct Import {
    /// The statement
    #[arg(required_unless_present = "template")]
    file: Option<PathBuf>,
    /// Name of the system; else that of the file
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// AE title, where the statement names none
    #[arg(long, value_name = "AE_TITLE", value_parser = ae_title)]
    ae_title: Option<String>,
    /// The form
    #[arg(long, value_enum, default_value_t = Format::Toml)]
    format: Format,
    /// Print a document to be filled in by hand instead
    #[arg(long, conflicts_with = "file")]
    template: bool,
}

fn ae_title(text: &str) -> Result<String, String> {
    let title = sagittal_core::AeTitle::new(text).map_err(|error| error.to_string())?;
    Ok(title.to_string())
}

/// Runs the subcommand.
pub fn run(arguments: Import) -> anyhow::Result<Exit> {
    let Some(file) = arguments.file.filter(|_| !arguments.template) else {
        crate::show!("{}", import::template());
        return Ok(Exit::Done);
    };
    let name = file.display();
    let bytes = std::fs::read(&file).with_context(|| format!("cannot read {name}"))?;
    if bytes.starts_with(b"%PDF") {
        bail!("{name} is a PDF; save its text or its tables (HTML, CSV) first");
    }
    // Older statements are in Latin-1.
    let text = String::from_utf8(bytes).unwrap_or_else(|error| {
        error
            .as_bytes()
            .iter()
            .map(|byte| char::from(*byte))
            .collect()
    });
    let imported = import::import(
        &text,
        &Options {
            file: file
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            name: arguments.name,
            ae_title: arguments.ae_title,
            date: Some(sagittal_conform::probe::now()),
        },
    );
    let document = &imported.document;
    for missed in &imported.missed {
        eprintln!(
            "{name}:{}: {}\n    {}",
            missed.line, missed.why, missed.text
        );
    }
    if document.application_entities.is_empty() {
        bail!(
            "nothing in {name} could be read; start from `sagittal conformance import --template`"
        );
    }
    document.check().with_context(|| name.to_string())?;
    eprintln!(
        "{} tables understood, {} things not",
        imported.understood,
        imported.missed.len()
    );
    crate::show!("{}", arguments.format.write(document)?);
    Ok(if imported.missed.is_empty() {
        Exit::Done
    } else {
        Exit::Partly
    })
}
