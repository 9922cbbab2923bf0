//! `sagittal compact`: gives back the space of deleted instances.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use sagittal_audit::Outcome;

use super::Exit;
use crate::audited;

/// Give back the space of deleted instances
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal compact
  sagittal compact --data /srv/archive --below 90 --json

A running server does this by itself (storage.compact_below); this is for a folder without one.
What is left of packs is copied to new ones, which takes room until the old ones are removed.
Exit codes: 0 done, 1 failed, 3 done, but packs that cannot be read in part were left.")]
pub struct Arguments {
    /// Data folder of the archive
    #[arg(long, default_value = "sagittal-data", env = "SAGITTAL_DATA")]
    data: PathBuf,
    /// Packs of which less than this is in use, in percent
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=100))]
    below: u8,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    super::must_exist(&arguments.data)?;
    crate::runtime()?.block_on(compact(arguments))
}

async fn compact(arguments: Arguments) -> anyhow::Result<Exit> {
    let archive = super::open(&arguments.data).await?;
    let share = f64::from(arguments.below) / 100.0;
    let done = archive.compact(share).await.context("cannot compact")?;
    archive.close(Duration::from_secs(60)).await?;
    let outcome = match done.damaged.as_slice() {
        [] => Outcome::Success,
        _ => Outcome::MinorFailure,
    };
    let detail = format!("{} packs removed, {} bytes freed", done.packs, done.freed);
    let event = audited::by_hand("compact", outcome).instances(done.instances);
    audited::record(&arguments.data, event.detail(detail));
    if arguments.json {
        let value = serde_json::json!({
            "packs": done.packs,
            "instances": done.instances,
            "freed_bytes": done.freed,
            "problems": done.damaged,
        });
        crate::say!("{}", serde_json::to_string_pretty(&value)?);
    } else {
        crate::say!(
            "{} pack(s) removed, {} instance(s) copied, {:.1} MB given back",
            done.packs,
            done.instances,
            done.freed as f64 / 1e6
        );
        for problem in &done.damaged {
            crate::say!("left: {problem}");
        }
    }
    Ok(if done.damaged.is_empty() {
        Exit::Done
    } else {
        Exit::Partly
    })
}
