//! `sagittal get`: retrieves into a folder over the same association.

use std::path::PathBuf;

use sagittal_dimse::scu::{
    Collision, FileReceiver, FileReceiverOptions, Session, common_storage, get_proposal,
    sop_classes, storable,
};

use super::Exit;
use super::keys::Retrieval;
use super::peer::Connection;
use crate::transfer::{self, Counted, Retrieve};

/// Retrieve instances from a DICOM peer into a folder (C-GET)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal get PACS@10.0.0.1:104 --study 1.2.3 --out folder/
  sagittal get PACS@10.0.0.1:104 --study 1.2.3 --series 1.2.3.4 --out folder/
  sagittal get PACS@10.0.0.1:104 --patient 4711 --out folder/ --json

The SOP classes to negotiate are first asked for by C-FIND; where that fails, those that are met
most are proposed. Files are named study/series/instance.dcm. Ctrl-C cancels.
Exit codes: 0 all retrieved, 1 nothing, 3 some failed or it was canceled.")]
pub struct Arguments {
    #[command(flatten)]
    what: Retrieval,
    /// Write to this folder
    #[arg(short, long, value_name = "FOLDER")]
    out: PathBuf,
    /// If there is a file for an instance
    #[arg(long, value_name = "WHAT", default_value = "both")]
    existing: Existing,
    /// Sync every file before the peer is told that it was stored
    #[arg(long)]
    fsync: bool,
    /// Do not ask for SOP classes first
    #[arg(long)]
    no_discovery: bool,
    /// No progress
    #[arg(short, long)]
    quiet: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// What to do with an instance whose file is there.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum Existing {
    /// Keep identical content once; give other content a number
    Both,
    /// Keep what is there
    Skip,
    /// Put the new one in its place
    Replace,
}

impl Existing {
    pub fn collision(self) -> Collision {
        match self {
            Existing::Both => Collision::Both,
            Existing::Skip => Collision::Skip,
            Existing::Replace => Collision::Replace,
        }
    }
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    crate::runtime()?.block_on(get(arguments))
}

async fn get(arguments: Arguments) -> anyhow::Result<Exit> {
    let ((model, level), keys) = arguments.what.keys()?;
    let target = arguments.connection.target(&arguments.what.peer)?;
    let receiver = Counted::new(FileReceiver::new(FileReceiverOptions {
        folder: arguments.out.clone(),
        collision: arguments.existing.collision(),
        sync: arguments.fsync,
    })?);
    let found = if arguments.no_discovery {
        Vec::new()
    } else {
        match sop_classes(&target, (model, level), &keys).await {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!(error = %error.chain(), "no discovery of SOP classes");
                if !arguments.quiet {
                    eprintln!(
                        "sagittal: SOP classes are not known beforehand ({})",
                        error.chain()
                    );
                }
                Vec::new()
            }
        }
    };
    let storables = if found.is_empty() {
        common_storage()
    } else {
        storable(&found)
    };
    let proposal = get_proposal(&target, model, arguments.what.is_relational(), &storables)?;
    let mut session = Session::connect(&target, &proposal).await?;
    let interrupt = transfer::interrupt();
    let mut show = Retrieve::new(arguments.quiet);
    let mut on_progress = |progress| show.advance(progress);
    let outcome = session
        .get(
            (model, level),
            &keys,
            &receiver,
            &interrupt,
            &mut on_progress,
        )
        .await?;
    show.finish();
    session.release().await.ok();
    transfer::tell(&outcome, Some(&receiver), arguments.json)
}
