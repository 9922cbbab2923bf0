//! `sagittal get`: retrieves from a peer over the same association (C-GET).

use std::path::PathBuf;

use sagittal_dimse::scu::{
    Collision, FileReceiver, FileReceiverOptions, Session, common_storage, get_proposal,
};
use tokio_util::sync::CancellationToken;

use super::Exit;
use super::association::{Association, Wanted};
use super::r#move::{cancel_on_interrupt, report, show_progress};

/// Retrieve from a peer into a folder (C-GET)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal get SAGITTAL@127.0.0.1:11112 --study 1.2.3 --out folder/
  sagittal get PACS@10.0.0.5:104 --patient 4711 --out folder/

Exit codes: 0 everything came, 1 nothing, 3 something did not.")]
pub struct Arguments {
    #[command(flatten)]
    association: Association,
    #[command(flatten)]
    wanted: Wanted,
    /// Where files are written
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    crate::runtime()?.block_on(async move {
        let target = arguments.association.target()?;
        let (model, level, keys, relational) = arguments.wanted.keys();
        let receiver = FileReceiver::new(FileReceiverOptions {
            folder: arguments.out.clone(),
            collision: Collision::default(),
            sync: false,
        })?;
        let proposal = get_proposal(&target, model, relational, &common_storage())?;
        let mut session = Session::connect(&target, &proposal).await?;
        let canceled = CancellationToken::new();
        cancel_on_interrupt(&canceled);
        let retrieved = session
            .get(
                (model, level),
                &keys,
                &receiver,
                &canceled,
                &mut show_progress,
            )
            .await?;
        session.release().await?;
        report(&retrieved, arguments.json)
    })
}
