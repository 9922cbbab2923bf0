//! `sagittal conformance compare` and `matrix`: what works between systems, and what will not.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use sagittal_conform::Document;
use sagittal_conform::compare::{self, Verdict, Workflow};

use super::{Exit, load};

/// Compare two systems: what works between them, what is converted, what is refused and where
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal conformance compare ct2.toml pacs.json
  sagittal conformance compare ct2.toml self --config sagittal.toml --workflow store
  sagittal conformance compare self library:orthanc --json
  sagittal conformance compare ct2.toml pacs.json --html ct2-pacs.html

Exit codes: 0 all that is asked works, 1 something is refused, 3 something is converted, impaired or
not known. What a document does not tell is unknown, never guessed.")]
pub struct Compare {
    /// A document (JSON or TOML), `self` for this program with its configuration, or library:NAME
    a: String,
    /// The other one
    b: String,
    #[command(flatten)]
    what: What,
}

/// Compare many systems: what each works like with each
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal conformance matrix hospital/
  sagittal conformance matrix hospital/ --with self --with library:orthanc --html hospital.html
  sagittal conformance matrix hospital/ --workflow store --json

Rows ask, columns answer. Exit codes: 0 everything works, 1 something is refused, 3 otherwise.")]
pub struct Matrix {
    /// A folder of documents (.json, .toml)
    folder: PathBuf,
    /// A further document, `self` or library:NAME
    #[arg(long, value_name = "DOCUMENT")]
    with: Vec<String>,
    #[command(flatten)]
    what: What,
}

#[derive(Debug, clap::Args)]
struct What {
    /// Only these: association, verification, store, query, retrieve, worklist, mpps, commitment, availability, ups, print, media-creation, web, media, other
    #[arg(long, value_name = "NAME", value_parser = Workflow::named, value_delimiter = ',')]
    workflow: Vec<Workflow>,
    /// The configuration file of `self`
    #[arg(long, value_name = "FILE", env = "SAGITTAL_CONFIG")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Also write a page that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Runs `compare`.
pub fn run(arguments: Compare) -> anyhow::Result<Exit> {
    let what = &arguments.what;
    let a = load::document(&arguments.a, what.config.as_deref())?;
    let b = load::document(&arguments.b, what.config.as_deref())?;
    let comparison = compare::compare(&a, &b, &what.workflow);
    what.page(|| compare::html(&comparison))?;
    if what.json {
        crate::show!("{}", comparison.to_json()?);
    } else {
        crate::show!("{}", compare::text(&comparison, is_colored()));
    }
    Ok(exit(comparison.verdict))
}

/// Runs `matrix`.
pub fn run_matrix(arguments: Matrix) -> anyhow::Result<Exit> {
    let what = &arguments.what;
    let mut documents = folder(&arguments.folder)?;
    for name in &arguments.with {
        documents.push(load::document(name, what.config.as_deref())?);
    }
    if documents.len() < 2 {
        bail!(
            "{} has fewer than two documents (.json, .toml); name others with --with",
            arguments.folder.display()
        );
    }
    let matrix = compare::matrix(&documents, &what.workflow);
    what.page(|| compare::matrix_html(&matrix))?;
    if what.json {
        crate::show!("{}", matrix.to_json()?);
    } else {
        crate::show!("{}", compare::matrix_text(&matrix, is_colored()));
    }
    Ok(exit(matrix.verdict))
}

impl What {
    fn page(&self, html: impl FnOnce() -> String) -> anyhow::Result<()> {
        match &self.html {
            Some(path) => std::fs::write(path, html())
                .with_context(|| format!("cannot write {}", path.display())),
            None => Ok(()),
        }
    }
}

fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Works => Exit::Done,
        Verdict::Look => Exit::Partly,
        Verdict::Refused => Exit::Failed,
    }
}

/// Colors are for people at a terminal who did not ask for none (no-color.org).
fn is_colored() -> bool {
    std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Every document of a folder, by name.
fn folder(path: &Path) -> anyhow::Result<Vec<Document>> {
    let cannot = || format!("cannot read {}", path.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).with_context(cannot)? {
        let file = entry.with_context(cannot)?.path();
        let extension = file.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("json" | "toml")) && file.is_file() {
            names.push(file);
        }
    }
    names.sort();
    names.iter().map(|file| load::file(file)).collect()
}
