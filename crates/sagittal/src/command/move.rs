//! `sagittal move`: has a peer send instances to another.

use sagittal_core::AeTitle;
use sagittal_dimse::scu::{Session, move_proposal};

use super::Exit;
use super::keys::Retrieval;
use super::peer::Connection;
use crate::transfer::{self, Retrieve};

/// Have a DICOM peer send instances to an AE title (C-MOVE)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal move PACS@10.0.0.1:104 --study 1.2.3 --to WORKSTATION
  sagittal move PACS@10.0.0.1:104 --study 1.2.3 --series 1.2.3.4 --to WORKSTATION --json

The peer must know address and port of the AE title. To receive here, run
  sagittal recv --port 11113 --aet WORKSTATION --host 0.0.0.0 --out folder/
Ctrl-C cancels.
Exit codes: 0 all sent, 1 nothing, 3 some failed or it was canceled.")]
pub struct Arguments {
    #[command(flatten)]
    what: Retrieval,
    /// Where to send it
    #[arg(long, value_name = "AE")]
    to: AeTitle,
    /// No progress
    #[arg(short, long)]
    quiet: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    crate::runtime()?.block_on(move_to(arguments))
}

async fn move_to(arguments: Arguments) -> anyhow::Result<Exit> {
    let ((model, level), keys) = arguments.what.keys()?;
    let target = arguments.connection.target(&arguments.what.peer)?;
    let proposal = move_proposal(&target, model, arguments.what.is_relational())?;
    let mut session = Session::connect(&target, &proposal).await?;
    let interrupt = transfer::interrupt();
    let mut show = Retrieve::new(arguments.quiet);
    let mut on_progress = |progress| show.advance(progress);
    let outcome = session
        .move_to(
            (model, level),
            &keys,
            &arguments.to,
            &interrupt,
            &mut on_progress,
        )
        .await?;
    show.finish();
    session.release().await.ok();
    transfer::tell(&outcome, None, arguments.json)
}
