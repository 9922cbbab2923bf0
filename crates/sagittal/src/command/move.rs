//! `sagittal move`: has a peer send to another one (C-MOVE).

use std::io::IsTerminal as _;

use sagittal_core::AeTitle;
use sagittal_dimse::scu::{Progress, Retrieved, Session, move_proposal};
use tokio_util::sync::CancellationToken;

use super::Exit;
use super::association::{Association, Wanted};

/// Have a peer send studies to an Application Entity that it knows (C-MOVE)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal move SAGITTAL@127.0.0.1:11112 --study 1.2.3 --to WORKSTATION
  sagittal recv --ae-title ME --listen 0.0.0.0:11113 --out folder/ &
  sagittal move PACS@10.0.0.5:104 --patient 4711 --to ME

Exit codes: 0 everything was sent, 1 nothing, 3 something was not.")]
pub struct Arguments {
    #[command(flatten)]
    association: Association,
    #[command(flatten)]
    wanted: Wanted,
    /// AE title of the destination
    #[arg(long, value_name = "AE_TITLE")]
    to: AeTitle,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    crate::runtime()?.block_on(async move {
        let target = arguments.association.target()?;
        let (model, level, keys, relational) = arguments.wanted.keys();
        let proposal = move_proposal(&target, model, relational)?;
        let mut session = Session::connect(&target, &proposal).await?;
        let canceled = CancellationToken::new();
        cancel_on_interrupt(&canceled);
        let retrieved = session
            .move_to(
                (model, level),
                &keys,
                &arguments.to,
                &canceled,
                &mut show_progress,
            )
            .await?;
        session.release().await?;
        report(&retrieved, arguments.json)
    })
}

/// Ctrl-C asks the peer to stop.
pub(super) fn cancel_on_interrupt(canceled: &CancellationToken) {
    let canceled = canceled.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            canceled.cancel();
        }
    });
}

/// Counters on a terminal, in one line.
pub(super) fn show_progress(progress: Progress) {
    if std::io::stderr().is_terminal() {
        let done = progress.total() - u64::from(progress.remaining.unwrap_or(0));
        eprint!("\r{done} of {} \x1b[K", progress.total());
    }
}

/// Says what came of it.
pub(super) fn report(retrieved: &Retrieved, json: bool) -> anyhow::Result<Exit> {
    let progress = &retrieved.progress;
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    if json {
        let failed: Vec<&str> = retrieved
            .failed_sop_instance_uids
            .iter()
            .map(|uid| uid.as_str())
            .collect();
        let value = serde_json::json!({
            "status": retrieved.status.to_string(),
            "completed": progress.completed,
            "warning": progress.warning,
            "failed": progress.failed,
            "failed_sop_instance_uids": failed,
            "comment": retrieved.comment,
        });
        println!("{}", serde_json::to_string_pretty(&value)?);
    } else {
        println!(
            "{} completed, {} with warnings, {} failed: {}",
            progress.completed, progress.warning, progress.failed, retrieved.status
        );
        if let Some(comment) = &retrieved.comment {
            eprintln!("sagittal: the peer says: {comment}");
        }
        for uid in &retrieved.failed_sop_instance_uids {
            eprintln!("failed: {uid}");
        }
    }
    let came = u64::from(progress.completed) + u64::from(progress.warning);
    if retrieved.is_canceled() {
        return Ok(Exit::Partly);
    }
    Ok(Exit::of(came, u64::from(progress.failed)))
}
