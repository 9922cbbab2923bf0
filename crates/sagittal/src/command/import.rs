//! `sagittal import`: files, folders and ZIP files into an archive.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::Exit;
use crate::client::{Access, HttpClient, ServerUrl, StowClient};
use crate::import::{self, Journal, Summary, Target};

/// Load files, folders and ZIP files into the archive
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal import studies/                             into ./sagittal-data
  sagittal import --data /srv/archive a.zip b.zip
  sagittal import --server http://127.0.0.1:8080/dicom-web studies/
  sagittal import --json studies/ | jq .stored

Safe to repeat: identical instances are not kept twice. An import that was interrupted goes on
where it stopped when the same command is given again. While a server runs on the data folder,
send to it with --server (or `sagittal send`).
Exit codes: 0 all stored, 1 nothing stored, 3 something was refused or the import was interrupted.")]
pub struct Arguments {
    /// Files, folders (with all that is in them) and ZIP files
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Data folder of the archive
    #[arg(
        long,
        default_value = "sagittal-data",
        env = "SAGITTAL_DATA",
        conflicts_with = "server"
    )]
    data: PathBuf,
    /// Send to a running server instead (STOW-RS)
    #[arg(long, value_name = "URL")]
    server: Option<ServerUrl>,
    #[command(flatten)]
    access: Access,
    /// Instances on their way at the same time
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=512))]
    jobs: Option<u16>,
    /// Recorded as the sender
    #[arg(long, default_value = "import")]
    source: String,
    /// Look at every file again, even if an interrupted import has done it
    #[arg(long)]
    no_resume: bool,
    /// No progress
    #[arg(short, long)]
    quiet: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    for path in &arguments.paths {
        if !path.exists() {
            bail!("there is no {}", path.display());
        }
    }
    crate::runtime()?.block_on(import(arguments))
}

async fn import(arguments: Arguments) -> anyhow::Result<Exit> {
    let options = |jobs: u16| import::Options {
        paths: arguments.paths.clone(),
        jobs: usize::from(arguments.jobs.unwrap_or(jobs)),
        source: arguments.source.clone(),
        quiet: arguments.quiet,
    };
    let summary = if let Some(url) = &arguments.server {
        let client = StowClient::new(HttpClient::new(url, &arguments.access)?);
        import::run(&options(8), &Target::Server(client), None).await
    } else {
        let archive = super::open(&arguments.data).await?;
        let journal = journal(&arguments)?;
        let summary = import::run(
            &options(64),
            &Target::Archive(archive.clone()),
            journal.clone(),
        )
        .await;
        archive
            .close(Duration::from_secs(60))
            .await
            .context("cannot close the archive")?;
        if let (None, Some(journal)) = (&summary.interrupted, journal.and_then(Arc::into_inner)) {
            journal.remove();
        }
        summary
    };
    tell(&arguments, &summary)
}

fn journal(arguments: &Arguments) -> anyhow::Result<Option<Arc<Journal>>> {
    let open = || {
        Journal::open(&arguments.data, &arguments.paths)
            .context("cannot open the journal of the import")
    };
    let mut journal = open()?;
    if arguments.no_resume && !journal.is_empty() {
        journal.remove();
        journal = open()?;
    }
    if !journal.is_empty() && !arguments.quiet {
        eprintln!(
            "going on with an interrupted import: {} file(s) are done (--no-resume looks at them again)",
            journal.len()
        );
    }
    Ok(Some(Arc::new(journal)))
}

fn tell(arguments: &Arguments, summary: &Summary) -> anyhow::Result<Exit> {
    if arguments.json {
        crate::say!("{}", serde_json::to_string_pretty(summary)?);
    } else {
        crate::show!("{}", summary.show(Duration::from_secs_f64(summary.seconds)));
    }
    if let Some(reason) = &summary.interrupted {
        eprintln!(
            "sagittal: the import was stopped: {reason}; give the same command again to go on"
        );
        return Ok(if summary.kept() == 0 {
            Exit::Failed
        } else {
            Exit::Partly
        });
    }
    if summary.kept() == 0 && summary.refused == 0 {
        eprintln!("sagittal: no DICOM instances found");
        return Ok(Exit::Failed);
    }
    Ok(Exit::of(summary.kept(), summary.refused))
}
